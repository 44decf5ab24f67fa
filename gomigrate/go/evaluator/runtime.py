"""The state of one run on one sample, and what Go does with values: comparing, appending, cutting, counting."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from operator import le
from typing import Any, NamedTuple, NoReturn

from tree_sitter import Node

from gomigrate.go.evaluator.values import (
    EMPTY,
    NIL,
    Copied,
    Free,
    GoSet,
    Hidden,
    Length,
    NeedKey,
    Nil,
    Obj,
    Slice,
    Time,
    Unbound,
    Unsupported,
)
from gomigrate.go.nodes import STRINGS

MAX_STEPS = 20000
# Without a list there is nothing to walk. A walk that is written out, or built of functions that call functions, may
# take so many steps and no more: it does not reach the end of the long samples then.
MAX_STEPS_ON_NOTHING = 24
# What an expression can change beside its result (a variable of an outer function, a field of an object, an element
# of a list, what is in a map or set); two operands of one expression may not get in each other's way.
VARIABLE, FIELD, ELEMENT, MEMBER = 1, 2, 4, 8

Growth = Callable[[int, int], int]


def tight(capacity: int, wanted: int) -> int:
    """A list that is grown has no room behind it."""
    return wanted


def room_behind(capacity: int, wanted: int) -> int:
    return wanted + 2


class Context(NamedTuple):
    """A statement before a unit (`holds` None), or a condition that is true or false whenever the unit runs."""

    node: Node
    holds: bool | None = None


def _unset(free: Free) -> Obj:
    return Obj(NIL, "unset", free)


class Runtime:
    """The state of one run. `begin` starts the next one; the `asked_...` flags stay, and say what more to try."""

    def __init__(self) -> None:
        self.objects: dict[str, Obj] = {}
        self.keys: dict[str, str] = {}
        self.make_object: Callable[[Free], Obj] = _unset
        self.growth: Growth = tight
        self.order: tuple[str, ...] = ()
        self.fresh_lists = False
        self.effects = 0
        self.asked_room = False
        self.asked_deletion = False
        self.asked_order = False
        self.asked_list = False
        # Whether each string that a function is given is taken for a name, which is not empty; and whether it mattered.
        self.given_names = False
        self.asked_name = False
        self.changed_elements = False
        self.called_getter = False
        self._steps = 0
        self._max_steps = MAX_STEPS
        self._limit = 0

    def close(self) -> None:
        """Lets go of what makes objects, which knows this state in turn."""
        self.make_object = _unset

    def begin(self, names: int) -> None:
        """`names` is how many names the lists of the sample hold together.

        Every literal of the subset is 0 or 1, and finalizer code counts what is there. A larger number is one that
        was built up, and what hangs on it may not show on the samples: "when there are fewer than twenty".
        """
        self.objects = {}
        self.effects = 0
        self._steps = 0
        self._max_steps = MAX_STEPS if names else MAX_STEPS_ON_NOTHING
        self._limit = names + 2

    def step(self) -> None:
        self._steps += 1
        if self._steps > self._max_steps:
            raise Unsupported("does not come to an end on the samples")

    def number(self, value: int) -> int:
        if not -self._limit <= value <= self._limit:
            raise Unsupported("counts further than there are finalizers")
        return value

    # -- objects and names ----------------------------------------------------------------------------------

    def object(self, value: Any, node: Node | None = None) -> Obj:
        if isinstance(value, Obj):
            return value
        if isinstance(value, Copied):
            # It was copied before anything was read of the object, and so before it was changed.
            original = self.object(value.of, node)
            return Obj(original.first, original.deletion, original.free, copied=True)
        if isinstance(value, Free) and value.kind != "key" and value.constant is None:
            value.kind = "object"
            found = self.objects.get(value.id)
            if found is None:
                found = self.objects[value.id] = self.make_object(value)
            return found
        raise Unsupported("finalizers of something that is no plain object", node)

    def copied(self, value: Any) -> Any:
        """A struct as Go copies it; any other value is itself."""
        if isinstance(value, Free):
            value = self.objects.get(value.id, value)
        if isinstance(value, Obj):
            return Obj(value.finalizers, value.deletion, value.free, copied=True)
        return Copied(value) if isinstance(value, Free) else value

    def token(self, value: Any) -> Any:
        """A list element; a free string becomes a key."""
        if isinstance(value, (str, Hidden)):
            return value
        if isinstance(value, Copied):
            value = value.of
        if isinstance(value, Free) and value.kind != "object":
            found = self.keys.get(value.meaning)
            if found is None:
                raise NeedKey(value)
            return found
        raise Unsupported("a value other than a name among finalizers")

    def name(self, value: Any) -> str:
        """A list element that is going to be compared."""
        found = self.token(value)
        if isinstance(found, Hidden):
            raise Unsupported(found.reason)
        return str(found)

    def equal(self, left: Any, right: Any) -> bool:
        if type(left) is str and type(right) is str:
            return left == right
        strings = (str, Free, Copied, Hidden)
        if isinstance(left, strings) and isinstance(right, strings):
            for value, other in ((left, right), (right, left)):
                if value is EMPTY and isinstance(other, (Free, Copied)):
                    self.expect_name(origin(other))
                    return False
                if isinstance(value, Hidden):
                    raise Unsupported(value.reason)
            if not isinstance(left, str) and not isinstance(right, str) and not (_is_key(left) and _is_key(right)):
                raise Unsupported("compares two names with each other, not with the finalizers", origin(left).node)
            return self.token(left) == self.token(right)  # type: ignore[no-any-return]
        if isinstance(left, Nil) or isinstance(right, Nil):
            value = right if isinstance(left, Nil) else left
            if isinstance(value, Slice):
                return value.array is None
            if isinstance(value, Time):
                return value.state == "unset"
            if isinstance(value, Nil):
                return True
            raise Unsupported("compares something with nil that is neither a list nor a timestamp")
        if isinstance(left, Length) or isinstance(right, Length):
            return self.ordered(le, [left, right]) and self.ordered(le, [right, left])
        if type(left) is type(right) and isinstance(left, (int, bool)):
            return bool(left == right)
        raise Unsupported("compares values that are not understood")

    def expect_name(self, text: Free) -> None:
        """Raises Unbound when a string from outside may be the empty one. A constant never is: that is `EMPTY`."""
        if text.constant is None and not text.named:
            if not self.given_names or text.local is None or text.parent is not None:
                raise Unbound("hangs on whether a name is empty, which is not known here", text.node, text.local)
            self.asked_name = True

    def ordered(self, compare: Callable[[float, float], bool], both: list[Any], node: Node | None = None) -> bool:
        """The answer to <, <=, > or >= of two numbers, when it is the same for every length that a name may have."""
        left, right = both
        if not isinstance(left, Length) and not isinstance(right, Length):
            return compare(integer(left, node), integer(right, node))
        answers = {compare(a, b) for a in self._range(left, node) for b in self._range(right, node)}
        if len(answers) > 1:
            raise Unsupported("hangs on how long a name is", node)
        return answers.pop()

    def _range(self, value: Any, node: Node | None) -> tuple[float, ...]:
        """The least and the greatest that a number may be."""
        if isinstance(value, Length):
            self.expect_name(value.of)
            return 1, inf
        return (integer(value, node),)

    # -- lists ----------------------------------------------------------------------------------------------

    def new_list(self, items: list[Any], capacity: int | None = None) -> Slice:
        """A list of its own. Without a capacity it may have room behind it or not."""
        self.number(len(items))
        if capacity is None:
            self.asked_room = True
            capacity = self.growth(0, len(items))
        return Slice.of(items, max(0, capacity - len(items)))

    def append(self, source: Slice, items: list[Any]) -> Slice:
        """As Go's append: in place when the capacity allows, else on a new array."""
        if not items:
            return source
        self.asked_room = True
        total = self.number(source.length + len(items))
        if source.array is not None and total <= source.capacity:
            self.change_elements()
            start = source.offset + source.length
            source.array[start : start + len(items)] = items
            return Slice(source.array, source.offset, total, source.capacity)
        return Slice.of(source.items() + items, self.growth(source.capacity, total) - total)

    def cut(self, source: Slice, low: int, high: int | None, limit: int | None) -> Slice:
        end = source.length if high is None else high
        if end > source.length or limit is not None:
            self.asked_room = True
        return source.cut(low, end, limit)

    def set(self, target: Slice, index: int, value: Any) -> None:
        self.change_elements()
        target.set(index, self.token(value))

    def change_elements(self) -> None:
        self.effects |= ELEMENT
        self.changed_elements = True

    # -- order ----------------------------------------------------------------------------------------------

    def sorted(self, items: list[Any]) -> list[str]:
        """In ascending order, under the order of names that is tried just now."""
        self.asked_order = True
        return in_order([self.name(i) for i in items], self.order)


