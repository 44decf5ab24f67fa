"""What finalizer code means: run it on sample lists, and compare with the operations.

The result is a `Meaning` when the code is, on every sample, one operation up to named differences, and a `Opaque`
with the reason otherwise. Names of functions and variables decide nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from tree_sitter import Node

from gomigrate.finalizer import samples
from gomigrate.finalizer.objectmodel import ObjectModel
from gomigrate.go.evaluator.compiler import Compiler, is_copied
from gomigrate.go.evaluator.runtime import Context, Runtime
from gomigrate.go.evaluator.values import NIL, Discard, Free, GoPanic, NeedKey, Obj, Slice, Unbound, Unsupported
from gomigrate.go.scope import Local, parameters
from gomigrate.go.syntax import SourceFile, named
from gomigrate.go.types import Named, Sequence, Types
from gomigrate.model import Operation

MAX_KEYS = 2
_HOST = ObjectModel()


@dataclass(frozen=True, slots=True)
class Meaning:
    """One operation. `result` is how it is given back: none, value (a test's answer), changed, unchanged, list,
    'list,changed', 'changed,list', or index. `samples` is the number of runs that agree."""

    operation: Operation
    negated: bool
    result: str
    differences: tuple[tuple[str, str], ...]
    keys: tuple[Free, ...]
    objects: tuple[Free, ...]
    samples: int
    functions: dict[tuple[str, str, str], tuple[SourceFile, Node]] = field(default_factory=dict, compare=False)

    @property
    def difference_names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.differences)


@dataclass(frozen=True, slots=True)
class Opaque:
    """Nothing is known. `larger` says that a larger piece of the code may still be understood."""

    reason: str
    node: Node | None = None
    larger: bool = False
    local: Local | None = None
    evaluated: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run: the lists before and after, the deletion state, and the value given back ('panic' for a panic)."""

    before: tuple[samples.List, ...]
    after: tuple[samples.List, ...]
    deletion: str
    value: Any
    spare: bool = False


def classify_unit(types: Types, file: SourceFile, context: list[Context], nodes: list[Node]) -> Meaning | Opaque:
    """The meaning of an expression, or of adjacent statements, inside a function, given what runs before."""
    runtime = Runtime()
    compiler = Compiler(types, _HOST, runtime)
    try:
        run = compiler.unit(file, context, nodes)
    except Unsupported as error:
        return _opaque(error)
    return _explore(compiler, runtime, lambda lists: run(), list_parameters=0)


def classify_function(types: Types, file: SourceFile, node: Node) -> Meaning | Opaque:
    """The meaning of a whole function or method, on its object or on its list of names."""
    prepared = _prepare(types, file, node)
    if isinstance(prepared, Opaque):
        return prepared
    meaning = _explore(prepared.compiler, prepared.runtime, prepared.run, prepared.lists)
    if isinstance(meaning, Meaning) and len(meaning.keys) > 1 and any(n in meaning.keys for n in prepared.names):
        return Opaque("compares with a constant beside the name that it is given", evaluated=True)
    return meaning


class _Function(NamedTuple):
    """A function ready to run. `lists` is how many lists it takes, `names` are its parameters of type string."""

    compiler: Compiler
    runtime: Runtime
    run: Callable[[list[Slice]], Any]
    lists: int
    names: tuple[Free, ...]


def _prepare(types: Types, file: SourceFile, node: Node) -> _Function | Opaque:
    runtime = Runtime()
    compiler = Compiler(types, _HOST, runtime)
    kinds: list[tuple[str, Node | None]] = []
    receiver = node.child_by_field_name("receiver")
    if receiver is not None:
        names = parameters(node, "receiver")
        kinds.append(("free", names[0][0] if names else None))
    declarations = node.child_by_field_name("parameters")
    for declaration in named(declarations) if declarations is not None else []:
        written = types.underlying(types.written(file, declaration.child_by_field_name("type")))
        listed = isinstance(written, Sequence) and written.key is None and not written.is_array
        if declaration.type == "variadic_parameter_declaration":
            return Opaque("takes any number of values", declaration)
        names_of = [n for n in declaration.children_by_field_name("name") if n.type == "identifier"]
        kinds += [("list" if listed else "free", n) for n in names_of] or [("list" if listed else "free", None)]
    try:
        call = compiler.function(file, node)
    except Unsupported as error:
        return _opaque(error)
    frees = {
        i: Free(f"{file.text(n)}@{n.start_byte}", n, file, copied=is_copied(types, file, _declaration(node, n)))
        for i, (kind, n) in enumerate(kinds)
        if kind == "free" and n is not None
    }
    anonymous = Free("_", node, file, "")

    def run(lists: list[Slice]) -> Any:
        remaining = iter(lists)
        values = [next(remaining) if k == "list" else frees.get(i, anonymous) for i, (k, _) in enumerate(kinds)]
        return call(values)

    keys = tuple(
        free
        for i, free in frees.items()
        if types.written(file, _declaration(node, kinds[i][1]).child_by_field_name("type")) == Named("", "string")
    )
    return _Function(compiler, runtime, run, sum(k == "list" for k, _ in kinds), keys)


def run_function(
    types: Types, file: SourceFile, node: Node, given: Iterable[tuple[samples.List, int, str]], keys: tuple[str, ...]
) -> list[Outcome] | Opaque:
    """What a function does on given samples (list, spare capacity, deletion state), each with and without room behind a
    slice that grows. `keys` are the names that its string parameters hold, in their order."""
    prepared = _prepare(types, file, node)
    if isinstance(prepared, Opaque):
        return prepared
    runtime = prepared.runtime
    for free, key in zip(prepared.names, keys, strict=False):
        free.kind = "key"
        runtime.keys[free.id] = key
    outcomes = []
    try:
        for items, room, deletion in given:
            for grows in (False, True):
                source = _given(items, room)
                runtime.objects, runtime.spare, runtime.steps = {}, grows, 0
                runtime.make_object = partial(Obj, source, deletion)
                try:
                    value = _plain(prepared.run([source] if prepared.lists else []))
                except GoPanic:
                    value = "panic"
                seen = [o.finalizers for o in runtime.objects.values()] or [source]
                outcomes.append(Outcome((items,), tuple(map(_tuple, seen)), deletion, value, grows))
    except Unsupported as error:
        return _opaque(error)
    except NeedKey:
        return Opaque("compares with a name that it is not given")
    return outcomes


def _given(items: samples.List, room: int) -> Slice:
    if items is None:
        return NIL
    return Slice([*items, *(f"!{i}" for i in range(room))], 0, len(items), len(items) + room)


def _declaration(function: Node, name: Node | None) -> Node:
    for part in ("receiver", "parameters"):
        for n, declaration in parameters(function, part):
            if name is not None and n.start_byte == name.start_byte:
                return declaration
    return function


def _opaque(error: Unsupported) -> Opaque:
    if isinstance(error, Unbound):
        return Opaque(error.reason, error.node, larger=True, local=error.local)
    return Opaque(error.reason, error.node)


def _explore(
    compiler: Compiler, runtime: Runtime, run: Callable[[list[Slice]], Any], list_parameters: int
) -> Meaning | Opaque:
    """Runs the unit on ever more samples; keys and objects are found on the way, and the runs start again."""
    keys: list[Free] = []
    if list_parameters > 1:
        return Opaque("works on more than one list")
    for _ in range(MAX_KEYS + 2):
        try:
            outcomes = _run_all(runtime, run, keys, list_parameters)
        except NeedKey as need:
            if len(keys) == MAX_KEYS:
                return Opaque("compares the finalizers with more than two names", need.free.node)
            need.free.kind = "key"
            keys.append(need.free)
            runtime.keys[need.free.id] = f"k{len(keys) - 1}"
            continue
        except Unsupported as error:
            return _opaque(error)
        break
    else:
        return Opaque("its names cannot be told apart")
    objects = tuple(o.free for o in runtime.objects.values() if o.free is not None)
    names = tuple(runtime.keys[k.id] for k in keys)
    if not outcomes:
        return Opaque("is never reached on the samples")
    explained = _explain(outcomes, names, list_parameters, len(objects))
    if explained is None:
        return Opaque("computes none of the operations on finalizers", evaluated=True)
    operation, negated, result, differences = explained
    return Meaning(
        operation, negated, result, differences, tuple(keys), objects, len(outcomes), compiler.used_functions
    )


def _run_all(
    runtime: Runtime, run: Callable[[list[Slice]], Any], keys: list[Free], list_parameters: int
) -> list[Outcome]:
    names = tuple(runtime.keys[k.id] for k in keys)
    outcomes: list[Outcome | None] = []
    _run_one(runtime, run, ((),), "unset", False, list_parameters)
    two = len(runtime.objects) > 1
    if len(runtime.objects) > 2:
        raise Unsupported("works on more than two objects")
    chosen: Iterable[tuple[samples.List, ...]]
    chosen = samples.pairs(names) if two else ((x,) for x in samples.lists(names))
    for lists in chosen:
        for spare in (False, True) if runtime.uses_spare else (False,):
            outcomes.append(_run_one(runtime, run, lists, "unset", spare, list_parameters))
            if len(runtime.objects) > 1 and not two:
                return _run_all(runtime, run, keys, list_parameters)
    for deletion in samples.DELETION[1:] if runtime.uses_deletion else ():
        for few in ((None,), ((*names,) or ("a",),), (("a",),)):
            lists = few * 2 if two else few
            outcomes.append(_run_one(runtime, run, lists, deletion, False, list_parameters))
    return [o for o in outcomes if o is not None]


def _run_one(
    runtime: Runtime,
    run: Callable[[list[Slice]], Any],
    lists: tuple[samples.List, ...],
    deletion: str,
    spare: bool,
    list_parameters: int,
) -> Outcome | None:
    known = list(runtime.objects)
    runtime.objects = {}
    runtime.spare = spare
    runtime.steps = 0
    made: dict[str, int] = {}

    def make(free: Free) -> Obj:
        index = known.index(free.id) if free.id in known else len(known) + len(made)
        made[free.id] = index
        return Obj(_slice(lists[index] if index < len(lists) else lists[0], spare), deletion, free)

    runtime.make_object = make
    given = [_slice(lists[0], spare)] if list_parameters else []
    reached = True
    try:
        value = _plain(run(given))
    except GoPanic:
        value = "panic"
    except Discard:
        reached = False
    # An object that this sample did not reach keeps its place.
    for identity in known:
        if identity not in runtime.objects:
            runtime.objects[identity] = Obj(_slice(lists[0], spare), deletion, None)
    ordered = known + [i for i in runtime.objects if i not in known]
    runtime.objects = {i: runtime.objects[i] for i in ordered}
    if not reached:
        return None
    after = tuple(_tuple(o.finalizers) for o in runtime.objects.values())
    return Outcome(lists, after, deletion, value, spare)


def _slice(items: samples.List, spare: bool) -> Slice:
    return NIL if items is None else Slice.of(list(items), 2 if spare else 0)


def _tuple(items: Slice) -> samples.List:
    return None if items.array is None else tuple(items.items())


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_plain(v) for v in value)
    if isinstance(value, Slice):
        return ("list", _tuple(value))
    if value is None or isinstance(value, (bool, int)):
        return value
    raise Unbound("gives back a value that is not understood")


