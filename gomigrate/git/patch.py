"""Unified diffs that `git apply` (also -R and --3way) and `git am` take, made without running git.

Everything works on bytes. A line ends at a newline and nowhere else: a carriage return, a form feed or a
byte that is no UTF-8 is content like any other.
"""

from __future__ import annotations

import difflib
import hashlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from gomigrate.errors import printable

CONTEXT_LINES = 3
FILE_MODE = 0o100644
EXECUTABLE_MODE = 0o100755

_NO_BLOB = "0" * 40
_NO_NEWLINE = b"\n\\ No newline at end of file\n"
_DEV_NULL = b"/dev/null"
_ESCAPES = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}
# Comparing is quadratic in repeated lines. Beyond this many pairs (about 0.1 s) a block is replaced whole.
_MAX_PAIRS = 1_000_000


class FileStat(NamedTuple):
    """How many lines a patch adds to one file and deletes from it."""

    path: str
    added: int
    deleted: int


class LineChange(NamedTuple):
    """Old lines [old_start, old_end) become new lines [new_start, new_end); lines count from 0."""

    old_start: int
    old_end: int
    new_start: int
    new_end: int


def render_patch(
    originals: Mapping[str, bytes],
    changes: Mapping[str, bytes | None],
    modes: Mapping[str, int] | None = None,
) -> bytes:
    """The patch that turns `originals` into `changes`; b"" when nothing changes.

    `changes` maps a path to its new bytes, or None when the file goes; a path that is not in `originals` is a
    new file. `modes` holds git file modes, 0o100644 where it says nothing. Files come in the order of their
    names' bytes. Raises ValueError for any mode but 0o100644 and 0o100755: a symlink is never written.
    """
    modes = modes or {}
    return b"".join(
        _render_file(path, old, new, modes.get(path, FILE_MODE)) for path, old, new in _pairs(originals, changes)
    )


def diff_stat(originals: Mapping[str, bytes], changes: Mapping[str, bytes | None]) -> tuple[FileStat, ...]:
    """For each file that `render_patch` would change, in the same order, the lines added and deleted."""
    return tuple(_file_stat(path, old or b"", new or b"") for path, old, new in _pairs(originals, changes))


def blob_id(data: bytes, algorithm: str = "sha1") -> str:
    """The id, in hex, of these bytes as a git blob; `algorithm` is that of the repository, sha1 or sha256."""
    return hashlib.new(algorithm, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def quote_name(name: str) -> bytes:
    """The name as git writes it in a patch: as it is, or C-quoted when a byte of it needs that."""
    raw = name.encode("utf-8", "surrogateescape")
    if all(0x20 <= byte < 0x7F and byte not in _ESCAPES for byte in raw):
        return raw
    return b'"' + "".join(_quote_byte(byte) for byte in raw).encode("ascii") + b'"'


def _quote_byte(byte: int) -> str:
    if byte in _ESCAPES:
        return "\\" + _ESCAPES[byte]
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}"


def _pairs(
    originals: Mapping[str, bytes], changes: Mapping[str, bytes | None]
) -> Iterator[tuple[str, bytes | None, bytes | None]]:
    for path in sorted(changes, key=lambda name: name.encode("utf-8", "surrogateescape")):
        if originals.get(path) != changes[path]:
            yield path, originals.get(path), changes[path]


def _render_file(path: str, old: bytes | None, new: bytes | None, mode: int) -> bytes:
    if mode not in (FILE_MODE, EXECUTABLE_MODE):
        raise ValueError(f"{printable(path)}: mode {mode:o} is no mode of a plain file")
    old_name, new_name = quote_name("a/" + path), quote_name("b/" + path)
    old_id = _NO_BLOB if old is None else blob_id(old)
    new_id = _NO_BLOB if new is None else blob_id(new)
    kind, index_mode = "", ""
    if old is None:
        kind = f"new file mode {mode:o}\n"
    elif new is None:
        kind = f"deleted file mode {mode:o}\n"
    else:
        index_mode = f" {mode:o}"
    header = b"diff --git %s %s\n" % (old_name, new_name)
    header += f"{kind}index {old_id}..{new_id}{index_mode}\n".encode("ascii")
    hunks = b"".join(_render_hunks(split_lines(old or b""), split_lines(new or b"")))
    if not hunks:
        return header
    # git ends a name that holds a space with a tab, so that other tools see where the name ends.
    tab = b"\t" if " " in path else b""
    before = _DEV_NULL if old is None else old_name + tab
    after = _DEV_NULL if new is None else new_name + tab
    return header + b"--- %s\n+++ %s\n" % (before, after) + hunks


def _file_stat(path: str, old: bytes, new: bytes) -> FileStat:
    changed = _changes(split_lines(old), split_lines(new))
    return FileStat(
        path,
        added=sum(change.new_end - change.new_start for change in changed),
        deleted=sum(change.old_end - change.old_start for change in changed),
    )


