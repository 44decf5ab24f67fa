"""Calls that name a finalizer of the pack, as code at a stage has them."""

from __future__ import annotations

from typing import NamedTuple

from tree_sitter import Node

from gomigrate.finalizer.names import NameUses
from gomigrate.finalizer.objectmodel import CONTROLLERUTIL
from gomigrate.finalizer.operations import Meaning, classify_unit
from gomigrate.finalizer.wording import text_at
from gomigrate.go.evaluator.kinds import SETS
from gomigrate.go.nodes import ancestors, descend, statement_around, statements
from gomigrate.go.references import Reference
from gomigrate.go.syntax import SourceFile, called
from gomigrate.go.types import Types
from gomigrate.model import Operation

# What a removal that is written with sets does beside.
_BY_SETS = frozenset({"sorted", "dedup", "nil-empty"})
_OPERATIONS = frozenset((Operation.CONTAINS, Operation.ADD, Operation.REMOVE))


class Call(NamedTuple):
    """A call of controllerutil, of sets in its stead, or of a function of the checkout that does what one does. `key`
    is the expression that names the finalizer, `new` tells which of the two names it is."""

    file: SourceFile
    node: Node
    meaning: Meaning
    object: str
    key: Node
    new: bool

    @property
    def operation(self) -> Operation:
        return self.meaning.operation

    @property
    def idle(self) -> bool:
        """What it gives on an object without the name, if it gives anything."""
        return self.meaning.negated or self.meaning.result == "unchanged"

    @property
    def is_wrapped(self) -> bool:
        """Whether it is given to functions that have nothing hand-written about them: they hand on object and name."""
        texts = [self.file.text(self.node), *(f.text(n) for f, n in self.meaning.functions.values())]
        return len(texts) > 1 and not any("Finalizers" in text for text in texts)

    @property
    def statement(self) -> Node | None:
        """The statement that the call belongs to, itself an element of a list of statements."""
        return statement_around(self.node)


def find_call(types: Types, uses: NameUses, reference: Reference, new: bool) -> Call | None:
    """The call that a name is given to; None when it is none, or not one that only tests for, adds or removes it."""
    file, key = reference.file, reference.node
    arguments = key.parent
    call = arguments.parent if arguments is not None and arguments.type == "argument_list" else None
    if call is None or call.type != "call_expression" or not reference.sure:
        return None
    removal = _removal_by_sets(types, file, call)
    call = removal or call
    node = call.parent if call.parent is not None and call.parent.type == "expression_statement" else call
    meaning = classify_unit(types, file, [], [node])
    wanted = uses.rule.new if new else uses.rule.old
    if not isinstance(meaning, Meaning) or meaning.operation not in _OPERATIONS:
        return None
    if not (_BY_SETS if removal is not None else frozenset()).issuperset(meaning.difference_names):
        return None
    if [k.constant for k in meaning.keys] != [wanted] or len(meaning.objects) != 1:
        return None
    return Call(file, call, meaning, text_at(file, (node,), meaning.objects[0]), key, new)


def _removal_by_sets(types: Types, file: SourceFile, call: Node) -> Node | None:
    """Of what is given the key in `o.SetFinalizers(sets.NewString(…).Difference(sets.NewString(key)).List())`, or with
    Delete(key), the call of SetFinalizers."""
    if _is_of(types, file, call, SETS) and call.parent is not None and call.parent.parent is not None:
        call = call.parent.parent
    made, name = called(file, call)
    if name not in ("Delete", "Difference") or made is None or not _is_of(types, file, made, SETS):
        return None
    return next((a for a in ancestors(call) if called(file, a)[1] == "SetFinalizers"), None)


def only_asks(types: Types, file: SourceFile, call: Node) -> bool:
    """Whether a call asks whether a finalizer is there, or is a part of that question."""
    operand, name = called(file, call)
    if name == "Has" and operand is not None:
        return _is_of(types, file, operand, SETS)
    wanted = {"ContainsFinalizer": CONTROLLERUTIL, "NewString": SETS}.get(name)
    return wanted is not None and _is_of(types, file, call, wanted)


def _is_of(types: Types, file: SourceFile, call: Node, package: str) -> bool:
    """Whether a node is a call of a function of this package."""
    operand, _ = called(file, call)
    return operand is not None and types.package_of(file, operand) == package


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


def is_part_of_addition(call: Call, others: list[Call]) -> bool:
    """In `added := !ContainsFinalizer(o, Name)`, with `AddFinalizer(o, Name)` right behind it: the question, which
    gives the result that the addition does not give."""
    negation, statement = call.node.parent, call.statement
    if call.operation is not Operation.CONTAINS or negation is None or negation.type != "unary_expression":
        return False
    if statement is None or statement.type != "short_var_declaration":
        return False
    right = statement.child_by_field_name("right")
    # Under a guard it is `added := <not being deleted> && !ContainsFinalizer(o, Name)`.
    if right is None or call.file.text(right).rpartition("&& ")[2] != call.file.text(negation):
        return False
    behind = _under_answer(statement)
    return any(
        c.operation is Operation.ADD
        and c.new is call.new
        and c.object == call.object
        and c.file is call.file
        and (node := c.statement) is not None
        and behind is not None
        and node.id == behind.id
        for c in others
    )


def _under_answer(statement: Node) -> Node | None:
    """The statement behind a question, or the only one in the body of an `if` on its answer there."""
    behind, left = statement.next_named_sibling, statement.child_by_field_name("left")
    if behind is None or behind.type != "if_statement" or left is None:
        return behind
    condition, body = behind.child_by_field_name("condition"), behind.child_by_field_name("consequence")
    inside = statements(body) if body is not None else []
    on_answer = condition is not None and condition.text == left.text
    return inside[0] if on_answer and len(inside) == 1 else None


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
