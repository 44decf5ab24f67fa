"""Names in YAML and JSON: metadata.finalizers of manifests, and patches of kustomize.

ruamel.yaml tells where a scalar stands and what it belongs to; what is edited are the bytes of that scalar alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import Any, NamedTuple

from gomigrate.companions.places import Place, Role
from gomigrate.companions.texts import occurrences, read_text
from gomigrate.packs import FinalizerName

# A parser that is written in Python takes a second for some tens of kilobytes.
MAX_DOCUMENT = 64 * 1024
MAX_FILE = 8 * MAX_DOCUMENT
# Open brackets at one place: it takes time that grows with their square.
_MAX_OPEN = 100
_BRACKET = re.compile(rb"[][{}]")
_START = re.compile(rb"^---(?=\s|\Z)", re.MULTILINE)
_BOM = b"\xef\xbb\xbf"
_ADDING = frozenset({"add", "replace"})
_NO_YAML = "the file is no plain YAML (a template?)"
_LARGE = "it is too large, or nested too deeply, to be read"
_TWICE = "the new name stands in the same list"
_ELSEWHERE = "it is no item of an object's metadata.finalizers"


class _Scalar(NamedTuple):
    """`listed`: it is one of an object's finalizers; `beside` are then all of that list."""

    value: str
    listed: bool
    beside: frozenset[str]


def read_manifests(path: str, source: bytes, names: tuple[FinalizerName, ...]) -> Iterator[Place]:
    """The places of each document that holds a name."""
    rest = MAX_FILE
    starts = [0, *(m.start() for m in _START.finditer(source) if m.start())]
    for start, end in zip(starts, [*starts[1:], len(source)], strict=True):
        document = source[start:end]
        if any(name.old.encode() in document for name in names):
            rest -= len(document)
            readable = rest >= 0 and len(document) <= MAX_DOCUMENT and _open(document) <= _MAX_OPEN
            places = _read(path, document, names) if readable else read_text(path, document, names, _LARGE)
            yield from _moved(places, start)


def _open(document: bytes) -> int:
    """How many brackets are open at once, at most; those in texts count as well."""
    steps = (1 if bracket[0] in b"[{" else -1 for bracket in _BRACKET.finditer(document))
    return max(accumulate(steps, lambda opened, step: max(opened + step, 0)), default=0)


def _moved(places: Iterator[Place], by: int) -> Iterator[Place]:
    return (place._replace(start=place.start + by, end=place.end + by) for place in places)


def _read(path: str, document: bytes, names: tuple[FinalizerName, ...]) -> Iterator[Place]:
    scalars = _scalars(document)
    if scalars is None:
        yield from read_text(path, document, names, _NO_YAML)
        return
    texts = {place.start: place for place in read_text(path, document, names, _ELSEWHERE)}
    for name in names:
        for start, end in occurrences(document, name.old):
            scalar = scalars.get(start) or scalars.get(start - 1)
            if scalar is not None and scalar.value == name.old and scalar.listed:
                yield Place(path, name, start, end, Role.MANIFEST, True, _TWICE if name.new in scalar.beside else "")
            elif start in texts:
                yield texts[start]


def _scalars(document: bytes) -> dict[int, _Scalar] | None:
    """Scalars by where they begin, quotes included, in bytes. None where this is no YAML that can be read."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        # A byte order mark would shift every offset; blanks cannot stand in for it before a mapping.
        bom = len(_BOM) if document.startswith(_BOM) else 0
        text = document[bom:].decode("utf-8")
        roots = list(YAML(typ="rt", pure=True).compose_all(text))
    except (YAMLError, UnicodeDecodeError, RecursionError, ValueError):
        return None
    bytes_before = _Offsets(text, bom)
    found: dict[int, _Scalar] = {}
    # An alias gives the node of its anchor again: each is looked at once, by the way that comes first.
    seen: set[int] = set()
    stack: list[tuple[Any, tuple[str, ...]]] = [(root, ()) for root in reversed(roots) if root is not None]
    while stack:
        node, way = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.id == "mapping":
            stack += [(value, (*way, _text(key))) for key, value in reversed(node.value)]
            _json_patch(node, bytes_before, found)
        elif node.id == "sequence":
            listed = way[-2:] == ("metadata", "finalizers")
            beside = frozenset(str(item.value) for item in node.value if item.id == "scalar")
            for item in node.value:
                if item.id == "scalar":
                    scalar = _Scalar(str(item.value), listed and not item.anchor, beside)
                    found.setdefault(bytes_before(item.start_mark.index), scalar)
                else:
                    stack.append((item, way))
        else:
            found.setdefault(bytes_before(node.start_mark.index), _Scalar(str(node.value), False, frozenset()))
    return found


def _json_patch(node: Any, bytes_before: _Offsets, found: dict[int, _Scalar]) -> None:
    """An operation of RFC 6902 that adds to, or sets, the list."""
    fields = {_text(key): value for key, value in node.value}
    operation, path, value = (fields.get(key) for key in ("op", "path", "value"))
    if operation is None or path is None or value is None or _text(operation) not in _ADDING:
        return
    if not re.fullmatch(r"/metadata/finalizers(/[0-9]+|/-)?", _text(path)):
        return
    items = value.value if value.id == "sequence" else [value]
    beside = frozenset(str(item.value) for item in items if item.id == "scalar")
    for item in items:
        if item.id == "scalar" and not item.anchor:
            found[bytes_before(item.start_mark.index)] = _Scalar(str(item.value), True, beside)


def _text(node: Any) -> str:
    """The text of a scalar, "" for anything else: a list of aliases can stand for more than there is room for."""
    return str(node.value) if node.id == "scalar" else ""


class _Offsets:
    """Characters of a text -> bytes in its file."""

    def __init__(self, text: str, bom: int) -> None:
        self._text = None if text.isascii() else text
        self._bom = bom

    def __call__(self, characters: int) -> int:
        before = characters if self._text is None else len(self._text[:characters].encode())
        return self._bom + before
