"""The report for people: Markdown that fits a pull request's description.

Names, paths and code come from a checkout that nobody vouches for. So whatever the template prints is made
harmless on its way out: as prose by default, as code by a filter. Nothing gets out of its place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

# GitHub takes 65,536 characters; the rest is for what a person adds.
LIMIT = 60_000

# Entries of a list, characters of a value, lines of code: tried in turn until the report fits.
LEVELS = (
    (200, 2000, 40),
    (100, 600, 20),
    (50, 400, 10),
    (25, 300, 6),
    (12, 200, 4),
    (5, 120, 3),
    (2, 60, 2),
    (1, 20, 1),
)

HANDLERS = (("old",), ("new",), ("old", "new"), ("new", "old"), ("old", "new", "old"))

_BLANK = re.compile(r"\n{3,}")
_SPACES = re.compile(r"[ \t\r\n]+")
_SPAN = re.compile(r"`([^`]+)`")
_TICKS = re.compile("`+")
_PIPE = re.compile(r"\\?\|")
_SPECIAL = re.compile(
    r"(?P<link>[@#](?=\w))|[\\`*\[\]<>&|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^(?:[-+=#]|\d+(?=[.)]))"
)
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "$": "&#36;"}
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


class Markdown(str):
    """Text that is Markdown already."""


def render_markdown(view: dict[str, Any]) -> str:
    """The view as Markdown; where it would grow too long for GitHub the lists are shortened, and say so."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    writer = _Writer()
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=False,
        finalize=writer.finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        by_file=by_file,
        cell=writer.cell,
        code=writer.code,
        codes=writer.codes,
        diff=writer.diff,
        command=command,
        grid=grid,
        kind=kind,
        more=writer.more,
        number=number,
        reasons=reasons,
        sentence=sentence,
        take=writer.take,
    )
    template = environment.get_template("report.md.j2")
    text = ""
    for writer.items, writer.chars, writer.lines in LEVELS:
        text = _BLANK.sub("\n\n", template.render(view))
        # In UTF-16, where an emoji counts as two: so it fits whoever counts.
        if len(text.encode("utf-16-le")) // 2 <= LIMIT:
            break
    return text


class _Writer:
    """The filters that let through no more than the level allows."""

    def __init__(self) -> None:
        self.items, self.chars, self.lines = LEVELS[0]

    def finalize(self, value: object) -> object:
        """What jinja2 calls on every value that the template prints."""
        return value if isinstance(value, (Markdown, int)) else self.prose(str(value))

    def prose(self, value: str) -> Markdown:
        """Words on one line, with `code` in them; whatever else means something in Markdown is escaped."""
        parts = _SPAN.split(_SPACES.sub(" ", _cut(value, self.chars).strip()))
        return Markdown(
            "".join(
                self.code(part) if i % 2 else _SPECIAL.sub(_escape_mark, visible(part))
                for i, part in enumerate(parts)
            )
        )

    def code(self, value: object) -> Markdown:
        """One line of code."""
        text = visible(_cut(str(value), self.chars))
        if not text:
            return Markdown("(empty)")
        ticks = "`" * (_longest_run(text) + 1)
        pad = " " if text[0] in "` " or text[-1] in "` " else ""
        return Markdown(f"{ticks}{pad}{text}{pad}{ticks}")

    def cell(self, value: object) -> Markdown:
        """One line of code in a table, where a pipe ends the cell even inside code."""
        # Renderers disagree about `\\|`, so a pipe behind a backslash is spelled out.
        return Markdown(_PIPE.sub(lambda m: "\\|" if m[0] == "|" else "\\\\x7c", self.code(value)))

    def codes(self, values: Sequence[object], most: int = 200, cell: bool = False) -> Markdown:
        """Pieces of code in a row, or in a cell of a table."""
        most = min(most, self.items)
        shown = ", ".join(map(self.cell if cell else self.code, values[:most]))
        rest = len(values) - most
        return Markdown(f"{shown} and {rest:,} more" if rest > 0 else shown)

    def diff(self, change: dict[str, Any]) -> Markdown:
        """The code before and after."""
        return fence(
            "\n".join(self._lines("-", change["before"]) + self._lines("+", change["after"])), "diff"
        )

    def _lines(self, sign: str, code: str) -> list[str]:
        lines = _cut(code, self.chars * 4).replace("\r\n", "\n").rstrip().split("\n")
        shown = [f"{sign} {_cut(line, self.chars)}" for line in lines[: self.lines]]
        if lines == [""]:
            return []
        return shown if len(lines) <= self.lines else [*shown, f"{sign} …"]

    def take(self, values: Sequence[Any]) -> Sequence[Any]:
        """As many entries of a list as the level allows."""
        return values[: self.items]

    def more(self, values: Sequence[Any]) -> Markdown:
        """The entry that stands for those that `take` left out."""
        rest = len(values) - self.items
        return Markdown(f"- and {rest:,} more, see the JSON report\n" if rest > 0 else "")


