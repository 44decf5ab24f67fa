"""Which conditions are known to hold, or not to, wherever a place in a function is reached.

Told by the shape of the code: the branch that a place lies in, and the tests before it whose branches leave. Nothing is
said of a function literal's surroundings, since it may run at another time.
Source: the Go specification, "Statements" and "Terminating statements".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Node

from gomigrate.go.nodes import FUNCTION_LIKE, ancestors, descend, named, statements, unparen
from gomigrate.go.scope import is_assigned, lookup
from gomigrate.go.syntax import SourceFile


class Fact(NamedTuple):
    """A condition, and whether it is true."""

    condition: Node
    holds: bool


def facts(file: SourceFile, place: Node) -> Iterator[Fact]:
    """What is known at a place, from near to far; also of the parts of a condition, and of what a variable holds."""
    function = next((a for a in ancestors(place) if a.type in FUNCTION_LIKE), None)
    if function is None or may_jump(file, function):
        return
    child, parent = place, place.parent
    while parent is not None and parent.type not in FUNCTION_LIKE:
        for fact in _around(file, child, parent):
            yield from _parts(file, fact)
        child, parent = parent, parent.parent


def may_jump(file: SourceFile, function: Node) -> bool:
    """Whether a function has a goto."""
    has_word = file.source.find(b"goto", function.start_byte, function.end_byte) >= 0
    return has_word and bool(descend(function, "goto_statement"))


def _around(file: SourceFile, child: Node, parent: Node) -> Iterator[Fact]:
    kind = parent.type
    if kind == "statement_list":
        for statement in reversed(parent.named_children):
            if statement.end_byte <= child.start_byte:
                yield from _behind(file, statement)
    elif kind == "binary_expression":
        left = parent.child_by_field_name("left")
        operator = file.text(parent.child_by_field_name("operator"))  # type: ignore[arg-type]
        if left is not None and left.id != child.id and operator in ("&&", "||"):
            yield Fact(left, operator == "&&")
    elif kind == "if_statement":
        condition, role = parent.child_by_field_name("condition"), _role(parent, child)
        if condition is not None and role in ("consequence", "alternative"):
            yield Fact(condition, role == "consequence")
    elif kind == "expression_switch_statement" and child.type in ("expression_case", "default_case"):
        yield from _in_case(parent, child)


def _role(parent: Node, child: Node) -> str:
    fields = ("consequence", "alternative")
    return next((f for f in fields if (n := parent.child_by_field_name(f)) is not None and n.id == child.id), "")


def _in_case(switch: Node, case: Node) -> Iterator[Fact]:
    """Of a switch without a value: this case is true, and those above are not; default is reached when none is."""
    if switch.child_by_field_name("value") is not None:
        return
    cases = [c for c in named(switch) if c.type in ("expression_case", "default_case")]
    index = next(i for i, c in enumerate(cases) if c.id == case.id)
    if index and descend(cases[index - 1], "fallthrough_statement"):
        return
    own = _conditions(case)
    if len(own) == 1:
        yield Fact(own[0], True)
    for other in cases if case.type == "default_case" else cases[:index]:
        for condition in _conditions(other):
            yield Fact(condition, False)


def _conditions(case: Node) -> list[Node]:
    value = case.child_by_field_name("value")
    return named(value) if value is not None else []


def _behind(file: SourceFile, statement: Node) -> Iterator[Fact]:
    """What is known behind a statement: the tests whose branches leave were false."""
    if statement.type == "if_statement":
        link: Node | None = statement
        while link is not None and link.type == "if_statement":
            condition = link.child_by_field_name("condition")
            alternative = link.child_by_field_name("alternative")
            if condition is None:
                return
            if not _leaves(file, link.child_by_field_name("consequence"), breaks=True):
                # What stands in an else is only known when it was reached.
                if alternative is not None and _leaves(file, alternative, breaks=True):
                    yield Fact(condition, True)
                return
            yield Fact(condition, False)
            link = alternative
    elif statement.type == "expression_switch_statement" and statement.child_by_field_name("value") is None:
        for case in named(statement):
            if case.type == "default_case":
                # It is reached last, wherever it stands.
                continue
            if case.type != "expression_case":
                continue
            if not _leaves(file, case, breaks=False):
                return
            for condition in _conditions(case):
                yield Fact(condition, False)


def _leaves(file: SourceFile, block: Node | None, *, breaks: bool) -> bool:
    """Whether what stands behind this block, or else, is not reached from it. `breaks`: a break leaves as well."""
    if block is None:
        return False
    if block.type == "if_statement":
        return all(_leaves(file, block.child_by_field_name(f), breaks=breaks) for f in ("consequence", "alternative"))
    body = statements(block)
    if not body:
        return False
    last = body[-1]
    if last.type == "break_statement":
        # With a label it leaves whatever stands between.
        return breaks or bool(named(last))
    if last.type in ("return_statement", "continue_statement"):
        return True
    if last.type == "expression_statement":
        return _never_returns(file, named(last)[0])
    if last.type in ("block", "if_statement"):
        return _leaves(file, last, breaks=breaks)
    return False


def _never_returns(file: SourceFile, call: Node) -> bool:
    function = call.child_by_field_name("function") if call.type == "call_expression" else None
    if function is None:
        return False
    text = file.text(function)
    found = file.import_named("os") if text == "os.Exit" else None
    if found is not None:
        return found.path == "os" and lookup(file, "os", function) is None
    return text == "panic" and lookup(file, text, function) is None


def _parts(
    file: SourceFile, fact: Fact, followed: set[tuple[int, bool]] | None = None, depth: int = 0
) -> Iterator[Fact]:
    """A fact, and what follows from it: both sides of a true &&, of a false ||, and the value of a variable, of each
    one once."""
    followed = set() if followed is None else followed
    condition, holds = unparen(fact.condition), fact.holds
    yield Fact(condition, holds)
    if condition.type == "unary_expression" and file.text(condition).startswith("!"):
        yield from _parts(file, Fact(named(condition)[0], not holds), followed, depth)
    elif condition.type == "binary_expression":
        operator = file.text(condition.child_by_field_name("operator"))  # type: ignore[arg-type]
        if operator == ("&&" if holds else "||"):
            for side in ("left", "right"):
                yield from _parts(file, Fact(condition.child_by_field_name(side), holds), followed, depth)  # type: ignore[arg-type]
    elif condition.type == "identifier" and depth < 4:
        local = lookup(file, file.text(condition), condition)
        known = local is not None and local.kind in ("define", "var") and local.total == 1
        if local is not None and known and (local.name.start_byte, holds) not in followed:
            followed.add((local.name.start_byte, holds))
            if local.value is not None and not is_assigned(file, local):
                yield from _parts(file, Fact(local.value, holds), followed, depth + 1)
