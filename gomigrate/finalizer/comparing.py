"""Compares what code did on the samples with the operations: which one it is, and up to which differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from gomigrate.finalizer.outcomes import Code, Outcome
from gomigrate.finalizer.samples import List
from gomigrate.go.evaluator.runtime import in_order
from gomigrate.model import Operation

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


def explain(outcomes: list[Outcome], keys: tuple[str, ...], code: Code, final: bool = False) -> Explained | None:
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


def takes_over(outcomes: list[Outcome], final: bool = False) -> bool:
    """Whether all that is done, on every sample so far, is to put the names of one list in the place of another's, or
    beside them, whatever names these are. At the end (`final`) one list must have changed."""
    if any(o.values != () or len(o.after) != 2 for o in outcomes):
        return False
    changed = {i for o in outcomes for i in (0, 1) if o.after[i] != o.sample.lists[i]}
    if len(changed) > 1 or (final and not changed):
        return False
    target = next(iter(changed), 0)
    lists = ((o.after[target], o.sample.lists[target], o.sample.lists[1 - target]) for o in outcomes)
    sets = [tuple(set(x or ()) for x in three) for three in lists]
    return all(new == theirs for new, _, theirs in sets) or all(own <= new <= own | theirs for new, own, theirs in sets)


# Questions


def _explain_answer(
    calm: list[Outcome], keys: tuple[str, ...], shape: str, code: Code, final: bool
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
    calm: list[Outcome], keys: tuple[str, ...], shape: str, code: Code, final: bool
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
