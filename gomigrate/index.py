"""One pass over the bytes of a checkout: what files there are, which hold a needle, and who imports what.

Bytes are found before anything is parsed. The pass runs in the background, while this process still imports what it
needs to understand the findings.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any, NamedTuple

from gomigrate.checkout import Checkout
from gomigrate.errors import UserError
from gomigrate.go.modules import declared_path
from gomigrate.model import Note


class Index(NamedTuple):
    """`holding`: the Go files that hold a needle. `importers`: import path of a package of this checkout -> the files
    that name it in quotes before their first function."""

    holding: list[str]
    importers: dict[str, list[str]]


def build(checkout: Checkout, needles: tuple[bytes, ...]) -> Index:
    """The index of a checkout. Files that cannot be read become notes of the checkout."""
    prefixes = _module_prefixes(checkout)
    holding: list[str] = []
    importers: dict[str, list[str]] = {}
    for path in checkout.go_files:
        data = checkout.read(path)
        if data is None:
            continue
        for needle in needles:
            if needle in data:
                holding.append(path)
                break
        end = data.find(b"\nfunc ")
        limit = len(data) if end < 0 else end
        for prefix in prefixes:
            start = data.find(prefix, 0, limit)
            while start >= 0:
                close = data.find(b'"', start + 1)
                name = data[start + 1 : close].decode("utf-8", "replace")
                files = importers.setdefault(name, [])
                if not files or files[-1] != path:
                    files.append(path)
                start = data.find(prefix, close + 1, limit)
    return Index(holding, importers)


def _module_prefixes(checkout: Checkout) -> list[bytes]:
    """The quoted beginnings of import paths of this checkout's modules, none the beginning of another."""
    names = set()
    for path in checkout.module_files:
        if path.rpartition("/")[2] == "go.mod":
            name = declared_path(checkout.read(path) or b"")
            if name:
                names.add(b'"' + name)
    return sorted(n for n in names if not any(n != m and n.startswith(m) for m in names))


def scan(folder: str, needles: tuple[bytes, ...]) -> tuple[Any, ...]:
    """Reads the checkout that `folder` lies in: the top of its git work tree, or the folder itself outside of git.

    Gives what `opened` takes, in the plain types that a Background can send. Raises UserError when there is no such
    folder, or no Go file in it.
    """
    from gomigrate.git.repository import broken_git, find_top
    from gomigrate.journal import interrupted_note

    path = Path(folder)
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}. Give the folder of a Go checkout.") from None
    if not stat.S_ISDIR(mode):
        raise UserError(f"{path}: is a file. Give the folder of a Go checkout.")
    resolved = path.resolve()
    found = find_top(resolved)
    top = found or resolved
    notes = [*interrupted_note(top)]
    broken = broken_git(resolved)
    if broken is not None:
        unusable = "is no git repository that can be used; until it is mended or removed git refuses here"
        notes.append(Note("", f"{broken} {unusable}"))
    if found is None:
        outside = f"not a git checkout: paths in the patch are relative to {path}, apply it there with `git apply`"
        notes.append(Note("", outside))
    checkout = Checkout(top, keep=False)
    index = build(checkout, needles)
    if not checkout.go_files:
        raise UserError(f"{top}: no Go files found (vendor, testdata and hidden folders are not searched).")
    listed = (checkout.go_files, checkout.module_files, checkout.vendor_folders)
    return str(top), listed, tuple(index), [tuple(n) for n in (*notes, *checkout.notes)]


def opened(scanned: tuple[Any, ...]) -> tuple[Checkout, Index]:
    """The checkout that was scanned, and its index."""
    top, listed, index, notes = scanned
    checkout = Checkout(Path(top), listed=listed)
    checkout.notes += [Note(*n) for n in notes]
    return checkout, Index(*index)
