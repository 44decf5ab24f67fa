"""Ways to spoil a file: each takes its bytes and gives other ones, the same for the same random numbers.

    mutate("line-doubled", data, Random(7))

Some leave valid Go that means something else, some leave no Go at all. What is spoilt is written for this project;
nothing here knows finalizers, but `WORDS`, which makes code meet the names that gomigrate looks for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

Mutation = Callable[[bytes, Random], bytes]
DEEP = (20, 200, 2000)
HUGE = (1_000, 100_000)

_TOKEN = re.compile(rb"\w+|\"[^\"\n]*\"|`[^`]*`|[^\w\s]{1,2}|\s+")
_NAME = re.compile(rb"[A-Za-z_]\w*")
_STRING = re.compile(rb"\"[^\"\n\\]*\"")
# A place between two tokens where an expression has just ended, or begins.
_VALUE = re.compile(rb"(?<=[=(,] )[A-Za-z_][\w.]*(?:\(\))?(?=[),\n])|(?<=return )[A-Za-z_][\w.]*(?=\n)|\"[^\"\n\\]*\"")
_LINE_END = re.compile(rb"\r?\n")
_OPERATORS = ((b"==", b"!="), (b"&&", b"||"), (b":=", b"="), (b"++", b"--"), (b"<", b">"), (b"!", b""), (b"[", b"*["))
WORDS = (b"Finalizers", b"SetFinalizers", b"GetFinalizers", b"DeletionTimestamp", b"nil", b"_", b"len", b"append", b"x")
_ODD = (b"\xc2\xa0", b"\xe2\x80\xa8", b"\xe2\x80\xae", b"\x0b", b"\x0c", b"\x1b[31m", b"\xf0\x9f\x90\xb3", b"\xcc\x81")


def _spans(pattern: re.Pattern[bytes], data: bytes) -> list[tuple[int, int]]:
    return [m.span() for m in pattern.finditer(data)]


def _put(data: bytes, span: tuple[int, int], new: bytes) -> bytes:
    return data[: span[0]] + new + data[span[1] :]


def _somewhere(data: bytes, random: Random) -> int:
    return random.randint(0, len(data))


def _lines(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True) or [b""]


def _times(random: Random, change: Mutation, data: bytes, most: int = 3) -> bytes:
    for _ in range(random.randint(1, most)):
        data = change(data, random)
    return data


# -- bytes -------------------------------------------------------------------------------------------------------


def _truncated(data: bytes, random: Random) -> bytes:
    return data[: _somewhere(data, random)]


def _flip(data: bytes, random: Random) -> bytes:
    if not data:
        return data
    at = random.randrange(len(data))
    return _put(data, (at, at + 1), bytes([data[at] ^ 1 << random.randrange(8)]))


def _dropped(data: bytes, random: Random) -> bytes:
    start = _somewhere(data, random)
    return _put(data, (start, start + random.choice((1, 2, 10, 100))), b"")


def _inserting(*what: bytes) -> Mutation:
    def insert(data: bytes, random: Random) -> bytes:
        at = _somewhere(data, random)
        return _put(data, (at, at), random.choice(what))

    return insert


# -- lines -------------------------------------------------------------------------------------------------------


def _line_deleted(data: bytes, random: Random) -> bytes:
    lines = _lines(data)
    del lines[random.randrange(len(lines))]
    return b"".join(lines)


def _line_doubled(data: bytes, random: Random) -> bytes:
    lines = _lines(data)
    at = random.randrange(len(lines))
    return b"".join([*lines[: at + 1], *lines[at:]])


def _lines_swapped(data: bytes, random: Random) -> bytes:
    lines = _lines(data)
    one = random.randrange(len(lines))
    other = min(len(lines) - 1, one + random.randint(1, 4))
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def _lines_joined(data: bytes, random: Random) -> bytes:
    spans = _spans(_LINE_END, data)
    return _put(data, random.choice(spans), random.choice((b" ", b"; ", b""))) if spans else data


def _line_split(data: bytes, random: Random) -> bytes:
    spans = _spans(_TOKEN, data)
    end = random.choice(spans)[1] if spans else 0
    return _put(data, (end, end), b"\n")


def _block_doubled(data: bytes, random: Random) -> bytes:
    """Paragraphs: a function, a group of constants, some statements."""
    parts = data.split(b"\n\n")
    at = random.randrange(len(parts))
    return b"\n\n".join([*parts[: at + 1], *parts[at:]])


def _block_moved(data: bytes, random: Random) -> bytes:
    parts = data.split(b"\n\n")
    part = parts.pop(random.randrange(len(parts)))
    parts.insert(random.randint(0, len(parts)), part)
    return b"\n\n".join(parts)


# -- the look of it ----------------------------------------------------------------------------------------------


def _crlf(data: bytes, random: Random) -> bytes:
    return data.replace(b"\n", b"\r\n")


def _crlf_here_and_there(data: bytes, random: Random) -> bytes:
    return b"\n".join(part + random.choice((b"", b"", b"\r")) for part in data.split(b"\n"))


def _tabs(data: bytes, random: Random) -> bytes:
    old, new = random.choice(((b"\t", b"    "), (b"\t", b""), (b" ", b"\t"), (b"\n", b" \t\n"), (b"\n\t", b"\n\t\t")))
    return data.replace(old, new)


def _open(data: bytes, random: Random) -> bytes:
    return data.rstrip() if random.random() < 0.5 else data + random.choice((b"\n\n", b"\r\n", b"\x1a", b"//"))


def _commented(data: bytes, random: Random) -> bytes:
    spans = _spans(_TOKEN, data)
    end = random.choice(spans)[1] if spans else 0
    return _put(data, (end, end), random.choice((b"/* x */", b"/* x\n\ty */", b" // x\n", b"//go:build x\n", b"/*")))


def _line_commented(data: bytes, random: Random) -> bytes:
    lines = _lines(data)
    at = random.randrange(len(lines))
    lines[at] = random.choice((b"// ", b"\t//", b"//nolint:all ")) + lines[at]
    return b"".join(lines)


# -- encodings ---------------------------------------------------------------------------------------------------


def _latin(data: bytes, random: Random) -> bytes:
    spans = _spans(_NAME, data)
    end = random.choice(spans)[1] if spans else 0
    return _put(data, (end, end), random.choice("éßñÿ").encode(random.choice(("latin-1", "utf-8"))))


def _utf16(data: bytes, random: Random) -> bytes:
    codec = random.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7"))
    return data.decode("utf-8", "replace").encode(codec)


# -- tokens ------------------------------------------------------------------------------------------------------


def _token_deleted(data: bytes, random: Random) -> bytes:
    spans = _spans(_TOKEN, data)
    return _put(data, random.choice(spans), b"") if spans else data


def _token_doubled(data: bytes, random: Random) -> bytes:
    spans = _spans(_TOKEN, data)
    if not spans:
        return data
    start, end = random.choice(spans)
    return _put(data, (end, end), data[start:end])


def _exchanged(pattern: re.Pattern[bytes]) -> Mutation:
    """One thing of a kind becomes another one of the file, or a telling word."""

    def change(data: bytes, random: Random) -> bytes:
        spans = _spans(pattern, data)
        if not spans:
            return data
        start, end = random.choice(spans)
        new = data[start:end] if random.random() < 0.8 else random.choice(WORDS)
        return _put(data, random.choice(spans), new)

    return change


def _operator(data: bytes, random: Random) -> bytes:
    one, other = random.choice(_OPERATORS)
    if random.random() < 0.5 and other:
        one, other = other, one
    spans = _spans(re.compile(re.escape(one)), data)
    return _put(data, random.choice(spans), other) if spans else data


# -- too much of it ----------------------------------------------------------------------------------------------


def _nested(data: bytes, random: Random) -> bytes:
    deep = random.choice(DEEP)
    spans = _spans(_VALUE, data)
    if not spans:
        return data
    start, end = random.choice(spans)
    value = data[start:end]
    before, after = random.choice(
        ((b"(", b")"), (b"!", b""), (b"f(", b")"), (b"x[", b"]"), (b"&", b""), (b"*", b""), (b"func() { ", b" }()"))
    )
    return _put(data, (start, end), before * deep + value + after * deep)


def _nested_blocks(data: bytes, random: Random) -> bytes:
    deep = random.choice(DEEP)
    spans = _spans(re.compile(rb"(?<=\n)\t[^\n]*\n"), data)
    if not spans:
        return data
    start, end = random.choice(spans)
    before = random.choice(
        (b"{\n", b"if x {\n", b"for {\n", b"if x := y; x {\n", b"switch {\ncase x:\n", b"go func() {\n")
    )
    after = b"}()\n" if before.startswith(b"go ") else b"}\n"
    return _put(data, (start, end), before * deep + data[start:end] + after * deep)


def _many_elses(data: bytes, random: Random) -> bytes:
    spans = _spans(re.compile(rb"(?<=\n)\t[^\n]*\n"), data)
    end = random.choice(spans)[1] if spans else 0
    count = random.choice(DEEP)
    return _put(data, (end, end), b"\tif x {\n\t}" + b" else if x {\n\t}" * count + b"\n")


def _chained(data: bytes, random: Random) -> bytes:
    spans = _spans(_VALUE, data)
    if not spans:
        return data
    end = random.choice(spans)[1]
    return _put(
        data,
        (end, end),
        random.choice((b".x", b".x()", b" + x", b" || x", b"[0]", b" && x == y")) * random.choice(DEEP),
    )


def _huge(data: bytes, random: Random) -> bytes:
    size = random.choice(HUGE)
    spans = _spans(_STRING, data) or _spans(_NAME, data)
    if not spans:
        return b"x" * size
    new = random.choice(
        (
            b'"' + b"x" * size + b'"',
            b"`" + b"\n" * size + b"`",
            b"9" * min(size, 10_000),
            b"x" * size,
            b'[]string{"' + b'", "'.join([b"x"] * (size // 5)) + b'"}',
            b"/*" + b" " * size + b"*/x",
            b"0x" + b"f" * min(size, 10_000),
            b"1e" + b"9" * min(size, 5_000),
        )
    )
    return _put(data, random.choice(spans), new)


def _repeated(data: bytes, random: Random) -> bytes:
    """One line many times."""
    lines = _lines(data)
    at = random.randrange(len(lines))
    return b"".join([*lines[:at], lines[at] * random.choice((10, 100, 400)), *lines[at + 1 :]])


MUTATIONS: dict[str, Mutation] = {
    "truncated": _truncated,
    "bytes-flipped": lambda d, r: _times(r, _flip, d),
    "bytes-dropped": _dropped,
    "nul": _inserting(b"\0", b"\0\0\0\0"),
    "invalid-utf8": _inserting(b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80"),
    "odd-characters": _inserting(*_ODD),
    "bom": lambda d, r: b"\xef\xbb\xbf" * r.randint(1, 2) + d,
    "bom-inside": _inserting(b"\xef\xbb\xbf"),
    "carriage-return": _inserting(b"\r", b"\r\r\n", b"\n\r"),
    "line-deleted": lambda d, r: _times(r, _line_deleted, d),
    "line-doubled": lambda d, r: _times(r, _line_doubled, d),
    "lines-swapped": lambda d, r: _times(r, _lines_swapped, d),
    "lines-joined": lambda d, r: _times(r, _lines_joined, d),
    "line-split": lambda d, r: _times(r, _line_split, d),
    "block-doubled": _block_doubled,
    "block-moved": _block_moved,
    "line-repeated": _repeated,
    "crlf": _crlf,
    "crlf-here-and-there": _crlf_here_and_there,
    "tabs": _tabs,
    "end-of-file": _open,
    "commented": lambda d, r: _times(r, _commented, d),
    "line-commented": _line_commented,
    "latin-1": lambda d, r: _times(r, _latin, d),
    "utf-16": _utf16,
    "token-deleted": _token_deleted,
    "token-doubled": _token_doubled,
    "names-exchanged": lambda d, r: _times(r, _exchanged(_NAME), d),
    "strings-exchanged": lambda d, r: _times(r, _exchanged(_STRING), d),
    "tokens-exchanged": _exchanged(_TOKEN),
    "operator": lambda d, r: _times(r, _operator, d),
    "nested-deep": _nested,
    "nested-blocks": _nested_blocks,
    "many-elses": _many_elses,
    "chained": _chained,
    "huge": _huge,
}


def mutate(kind: str, data: bytes, random: Random) -> bytes:
    return MUTATIONS[kind](data, random)