def in_order(names: list[str], order: tuple[str, ...]) -> list[str]:
    return sorted(names, key=lambda n: (order.index(n) if n in order else len(order), n))


def origin(value: Any) -> Any:
    return value.of if isinstance(value, Copied) else value


def _is_key(value: Any) -> bool:
    return isinstance(value, str) or origin(value).kind == "key"


# -- what a value must be at a place ---------------------------------------------------------------------------


def boolean(value: Any, node: Node) -> bool:
    if isinstance(value, bool):
        return value
    value = origin(value)
    if isinstance(value, Free):
        raise Unbound("depends on a condition that is not about finalizers", node, value.local)
    raise Unsupported("a condition that is not understood", node)


def integer(value: Any, node: Node | None = None) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    value = origin(value)
    if isinstance(value, Free) and value.local is not None and value.kind != "key":
        raise Unbound("computes with a number from elsewhere", node, value.local)
    if isinstance(value, (str, Free, Hidden)):
        raise Unsupported("orders or computes with the names themselves", node)
    raise Unsupported("computes with something that is no number", node)


def list_of(value: Any, node: Node | None = None) -> Slice:
    if isinstance(value, Slice):
        return value
    if isinstance(value, Nil):
        return NIL
    if isinstance(value, GoSet):
        raise Unsupported("a set where a list is expected", node)
    no_list(value, node)


def no_list(value: Any, node: Node | None) -> NoReturn:
    value = origin(value)
    if isinstance(value, Free) and value.local is not None:
        raise Unbound("a list that is computed elsewhere", node, value.local)
    raise Unsupported("something that is no list of names", node)


def is_expression(node: Node) -> bool:
    return node.type.endswith(("_expression", "identifier", "_literal")) or node.type in STRINGS
