"""A repository for a scratch copy of a checkout, of which the checkout's own repository never hears."""

from __future__ import annotations

import os
from pathlib import Path

from gomigrate.errors import UserError, printable
from gomigrate.git.folder import common_folder, find_top
from gomigrate.git.repository import head_commit, run_git


def make_repository(top: Path, copy: Path) -> None:
    """Gives the files in `copy` the history of the checkout `top`: same commit, and an index that is that commit.

    Objects are borrowed from the checkout and only read. Unlike a worktree, nothing is registered there, and none of
    its configuration, hooks and filters come along. Raises UserError when git is missing or refuses.
    """
    commit = head_commit(top)
    borrow(_objects(top), commit, copy)
    for key in ("core.autocrlf", "core.eol"):
        value = run_git(top, "config", "--get", key, allowed=(0, 1)).decode("utf-8", "replace").strip()
        if value:
            run_git(copy, "config", key, value)
    if commit:
        (copy / ".git" / "HEAD").write_text(commit + "\n", encoding="ascii")
        run_git(copy, "read-tree", commit)


def borrow(objects: Path, commit: str, copy: Path) -> None:
    """Makes `copy` a repository that reads the objects of another one, in the format of that commit's id."""
    if not objects.is_dir() or b"\n" in os.fsencode(objects):
        raise UserError(f"{printable(str(objects))}: there are no objects of git that could be read")
    begin(commit, copy)
    folder = copy / ".git"
    (folder / "objects" / "info").mkdir(exist_ok=True)
    (folder / "objects" / "info" / "alternates").write_bytes(os.fsencode(objects) + b"\n")
    shallow = objects.parent / "shallow"
    if shallow.is_file():
        (folder / "shallow").write_bytes(shallow.read_bytes())


def begin(commit: str, folder: Path) -> None:
    """An empty repository, without the user's template, that takes a commit with such an id."""
    wide = ("--object-format=sha256",) if len(commit) == 64 else ()
    run_git(folder, "init", "-q", "--template=", *wide)


def check_patch(copy: Path, patch: bytes) -> str:
    """What `git apply` has against the patch there; "" when it takes it. Nothing is changed."""
    try:
        run_git(copy, "apply", "--check", "-", stdin=patch)
    except UserError as error:
        return str(error)
    return ""


def _objects(top: Path) -> Path:
    checkout = find_top(top)
    if checkout is None:
        raise UserError(f"{printable(str(top))}: has no objects of git that could be read")
    return (common_folder(checkout) / "objects").resolve()
