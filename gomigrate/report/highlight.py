"""Go source as harmless HTML: colours from the parse, and everything that hides or acts written out."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from itertools import groupby

import tree_sitter_go
from tree_sitter import Query, QueryCursor

from gomigrate.go.syntax import SourceFile
from gomigrate.go.trees import GO
from gomigrate.report.words import visible

# A longer line is cut: nobody reads on, and browsers grow slow.
LINE_LIMIT = 400
MARKED = 0x80

# The names are those of tree-sitter's highlight query for Go; variables, fields and operators keep the text's colour.
_CLASSES = {
    "keyword": "k",
    "string": "s",
    "escape": "e",
    "number": "n",
    "constant.builtin": "n",
    "comment": "c",
    "function": "f",
    "function.builtin": "f",
    "function.method": "f",
    "type": "t",
}
_query: list[Query] = []


def colours(path: str, source: bytes, ranges: Iterable[tuple[int, int]]) -> bytearray:
    """One byte for each byte of the source: 0, or the letter of its colour's class; only inside `ranges` (offsets)."""
    result = bytearray(len(source))
    if not path.endswith(".go"):
        return result
    if not _query:
        _query.append(Query(GO, tree_sitter_go.HIGHLIGHTS_QUERY))
    root = SourceFile(path, source).root
    for start, end in ranges:
        cursor = QueryCursor(_query[0])
        cursor.set_byte_range(start, end)
        captures = cursor.captures(root)
        for name, letter in _CLASSES.items():
            for node in captures.get(name, ()):
                a, b = max(node.start_byte, start), min(node.end_byte, end)
                result[a:b] = letter.encode() * (b - a)
    return result


def snippet(code: str) -> str:
    """A piece of Go that stands by itself, as HTML; its lines stay lines."""
    source = code.encode(errors="surrogateescape")
    painted = colours("snippet.go", source, [(0, len(source))])
    lines, at = [], 0
    for line in source.split(b"\n"):
        lines.append(line_html(line, painted[at : at + len(line)]))
        at += len(line) + 1
    return "\n".join(lines)


def line_html(line: bytes, painted: bytearray) -> str:
    """One line without its end, as HTML. A byte of `painted` is a class's letter, with MARKED where it changed."""
    end = len(line)
    if end <= LINE_LIMIT:
        return _runs(line, painted, 0, end)
    # The part that is shown is the one that changed.
    first = next((i for i, colour in enumerate(painted) if colour & MARKED), 0)
    start = _boundary(line, max(0, first - 80)) if first > LINE_LIMIT // 2 else 0
    stop = _boundary(line, min(end, start + LINE_LIMIT))
    before, after = (f'<span class="x">…{n:,} more bytes…</span>' if n else "" for n in (start, end - stop))
    return before + _runs(line, painted, start, stop) + after


def text_html(text: str) -> str:
    """Text as HTML; characters that would hide, move or act are written out, and seen to be. Tabs stay."""
    if text.isprintable():
        return escape(text)
    parts = []
    for plain, run in groupby(text, lambda ch: ch.isprintable() or ch == "\t"):
        part = "".join(run)
        parts.append(escape(part) if plain else f'<span class="x">{escape(visible(part))}</span>')
    return "".join(parts)


def _runs(line: bytes, painted: bytearray, start: int, stop: int) -> str:
    parts, at = [], start
    for colour, run in groupby(painted[start:stop]):
        end = at + sum(1 for _ in run)
        html = text_html(line[at:end].decode(errors="backslashreplace"))
        letter = colour & ~MARKED
        if letter:
            html = f'<span class="{chr(letter)}">{html}</span>'
        parts.append(f"<mark>{html}</mark>" if colour & MARKED else html)
        at = end
    return "".join(parts)


def _boundary(line: bytes, at: int) -> int:
    """The start of the character that the offset lies in."""
    while 0 < at < len(line) and line[at] & 0xC0 == 0x80:
        at -= 1
    return at
