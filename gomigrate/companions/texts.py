"""Names in plain text: documentation, templates, shell. They are told of, and never changed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gomigrate.companions.places import Place, Role
from gomigrate.packs import FinalizerName

_WORD = rb"[A-Za-z0-9_./-]"
_FINALIZER = re.compile(rb"finalizer", re.IGNORECASE)
_HEAD = re.compile(rb"finalizers[\"']?\s*:\s*(?:#.*)?\Z")
_ITEM = re.compile(rb"\s*-\s*[\"']?\Z")
# What may stand between the head of a list and one of its items: others, comments, a template's own lines.
_BETWEEN = re.compile(rb"\s*(?:-\s*[^\s:]+\s*(?:#.*)?|#.*|\{\{.*\}\}\s*)?\Z")
_FLOW = re.compile(rb"[\"']?finalizers[\"']?\s*:\s*\[[^\][{}]*\Z")
_NEAR = 600


def occurrences(source: bytes, name: str) -> Iterator[tuple[int, int]]:
    """Where a name stands for itself, not as part of a longer one: (start, end) in bytes."""
    found = re.compile(rb"(?<!%b)%b(?!%b)" % (_WORD, re.escape(name.encode()), rb"(?:[A-Za-z0-9_/-]|\.[A-Za-z0-9])"))
    for match in found.finditer(source):
        yield match.span()


def read_text(path: str, source: bytes, names: tuple[FinalizerName, ...], doubt: str) -> Iterator[Place]:
    """The places of a text that speak of a finalizer; `doubt` says why none of them may be edited.

    A name that could be anything, such as an API group, counts where its line speaks of finalizers.
    """
    for name in names:
        for start, end in occurrences(source, name.old):
            listed = is_listed(source, start)
            if listed or _FINALIZER.search(name.old.encode()) or _FINALIZER.search(_line(source, start, end)):
                yield Place(path, name, start, end, Role.MANIFEST if listed else Role.TEXT, listed, doubt)


def is_listed(source: bytes, start: int) -> bool:
    """Whether what begins at an offset is an item of a list called finalizers, in YAML or JSON."""
    before = source[max(0, start - _NEAR) : start]
    if _FLOW.search(before):
        return True
    *above, line = before.split(b"\n")
    if not _ITEM.match(line):
        return False
    head = next((text for text in reversed(above) if not _BETWEEN.match(text)), b"")
    return bool(_HEAD.search(head.rstrip()))


def _line(source: bytes, start: int, end: int) -> bytes:
    stop = source.find(b"\n", end)
    return source[source.rfind(b"\n", 0, start) + 1 : len(source) if stop < 0 else stop]
