"""A baseline: findings that are known and accepted for now, so that `check` tells of new ones only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gomigrate.errors import UserError, printable
from gomigrate.fingerprints import VERSION, fingerprints
from gomigrate.model import Diagnostic, Note
from gomigrate.plain_files import read_plain
from gomigrate.report.words import number

FORMAT = 1
MAX_BYTES = 64 * 1024 * 1024
_VERSION = {"gomigrate_baseline": FORMAT, "fingerprints": VERSION}


class Baseline(NamedTuple):
    """`entries`: fingerprint -> the path of the finding, relative to the top of its checkout."""

    source: str
    entries: dict[str, str]

    def compare(self, found: Sequence[Diagnostic], scope: Iterable[str]) -> tuple[tuple[Diagnostic, ...], Note | None]:
        """The findings that are new, and a note on the others and on entries that are no finding any more.

        `scope` are the files and folders that were looked at, relative to the top, '' for a whole checkout.
        """
        marks = fingerprints(found)
        new = tuple(d for d in found if marks[d] not in self.entries)
        gone = self.entries.keys() - set(marks.values())
        stale = sum(any(_within(self.entries[mark], folder) for folder in scope) for mark in gone)
        said = []
        if len(new) < len(found):
            said.append(f"{number(len(found) - len(new), 'finding')} known by the baseline {self.source}")
        if stale:
            said.append(f"{number(stale, 'finding')} of the baseline {self.source} gone: write it anew")
        return new, Note("", "; ".join(said)) if said else None


def render_baseline(found: Sequence[Diagnostic]) -> str:
    """The baseline of these findings, those left out that a comment suppresses. Lines that move do not change it."""
    marks = fingerprints(found)
    entries = [{"path": _plain(d.path), "rule": d.rule.id, "fingerprint": marks[d]} for d in found if not d.suppressed]
    entries.sort(key=lambda e: (e["path"], e["rule"], e["fingerprint"]))
    return json.dumps({**_VERSION, "findings": entries}, indent=2) + "\n"


def read_baseline(path: Path) -> Baseline:
    """Raises UserError for a file that cannot be read, is no baseline, or is one of another version."""
    shown = printable(str(path))
    again = f"Write it anew: gomigrate baseline write {shown}"
    data = read_plain(path, MAX_BYTES, again)
    try:
        document = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise UserError(f"{shown}: is no baseline: not JSON. {again}") from None
    if not isinstance(document, dict) or "gomigrate_baseline" not in document:
        raise UserError(f"{shown}: is no baseline of gomigrate. {again}")
    if any(document.get(key) != version for key, version in _VERSION.items()):
        raise UserError(
            f"{shown}: is a baseline of version {_told(document)}, and this gomigrate knows version "
            f"{_told(_VERSION)}. {again}"
        )
    try:
        entries = {str(e["fingerprint"]): str(e["path"]) for e in document["findings"]}
    except (KeyError, TypeError):
        raise UserError(f"{shown}: is no whole baseline: an entry lacks its path or fingerprint. {again}") from None
    return Baseline(shown, entries)


def _told(document: Mapping[str, object]) -> str:
    return ".".join(printable(str(document.get(key, "?")))[:20] for key in _VERSION)


def _within(path: str, folder: str) -> bool:
    return folder in ("", path) or path.startswith(f"{folder}/")


def _plain(path: str) -> str:
    """A path with stray bytes written out, as reports do."""
    return path.encode("utf-8", "backslashreplace").decode()
