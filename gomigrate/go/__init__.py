"""What knows Go the language, and nothing of finalizers."""
