"""The values of the evaluator.

A string is either a *token* (a Python str: one element of a sample list, or a key) or a `Free` symbol that has not
been compared with a token yet. Tokens can be moved around and compared for equality with each other, and nothing
else: that is what makes small samples a sound proof (the data-independence check).
"""

from __future__ import annotations

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

    A path (`r.object`) has a parent and a field, so that it can be written in the words of the unit even when a called
    function took the step. `copied`: a struct that was handed over by value, so that what is written to it is lost.
    """

    __slots__ = ("constant", "copied", "field", "file", "id", "kind", "local", "node", "parent")

    def __init__(
        self,
        identity: str,
        node: Node,
        file: Any,
        constant: str | None = None,
        local: Any = None,
        parent: Free | None = None,
        field: str = "",
        copied: bool = False,
    ) -> None:
        self.id = identity
        self.node = node
        self.file = file
        self.constant = constant
        self.local = local
        self.parent = parent
        self.field = field
        self.copied = copied
        self.kind = ""


class Obj:
    """A Kubernetes object: a list of finalizers and a deletion timestamp ('unset', 'zero' or 'set')."""

    __slots__ = ("deletion", "finalizers", "free", "touched")

    def __init__(self, finalizers: Slice, deletion: str, free: Free | None) -> None:
        self.finalizers = finalizers
        self.deletion = deletion
        self.free = free
        self.touched = False


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
        return cls([*items, *(["garbage"] * spare)], 0, len(items), len(items) + spare)

    def items(self) -> list[Any]:
        return self.array[self.offset : self.offset + self.length] if self.array is not None else []

    def get(self, index: int) -> Any:
        if not 0 <= index < self.length:
            raise GoPanic("index out of range")
        return self.array[self.offset + index]  # type: ignore[index]

    def set(self, index: int, value: Any) -> None:
        if not 0 <= index < self.length:
            raise GoPanic("index out of range")
        self.array[self.offset + index] = value  # type: ignore[index]

    def cut(self, low: int, high: int, limit: int | None = None) -> Slice:
        bound = self.capacity if limit is None else limit
        if not 0 <= low <= high <= bound <= self.capacity:
            raise GoPanic("slice bounds out of range")
        return Slice(self.array, self.offset + low, high - low, bound - low)

    def append(self, items: list[Any], spare: bool) -> Slice:
        """As Go's append: in place when the capacity allows, else on a new array (with room behind it if `spare`)."""
        if not items:
            return self
        total = self.length + len(items)
        if self.array is not None and total <= self.capacity:
            start = self.offset + self.length
            self.array[start : start + len(items)] = items
            return Slice(self.array, self.offset, total, self.capacity)
        room = total + 2 if spare else 0
        return Slice.of(self.items() + items, room)


NIL = Slice(None)


class GoMap:
    """A map with string keys, and sets built on it. Iteration order is not defined and so not offered."""

    __slots__ = ("items", "zero")

    def __init__(self, zero: Any) -> None:
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
    """The untyped nil."""

    __slots__ = ()


UNTYPED_NIL = Nil()