# -- comparing with the operations --------------------------------------------------------------------------

Differences = tuple[tuple[str, str], ...]
Explained = tuple[Operation, bool, str, Differences]


def _explain(outcomes: list[Outcome], keys: tuple[str, ...], list_parameters: int, objects: int) -> Explained | None:
    if objects == 2 and not list_parameters:
        return _explain_two(outcomes)
    if list_parameters:
        return None if objects else _explain_list(outcomes, keys)
    if objects != 1:
        return None
    if all(o.after == o.before or o.value == "panic" for o in outcomes):
        return _explain_test(outcomes, keys)
    results = [o.value for o in outcomes if o.value != "panic"]
    if all(v is None for v in results):
        kind = "none"
    elif all(o.value is (_plain_list(o.after[0]) != _plain_list(o.before[0])) for o in outcomes if o.value != "panic"):
        kind = "changed"
    elif all(o.value is (_plain_list(o.after[0]) == _plain_list(o.before[0])) for o in outcomes if o.value != "panic"):
        kind = "unchanged"
    else:
        return None
    changes = [(o, o.before[0], "panic" if o.value == "panic" else o.after[0]) for o in outcomes]
    found = _explain_change(changes, keys)
    return (found[0], False, kind, found[1]) if found else None


def _plain_list(items: samples.List) -> tuple[str, ...]:
    return items or ()


