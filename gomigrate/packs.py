"""Packs: what is known of a project, in a folder of plain files. A new pack needs no Python.

A pack is a folder with `pack.toml`; queries (`.scm`) and templates (`.go.j2`) that it does not bring are those of the
`base` folder beside the packs that come with gomigrate.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from gomigrate.catalogue import DIRECTIVE
from gomigrate.errors import UserError, printable
from gomigrate.finalizer.qualified import Verdict, judge_name
from gomigrate.model import Exported
from gomigrate.plain_files import read_plain
from gomigrate.resources import data_dir
from gomigrate.selection import specification, too_open
from gomigrate.tables import Source, Table

if TYPE_CHECKING:
    from jinja2 import Environment

DIFFERENCES = frozenset(
    (
        *("duplicate", "overwrites", "first-only", "leftover", "order"),
        *("sorted", "dedup", "nil-empty", "zero-time", "panic"),
    )
)
# In every name of the API that touches finalizers.
COMMON = b"inalizer"
MAX_BYTES = 256 * 1024
_REMEDY = "A pack is a folder of small plain files."
_FIXED = re.compile(r"[-A-Za-z0-9_.]+")
_SPECIAL = re.compile(r"[][!#\\]")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


# What gives the text of a template (its file name) for the values that it names: `Pack.render`, or that elsewhere.
Render = Callable[[str, dict[str, object]], str]


class FinalizerName(NamedTuple):
    """One finalizer: the name that objects carry today, its domain-qualified successor, and what to call them."""

    old: str
    new: str
    constant: str
    legacy_constant: str


class ForceDelete(NamedTuple):
    path: str
    why: str


class Pack(NamedTuple):
    name: str
    title: str
    description: str
    folder: Path
    base: Path
    modules: tuple[str, ...]
    finalizers: tuple[FinalizerName, ...]
    accept: dict[str, str]
    force_delete: tuple[ForceDelete, ...]
    # Whether the names are those that the code is found to use; `finalizers` are then those that a mapping renames.
    finds_names: bool = False
    # What becomes of exported helpers that nothing in the checkout calls any more.
    exported: Exported = Exported.DEPRECATE
    # Whether helpers that ask for nothing but the deletion timestamp are migrated, too.
    deletion_tests: bool = True
    # Old names of the mapping that are renamed nowhere, and why.
    refused: Mapping[str, str] = MappingProxyType({})

    @property
    def needles(self) -> tuple[bytes, ...]:
        """Bytes of which a file holds at least one when it has anything to do with finalizers or these names."""
        return (COMMON, DIRECTIVE, *(n for n in self.names if COMMON not in n))

    @property
    def names(self) -> tuple[bytes, ...]:
        """Old and new names, as they stand in files."""
        return tuple(name.encode() for f in self.finalizers for name in (f.old, f.new))

    def path(self, name: str) -> Path:
        """A query or template: the pack's own file when it brings one, else that of the base."""
        return _path(self.folder, self.base, name)

    def text(self, name: str) -> str:
        """What a query or template holds. Raises UserError when it is no plain file of the pack, or too large."""
        return _text(self.folder, self.base, name)

    def prepare_templates(self) -> None:
        """Compiles the templates, so that `render` is quick."""
        environment = _environment(self.folder, self.base)
        for name in sorted({path.name for folder in (self.base, self.folder) for path in folder.glob("*.j2")}):
            environment.get_template(name)

    def render(self, name: str, values: dict[str, object]) -> str:
        """What a template gives for these values. Raises UserError when it is broken."""
        from gomigrate.templating import render

        try:
            return render(_environment(self.folder, self.base), name, values)
        except ValueError as error:
            raise UserError(f"{self.path(name)}: is no valid template: {printable(str(error))}.") from None

    def forced(self, path: str) -> str:
        """Why a file may delete by force, by git's ignore language; "" where no such place is named."""
        return next((f.why for f in self.force_delete if specification((f.path,)).match_file(path)), "")

    def may_be_forced(self, path: str) -> bool:
        """Whether `forced` is worth asking: what most patterns do not take in is told apart by their fixed parts, as
        loading pathspec costs more than checking a file does."""
        return any(
            _SPECIAL.search(place.path) or all(part in path for part in _FIXED.findall(place.path))
            for place in self.force_delete
        )


def _path(folder: Path, base: Path, name: str) -> Path:
    return folder / name if os.path.lexists(folder / name) else base / name


def _text(folder: Path, base: Path, name: str) -> str:
    path = _path(folder, base, name)
    # What gomigrate brings along may be installed as symlinks.
    data = read_plain(path, MAX_BYTES, _REMEDY, *((folder, "the pack") if path.parent == folder else ()))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{printable(str(path))}: is not UTF-8 text.") from None


