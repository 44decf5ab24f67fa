"""A scratch copy of a checkout: everything that is in its folder now, uncommitted and ignored files too.

A copy, since a worktree of git would be registered in the user's repository and would lack what is not committed. The
checkout's files, index and list of worktrees are never touched.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from gomigrate.errors import UserError, printable
from gomigrate.git.folder import find_top
from gomigrate.git.scratch import make_repository
from gomigrate.model import Note
from gomigrate.temporaries import try_lock

_SKIPPED = frozenset({".git", "node_modules"})
_FULL = (errno.ENOSPC, errno.EDQUOT)
_UNREADABLE = (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG)
# Nothing that Go compiles is as large, and a file with holes takes all of its size in a copy.
MAX_FILE = 1 << 30
_KEPT = "keep"


class Scratch(NamedTuple):
    """`folder` holds it all and goes at the end; `top` in it is the copy; `temporary` in it is for Go's own files."""

    folder: Path
    top: Path
    temporary: Path
    notes: tuple[Note, ...]


@contextmanager
def scratch_copy(top: Path, *, keep: bool = False) -> Iterator[Scratch]:
    """Copies the checkout `top`, and removes the copy at the end, whatever happens, unless `keep` is set.

    A copy that a killed run of the same checkout left goes first. Raises UserError when it cannot be made, for example
    on a full disk.
    """
    folder, lock = _make_folder(top)
    try:
        with explained(folder):
            if keep:
                (folder / _KEPT).touch()
            yield _filled(top, folder)
    finally:
        if not keep:
            _remove(folder)
        if lock is not None:
            os.close(lock)


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turns the system's errors of work in the scratch folder into messages for people."""
    try:
        yield
    except OSError as error:
        remedy = "see whether you may write there"
        if error.errno in _FULL:
            remedy = "make room, or set TMPDIR to a folder on a disk that has some"
        raise UserError(f"{printable(str(folder))}: the scratch copy failed: {error.strerror}; {remedy}.") from error


def _make_folder(top: Path) -> tuple[Path, int | None]:
    """The same name for the same checkout, as long as it is free: Go's cache knows packages by their folder.

    With it comes what holds its lock, None where folders cannot be locked.
    """
    name = hashlib.sha256(os.fsencode(top)).hexdigest()[:12]
    with explained(Path(tempfile.gettempdir())):
        parent = Path(tempfile.gettempdir()).resolve()
        folder = parent / f"gomigrate-verify-{name}"
        for left in parent.glob(f"{folder.name}*"):
            _remove_dead(left)
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            folder = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=parent))
        handle = _opened(folder)
    if handle is not None:
        try_lock(handle)
    return folder, handle


def _remove_dead(folder: Path) -> None:
    """Removes the copy of a run that was killed: one that nobody holds locked, and that nobody wants to keep."""
    handle = _opened(folder)
    if handle is None:
        return
    try:
        mine = not hasattr(os, "geteuid") or os.fstat(handle).st_uid == os.geteuid()
        if mine and try_lock(handle) and not (folder / _KEPT).exists():
            _remove(folder)
    finally:
        os.close(handle)


def _opened(folder: Path) -> int | None:
    try:
        return os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return None


def _filled(top: Path, folder: Path) -> Scratch:
    copy, temporary = folder / (top.name or "checkout"), folder / "tmp-go"
    temporary.mkdir()
    notes: list[Note] = []
    _copy(top, copy, notes)
    if find_top(top) == top:
        try:
            make_repository(top, copy)
        except UserError as error:
            shutil.rmtree(copy / ".git", ignore_errors=True)
            notes.append(Note("", f"the scratch copy is no git checkout: {error}"))
    return Scratch(folder, copy, temporary, tuple(notes))


def _copy(top: Path, copy: Path, notes: list[Note]) -> None:
    folders = [(top, copy, "")]
    while folders:
        source, target, relative = folders.pop()
        try:
            target.mkdir()
            entries = list(os.scandir(source))
        except OSError as error:
            if not relative or error.errno not in _UNREADABLE:
                raise
            notes.append(Note(relative[:-1], f"cannot be read: {error.strerror}; not in the scratch copy"))
            continue
        for entry in entries:
            if entry.name in _SKIPPED:
                continue
            path = relative + entry.name
            try:
                if entry.is_symlink():
                    _copy_link(entry.path, target / entry.name, path, notes)
                elif entry.is_dir(follow_symlinks=False):
                    folders.append((Path(entry.path), target / entry.name, path + "/"))
                elif entry.is_file(follow_symlinks=False):
                    _copy_file(entry, target / entry.name, path, notes)
            except OSError as error:
                if error.errno not in _UNREADABLE:
                    raise
                notes.append(Note(path, f"cannot be read: {error.strerror}; not in the scratch copy"))


def _copy_file(entry: os.DirEntry[str], target: Path, path: str, notes: list[Note]) -> None:
    if entry.stat(follow_symlinks=False).st_size > MAX_FILE:
        notes.append(Note(path, f"is larger than {MAX_FILE >> 30} GiB; not in the scratch copy"))
    else:
        shutil.copy2(entry.path, target, follow_symlinks=False)


def _copy_link(source: str, target: Path, path: str, notes: list[Note]) -> None:
    """A link that leads out of the checkout is left out: through it a test could write to the user's own files."""
    to = os.readlink(source)
    inside = os.path.normpath(os.path.join(os.path.dirname(path), to))
    if os.path.isabs(to) or inside.split(os.sep)[0] == os.pardir:
        notes.append(Note(path, "is a symbolic link out of the checkout; not in the scratch copy"))
    else:
        target.symlink_to(to)


def _remove(folder: Path) -> None:
    """Removes the copy, as far as that can be done: not by shutil.rmtree, which fails on what lies very deep."""
    folders = [os.fspath(folder)]
    for place in folders:
        # Tests leave folders behind that may not be written to.
        with suppress(OSError):
            os.chmod(place, stat.S_IRWXU)
        with suppress(OSError):
            for entry in list(os.scandir(place)):
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    with suppress(OSError):
                        os.unlink(entry.path)
    for place in reversed(folders):
        with suppress(OSError):
            os.rmdir(place)