def _explain_two(outcomes: list[Outcome]) -> Explained | None:
    if any(o.after != o.before for o in outcomes):
        return None
    for negated in (False, True):
        if all(
            o.value is ((len(_plain_list(o.before[0])) == len(_plain_list(o.before[1]))) is not negated)
            for o in outcomes
        ):
            return Operation.SAME_COUNT, negated, "value", ()
    return None


def _explain_test(outcomes: list[Outcome], keys: tuple[str, ...]) -> Explained | None:
    references: list[tuple[Operation, Callable[[Outcome], bool], str]] = []
    if keys:
        references.append((Operation.CONTAINS, lambda o: any(k in _plain_list(o.before[0]) for k in keys), ""))
    else:
        references += [
            (Operation.HAS_ANY, lambda o: bool(o.before[0]), ""),
            (Operation.IS_DELETING, lambda o: o.deletion == "set", ""),
            (Operation.IS_DELETING, lambda o: o.deletion != "unset", "zero-time"),
        ]
    for operation, reference, difference in references:
        for negated in (False, True):
            wrong = [o for o in outcomes if o.value is not (reference(o) is not negated)]
            panics = [o for o in wrong if o.value == "panic"]
            answers = {o.value for o in outcomes if o.value != "panic"}
            if len(wrong) == len(panics) < len(outcomes) // 2 and len(answers) == 2:
                differences = [(difference, "a pointer to the zero time")] if difference else []
                if panics:
                    differences.append(("panic", _show(panics[0].before[0])))
                return operation, negated, "value", tuple(differences)
    return None


