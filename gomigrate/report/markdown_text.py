"""Values of other people as Markdown: made harmless, and no longer than a page has room for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from gomigrate.report.words import visible

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

_SPACES = re.compile(r"[ \t\r\n]+")
_SPAN = re.compile(r"`([^`]+)`")
_TICKS = re.compile("`+")
_PIPE = re.compile(r"\\?\|")
_SPECIAL = re.compile(
    r"(?P<link>[@#](?=\w))|[\\`*\[\]<>&|~$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^(?:[-+=#]|\d+(?=[.)]))"
)
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "$": "&#36;"}


class Markdown(str):
    """Text that is Markdown already."""


class Writer:
    """Forms of values for one page, none of them longer than the level allows."""

    def __init__(self) -> None:
        self.items, self.chars, self.lines = LEVELS[0]

    def finalize(self, value: object) -> object:
        """What jinja2 calls on every value that the template prints."""
        return value if isinstance(value, Markdown) else self.prose(str(value))

    def prose(self, value: str) -> Markdown:
        """Words on one line, with `code` in them; whatever else means something in Markdown is escaped."""
        parts = _SPAN.split(_SPACES.sub(" ", cut(value, self.chars).strip()))
        return Markdown(
            "".join(
                self.code(part) if i % 2 else _SPECIAL.sub(_escape_mark, visible(part)) for i, part in enumerate(parts)
            )
        )

    def sentence(self, value: str) -> Markdown:
        """Words with a full stop, so that the next sentence may follow."""
        text = self.prose(value)
        return Markdown(text + "." if text and text[-1] not in ".!?:;" else text)

    def object_type(self, value: str) -> Markdown:
        """A Go type, and perhaps words about it."""
        name, space, rest = value.strip().partition(" ")
        comma = "," if space and name.endswith(",") else ""
        return Markdown(f"{self.code(name.removesuffix(comma))}{comma}{space}{self.prose(rest)}")

    def code(self, value: str) -> Markdown:
        """One line of code."""
        text = visible(cut(value, self.chars))
        if not text:
            return Markdown("(empty)")
        ticks = "`" * (_longest_run(text) + 1)
        pad = " " if text[0] in "` " or text[-1] in "` " else ""
        return Markdown(f"{ticks}{pad}{text}{pad}{ticks}")

    def cell(self, value: str) -> Markdown:
        """One line of code in a table, where a pipe ends the cell even inside code."""
        # Renderers disagree about `\\|`, so a pipe behind a backslash is spelled out.
        return Markdown(_PIPE.sub(lambda m: "\\|" if m[0] == "|" else "\\\\x7c", self.code(value)))

    def codes(self, values: Sequence[str], most: int | None = None) -> Markdown:
        """Pieces of code in a row."""
        return self.row(values, self.code, most)

    def row(self, values: Sequence[str], form: Callable[[str], str], most: int | None = None) -> Markdown:
        most = self.items if most is None else min(most, self.items)
        shown = ", ".join(map(form, values[:most]))
        rest = len(values) - most
        return Markdown(f"{shown} and {rest:,} more" if rest > 0 else shown)

    def bullets(self, values: Sequence[Any], form: Callable[[Any], str]) -> Markdown:
        return Markdown("\n".join(f"- {form(value)}" for value in values[: self.items]) + self.rest(values))

    def rest(self, values: Sequence[Any]) -> str:
        """The entry that stands for those that were left out."""
        rest = len(values) - self.items
        return f"\n- and {rest:,} more, see the JSON report" if rest > 0 else ""

    def table(self, titles: Sequence[str], rows: Sequence[Any], form: Callable[[Any], Sequence[str]]) -> Markdown:
        lines = [titles, ["---"] * len(titles), *(form(row) for row in rows[: self.items])]
        more = self.rest(rows)
        return Markdown("\n".join(f"| {' | '.join(line)} |" for line in lines) + (f"\n{more}" if more else ""))


def words(value: str) -> Markdown:
    """Words of others on one line, for pages of another kind; in a table as well."""
    return Markdown(_PIPE.sub(r"\\|", Writer().prose(value)))


def fence(code: str, language: str) -> Markdown:
    """A block of code that its content cannot close."""
    text = visible(code, keep="\n\t")
    ticks = "`" * max(3, _longest_run(text) + 1)
    return Markdown(f"{ticks}{language}\n{text}\n{ticks}")


def cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[:limit] + "…"


def _longest_run(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)


def _escape_mark(match: re.Match[str]) -> str:
    mark = match[0]
    if mark in _ENTITIES:
        return _ENTITIES[mark]
    if match.lastgroup == "link":
        return mark + "&#8203;"  # or GitHub notifies a person, or links an issue
    return mark + "\\" if mark.isdigit() else "\\" + mark
