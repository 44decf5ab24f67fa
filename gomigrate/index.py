"""One pass over the bytes of a checkout: what files there are, which hold a needle, and who imports what.

Bytes are found before anything is parsed. The pass runs in the background, while this process still imports what it
needs to understand the findings; of a large checkout each of the two reads what the other has not begun.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from gomigrate.background import Parts
from gomigrate.byte_search import finder
from gomigrate.catalogue import DIRECTIVE
from gomigrate.checkout import Checkout, is_generated
from gomigrate.errors import UserError
from gomigrate.go.modules import declared_path
from gomigrate.model import Note, Stage
from gomigrate.touching import touches

if TYPE_CHECKING:
    from gomigrate.packs import FinalizerName

_FEW = 4
# Up to here one look for each is quicker than a look at all that is in quotes.
_SOME = 32
_TELLING = 6
_PARTS = 64


class Index(NamedTuple):
    """`touching`: the Go files that may do something with finalizers, generated ones aside. `importers`: import path of
    a package of this checkout -> the files that name it in quotes before their first function. `marked`: the files that
    hold a needle and a directive."""

    touching: list[str]
    importers: dict[str, list[str]]
    marked: list[str]


def build(
    checkout: Checkout,
    needles: tuple[bytes, ...],
    names: tuple[bytes, ...],
    paths: Iterable[str],
    keep: bool = False,
    found: Callable[[str, bytes], object] | None = None,
) -> Index:
    """The index of some of the files of a checkout, in the order of `paths`. Files that cannot be read become notes of
    the checkout. With `keep` it holds on to what it can; `found` is given each file of `touching`, as it is read.
    """
    modules = _modules(checkout)
    # What ends one text may begin another, where a quote stands alone in a comment.
    beginnings = b"|".join(re.escape(start[1:]) for start in _starts(modules))
    quoted = [(q, re.compile(rb"%b(?:%b)[^%b]*(?=%b)" % (q, beginnings, q, q))) for q in (b'"', b"`") if modules]
    ours: dict[bytes, list[str] | None] = {}
    touching: list[str] = []
    marked: list[str] = []
    importers: dict[str, list[str]] = {}
    wanted = _alike(needles)
    holds = finder()
    for path in paths:
        data = checkout.read(path, keep)
        if data is None:
            continue
        for beginning, rest in wanted:
            if holds(data, beginning) and (not rest or any(holds(data, needle) for needle in rest)):
                if not is_generated(data) and touches(names, path, data):
                    touching.append(path)
                    checkout.keep(path, data)
                    if found is not None:
                        found(path, data)
                if DIRECTIVE in data:
                    marked.append(path)
                break
        limit = _before_functions(data)
        looked = (one.findall(data, 0, limit) for quote, one in quoted if data.find(quote, 0, limit) >= 0)
        for text in chain.from_iterable(looked):
            if text not in ours:
                package = text[1:]
                inside = _inside(package, modules)
                ours[text] = importers.setdefault(package.decode("utf-8", "replace"), []) if inside else None
            files = ours[text]
            if files is not None and (not files or files[-1] != path):
                files.append(path)
    return Index(touching, importers, marked)


def _before_functions(data: bytes) -> int:
    """Where the first function of a Go file begins, or further on: imports stand before it. One in a comment is none;
    package comments show code."""
    limit = data.find(b"\nfunc ")
    opening = data.find(b"/*", 0, limit) if limit >= 0 else -1
    while opening >= 0:
        closing = data.find(b"*/", opening + 2)
        if closing < 0:
            return len(data)
        if closing > limit:
            limit = data.find(b"\nfunc ", closing)
        opening = data.find(b"/*", closing + 2, limit) if limit >= 0 else -1
    return limit if limit >= 0 else len(data)


def wanted_names(finalizers: Iterable[FinalizerName], stage: Stage) -> list[str]:
    """The names that are looked for beside the Go code: at cleanup also the new ones, which say who writes them."""
    return [name for f in finalizers for name in ((f.old, f.new) if stage is Stage.CLEANUP else (f.old,))]


def _modules(checkout: Checkout) -> frozenset[bytes]:
    """The paths of this checkout's modules."""
    files = (p for p in checkout.module_files if p.rpartition("/")[2] == "go.mod")
    return frozenset(declared_path(checkout.read(p) or b"") for p in files) - {b""}


def _starts(modules: Iterable[bytes]) -> list[bytes]:
    """The quoted beginnings that import paths of these modules have: few, whatever the number of modules.

    All are looked for at each quote, so that modules of one owner share theirs, those of many owners their host, and
    those of very many hosts have the quote alone.
    """
    owners = {b"/".join(m.split(b"/")[:2]) for m in modules}
    if len(owners) > _FEW:
        owners = {o.partition(b"/")[0] for o in owners}
    if len(owners) > _SOME:
        return [b'"']
    return sorted(b'"' + o for o in owners if not any(o != other and o.startswith(other) for other in owners))


