"""What a checkout's `.git` itself says: where the checkout begins, its commit, what is in progress. Runs no git."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from gomigrate.errors import UserError, printable

_COMMIT = re.compile(rb"[0-9a-f]{40}|[0-9a-f]{64}")
# No part begins with a dot, so that a hostile HEAD does not lead out of the folder.
_BRANCH = re.compile(rb"ref: *(refs/heads(?:/[^/.\s\\:\0][^/\s\\:\0]*)+)\s*")
# Only the plainest form, as git itself writes it. What needs git to be understood (include, insteadOf) gives nothing.
_ORIGIN = re.compile(
    rb'^\[remote "origin"\]\n(?:[ \t](?![ \t]*url\b)[^\n]*\n)*[ \t]+url = (\S+)[ \t]*$', re.IGNORECASE | re.MULTILINE
)
_MAX_TEXT = 64 * 1024 * 1024
# In this order: a rebase leaves CHERRY_PICK_HEAD as well when it stops.
_IN_PROGRESS = (
    ("rebase-apply/applying", "am"),
    ("rebase-apply", "rebase"),
    ("rebase-merge", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("BISECT_LOG", "bisect"),
)


def find_top(path: Path) -> Path | None:
    """The git checkout that `path` lies in, symlinks resolved; None outside of git.

    The nearest folder at or above `path` with an entry `.git` decides. One that is broken is no checkout, and what
    is above it is not asked: another repository further up would be the wrong one.
    """
    folder = _nearest(path)
    return folder if folder and git_folder(folder) else None


def top_of(path: Path) -> Path:
    """The folder that a plan's paths are relative to: the top of the git checkout, outside of git the folder itself."""
    folder = Path(os.path.realpath(path))
    return find_top(folder) or folder


def broken_git(path: Path) -> Path | None:
    """The `.git` at or above `path` that `find_top` cannot use."""
    folder = _nearest(path)
    return folder / ".git" if folder and not git_folder(folder) else None


def common_folder(checkout: Path) -> Path:
    """The folder with the objects and branches of a checkout that `find_top` gave: in a worktree, not its own."""
    folder = git_folder(checkout)
    if folder is None:
        raise UserError(f"{printable(str(checkout))}: is no git checkout; give a folder inside one")
    return _common(folder)


def origin(top: Path) -> str:
    """The address of the remote `origin`, "" when there is none or it is not simply written down. Runs no git.

    Nobody vouches for it: give it to `gomigrate.git.web` before anything is made of it.
    """
    checkout = find_top(top)
    folder = git_folder(checkout) if checkout else None
    found = _ORIGIN.search(_text(_common(folder) / "config")) if folder else None
    return found[1].decode("ascii", "replace") if found else ""


def in_progress(top: Path) -> str:
    """What is unfinished there: merge, rebase, cherry-pick, revert, bisect, am; or "". Runs no git."""
    checkout = find_top(top)
    folder = git_folder(checkout) if checkout else None
    if not folder:
        return ""
    return next((word for name, word in _IN_PROGRESS if os.path.lexists(folder / name)), _sequence(folder))


def git_folder(checkout: Path) -> Path | None:
    """The folder with HEAD and index, also where `.git` is a file that names it (worktree, submodule)."""
    entry = checkout / ".git"
    try:
        mode = entry.stat().st_mode
        if stat.S_ISREG(mode):
            with entry.open("rb") as file:
                text = file.read(4096)
            if not text.startswith(b"gitdir:"):
                return None
            entry = checkout / os.fsdecode(text[len(b"gitdir:") :].strip())
        return entry if _is_head(entry / "HEAD") else None
    except (OSError, ValueError):
        return None


def _is_head(file: Path) -> bool:
    """Whether git could read it: a plain file, or as of old a link to a branch that may not be there yet."""
    mode = file.lstat().st_mode
    return stat.S_ISREG(mode) or stat.S_ISLNK(mode)


def _nearest(path: Path) -> Path | None:
    here = Path(os.path.realpath(path))
    return next((folder for folder in (here, *here.parents) if os.path.lexists(folder / ".git")), None)


def head_in_files(folder: Path) -> str:
    """The commit of HEAD: in the file itself, or in a branch's own file, or among the packed ones; else ""."""
    head = _text(folder / "HEAD")
    branch = _BRANCH.fullmatch(head)
    if branch:
        common = _common(folder)
        head = _text(common / os.fsdecode(branch[1]))
        if not head:
            packed = re.search(rb"^([0-9a-f]+) %s$" % re.escape(branch[1]), _text(common / "packed-refs"), re.MULTILINE)
            head = packed[1] if packed else b""
    return head.strip().decode("ascii") if _COMMIT.fullmatch(head.strip()) else ""


def _common(folder: Path) -> Path:
    """In a worktree HEAD is its own, and branches and settings are those of the repository."""
    return folder / os.fsdecode(_text(folder / "commondir").strip() or b".")


def _text(file: Path) -> bytes:
    """The content of a plain file, b"" for anything else."""
    try:
        handle = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with open(handle, "rb") as opened:
            return opened.read(_MAX_TEXT) if stat.S_ISREG(os.fstat(handle).st_mode) else b""
    except (OSError, ValueError):
        return b""


def _sequence(folder: Path) -> str:
    """A cherry-pick or revert of several commits, between two of them."""
    word = _text(folder / "sequencer" / "todo")[:64].split(maxsplit=1)[:1]
    return "" if not word else "revert" if word == [b"revert"] else "cherry-pick"
