"""The behaviour corpus: Go functions under shapes/, each with a comment that says what must come out of it.

    // want: Contains | Add | SetIfEmpty | Remove | HasAny | Clear | SameCount | IsDeleting | opaque | none

A `!` in front means that the function returns the negation. `opaque` must not be taken for an operation, even
where small samples look like one. `none` can be evaluated, and the samples alone show that it is no operation.
Differences follow in brackets, sorted by name:

    duplicate   adds a second copy of a key that is there
    overwrites  drops every other name: the list is the key alone afterwards
    first-only  of several copies of the key, removes the first only
    leftover    of several copies of the key, leaves some in another way
    order       the same names in another order
    sorted      the same names in ascending order
    dedup       drops further copies of names that stay in the list
    nil-empty   nil where the reference gives an empty list, or the other way round
    panic       panics on some lists
    zero-time   a pointer to a zero deletion time counts as deleted

After an arrow stands what is returned, where that is not just the answer to a question: `changed`, `unchanged`,
`list`, `list,changed`, `changed,list`, `index`, `index,found`, `object` (the one that was given), `error` (always
nil). `changed` is true exactly when the list that comes out is another one than the list that went in, `unchanged`
when it is not.

    // key: EXPRESSION, ...

names the keys when they are not simply the first string parameter: package-level names, literals, a field
of the receiver, or parameters. With two keys, both are asked for or removed. A sample's "k" stands for the
first key and its "a" for the second.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from goharness import Target

from gomigrate.model import Operation

CORPUS = Path(__file__).parent / "shapes"
DIFFERENCES = frozenset(
    (
        *("duplicate", "overwrites", "first-only", "leftover", "order"),
        *("sorted", "dedup", "nil-empty", "panic", "zero-time"),
    )
)
RESULTS = frozenset(
    (
        *("", "changed", "unchanged", "list", "list,changed", "changed,list"),
        *("index", "index,found", "object", "error"),
    )
)

KEYLESS = frozenset((Operation.HAS_ANY, Operation.CLEAR, Operation.SAME_COUNT, Operation.IS_DELETING))

# gofmt puts the end of every top-level function at the start of a line, or all of it on one line.
_FUNCTION = re.compile(
    r"^(?P<comment>(?://.*\n)*)"
    r"(?P<source>func (?:\((?P<receiver>[^)]*)\) )?(?P<name>\w+)"
    r"(?P<header>.*?)\{(?:.*\}$|(?:\n.*)*?\n\}$))",
    re.MULTILINE,
)
_WANT = re.compile(
    r"^//\s?want:\s*(?P<negated>!?)(?P<what>\w+)"
    r"(?:\s*\[(?P<differences>[\w,\s-]*)\])?(?:\s*->\s*(?P<result>[\w,]+))?\s*$",
    re.MULTILINE,
)
_KEY = re.compile(r"^//\s?key:\s*(?P<keys>.+?)\s*$", re.MULTILINE)
_PACKAGE = re.compile(r"^package (\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Function:
    """A top-level function as it is written. `line` is that of the word func, counted from 1."""

    name: str
    receiver_name: str
    receiver: str
    type_parameters: tuple[tuple[str, str], ...]
    parameters: tuple[str, ...]
    comment: str
    source: str
    line: int


@dataclass(frozen=True)
class Shape:
    """A function of the corpus and what must come out of it."""

    path: Path
    folder: str
    function: Function
    what: str
    negated: bool
    differences: tuple[str, ...]
    result: str
    keys: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.function.name

    @property
    def receiver(self) -> str:
        """The receiver's type as it is written, `*Widget` or `Widget`; empty for a plain function."""
        return self.function.receiver

    @property
    def source(self) -> str:
        return self.function.source

    @property
    def id(self) -> str:
        receiver = f"({self.receiver})." if self.receiver else ""
        return f"{self.folder}/{self.path.stem}:{receiver}{self.name}"

    @property
    def operation(self) -> Operation | None:
        """The operation that must be found; None for `opaque` and `none`."""
        return None if self.what in ("opaque", "none") else Operation(self.what)

    @property
    def key_count(self) -> int:
        return max(1, len(self.keys))

    @cached_property
    def target(self) -> Target:
        return target_of(self.function, self.folder, self.keys)


