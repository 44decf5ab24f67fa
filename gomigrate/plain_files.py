"""Reading a file that somebody else may have put there: a regular one, up to a size, where it may lie."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from gomigrate.errors import UserError, printable

# A pipe that bears the name of a file does not stop us.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_plain(path: Path, limit: int, remedy: str, inside: Path | None = None, named: str = "") -> bytes:
    """The bytes of a regular file of at most `limit` bytes; with `inside`, a folder that is `named` so, of one that
    lies there when all symlinks are followed.

    Raises UserError, with `remedy` at its end, for anything else.
    """
    shown = printable(str(path))
    real = Path(os.path.realpath(path))
    if inside is not None and not real.is_relative_to(os.path.realpath(inside)):
        raise UserError(f"{shown}: is a symlink that leads out of {named}, and is not read. {remedy}")
    try:
        descriptor = os.open(real, _FLAGS | getattr(os, "O_NOFOLLOW", 0))
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UserError(f"{shown}: is no regular file. {remedy}")
            data = file.read(limit + 1)
    except OSError as error:
        raise UserError(f"{shown}: cannot be read: {error.strerror}. {remedy}") from None
    if len(data) > limit:
        raise UserError(f"{shown}: is larger than {limit >> 10} KiB, which is too large here. {remedy}")
    return data
