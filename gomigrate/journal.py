"""The redo journal of `apply`: what a run that was cut off still has to do, and how to read it safely.

While it is there, the checkout may hold some files in their old state and some in their new one. It lies in a
checkout that may be hostile, so that nothing in it is believed: see `decode` here and `finish_interrupted` in apply.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gomigrate.errors import UserError
from gomigrate.model import Note
from gomigrate.temporaries import PATTERN

MAX_BYTES = 16 * 1024 * 1024
_IN_GIT = "gomigrate-apply.json"
_OUTSIDE = ".gomigrate-apply.json"
_VERSION = 1
_BLOB = re.compile(r"[0-9a-f]{40}")


class Step(NamedTuple):
    """One file: `temporary`, beside it, takes its place, or it goes when that is "". So does a blob id when there
    is no file; `mode` is that of the temporary."""

    path: str
    temporary: str
    old: str
    new: str
    mode: int


def place(top: Path) -> Path:
    """Where the journal of this checkout is written.

    In a real `.git` folder it is out of sight. A worktree or a submodule has a file there, which may name any
    folder of the disk, and nothing is ever written outside of the checkout.
    """
    git = top / ".git"
    return git / _IN_GIT if _is_folder(git) and os.path.lexists(git / "HEAD") else top / _OUTSIDE


def interrupted(top: Path) -> list[Path]:
    """The journals that there are: none, unless an apply was cut off."""
    found = [top / _OUTSIDE]
    if _is_folder(top / ".git"):
        found.append(top / ".git" / _IN_GIT)
    return [journal for journal in found if os.path.lexists(journal)]


def interrupted_note(top: Path) -> list[Note]:
    """What a reader of the checkout must know while a journal is there."""
    text = "an apply was cut off in this checkout, some files may be old and some new; `gomigrate apply` finishes it"
    return [Note("", text)] if interrupted(top) else []


def encode(steps: Sequence[Step]) -> bytes:
    """The bytes of a journal."""
    import json

    content = {"version": _VERSION, "steps": [step._asdict() for step in steps]}
    return json.dumps(content, indent=1).encode("ascii") + b"\n"


def decode(data: bytes) -> list[Step]:
    """The steps of a journal. Raises UserError for anything that `encode` would not have written."""
    import json

    try:
        content = json.loads(data)
        if not isinstance(content, dict) or set(content) != {"version", "steps"} or content["version"] != _VERSION:
            raise ValueError
        steps = [_step(value) for value in content["steps"]]
        temporaries = [(step.path.rpartition("/")[0], step.temporary) for step in steps if step.temporary]
        for values in ([step.path for step in steps], temporaries):
            if len(set(values)) < len(values):
                raise ValueError
        if encode(steps) != data:
            raise ValueError
    except (ValueError, TypeError, RecursionError):
        raise UserError("it is no journal that this version of gomigrate has written") from None
    return steps


def _step(value: dict[str, object]) -> Step:
    step = Step(**value)  # type: ignore[arg-type]  # the types are looked at here
    if not all(type(value) is (int if field == "mode" else str) for field, value in step._asdict().items()):
        raise ValueError
    if bool(step.temporary) != bool(step.new) or step.old == step.new or not 0 <= step.mode <= 0o7777:
        raise ValueError
    if step.temporary and not PATTERN.fullmatch(step.temporary):
        raise ValueError
    os.fsencode(step.path)
    if PATTERN.fullmatch(step.path.rpartition("/")[2]):
        raise ValueError
    if not all(_BLOB.fullmatch(blob) for blob in (step.old, step.new) if blob):
        raise ValueError
    return step


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False
