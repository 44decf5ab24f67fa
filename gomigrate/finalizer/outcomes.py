"""Runs compiled finalizer code on one sample, and gives the lists afterwards and the values given back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tree_sitter import Node

from gomigrate.finalizer.objectmodel import ObjectModel
from gomigrate.finalizer.samples import List, Sample
from gomigrate.go.evaluator.compiler import Compiler
from gomigrate.go.evaluator.kinds import Kind
from gomigrate.go.evaluator.runtime import Growth, Runtime, room_behind, tight
from gomigrate.go.evaluator.values import (
    NIL,
    NO_ERROR,
    Copied,
    Discard,
    Free,
    GoPanic,
    Hidden,
    NeedKey,
    Obj,
    Ref,
    Slice,
    Spread,
    Unbound,
    Unsupported,
)
from gomigrate.go.nodes import named
from gomigrate.go.scope import lookup
from gomigrate.go.syntax import SourceFile

HOST = ObjectModel()


class Outcome(NamedTuple):
    """One run: the lists afterwards, and the values given back, or None for a panic.

    A list stands as ("list", names), an object as ("object", the number of its list), an error that is nil as
    ("error",), a bool or int for itself.
    """

    sample: Sample
    after: tuple[List, ...]
    values: tuple[Any, ...] | None


class _Parameter(NamedTuple):
    """`kind` is list, pointer (to a list), names (variadic), struct (by value), or other."""

    kind: str
    free: Free


class Code:
    """A compiled unit or function. Its places are what holds a list: parameters first, then objects as they appear."""

    def __init__(
        self, compiler: Compiler, runtime: Runtime, parameters: list[_Parameter], call: Callable[[list[Any]], Any]
    ) -> None:
        self.compiler = compiler
        self.runtime = runtime
        self.parameters = parameters
        self.call = call
        self.growth: Growth | None = None
        self._places: dict[str, int] = {}
        self.objects: list[Free] = []
        self._fixed = False
        # The runs that showed a new object or key.
        self.telling: list[Sample] = []
        self.sample = Sample(())
        for parameter in parameters:
            if parameter.kind in ("list", "pointer"):
                self._places[parameter.free.id] = len(self._places)
        runtime.asked_list = bool(self._places)

    def fix(self, places: Mapping[int, int]) -> None:
        """Takes the lists of a sample as given for parameters, and refuses any other object."""
        self._places = {self.parameters[i].free.id: place for i, place in places.items()}
        self._fixed = True

    @property
    def places(self) -> int:
        return len(self._places)

    def is_value(self, place: int) -> bool:
        """Whether the list is a parameter itself, so that the caller's own cannot be given another length."""
        return any(p.kind == "list" and self._places.get(p.free.id) == place for p in self.parameters)

    def _place(self, free: Free) -> int:
        if free.id not in self._places:
            if self._fixed:
                raise Unsupported("works on an object that is not given", free.node)
            self._places[free.id] = len(self._places)
            self.objects.append(free)
            self.telling.append(self.sample)
        return self._places[free.id]

    def run(self, sample: Sample) -> Outcome | None:
        """None when the code is not reached on this sample."""
        runtime = self.runtime
        self.sample = sample
        runtime.begin(sum([len(x) for x in sample.lists if x]))
        runtime.growth = self.growth or (room_behind if sample.roomy else tight)
        runtime.order = sample.order
        runtime.fresh_lists = sample.fresh_lists
        runtime.make_object = lambda free: Obj(_slice(sample, self._place(free)), sample.deletion, free)
        readers: dict[int, Callable[[], Slice]] = {}
        given = [self._argument(p, sample, readers) for p in self.parameters]
        values: tuple[Any, ...] | None
        try:
            values = self._parts(self.call(given))
        except GoPanic:
            values = None
        except Discard:
            return None
        after = list(sample.lists)
        for place, read in readers.items():
            after[place] = _shown(read())
        for identity, obj in runtime.objects.items():
            if self._places[identity] < len(after):
                after[self._places[identity]] = _shown(obj.finalizers)
        return Outcome(sample, tuple(after), values)

    def _argument(self, parameter: _Parameter, sample: Sample, readers: dict[int, Callable[[], Slice]]) -> Any:
        free = parameter.free
        if parameter.kind in ("list", "pointer"):
            place = self._places[free.id]
            cell = [_slice(sample, place)]
            readers[place] = lambda: cell[0]
            return cell[0] if parameter.kind == "list" else Ref(lambda: cell[0], lambda v: _replace(cell, v))
        if parameter.kind == "names":
            return Spread(Slice.of([self.runtime.token(free)]))
        return Copied(free) if parameter.kind == "struct" else free

    def _parts(self, value: Any) -> tuple[Any, ...]:
        if value is None:
            return ()
        return tuple(self._part(v) for v in (value if isinstance(value, tuple) else (value,)))

    def _part(self, value: Any) -> Any:
        if isinstance(value, (bool, int)):
            return value
        if isinstance(value, Slice):
            return ("list", _shown(value))
        if value is NO_ERROR:
            return ("error",)
        free = value.free if isinstance(value, Obj) and not value.copied else value
        if isinstance(free, Free) and free.id in self.runtime.objects:
            return ("object", self._places[free.id])
        known = (free.node, free.local) if isinstance(free, Free) else ()
        raise Unbound("gives back a value that is not understood", *known)


