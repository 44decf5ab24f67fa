"""Which names reach the finalizers of objects, and where each comes from. What a constant is called decides nothing.

A name reaches finalizers as the argument of a controllerutil call, as a key of hand-written code that the evaluator
recognises, as an element of a list that is written to an object or stands in its metadata, or as the argument of a
function whose parameter does. From there it is followed back to a literal, to a constant, or to what computes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tree_sitter import Node, Query

from gomigrate.finalizer.adders import known_adder
from gomigrate.finalizer.objectmodel import CONTROLLERUTIL
from gomigrate.finalizer.objects import METAV1, judge, type_of_free
from gomigrate.finalizer.sites import Site
from gomigrate.finalizer.sources import Parameter, Source, Tracer, listed
from gomigrate.go.nodes import arguments_of, descend, in_order, named
from gomigrate.go.references import References
from gomigrate.go.scope import lookup
from gomigrate.go.syntax import SourceFile, called, captured_near
from gomigrate.go.trees import GO
from gomigrate.go.types import Named, Pointer, Sequence, Type, Types
from gomigrate.model import Operation

_MANAGED = "sigs.k8s.io/controller-runtime/pkg/finalizer"
_CALLS = {
    "AddFinalizer": Operation.ADD,
    "RemoveFinalizer": Operation.REMOVE,
    "ContainsFinalizer": Operation.CONTAINS,
}
# Functions that take a list of finalizers and a text which is no name.
_NO_NAMES = frozenset(("fmt", "strings", "reflect", "errors", "encoding/json", "log", "log/slog"))
# Of their functions, only these take a name together with a list; others take a second list, or a function.
_SLICES = frozenset(("slices", "golang.org/x/exp/slices", "k8s.io/utils/strings/slices"))
_OF_SLICES = frozenset(("Contains", "Index"))
_QUERY = Query(
    GO,
    """
    ((call_expression function: (selector_expression field: (field_identifier) @_method)) @call
      (#any-of? @_method
        "AddFinalizer" "RemoveFinalizer" "ContainsFinalizer" "SetFinalizers" "WithFinalizers" "Register"
        "EnsureFinalizer"))
    ((call_expression function: (selector_expression field: (field_identifier) @_method)) @list
      (#eq? @_method "GetFinalizers"))
    ((selector_expression field: (field_identifier) @_field) @list (#eq? @_field "Finalizers"))
    ((keyed_element key: (literal_element (identifier) @_key)) @keyed (#eq? @_key "Finalizers"))
    """,
)
# Each of its patterns asks for a name that holds one of these.
_IN_QUERY = (b"Finalizer", b"Register")


class Flow(NamedTuple):
    """A place where names reach finalizers: `node` is the name's expression there. `objects` are the API types that
    carry it, as far as they are known."""

    file: SourceFile
    node: Node
    operation: Operation | None
    sources: tuple[Source, ...]
    objects: tuple[Named, ...]


class _Place(NamedTuple):
    file: SourceFile
    node: Node
    operation: Operation | None
    objects: tuple[Named, ...] = ()


def find_flows(types: Types, references: References, files: Iterable[SourceFile], sites: Iterable[Site]) -> list[Flow]:
    """Every place of production code in these files, and in the callers of their functions, where a name reaches
    finalizers. `sites` are the places that the evaluator recognised."""
    tracer = Tracer(types, references)
    places = [p for site in sites if not site.file.is_test for p in _of_site(types, site)]
    places += [p for file in files if not file.is_test and not file.is_generated for p in _in_file(types, file)]
    found: dict[tuple[str, int], Flow] = {}
    asked: set[tuple[Parameter, Operation | None]] = set()
    while places:
        place = places.pop()
        key = (place.file.path, place.node.start_byte)
        if key in found and (found[key].operation is place.operation or place.operation is not Operation.ADD):
            continue
        sources, passed = tracer.trace(place.file, place.node)
        found[key] = Flow(place.file, place.node, place.operation, tuple(sources), place.objects)
        for parameter in passed:
            if (parameter, place.operation) not in asked:
                asked.add((parameter, place.operation))
                places += _arguments(types, references, parameter, place.operation)
    flows = [f for f in found.values() if f.sources]
    return sorted(flows, key=lambda f: (f.file.path, f.node.start_byte))


# -- places -------------------------------------------------------------------------------------------------------


def _of_site(types: Types, site: Site) -> Iterator[_Place]:
    free = site.meaning.objects[0] if site.meaning.objects else None
    kind = type_of_free(types, free) if free is not None else None
    if kind is not None and judge(types, kind).level == "no":
        return
    for key in site.meaning.keys:
        yield _Place(key.file, key.node, site.meaning.operation, _carrying(kind))


def _in_file(types: Types, file: SourceFile) -> Iterator[_Place]:
    captures = captured_near(_QUERY, file, _IN_QUERY)
    for call in in_order(captures.get("call", [])):
        yield from _of_call(types, file, call)
    for access in in_order(captures.get("list", [])):
        yield from _of_list(types, file, access)
    for keyed in in_order(captures.get("keyed", [])):
        kind, objects = _metadata_of(types, file, keyed)
        value = keyed.child_by_field_name("value")
        if kind == Named(METAV1, "ObjectMeta") and value is not None and named(value):
            for other, node in listed(types, file, named(value)[0]):
                yield _Place(other, node, Operation.ADD, objects)


def _of_call(types: Types, file: SourceFile, call: Node) -> Iterator[_Place]:
    operand, name = called(file, call)
    if operand is None:
        return
    given = arguments_of(call)
    package = types.package_of(file, operand)
    if name in _CALLS:
        if package == CONTROLLERUTIL and len(given) == 2:
            yield _Place(file, given[1], _CALLS[name], _carrying(types.of(file, given[0])))
    elif name == "Register":
        if package is None and len(given) == 2 and _is_managed(types, file, operand):
            yield _Place(file, given[0], Operation.ADD)
    elif (known := known_adder(types, file, call)) is not None:
        yield _Place(file, known[1], Operation.ADD, _carrying(types.of(file, known[0])))
    elif package is None and name == "WithFinalizers":
        for argument in given:
            yield _Place(file, argument, Operation.ADD)
    elif package is None and len(given) == 1 and judge(types, types.of(file, operand)).level != "no":
        objects = _carrying(types.of(file, operand))
        for other, node in listed(types, file, given[0]):
            yield _Place(other, node, Operation.ADD, objects)


def _is_managed(types: Types, file: SourceFile, operand: Node) -> bool:
    """Whether finalizers are registered here with controller-runtime's package for it."""
    if file.import_of(_MANAGED) is None:
        return False
    kind = types.of(file, operand)
    if kind is None and operand.type == "identifier":
        local = lookup(file, file.text(operand), operand)
        value = local.value if local is not None else None
        made = value.child_by_field_name("function") if value is not None else None
        inner = made.child_by_field_name("operand") if made is not None else None
        return inner is not None and types.package_of(file, inner) == _MANAGED
    return isinstance(kind, Named) and kind.package == _MANAGED


def _of_list(types: Types, file: SourceFile, access: Node) -> Iterator[_Place]:
    """What the finalizers of an object are set to, compared with, or handed over together with."""
    selector = access.child_by_field_name("function") if access.type == "call_expression" else access
    operand = selector.child_by_field_name("operand") if selector is not None else None
    parent = access.parent
    if operand is None or parent is None or types.package_of(file, operand) is not None:
        return
    kind = types.of(file, operand)
    if judge(types, kind).level == "no":
        return
    objects = _carrying(kind)
    if parent.type == "argument_list" and parent.parent is not None:
        yield from _beside(types, file, access, parent.parent, objects)
    elif parent.type == "range_clause":
        yield from _in_loop(file, parent, objects)
    elif parent.type == "index_expression":
        yield from _compared(file, parent, objects)
    elif parent.type == "expression_list" and parent.parent is not None:
        statement = parent.parent
        left, right = statement.child_by_field_name("left"), statement.child_by_field_name("right")
        one = left is not None and left.id == parent.id and len(named(left)) == 1
        if statement.type == "assignment_statement" and one and right is not None:
            for other, node in listed(types, file, named(right)[0]):
                yield _Place(other, node, Operation.ADD, objects)


def _beside(types: Types, file: SourceFile, access: Node, call: Node, objects: tuple[Named, ...]) -> Iterator[_Place]:
    """The one text that a function gets together with a list of finalizers."""
    function = call.child_by_field_name("function")
    given = [n for n in arguments_of(call) if n.id != access.id]
    if function is None or len(given) != 1 or len(arguments_of(call)) != 2:
        return
    operand = function.child_by_field_name("operand") if function.type == "selector_expression" else None
    package = types.package_of(file, operand) if operand is not None else None
    if operand is not None and (package is None or package in _NO_NAMES):
        return
    if package in _SLICES and called(file, call)[1] not in _OF_SLICES:
        return
    if given[0].type == "func_literal" or (function.type == "identifier" and file.text(function) == "append"):
        return
    if "inalizers" not in file.text(given[0]):
        yield _Place(file, given[0], None, objects)


def _in_loop(file: SourceFile, clause: Node, objects: tuple[Named, ...]) -> Iterator[_Place]:
    left, loop = clause.child_by_field_name("left"), clause.parent
    names = [file.text(n) for n in named(left)] if left is not None else []
    body = loop.child_by_field_name("body") if loop is not None else None
    if len(names) == 2 and body is not None:
        for node in descend(body, "binary_expression"):
            for side in named(node):
                if side.type == "identifier" and file.text(side) == names[1]:
                    yield from _compared(file, side, objects)


def _compared(file: SourceFile, node: Node, objects: tuple[Named, ...]) -> Iterator[_Place]:
    """What a finalizer is compared with."""
    comparison = node.parent
    if comparison is not None and comparison.type == "binary_expression":
        operator = comparison.child_by_field_name("operator")
        other = [n for n in named(comparison) if n.id != node.id]
        if operator is not None and file.text(operator) in ("==", "!=") and other:
            yield _Place(file, other[0], Operation.CONTAINS, objects)


def _metadata_of(types: Types, file: SourceFile, keyed: Node) -> tuple[Type | None, tuple[Named, ...]]:
    """The type of the composite literal that a `Name: value` stands in, and the object that it is the metadata of."""
    body = keyed.parent
    literal = body.parent if body is not None else None
    if literal is None:
        return None, ()
    if literal.type == "literal_element" and literal.parent is not None and literal.parent.parent is not None:
        # An element without its type: that of the list around it.
        around = types.written(file, literal.parent.parent.child_by_field_name("type"))
        return (around.element if isinstance(around, Sequence) else None), ()
    kind = types.written(file, literal.child_by_field_name("type")) if literal.type == "composite_literal" else None
    element = literal.parent
    outer = element.parent if element is not None and element.type == "literal_element" else None
    object_literal = outer.parent.parent if outer is not None and outer.parent is not None else None
    written = object_literal.child_by_field_name("type") if object_literal is not None else None
    return kind, _carrying(types.written(file, written) if written is not None else None)


def _arguments(
    types: Types, references: References, parameter: Parameter, operation: Operation | None
) -> Iterator[_Place]:
    """What the callers of a function hand over as one of its parameters."""
    for reference in references.of(parameter.symbol):
        call = reference.call
        if call is None or not reference.sure or reference.file.is_test or reference.file.is_generated:
            continue
        given = arguments_of(call)
        kinds = [types.of(reference.file, a) for i, a in enumerate(given) if i != parameter.number]
        objects = tuple(c for k in kinds if k is not None and judge(types, k).level == "object" for c in _carrying(k))
        chosen = given[parameter.number :] if parameter.variadic else given[parameter.number : parameter.number + 1]
        for argument in chosen:
            if argument.type == "variadic_argument":
                for other, node in listed(types, reference.file, named(argument)[0]):
                    yield _Place(other, node, operation, objects)
            else:
                yield _Place(reference.file, argument, operation, objects)


def _carrying(kind: Type | None) -> tuple[Named, ...]:
    kind = kind.to if isinstance(kind, Pointer) else kind
    return (kind,) if isinstance(kind, Named) and kind != Named(METAV1, "ObjectMeta") else ()
