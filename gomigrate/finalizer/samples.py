"""The lists on which finalizer code is run.

For code that only moves names around and compares them with each other, all lists up to length four over the keys
and two other names, nil, and long lists are a sound set: a larger list brings no new pattern, and what depends on a
length or a count shows on the long ones. The two other names are interchangeable, so of two lists that differ only
by swapping them one is enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import product

List = tuple[str, ...] | None
OTHERS = ("a", "b")
LENGTH = 4
LONG = 12
DELETION = ("unset", "set", "zero")


@lru_cache(maxsize=8)
def lists(keys: tuple[str, ...]) -> tuple[List, ...]:
    """All sample lists for these keys, the most telling first. None is the nil list."""
    telling: list[List] = [None, ()]
    for key in keys or ("k0",):
        telling += [(key,), ("a",), (key, "a"), ("a", key), (key, key), ("a", "b"), ("a", key, "b", key)]
    alphabet = (*(keys or ("k0",)), *OTHERS)
    every = [t for n in range(LENGTH + 1) for t in product(alphabet, repeat=n) if _canonical(t)]
    filler = tuple(f"c{i}" for i in range(LONG))
    long: list[List] = [filler, (*filler, *keys), (*keys, *filler), (*filler[:6], *keys, *filler[6:], *keys)]
    return tuple(dict.fromkeys([*telling, *every, *long]))


def pairs(keys: tuple[str, ...]) -> Iterator[tuple[List, List]]:
    """Lists for two objects, different ones included: short lists are enough to tell two objects apart."""
    short = [x for x in lists(keys) if x is None or len(x) <= 2]
    more: list[List] = [*short, ("a", "a", "a"), ("a", "b", "a", "b")]
    return product(more, more)


def _canonical(items: tuple[str, ...]) -> bool:
    return next((x for x in items if x in OTHERS), "a") == "a"
