"""The list of a fleet: TOML, a table `[[checkout]]` for each repository."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from gomigrate.errors import UserError, printable
from gomigrate.git.clone import is_address, shown
from gomigrate.model import Stage
from gomigrate.tables import Source, Table

PROPOSED = "proposed"
MAX_BYTES = 16 * 1024 * 1024
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*")


class Entry(NamedTuple):
    """A repository of the list; `source` is an address for git or a folder, `revision` a commit, tag or branch, "" for
    what is checked out (of an address: its default branch)."""

    name: str
    source: str
    revision: str = ""
    pack: str = ""
    stage: str = ""
    names: tuple[tuple[str, str], ...] = ()
    proposed: bool = False


def read_list(path: Path) -> tuple[Entry, ...]:
    """The entries of a list, in its order; paths in it are relative to its folder, and every name is there once.

    Raises UserError, naming file, line and key, for a list that is broken.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}.") from None
    if len(data) > MAX_BYTES:
        raise UserError(f"{path}: is larger than {MAX_BYTES >> 20} MiB, too large for a list.")
    source = Source(path, data)
    table = Table(source, (), source.data)
    tables = table.tables("checkout")
    table.done()
    if not tables:
        raise UserError(f"{path}: no [[checkout]] in it; each repository has one, with its url or path.")
    entries = [_entry(one, path.parent) for one in tables]
    return _named(entries, tables)


def _entry(table: Table, folder: Path) -> Entry:
    name = table.text("name", "")
    if name and not _NAME.fullmatch(name):
        table.fail("name", "is also that of a folder: letters, digits, `-`, `_` and `.`, at most 100")
    revision = table.text("commit", "")
    if revision and (not _REVISION.fullmatch(revision) or ".." in revision):
        table.fail("commit", f"{printable(repr(revision))} is no commit, tag or branch")
    names, proposed = _names(table)
    entry = Entry(
        name,
        _source(table, folder),
        revision,
        table.text("pack", ""),
        table.choice("stage", [s.value for s in Stage]),
        names,
        proposed,
    )
    table.done()
    return entry


def _source(table: Table, folder: Path) -> str:
    url, path = table.text("url", ""), table.text("path", "")
    if bool(url) is bool(path):
        table.fail("url", "give either url or path: an address for git, or a folder")
    if path:
        return str((folder / Path(path).expanduser()).resolve())
    if not is_address(url):
        table.fail(
            "url",
            f"{printable(repr(shown(url)))} is no address of the kind https://, ssh://, file:// or user@host:path",
        )
    return url


def _names(table: Table) -> tuple[tuple[tuple[str, str], ...], bool]:
    if table.rest.get("names") == PROPOSED:
        return (), table.text("names") == PROPOSED
    if not isinstance(table.rest.get("names", {}), dict):
        table.fail("names", f"must be a table of old and new names, or {PROPOSED!r}")
    names = table.table("names")
    return tuple((old, names.text(old)) for old in list(names.rest)), False


def _named(entries: list[Entry], tables: list[Table]) -> tuple[Entry, ...]:
    """Those without a name get the last part of where they are, with the part before it where that is not enough."""
    short = [entry.name or _derived(entry.source, 1) for entry in entries]
    often = Counter(name.casefold() for name in short)
    named = [
        entry._replace(name=entry.name or (name if often[name.casefold()] == 1 else _derived(entry.source, 2)))
        for entry, name in zip(entries, short, strict=True)
    ]
    seen: set[str] = set()
    for entry, table in zip(named, tables, strict=True):
        if entry.name.casefold() in seen:
            table.fail("name", f"{entry.name!r} is the name of another one already; give each a name of its own")
        seen.add(entry.name.casefold())
    return tuple(named)


def _derived(source: str, count: int) -> str:
    parts = [part for part in re.split(r"[/\\:@]+", source.rstrip("/").removesuffix(".git")) if part]
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", "-".join(parts[-count:])).lstrip(".-")
    return name[:100] or "checkout"
