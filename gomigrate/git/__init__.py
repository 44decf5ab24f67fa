"""What knows git: patches, mails that hold a patch, and questions to a repository."""
