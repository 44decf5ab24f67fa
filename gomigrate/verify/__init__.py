"""Proving a patch with the Go toolchain, in a scratch copy of the checkout."""
