"""The upgrade matrix, from what the code before and after does. tests/test_apiserver.py holds it against a server."""

from __future__ import annotations

import pytest

from gomigrate.finalizer.matrix import ANY, Behaviour, cells
from gomigrate.model import MatrixCell

OLD, NEW = "finalizer", "example.com/finalizer"


def behaviour(adds: str, honours: set[str], removes: set[str]) -> Behaviour:
    return Behaviour(frozenset({adds}), False, frozenset(honours), frozenset(removes))


SWITCH = behaviour(NEW, {OLD, NEW}, {OLD, NEW})


def stuck(before: Behaviour, after: Behaviour) -> dict[tuple[str, ...], MatrixCell]:
    return {(c.created_by, *c.handled_by): c for c in cells(before, after) if not c.freed}


def test_code_that_clears_everything_frees_every_object() -> None:
    assert stuck(behaviour(OLD, {ANY}, {ANY}), SWITCH) == {}


def test_a_stuck_object_may_depend_on_a_release_that_marks_it_again() -> None:
    found = stuck(behaviour(OLD, {OLD}, {OLD}), SWITCH)
    assert {history: cell.certain for history, cell in found.items()} == {
        ("new", "old"): True,
        ("new", "new", "old"): True,
        ("new", "old", "new", "old"): True,
        ("old", "new", "old"): False,
        ("old", "old", "new", "old"): False,
    }
    assert {cell.left for cell in found.values()} == {(NEW,)}
    assert found["new", "old"].why == f"the old code does not remove {NEW}"
    assert found["old", "new", "old"].why.endswith("if the releases mark objects that are there already")


@pytest.mark.parametrize("history", [("new", "old"), ("new", "new", "old")])
def test_code_that_clears_everything_once_it_finds_its_own_name(history: tuple[str, ...]) -> None:
    # Freed where the old code has put its name beside the new one, stuck where it first sees the object deleted.
    cell = stuck(behaviour(OLD, {OLD}, {ANY}), SWITCH)[history]
    assert not cell.certain
    assert (
        cell.why
        == f"the old code does not test for {NEW}, if the releases do not all mark objects that are there already"
    )
