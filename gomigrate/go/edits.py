"""Applying text edits to one file."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gomigrate.model import TextEdit

_SEMICOLON = re.compile(rb"[ \t]*;[ \t]*")


class Conflict(Exception):
    """Two edits overlap. `offset` is where, in bytes."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"edits overlap at byte {offset}")
        self.offset = offset


def behind_semicolon(source: bytes, end: int) -> int:
    """Where what ends at a byte ends together with the semicolon that parts it from the next on its line, if there is
    one."""
    semicolon = _SEMICOLON.match(source, end)
    return semicolon.end() if semicolon else end


def apply_edits(source: bytes, edits: Iterable[TextEdit]) -> bytes:
    """The bytes after all edits of one file. The same edit twice is one; insertions at one place keep their order.

    Raises Conflict when two edits overlap.
    """
    parts = []
    at = 0
    for edit in sorted(dict.fromkeys(edits), key=lambda e: (e.start, e.end)):
        if edit.start < at:
            raise Conflict(edit.start)
        parts += [source[at : edit.start], edit.new_text]
        at = edit.end
    parts.append(source[at:])
    return b"".join(parts)
