"""What the evaluator knows of packages outside of the checkout: slices, sets, lo and their like.

Each function takes the evaluated arguments and the run's `spare` flag (whether a grown slice has room behind it).
Sources: pkg.go.dev/slices, k8s.io/apimachinery/pkg/util/sets, k8s.io/utils/strings/slices, github.com/samber/lo,
github.com/thoas/go-funk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gomigrate.go.evaluator.values import NIL, GoPanic, GoSet, Slice, Unsupported

Function = Callable[[list[Any], bool, "Callable[[Any, list[Any]], Any]", "Callable[[Any, Any], bool]"], Any]


def _slice(value: Any) -> Slice:
    if isinstance(value, Slice):
        return value
    if isinstance(value, GoSet):
        raise Unsupported("a set where a slice is expected")
    raise Unsupported("a value that is no slice of strings")


def _contains(args, spare, call, equal):  # type: ignore[no-untyped-def]
    return any(equal(x, args[1]) for x in _slice(args[0]).items())


def _index(args, spare, call, equal):  # type: ignore[no-untyped-def]
    return next((i for i, x in enumerate(_slice(args[0]).items()) if equal(x, args[1])), -1)


def _contains_func(args, spare, call, equal):  # type: ignore[no-untyped-def]
    return any(call(args[1], [x]) for x in _slice(args[0]).items())


def _index_func(args, spare, call, equal):  # type: ignore[no-untyped-def]
    return next((i for i, x in enumerate(_slice(args[0]).items()) if call(args[1], [x])), -1)


def _delete_func(args, spare, call, equal):  # type: ignore[no-untyped-def]
    """In place on the same array; since Go 1.22 the elements behind the new length are cleared."""
    source = _slice(args[0])
    kept = [x for x in source.items() if not call(args[1], [x])]
    if len(kept) == source.length:
        return source
    for i, x in enumerate(kept + [""] * (source.length - len(kept))):
        source.set(i, x)
    return source.cut(0, len(kept))


def _delete(args, spare, call, equal):  # type: ignore[no-untyped-def]
    source, low, high = _slice(args[0]), args[1], args[2]
    if not 0 <= low <= high <= source.length:
        raise GoPanic("slice bounds out of range")
    items = source.items()
    kept = items[:low] + items[high:]
    for i, x in enumerate(kept + [""] * (high - low)):
        source.set(i, x)
    return source.cut(0, len(kept))


def _clone(args, spare, call, equal):  # type: ignore[no-untyped-def]
    source = _slice(args[0])
    return NIL if source.array is None else Slice.of(source.items(), 2 if spare else 0)


def _filter(keep: bool, predicate_first: bool = False, with_index: bool = False):  # type: ignore[no-untyped-def]
    def run(args, spare, call, equal):  # type: ignore[no-untyped-def]
        predicate, source = (args[0], args[2]) if predicate_first else (args[1], args[0])
        items = enumerate(_slice(source).items())
        kept = [x for i, x in items if bool(call(predicate, [x, i] if with_index else [x])) is keep]
        return Slice.of(kept, 2 if spare else 0)

    return run


def _strings_filter(args, spare, call, equal):  # type: ignore[no-untyped-def]
    """k8s.io/utils/strings/slices.Filter(d, s, keep): appends to d."""
    kept = [x for x in _slice(args[1]).items() if call(args[2], [x])]
    destination = args[0] if isinstance(args[0], Slice) else NIL
    return destination.append(kept, spare)


def _without(args, spare, call, equal):  # type: ignore[no-untyped-def]
    excluded = args[1:]
    kept = [x for x in _slice(args[0]).items() if not any(equal(x, e) for e in excluded)]
    return Slice.of(kept, 2 if spare else 0)


def _uniq(args, spare, call, equal):  # type: ignore[no-untyped-def]
    return Slice.of(list(dict.fromkeys(_slice(args[0]).items())), 2 if spare else 0)


def _new_set(args, spare, call, equal):  # type: ignore[no-untyped-def]
    return GoSet(list(args))


def _sorted_list(args, spare, call, equal):  # type: ignore[no-untyped-def]
    if not isinstance(args[0], GoSet):
        raise Unsupported("sets.List of something that is no set")
    return set_method(args[0], "List", [], spare, equal)


def set_method(receiver: GoSet, name: str, args: list[Any], spare: bool, equal: Callable[[Any, Any], bool]) -> Any:
    """Methods of sets.String and sets.Set[string]. UnsortedList has no defined order: reversed here."""
    if name == "Has":
        return any(equal(x, args[0]) for x in receiver.items)
    if name == "HasAny":
        return any(equal(x, a) for a in args for x in receiver.items)
    if name == "HasAll":
        return all(any(equal(x, a) for x in receiver.items) for a in args)
    if name == "Insert":
        for a in args:
            if not any(equal(x, a) for x in receiver.items):
                receiver.items[a] = None
        return receiver
    if name == "Delete":
        for a in args:
            for x in [x for x in receiver.items if equal(x, a)]:
                del receiver.items[x]
        return receiver
    if name == "Len":
        return len(receiver.items)
    if name in ("List", "UnsortedList"):
        items = sorted(receiver.items, reverse=name == "UnsortedList")
        return Slice.of(items, 2 if spare else 0)
    if name == "Clone":
        return GoSet(list(receiver.items))
    raise Unsupported(f"the set method {name}")


_SLICES = {
    "Contains": _contains,
    "Index": _index,
    "ContainsFunc": _contains_func,
    "IndexFunc": _index_func,
    "DeleteFunc": _delete_func,
    "Delete": _delete,
    "Clone": _clone,
}
_SETS = "k8s.io/apimachinery/pkg/util/sets"
_LO = "github.com/samber/lo"
_FUNK = "github.com/thoas/go-funk"

FUNCTIONS: dict[tuple[str, str], Function] = {
    **{("slices", name): f for name, f in _SLICES.items()},
    **{("golang.org/x/exp/slices", name): f for name, f in _SLICES.items()},
    ("k8s.io/utils/strings/slices", "Contains"): _contains,
    ("k8s.io/utils/strings/slices", "Index"): _index,
    ("k8s.io/utils/strings/slices", "Filter"): _strings_filter,
    ("k8s.io/utils/strings/slices", "Clone"): _clone,
    (_SETS, "NewString"): _new_set,
    (_SETS, "New"): _new_set,
    (_SETS, "List"): _sorted_list,
    (_LO, "Contains"): _contains,
    (_LO, "IndexOf"): _index,
    (_LO, "Without"): _without,
    (_LO, "Filter"): _filter(True, with_index=True),
    (_LO, "Reject"): _filter(False, with_index=True),
    (_LO, "Uniq"): _uniq,
    (_FUNK, "ContainsString"): _contains,
    (_FUNK, "Contains"): _contains,
    (_FUNK, "FilterString"): _filter(True),
}
SET_TYPES = frozenset({(_SETS, "String"), (_SETS, "Set")})