def _explain_list(outcomes: list[Outcome], keys: tuple[str, ...]) -> Explained | None:
    """A function on a list: a test, an index, or the new list (with whether it changed)."""
    values = [o.value for o in outcomes if o.value != "panic"]
    if not values:
        return None
    if all(isinstance(v, bool) for v in values):
        found = _explain_test(outcomes, keys)
        return None if found and found[0] is Operation.IS_DELETING else found
    if all(isinstance(v, int) for v in values) and len(keys) == 1:
        ok = all(o.value == _find(_plain_list(o.before[0]), keys[0]) for o in outcomes)
        return (Operation.CONTAINS, False, "index", ()) if ok else None
    for shape, list_at, flag_at in (("list", None, None), ("list,changed", 0, 1), ("changed,list", 1, 0)):
        changes: list[tuple[Outcome, Any, Any]] = []
        for o in outcomes:
            value = o.value
            if value == "panic":
                changes.append((o, o.before[0], "panic"))
                continue
            part = value if list_at is None else value[list_at] if _is_pair(value) else None
            if not (isinstance(part, tuple) and len(part) == 2 and part[0] == "list"):
                break
            if flag_at is not None and value[flag_at] is not (_plain_list(part[1]) != _plain_list(o.before[0])):
                break
            changes.append((o, o.before[0], part[1]))
        else:
            change = _explain_change(changes, keys)
            if change:
                return change[0], False, shape, change[1]
    return None


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and value[0] != "list"


def _find(items: tuple[str, ...], key: str) -> int:
    return items.index(key) if key in items else -1


