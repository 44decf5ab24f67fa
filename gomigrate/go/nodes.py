"""Questions of syntax trees of Go that need no more than a node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from tree_sitter import Node, Query, QueryCursor

from gomigrate.go.trees import GO

FUNCTIONS = frozenset({"function_declaration", "method_declaration"})
FUNCTION_LIKE = FUNCTIONS | {"func_literal"}
# A name in an expression. The grammar takes `f[T](x)` and `table[key](x)` for conversions, and the names for types.
NAMES = ("identifier", "type_identifier")
# What may stand around the name of the function in a call.
INSTANTIATIONS = ("parenthesized_expression", "index_expression", "type_instantiation_expression")
# Below so many nodes a walk is no slower than a query, which must be compiled first.
_SMALL = 128
STRINGS = frozenset({"interpreted_string_literal", "raw_string_literal"})


def descend(node: Node, *kinds: str) -> list[Node]:
    """Every node of these kinds below `node`, itself included, in the order of the source."""
    if node.descendant_count < _SMALL:
        return _walked(node, kinds)
    return in_order(QueryCursor(_kinds_query(kinds)).captures(node).get("node", []))


def expressions(node: Node) -> list[Node]:
    """Every expression and every identifier below `node`, itself included, in the order of the source."""
    return in_order(QueryCursor(_kinds_query(("_expression", "identifier"))).captures(node).get("node", []))


def _walked(node: Node, kinds: tuple[str, ...]) -> list[Node]:
    # By a cursor: a node that is asked for its children keeps them.
    found = []
    cursor = node.walk()
    while True:
        current = cursor.node
        if current is not None and current.type in kinds:
            found.append(current)
        if cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return found


def in_order(nodes: Iterable[Node]) -> list[Node]:
    """Nodes in the order of the source, outer ones first. tree-sitter gives captures in the order of a hash of their
    addresses, another one in each run."""
    return sorted(nodes, key=lambda n: (n.start_byte, -n.end_byte))


@lru_cache(maxsize=256)
def _kinds_query(kinds: tuple[str, ...]) -> Query:
    return Query(GO, "[" + " ".join(f"({kind})" for kind in kinds) + "] @node")


def ancestors(node: Node) -> Iterator[Node]:
    current = node.parent
    while current is not None:
        yield current
        current = current.parent


def enclosing(node: Node, kinds: frozenset[str]) -> Node | None:
    return next((n for n in ancestors(node) if n.type in kinds), None)


def statements(block: Node) -> list[Node]:
    """The statements of a block, comments left out."""
    for child in block.children:
        if child.type == "statement_list":
            return [n for n in child.named_children if n.type != "comment"]
    return []


def arguments_of(call: Node) -> list[Node]:
    """The arguments of a call, comments left out; none for what is no call."""
    arguments = call.child_by_field_name("arguments")
    return named(arguments) if arguments is not None else []


def calls_in(node: Node) -> list[Node]:
    """The calls below a node, in no order; also those that the grammar takes for conversions to a type with arguments,
    `f[T](x)`, which may be either and have no `function`."""
    found = descend(node, "call_expression", "type_conversion_expression")
    return [n for n in found if n.type == "call_expression" or is_instantiated(n)]


def is_instantiated(conversion: Node) -> bool:
    """Whether a conversion is written like `f[T](x)`, and may be a call."""
    kind = conversion.child_by_field_name("type")
    return kind is not None and kind.type == "generic_type"


def statement_around(node: Node) -> Node | None:
    """The innermost statement that a node is or lies in and that stands in a list of statements."""
    listed = (n for n in (node, *ancestors(node)) if n.parent is not None and n.parent.type == "statement_list")
    return next(listed, None)


def named(node: Node) -> list[Node]:
    """Named children without comments."""
    return [n for n in node.named_children if n.type != "comment"]


def unparen(node: Node) -> Node:
    while node.type == "parenthesized_expression":
        node = named(node)[0]
    return node


def errors(node: Node) -> Iterator[Node]:
    open_ones = [node]
    while open_ones:
        node = open_ones.pop()
        if node.type == "ERROR" or node.is_missing:
            yield node
        open_ones += reversed([c for c in node.children if c.has_error or c.is_missing])
