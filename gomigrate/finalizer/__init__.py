"""What knows finalizers."""
