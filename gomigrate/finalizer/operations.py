"""What finalizer code means: run it on sample lists, and compare with the operations.

The result is a `Meaning` when the code is, on every sample, one operation up to named differences, and a `Opaque`
with the reason otherwise. Names of functions and variables decide nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from tree_sitter import Node

from gomigrate.finalizer import samples
from gomigrate.finalizer.objectmodel import ObjectModel
from gomigrate.finalizer.samples import List, Sample
from gomigrate.go.evaluator.compiler import Compiler
from gomigrate.go.evaluator.kinds import Kind
from gomigrate.go.evaluator.program import program_of
from gomigrate.go.evaluator.runtime import Context, Growth, Runtime, in_order, room_behind, tight
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
from gomigrate.go.scope import Local, lookup
from gomigrate.go.syntax import SourceFile, named
from gomigrate.go.types import Types
from gomigrate.model import Operation

MAX_KEYS = 2
# How the result must be given back so that a call of controllerutil can take the place of the code.
_REPLACEABLE = frozenset(("none", "value", "changed", "unchanged"))
_HOST = ObjectModel()


class Meaning(NamedTuple):
    """One operation. `samples` is the number of runs that agree.

    `result` is how it is given back: none, value (a test's answer), changed, unchanged, list, 'list,changed',
    'changed,list', index, 'index,found', object (the one that was given), or error (always nil).
    """

    operation: Operation
    negated: bool
    result: str
    differences: tuple[tuple[str, str], ...]
    keys: tuple[Free, ...]
    objects: tuple[Free, ...]
    samples: int
    functions: Mapping[tuple[str, str, str], tuple[SourceFile, Node]]

    @property
    def difference_names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.differences)


class Opaque(NamedTuple):
    """Nothing is known. `larger` says that a larger piece of the code may still be understood."""

    reason: str
    node: Node | None = None
    larger: bool = False
    local: Local | None = None
    evaluated: bool = False


class Outcome(NamedTuple):
    """One run: the lists afterwards, and the values given back, or None for a panic.

    A list stands as ("list", names), an object as ("object", the number of its list), an error that is nil as
    ("error",), a bool or int for itself.
    """

    sample: Sample
    after: tuple[List, ...]
    values: tuple[Any, ...] | None


def classify_unit(types: Types, file: SourceFile, context: list[Context], nodes: list[Node]) -> Meaning | Opaque:
    """The meaning of an expression, or of adjacent statements, inside a function, given what runs before."""
    runtime = Runtime()
    compiler = Compiler(types, _HOST, runtime)
    try:
        run = compiler.unit(file, context, nodes)
        return _replaceable(_explore(_Code(compiler, runtime, [], lambda values: run())))
    except (Unsupported, RecursionError) as error:
        return _opaque(error)


def classify_function(types: Types, file: SourceFile, node: Node, every_result: bool = False) -> Meaning | Opaque:
    """The meaning of a whole function or method, on its object or on its list of names.

    With `every_result` also of one that gives back more than a call of controllerutil could.
    """
    try:
        found = _explore(_function(types, file, node))
    except (Unsupported, RecursionError) as error:
        return _opaque(error)
    return found if every_result else _replaceable(found)


def _replaceable(found: Meaning | Opaque) -> Meaning | Opaque:
    if isinstance(found, Meaning) and found.objects and found.result not in _REPLACEABLE:
        # What becomes of the list, index or error is what matters: a larger piece of the code may tell.
        return Opaque(f"gives its result back as {found.result}", evaluated=True)
    return found


def run_function(
    types: Types,
    file: SourceFile,
    node: Node,
    chosen: Iterable[Sample],
    key: Callable[[Free], str],
    places: Mapping[int, int],
    growth: Growth,
) -> list[Outcome] | Opaque:
    """What a function does on each sample. `key` says what a string from outside is, `places` which list of the
    sample a parameter takes (the receiver is parameter 0), `growth` the capacity of a list that grows."""
    try:
        code = _function(types, file, node)
        code.growth = growth
        code.fix(places)
        return [_run_with_keys(code, sample, key) for sample in chosen]
    except (Unsupported, RecursionError) as error:
        return _opaque(error)


def _opaque(error: Unsupported | RecursionError) -> Opaque:
    if isinstance(error, RecursionError):
        return Opaque("calls too deeply")
    if isinstance(error, Unbound):
        return Opaque(error.reason, error.node, larger=True, local=error.local)
    return Opaque(error.reason, error.node)


# -- running ---------------------------------------------------------------------------------------------------


class _Parameter(NamedTuple):
    """`kind` is list, pointer (to a list), names (variadic), struct (by value), or other."""

    kind: str
    free: Free


class _Code:
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
        raise Unbound("gives back a value that is not understood")


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


def _function(types: Types, file: SourceFile, node: Node) -> _Code:
    runtime = Runtime()
    compiler = Compiler(types, _HOST, runtime)
    found = []
    for part in ("receiver", "parameters"):
        declarations = node.child_by_field_name(part)
        for declaration in named(declarations) if declarations is not None else ():
            kind = _parameter_kind(compiler, file, declaration)
            names = [n for n in declaration.children_by_field_name("name") if n.type == "identifier"]
            found += [_Parameter(kind, _given(file, node, n)) for n in names or [declaration]]
    return _Code(compiler, runtime, found, compiler.function(file, node))


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


class _Known(NamedTuple):
    """What was found of a program. `telling` are the samples that show its objects and keys, in this order."""

    found: Meaning | Opaque
    telling: tuple[Sample, ...]


# Versions of one module, copies and generated code hold the same functions again and again.
_KNOWN: dict[bytes, _Known] = {}
_MOST_KNOWN = 10_000


def _explore(code: _Code) -> Meaning | Opaque:
    """As `_explored`; what is known of the same program elsewhere is not found out again."""
    program = program_of(code.parameters, code.call)
    known = _KNOWN.get(program) if program is not None else None
    if known is not None:
        return _again(code, known)
    asked = code.compiler.asked
    found = _explored(code)
    # A place in the code, and an answer that hangs on static types, belong to this code alone.
    general = isinstance(found, Meaning) or (found.node is None and found.local is None)
    if program is not None and general and code.compiler.asked == asked:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        plain = found._replace(keys=(), objects=(), functions={}) if isinstance(found, Meaning) else found
        _KNOWN[program] = _Known(plain, tuple(code.telling))
    return found


def _again(code: _Code, known: _Known) -> Meaning | Opaque:
    """What is known of a program, in the words of another piece of code."""
    if isinstance(known.found, Opaque):
        return known.found
    keys: list[Free] = []
    for sample in known.telling:
        try:
            code.run(sample)
        except NeedKey as need:
            _take_key(code, keys, need.free)
    functions = code.compiler.used_functions
    return known.found._replace(keys=tuple(keys), objects=tuple(code.objects), functions=functions)


def _take_key(code: _Code, keys: list[Free], free: Free) -> None:
    free.kind = "key"
    code.runtime.keys[free.meaning] = f"k{len(keys)}"
    keys.append(free)


def _explored(code: _Code) -> Meaning | Opaque:
    """Runs the code on ever more samples; its keys are found on the way, and the runs start again."""
    keys: list[Free] = []
    while True:
        try:
            found = _classified(code, keys)
        except NeedKey as need:
            if len(keys) == MAX_KEYS:
                return Opaque("compares the finalizers with more than two names", need.free.node)
            code.telling.append(code.sample)
            _take_key(code, keys, need.free)
            continue
        # Names whose values are not known may be the same one, and that is not among the samples.
        if isinstance(found, Meaning) and len(keys) > 1 and any(k.constant is None for k in keys):
            return Opaque("compares with a second name beside the one that it is given", evaluated=True)
        return found


def _classified(code: _Code, keys: list[Free]) -> Meaning | Opaque:
    names = tuple(code.runtime.keys[k.meaning] for k in keys)
    none = Opaque("computes none of the operations on finalizers", evaluated=True)
    code.run(Sample(((),) * max(1, code.places)))
    while True:
        places = code.places
        if not places:
            return none
        if places > 2:
            return Opaque("works on more than two objects")
        outcomes = _outcomes(code, names, places)
        if code.places == places:
            break
    if outcomes is None:
        return none
    if not outcomes:
        return Opaque("is never reached on the samples")
    explained = _explain(outcomes, names, code, final=True)
    if explained is None:
        return none
    return Meaning(*explained, tuple(keys), tuple(code.objects), len(outcomes), code.compiler.used_functions)


def _outcomes(code: _Code, names: tuple[str, ...], places: int) -> list[Outcome] | None:
    """The outcomes on all samples; None when those on the first few already are no operation."""
    runtime = code.runtime
    outcomes: list[Outcome] = []
    done: set[Sample] = set()
    while True:
        variant = next((v for v in _variants(runtime, names) if v not in done), None)
        if variant is None:
            return outcomes
        done.add(variant)
        for i, lists in enumerate(_lists(names, places, every=len(done) == 1)):
            if i == samples.TELLING and len(done) == 1 and _explain(outcomes, names, code) is None:
                return None
            if i == samples.TELLING and not runtime.asked_list:
                break
            outcome = code.run(variant.with_lists(lists))
            if code.places != places:
                return None
            if outcome is not None:
                outcomes.append(outcome)
        if len(done) == 1 and _explain(outcomes, names, code) is None:
            return None


def _lists(names: tuple[str, ...], places: int, every: bool) -> Iterable[tuple[List, ...]]:
    if places > 1:
        return samples.pairs(names)
    return ((x,) for x in (samples.lists(names) if every else samples.fewer_lists(names)))


def _variants(runtime: Runtime, names: tuple[str, ...]) -> Iterator[Sample]:
    """What to try beside the lists, as far as the code has asked for it until now."""
    deletions = samples.DELETION if runtime.asked_deletion else samples.DELETION[:1]
    rooms = samples.ROOM if runtime.asked_room else samples.ROOM[:1]
    for deletion, (spare, roomy) in product(deletions, rooms):
        yield Sample((), deletion, spare, roomy)
    if runtime.changed_elements and runtime.called_getter:
        yield Sample((), fresh_lists=True)
    if runtime.asked_order:
        yield from (Sample((), order=order) for order in samples.orders(names))


def _run_with_keys(code: _Code, sample: Sample, key: Callable[[Free], str]) -> Outcome:
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


# -- comparing with the operations -----------------------------------------------------------------------------

Differences = frozenset[str]
Explained = tuple[Operation, bool, str, tuple[tuple[str, str], ...]]
EXACT: Differences = frozenset()
_NO_LIST: Any = object()
# What the lighter of two explanations has.
_WEIGHT = {"nil-empty": 1, "panic": 1, "overwrites": 4}


class _Change(NamedTuple):
    """What one run made of a list. A list that is given back stands in `after` like one that is written."""

    before: List
    after: List
    order: tuple[str, ...]

    @property
    def old(self) -> tuple[str, ...]:
        return self.before or ()

    @property
    def new(self) -> tuple[str, ...]:
        return self.after or ()


def _explain(outcomes: list[Outcome], keys: tuple[str, ...], code: _Code, final: bool = False) -> Explained | None:
    """The operation that explains every outcome. Before the end (`final`) it may still be too good to be true."""
    calm = [o for o in outcomes if o.values is not None]
    shapes = {tuple(_shape(v) for v in o.values or ()) for o in calm}
    if len(shapes) > 1 or (final and (not calm or len(calm) * 2 < len(outcomes))):
        return None
    if not calm:
        return (Operation.CLEAR, False, "none", ()) if not final else None
    shape = ",".join(shapes.pop())
    panics = [o for o in outcomes if o.values is None]
    found = _explain_answer(calm, keys, shape, code, final) or _explain_change(calm, keys, shape, code, final)
    if found is None or not panics:
        return found
    return (*found[:3], (*found[3], ("panic", f"{_text(panics[0].sample.lists[0])} becomes a panic")))


def _shape(value: Any) -> str:
    return "bool" if isinstance(value, bool) else "int" if isinstance(value, int) else str(value[0])


# Questions


def _explain_answer(
    calm: list[Outcome], keys: tuple[str, ...], shape: str, code: _Code, final: bool
) -> Explained | None:
    result = {"bool": "value", "int": "index", "int,bool": "index,found"}.get(shape)
    if result is None or any(o.after != o.sample.lists for o in calm):
        return None
    answers = [_answer(o, result, keys) for o in calm]
    if None in answers or (final and len(set(answers)) < 2):
        return None
    for operation, truth, difference in _questions(keys, code.places):
        for negated in (False, True) if result == "value" else (False,):
            if all((truth(o) is not negated) is answer for o, answer in zip(calm, answers, strict=True)):
                differences = ((difference, "a pointer to the zero time"),) if difference else ()
                return operation, negated, result, differences
    return None


def _answer(outcome: Outcome, result: str, keys: tuple[str, ...]) -> bool | None:
    """The answer as a truth value; None for an index at which no key is."""
    first, *more = outcome.values or ()
    if result == "value":
        return bool(first)
    found = bool(more[0]) if more else first >= 0
    before = outcome.sample.lists[0] or ()
    return None if found and not (0 <= first < len(before) and before[first] in keys) else found


def _questions(keys: tuple[str, ...], places: int) -> list[tuple[Operation, Callable[[Outcome], bool], str]]:
    if places == 2:
        return [(Operation.SAME_COUNT, lambda o: len({len(x or ()) for x in o.sample.lists}) == 1, "")]
    if keys:
        return [(Operation.CONTAINS, lambda o: any(k in (o.sample.lists[0] or ()) for k in keys), "")]
    return [
        (Operation.HAS_ANY, lambda o: bool(o.sample.lists[0]), ""),
        (Operation.IS_DELETING, lambda o: o.sample.deletion == "set", ""),
        (Operation.IS_DELETING, lambda o: o.sample.deletion != "unset", "zero-time"),
    ]


# Changes


def _explain_change(
    calm: list[Outcome], keys: tuple[str, ...], shape: str, code: _Code, final: bool
) -> Explained | None:
    if code.places != 1:
        return None
    result, changes = _changes(calm, shape, code.is_value(0))
    # What changes nothing where it does not panic is no change.
    if not result or (final and all(c.old == c.new for c in changes)):
        return None
    best: tuple[int, Operation, dict[str, str]] | None = None
    for operation, compare in _operations(keys):
        differences = _differences(changes, compare)
        if differences is not None:
            weight = sum(_WEIGHT.get(name, 2) for name in differences)
            if best is None or weight < best[0]:
                best = weight, operation, differences
    return (best[1], False, result, tuple(best[2].items())) if best is not None else None


def _changes(calm: list[Outcome], shape: str, by_value: bool) -> tuple[str, list[_Change]]:
    """How the result is given back, and what became of each list; '' when the result says something else."""
    lists = [next((v[1] for v in o.values or () if _shape(v) == "list"), _NO_LIST) for o in calm]
    if lists[0] is _NO_LIST:
        if by_value:
            return "", []
        lists = [o.after[0] for o in calm]
    elif not by_value and any(o.after != o.sample.lists for o in calm):
        # What a caller does with a list is its own affair, but an object's must be left as it is.
        return "", []
    changes = [_Change(o.sample.lists[0], after, o.sample.order) for o, after in zip(calm, lists, strict=True)]
    results = {"": "none", "list": "list", "object": "object", "error": "error"}
    if shape in results:
        return results[shape], changes
    told = [next((v for v in o.values or () if isinstance(v, bool)), None) for o in calm]
    truth = [c.old != c.new for c in changes]
    if shape in ("bool", "list,bool", "bool,list") and told == truth:
        return shape.replace("bool", "changed"), changes
    if shape == "bool" and told == [not t for t in truth]:
        return "unchanged", changes
    return "", []


Compare = Callable[[_Change], Differences | None]


def _operations(keys: tuple[str, ...]) -> list[tuple[Operation, Compare]]:
    found: list[tuple[Operation, Compare]] = [(Operation.CLEAR, lambda c: None if c.after else EXACT)]
    if keys:
        found.append((Operation.REMOVE, lambda c: _removed(c, keys)))
    if len(keys) == 1:
        key = keys[0]
        found += [
            (Operation.REMOVE, lambda c: _removed_first(c, key)),
            (Operation.REMOVE, lambda c: _removed_some(c, key)),
            (Operation.ADD, lambda c: _added(c, key)),
            (Operation.ADD, lambda c: frozenset({"overwrites"}) if c.after == (key,) else None),
            (Operation.SET_IF_EMPTY, lambda c: EXACT if c.after == (c.before or (key,)) else None),
        ]
    return found


def _differences(changes: Sequence[_Change], compare: Compare) -> dict[str, str] | None:
    """The differences that all lists together need, each with an example; None when one list is explained by none."""
    found: dict[str, str] = {}
    for change in changes:
        names = compare(change)
        if names is None:
            return None
        for name in sorted(names):
            found.setdefault(name, f"{_text(change.before)} becomes {_text(change.after)}")
    if "order" in found:
        found.pop("sorted", None)
    return found


def _text(items: List) -> str:
    return "nil" if items is None else "[" + ", ".join(items) + "]"


def _removed(change: _Change, keys: tuple[str, ...]) -> Differences | None:
    found = _compare(tuple(x for x in change.old if x not in keys), change)
    if found is not None and not change.new and (change.before is None) != (change.after is None):
        return found | {"nil-empty"}
    return found


def _removed_first(change: _Change, key: str) -> Differences | None:
    if change.old.count(key) < 2:
        return _removed(change, (key,))
    first = change.old.index(key)
    return _with("first-only", _compare(change.old[:first] + change.old[first + 1 :], change))


def _removed_some(change: _Change, key: str) -> Differences | None:
    if not 0 < change.new.count(key) < change.old.count(key):
        return _removed(change, (key,))
    kept = tuple(x for x in change.new if x != key)
    return _with("leftover", _removed(change._replace(after=kept), (key,)))


def _added(change: _Change, key: str) -> Differences | None:
    if key not in change.old:
        return _compare((*change.old, key), change)
    found = _compare(change.old, change)
    return found if found is not None else _with("duplicate", _compare((*change.old, key), change))


def _compare(wanted: tuple[str, ...], change: _Change) -> Differences | None:
    """How the new list differs from the one that is wanted, when it holds the same names."""
    new = change.new
    if new == wanted:
        return EXACT
    once = tuple(dict.fromkeys(wanted))
    if set(new) != set(once):
        return None
    more, fewer = Counter(new), Counter(wanted)
    if any(more[name] > fewer[name] for name in more):
        return None
    dedup = frozenset({"dedup"}) if more != fewer else EXACT
    if dedup and new == once:
        return dedup
    return dedup | {"sorted" if list(new) == in_order(list(new), change.order) else "order"}


def _with(name: str, differences: Differences | None) -> Differences | None:
    return None if differences is None else differences | {name}
