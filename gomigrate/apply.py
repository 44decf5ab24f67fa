"""Writes a plan into the checkout: all of it, or as far as a file system allows, nothing.

All new content is on the disk beside its target, and a journal says what is to be done with it, before the first
file is replaced. Whatever happens then, the journal is enough to go on: an error takes back what was done, by a
journal of its own, and after a crash `finish_interrupted` does the rest.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from gomigrate import journal
from gomigrate.errors import UserError, printable
from gomigrate.git.patch import blob_id
from gomigrate.interrupts import held_back
from gomigrate.journal import Step
from gomigrate.temporaries import PATTERN, remove_dead, try_lock

_GIT_NAME = re.compile(r"\.git|git~[0-9]+")
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_PERMISSION = frozenset({errno.EACCES, errno.EPERM})


class _Task(NamedTuple):
    """One file to write, or to delete when `new` is None. `old` and `status` are what stands there now."""

    path: str
    file: Path
    old: bytes | None
    new: bytes | None
    status: os.stat_result | None


class _Move(NamedTuple):
    """What is left to do with one file: the temporary takes its place, or it goes when that is None. `old` is the blob
    id of what must stand there until then."""

    path: str
    file: Path
    temporary: Path | None
    old: str


def apply_changes(top: Path, originals: Mapping[str, bytes], changes: Mapping[str, bytes | None]) -> list[str]:
    """Write `changes` below `top` and give the paths that were written or deleted, sorted.

    `originals` holds what the files held when the changes were planned. A file that is already as it should
    be is passed over. If a replacement fails, those before it are taken back. Should the process die, each
    file is old or new, never half, and `finish_interrupted` does the rest. Raises UserError, with nothing
    written, when a file is no longer what it was, when a path leads through a symlink or out of `top`, when
    the disk is full, read-only or forbidden, when another apply is at work there, or when an earlier one is still to
    be finished.
    """
    with _alone(top):
        return _apply(top, originals, changes)


def _apply(top: Path, originals: Mapping[str, bytes], changes: Mapping[str, bytes | None]) -> list[str]:
    for found in journal.interrupted(top):
        raise UserError(f"{_shown(top, found)}: an earlier apply was cut off; `gomigrate apply` finishes it first")
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
    _remove_leftovers({task.file.parent for task in tasks} | {journal.place(top).parent})
    open_tasks = [task for task in tasks if task.old != task.new]
    if open_tasks:
        with held_back(done=True) as let_through:
            _commit(top, open_tasks, let_through)
    return [task.path for task in open_tasks]


def finish_interrupted(top: Path) -> list[str]:
    """Finish what an earlier run began before it was cut off; the paths that it was about, sorted.

    Raises UserError, with nothing written, when the journal is not one of gomigrate's, when it names anything
    but files of the checkout and their temporaries, when one of them is not what the journal says, or when the run
    that wrote it is still at work.
    """
    if not journal.interrupted(top):
        return []
    with _alone(top):
        return _finish(top)


def _finish(top: Path) -> list[str]:
    paths: set[str] = set()
    for found in journal.interrupted(top):
        where = _shown(top, found)
        try:
            steps = _read_journal(where, found)
            moves = [move for step in steps for move in _remaining(top, step)]
        except UserError as error:
            raise UserError(
                f"an earlier apply was cut off and cannot be finished; nothing was written: {error}\n"
                f"To start over, remove {where} and the files .gomigrate-*.tmp beside the files that it names, "
                "and bring those files back with `git restore` or `git checkout`."
            ) from error
        _carry_out(top, moves)
        _remove_journal(top, found)
        _remove_leftovers({(top / step.path).parent for step in steps} | {found.parent})
        paths.update(step.path for step in steps)
    return sorted(paths)


@contextmanager
def _alone(top: Path) -> Iterator[None]:
    """Keeps a second apply away by a lock on the folder itself, which leaves nothing behind however this one ends."""
    handle = None
    with suppress(OSError):
        handle = os.open(top, os.O_RDONLY)
    try:
        if handle is not None and try_lock(handle) is False:
            raise UserError(
                f"{printable(str(top))}: another `gomigrate apply` is at work here, and nothing was written; wait "
                "until it has ended, then run again"
            )
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _examine(top: Path, path: str, original: bytes | None, new: bytes | None) -> _Task:
    file = _target(top, path)
    status, old = _plain_file(path, file)
    if old not in (original, new):
        if original is None:
            raise UserError(f"{printable(path)}: is there already and is not overwritten; move it away and run again")
        happened = "is gone" if old is None else "changed"
        raise UserError(f"{printable(path)}: {happened} since it was read; run gomigrate again")
    return _Task(path, file, old, new, status)


def _plain_file(path: str, file: Path) -> tuple[os.stat_result | None, bytes | None]:
    """Status and content of a file, both None when there is none. Raises UserError for what is no plain file."""
    with _explaining(path, "cannot be read"):
        status = _status(file)
        if status is None:
            return None, None
        if not stat.S_ISREG(status.st_mode):
            raise UserError(f"{printable(path)}: is not a plain file (a symlink?) and is never written")
        if status.st_size > journal.MAX_BYTES:
            raise UserError(f"{printable(path)}: is larger than {journal.MAX_BYTES >> 20} MiB and is never written")
        return status, file.read_bytes()


def _target(top: Path, path: str) -> Path:
    """Where the path is, after a look at every folder on the way."""
    parts = path.split("/")
    # The join takes care of what is special elsewhere: a drive or a backslash leads to another parent.
    if "\0" in path or any(part in ("", ".", "..") or (top / part).parent != top for part in parts):
        raise UserError(f"{printable(path)}: is no path inside the checkout and is never written")
    if any(_is_git_name(part) for part in parts):
        raise UserError(f"{printable(path)}: belongs to git and is never written")
    folder = top
    for part in parts[:-1]:
        folder = folder / part
        with _explaining(path, "cannot be read"):
            status = _status(folder)
        if status is not None and not stat.S_ISDIR(status.st_mode):
            raise UserError(f"{printable(path)}: leads through a symlink or a file and is never written")
    return folder / parts[-1]


def _is_git_name(part: str) -> bool:
    """Whether some file system takes the name for `.git`: some drop what is invisible or at the end, NTFS has
    streams after a colon and short names."""
    visible = "".join(c for c in part if unicodedata.category(c) != "Cf")
    return _GIT_NAME.fullmatch(visible.partition(":")[0].rstrip(". ").lower()) is not None


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
                if PATTERN.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    remove_dead(Path(entry.path))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []


def _commit(top: Path, tasks: Sequence[_Task], let_through: Callable[[], None]) -> None:
    """Stage everything, then put it in place. After an exception all is as it was, as far as possible.

    `let_through` is where Ctrl-C may end it.
    """
    moves: list[_Move] = []
    made: list[Path] = []
    try:
        for task in tasks:
            temporary = _temporary(task.file.parent) if task.new is not None else None
            moves.append(_Move(task.path, task.file, temporary, _id(task.old)))
            _stage_beside(moves[-1], task.new, task.status, made)
            let_through()
        _sync_folders({move.file.parent for move in moves} | {folder.parent for folder in made})
        for move in moves:
            _must_stand(top, move)
        _write_journal(top, [_step(task, move) for task, move in zip(tasks, moves, strict=True)])
        _carry_out(top, moves)
    except BaseException as error:
        try:
            edited = _take_back(top, tasks)
        except UserError as second:
            raise UserError(
                f"{error}\nand what was done before could not be taken back: {second}\n"
                "Some files are old and some new now. Mend that, then `gomigrate apply` finishes."
            ) from error
        _discard(move.temporary for move in moves)
        _remove_folders(made)
        if isinstance(error, UserError):
            kept = "".join(f"\n{printable(path)}: was edited meanwhile, and is left as it is" for path in edited)
            raise UserError(f"nothing was written: {error}{kept}") from error
        raise
    try:
        _remove_journal(top, journal.place(top))
    except UserError as error:
        raise UserError(f"everything is written, but {error}; `gomigrate apply` finishes it") from error


def _stage_beside(move: _Move, content: bytes | None, status: os.stat_result | None, made: list[Path]) -> None:
    if move.temporary is not None and content is not None:
        with _explaining(move.path, "cannot be written"):
            _make_folders(move.file.parent, made)
            _stage(move.temporary, content, status)


def _carry_out(top: Path, moves: Sequence[_Move]) -> None:
    """Replace first, delete last, and make it last through a power failure.

    Each file is looked at once more just before: what an editor saves between that look and the move, a few
    system calls later, is all that can be lost.
    """
    for move in sorted(moves, key=lambda move: move.temporary is None):
        _must_stand(top, move)
        with _explaining(move.path, "cannot be replaced"):
            if move.temporary is None:
                os.unlink(move.file)
            else:
                os.replace(move.temporary, move.file)
    _sync_folders({move.file.parent for move in moves})


def _must_stand(top: Path, move: _Move) -> None:
    """Raises UserError when a file, or a folder on the way to it, is no longer what it was."""
    if _id(_plain_file(move.path, _target(top, move.path))[1]) != move.old:
        raise UserError(f"{printable(move.path)}: changed since it was read; run gomigrate again")


def _take_back(top: Path, tasks: Sequence[_Task]) -> list[str]:
    """Put the old content back, by the same way: after a crash in here the old state is what gets finished.

    Gives the paths that somebody else has given another content meanwhile, which they keep. Temporaries of either
    direction stay when this fails, for one journal or the other needs them.
    """
    if not os.path.lexists(journal.place(top)):
        return []
    moves, steps, edited = [], [], []
    for task in tasks:
        now = _plain_file(task.path, _target(top, task.path))[1]
        if now == task.old:
            continue
        if now != task.new:
            edited.append(task.path)
            continue
        back = _Task(task.path, task.file, task.new, task.old, task.status)
        temporary = _temporary(task.file.parent) if task.old is not None else None
        move = _Move(task.path, task.file, temporary, _id(task.new))
        _stage_beside(move, back.new, back.status, [])
        moves.append(move)
        steps.append(_step(back, move))
    if moves:
        _write_journal(top, steps)
        _carry_out(top, moves)
    _remove_journal(top, journal.place(top))
    return edited


def _step(task: _Task, move: _Move) -> Step:
    if move.temporary is None:
        return Step(task.path, "", _id(task.old), _id(task.new), 0)
    with _explaining(task.path, "cannot be written"):
        mode = stat.S_IMODE(move.temporary.lstat().st_mode)
    return Step(task.path, move.temporary.name, _id(task.old), _id(task.new), mode)


def _id(content: bytes | None) -> str:
    return "" if content is None else blob_id(content)


def _write_journal(top: Path, steps: Sequence[Step]) -> None:
    target = journal.place(top)
    temporary = _temporary(target.parent)
    with _explaining(_shown(top, target), "cannot be written"):
        try:
            _stage(temporary, journal.encode(steps), None)
            os.replace(temporary, target)
        except BaseException:
            _discard([temporary])
            raise
    _sync_folders({target.parent})


def _remove_journal(top: Path, found: Path) -> None:
    with _explaining(_shown(top, found), "cannot be removed"):
        os.unlink(found)
    _sync_folders({found.parent})


def _read_journal(where: str, found: Path) -> list[Step]:
    content = _plain_file(where, found)[1]
    try:
        return journal.decode(content or b"")
    except UserError as error:
        raise UserError(f"{where}: {error}") from None


def _remaining(top: Path, step: Step) -> list[_Move]:
    """What is left to do for one step; nothing when it is done."""
    file = _target(top, step.path)
    now = _id(_plain_file(step.path, file)[1])
    if now == step.new:
        return []
    if now != step.old:
        raise UserError(f"{printable(step.path)}: is neither what it was before that apply nor what it was to become")
    if not step.temporary:
        return [_Move(step.path, file, None, step.old)]
    temporary = file.parent / step.temporary
    status, content = _plain_file(_shown(top, temporary), temporary)
    if status is None or _id(content) != step.new or stat.S_IMODE(status.st_mode) != step.mode:
        raise UserError(f"{_shown(top, temporary)}: does not hold what {printable(step.path)} was to become")
    return [_Move(step.path, file, temporary, step.old)]


def _shown(top: Path, file: Path) -> str:
    return printable(file.relative_to(top).as_posix())


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


def _discard(temporaries: Iterable[Path | None]) -> None:
    for temporary in temporaries:
        if temporary is not None:
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
