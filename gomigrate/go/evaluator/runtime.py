"""The state of one run, what objects are, and what the compiled closures share.

Each closure takes the frame (variable slot -> value) of the running function. Statements give a signal: None to go
on, BREAK / CONTINUE (with a label or ''), or RETURN with the results in the frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from tree_sitter import Node

from gomigrate.go.evaluator.values import (
    NIL,
    Free,
    NeedKey,
    Nil,
    Obj,
    Slice,
    Time,
    Unbound,
    Unsupported,
)
from gomigrate.go.syntax import STRINGS

Frame = dict[str, Any]
Expr = Callable[[Frame], Any]
Stmt = Callable[[Frame], Any]

RETURN = ("return", "")
MAX_STEPS = 4000
MAX_INLINE = 8
INCREMENT_LIMIT = 5
MISSING = object()
UNIT = object()


@dataclass(frozen=True, slots=True)
class Context:
    """A statement before a unit (`holds` None), or a condition that is true or false whenever the unit runs."""

    node: Node
    holds: bool | None = None


class Host(Protocol):
    """What objects are: their methods and fields, and functions of packages that work on them."""

    methods: ClassVar[dict[str, Callable[[Runtime, Obj, list[Any]], Any]]]
    getters: ClassVar[dict[str, Callable[[Runtime, Obj], Any]]]
    setters: ClassVar[dict[str, Callable[[Runtime, Obj, Any], None]]]
    functions: ClassVar[dict[tuple[str, str], Callable[[Runtime, list[Any]], Any]]]


class Runtime:
    """The state of one run on one sample."""

    def __init__(self) -> None:
        self.objects: dict[str, Obj] = {}
        self.keys: dict[str, str] = {}
        self.make_object: Callable[[Free], Obj] = lambda free: Obj(NIL, "unset", free)
        self.spare = False
        # What the unit's result can depend on beside the lists; what it cannot need not be tried.
        self.uses_spare = False
        self.uses_deletion = False
        self.steps = 0

    def step(self) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise Unsupported("does not come to an end on the samples")

    def object(self, value: Any, node: Node | None) -> Obj:
        if isinstance(value, Obj):
            return value
        if isinstance(value, Free) and value.copied:
            raise Unsupported("works on a copy of the object", node)
        if isinstance(value, Free) and value.kind != "key" and value.constant is None:
            value.kind = "object"
            found = self.objects.get(value.id)
            if found is None:
                found = self.objects[value.id] = self.make_object(value)
            return found
        raise Unsupported("finalizers of something that is no plain object", node)

    def token(self, value: Any) -> str:
        """A list element; a free string becomes a key."""
        if isinstance(value, str):
            return value
        if isinstance(value, Free) and value.kind != "object":
            if value.constant == "":
                raise Unsupported("compares with the empty string", value.node)
            found = self.keys.get(value.id)
            if found is None:
                raise NeedKey(value)
            return found
        raise Unsupported("a value other than a name among finalizers")

    def equal(self, left: Any, right: Any) -> bool:
        if isinstance(left, (Free, str)) and isinstance(right, (Free, str)):
            if isinstance(left, Free) and isinstance(right, Free) and not (left.kind == right.kind == "key"):
                raise Unsupported("compares two names with each other, not with the finalizers", left.node)
            return self.token(left) == self.token(right)
        if isinstance(left, Nil) or isinstance(right, Nil):
            value = right if isinstance(left, Nil) else left
            if isinstance(value, Slice):
                return value.array is None
            if isinstance(value, Time):
                return value.state == "unset"
            if isinstance(value, Nil):
                return True
            raise Unsupported("compares something with nil that is neither a list nor a timestamp")
        if type(left) is type(right) and isinstance(left, (int, bool)):
            return bool(left == right)
        raise Unsupported("compares values that are not understood")


def is_expression(node: Node) -> bool:
    return node.type.endswith(("_expression", "identifier", "_literal")) or node.type in STRINGS


def writer(slot: str, listed: bool = False) -> Callable[[Frame, Any], Any]:
    """Stores a value in a variable; in one declared as a list, nil is the nil list."""

    def write(frame: Frame, value: Any) -> None:
        frame[slot] = NIL if listed and isinstance(value, Nil) else value

    return write


def repeated(zero: Callable[[], Any], count: int) -> Callable[[Frame], tuple[Any, ...]]:
    return lambda frame: tuple(zero() for _ in range(count))


def boolean(value: Any, node: Node) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, Free):
        raise Unbound("depends on a condition that is not about finalizers", node, value.local)
    raise Unsupported("a condition that is not understood", node)


def integer(value: Any, node: Node) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, Free) and value.local is not None and value.kind != "key":
        raise Unbound("computes with a number from elsewhere", node, value.local)
    if isinstance(value, (str, Free)):
        raise Unsupported("orders or computes with the names themselves", node)
    raise Unsupported("computes with something that is no number", node)


def as_list(value: Any, node: Node) -> Slice:
    if isinstance(value, Slice):
        return value
    if isinstance(value, Nil):
        return NIL
    if isinstance(value, Free) and value.local is not None:
        raise Unbound("a list that is computed elsewhere", node, value.local)
    raise Unsupported("something that is no list of names", node)


def after_body(signal: Any, label: str) -> tuple[bool, Any]:
    """What a loop does with the signal of its body: (stop, signal for the outside)."""
    if signal is None or signal in (("continue", ""), ("continue", label)):
        return False, None
    if signal in (("break", ""), ("break", label)):
        return True, None
    return True, signal


def after_switch(signal: Any) -> Any:
    return None if signal == ("break", "") else signal
