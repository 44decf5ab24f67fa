"""What each release of controller-runtime offers for finalizers.

Facts: pkg/controller/controllerutil of the releases of sigs.k8s.io/controller-runtime from 0.1 to 0.25, and util/sets
of k8s.io/apimachinery, whose sets.String they all bring. tests/test_versions_in_go.py tries them on the real modules.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gomigrate.model import Operation

_RELEASE = re.compile(r"v([0-9]+)\.([0-9]+)\.([0-9]+)(-[0-9A-Za-z.-]+)?")
_PREFIX = re.compile(r"v[0-9]+\.[0-9]+")
# Of each minor release the last one is in the same row as any later one would be.
_LATEST = 999


class Calls(NamedTuple):
    """What controllerutil offers.

    takes_meta      AddFinalizer and RemoveFinalizer take any metav1.Object, not only one that is a runtime.Object too
    contains        there is a ContainsFinalizer; it takes what is both
    result          AddFinalizer and RemoveFinalizer say whether they changed the list
    removes_copies  RemoveFinalizer drops every copy of a name; else it panics when the name is there twice
    """

    takes_meta: bool
    contains: bool
    result: bool
    removes_copies: bool


# The first release of a row -> what it and those after it offer.
TABLE: tuple[tuple[tuple[int, int, int], Calls | None], ...] = (
    ((0, 0, 0), None),
    ((0, 4, 0), Calls(takes_meta=True, contains=False, result=False, removes_copies=False)),
    ((0, 5, 3), Calls(takes_meta=True, contains=False, result=False, removes_copies=True)),
    ((0, 5, 6), Calls(takes_meta=True, contains=True, result=False, removes_copies=True)),
    ((0, 6, 0), Calls(takes_meta=True, contains=False, result=False, removes_copies=True)),
    ((0, 6, 1), Calls(takes_meta=False, contains=True, result=False, removes_copies=True)),
    ((0, 12, 0), Calls(takes_meta=False, contains=True, result=True, removes_copies=True)),
)


def needs_sets(operation: Operation, level: str, calls: Calls) -> bool:
    """Whether an operation on an object (of a level as in objects.Verdict) must be written with apimachinery's sets."""
    if operation in (Operation.CONTAINS, Operation.HAS_ANY):
        return not calls.contains or level == "meta"
    return operation in (Operation.REMOVE, Operation.CLEAR) and not calls.removes_copies


def calls_of(version: str) -> Calls | None:
    """What a release offers, None for one before 0.4.0. Raises ValueError when it is no release that is known.

    A pre-release lies before the release whose number it bears, and a pseudo-version may hold what came much later:
    only what both sides have in common is taken for granted.
    """
    found = _RELEASE.fullmatch(version)
    numbers = (int(found[1]), int(found[2]), int(found[3])) if found else (0, 0, 0)
    if not any(numbers) or (found and found[4] and any(first == numbers for first, _ in TABLE)):
        raise ValueError(version)
    calls = next(calls for first, calls in reversed(TABLE) if first <= numbers)
    return calls._replace(takes_meta=False) if calls and found and found[4] else calls


def calls_of_query(query: str) -> Calls | None:
    """What the release offers that `go get` takes for a version or a version prefix, which means the latest that it
    fits (https://go.dev/ref/mod#version-queries); None for one before 0.4.0, and for any other query."""
    try:
        return calls_of(f"{query}.{_LATEST}" if _PREFIX.fullmatch(query) else query)
    except ValueError:
        return None


def in_common(one: Calls, other: Calls) -> Calls:
    """What both offer: code for it compiles with either."""
    return Calls(*(a and b for a, b in zip(one, other, strict=True)))
