"""Where the top-level declarations of a Go file lie, told from its bytes: of most files one of them is wanted.

What is not certain lies in one piece with what stands before it: a piece is too large at worst, and says of itself that
it may hold anything.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import accumulate
from typing import NamedTuple

# What begins a top-level declaration wherever a line begins with it outside of all brackets. A function literal has
# neither a name nor, behind its parameters, one with an opening parenthesis.
_BEGIN = re.compile(
    rb"\n(?:func[ \t]+(?:(\w+)|(\([^()\n]*\))[ \t]*(?!func\b)(\w+)\()|(import|package)\b|(type|const)\b|var\b)"
)
_RECEIVER = re.compile(rb"\((?:\w+[ \t]+)?\*?(\w+)(?:\[[\w, \t]+\])?\)")
# Strings, runes and comments. A string and a rune end with their line at the latest, so that no quote is looked for
# twice.
IGNORED = re.compile(
    rb'"[^"\\\n]*(?:\\[^\n][^"\\\n]*)*"?|`[^`]*`|/(?:/[^\n]*|\*[^*]*(?:\*(?!/)[^*]*)*\*/)|'
    rb"'[^'\\\n]*(?:\\[^\n][^'\\\n]*)*'?"
)
_RUN = re.compile(rb"(?:func|var)(?!\w)")
_NO_BRACES = bytes(set(range(256)) - set(b"{}"))


class Piece(NamedTuple):
    """Bytes [start, end) of a file: whole declarations, with the comments above them.

    `function` is given where all of it is one function: the name of its receiver's type, or '', and its own. Else there
    may be others in it and, if `functions` says so, functions as well; `inert` says that it holds nothing but types and
    constants.
    """

    start: int
    end: int
    function: tuple[str, str] | None = None
    functions: bool = True
    inert: bool = False


def pieces(source: bytes) -> tuple[Piece, ...]:
    """The pieces of a file in their order, without a gap; the first holds the package clause and the imports.

    One piece for all where it cannot be told where they begin. Go specification, "Lexical elements", "Source file
    organization".
    """
    found: list[Piece] = []
    start = lexed = depth = 0
    code: list[bytes] = []
    first: re.Match[bytes] | None = None
    for match in _BEGIN.finditer(source):
        begin = _above(source, match.start() + 1, lexed)
        text = source[lexed:begin]
        plain = _plain(text)
        if plain is None or (match[4] is not None and found):
            return (Piece(0, len(source)),)
        code.append(plain)
        lexed = begin
        depth += plain.count(b"{") + plain.count(b"(") - plain.count(b"}") - plain.count(b")")
        if match[4] is None and depth == 0 and not text.rstrip().endswith(b"*/"):
            found.append(_piece(start, begin, code, first))
            start, code, first = begin, [], match
    last = _plain(source[lexed:])
    if last is None:
        return (Piece(0, len(source)),)
    return (*found, _piece(start, len(source), [*code, last], first))


def has_code(source: bytes, words: Collection[bytes]) -> bool:
    """Whether one of these words may stand in code that is run: in no comment, string, type or constant."""
    for piece in pieces(source):
        text = source[piece.start : piece.end]
        if not piece.inert and any(word in text for word in words):
            plain = _plain(text)
            if plain is None or any(word in plain for word in words):
                return True
    return False


def _plain(text: bytes) -> bytes | None:
    """The code of a text without strings and comments; None where one of them does not end in it."""
    if text.rfind(b"/*") > text.rfind(b"*/"):
        return None
    plain = IGNORED.sub(b"", text)
    return None if b"`" in plain else plain


def _piece(start: int, end: int, code: list[bytes], first: re.Match[bytes] | None) -> Piece:
    """`code` is what stands there, and `first` what it begins with, None at the head of the file."""
    if first is None or len(code) > 1:
        return Piece(start, end)
    receiver = _RECEIVER.fullmatch(first[2]) if first[2] is not None else None
    if first[1] is not None or receiver is not None:
        # All that follows its braces would end in another way, or have braces of its own.
        depths = list(accumulate(124 - sign for sign in code[0].translate(None, _NO_BRACES)))
        if code[0].rstrip().endswith(b"}") and 0 not in depths[:-1]:
            function = ("", first[1]) if receiver is None else (receiver[1].decode(), first[3])
            return Piece(start, end, (function[0], function[1].decode()))
        return Piece(start, end)
    inert = first[5] is not None and _RUN.search(code[0]) is None
    return Piece(start, end, functions=first[2] is not None or b"func" in code[0], inert=inert)


def _above(source: bytes, at: int, limit: int) -> int:
    """Where the lines of comments and blanks begin that end right before `at`, which begins a line."""
    while at > limit:
        start = source.rfind(b"\n", limit, at - 1) + 1
        line = source[start:at].strip()
        if start <= limit or (line and not line.startswith(b"//")):
            return at
        at = start
    return at
