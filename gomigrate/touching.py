"""Which Go files may do something with finalizers, told from their bytes."""

from __future__ import annotations

from collections.abc import Iterable

from gomigrate.go.outline import has_code

# What code touches finalizers by.
TOUCHING = (b"Finalizers", b"AddFinalizer", b"RemoveFinalizer", b"ContainsFinalizer")


def touches(names: Iterable[bytes], path: str, data: bytes) -> bool:
    """Whether a Go file may do something with finalizers: it holds one of these names, or code that touches some. Of a
    test only the names count."""
    if any(name in data for name in names):
        return True
    # API types and their documentation are large, and speak of finalizers without touching any.
    return not path.endswith("_test.go") and any(w in data for w in TOUCHING) and has_code(data, TOUCHING)
