"""What becomes of tests when the code goes from one stage to the next.

prepare → switch exchanges the two names in the code that adds one, while every test and removal serves both: code that
cannot tell them apart otherwise behaves alike when the tests exchange them too.

switch → cleanup: what a test does for the old name beside the same for the new one goes (a list's element, a case, a
check), and so does a test that says it is about the past. Any other object under the old name carries the new one.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tree_sitter import Node

from gomigrate.finalizer.removal import doc_start
from gomigrate.go.fold import Kept, Span, line_span, list_span, must_be_used, speaks_of_the_past, within
from gomigrate.go.nodes import FUNCTIONS, STRINGS, ancestors, descend, named, statement_around
from gomigrate.go.syntax import SourceFile

_TABLES = ("slice_type", "map_type", "array_type", "implicit_length_array_type")
_TESTS = ("Test", "Benchmark", "Fuzz", "Example")


class Retired(NamedTuple):
    """The old name in the tests of one file: `functions` and `spans` go, each with the place that it is told at;
    `renamed` are uses that take the new name."""

    functions: list[Node]
    spans: list[Span]
    places: list[Node]
    renamed: list[Node]


def retire(file: SourceFile, old: list[Node], new: list[Node]) -> Retired:
    """What to do with the uses `old` of the old name in a test file; `new` are those of the new one. Raises Kept."""
    found = Retired([], [], [], [])
    for node in old:
        _retire(file, node, new, found)
    if found.spans:
        must_be_used(file, found.spans)
    kept = [n for n in found.renamed if not _covered(n, found)]
    return found._replace(renamed=kept)


def _covered(node: Node, found: Retired) -> bool:
    spans = [*found.spans, *((f.start_byte, f.end_byte) for f in found.functions)]
    return within(spans, node)


def _retire(file: SourceFile, node: Node, new: list[Node], found: Retired) -> None:
    function = next((a for a in ancestors(node) if a.type in FUNCTIONS), None)
    if function is None:
        found.renamed.append(node)
        return
    element = node.parent
    if element is not None and element.type == "literal_element" and _beside(element, new):
        assert element.parent is not None
        found.spans.append(list_span(element.parent, element))
        found.places.append(node)
        return
    case = _case(file, node)
    around = case if case is not None else function
    if not _holds(around, new):
        if case is not None and (_told_apart(file, case) or any(_holds(s, new) for s in _siblings(case))):
            found.spans.append(line_span(file, case))
            found.places.append(case)
        elif case is None and _is_about_the_past(file, function):
            if not any(f.id == function.id for f in found.functions):
                found.functions.append(function)
        else:
            found.renamed.append(node)
        return
    statement = statement_around(node)
    assert statement is not None
    plain_if = statement.type == "if_statement" and statement.child_by_field_name("alternative") is None
    if (statement.type != "expression_statement" and not plain_if) or _holds(statement, new):
        raise Kept("the test has both names here, and what it says without the old one is not clear", node)
    found.spans.append(line_span(file, statement))
    found.places.append(statement)


def _holds(node: Node, places: list[Node]) -> bool:
    return any(node.start_byte <= p.start_byte and p.end_byte <= node.end_byte for p in places)


def _beside(element: Node, new: list[Node]) -> bool:
    """Whether the new name is another element of the same list."""
    items = element.parent
    return items is not None and any(e.id != element.id and _holds(e, new) for e in named(items))


def _case(file: SourceFile, node: Node) -> Node | None:
    """The row of a table, or the subtest, around a place."""
    for outer in ancestors(node):
        if outer.type in FUNCTIONS:
            return None
        if outer.type == "expression_statement" and re.match(r"\w+\.Run\(", file.text(outer)):
            return outer
        if outer.type in ("literal_element", "keyed_element") and _is_row(outer, node):
            return outer
    return None


def _is_row(element: Node, node: Node) -> bool:
    literal = element.parent.parent if element.parent is not None else None
    kind = literal.child_by_field_name("type") if literal is not None else None
    if literal is None or kind is None or kind.type not in _TABLES:
        return False
    value = named(element)[-1]
    value = named(value)[0] if value.type == "literal_element" else value
    return value.type in ("literal_value", "composite_literal", "unary_expression") and value.id != node.id


def _siblings(case: Node) -> list[Node]:
    return [n for n in named(case.parent) if n.id != case.id and n.type == case.type] if case.parent is not None else []


def _told_apart(file: SourceFile, case: Node) -> bool:
    """Whether a case has a name that speaks of the past."""
    literal = next(iter(descend(case, *STRINGS)), None)
    return literal is not None and speaks_of_the_past(_words(file.text(literal)))


def _is_about_the_past(file: SourceFile, function: Node) -> bool:
    name = file.name_of(function)
    comment = file.source[doc_start(file, function) : function.start_byte].decode("utf-8", "replace")
    return name.startswith(_TESTS) and speaks_of_the_past(f"{_words(name)} {comment}")


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", " ", name)
