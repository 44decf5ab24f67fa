"""Files and folders that are made beside their place, and take it when they are whole.

A lock of the system says whether the process that made one is still alive, and goes with it however it ends. So what a
killed run left behind is told from what another run is just writing. Where a file system or the platform has no such
locks, nothing that might belong to another run is removed.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gomigrate.errors import UserError, printable

PATTERN = re.compile(r"\.gomigrate-[0-9a-f]{16}\.tmp")
_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_FOLDER = getattr(os, "O_DIRECTORY", 0) | _SAFE
_ATTEMPTS = 8


class Temporary:
    """Something new beside its place `target`, locked as long as this process works on it."""

    def __init__(self, target: Path, path: Path, handle: int | None) -> None:
        self.target = target
        self.path = path
        self._handle = handle
        self._made = path.lstat()

    @property
    def is_in_place(self) -> bool:
        """Whether this, and nothing of somebody else, is at its place."""
        try:
            return os.path.samestat(self._made, self.target.lstat())
        except OSError:
            return False

    def write(self, data: bytes, mode: int | None = None) -> None:
        """What the file is to hold, and its permissions where they are not the usual ones."""
        assert self._handle is not None
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._handle, rest) :]
        if mode is not None:
            os.chmod(self.path, mode)

    def replace(self) -> None:
        """Puts it into its place, over what is there: a file over a file, a folder over nothing or an empty one."""
        self._let_go_where_open_files_cannot_move()
        os.replace(self.path, self.target)

    def place_new(self) -> None:
        """Puts a file into its place. Raises FileExistsError when something is there."""
        self._let_go_where_open_files_cannot_move()
        try:
            os.link(self.path, self.target)
        except FileExistsError:
            raise
        except OSError:
            # No hard links there: the look is then a moment before the move.
            if os.path.lexists(self.target):
                raise FileExistsError(17, "is there already") from None
            os.replace(self.path, self.target)
        else:
            with suppress(OSError):
                os.unlink(self.path)

    def discard(self) -> None:
        """Removes it, unless it got to its place, and lets go of it."""
        with suppress(OSError):
            if self._handle is None or _is_at(self._handle, self.path):
                _remove(self.path)
        self._close()

    def _let_go_where_open_files_cannot_move(self) -> None:
        if os.name == "nt":
            self._close()

    def _close(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def begin(target: Path) -> Temporary:
    """A new, empty file for `target`, under the one name that belongs to it: what a killed run left there goes.

    Raises OSError when the folder cannot be written to, and UserError when another run is writing the same file.
    """
    return _begin(target, lambda path: os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _SAFE, 0o666))


def begin_folder(target: Path) -> Temporary:
    """As `begin`, for a folder."""

    def make(path: Path) -> int | None:
        path.mkdir()
        return None if os.name == "nt" else os.open(path, os.O_RDONLY | _FOLDER)

    return _begin(target, make)


def clean(target: Path) -> None:
    """Removes what a killed run left beside `target`, where nothing is to be written now."""
    remove_dead(_path(target))


def _path(target: Path) -> Path:
    import hashlib

    mark = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]
    return target.with_name(f".gomigrate-{mark}.tmp")


def _begin(target: Path, make: Callable[[Path], int | None]) -> Temporary:
    path = _path(target)
    for _ in range(_ATTEMPTS):
        try:
            handle = make(path)
        except FileExistsError:
            if not remove_dead(path):
                break
            continue
        # Between making and locking it another run may have taken it for dead.
        if handle is None or (try_lock(handle) is not False and _is_at(handle, path)):
            return Temporary(target, path, handle)
        os.close(handle)
    raise UserError(
        f"{printable(str(path))}: another gomigrate is writing {printable(target.name)}, or something else is there. "
        "Wait for it, or remove it, and run again."
    )


def remove_dead(path: Path) -> bool:
    """Removes what bears the name of a temporary when its process is gone. False when it is still there: its process
    lives or cannot be asked for, or it is no plain file or folder."""
    try:
        is_folder = stat.S_ISDIR(path.lstat().st_mode)
        handle = os.open(path, os.O_RDONLY | _FOLDER if is_folder else os.O_RDWR | _SAFE)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        plain = is_folder or stat.S_ISREG(os.fstat(handle).st_mode)
        if plain and try_lock(handle) and _is_at(handle, path):
            _remove(path)
            return True
        return False
    except OSError:
        return False
    finally:
        os.close(handle)


def try_lock(handle: int) -> bool | None:
    """Whether this process now holds the lock of an open file or folder; None where there are no such locks."""
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock
    except ImportError:
        return None
    try:
        flock(handle, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.lstat())
    except FileNotFoundError:
        return False


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        import shutil

        shutil.rmtree(path)
    else:
        os.unlink(path)
