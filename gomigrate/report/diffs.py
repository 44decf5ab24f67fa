"""What changed in each file, side by side, as values that a template prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import NamedTuple

from gomigrate.git.patch import CONTEXT_LINES, LineChange, hunks, split_lines
from gomigrate.report.highlight import MARKED, colours, line_html

# Lines on one side of a block, and on both sides of all; the patch itself has the rest.
BLOCK_LINES = 500
ALL_LINES = 20_000

# For each path the bytes before and after; None where there is no such file.
Sources = Mapping[str, tuple[bytes | None, bytes | None]]


class Line(NamedTuple):
    """`number` is 1-based."""

    number: int
    html: str


class Block(NamedTuple):
    """Lines that are equal, as many on either side, or (`changed`) that take each other's place.

    `skipped` lines without a change lie before it. The old lines are [first, last), 1-based. `cut` lines are not shown.
    """

    changed: bool
    skipped: int
    first: int
    last: int
    old: list[Line]
    new: list[Line]
    cut: int


class FileDiff(NamedTuple):
    """`left_out` counts the hunks that there was no room for."""

    path: str
    change: str
    added: int
    deleted: int
    blocks: list[Block]
    left_out: int


def file_diffs(sources: Sources) -> list[FileDiff]:
    """The changes of each file, in the order of `sources`, as far as there is room for them."""
    room, result = ALL_LINES, []
    for path, (before, after) in sources.items():
        change = "added" if before is None else "deleted" if after is None else "changed"
        old, new = _Side(path, before or b""), _Side(path, after or b"")
        groups = list(hunks(old.lines, new.lines))
        changes = [c for group in groups for c in group]
        shown = []
        for group in groups:
            if room > 0:
                shown.append(group)
                room -= _size(group)
        old.paint([(group[0].old_start, group[-1].old_end) for group in shown])
        new.paint([(group[0].new_start, group[-1].new_end) for group in shown])
        result.append(
            FileDiff(
                path,
                change,
                sum(c.new_end - c.new_start for c in changes),
                sum(c.old_end - c.old_start for c in changes),
                list(_blocks(shown, old, new)),
                len(groups) - len(shown),
            )
        )
    return result


def _size(group: list[LineChange]) -> int:
    return sum(min(c.old_end - c.old_start, BLOCK_LINES) + min(c.new_end - c.new_start, BLOCK_LINES) for c in group)


class _Side:
    """A file before or after: its lines, and their colours once they are painted."""

    def __init__(self, path: str, source: bytes) -> None:
        self.path = path
        self.source = source
        self.lines = split_lines(source)
        self.starts = [0, *accumulate(map(len, self.lines))]
        self.painted = bytearray()

    def paint(self, ranges: list[tuple[int, int]]) -> None:
        """Finds the colours of lines [a, b), 0-based, with their context."""
        last = len(self.lines)
        spans = [(max(0, a - CONTEXT_LINES), min(last, b + CONTEXT_LINES)) for a, b in ranges]
        self.painted = colours(self.path, self.source, [(self.starts[a], self.starts[b]) for a, b in spans])

    def mark(self, line: int, start: int, end: int) -> None:
        """Remembers that bytes [start, end) of a line changed."""
        for at in range(self.starts[line] + start, self.starts[line] + end):
            self.painted[at] |= MARKED

    def shown(self, start: int, end: int) -> list[Line]:
        return [self._line(number) for number in range(start, min(end, start + BLOCK_LINES))]

    def _line(self, number: int) -> Line:
        line = self.lines[number]
        # A return before the newline belongs to the line's end, which no edit changes.
        text = line.removesuffix(b"\n").removesuffix(b"\r")
        start = self.starts[number]
        html = line_html(text, self.painted[start : start + len(text)])
        return Line(number + 1, html if line.endswith(b"\n") else html + '<span class="x">no newline at the end</span>')


def _blocks(groups: list[list[LineChange]], old: _Side, new: _Side) -> Iterator[Block]:
    """The blocks of all hunks: context, change, context, change, ..., context."""
    end = 0
    for group in groups:
        at = max(end, group[0].old_start - CONTEXT_LINES)
        skipped = at - end
        new_at = group[0].new_start - (group[0].old_start - at)
        for change in group:
            if change.old_start > at:
                yield _context(old, new, skipped, at, new_at, change.old_start - at)
                skipped = 0
            _mark_pairs(old, new, change)
            yield _change(old, new, skipped, change)
            skipped = 0
            at, new_at = change.old_end, change.new_end
        end = min(len(old.lines), at + CONTEXT_LINES)
        if end > at:
            yield _context(old, new, 0, at, new_at, end - at)


def _context(old: _Side, new: _Side, skipped: int, at: int, new_at: int, count: int) -> Block:
    return Block(
        False, skipped, at + 1, at + 1 + count, old.shown(at, at + count), new.shown(new_at, new_at + count), 0
    )


def _change(old: _Side, new: _Side, skipped: int, c: LineChange) -> Block:
    before, after = old.shown(c.old_start, c.old_end), new.shown(c.new_start, c.new_end)
    cut = c.old_end - c.old_start + c.new_end - c.new_start - len(before) - len(after)
    return Block(True, skipped, c.old_start + 1, c.old_end + 1, before, after, cut)


def _mark_pairs(old: _Side, new: _Side, c: LineChange) -> None:
    """Marks, in lines that stand across from each other and are much alike, the part that differs."""
    for i, j in zip(range(c.old_start, c.old_end), range(c.new_start, c.new_end), strict=False):
        a, b = old.lines[i].rstrip(), new.lines[j].rstrip()
        start = _equal(a, b)
        tail = _equal(a[start:][::-1], b[start:][::-1])
        # Whole words only; bytes of a character beyond ASCII count as letters, so that none is cut in two.
        while start and _is_word(a[start - 1]):
            start -= 1
        while tail and _is_word(a[len(a) - tail]):
            tail -= 1
        alike = len(a[:start].strip()) + len(a[len(a) - tail :].strip())
        if 3 * alike >= max(len(a.strip()), len(b.strip())):
            old.mark(i, start, len(a) - tail)
            new.mark(j, start, len(b) - tail)


def _equal(a: bytes, b: bytes) -> int:
    return next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _is_word(byte: int) -> bool:
    return byte >= 0x80 or byte == 0x5F or chr(byte).isalnum()
