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


def test_an_object_whose_deletion_was_requested_before_a_release_that_adds_first() -> None:
    today = behaviour(OLD, {OLD}, {OLD})
    unguarded = SWITCH._replace(adds_deleting=True)
    cell = stuck(today, unguarded)["old", "new"]
    assert (cell.left, cell.certain) == ((OLD,), False)
    assert cell.why == (
        f"the new code may first add {NEW}, which the API server refuses while an object is being deleted, "
        "if the releases do not all mark objects that are there already"
    )
    assert ("old", "new") not in stuck(today, SWITCH)


def test_a_rollback_to_code_that_adds_first_and_clears_everything() -> None:
    today = behaviour(OLD, {ANY}, {ANY})
    assert stuck(today, SWITCH) == {}
    found = stuck(today._replace(adds_deleting=True), SWITCH)
    assert set(found) == {("new", "old"), ("new", "new", "old"), ("new", "old", "new", "old")}
    assert {(cell.left, cell.certain) for cell in found.values()} == {((NEW,), False)}


def test_what_is_only_set_when_there_is_none_is_not_refused() -> None:
    today = behaviour(OLD, {ANY}, {ANY})._replace(adds_deleting=True, only_if_empty=True)
    assert stuck(today, SWITCH) == {}
