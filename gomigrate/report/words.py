"""The words and forms that the reports for people share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

HANDLERS: tuple[tuple[str, ...], ...] = (("old",), ("new",), ("old", "new"), ("new", "old"), ("old", "new", "old"))

_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

Values = Mapping[str, Any]


def visible(text: str, keep: str = "") -> str:
    """The text with everything that a terminal or a browser would act on, or hide, written out."""
    if text.isprintable():
        return text
    return "".join(ch if ch.isprintable() or ch in keep else _escape_char(ch) for ch in text)


def number(count: int, one: str) -> str:
    """The count with its noun."""
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"


def kind_of(meaning: Values) -> str:
    """What sort of change in meaning it is, in a few words."""
    words = str(meaning["operation"] or "Rewrite")
    if meaning["kind"] == "assumed":
        return words + " on an assumed type"
    return f"{words}: {spaced(meaning['name'])}" if meaning["name"] else words + " narrowed"


def spaced(name: str) -> str:
    """The name of a difference as words."""
    return name.replace("-", " ")


def grid(matrix: Values) -> tuple[list[tuple[str, ...]], list[tuple[str, list[Values | None]]]]:
    """The columns (who handled), and for each creator, old before new, its cells; None where none was computed."""
    cells = {(c["created_by"], tuple(c["handled_by"])): c for c in matrix["cells"]}
    columns = [h for h in HANDLERS if any(handled == h for _, handled in cells)]
    columns += [h for h in dict.fromkeys(handled for _, handled in cells) if h not in columns]
    creators = sorted({creator for creator, _ in cells}, reverse=True)
    return columns, [(creator, [cells.get((creator, h)) for h in columns]) for creator in creators]


def reasons(matrix: Values) -> list[tuple[bool, str, str]]:
    """Why objects are freed or stuck, each reason once with its histories; the stuck ones first."""
    found: dict[tuple[bool, str], dict[str, list[str]]] = {}
    for c in sorted(matrix["cells"], key=lambda c: bool(c["freed"])):
        if c["why"]:
            histories = found.setdefault((c["freed"], c["why"]), {})
            histories.setdefault(c["created_by"], []).append(handlers(c["handled_by"]))
    return [
        (freed, why, "; ".join(f"created by {by} and handled by {' / '.join(h)}" for by, h in histories.items()))
        for (freed, why), histories in found.items()
    ]


def handlers(handled_by: Sequence[str]) -> str:
    """The code that handled an object, in turn, in words."""
    if len(handled_by) > 2:
        return ", ".join(handled_by)
    return " then ".join(handled_by) + (" (rollback)" if tuple(handled_by) == ("new", "old") else "")


def _escape_char(ch: str) -> str:
    code = ord(ch)
    if ch in _ESCAPES:
        return _ESCAPES[ch]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