def _alike(needles: Iterable[bytes]) -> list[tuple[bytes, list[bytes]]]:
    """Needles by how they begin: most files hold none of them, and are told apart by one look for several."""
    groups: dict[bytes, list[bytes]] = {}
    for needle in needles:
        groups.setdefault(needle[:_TELLING], []).append(needle)
    return [(start, group) if len(group) > 1 else (group[0], []) for start, group in groups.items()]


def _part(checkout: Checkout, number: int) -> Iterator[str]:
    """The Go files of one of _PARTS parts: every so many folders, as large files stand side by side."""
    return (path for files in checkout.folders()[number::_PARTS] for path in files)


def _taken(checkout: Checkout, parts: Parts, taken: list[int]) -> Iterator[str]:
    """The files of the parts that nobody else has taken, one part after the other."""
    while (number := parts.take()) is not None:
        taken.append(number)
        yield from _part(checkout, number)


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

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.parts = Parts(_PARTS)

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
        folders = checkout.module_files, checkout.vendor_folders, checkout.companion_files
        listed = (checkout.go_files, *folders, checkout.links)
        return str(top), listed, [tuple(n) for n in (*notes, *checkout.notes)]

    def search(self, needles: tuple[bytes, ...], names: tuple[bytes, ...]) -> tuple[Any, ...]:
        """What the files hold, those aside that `searched` looks into meanwhile, and which parts of them these are."""
        before = len(self._checkout.notes)
        taken: list[int] = []
        index = build(self._checkout, needles, names, _taken(self._checkout, self.parts, taken), keep=True)
        return tuple(index), [tuple(n) for n in self._checkout.notes[before:]], taken

    def companions(self, names: list[str]) -> list[str]:
        """The files beside the Go code that hold one of these names."""
        checkout = self._checkout
        needles = [name.encode() for name in names if not any(other != name and other in name for other in names)]
        holds = finder()

        def is_text_with_one(data: bytes) -> bool:
            return any(holds(data, needle) for needle in needles) and b"\0" not in data

        return [path for path in checkout.companion_files if needles and is_text_with_one(checkout.read(path) or b"")]

    def holding(self, wanted: dict[bytes, bytes]) -> dict[bytes, list[str]]:
        """As `Checkout.holding`, of files that `search` has read."""
        return self._checkout.holding(wanted)

    def list_methods(self) -> bool:
        """As `Checkout.list_methods`."""
        return self._checkout.list_methods()

    def declaring(self, method: str) -> list[str]:
        """As `Checkout.declaring`."""
        return self._checkout.declaring(method)

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
        return Checkout(find_top(resolved) or resolved)


def opened(walked: tuple[Any, ...]) -> Checkout:
    """The checkout that was walked."""
    top, listed, notes = walked
    checkout = Checkout(Path(top), listed=listed)
    checkout.notes += [Note(*n) for n in notes]
    return checkout


def searched(
    checkout: Checkout,
    scan: Scan,
    needles: tuple[bytes, ...],
    names: tuple[bytes, ...],
    search: Callable[[], tuple[Any, ...]],
    found: Callable[[str, bytes], object] | None = None,
) -> Index:
    """The index of an opened checkout, with what `search` gives of it: that is `Scan.search` for the same. What could
    not be read becomes notes of it. `found` is given the files of `touching` that are read by this process.
    """
    before = len(checkout.notes)
    taken: list[int] = []
    mine = build(checkout, needles, names, _taken(checkout, scan.parts, taken), found=found)
    index, notes, theirs = search()
    # What the other process had taken when it came to its end is nobody's.
    lost = sorted(set(range(_PARTS)) - {*taken, *theirs})
    left = (path for number in lost for path in _part(checkout, number))
    rest = build(checkout, needles, names, left, found=found)
    checkout.notes[before:] = sorted([*checkout.notes[before:], *(Note(*n) for n in notes)], key=lambda n: n.path)
    every = (mine, Index(*index), rest)
    importers: dict[str, list[str]] = {}
    # What was sent are other texts, and there is one for each file already.
    known = {path: path for path in checkout.go_files}
    for part in every:
        for package, files in part.importers.items():
            importers.setdefault(package, []).extend([known[path] for path in files])
    for files in importers.values():
        files.sort()
    touching = sorted(path for part in every for path in part.touching)
    marked = sorted(path for part in every for path in part.marked)
    return Index(touching, importers, marked)
