"""Taking out of Go code what is known to be true or false, or to do nothing.

What is folded away only ever gets shorter: every edit deletes bytes, so what a reader finds afterwards stood there
before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from tree_sitter import Node

from gomigrate.go.nodes import FUNCTION_LIKE, NAMES, ancestors, calls_in, descend, named
from gomigrate.go.scope import lookup
from gomigrate.go.syntax import SourceFile

Span = tuple[int, int]
_ASSIGNMENTS = ("short_var_declaration", "assignment_statement")


class Kept(Exception):
    """The code cannot be folded away: the reason completes 'left because'."""

    def __init__(self, reason: str, node: Node) -> None:
        super().__init__(reason)
        self.node = node


class Fold:
    """Folds expressions of one file. `is_quiet` says which calls have no effect beside their result."""

    def __init__(self, file: SourceFile, is_quiet: Callable[[Node], bool]) -> None:
        self.file = file
        self.is_quiet = is_quiet
        self._known: dict[int, tuple[Node, bool]] = {}
        self._spans: list[Span] = []
        # Statements that are gone, and those that are shorter now.
        self.gone: list[Node] = []
        self.shorter: list[Node] = []

    def know(self, node: Node, value: bool) -> None:
        """An expression has this value, and evaluating it does nothing. Raises Kept."""
        if node.id in self._known:
            return
        self._known[node.id] = (node, value)
        parent = node.parent
        if parent is None:
            return
        if parent.type == "parenthesized_expression":
            self.know(parent, value)
        elif parent.type == "unary_expression" and self.file.text(parent).startswith("!"):
            self.know(parent, not value)
        elif parent.type == "binary_expression":
            self._know_operand(parent, node, value)
        elif parent.type == "expression_list" and parent.parent is not None and parent.parent.type in _ASSIGNMENTS:
            self._know_variable(parent.parent, node, value)

    def spans(self) -> list[Span]:
        """What is to be deleted, in order and apart. Raises Kept when something cannot be left out."""
        tops = []
        for node, value in list(self._known.values()):
            if node.parent is not None and node.parent.id not in self._known:
                tops.append((node, value))
        # What a condition decides may hold what else is known.
        tops.sort(key=lambda top: top[0].parent is None or top[0].parent.type != "if_statement")
        for node, value in tops:
            self._take_out(node, value)
        self._take_out_parentheses()
        self._spans += [line_span(self.file, s) for s in self.gone]
        spans = merged(self._spans)
        must_be_used(self.file, spans)
        return spans

    # -- what follows from what is known --------------------------------------------------------------------------

    def _know_operand(self, binary: Node, node: Node, value: bool) -> None:
        sign = binary.child_by_field_name("operator")
        operator = self.file.text(sign) if sign is not None else ""
        if operator not in ("||", "&&"):
            raise Kept("its result is compared with something", binary)
        other = self._other(binary, node)
        decides = value is (operator == "||")
        if decides:
            if not self._is_pure(other):
                raise Kept("something else is called in the same condition", other)
            self.know(binary, value)
        elif other.id in self._known:
            self.know(binary, self._known[other.id][1])

    def _other(self, binary: Node, node: Node) -> Node:
        left, right = binary.child_by_field_name("left"), binary.child_by_field_name("right")
        assert left is not None and right is not None
        return right if left.id == node.id else left

    def _is_pure(self, node: Node) -> bool:
        if descend(node, "func_literal") or any(
            self.file.text(u).startswith("<-") for u in descend(node, "unary_expression")
        ):
            return False
        return all(self.is_quiet(c) for c in calls_in(node))

    def _know_variable(self, assignment: Node, node: Node, value: bool) -> None:
        target = self._target(assignment, node)
        if target is None or self.file.text(target) == "_":
            return
        if assignment.type != "short_var_declaration":
            raise Kept(f"its result goes to the variable {self.file.text(target)}", assignment)
        for use in _uses(self.file, target):
            parent = use.parent
            if parent is not None and parent.type == "expression_list" and parent.parent is not None:
                left = parent.parent.child_by_field_name("left")
                if left is not None and left.id == parent.id:
                    raise Kept(f"{self.file.text(target)} is assigned again", use)
            self.know(use, value)

    def _target(self, assignment: Node, node: Node) -> Node | None:
        left, right = assignment.child_by_field_name("left"), assignment.child_by_field_name("right")
        targets, values = named(left) if left is not None else [], named(right) if right is not None else []
        if len(targets) != len(values):
            return None
        return next((t for t, v in zip(targets, values, strict=True) if v.id == node.id), None)

    # -- taking out ---------------------------------------------------------------------------------------------

    def _take_out(self, node: Node, value: bool) -> None:
        parent = node.parent
        assert parent is not None
        if parent.type == "binary_expression":
            self._take_out_operand(parent, node)
        elif parent.type == "expression_statement":
            self.gone.append(parent)
        elif parent.type == "expression_list" and parent.parent is not None and parent.parent.type in _ASSIGNMENTS:
            self._take_out_value(parent.parent, node)
        elif parent.type == "if_statement" and not value:
            self._take_out_if(parent)
        else:
            raise Kept("what depends on its result cannot be left out", parent)

    def _take_out_operand(self, binary: Node, node: Node) -> None:
        other = self._other(binary, node)
        span = (
            (other.end_byte, node.end_byte)
            if other.end_byte <= node.start_byte
            else (node.start_byte, other.start_byte)
        )
        if any(span[0] <= c.start_byte and c.end_byte <= span[1] for c in descend(binary, "comment")):
            raise Kept("a comment stands inside of the condition", binary)
        parent = binary.parent
        if parent is not None and parent.type == "expression_list" and parent.parent is not None:
            target = self._target(parent.parent, binary) if parent.parent.type == "assignment_statement" else None
            if target is not None and self.file.text(target) == self.file.text(other):
                # `x = x` is left.
                self.gone.append(parent.parent)
                return
        self._spans.append(span)
        self.shorter.append(binary)

    def _take_out_value(self, assignment: Node, node: Node) -> None:
        """`x := …` as a whole, or one of several values with its variable."""
        left, right = assignment.child_by_field_name("left"), assignment.child_by_field_name("right")
        target = self._target(assignment, node)
        if target is None or left is None or right is None:
            raise Kept("its result is one of several", assignment)
        if len(named(right)) == 1:
            if assignment.parent is not None and assignment.parent.type == "statement_list":
                self.gone.append(assignment)
            elif not any(
                s.start_byte <= assignment.start_byte and assignment.end_byte <= s.end_byte for s in self.gone
            ):
                raise Kept("it stands in the header of a statement", assignment)
            return
        self._spans += [list_span(left, target), list_span(right, node)]
        self.shorter.append(assignment)

    def _take_out_if(self, statement: Node) -> None:
        if statement.child_by_field_name("initializer") is not None and not self._is_known_header(statement):
            raise Kept("the condition has a statement in front of it", statement)
        alternative = statement.child_by_field_name("alternative")
        outer = statement.parent
        if outer is not None and outer.type == "if_statement":
            consequence = outer.child_by_field_name("consequence")
            assert consequence is not None
            if alternative is None:
                self._spans.append((consequence.end_byte, statement.end_byte))
            else:
                self._spans.append((statement.start_byte, alternative.start_byte))
            self.shorter.append(outer)
        elif alternative is not None:
            raise Kept("there is an else branch", statement)
        else:
            self.gone.append(statement)

    def _is_known_header(self, statement: Node) -> bool:
        """Whether the statement in front of a condition only computes what is known."""
        initializer = statement.child_by_field_name("initializer")
        right = initializer.child_by_field_name("right") if initializer is not None else None
        return right is not None and all(v.id in self._known for v in named(right))

    def _take_out_parentheses(self) -> None:
        for binary in [n for n in self.shorter if n.type == "binary_expression"]:
            rest = self._reduced(binary)
            parent = binary.parent
            if parent is not None and parent.type == "parenthesized_expression" and rest.type != "binary_expression":
                self._spans += [(parent.start_byte, binary.start_byte), (binary.end_byte, parent.end_byte)]

    def _reduced(self, node: Node) -> Node:
        if node.type != "binary_expression":
            return node
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        assert left is not None and right is not None
        if left.id in self._known:
            return self._reduced(right)
        return self._reduced(left) if right.id in self._known else node


def must_be_used(file: SourceFile, spans: list[Span]) -> None:
    """Go refuses a local variable that nothing reads. Raises Kept when there were one without these spans."""
    for identifier in (i for start, end in spans for i in _identifiers(file, start, end)):
        text = file.text(identifier)
        local = lookup(file, text, identifier) if text != "_" else None
        if local is None or local.kind not in ("define", "var", "range", "typeswitch") or within(spans, local.name):
            continue
        if not any(not within(spans, u) and _reads(u) for u in _uses(file, local.name)):
            raise Kept(f"{text} would no longer be used", identifier)


def _identifiers(file: SourceFile, start: int, end: int) -> list[Node]:
    return [i for i in descend(file.root, *NAMES) if start <= i.start_byte < end]


def _uses(file: SourceFile, name: Node) -> list[Node]:
    """Every identifier that means a local variable, its declaration left out."""
    text = file.text(name)
    function = [a for a in ancestors(name) if a.type in FUNCTION_LIKE][-1]
    found = []
    for identifier in descend(function, *NAMES):
        if identifier.start_byte != name.start_byte and file.text(identifier) == text:
            local = lookup(file, text, identifier)
            if local is not None and local.name.start_byte == name.start_byte:
                found.append(identifier)
    return found


def _reads(identifier: Node) -> bool:
    parent = identifier.parent
    if parent is None or parent.type != "expression_list" or parent.parent is None:
        return True
    left = parent.parent.child_by_field_name("left")
    return not (parent.parent.type in _ASSIGNMENTS and left is not None and left.id == parent.id)


def line_span(file: SourceFile, node: Node) -> Span:
    """The lines of a statement, or of an element of a list with its comma; with the comment above that speaks of the
    past and one of two blank lines around. Raises Kept when it shares its line and stands alone there."""
    source = file.source
    start = source.rfind(b"\n", 0, node.start_byte) + 1
    end = source.find(b"\n", node.end_byte)
    end = len(source) if end < 0 else end + 1
    behind = source[node.end_byte : end].lstrip(b",").strip(b" \t\r\n")
    if source[start : node.start_byte].strip() or (behind and not behind.startswith(b"//")):
        return _part_of_line(node)
    for comment in legacy_comment(file, node):
        start = min(start, source.rfind(b"\n", 0, comment.start_byte) + 1)
    before, after = _line_before(source, start), _line_at(source, end)
    if not after.strip() and (not before.strip() or before.rstrip().endswith(b"{")):
        end = min(len(source), end + len(after))
    elif not before.strip() and after.strip().startswith(b"}"):
        start -= len(before)
    return start, end


def _part_of_line(node: Node) -> Span:
    before, after = node.prev_named_sibling, node.next_named_sibling
    if before is not None and before.type != "comment":
        return before.end_byte, node.end_byte
    if after is not None and after.type != "comment":
        return node.start_byte, after.start_byte
    raise Kept("it stands alone in a block of one line", node)


# Words by which people say that code is there for names of the past.
_LEGACY = (
    r"(?i)\b(old|older|legacy|deprecated|backwards?|compat\w*|earlier|previous\w*|former\w*|both|eventually|no longer"
    r"|unqualified|non-domain\w*|migrat\w*|short-?\s?circuit\w*)\b"
)
_SENTENCE = r"(?<=[.;!])\s+|\n(?=[A-Z])"


def legacy_comment(file: SourceFile, statement: Node) -> list[Node]:
    """The comment lines right above a statement when every sentence of them speaks of the past, else none."""
    lines = comment_above(file, statement)
    text = "\n".join(file.text(c).removeprefix("//").strip() for c in lines)
    sentences = [s for s in re.split(_SENTENCE, text) if s.strip()]
    return lines if sentences and all(re.search(_LEGACY, s) for s in sentences) else []


def speaks_of_the_past(text: str) -> bool:
    return bool(re.search(_LEGACY, text))


def comment_above(file: SourceFile, statement: Node) -> list[Node]:
    """The `//` comments on the lines right above a statement, directives left out."""
    found: list[Node] = []
    row = statement.start_point.row
    previous = _previous(statement)
    while previous is not None and previous.type in ("comment", "\n"):
        if previous.type == "comment":
            line = file.source.rfind(b"\n", 0, previous.start_byte) + 1
            alone = not file.source[line : previous.start_byte].strip()
            if previous.end_point.row != row - 1 or not alone or not file.text(previous).startswith("// "):
                break
            found.insert(0, previous)
            row = previous.start_point.row
        previous = _previous(previous)
    return found


def _previous(node: Node) -> Node | None:
    """What stands before a node; a comment that opens a block stands before its list of statements."""
    first = node.prev_sibling is None and node.parent is not None and node.parent.type == "statement_list"
    return node.parent.prev_sibling if first and node.parent is not None else node.prev_sibling


def _line_before(source: bytes, start: int) -> bytes:
    return source[source.rfind(b"\n", 0, start - 1) + 1 : start] if start else b""


def _line_at(source: bytes, start: int) -> bytes:
    end = source.find(b"\n", start)
    return source[start : len(source) if end < 0 else end + 1]


def list_span(items: Node, item: Node) -> Span:
    """An element of a list with one of the commas around it."""
    every = named(items)
    index = next(i for i, n in enumerate(every) if n.id == item.id)
    if index:
        return every[index - 1].end_byte, item.end_byte
    return item.start_byte, every[1].start_byte


def within(spans: Iterable[Span], node: Node) -> bool:
    """Whether a node lies in one of the spans."""
    return any(s <= node.start_byte and node.end_byte <= e for s, e in spans)


def merged(spans: list[Span]) -> list[Span]:
    """The same bytes in order, as spans that are apart."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found
