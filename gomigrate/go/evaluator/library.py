"""What the evaluator knows of packages outside of the checkout: slices, sets, lo and their like.

Each function takes the run, the evaluated arguments, and how to call a function that is among them.
Sources: pkg.go.dev/slices, k8s.io/apimachinery/pkg/util/sets, k8s.io/utils/strings/slices, github.com/samber/lo,
github.com/thoas/go-funk, k8s.io/kubernetes/pkg/util/slice (read in v1.28.2), sigs.k8s.io/cluster-api/util (Contains and
Filter were the same from the first commit until they went with d881dc607e, before v0.3.0).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gomigrate.go.evaluator.kinds import SETS
from gomigrate.go.evaluator.runtime import ELEMENT, FIELD, MEMBER, Runtime, integer, list_of
from gomigrate.go.evaluator.values import CLEARED, NIL, GoPanic, GoSet, Nil, Slice, Spread, Unsupported

Caller = Callable[[Any, list[Any]], Any]
Library = Callable[[Runtime, list[Any], Caller], Any]


def _elements(source: Slice) -> Iterator[tuple[int, Any]]:
    """As `for i, v := range source`: each element is read when its turn comes."""
    for i in range(source.length):
        yield i, source.get(i)


def _take(args: list[Any], count: int) -> list[Any]:
    if len(args) != count:
        raise Unsupported("a call with another number of values")
    return args


def _contains(run: Runtime, args: list[Any], call: Caller) -> bool:
    return _index(run, args, call) >= 0


def _index(run: Runtime, args: list[Any], call: Caller) -> int:
    source, wanted = _take(args, 2)
    return next((i for i, x in _elements(list_of(source)) if run.equal(x, wanted)), -1)


def _contains_func(run: Runtime, args: list[Any], call: Caller) -> bool:
    return _index_func(run, args, call) >= 0


def _index_func(run: Runtime, args: list[Any], call: Caller) -> int:
    source, wanted = _take(args, 2)
    return next((i for i, x in _elements(list_of(source)) if _asked(run, call, wanted, x)), -1)


def _asked(run: Runtime, call: Caller, predicate: Any, *values: Any) -> bool:
    """The answer of a predicate, which may count in a variable of its own but not touch what is being walked."""
    before, run.effects = run.effects, 0
    answer = call(predicate, list(values))
    if run.effects & (FIELD | ELEMENT) or not isinstance(answer, bool):
        raise Unsupported("a predicate that does more than to answer")
    run.effects |= before
    return answer


def _equal(run: Runtime, args: list[Any], call: Caller) -> bool:
    left, right = map(list_of, _take(args, 2))
    return left.length == right.length and all(run.equal(x, right.get(i)) for i, x in _elements(left))


def _delete_func(run: Runtime, args: list[Any], call: Caller) -> Slice:
    source, drop = _take(args, 2)
    source = list_of(source)
    kept = [x for _, x in _elements(source) if not _asked(run, call, drop, x)]
    return _shortened(run, source, kept)


def _delete(run: Runtime, args: list[Any], call: Caller) -> Slice:
    source = list_of(_take(args, 3)[0])
    low, high = integer(args[1]), integer(args[2])
    if not 0 <= low <= high <= source.length:
        raise GoPanic("slice bounds out of range")
    items = source.items()
    return _shortened(run, source, items[:low] + items[high:])


def _shortened(run: Runtime, source: Slice, kept: list[Any]) -> Slice:
    """In place on the same array. Since Go 1.22 what was there behind the new length is cleared; before it stayed."""
    if len(kept) == source.length:
        return source
    for i, x in enumerate(kept + [CLEARED] * (source.length - len(kept))):
        run.set(source, i, x)
    return source.cut(0, len(kept))


def _clone(run: Runtime, args: list[Any], call: Caller) -> Slice:
    source = list_of(_take(args, 1)[0])
    return NIL if source.array is None else run.new_list(source.items())


def _sort(run: Runtime, args: list[Any], call: Caller) -> None:
    source = list_of(_take(args, 1)[0])
    for i, x in enumerate(run.sorted(source.items())):
        run.set(source, i, x)


def _filter(keep: bool, with_index: bool = False) -> Library:
    def filtered(run: Runtime, args: list[Any], call: Caller) -> Slice:
        source, predicate = _take(args, 2)
        kept = [
            x
            for i, x in _elements(list_of(source))
            if _asked(run, call, predicate, *((x, i) if with_index else (x,))) is keep
        ]
        return run.new_list(kept)

    return filtered


def _strings_filter(run: Runtime, args: list[Any], call: Caller) -> Slice:
    """k8s.io/utils/strings/slices.Filter(d, s, keep): appends to d, which may be s[:0]."""
    target, source, keep = _take(args, 3)
    target = list_of(target)
    for _, x in _elements(list_of(source)):
        answer = call(keep, [x])
        if answer is True:
            target = run.append(target, [x])
        elif answer is not False:
            raise Unsupported("a predicate that does more than to answer")
    return target


def _without(run: Runtime, args: list[Any], call: Caller) -> Slice:
    excluded = _names(run, args[1:])
    kept = [x for _, x in _elements(list_of(_take(args[:1], 1)[0])) if not any(run.equal(x, e) for e in excluded)]
    return run.new_list(kept)


def _uniq(run: Runtime, args: list[Any], call: Caller) -> Slice:
    return run.new_list(list(dict.fromkeys(run.name(x) for x in list_of(_take(args, 1)[0]).items())))


def _without_modifier(known: Library) -> Library:
    """k8s.io/kubernetes/pkg/util/slice: the last argument may change what is compared. Only nil does not."""

    def called(run: Runtime, args: list[Any], call: Caller) -> Any:
        *given, modifier = _take(args, 3)
        if not isinstance(modifier, Nil):
            raise Unsupported("a function that changes the names before they are compared")
        return known(run, given, call)

    return called


def _remove_string(run: Runtime, args: list[Any], call: Caller) -> Slice:
    source, unwanted = _take(args, 2)
    kept = [x for _, x in _elements(list_of(source)) if not run.equal(x, unwanted)]
    return run.new_list(kept) if kept else NIL


def _names(run: Runtime, args: list[Any]) -> list[str]:
    """Variadic names, which are going to be compared."""
    return [run.name(x) for a in args for x in (a.list.items() if isinstance(a, Spread) else [a])]


# -- sets ------------------------------------------------------------------------------------------------------


def _new_set(run: Runtime, args: list[Any], call: Caller) -> GoSet:
    return GoSet(_names(run, args))


def _set(value: Any) -> GoSet:
    if isinstance(value, GoSet):
        return value
    raise Unsupported("a value that is no set")


def _sorted_list(run: Runtime, args: list[Any], call: Caller) -> Slice:
    return _listed(run, _set(_take(args, 1)[0]))


def _listed(run: Runtime, names: GoSet, reverse: bool = False) -> Slice:
    ordered = run.sorted(list(names.items))
    return run.new_list(ordered[::-1] if reverse else ordered, len(ordered))


def set_method(run: Runtime, receiver: GoSet, name: str, args: list[Any]) -> Any:
    """Methods of sets.String and sets.Set[string]. UnsortedList has no defined order: here it is the reverse one."""
    items = receiver.items
    if name in ("List", "UnsortedList"):
        return _listed(run, receiver, reverse=name == "UnsortedList")
    if name == "Len":
        return run.number(len(items))
    if name == "Clone":
        return GoSet(list(items))
    if name in ("Difference", "Union"):
        other = _set(_take(args, 1)[0]).items
        return GoSet([x for x in items if x not in other] if name == "Difference" else [*items, *other])
    given = _names(run, args)
    if name == "Has" and len(given) == 1:
        return given[0] in items
    if name == "HasAny":
        return any(x in items for x in given)
    if name == "HasAll":
        return all(x in items for x in given)
    run.effects |= MEMBER
    if name == "Insert":
        items.update(dict.fromkeys(given))
        return receiver
    if name == "Delete":
        for x in given:
            items.pop(x, None)
        return receiver
    raise Unsupported(f"the set method {name}")


SET_METHODS = frozenset(
    ("Has", "HasAny", "HasAll", "Insert", "Delete", "Len", "List", "UnsortedList", "Clone", "Difference", "Union")
)
SET_TYPES = frozenset({(SETS, "String"), (SETS, "Set")})

_SLICES: dict[str, Library] = {
    "Contains": _contains,
    "Index": _index,
    "Equal": _equal,
    "ContainsFunc": _contains_func,
    "IndexFunc": _index_func,
    "DeleteFunc": _delete_func,
    "Delete": _delete,
    "Clone": _clone,
    "Sort": _sort,
}
_LO = "github.com/samber/lo"
_FUNK = "github.com/thoas/go-funk"
_KUBERNETES = "k8s.io/kubernetes/pkg/util/slice"
_CLUSTER_API = ("sigs.k8s.io/cluster-api/pkg/util", "sigs.k8s.io/cluster-api/util")

FUNCTIONS: dict[tuple[str, str], Library] = {
    **{("slices", name): f for name, f in _SLICES.items()},
    **{("golang.org/x/exp/slices", name): f for name, f in _SLICES.items()},
    ("sort", "Strings"): _sort,
    ("k8s.io/utils/strings/slices", "Contains"): _contains,
    ("k8s.io/utils/strings/slices", "Index"): _index,
    ("k8s.io/utils/strings/slices", "Equal"): _equal,
    ("k8s.io/utils/strings/slices", "Filter"): _strings_filter,
    ("k8s.io/utils/strings/slices", "Clone"): _clone,
    (SETS, "NewString"): _new_set,
    (SETS, "New"): _new_set,
    (SETS, "List"): _sorted_list,
    (_LO, "Contains"): _contains,
    (_LO, "IndexOf"): _index,
    (_LO, "Without"): _without,
    (_LO, "Filter"): _filter(True, with_index=True),
    (_LO, "Reject"): _filter(False, with_index=True),
    (_LO, "Uniq"): _uniq,
    (_KUBERNETES, "ContainsString"): _without_modifier(_contains),
    (_KUBERNETES, "RemoveString"): _without_modifier(_remove_string),
    **{(package, "Contains"): _contains for package in _CLUSTER_API},
    **{(package, "Filter"): _remove_string for package in _CLUSTER_API},
    (_FUNK, "ContainsString"): _contains,
    (_FUNK, "Contains"): _contains,
    (_FUNK, "FilterString"): _filter(True),
}
