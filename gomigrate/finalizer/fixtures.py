"""Test fixtures whose meaning narrows: an arbitrary finalizer that stood for "any" must become the real one.

Code that used to ask for any finalizer now asks for its own. A test that gave its object `Finalizers: []string{"f1"}`
meant "has one": it carries the key instead. The literal is renamed everywhere in its test function, and only when all
its places there are finalizers; then every assertion keeps its meaning.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tree_sitter import Node

from gomigrate.finalizer.roles import is_creation
from gomigrate.go.nodes import STRINGS, ancestors, descend, named
from gomigrate.go.syntax import SourceFile, string_value

_FIELD = b"Finalizers"
_KEY = re.compile(rb"\bFinalizers\s*(?::|/[/*])")
STANDARD = frozenset({"kubernetes", "orphan", "foregroundDeletion"})


def may_hold_fixtures(source: bytes) -> bool:
    """Whether a file is worth a parse: nothing else gives an object finalizers as it is made."""
    return _KEY.search(source) is not None


class Fixture(NamedTuple):
    """The places of one arbitrary name in one test function. `left` is why they cannot carry the key."""

    file: SourceFile
    text: str
    nodes: tuple[Node, ...]
    left: str = ""


def find_fixtures(file: SourceFile, known: set[str]) -> list[Fixture]:
    """Arbitrary names in `Finalizers: []string{"x"}` of a test file; names in `known` are no fixtures."""
    found = []
    for function in file.functions:
        if _FIELD not in file.source[function.start_byte : function.end_byte]:
            continue
        literals = [(n, string_value(file, n)) for n in descend(function, *STRINGS)]
        places: dict[str, list[Node]] = {}
        several: dict[str, Node] = {}
        for node, text in literals:
            if text and text not in known and text not in STANDARD and is_creation(file, node):
                literal = node.parent.parent  # type: ignore[union-attr]
                places.setdefault(text, []).append(node)
                if literal is not None and len(named(literal)) != 1:
                    several[text] = node
        for text, nodes in places.items():
            if "/" in text:
                foreign = "it is another project's name; what the test expects of it may no longer hold"
                found.append(Fixture(file, text, tuple(nodes), foreign))
                continue
            everywhere = [n for n, value in literals if value == text]
            strange = [n for n in everywhere if n not in nodes and not _compared_with_finalizers(file, n)]
            if text in several:
                found.append(Fixture(file, text, tuple(nodes), "the object carries other finalizers beside it"))
            elif strange:
                line = file.position(strange[0].start_byte)[0]
                found.append(Fixture(file, text, tuple(nodes), f"{text!r} means something else at line {line}"))
            else:
                found.append(Fixture(file, text, tuple(everywhere)))
    return found


def _compared_with_finalizers(file: SourceFile, node: Node) -> bool:
    """Whether a literal stands in `[]string{"x"}`, or alone, beside an object's finalizers in a call or comparison."""
    inner = node
    if node.parent is not None and node.parent.type == "literal_element":
        literal = node.parent.parent.parent if node.parent.parent is not None else None
        if literal is None or literal.type != "composite_literal" or len(named(node.parent.parent)) != 1:  # type: ignore[arg-type]
            return False
        inner = literal
    arguments = inner.parent
    if arguments is None or arguments.type not in ("argument_list", "binary_expression"):
        return False
    others = [n for n in named(arguments) if n.id != inner.id]
    return any(_is_finalizers(file, o) for o in others)


def _is_finalizers(file: SourceFile, node: Node) -> bool:
    if node.type == "index_expression":
        node = node.child_by_field_name("operand") or node
    text = file.text(node)
    return text.endswith((".Finalizers", ".GetFinalizers()")) and not any(a.type in STRINGS for a in ancestors(node))
