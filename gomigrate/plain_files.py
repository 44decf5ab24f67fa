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
_MOST_OPEN = 64


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
        # Folders that are open, the one that was needed last at the end: files of one, and of those beside it, are
        # read one after the other.
        self._open: dict[str, int] = {}
        self._last = ("", -1)

    def open(self, path: str, flags: int) -> int:
        """A handle of the file at a relative path with slashes. Raises OSError when it, or a folder, is a link."""
        if os.open not in os.supports_dir_fd:
            return os.open(os.path.join(self._top, path), flags | _NO_LINK)
        folder, _, name = path.rpartition("/")
        return os.open(name, flags | _NO_LINK, dir_fd=self._folder(folder))

    def _folder(self, folder: str) -> int:
        if folder != self._last[0] or self._last[1] < 0:
            # What is entered may close the last one, and then fail.
            self._last = "", -1
            self._last = folder, self._entered(folder)
        return self._last[1]

    def _entered(self, folder: str) -> int:
        near = folder
        while near and near not in self._open:
            near = near.rpartition("/")[0]
        handle = self._open.pop(near) if near in self._open else os.open(self._top, _ON_THE_WAY)
        self._keep(near, handle)
        while near != folder:
            below = folder.find("/", len(near) + 1)
            name = folder[len(near) + bool(near) : below if below >= 0 else None]
            near = folder[:below] if below >= 0 else folder
            handle = os.open(name, _ON_THE_WAY | _NO_LINK, dir_fd=handle)
            self._keep(near, handle)
        return handle

    def _keep(self, folder: str, handle: int) -> None:
        while len(self._open) >= _MOST_OPEN:
            os.close(self._open.pop(next(iter(self._open))))
        self._open[folder] = handle

    def __del__(self) -> None:
        for handle in self._open.values():
            os.close(handle)
