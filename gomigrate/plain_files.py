"""Reading files that somebody else may have put there: regular ones, up to a size, where they may lie."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from gomigrate.errors import UserError, printable

# What a folder is opened with on the way to a file; where it need not be listed, it need not be readable.
_ON_THE_WAY = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
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


class Below:
    """Opens files below a folder by no symlink: folder by folder, so that also one that is swapped for a link a moment
    before is not followed."""

    def __init__(self, top: str) -> None:
        self._top = top
        self._folder: str | None = None
        self._handle = -1

    def open(self, path: str, flags: int) -> int:
        """A handle of the file at a relative path with slashes. Raises OSError when it, or a folder, is a link."""
        if os.open not in os.supports_dir_fd:
            return os.open(os.path.join(self._top, path), flags | _NO_LINK)
        folder, _, name = path.rpartition("/")
        # Who reads a checkout reads one folder after the other.
        if folder != self._folder:
            self._enter(folder)
        return os.open(name, flags | _NO_LINK, dir_fd=self._handle)

    def _enter(self, folder: str) -> None:
        handle = os.open(self._top, _ON_THE_WAY)
        try:
            for part in folder.split("/") if folder else ():
                below = os.open(part, _ON_THE_WAY | _NO_LINK, dir_fd=handle)
                os.close(handle)
                handle = below
        except OSError:
            os.close(handle)
            raise
        self._close()
        self._folder, self._handle = folder, handle

    def __del__(self) -> None:
        self._close()

    def _close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
