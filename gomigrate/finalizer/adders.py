"""Functions of the checkout that add the finalizer whose name they are given, and do nothing else with the name.

`EnsureFinalizer(ctx, client, object, name)` and its like also write to the API server, so they are no operation on a
list that could be run. What becomes of the name can still be told: it goes to AddFinalizer, and ContainsFinalizer is
only asked whether there is nothing to add. Then the name that is given is the name that is added.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tree_sitter import Node

from gomigrate.finalizer.identity import declaration
from gomigrate.finalizer.objectmodel import CONTROLLERUTIL
from gomigrate.go.nodes import NAMES, ancestors, arguments_of, calls_in, descend, named, statements
from gomigrate.go.references import Reference
from gomigrate.go.scope import lookup, parameters
from gomigrate.go.syntax import SourceFile, called
from gomigrate.go.types import Types
from gomigrate.model import Operation


class Use(NamedTuple):
    """A place that is given a name: it adds it to an object, or asks whether it is there (`negated`: whether not)."""

    operation: Operation
    node: Node
    object: str
    negated: bool = False


Migrated = Callable[[SourceFile, Node], "Use | None"]


class Addition(NamedTuple):
    """A call that is given a name, and the function that only adds it; `adds` are the places there, none of one that is
    known and not read."""

    call: Node
    file: SourceFile
    function: Node
    adds: tuple[Use, ...] = ()


class Known(NamedTuple):
    """Which arguments of a function of another module are the object and the name, counted from 0, and of how many."""

    object: int
    name: int
    arguments: int


# Functions that add the name, do nothing else with it, and leave objects that are being deleted alone. EnsureFinalizer
# is so since it came with cluster-api v1.9.0 (commit 718382655b), and still in v1.14.0.
KNOWN = {("sigs.k8s.io/cluster-api/util/finalizers", "EnsureFinalizer"): Known(object=2, name=3, arguments=4)}


def addition(types: Types, reference: Reference, migrated: Migrated) -> Addition | None:
    """The call of a function that a name is given to and that only adds it; None when there is none.

    `migrated` tells what hand-written code around a node will be a call of controllerutil, if it will."""
    arguments = reference.node.parent
    call = arguments.parent if arguments is not None and arguments.type == "argument_list" else None
    known = known_adder(types, reference.file, call) if call is not None else None
    if call is not None and known is not None and known[1].id == reference.node.id:
        return Addition(call, reference.file, call)
    declared = declaration(types, reference.file, call) if call is not None else None
    if arguments is None or call is None or declared is None:
        return None
    file, node = declared
    given = [n for n, d in parameters(node) if d.type == "parameter_declaration"]
    index = next(i for i, a in enumerate(named(arguments)) if a.id == reference.node.id)
    adds = _added(types, file, node, given[index], migrated) if len(given) == len(named(arguments)) else ()
    return Addition(call, file, node, adds) if adds else None


def known_adder(types: Types, file: SourceFile, call: Node) -> tuple[Node, Node] | None:
    """The object and the name that a call gives to a function of another module which is known to add it."""
    operand, name = called(file, call)
    package = types.package_of(file, operand) if operand is not None else None
    known = KNOWN.get((package or "", name))
    given = arguments_of(call)
    return (given[known.object], given[known.name]) if known is not None and len(given) == known.arguments else None


def _added(types: Types, file: SourceFile, function: Node, parameter: Node, migrated: Migrated) -> tuple[Use, ...]:
    """The places that add a parameter to an object; none when it is used for anything else."""
    body = function.child_by_field_name("body")
    if body is None or file.is_generated:
        return ()
    name = file.text(parameter)
    uses: list[Use] = []
    for identifier in descend(body, *NAMES):
        if file.text(identifier) != name:
            continue
        local = lookup(file, name, identifier)
        if local is None or local.name.start_byte != parameter.start_byte:
            continue
        use = _controllerutil(types, file, identifier) or migrated(file, identifier)
        if use is None or use.operation not in (Operation.ADD, Operation.CONTAINS):
            return ()
        uses.append(use)
    adds = tuple(u for u in uses if u.operation is Operation.ADD)
    questions = [u for u in uses if u.operation is Operation.CONTAINS]
    guards = all(_only_guards(file, q, [u.node for u in adds]) for q in questions)
    return adds if guards and len({u.object for u in uses}) == 1 else ()


_CALLS = {"AddFinalizer": Operation.ADD, "ContainsFinalizer": Operation.CONTAINS}


def _controllerutil(types: Types, file: SourceFile, key: Node) -> Use | None:
    """The call of controllerutil that `key` is the name for."""
    call = key.parent.parent if key.parent is not None else None
    if call is None:
        return None
    operand, name = called(file, call)
    if operand is None or name not in _CALLS or types.package_of(file, operand) != CONTROLLERUTIL:
        return None
    arguments = arguments_of(call)
    fits = len(arguments) == 2 and arguments[1].id == key.id
    return Use(_CALLS[name], call, file.text(arguments[0])) if fits else None


def _only_guards(file: SourceFile, question: Use, adds: list[Node]) -> bool:
    """Whether the answer only decides if something is added: `if there { return }`, or `if !there { add }`."""
    negated = question.negated
    node = question.node
    for outer in ancestors(node):
        if outer.type == "unary_expression" and file.text(outer).startswith("!"):
            negated = not negated
        elif outer.type == "if_statement":
            condition = outer.child_by_field_name("condition")
            if condition is None or condition.id != node.id or outer.child_by_field_name("alternative") is not None:
                return False
            body = outer.child_by_field_name("consequence")
            if body is None:
                return False
            if negated:
                return any(body.start_byte <= a.start_byte < body.end_byte for a in adds)
            inside = statements(body)
            return len(inside) == 1 and inside[0].type == "return_statement" and not calls_in(body)
        elif outer.type == "binary_expression":
            operator = outer.child_by_field_name("operator")
            if operator is None or file.text(operator) != "&&" or not negated:
                return False
        elif outer.type != "parenthesized_expression":
            return False
        node = outer
    return False