def split_lines(data: bytes) -> list[bytes]:
    """The lines with their newlines; only the last one may lack it."""
    lines = [line + b"\n" for line in data.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def _render_hunks(old: list[bytes], new: list[bytes]) -> Iterator[bytes]:
    for group in hunks(old, new):
        lead = min(CONTEXT_LINES, group[0].old_start)
        trail = min(CONTEXT_LINES, len(old) - group[-1].old_end)
        old_start, old_end = group[0].old_start - lead, group[-1].old_end + trail
        new_start, new_end = group[0].new_start - lead, group[-1].new_end + trail
        yield b"@@ -%s +%s @@\n" % (_span(old_start, old_end), _span(new_start, new_end))
        at = old_start
        for change in group:
            yield from _marked(b" ", old[at : change.old_start])
            yield from _marked(b"-", old[change.old_start : change.old_end])
            yield from _marked(b"+", new[change.new_start : change.new_end])
            at = change.old_end
        yield from _marked(b" ", old[at:old_end])


def _span(start: int, end: int) -> bytes:
    """A range of lines in a hunk header: counted from 1, and an empty one names the line before it."""
    count = end - start
    first = start + 1 if count else start
    return b"%d" % first if count == 1 else b"%d,%d" % (first, count)


def _marked(mark: bytes, lines: Sequence[bytes]) -> Iterator[bytes]:
    for line in lines:
        yield mark + line if line.endswith(b"\n") else mark + line + _NO_NEWLINE


def hunks(old: list[bytes], new: list[bytes]) -> Iterator[list[LineChange]]:
    """What changed between lines, in order. Changes that are so near that their context meets share a hunk."""
    group: list[LineChange] = []
    for change in _changes(old, new):
        if group and change.old_start - group[-1].old_end > 2 * CONTEXT_LINES:
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def _changes(old: list[bytes], new: list[bytes]) -> list[LineChange]:
    """What changed, in order. Equal ends and lines that both sides hold once leave little to compare."""
    start = _equal_at_start(old, new)
    tail = _equal_at_start(old[start:][::-1], new[start:][::-1])
    everything = LineChange(start, len(old) - tail, start, len(new) - tail)
    changes: list[LineChange] = []
    old_at = new_at = start
    for old_next, new_next in [*_anchors(old, new, everything), (everything.old_end, everything.new_end)]:
        changes += _compare(old, new, LineChange(old_at, old_next, new_at, new_next))
        old_at, new_at = old_next + 1, new_next + 1
    return changes


def _equal_at_start(old: Sequence[bytes], new: Sequence[bytes]) -> int:
    for count, (a, b) in enumerate(zip(old, new, strict=False)):
        if a != b:
            return count
    return min(len(old), len(new))


def _anchors(old: list[bytes], new: list[bytes], within: LineChange) -> list[tuple[int, int]]:
    """Positions (old, new) of equal lines that each side holds once, the longest run that ascends in both."""
    old_at = _only_once(old, within.old_start, within.old_end)
    new_at = _only_once(new, within.new_start, within.new_end)
    pairs = [(old_at[line], new_at[line]) for line in old_at if line in new_at]
    return [pairs[number] for number in _ascending([position for _, position in pairs])]


def _only_once(lines: list[bytes], start: int, end: int) -> dict[bytes, int]:
    """Line to position, in order, for the lines that [start, end) holds once."""
    counts = Counter(lines[start:end])
    return {lines[at]: at for at in range(start, end) if counts[lines[at]] == 1}


def _ascending(positions: Sequence[int]) -> list[int]:
    """The numbers of the entries that form a longest ascending run, by patience sorting."""
    lowest: list[int] = []  # per length of run, the lowest position at which such a run ends
    ends_at: list[int] = []  # and the number of that entry
    before: list[int] = []
    for number, position in enumerate(positions):
        length = bisect_left(lowest, position)
        before.append(ends_at[length - 1] if length else -1)
        if length == len(lowest):
            lowest.append(position)
            ends_at.append(number)
        else:
            lowest[length], ends_at[length] = position, number
    run: list[int] = []
    at = ends_at[-1] if ends_at else -1
    while at >= 0:
        run.append(at)
        at = before[at]
    return run[::-1]


def _compare(old: list[bytes], new: list[bytes], block: LineChange) -> list[LineChange]:
    a, b = old[block.old_start : block.old_end], new[block.new_start : block.new_end]
    if not a and not b:
        return []
    if not a or not b or _equal_pairs(a, b) > _MAX_PAIRS:
        return [block]
    return [
        LineChange(block.old_start + i, block.old_start + i_end, block.new_start + j, block.new_start + j_end)
        for kind, i, i_end, j, j_end in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
        if kind != "equal"
    ]


def _equal_pairs(a: list[bytes], b: list[bytes]) -> int:
    in_b = Counter(b)
    return sum(count * in_b[line] for line, count in Counter(a).items())
