"""Static migration of Kubernetes finalizer code in Go sources."""

__version__ = "0.1.0"
