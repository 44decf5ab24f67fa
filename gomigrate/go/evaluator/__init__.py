"""A small evaluator for the pure subset of Go in which finalizer code is written."""
