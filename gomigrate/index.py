"""One pass over the bytes of a checkout: what files there are, which hold a needle, and who imports what.

Bytes are found before anything is parsed. The pass runs in a child process while this one still imports what it needs
to understand the findings; where there is no fork it runs here.
"""

from __future__ import annotations

import marshal
import os
import re
import stat
from pathlib import Path
from typing import Any, NamedTuple

from gomigrate.checkout import Checkout
from gomigrate.errors import UserError
from gomigrate.model import Note

_MODULE = re.compile(rb'^module[ \t]+"?([^\s"]+)', re.MULTILINE)


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
            found = _MODULE.search(checkout.read(path) or b"")
            if found is not None:
                names.add(b'"' + found[1])
    return sorted(n for n in names if not any(n != m and n.startswith(m) for m in names))


def open_checkout(path: Path, needles: tuple[bytes, ...]) -> Indexing:
    """Begins to read the checkout that `path` lies in: the top of its git work tree, or the folder itself outside of
    git. Raises UserError when there is no such folder.
    """
    from gomigrate.git.repository import broken_git, find_top
    from gomigrate.journal import interrupted_note

    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}. Give the folder of a Go checkout.") from None
    if not stat.S_ISDIR(mode):
        raise UserError(f"{path}: is a file. Give the folder of a Go checkout.")
    resolved = path.resolve()
    top = find_top(resolved)
    notes = [*interrupted_note(top or resolved)]
    broken = broken_git(resolved)
    if broken is not None:
        unusable = "is no git repository that can be used; until it is mended or removed git refuses here"
        notes.append(Note("", f"{broken} {unusable}"))
    if top is None:
        outside = f"not a git checkout: paths in the patch are relative to {path}, apply it there with `git apply`"
        notes.append(Note("", outside))
    return Indexing(top or resolved, needles, notes)


class Indexing:
    """A checkout whose index is being built. Ask for its `result` once."""

    def __init__(self, top: Path, needles: tuple[bytes, ...], notes: list[Note]) -> None:
        self.top = top
        self._needles = needles
        self._notes = notes
        self._child = 0
        if hasattr(os, "fork"):
            reading, writing = os.pipe()
            self._child = os.fork()
            if self._child == 0:
                self._run(reading, writing)
            os.close(writing)
            self._pipe = reading

    def _run(self, reading: int, writing: int) -> None:
        """The child: sends what it finds and ends, whatever happens; the parent then looks for itself."""
        try:
            os.close(reading)
            checkout = Checkout(self.top, keep=False)
            index = build(checkout, self._needles)
            notes = [(n.path, n.text) for n in checkout.notes]
            lists = (checkout.go_files, checkout.module_files, checkout.vendor_folders, notes)
            with os.fdopen(writing, "wb") as pipe:
                marshal.dump((lists, tuple(index)), pipe)
        finally:
            os._exit(0)

    def result(self) -> tuple[Checkout, Index]:
        """The checkout and its index. Raises UserError when it cannot be read or holds no Go file."""
        data = b""
        if self._child:
            with os.fdopen(self._pipe, "rb") as pipe:
                data = pipe.read()
            os.waitpid(self._child, 0)
        if data:
            checkout, index = self._received(marshal.loads(data))
        else:
            checkout = Checkout(self.top)
            index = build(checkout, self._needles)
        checkout.notes[:0] = self._notes
        if not checkout.go_files:
            raise UserError(f"{self.top}: no Go files found (vendor, testdata and hidden folders are not searched).")
        return checkout, index

    def _received(self, sent: Any) -> tuple[Checkout, Index]:
        (go_files, module_files, vendor_folders, notes), index = sent
        checkout = Checkout(self.top, listed=(go_files, module_files, vendor_folders))
        checkout.notes += [Note(*n) for n in notes]
        return checkout, Index(*index)
