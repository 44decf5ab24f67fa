"""Looking for bytes in many files: by the C library, where it is known to be quicker at it than Python."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable
from contextlib import suppress

# Below this a call of the C library costs more than it saves.
_SHORT = 1024


def finder() -> Callable[[bytes, bytes], bool]:
    """A function that says whether bytes hold others, as `in` does."""
    with suppress(ImportError, AttributeError, ValueError, OSError, TypeError):
        # Others than the GNU C library are not known to be quicker.
        if os.confstr("CS_GNU_LIBC_VERSION"):
            from ctypes import CDLL, c_char_p, c_size_t, c_void_p

            memmem = CDLL(None).memmem
            memmem.argtypes = c_char_p, c_size_t, c_char_p, c_size_t
            memmem.restype = c_void_p

            def holds(data: bytes, needle: bytes) -> bool:
                if len(data) < _SHORT:
                    return needle in data
                return memmem(data, len(data), needle, len(needle)) is not None

            return holds
    return operator.contains