def _slice(sample: Sample, place: int) -> Slice:
    # An object that appears for the first time has no list of its own yet: the samples start again.
    items = sample.lists[place] if place < len(sample.lists) else sample.lists[0]
    return NIL if items is None else Slice.of(list(items), sample.spare)


def _replace(cell: list[Slice], value: Any) -> None:
    if not isinstance(value, Slice):
        raise Unsupported("writes something that is no list of names")
    cell[0] = value


def _shown(items: Slice) -> List:
    if items.array is None:
        return None
    return tuple([x.shown if isinstance(x, Hidden) else x for x in items.items()])


def compiled_function(compiler: Compiler, file: SourceFile, node: Node) -> Code:
    """A function as code that runs on samples."""
    found = []
    for part in ("receiver", "parameters"):
        declarations = node.child_by_field_name(part)
        for declaration in named(declarations) if declarations is not None else ():
            kind = _parameter_kind(compiler, file, declaration)
            names = [n for n in declaration.children_by_field_name("name") if n.type == "identifier"]
            found += [_Parameter(kind, _given(file, node, n)) for n in names or [declaration]]
    return Code(compiler, compiler.runtime, found, compiler.function(file, node))


def _given(file: SourceFile, function: Node, name: Node) -> Free:
    """What a parameter is given, as code of the function names it."""
    text, body = file.text(name), function.child_by_field_name("body")
    local = lookup(file, text, body) if body is not None else None
    return Free(f"{text}@{name.start_byte}", name, file, local=local)


_PARAMETERS = {Kind.LIST: "list", Kind.LIST_POINTER: "pointer", Kind.STRUCT: "struct"}


def _parameter_kind(compiler: Compiler, file: SourceFile, declaration: Node) -> str:
    kind = compiler.kinds.of(file, declaration.child_by_field_name("type"))
    if declaration.type != "variadic_parameter_declaration":
        return _PARAMETERS.get(kind, "other")
    if not compiler.kinds.is_name(file, declaration.child_by_field_name("type")):
        raise Unsupported("takes any number of values", declaration)
    return "names"


def run_with_keys(code: Code, sample: Sample, key: Callable[[Free], str]) -> Outcome:
    while True:
        try:
            outcome = code.run(sample)
        except NeedKey as need:
            need.free.kind = "key"
            code.runtime.keys[need.free.meaning] = key(need.free)
            continue
        if outcome is None:
            raise Unsupported("is not reached")
        return outcome