def visible(text: str, keep: str = "") -> str:
    """The text with everything that a terminal or a browser would act on, or hide, written out."""
    if text.isprintable():
        return text
    return "".join(ch if ch.isprintable() or ch in keep else _escape_char(ch) for ch in text)


def fence(code: str, language: str) -> Markdown:
    """A block of code that its content cannot close."""
    text = visible(code, keep="\n\t")
    ticks = "`" * max(3, _longest_run(text) + 1)
    return Markdown(f"{ticks}{language}\n{text}\n{ticks}")


def command(text: str) -> Markdown:
    """A command, whole or not at all: people run it."""
    return fence(text, "sh") if len(text) < 8000 else Markdown("Too long to show: see the JSON report.")


def kind(meaning: dict[str, Any]) -> str:
    """What sort of change in meaning it is, in a few words."""
    words = str(meaning["operation"] or "rewrite")
    if meaning["kind"] == "assumed":
        return words + " on an assumed type"
    words += " narrowed" if meaning["kind"] == "narrowed" else ""
    return f"{words}: {meaning['name']}" if meaning["name"] else words


def number(count: int, one: str, many: str = "") -> str:
    """The count with its noun."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def sentence(text: str) -> str:
    """The text with a full stop, so that the next sentence may follow."""
    text = text.strip()
    return text + "." if text and text[-1] not in ".!?:;" else text


def by_file(findings: Sequence[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Findings that stand next to each other in one file."""
    return [(path, list(group)) for path, group in groupby(findings, key=lambda f: str(f["path"]))]


def grid(matrix: dict[str, Any]) -> dict[str, Any]:
    """A matrix as a table: a row for who created the object, a column for who handled it in turn."""
    cells = {(c["created_by"], tuple(c["handled_by"])): c for c in matrix["cells"]}
    columns = [h for h in HANDLERS if any(key[1] == h for key in cells)]
    columns += list(dict.fromkeys(key[1] for key in cells if key[1] not in columns))
    creators = [c for c in ("old", "new") if any(key[0] == c for key in cells)]
    creators += list(dict.fromkeys(key[0] for key in cells if key[0] not in creators))
    return {
        "columns": [_handlers(h) for h in columns],
        "rows": [(creator, [cells.get((creator, h)) for h in columns]) for creator in creators],
    }


def reasons(matrix: dict[str, Any]) -> list[tuple[bool, str, list[str]]]:
    """Why objects are freed or stuck, each reason once with its cells; the stuck ones first."""
    found: dict[tuple[bool, str], dict[str, list[str]]] = {}
    for c in sorted(matrix["cells"], key=lambda c: bool(c["freed"])):
        if c["why"]:
            places = found.setdefault((c["freed"], c["why"]), {})
            places.setdefault(c["created_by"], []).append(_handlers(c["handled_by"]))
    return [
        (freed, why, [f"created by {by} and handled by {' / '.join(paths)}" for by, paths in places.items()])
        for (freed, why), places in found.items()
    ]


def _handlers(handled_by: Sequence[str]) -> str:
    if len(handled_by) > 2:
        return ", ".join(handled_by)
    return " then ".join(handled_by) + (" (rollback)" if tuple(handled_by) == ("new", "old") else "")


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[:limit] + "…"


def _longest_run(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)


def _escape_char(ch: str) -> str:
    code = ord(ch)
    if ch in _ESCAPES:
        return _ESCAPES[ch]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _escape_mark(match: re.Match[str]) -> str:
    mark = match[0]
    if mark in _ENTITIES:
        return _ENTITIES[mark]
    if match.lastgroup == "link":
        return mark + "&#8203;"  # or GitHub notifies a person, or links an issue
    return mark + "\\" if mark.isdigit() else "\\" + mark
