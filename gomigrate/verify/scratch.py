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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from gomigrate.errors import UserError, printable
from gomigrate.git.folder import find_top
from gomigrate.git.scratch import make_repository
from gomigrate.model import Note

_SKIPPED = frozenset({".git", "node_modules"})
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Scratch(NamedTuple):
    """`folder` holds it all and goes at the end; `top` in it is the copy; `temporary` in it is for Go's own files."""

    folder: Path
    top: Path
    temporary: Path
    notes: tuple[Note, ...]


@contextmanager
def scratch_copy(top: Path, *, keep: bool = False) -> Iterator[Scratch]:
    """Copies the checkout `top`, and removes the copy at the end, whatever happens, unless `keep` is set.

    Raises UserError when it cannot be made, for example on a full disk.
    """
    folder = _make_folder(top)
    try:
        with explained(folder):
            yield _filled(top, folder)
    finally:
        if not keep:
            _remove(folder)


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


def _make_folder(top: Path) -> Path:
    """The same name for the same checkout, as long as it is free: Go's cache knows packages by their folder."""
    name = hashlib.sha256(os.fsencode(top)).hexdigest()[:12]
    with explained(Path(tempfile.gettempdir())):
        parent = Path(tempfile.gettempdir()).resolve()
        folder = parent / f"gomigrate-verify-{name}"
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            folder = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=parent))
    return folder


def _filled(top: Path, folder: Path) -> Scratch:
    copy, temporary = folder / (top.name or "checkout"), folder / "tmp-go"
    temporary.mkdir()
    notes: list[Note] = []
    _copy(top, copy, "", notes)
    if find_top(top) == top:
        try:
            make_repository(top, copy)
        except UserError as error:
            shutil.rmtree(copy / ".git", ignore_errors=True)
            notes.append(Note("", f"the scratch copy is no git checkout: {error}"))
    return Scratch(folder, copy, temporary, tuple(notes))


def _copy(source: Path, target: Path, relative: str, notes: list[Note]) -> None:
    target.mkdir()
    for entry in os.scandir(source):
        if entry.name in _SKIPPED:
            continue
        path = relative + entry.name
        try:
            if entry.is_symlink():
                _copy_link(entry.path, target / entry.name, path, notes)
            elif entry.is_dir(follow_symlinks=False):
                _copy(Path(entry.path), target / entry.name, path + "/", notes)
            elif entry.is_file(follow_symlinks=False):
                shutil.copy2(entry.path, target / entry.name, follow_symlinks=False)
        except PermissionError as error:
            notes.append(Note(path, f"cannot be read: {error.strerror}; not in the scratch copy"))


def _copy_link(source: str, target: Path, path: str, notes: list[Note]) -> None:
    """A link that leads out of the checkout is left out: through it a test could write to the user's own files."""
    to = os.readlink(source)
    inside = os.path.normpath(os.path.join(os.path.dirname(path), to))
    if os.path.isabs(to) or inside.split(os.sep)[0] == os.pardir:
        notes.append(Note(path, "is a symbolic link out of the checkout; not in the scratch copy"))
    else:
        target.symlink_to(to)


def _remove(folder: Path) -> None:
    def retry(function: Callable[..., Any], path: str, _: object) -> None:
        # Tests leave folders behind that may not be written to.
        try:
            for place in (os.path.dirname(path), path):
                os.chmod(place, stat.S_IRWXU)
            function(path)
        except OSError:
            pass

    shutil.rmtree(folder, onerror=retry)
    if folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
