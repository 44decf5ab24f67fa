"""The values of the evaluator.

A string is either a *token* (a Python str: one element of a sample list, or a key) or a `Free` symbol that has not
been compared with a token yet. Tokens can be moved around and compared for equality with each other, and nothing
else: that is what makes small samples a sound proof (the data-independence check).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tree_sitter import Node


class Unsupported(Exception):
    """The code is outside the subset: nothing may be concluded from it. `node` is where."""

    def __init__(self, reason: str, node: Node | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.node = node


class Unbound(Unsupported):
    """A local variable of the surrounding code whose value this unit does not hold; a larger unit may.

    `local` is its declaration (a gomigrate.go.scope.Local) when it has one.
    """

    def __init__(self, reason: str, node: Node | None = None, local: Any = None) -> None:
        super().__init__(reason, node)
        self.local = local


class Discard(Exception):
    """The unit is not reached on this sample: a guard around it, or an early return before it, says so."""


class NeedKey(Exception):
    """A free string met a list element for the first time: it is a key, and the samples must hold it."""

    def __init__(self, free: Free) -> None:
        self.free = free


class GoPanic(Exception):
    """The evaluated code panics, as Go would."""


class Free:
    """A name from outside of the unit. Its first use decides whether it is an object or a key.

    A path (`r.object`) has a parent and a field, so that it can be written in the words of the unit even when a
    called function took the step. `named`: it is a constant of another module, a string that is not empty; it stays as
    it is, whatever it says.
    """

    __slots__ = ("constant", "field", "file", "id", "kind", "local", "named", "node", "parent")

    def __init__(
        self,
        identity: str,
        node: Node,
        file: Any,
        constant: str | None = None,
        local: Any = None,
        parent: Free | None = None,
        field: str = "",
        named: bool = False,
    ) -> None:
        self.id = identity
        self.node = node
        self.file = file
        self.constant = constant
        self.local = local
        self.parent = parent
        self.field = field
        self.named = named
        self.kind = ""

    @property
    def meaning(self) -> str:
        """Two constants of the same text are one key, whatever they are called."""
        return self.id if self.constant is None else f'"{self.constant}"'


class Copied:
    """A struct that was copied (handed over by value, say) before it is known to be an object.

    What is written to the copy is lost; what is read from it is what `of` held when the copy was made.
    """

    __slots__ = ("of",)

    def __init__(self, of: Free) -> None:
        self.of = of


class Hidden:
    """A string that may be moved around, but whose comparison with another would prove nothing: `reason` says why."""

    __slots__ = ("reason", "shown")

    def __init__(self, shown: str, reason: str) -> None:
        self.shown = shown
        self.reason = reason


EMPTY = Hidden("", "depends on the empty string")
BEHIND = Hidden("?", "depends on what lies behind the end of a list")
# Since Go 1.22 it is the empty string, before it was what stood there.
CLEARED = Hidden("", BEHIND.reason)


class Length:
    """How long a name is: at least 1 when it is not empty, and nothing else is known of it."""

    __slots__ = ("of",)

    def __init__(self, of: Free) -> None:
        self.of = of


class Obj:
    """A Kubernetes object: a list of finalizers and a deletion timestamp ('unset', 'zero' or 'set').

    `copied`: a copy of the struct, so that what is written to it is lost for the object that `free` names. `first` is
    the list that it had at the start.
    """

    __slots__ = ("copied", "deletion", "finalizers", "first", "free")

    def __init__(self, finalizers: Slice, deletion: str, free: Free | None, copied: bool = False) -> None:
        self.finalizers = finalizers
        self.deletion = deletion
        self.free = free
        self.copied = copied
        self.first = finalizers


class Slice:
    """A Go slice: a window on a shared backing array, with capacity behind its length. `array` None is nil."""

    __slots__ = ("array", "capacity", "length", "offset")

    def __init__(self, array: list[Any] | None, offset: int = 0, length: int = 0, capacity: int = 0) -> None:
        self.array = array
        self.offset = offset
        self.length = length
        self.capacity = capacity

    @classmethod
    def of(cls, items: list[Any], spare: int = 0) -> Slice:
        return cls([*items, *([BEHIND] * spare)], 0, len(items), len(items) + spare)

    def items(self) -> list[Any]:
        return self.array[self.offset : self.offset + self.length] if self.array is not None else []

    def get(self, index: int) -> Any:
        if self.array is None or not 0 <= index < self.length:
            raise GoPanic("index out of range")
        return self.array[self.offset + index]

    def set(self, index: int, value: Any) -> None:
        if self.array is None or not 0 <= index < self.length:
            raise GoPanic("index out of range")
        self.array[self.offset + index] = value

    def cut(self, low: int, high: int, limit: int | None = None) -> Slice:
        bound = self.capacity if limit is None else limit
        if not 0 <= low <= high <= bound <= self.capacity:
            raise GoPanic("slice bounds out of range")
        return Slice(self.array, self.offset + low, high - low, bound - low)


NIL = Slice(None)


class Ref:
    """A pointer to a variable or field that is no struct: `*p` reads and writes it."""

    __slots__ = ("get", "set")

    def __init__(self, get: Callable[[], Any], set: Callable[[Any], None]) -> None:
        self.get = get
        self.set = set


class Spread:
    """The last argument of a call that is written with dots: `f(list...)`."""

    __slots__ = ("list",)

    def __init__(self, list: Slice) -> None:
        self.list = list


class GoMap:
    """A map with string keys. Iteration order is not defined and so not offered."""

    __slots__ = ("items", "zero")

    def __init__(self, zero: Callable[[], Any]) -> None:
        self.items: dict[Any, Any] = {}
        self.zero = zero


class GoSet:
    __slots__ = ("items",)

    def __init__(self, items: list[Any]) -> None:
        self.items = dict.fromkeys(items)


class Time:
    """A deletion timestamp: 'unset' is a nil pointer, 'zero' a pointer to the zero time."""

    __slots__ = ("state",)

    def __init__(self, state: str) -> None:
        self.state = state


class Nil:
    """A nil that is no list: untyped, or the error that there is none."""

    __slots__ = ()


UNTYPED_NIL = Nil()
NO_ERROR = Nil()
UNIT = object()
