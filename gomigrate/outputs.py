"""Writing what the user asked for: all of it or nothing, never half a file.

A link that the user has made is followed, as every tool does. One that lies in the checkout, or leads into it, is
not: the checkout may be hostile, and what is written there must be what was named.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from gomigrate.errors import UserError, printable
from gomigrate.interrupts import held_back
from gomigrate.temporaries import PATTERN, Temporary, begin, begin_folder, remove_dead

# What `-` stands for. Checked and written as any other output.
STANDARD_OUTPUT = Path("-")

_SOURCES = frozenset({"go.mod", "go.sum", "go.work", "go.work.sum"})
_DESCRIPTOR = re.compile(r"/dev/(stdin|stdout|stderr)|(?:/dev/fd|/proc/self/fd)/([0-9]{1,4})")
_NUMBERS = {"stdin": 0, "stdout": 1, "stderr": 2}


class _Staged(NamedTuple):
    """A new content beside its place, and what is there now: None when nothing is."""

    path: Path
    temporary: Temporary
    before: bytes | None


def check_outputs(paths: Sequence[Path], top: Path) -> list[str]:
    """A note for each output that lies inside the checkout.

    Raises UserError when one cannot be written, when two are the same file, or when one would overwrite a source
    file of the checkout or lead through a symlink of it.
    """
    if len({_identity(path) for path in paths}) < len(paths):
        raise UserError("the same file is given for two outputs.")
    return [note for note in (_check(path, top) for path in paths) if note]


def check_folder(path: Path, top: Path) -> list[str]:
    """As `check_outputs`, for a folder that is to hold a series of patches: it is new, or empty, so that no patch of
    an earlier run is taken for one of this."""
    if not path.is_dir():
        if os.path.lexists(path):
            raise UserError(f"{shown(path)}: is no folder. A series of patches needs a new or an empty one.")
        return check_outputs([path], top)
    try:
        if any(not (PATTERN.fullmatch(entry.name) and remove_dead(entry)) for entry in path.iterdir()):
            raise UserError(f"{shown(path)}: is not empty. A series of patches needs a new or an empty folder.")
    except OSError as error:
        raise UserError(f"{shown(path)}: cannot be read: {error.strerror}. Choose another place.") from None
    return check_outputs([path / "0000"], top)


def write_all(outputs: Mapping[Path, bytes], folder: Path | None = None) -> None:
    """Writes every file beside its place first, moves all of them there, and fills pipes and devices last, in order.

    `folder`, when given and not there, comes with all of its files or not at all. When something fails the files are
    what they were before, and a process that is killed leaves each of them old or new; what it left beside them goes
    with the next run. Raises UserError when something fails, but BrokenPipeError when the reader of a pipe has had
    enough: that is no failure of the others.
    """
    files: dict[Path, bytes] = {}
    streams: dict[Path, bytes] = {}
    for path, data in outputs.items():
        (streams if _is_stream(path) else files)[path] = data
    staged: list[_Staged] = []
    moved: list[_Staged] = []
    path = STANDARD_OUTPUT
    made = folder if folder and not folder.exists() else None
    try:
        with held_back() as let_through:
            if made:
                path = made
                staged.append(_Staged(made, begin_folder(_real(made)), None))
            for path, data in files.items():
                let_through()
                if path.parent == made:
                    (staged[0].temporary.path / path.name).write_bytes(data)
                else:
                    staged.append(_staged(path, data))
            for entry in staged:
                let_through()
                path = entry.path
                moved.append(entry)
                entry.temporary.replace()
        for path, data in streams.items():
            _write_stream(path, data)
    except BrokenPipeError:
        raise
    except BaseException as error:
        with held_back():
            _take_back(moved)
        if isinstance(error, OSError):
            raise UserError(
                f"{shown(path)}: cannot be written: {error.strerror}. Nothing was written; choose another place."
            ) from None
        raise
    finally:
        with held_back():
            for entry in staged:
                entry.temporary.discard()


def _check(path: Path, top: Path) -> str:
    if _descriptor(path) is not None:
        return ""
    file = _real(path)
    _check_links(path, file, top)
    _check_place(path, file)
    if not file.is_relative_to(top):
        return ""
    relative = file.relative_to(top)
    if file.suffix.lower() == ".go" or file.name.lower() in _SOURCES or ".git" in map(str.lower, relative.parts):
        raise UserError(f"{shown(path)}: is a source file of the checkout. Choose another place for the output.")
    if _is_ignored(top, relative.as_posix()):
        return ""
    return f"{relative.as_posix()} lies inside the checkout and git does not ignore it; it is not part of the patch"


def _check_links(path: Path, file: Path, top: Path) -> None:
    whole = Path.cwd() / path
    links = [folder for folder in (whole, *whole.parents) if folder.is_symlink()]
    inside = any(_real(link.parent).is_relative_to(top) for link in links)
    if inside or (whole in links and file.is_relative_to(top)):
        raise UserError(f"{shown(path)}: leads through a symlink in or into the checkout. Choose another place.")


def _check_place(path: Path, file: Path) -> None:
    if not os.path.isdir(file.parent):
        raise UserError(
            f"{shown(path)}: there is no folder {shown(file.parent)}. Create it first, or choose another place."
        )
    if os.path.isdir(file):
        raise UserError(f"{shown(path)}: is a folder. Give the name of a file.")
    touched = [file] if os.path.lexists(file) else []
    if not _is_stream(path):
        touched.append(file.parent)
    if not all(os.access(place, os.W_OK) for place in touched):
        raise UserError(f"{shown(path)}: cannot be written: permission denied. Choose another place.")


def _is_ignored(top: Path, relative: str) -> bool:
    from gomigrate.git.folder import find_top
    from gomigrate.git.repository import ignored

    if find_top(top) is None:
        return False
    try:
        return relative in ignored(top, [relative])
    except UserError:
        return False


def _identity(path: Path) -> object:
    """What tells files from each other, also when one has several names."""
    try:
        status = os.stat(path)
    except OSError:
        return _real(path)
    return status.st_dev, status.st_ino


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def shown(path: Path) -> str:
    """The name of an output, for people."""
    return "standard output" if path == STANDARD_OUTPUT else printable(str(path))


def _descriptor(path: Path) -> int | None:
    """The number of an open file that has a name. Opening it by that name would cut off what a shell appends to."""
    if path == STANDARD_OUTPUT:
        return 1
    match = _DESCRIPTOR.fullmatch(str(path))
    if match is None:
        return None
    return _NUMBERS[match[1]] if match[1] else int(match[2])


def _is_stream(path: Path) -> bool:
    """Whether the path is a pipe or a device, which takes the bytes itself."""
    if _descriptor(path) is not None:
        return True
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


def _staged(path: Path, data: bytes) -> _Staged:
    file = _real(path)
    before, mode = None, None
    if os.path.lexists(file):
        before, mode = file.read_bytes(), stat.S_IMODE(file.stat().st_mode)
    temporary = begin(file)
    try:
        temporary.write(data, mode)
    except BaseException:
        temporary.discard()
        raise
    return _Staged(path, temporary, before)


def _take_back(moved: Sequence[_Staged]) -> None:
    for entry in reversed(moved):
        file = entry.temporary.target
        with suppress(OSError):
            if not entry.temporary.is_in_place:
                continue
            if file.is_dir():
                shutil.rmtree(file)
            elif entry.before is None:
                file.unlink()
            else:
                old = begin(file)
                try:
                    old.write(entry.before, stat.S_IMODE(file.stat().st_mode))
                    old.replace()
                finally:
                    old.discard()


def _write_stream(path: Path, data: bytes) -> None:
    if path == STANDARD_OUTPUT:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    number = _descriptor(path)
    with open(path if number is None else os.dup(number), "wb") as stream:
        stream.write(data)