def _explain_change(
    changes: list[tuple[Outcome, Any, Any]], keys: tuple[str, ...]
) -> tuple[Operation, Differences] | None:
    """The operation, with the differences that explain every sample; of several the one with the lightest."""
    candidates: list[tuple[Operation, Callable[[Any, Any], tuple[str, ...] | None]]] = [(Operation.CLEAR, _clear)]
    if keys:
        candidates += [
            (Operation.REMOVE, partial(_removed, keys=keys, copies=copies))
            for copies in ("all", "first-only", "leftover")
        ]
    if len(keys) == 1:
        candidates += [
            (Operation.ADD, lambda before, after: _added(before, after, keys[0])),
            (Operation.ADD, lambda before, after: ("overwrites",) if after == (keys[0],) else None),
            (Operation.SET_IF_EMPTY, lambda before, after: _set_if_empty(before, after, keys[0])),
        ]
    best: tuple[int, Operation, Differences] | None = None
    for operation, compare in candidates:
        differences: dict[str, str] = {}
        reordered = []
        for _, before, after in changes:
            names = ("panic",) if after == "panic" else compare(before, after)
            if names is None:
                break
            if "order" in names:
                reordered.append(list(after))
            for name in names:
                differences.setdefault(name, f"{_show(before)} becomes {_show(after)}")
        else:
            if not _plausible(changes):
                continue
            rank = sum(_WEIGHT.get(name, 2) for name in differences)
            if best is None or rank < best[0]:
                best = rank, operation, _with_sorted(differences, reordered)
    return (best[1], best[2]) if best else None


def _with_sorted(differences: dict[str, str], reordered: list[list[str]]) -> Differences:
    """Another order that is always the ascending one has a name of its own."""
    ascending = all(x == sorted(x) for x in reordered)
    return tuple(("sorted" if n == "order" and ascending else n, text) for n, text in differences.items())


_WEIGHT = {"nil-empty": 1, "overwrites": 3, "order": 3}


def _plausible(changes: list[tuple[Outcome, Any, Any]]) -> bool:
    """A panic on most samples is no operation with a difference."""
    panics = [1 for _, _, after in changes if after == "panic"]
    return len(panics) * 2 <= len(changes)


def _show(items: Any) -> str:
    if items == "panic":
        return "a panic"
    return "nil" if items is None else "[" + ", ".join(items) + "]"


def _compare(before: Any, after: Any, wanted: tuple[str, ...]) -> tuple[str, ...] | None:
    got = _plain_list(after)
    if got == wanted:
        return () if (after is None) == (before is None and not wanted) else ("nil-empty",)
    if sorted(got) == sorted(wanted):
        return ("order",)
    unique = tuple(dict.fromkeys(wanted))
    if got == unique:
        return ("dedup",)
    if sorted(got) == sorted(unique):
        return ("dedup", "order")
    return None


def _clear(before: Any, after: Any) -> tuple[str, ...] | None:
    return () if not after else None


def _removed(before: Any, after: Any, keys: tuple[str, ...], copies: str) -> tuple[str, ...] | None:
    """`copies` says what may become of further copies of the key: all go, only the first goes, or some stay."""
    items = _plain_list(before)
    found = _compare(before, after, tuple(x for x in items if x not in keys))
    if found is not None or copies == "all" or len(keys) != 1 or items.count(keys[0]) < 2:
        return found
    got = _plain_list(after)
    if copies == "leftover":
        fewer = got.count(keys[0]) < items.count(keys[0])
        others = tuple(x for x in items if x != keys[0])
        return ("leftover",) if fewer and tuple(x for x in got if x != keys[0]) == others else None
    first = items.index(keys[0])
    rest = _compare(before, after, items[:first] + items[first + 1 :])
    return ("first-only", *rest) if rest is not None and "dedup" not in rest else None


def _added(before: Any, after: Any, key: str) -> tuple[str, ...] | None:
    items = _plain_list(before)
    found = _compare(before, after, items if key in items else (*items, key))
    if found is not None:
        return found
    got = _plain_list(after)
    if key in items and got == (*items, key):
        return ("duplicate",)
    if key in items and sorted(got) == sorted((*items, key)):
        return ("duplicate", "order")
    return None


def _set_if_empty(before: Any, after: Any, key: str) -> tuple[str, ...] | None:
    items = _plain_list(before)
    return _compare(before, after, items or (key,))