@lru_cache(maxsize=8)
def _environment(folder: Path, base: Path) -> Environment:
    from gomigrate.templating import environment

    return environment(lambda name: _text(folder, base, name))


def rules_folders(extra: Path | None) -> list[Path]:
    """Where packs are looked for: the folder given by --rules first, then those that come with gomigrate."""
    return [*([extra] if extra else []), data_dir("rules")]


def available(extra: Path | None = None) -> dict[str, Path]:
    """Pack name -> folder. Raises UserError when `extra` is no folder or holds no pack."""
    found: dict[str, Path] = {}
    for folder in rules_folders(extra):
        if not folder.is_dir():
            raise UserError(f"{folder}: no such folder. --rules takes a folder that holds pack folders.")
        # A folder that is given as `.` has its name all the same.
        one = Path(os.path.abspath(folder))
        packs = [one] if (folder / "pack.toml").is_file() else sorted(p.parent for p in folder.glob("*/pack.toml"))
        if folder is extra and not packs:
            raise UserError(f"{folder}: no pack in it (a pack is a folder with a pack.toml).")
        for pack in packs:
            found.setdefault(pack.name, pack)
    return found


def load(name: str, extra: Path | None = None) -> Pack:
    """The pack of this name. Raises UserError, naming file, key and what is wanted, when it is unknown or broken."""
    packs = available(extra)
    if name not in packs:
        raise UserError(
            f"no pack named {name!r}; there are: {', '.join(sorted(packs))} (see `gomigrate rules list`). "
            "--rules DIR adds a folder with your own."
        )
    return read(packs[name])


def read(folder: Path) -> Pack:
    """The pack in a folder."""
    path = folder / "pack.toml"
    source = Source(path, read_plain(path, MAX_BYTES, _REMEDY, folder, "the pack"))
    table = Table(source, (), source.data)
    finalizers = tuple(_finalizer(t) for t in table.tables("finalizer"))
    finds_names = table.flag("find_names")
    if bool(finalizers) is finds_names:
        wanted = "find_names finds them: leave [[finalizer]] out" if finds_names else "a pack names at least one"
        raise UserError(f"{path}: {'a' if finds_names else 'no'} [[finalizer]] in it: {wanted}.")
    for key in ("old", "new", "constant", "legacy_constant"):
        _unique(path, key, [getattr(f, key) for f in finalizers])
    name = table.text("name")
    if name != folder.name:
        table.fail("name", f"is {name!r}, but a pack is chosen by the name of its folder: {folder.name!r}")
    pack = Pack(
        name=name,
        title=table.text("title"),
        description=table.text("description", "").strip(),
        folder=folder,
        base=data_dir("rules") / "base",
        modules=table.texts("modules"),
        finalizers=finalizers,
        accept=_accept(table.table("accept")),
        force_delete=tuple(_force_delete(t) for t in table.tables("force-delete")),
        finds_names=finds_names,
        deletion_tests=table.choice("deletion_tests", ("migrate", "keep")) != "keep",
        exported=Exported(table.choice("exported", [e.value for e in Exported]) or Exported.DEPRECATE),
    )
    table.done()
    return pack


def _finalizer(table: Table) -> FinalizerName:
    name = FinalizerName(table.text("old"), table.text("new"), table.text("constant"), table.text("legacy_constant"))
    if judge_name(name.new) is not Verdict.QUALIFIED:
        table.fail("new", f"{name.new!r} is no domain-qualified name such as 'example.org/finalizer'")
    for key in ("constant", "legacy_constant"):
        value = getattr(name, key)
        if not _IDENTIFIER.match(value) or not value[0].isupper():
            table.fail(key, f"{value!r} is no exported Go identifier")
    if name.old == name.new:
        table.fail("new", "is the same as the old name")
    for key in ("old", "new"):
        if any(c in getattr(name, key) for c in '"\\\n'):
            table.fail(key, "holds a quote, backslash or newline")
    table.done()
    return name


def _force_delete(table: Table) -> ForceDelete:
    place = ForceDelete(table.text("path"), table.text("why"))
    if too_open(place.path):
        table.fail("path", f"{printable(repr(place.path))} has too many wildcards; write several patterns with fewer")
    table.done()
    return place


def _accept(table: Table) -> dict[str, str]:
    accepted = {key: table.text(key) for key in list(table.rest)}
    for key in accepted:
        if key not in DIFFERENCES:
            table.fail(key, f"is no known difference; known are: {', '.join(sorted(DIFFERENCES))}")
    return accepted


def _unique(path: Path, key: str, values: list[str]) -> None:
    twice = next((v for v in values if values.count(v) > 1), None)
    if twice is not None:
        raise UserError(f"{path}: [[finalizer]] {key}: {twice!r} stands twice.")
