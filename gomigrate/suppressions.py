"""Comments that keep a place as it is: `//gomigrate:ignore RULE reason`, on a line, above a declaration, or for a file.

A comment speaks in two ways. Findings of its rules at its place are suppressed; and nothing at its place is edited. The
second holds also for one that is not well-formed (no such rule, no reason): what a person marked is better left alone.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Node

from gomigrate.catalogue import (
    DIRECTIVE,
    HAND_WRITTEN_CALL,
    HAND_WRITTEN_HELPER,
    INLINE_FINALIZER_CODE,
    NOT_UNDERSTOOD,
    Rule,
    find_rule,
    nearest,
)
from gomigrate.go.syntax import SourceFile

_COMMENT = re.compile(r"//([/ \t]*)gomigrate:ignore(?:[ \t]+(\S+)[ \t]*(.*?))?[ \t]*\r?", re.DOTALL)
# Hand-written code all of them: which one it is depends on what stands around it, and how far that is understood.
_CODE = frozenset({HAND_WRITTEN_HELPER.id, HAND_WRITTEN_CALL.id, INLINE_FINALIZER_CODE.id, NOT_UNDERSTOOD.id})
_OUTER = frozenset({"source_file", "statement_list", "block"})


class Suppression(NamedTuple):
    """One comment, on line `line`, which speaks for the lines `first` to `last` (1-based, inclusive; `last` is below
    `first` when it speaks for nothing). `problem` is what is wrong with it, '' when nothing is."""

    path: str
    line: int
    node: Node
    rules: tuple[Rule, ...]
    reason: str
    first: int
    last: int
    problem: str = ""

    @property
    def why(self) -> str:
        return f"the comment at {self.path}:{self.line} keeps it: {self.reason or 'no reason given'}"

    def spans(self, first: int, last: int) -> bool:
        return self.first <= last and first <= self.last

    def names(self, rule: Rule) -> bool:
        """Whether it is for findings of this rule."""
        family = _CODE if rule.id in _CODE else {rule.id}
        return any(r.id in family for r in self.rules)


class Suppressions:
    """The comments of all files that are looked at, and which of them were needed."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[Suppression, ...]] = {}
        self._needed: set[tuple[str, int]] = set()

    def of(self, file: SourceFile) -> tuple[Suppression, ...]:
        """The comments of a file, in order."""
        if file.path not in self._files:
            self._files[file.path] = _parse(file) if DIRECTIVE in file.source else ()
        return self._files[file.path]

    def keeps(self, rule: Rule, file: SourceFile, *nodes: Node) -> str:
        """Why an edit that such a finding asks for is not made at these nodes; '' when nothing speaks against it."""
        return self._why(
            s for s, spans, inside in self._near(file, nodes) if inside or (spans and (not s.rules or s.names(rule)))
        )

    def keeps_whole(self, file: SourceFile, *declarations: Node) -> str:
        """Why declarations may not go: a comment of any rule speaks for one, or stands in it; '' when none does."""
        return self._why(s for s, _, _ in self._near(file, declarations))

    def _near(self, file: SourceFile, nodes: tuple[Node, ...]) -> Iterator[tuple[Suppression, bool, bool]]:
        """The comments that speak for the lines of a node, or stand in it, and which of both they do."""
        for node in nodes if self.of(file) else ():
            start, end = node.start_byte, node.end_byte
            first, last = file.position(start)[0], file.position(end)[0]
            for found in self.of(file):
                spans, inside = found.spans(first, last), start <= found.node.start_byte < end
                if spans or inside:
                    yield found, spans, inside

    def _why(self, found: Iterator[Suppression]) -> str:
        first = next(found, None)
        if first is None:
            return ""
        self._needed.add((first.path, first.line))
        return first.why

    def suppresses(self, rule: Rule, file: SourceFile, *nodes: Node) -> bool:
        """Whether findings of this rule at one of these nodes are suppressed."""
        return any(spans and s.names(rule) for s, spans, _ in self._near(file, nodes))

    def match(self, rule: Rule, file: SourceFile, first: int, last: int) -> Suppression | None:
        """The comment that suppresses a finding on these lines, 1-based and inclusive."""
        for found in self.of(file):
            if found.names(rule) and found.spans(first, last):
                self._needed.add((found.path, found.line))
                return found
        return None

    def needed(self, suppression: Suppression) -> bool:
        """Whether it has kept or suppressed anything so far."""
        return (suppression.path, suppression.line) in self._needed


def _parse(file: SourceFile) -> tuple[Suppression, ...]:
    found = []
    for match in re.finditer(re.escape(DIRECTIVE), file.source):
        node = file.root.descendant_for_byte_range(match.start(), match.end())
        if node is None or node.type != "comment":
            continue
        written = _COMMENT.fullmatch(file.text(node))
        if written is not None:
            found.append(_suppression(file, node, written))
    return tuple(found)


def _suppression(file: SourceFile, node: Node, written: re.Match[str]) -> Suppression:
    words = written[2].split(",") if written[2] else []
    rules = [find_rule(w) for w in words]
    line = file.position(node.start_byte)[0]
    first, last = _lines(file, node)
    reason = (written[3] or "").strip()
    problem = ""
    unknown = next((w for w, rule in zip(words, rules, strict=True) if rule is None), None)
    if not words:
        problem = "names no rule"
    elif unknown is not None:
        close = nearest(unknown)
        problem = f"names {unknown}, and there is no such rule" + (f"; did you mean {close}?" if close else "")
    elif not reason:
        problem = "gives no reason"
    elif "/" in written[1]:
        problem = "begins with more than two slashes, which makes it a plain comment"
    elif written[1]:
        problem = "has a blank after the slashes, which makes it a plain comment"
    elif last < first:
        problem = "stands above nothing: code begins on the line below, or the comment stands behind it"
    known = tuple(r for r in rules if r is not None) if unknown is None else ()
    return Suppression(file.path, line, node, known, reason, first, last, problem)


def _lines(file: SourceFile, node: Node) -> tuple[int, int]:
    """The lines that a comment speaks for, 1-based and inclusive: its own behind code, the whole file above the
    package clause, else those of what begins on the line below the comments."""
    package = next((n for n in file.root.children if n.type == "package_clause"), None)
    if package is not None and node.end_byte <= package.start_byte:
        return 1, file.source.count(b"\n") + 1
    line = file.position(node.start_byte)[0]
    start = file.source.rfind(b"\n", 0, node.start_byte) + 1
    if file.source[start : node.start_byte].strip():
        return line, line
    at = _code_below(file.source, node.end_byte)
    if at is None:
        return line + 1, line
    below = file.root.descendant_for_byte_range(at, at + 1)
    while below is not None and below.parent is not None and below.parent.start_byte == at:
        if below.parent.type in _OUTER:
            break
        below = below.parent
    if below is None:
        return line + 1, line
    # A case of a switch takes the line break behind it along.
    return file.position(at)[0], file.position(len(file.source[: below.end_byte].rstrip()))[0]


def _code_below(source: bytes, at: int) -> int | None:
    """Where the code begins on the line below a comment and those that follow it; None when there is none."""
    while (end := source.find(b"\n", at)) >= 0:
        last = source.find(b"\n", end + 1)
        line = source[end + 1 : last if last >= 0 else len(source)]
        text = line.lstrip(b" \t")
        if not text.startswith(b"//"):
            return end + 1 + len(line) - len(text) if text.strip() and text[:1] != b"}" else None
        at = end + 1
    return None
