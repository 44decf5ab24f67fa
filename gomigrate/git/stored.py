"""What a patch is made from: contents and modes as git stores them, where the checkout on the disk differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from gomigrate.errors import UserError
from gomigrate.git.folder import find_top
from gomigrate.git.patch import EXECUTABLE_MODE, FILE_MODE
from gomigrate.git.repository import file_mode, index_modes, stored_with_lf


class Stored(NamedTuple):
    """The arguments of `render_patch`, and what the reader of the patch must know."""

    originals: dict[str, bytes]
    changes: dict[str, bytes | None]
    modes: dict[str, int]
    note: str = ""


def as_stored(top: Path, originals: Mapping[str, bytes], changes: Mapping[str, bytes | None]) -> Stored:
    """The changes in the form that --index, --3way and `git am` compare with.

    git is asked only where the disk may tell something else, so that most runs start no process.
    """
    paths = [path for path in changes if path in originals]
    converted, note = _converted(top, [path for path in paths if b"\r\n" in originals[path]])
    names = converted | (changes.keys() - originals.keys() if converted else set())
    return Stored(
        {path: _with_lf(old) if path in names else old for path, old in originals.items()},
        {path: _with_lf(new) if path in names and new is not None else new for path, new in changes.items()},
        _modes(top, paths),
        note,
    )


def _converted(top: Path, paths: list[str]) -> tuple[set[str], str]:
    if not paths or find_top(top) is None:
        return set(), ""
    try:
        return stored_with_lf(top, paths), ""
    except UserError as error:
        return set(), f"whether git stores CRLF as LF is not known; the patch fits the files as they are ({error})"


def _with_lf(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")


def _modes(top: Path, paths: Iterable[str]) -> dict[str, int]:
    """Go files are hardly ever executable: where they seem so, the file system may say it of every file."""
    modes = {path: file_mode(top / path) for path in paths}
    executable = [path for path, mode in modes.items() if mode == EXECUTABLE_MODE]
    if executable and find_top(top) is not None:
        try:
            known = index_modes(top, executable)
        except UserError:
            return modes
        modes.update({path: mode for path, mode in known.items() if mode in (FILE_MODE, EXECUTABLE_MODE)})
    return modes
