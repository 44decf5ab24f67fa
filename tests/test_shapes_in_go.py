"""Holds every directive of the corpus against what real Go does, and against nothing else.

The eight operations are written down here once more, as plainly as possible; nothing of gomigrate's evaluator
is used. Needs the Go toolchain and the modules of tests/shapes/go.mod.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from goharness import LETTERS, Outcome, Run, Target, run_in_go, samples
from shapes import CORPUS, Shape, load

pytestmark = pytest.mark.go

SHAPES = load()
QUESTIONS = ("bool", "int", "int,bool")
# What a change may return, and what that is called.
CHANGES = {
    "": "",
    "bool": "changed",
    "list": "list",
    "list,bool": "list,changed",
    "bool,list": "changed,list",
    "object": "object",
    "error": "error",
}
ANSWERS = {"bool": "", "int": "index", "int,bool": "index,found"}

Strings = tuple[str, ...]
Differences = frozenset[str]
EXACT: Differences = frozenset()


@dataclass(frozen=True)
class Meaning:
    what: str
    negated: bool
    differences: tuple[str, ...]
    result: str


@pytest.fixture(scope="module")
def run(go: Path) -> Run:
    return run_in_go(CORPUS, [shape.target for shape in SHAPES], go=go)


@pytest.fixture(scope="module")
def outcomes(run: Run) -> dict[Target, list[Outcome]]:
    by_target: dict[Target, list[Outcome]] = {}
    for outcome in run.outcomes:
        by_target.setdefault(outcome.target, []).append(outcome)
    return by_target


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.id)
def test_directive(shape: Shape, outcomes: dict[Target, list[Outcome]]) -> None:
    if shape.what == "opaque":
        return
    assert shape.target in outcomes, "not called"
    found = meaning(outcomes[shape.target], LETTERS[: shape.key_count])
    if shape.what == "none" or shape.result == "unchanged" or "overwrites" in shape.differences:
        # The eight operations as written down here have no word for the last two: only call sites make use of them.
        assert found is None
    else:
        assert found == Meaning(shape.what, shape.negated, shape.differences, shape.result)


def test_only_opaque_functions_are_not_called(run: Run) -> None:
    skipped = {shape.id for shape in SHAPES if shape.target in run.skipped}
    assert skipped <= {shape.id for shape in SHAPES if shape.what == "opaque"}


def test_corpus_is_large_enough() -> None:
    counts = Counter(shape.what for shape in SHAPES)
    assert counts["opaque"] + counts["none"] >= 40
    assert sum(counts.values()) - counts["opaque"] - counts["none"] >= 60
    assert len({shape.id for shape in SHAPES}) == len(SHAPES)


def test_corpus_is_formatted(gofmt: Path) -> None:
    done = subprocess.run([gofmt, "-l", "."], cwd=CORPUS, capture_output=True, text=True, check=True)
    assert done.stdout == ""


def test_source_text_runs_too(go: Path) -> None:
    source = "package p\n\nfunc last(list []string, s string) []string { return append(list, s) }\n"
    some = [s for s in samples() if s.lists in [(None,), (("k", "a"),)] and s.deletion == "unset"]
    run = run_in_go(source, [Target(name="last")], some, go=go)
    assert [(o.sample.spare, o.results[0].value, o.spare_changed) for o in run.outcomes] == [
        (False, ("k",), (False,)),
        (False, ("k", "a", "k"), (False,)),
        (True, ("k", "a", "k"), (True,)),
    ]


def meaning(outcomes: Sequence[Outcome], keys: Strings) -> Meaning | None:
    """The operation that the outcomes agree with on all samples, with the fewest differences."""
    calm = [o for o in outcomes if o.panic is None]
    if 2 * len(calm) < len(outcomes) or any(o.other_changed != (False,) * len(o.after) for o in outcomes):
        return None
    kinds = {",".join(value.kind for value in o.results) for o in calm}
    if len(kinds) != 1:
        return None
    found = list(_meanings(calm, keys, kinds.pop()))
    if not found:
        return None
    panics = {"panic"} if len(calm) < len(outcomes) else set()
    fewest = min(len(differences) for _, _, differences, _ in found)
    best = [one for one in found if len(one[2]) == fewest]
    assert len({(what, negated) for what, negated, _, _ in best}) == 1, f"several fit equally well: {best}"
    what, negated, differences, result = best[0]
    return Meaning(what, negated, tuple(sorted(differences | panics)), result)


def _meanings(calm: Sequence[Outcome], keys: Strings, kinds: str) -> Iterator[tuple[str, bool, Differences, str]]:
    if kinds in QUESTIONS and all(_untouched(o) for o in calm):
        for what, differences in _questions(keys, calm):
            for negated in (False, True):
                if negated and kinds != "bool":
                    continue
                if _answers_agree(calm, kinds, keys, what, differences, negated):
                    yield what, negated, differences, ANSWERS[kinds]
    if kinds in CHANGES and len(calm[0].after) == 1:
        for what, explain in (
            ("Add", _explain_add),
            ("SetIfEmpty", _explain_set_if_empty),
            ("Remove", _explain_remove),
            ("Remove", _explain_remove_first),
            ("Remove", _explain_remove_some),
            ("Clear", _explain_clear),
        ):
            if len(keys) > 1 and explain is not _explain_remove:
                continue
            agreed = _change_agrees(calm, keys, explain)
            if agreed is not None:
                yield what, False, agreed, CHANGES[kinds]


# Questions


Truth = Callable[[Outcome], bool]


def _questions(keys: Strings, calm: Sequence[Outcome]) -> Iterator[tuple[str, Differences]]:
    if len(calm[0].after) == 2:
        yield "SameCount", EXACT
        return
    yield "Contains", EXACT
    yield "HasAny", EXACT
    if any(o.sample.deletion != "unset" for o in calm):
        yield "IsDeleting", EXACT
        yield "IsDeleting", frozenset({"zero-time"})


def _truth(what: str, differences: Differences, keys: Strings) -> Truth:
    if what == "SameCount":
        return lambda o: len(_before(o, 0)) == len(_before(o, 1))
    if what == "Contains":
        return lambda o: any(key in _before(o) for key in keys)
    if what == "HasAny":
        return lambda o: len(_before(o)) > 0
    deleting = {"set", "zero"} if "zero-time" in differences else {"set"}
    return lambda o: o.sample.deletion in deleting


def _answers_agree(
    calm: Sequence[Outcome],
    kinds: str,
    keys: Strings,
    what: str,
    differences: Differences,
    negated: bool,
) -> bool:
    truth = _truth(what, differences, keys)
    answers = set()
    for outcome in calm:
        answer = _answer(outcome, kinds, keys)
        if answer is None or answer != (truth(outcome) != negated):
            return False
        answers.add(answer)
    # Otherwise nothing was asked: the function cannot but give this answer, or panic.
    return answers == {True, False}


def _answer(outcome: Outcome, kinds: str, keys: Strings) -> bool | None:
    """The answer as a truth value; None for an index at which no key is."""
    first: Any = outcome.results[0].value
    if kinds == "bool":
        return bool(first)
    found: bool = outcome.results[1].value if kinds == "int,bool" else first >= 0
    if found and (first not in range(len(_before(outcome))) or _before(outcome)[first] not in keys):
        return None
    return found


# Changes


Explain = Callable[[Strings | None, Strings | None, Strings], Differences | None]


def _change_agrees(calm: Sequence[Outcome], keys: Strings, explain: Explain) -> Differences | None:
    """The differences that all samples together need; None when a sample is no such change at all."""
    needed: list[Differences] = []
    for outcome in calm:
        before, after = outcome.sample.lists[0], _list_after(outcome)
        differences = explain(before, after, keys) if _results_fit(outcome, after) else None
        if differences is None:
            return None
        needed.append(differences)
    found = EXACT.union(*needed)
    return found - {"sorted"} if "order" in found else found


def _list_after(outcome: Outcome) -> Strings | None:
    """The list that comes out: the one that is returned, else the one that is in its place afterwards."""
    for value in outcome.results:
        if value.kind == "list":
            returned: Strings | None = value.value
            return returned
    return outcome.after[0]


def _results_fit(outcome: Outcome, after: Strings | None) -> bool:
    before = outcome.sample.lists[0]
    for value in outcome.results:
        # What a caller does with a list is its own affair, but an object's must be left as it is.
        if value.kind == "list" and outcome.of_object[0] and outcome.after[0] != before:
            return False
        if value.kind == "bool" and value.value != ((before or ()) != (after or ())):
            return False
        if value.kind == "object" and value.same != 0:
            return False
        if value.kind == "error" and value.value is not None:
            return False
    return True


def _explain_add(before: Strings | None, after: Strings | None, keys: Strings) -> Differences | None:
    old, new = before or (), after or ()
    if keys[0] not in old:
        return _compare(old + keys, new)
    return _fewest([_compare(old, new), _with("duplicate", _compare(old + keys, new))])


def _explain_set_if_empty(before: Strings | None, after: Strings | None, keys: Strings) -> Differences | None:
    return EXACT if after == (before or keys) else None


def _explain_remove(before: Strings | None, after: Strings | None, keys: Strings) -> Differences | None:
    old, new = before or (), after or ()
    found = _compare(tuple(name for name in old if name not in keys), new)
    if found is not None and not new and (before is None) != (after is None):
        return found | {"nil-empty"}
    return found


def _explain_remove_first(before: Strings | None, after: Strings | None, keys: Strings) -> Differences | None:
    old = before or ()
    if _copies(old, keys) < 2:
        return _explain_remove(before, after, keys)
    first = old.index(keys[0])
    return _with("first-only", _compare(old[:first] + old[first + 1 :], after or ()))


def _explain_remove_some(before: Strings | None, after: Strings | None, keys: Strings) -> Differences | None:
    new = after or ()
    copies = _copies(before or (), keys)
    if not 0 < _copies(new, keys) < copies:
        return _explain_remove(before, after, keys)
    kept = tuple(name for name in new if name not in keys)
    return _with("leftover", _explain_remove(before, kept, keys))


def _explain_clear(before: Strings | None, after: Strings | None, keys: Strings) -> Differences | None:
    return None if after else EXACT


def _compare(reference: Strings, new: Strings) -> Differences | None:
    """How the new list differs from the reference, when it holds the same names."""
    if new == reference:
        return EXACT
    if set(new) != set(reference):
        return None
    once = tuple(dict.fromkeys(reference))
    wanted, got = Counter(reference), Counter(new)
    if got == wanted:
        return frozenset({"sorted"} if new == tuple(sorted(reference)) else {"order"})
    if any(got[name] > wanted[name] for name in got):
        return None
    if new == once:
        return frozenset({"dedup"})
    return frozenset({"dedup", "sorted" if new == tuple(sorted(once)) else "order"})


def _fewest(explanations: Sequence[Differences | None]) -> Differences | None:
    return min((e for e in explanations if e is not None), key=len, default=None)


def _with(name: str, differences: Differences | None) -> Differences | None:
    return None if differences is None else differences | {name}


def _before(outcome: Outcome, number: int = 0) -> Strings:
    return outcome.sample.lists[number] or ()


def _untouched(outcome: Outcome) -> bool:
    return outcome.after == outcome.sample.lists and not any(outcome.backing_changed)


def _copies(names: Strings, keys: Strings) -> int:
    return sum(name in keys for name in names)
