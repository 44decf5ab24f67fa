"""Writes a plan into the checkout: all of it, or as far as a file system allows, nothing."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from gomigrate.errors import UserError
from gomigrate.git.patch import printable

_TEMPORARY = re.compile(r"\.gomigrate-[0-9a-f]{16}\.tmp")
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_PERMISSION = frozenset({errno.EACCES, errno.EPERM})


@dataclass(frozen=True, slots=True)
class _Task:
    """One file to write, or to delete when `new` is None. `old` and `status` are what stands there now."""

    path: str
    file: Path
    old: bytes | None
    new: bytes | None
    status: os.stat_result | None


def apply_changes(top: Path, originals: Mapping[str, bytes], changes: Mapping[str, bytes | None]) -> list[str]:
    """Write `changes` below `top` and give the paths that were written or deleted, sorted.

    `originals` holds what the files held when the changes were planned. A file that is already as it should
    be (an earlier run was cut off) is passed over. All new content is on the disk beside its target before
    the first file is replaced; if a replacement then fails, those before it are taken back. Should the
    process die, each file is old or new, never half, and the next run finishes. Raises UserError, with
    nothing written, when a file is no longer what it was, when a path leads through a symlink or out of
    `top`, or when the disk is full, read-only or forbidden.
    """
    tasks, problems = [], []
    for path in sorted(changes):
        try:
            task = _examine(top, path, originals.get(path), changes[path])
        except UserError as error:
            problems.append(str(error))
        else:
            tasks.append(task)
    if problems:
        raise UserError("nothing was written:\n" + "\n".join(problems))
    _remove_leftovers({task.file.parent for task in tasks})
    open_tasks = [task for task in tasks if task.old != task.new]
    _commit(open_tasks)
    return [task.path for task in open_tasks]


def _examine(top: Path, path: str, original: bytes | None, new: bytes | None) -> _Task:
    file = _target(top, path)
    with _explaining(path, "cannot be read"):
        status = _status(file)
        if status is not None and not stat.S_ISREG(status.st_mode):
            raise UserError(f"{printable(path)}: is not a plain file (a symlink?) and is never written")
        old = None if status is None else file.read_bytes()
    if old not in (original, new):
        happened = "appeared" if original is None else "is gone" if old is None else "changed"
        raise UserError(f"{printable(path)}: {happened} since it was read; run gomigrate again")
    return _Task(path, file, old, new, status)


def _target(top: Path, path: str) -> Path:
    """Where the path is, after a look at every folder on the way."""
    parts = path.split("/")
    # The join takes care of what is special elsewhere: a drive or a backslash leads to another parent.
    if "\0" in path or any(part in ("", ".", "..") or (top / part).parent != top for part in parts):
        raise UserError(f"{printable(path)}: is no path inside the checkout and is never written")
    if any(part.rstrip(". ").lower() == ".git" for part in parts):
        raise UserError(f"{printable(path)}: belongs to git and is never written")
    folder = top
    for part in parts[:-1]:
        folder = folder / part
        with _explaining(path, "cannot be read"):
            status = _status(folder)
        if status is not None and not stat.S_ISDIR(status.st_mode):
            raise UserError(f"{printable(path)}: leads through a symlink or a file and is never written")
    return folder / parts[-1]


def _status(file: Path) -> os.stat_result | None:
    try:
        return file.lstat()
    except FileNotFoundError:
        return None


def _remove_leftovers(folders: Iterable[Path]) -> None:
    """Delete what an earlier run left behind when it was cut off."""
    for folder in folders:
        with _explaining(str(folder), "cannot be cleaned of what an earlier run left there"):
            for entry in _entries(folder):
                if _TEMPORARY.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    os.unlink(entry.path)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []


def _commit(tasks: Sequence[_Task]) -> None:
    """Stage everything, then put it in place. After an exception all is as it was, as far as possible."""
    staged: dict[str, Path] = {}
    made: list[Path] = []
    started: list[_Task] = []
    try:
        for task in tasks:
            if task.new is not None:
                with _explaining(task.path, "cannot be written"):
                    _make_folders(task.file.parent, made)
                    staged[task.path] = _temporary(task.file.parent)
                    _stage(staged[task.path], task.new, task.status)
        for task in sorted(tasks, key=lambda task: task.new is None):
            started.append(task)
            with _explaining(task.path, "cannot be replaced"):
                if task.new is None:
                    os.unlink(task.file)
                else:
                    os.replace(staged[task.path], task.file)
    except BaseException as error:
        _discard(staged.values())
        kept = _take_back(started)
        _remove_folders(made)
        if kept:
            names = ", ".join(printable(path) for path in kept)
            raise UserError(f"{error}\nthe new content stays in {names}; the next run finishes") from error
        if isinstance(error, UserError):
            raise UserError(f"nothing was written: {error}") from error
        raise
    _sync_folders({task.file.parent for task in tasks} | {folder.parent for folder in made})


def _make_folders(folder: Path, made: list[Path]) -> None:
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir()
        made.append(parent)
        _set_owner(parent, parent.parent.stat())


def _temporary(folder: Path) -> Path:
    return folder / f".gomigrate-{os.urandom(8).hex()}.tmp"


def _stage(temporary: Path, content: bytes, status: os.stat_result | None) -> None:
    """Write the content to the disk, with the mode (and for root the owner) of the file to be replaced."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(temporary, flags, 0o666 if status is None else 0o600)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(handle, rest) :]
        _set_owner(temporary, status or temporary.parent.stat())
        if status is not None:
            os.chmod(temporary, stat.S_IMODE(status.st_mode))
        os.fsync(handle)
    finally:
        os.close(handle)


def _set_owner(path: Path, wanted: os.stat_result) -> None:
    """Only root may give files away; what anyone else writes is theirs."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    status = path.stat()
    if (status.st_uid, status.st_gid) != (wanted.st_uid, wanted.st_gid):
        os.chown(path, wanted.st_uid, wanted.st_gid)


def _take_back(started: Sequence[_Task]) -> list[str]:
    """Put the old content back in place; the paths for which that failed."""
    return [task.path for task in reversed(started) if not _is_taken_back(task)]


def _is_taken_back(task: _Task) -> bool:
    temporary = _temporary(task.file.parent)
    try:
        now = task.file.read_bytes() if _status(task.file) else None
        if now != task.old:
            if task.old is None:
                os.unlink(task.file)
            else:
                _stage(temporary, task.old, task.status)
                os.replace(temporary, task.file)
    except OSError:
        _discard([temporary])
        return False
    return True


def _discard(temporaries: Iterable[Path]) -> None:
    for temporary in temporaries:
        with suppress(OSError):
            os.unlink(temporary)


def _remove_folders(made: Sequence[Path]) -> None:
    for folder in reversed(made):
        with suppress(OSError):
            folder.rmdir()


def _sync_folders(folders: Iterable[Path]) -> None:
    """Make the new names last through a power failure, where folders can be synced."""
    for folder in folders:
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


@contextmanager
def _explaining(name: str, problem: str) -> Iterator[None]:
    """Turn an error of the operating system into one that says what to do."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{printable(name)}: {problem}: {_remedy(error)}") from error


def _remedy(error: OSError) -> str:
    if error.errno in _NO_SPACE:
        return "the disk or the quota is full; free some space and run again"
    if error.errno == errno.EROFS:
        return "the file system is read-only; make it writable, or use `gomigrate patch` and apply it elsewhere"
    if error.errno in _NO_PERMISSION:
        return "permission denied; run as the owner of the checkout, or make file and folder writable"
    return f"{error.strerror or error}; mend that and run again"
