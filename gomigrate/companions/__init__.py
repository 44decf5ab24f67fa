"""Files beside the Go code that hold a finalizer name: manifests, scripts, documentation."""
