"""One pass over the bytes of a checkout: what files there are, which hold a needle, and who imports what.

Bytes are found before anything is parsed. The pass runs in the background, while this process still imports what it
needs to understand the findings.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from gomigrate.checkout import Checkout
from gomigrate.errors import UserError
from gomigrate.go.modules import declared_path
from gomigrate.model import Note

_FEW = 4


class Index(NamedTuple):
    """`holding`: the Go files that hold a needle. `importers`: import path of a package of this checkout -> the files
    that name it in quotes before their first function."""

    holding: list[str]
    importers: dict[str, list[str]]


def build(checkout: Checkout, needles: tuple[bytes, ...]) -> Index:
    """The index of a checkout. Files that cannot be read become notes of the checkout."""
    modules = _modules(checkout)
    starts = _starts(modules)
    ours: dict[bytes, str] = {}
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
        for text in starts:
            start = data.find(text, 0, limit)
            while start >= 0:
                close = data.find(b'"', start + 1)
                quoted = data[start + 1 : close]
                name = ours.get(quoted)
                if name is None:
                    name = ours[quoted] = quoted.decode("utf-8", "replace") if _inside(quoted, modules) else ""
                if name:
                    files = importers.setdefault(name, [])
                    if not files or files[-1] != path:
                        files.append(path)
                start = data.find(text, close + 1, limit)
    return Index(holding, importers)


def _modules(checkout: Checkout) -> frozenset[bytes]:
    """The paths of this checkout's modules."""
    files = (p for p in checkout.module_files if p.rpartition("/")[2] == "go.mod")
    return frozenset(declared_path(checkout.read(p) or b"") for p in files) - {b""}


def _starts(modules: Iterable[bytes]) -> list[bytes]:
    """The quoted beginnings that import paths of these modules have: few, whatever the number of modules.

    Each is looked for in every file, so that modules of one owner share theirs, and those of many owners their host.
    """
    owners = {b"/".join(m.split(b"/")[:2]) for m in modules}
    if len(owners) > _FEW:
        owners = {o.partition(b"/")[0] for o in owners}
    return sorted(b'"' + o for o in owners if not any(o != other and o.startswith(other) for other in owners))


def _inside(package: bytes, modules: frozenset[bytes]) -> bool:
    """Whether a path is that of a module, or below it."""
    while package and package not in modules:
        package = package.rpartition(b"/")[0]
    return bool(package)


class Scan:
    """The reading of the checkout that `folder` lies in: the top of its git work tree, or the folder itself outside of
    git.

    `walk` and `search` give what `opened` and `searched` take, in the plain types that a Background can send: who knows
    the modules goes on while files are still searched.
    """

    def __init__(self, folder: str, needles: tuple[bytes, ...]) -> None:
        self._folder = folder
        self._needles = needles

    def walk(self) -> tuple[Any, ...]:
        """What files there are. Raises UserError when there is no such folder, or no Go file in it."""
        from gomigrate.git.folder import broken_git, find_top
        from gomigrate.journal import interrupted_note

        path = Path(self._folder)
        checkout = self._checkout
        top = checkout.top
        notes = [*interrupted_note(top)]
        broken = broken_git(top)
        if broken is not None:
            unusable = "is no git repository that can be used; until it is mended or removed git refuses here"
            notes.append(Note("", f"{broken} {unusable}"))
        if find_top(top) is None:
            outside = f"not a git checkout: paths in the patch are relative to {path}, apply it there with `git apply`"
            notes.append(Note("", outside))
        if not checkout.go_files:
            raise UserError(f"{top}: no Go files found (vendor, testdata and hidden folders are not searched).")
        listed = (checkout.go_files, checkout.module_files, checkout.vendor_folders)
        return str(top), listed, [tuple(n) for n in (*notes, *checkout.notes)]

    def search(self) -> tuple[Any, ...]:
        """What the files hold."""
        before = len(self._checkout.notes)
        index = build(self._checkout, self._needles)
        return tuple(index), [tuple(n) for n in self._checkout.notes[before:]]

    @cached_property
    def _checkout(self) -> Checkout:
        from gomigrate.git.folder import find_top

        path = Path(self._folder)
        try:
            mode = path.stat().st_mode
        except OSError as error:
            raise UserError(f"{path}: {error.strerror}. Give the folder of a Go checkout.") from None
        if not stat.S_ISDIR(mode):
            raise UserError(f"{path}: is a file. Give the folder of a Go checkout.")
        resolved = path.resolve()
        return Checkout(find_top(resolved) or resolved, keep=False)


def opened(walked: tuple[Any, ...]) -> Checkout:
    """The checkout that was walked."""
    top, listed, notes = walked
    checkout = Checkout(Path(top), listed=listed)
    checkout.notes += [Note(*n) for n in notes]
    return checkout


def searched(checkout: Checkout, found: tuple[Any, ...]) -> Index:
    """The index of an opened checkout. What could not be read becomes notes of it."""
    index, notes = found
    checkout.notes += [Note(*n) for n in notes]
    return Index(*index)
