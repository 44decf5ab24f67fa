"""Calls of controllerutil that name a finalizer of the pack, as code at a stage has them."""

from __future__ import annotations

from typing import NamedTuple

from tree_sitter import Node

from gomigrate.finalizer.names import NameUses
from gomigrate.finalizer.objectmodel import CONTROLLERUTIL
from gomigrate.finalizer.operations import Meaning, classify_unit
from gomigrate.go.references import Reference
from gomigrate.go.syntax import SourceFile, ancestors, descend, named
from gomigrate.go.types import Types
from gomigrate.model import Operation

_KINDS = {
    "ContainsFinalizer": Operation.CONTAINS,
    "AddFinalizer": Operation.ADD,
    "RemoveFinalizer": Operation.REMOVE,
}


class Call(NamedTuple):
    """`key` is the expression that names the finalizer, `new` tells which of the two names it is."""

    file: SourceFile
    node: Node
    operation: Operation
    object: str
    key: Node
    new: bool
    samples: int

    @property
    def statement(self) -> Node | None:
        """The statement that the call belongs to, itself an element of a list of statements."""
        return next((a for a in (self.node, *ancestors(self.node)) if _is_listed(a)), None)


def _is_listed(node: Node) -> bool:
    return node.parent is not None and node.parent.type == "statement_list"


def find_call(types: Types, uses: NameUses, reference: Reference, new: bool) -> Call | None:
    """The call whose key a reference is; None when it is none, or does not do what its name says."""
    file, key = reference.file, reference.node
    arguments = key.parent
    if not reference.sure or arguments is None or arguments.type != "argument_list":
        return None
    call = arguments.parent
    function = call.child_by_field_name("function") if call is not None else None
    if call is None or function is None or function.type != "selector_expression":
        return None
    operand, field = function.child_by_field_name("operand"), function.child_by_field_name("field")
    operation = _KINDS.get(file.text(field)) if field is not None else None
    if operation is None or operand is None or types.package_of(file, operand) != CONTROLLERUTIL:
        return None
    if len(named(arguments)) != 2 or named(arguments)[1].id != key.id:
        return None
    node = call.parent if call.parent is not None and call.parent.type == "expression_statement" else call
    meaning = classify_unit(types, file, [], [node])
    wanted = uses.rule.new if new else uses.rule.old
    if not isinstance(meaning, Meaning) or meaning.operation is not operation or meaning.differences:
        return None
    if [k.constant for k in meaning.keys] != [wanted]:
        return None
    return Call(file, call, operation, file.text(named(arguments)[0]), key, new, meaning.samples)


def is_controllerutil(types: Types, file: SourceFile, call: Node) -> bool:
    function = call.child_by_field_name("function")
    operand = function.child_by_field_name("operand") if function is not None else None
    return operand is not None and types.package_of(file, operand) == CONTROLLERUTIL


def partner(call: Call, others: list[Call]) -> Call | None:
    """The call that does the same to the same object with the other name, in the same list of statements."""
    statement = call.statement
    if statement is None or statement.parent is None:
        return None
    for other in others:
        theirs = other.statement
        if (
            other.new is not call.new
            and other.operation is call.operation
            and other.object == call.object
            and other.file is call.file
            and theirs is not None
            and theirs.parent is not None
            and theirs.parent.id == statement.parent.id
        ):
            return other
    return None


def moves_over(call: Call, others: list[Call]) -> Call | None:
    """In `if <the legacy name is there> { … AddFinalizer(o, New) … }`: the addition, which gives an old object the
    new name."""
    statement = call.statement
    if statement is None or statement.type != "if_statement":
        return None
    body = statement.child_by_field_name("consequence")
    if body is None or not any(n.id == call.node.id for n in _header(statement)):
        return None
    return next(
        (
            c
            for c in others
            if c.new
            and c.operation is Operation.ADD
            and c.file is call.file
            and c.object == call.object
            and body.start_byte <= c.node.start_byte < body.end_byte
        ),
        None,
    )


def _header(statement: Node) -> list[Node]:
    parts = [statement.child_by_field_name(f) for f in ("initializer", "condition")]
    return [c for part in parts if part is not None for c in descend(part, "call_expression")]
