"""Settings that a checkout brings along: `.gomigrate.toml`, or `[tool.gomigrate]` in pyproject.toml.

The nearest file counts, from the folder that is looked at upwards, but never one outside of the checkout.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gomigrate.catalogue import Severity, find_rule, nearest
from gomigrate.errors import printable
from gomigrate.model import Stage
from gomigrate.plain_files import read_plain
from gomigrate.selection import Selection, specification, too_open

if TYPE_CHECKING:
    from gomigrate.tables import Table

OFF = "off"
OWN_NAME = ".gomigrate.toml"
PYPROJECT = "pyproject.toml"
MAX_BYTES = 1024 * 1024


class Configuration(NamedTuple):
    """What a file says; an empty text where it says nothing. `source` is its path below the checkout's top;
    `severities` are pairs of a rule's id and what it is to have, None for off; `names` are pairs of an old finalizer
    name and its new one."""

    source: str = ""
    pack: str = ""
    stage: str = ""
    constant_package: str = ""
    selection: Selection = Selection()
    severities: tuple[tuple[str, Severity | None], ...] = ()
    names: tuple[tuple[str, str], ...] = ()


def find(folder: Path, top: Path) -> Configuration:
    """The configuration for what lies in `folder`, which is `top` or below it; both are without symlinks.

    Raises UserError, naming file, line and key, when it is broken, unreadable, or a symlink that leads out of `top`.
    """
    for place in (folder, *folder.parents):
        for name in (OWN_NAME, PYPROJECT):
            # Nearly always there is none, and a look at two names is all that it costs.
            if os.path.lexists(place / name):
                found = _read(place / name, top)
                if found is not None:
                    return found
        if place == top:
            break
    return Configuration()


def _read(path: Path, top: Path) -> Configuration | None:
    """The configuration in a file; None when it is a pyproject.toml that does not speak of gomigrate."""
    data = read_plain(path, MAX_BYTES, "Put the settings into a plain file, or remove it.", top, "the checkout")
    if path.name == PYPROJECT and b"gomigrate" not in data:
        return None
    from gomigrate.tables import Source, Table

    source = Source(path, data)
    root = Table(source, (), source.data)
    if path.name == PYPROJECT:
        tool = root.table("tool")
        if "gomigrate" not in tool.rest:
            return None
        root = tool.table("gomigrate")
    shown = printable(path.relative_to(top).as_posix())
    folder = path.parent.relative_to(top).as_posix()
    configuration = Configuration(
        shown,
        root.text("pack", ""),
        root.choice("stage", [s.value for s in Stage]),
        root.text("constant-package", ""),
        Selection(shown, "" if folder == "." else folder, root.texts("include"), root.texts("exclude")),
        _severities(root.table("severities")),
        _names(root.table("names")),
    )
    root.done()
    for key in ("include", "exclude"):
        for pattern in getattr(configuration.selection, key):
            if too_open(pattern):
                root.fail(key, f"{printable(repr(pattern))} has too many wildcards; write several patterns with fewer")
            try:
                specification((pattern,))
            except (ValueError, re.error):
                root.fail(key, f"{printable(repr(pattern))} is no pattern of git's ignore language")
    return configuration


def _severities(table: Table) -> tuple[tuple[str, Severity | None], ...]:
    found: dict[str, Severity | None] = {}
    for key in list(table.rest):
        rule = find_rule(key)
        if rule is None:
            close = nearest(key)
            hint = f"; did you mean {close!r}?" if close else ""
            table.fail(key, f"is no rule{hint} (`gomigrate explain` lists them)")
        elif rule.id in found:
            table.fail(key, f"is {rule.id}, which stands here already")
        else:
            value = table.choice(key, [*(s.value for s in Severity), OFF])
            found[rule.id] = None if value == OFF else Severity(value)
    return tuple(found.items())


def _names(table: Table) -> tuple[tuple[str, str], ...]:
    return tuple((old, table.text(old)) for old in list(table.rest))