def load(corpus: Path = CORPUS) -> list[Shape]:
    """All shapes, in the order of their files and lines."""
    found = []
    for path in sorted(corpus.rglob("*.go")):
        folder = path.parent.relative_to(corpus).as_posix()
        found += parse(path.read_text(encoding="utf-8"), path, "" if folder == "." else folder)
    return found


def parse(text: str, path: Path = Path("source.go"), folder: str = "") -> list[Shape]:
    """The shapes of one file: its functions that have a directive."""
    found = []
    for function in functions(text):
        directives = _WANT.findall(function.comment)
        if not directives:
            if "want" in function.comment:
                raise ValueError(f"{path}:{function.line}: a directive that cannot be read")
            continue
        (negated, what, differences, result), *more = directives
        names = tuple(d.strip() for d in differences.split(",") if d.strip())
        if more or result not in RESULTS or not DIFFERENCES.issuperset(names) or list(names) != sorted(names):
            raise ValueError(f"{path}:{function.line}: a directive that cannot be read")
        key = _KEY.search(function.comment)
        keys = tuple(k.strip() for k in key["keys"].split(",")) if key else ()
        found.append(Shape(path, folder, function, what, bool(negated), names, result, keys))
        _ = found[-1].operation
    return found


def functions(text: str) -> list[Function]:
    """All top-level functions of a gofmt-clean file."""
    found = []
    for match in _FUNCTION.finditer(text):
        receiver_name, _, receiver = (match["receiver"] or "").rpartition(" ")
        header = match["header"]
        types, rest = _bracketed(header, "[", "]") if header.startswith("[") else ("", header)
        parameters, _ = _bracketed(rest, "(", ")")
        found.append(
            Function(
                name=match["name"],
                receiver_name=receiver_name,
                receiver=receiver,
                type_parameters=_type_parameters(types),
                parameters=tuple(part.split(" ")[0] for part in _split(parameters)),
                comment=match["comment"],
                source=match["source"],
                line=text.count("\n", 0, match.start("source")) + 1,
            )
        )
    return found


def target_of(function: Function, folder: str = "", keys: tuple[str, ...] = ()) -> Target:
    """The function as goharness wants to have it."""
    expressions = []
    field = ""
    for key in keys:
        if key.startswith(f"{function.receiver_name}.") and function.receiver_name:
            field = key.partition(".")[2]
            expressions.append("")
        else:
            expressions.append("" if key in function.parameters else key)
    return Target(
        folder=folder,
        name=function.name,
        receiver=function.receiver,
        type_arguments=tuple(_argument_for(constraint) for _, constraint in function.type_parameters),
        keys=tuple(expressions),
        field=field,
    )


def package_of(text: str) -> str:
    match = _PACKAGE.search(text)
    return match[1] if match else ""


def _argument_for(constraint: str) -> str:
    if constraint.startswith("~[]"):
        return "[]string"
    return "*corev1.Pod" if "Object" in constraint else "string"


def _type_parameters(text: str) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    constraint = ""
    for part in reversed(_split(text)):
        name, _, own = part.partition(" ")
        constraint = own.strip() or constraint
        found.insert(0, (name, constraint))
    return tuple(found)


def _bracketed(text: str, opening: str, closing: str) -> tuple[str, str]:
    """What stands in the brackets at the start of the text, and what follows them."""
    depth = 0
    for at, char in enumerate(text):
        depth += (char == opening) - (char == closing)
        if depth == 0:
            return text[1:at], text[at + 1 :]
    raise ValueError(f"no {closing} in {text!r}")


def _split(text: str) -> list[str]:
    """The parts between commas that stand in no brackets."""
    parts = [""]
    depth = 0
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts if part.strip()]
