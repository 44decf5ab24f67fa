"""The lists on which finalizer code is run.

For code that only moves names around and compares them with each other, all lists up to length four over the keys
and two other names, nil, and long lists are a sound set: a larger list brings no new pattern, and what depends on a
length or a count shows on the long ones (the evaluator refuses numbers that are larger than the list that they were
counted on). The two other names are interchangeable, so of two lists that differ only by swapping them one is enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import permutations, product
from typing import NamedTuple

List = tuple[str, ...] | None
OTHERS = ("a", "b")
LENGTH = 4
SPARE = 2
ROOM = ((0, False), (0, True), (SPARE, True))
LONG = 40
DELETION = ("unset", "set", "zero")


class Sample(NamedTuple):
    """What one run starts from: a list for each place (a parameter or an object), all with the same deletion state.

    `spare`: so much room is behind each list, and `roomy`: some is behind one that has grown. `order` is the ascending
    order of the names in it, when not that of the alphabet. `fresh_lists`: GetFinalizers makes a new list at each
    call, as Unstructured does.
    """

    lists: tuple[List, ...]
    deletion: str = "unset"
    spare: int = 0
    roomy: bool = False
    order: tuple[str, ...] = ()
    fresh_lists: bool = False

    def with_lists(self, lists: tuple[List, ...]) -> Sample:
        return Sample(lists, self.deletion, self.spare, self.roomy, self.order, self.fresh_lists)


@lru_cache(maxsize=8)
def lists(keys: tuple[str, ...]) -> tuple[List, ...]:
    """All sample lists for these keys, the most telling first. None is the nil list."""
    telling: list[List] = [None, ()]
    for key in keys or ("k0",):
        telling += [(key,), ("a",), (key, "a"), ("a", key), (key, key), ("a", "b"), ("a", key, "b", key)]
    alphabet = (*(keys or ("k0",)), *OTHERS)
    every = [t for n in range(LENGTH + 1) for t in product(alphabet, repeat=n) if _canonical(t)]
    filler = tuple(f"c{i:02}" for i in range(LONG))
    half = LONG // 2
    long: list[List] = [(*filler[:half], *keys, *filler[half:], *keys), filler, (*filler, *keys), (*keys, *filler)]
    long += [(key,) * LONG for key in keys]
    return tuple(dict.fromkeys([*telling, *long, *every]))


TELLING = 14


@lru_cache(maxsize=8)
def fewer_lists(keys: tuple[str, ...]) -> tuple[List, ...]:
    """What is enough to see whether something beside the list matters."""
    some = [x for x in lists(keys) if len(x or ()) < LENGTH]
    return (*some, next(x for x in lists(keys) if len(x or ()) >= LONG))


@lru_cache(maxsize=8)
def pairs(keys: tuple[str, ...]) -> tuple[tuple[List, List], ...]:
    """Lists for two places: all short ones, and long ones, of the same length with other names among them, too."""
    filler = tuple(f"c{i:02}" for i in range(LONG + 1))
    some: list[List] = [None, *(t for n in range(LENGTH) for t in product(OTHERS, repeat=n))]
    some += [filler, filler[:-1], filler[1:], filler[::-1], *((key,) for key in keys)]
    return tuple(product(some, some))


def orders(keys: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The orders that names can be in; the alphabetical one, in which the keys are last, is not among them."""
    return (order for order in permutations((*keys, *OTHERS)) if order != (*OTHERS, *keys))


def _canonical(items: tuple[str, ...]) -> bool:
    return next((x for x in items if x in OTHERS), "a") == "a"
