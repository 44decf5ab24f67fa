"""One migration as a series of patches, each for one module, package or owner, in an order in which each compiles.

Three rules say which patch comes first, read from what the changed files declare: code that uses a new declaration
comes after it, a declaration that goes comes after all code that used it, and code comes after the module files. Parts
that have to wait for each other become one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Set
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

from gomigrate.checkout import Checkout, is_searched_go
from gomigrate.errors import UserError
from gomigrate.go.syntax import SourceFile
from gomigrate.go.workspace import Workspace
from gomigrate.selection import too_open

# Where GitHub and GitLab look for the file, first found first (their documentation of code owners).
_OWNER_FILES = (".github/CODEOWNERS", ".gitlab/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
_WORD = re.compile(rb"\w+")


class Part(NamedTuple):
    """One patch of a series: what it is for, and the paths that it changes, sorted."""

    name: str
    paths: tuple[str, ...]


def split_changes(
    top: Path, originals: Mapping[str, bytes], changes: Mapping[str, bytes | None], by: str
) -> tuple[Part, ...]:
    """The changes in parts, in the order in which they are to be applied; every changed path is in one part.

    `by` is "module" (a part is named by its module path), "package" (by its import path) or "codeowners" (by owners).
    Parts that cannot be told apart without breaking the build in between are one, its names joined by " and ".
    Raises UserError for "codeowners" when the checkout has no such file, or one that cannot be read.
    """
    workspace = Workspace(Checkout(top, walk=False))
    groups: dict[str, set[str]] = {}
    name_of = _grouping(workspace, by)
    for path in changes:
        groups.setdefault(name_of(path), set()).add(path)
    files = [_Change(path, workspace, originals.get(path), new) for path, new in changes.items()]
    return tuple(Part(name, tuple(sorted(paths))) for name, paths in _ordered(groups, _first(files)))


def _grouping(workspace: Workspace, by: str) -> Callable[[str], str]:
    if by == "codeowners":
        return _owners(workspace.checkout)

    def module(path: str) -> str:
        found = workspace.module_of(path.rpartition("/")[0])
        return found.path if found else "no module"

    def package(path: str) -> str:
        if not is_searched_go(path):
            return module(path)
        return workspace.import_path(path.rpartition("/")[0]) or "the top folder"

    return {"module": module, "package": package}[by]


def _owners(checkout: Checkout) -> Callable[[str], str]:
    from codeowners import CodeOwners

    for name in _OWNER_FILES:
        data = checkout.read(name) if (checkout.top / name).exists() else None
        if data is not None:
            break
    else:
        raise UserError(
            f"--split codeowners: there is no CODEOWNERS file to read (looked for {', '.join(_OWNER_FILES)}). "
            "Use --split module or --split package."
        )
    text = data.decode("utf-8", "replace")
    for number, line in enumerate(text.splitlines(), 1):
        if too_open((line.split() or [""])[0]):
            raise UserError(
                f"{name}:{number}: the pattern has too many wildcards. Mend the line, or use --split module."
            )
    try:
        owners = CodeOwners(text)
    except ValueError as error:
        raise UserError(f"{name}: {error}. Mend the line, or use --split module.") from None
    return lambda path: " ".join(owner for _, owner in owners.of(path)) or "no owner"


class _Change:
    """A changed file, and what the order rests on: the names that it gives, takes away and uses.

    A name is ("import path", "Name"); a method's is ("", "Name"), since whoever calls it need not import its package.
    """

    def __init__(self, path: str, workspace: Workspace, old: bytes | None, new: bytes | None) -> None:
        self.path = path
        module = workspace.module_of(path.rpartition("/")[0])
        self.module = module.directory if module is not None else None
        self._package = workspace.import_path(path.rpartition("/")[0])
        self._bytes = old, new
        self.is_go = is_searched_go(path)
        self._old, self._new = (
            SourceFile(path, text) if text is not None and self.is_go else None for text in (old, new)
        )

    @cached_property
    def gives(self) -> Set[tuple[str, str]]:
        return self._declared(self._new) - self._declared(self._old)

    @cached_property
    def takes(self) -> Set[tuple[str, str]]:
        return self._declared(self._old) - self._declared(self._new)

    @cached_property
    def takes_lines(self) -> bool:
        """Whether a line goes that the file had: it may say what a requirement is needed for, or that there is one."""
        return bool({*(self._bytes[0] or b"").splitlines()} - {*(self._bytes[1] or b"").splitlines()})

    def uses_before(self, names: Set[tuple[str, str]]) -> bool:
        return self._uses(self._old, names)

    def uses_after(self, names: Set[tuple[str, str]]) -> bool:
        return self._uses(self._new, names)

    def _declared(self, file: SourceFile | None) -> set[tuple[str, str]]:
        if file is None:
            return set()
        functions = {("" if receiver else self._package, name) for receiver, name in file.functions_by_name}
        return functions | {(self._package, name) for name in (*file.values, *file.types)}

    def _uses(self, file: SourceFile | None, names: Set[tuple[str, str]]) -> bool:
        if file is None or not names:
            return False
        seen = {"", self._package, *(i.path for i in file.imports)}
        words = set(_WORD.findall(file.source))
        return any(package in seen and name.encode() in words for package, name in names)


def _first(files: Iterable[_Change]) -> set[tuple[str, str]]:
    """Pairs of paths (first, later): the second must not be applied before the first."""
    files = list(files)
    pairs = set()
    with_code = {file.module for file in files if file.is_go}
    for one in files:
        for other in files:
            if one is not other:
                if not one.is_go and (one.module == other.module or (other.is_go and one.module not in with_code)):
                    # Module files come before the code that needs them, be it of a module that theirs builds on; none
                    # comes without the others, and what they no longer hold is needed until that code has changed.
                    pairs.add((one.path, other.path))
                    if not other.is_go or one.takes_lines:
                        pairs.add((other.path, one.path))
                if other.uses_after(one.gives):
                    pairs.add((one.path, other.path))
                if other.uses_before(one.takes):
                    pairs.add((other.path, one.path))
                if one.gives & other.takes:
                    # It moves from one file to the other: no build stands it twice, or not at all.
                    pairs |= {(one.path, other.path), (other.path, one.path)}
    return pairs


def _ordered(groups: dict[str, set[str]], first: set[tuple[str, str]]) -> list[tuple[str, set[str]]]:
    """The groups in an order that keeps every pair, those in a circle merged; by name where the pairs leave it open."""
    while True:
        group_of = {path: name for name, paths in groups.items() for path in paths}
        sorter: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(sorted(groups), ()))
        for before, after in sorted(first):
            if group_of[before] != group_of[after]:
                sorter.add(group_of[after], group_of[before])
        try:
            sorter.prepare()
        except CycleError as error:
            circle = sorted(set(error.args[1]))
            merged = set[str]().union(*(groups.pop(name) for name in circle))
            groups[" and ".join(circle)] = merged
            continue
        order: list[tuple[str, set[str]]] = []
        while sorter.is_active():
            for name in sorted(sorter.get_ready()):
                order.append((name, groups[name]))
                sorter.done(name)
        return order
