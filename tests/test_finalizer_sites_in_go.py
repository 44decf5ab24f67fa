"""Generated reconcile functions in real Go, as they are and migrated: they do the same with an object, but for the
differences that the report states. Needs the Go toolchain and the modules of tests/shapes/go.mod.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from finalizer_sites import generate
from goharness import LONG, LONG_WITHOUT_KEY, Outcome, Sample, Target, run_in_go, samples
from test_finalizer_sites import Made, changed_in, found_in, made, object_of, planned

from gomigrate.model import Plan

pytestmark = pytest.mark.go

SOURCE = generate(seed=2, count=60)
# Differences that show only on objects which carry the name several times.
COPIES = frozenset(("first-only", "leftover"))


def chosen() -> list[Sample]:
    """Objects that exist and that are being deleted, with all short lists and two long ones."""
    found = [s for s in samples() if len(s.lists) == 1 and not s.spare]
    pairs = [s for s in samples() if len(s.lists) == 2 and not s.spare]
    found += [*pairs, *(Sample(s.lists, deletion="set") for s in pairs)]
    return [*found, *(Sample((one,), deletion="set") for one in (LONG, LONG_WITHOUT_KEY))]


Stated = tuple[frozenset[str], ...]


def differences(plan: Plan, function: Made) -> Stated:
    """What the report states of the changes in a function, for each of its objects."""
    changed = [d for d in changed_in(plan, function) if d.evidence is not None]
    return tuple(
        frozenset(x.name for d in changed if d.evidence and object_of(d) == name for x in d.evidence.differences)
        for name in function.objects
    )


def done(outcome: Outcome, stated: Stated) -> tuple[object, ...]:
    """What came of a call, as far as the stated differences leave it alone."""
    lists = []
    for after, differs in zip(outcome.after, stated, strict=True):
        names = after or ()
        if differs & {"duplicate", "dedup"}:
            names = tuple(sorted(set(names)))
        elif differs & {"order", "sorted"}:
            names = tuple(sorted(names))
        lists.append(names)
    return (*(value.value for value in outcome.results), *lists, outcome.panic)


def test_the_migrated_functions_do_what_they_did(tmp_path: Path, go: Path) -> None:
    plan = planned(tmp_path, SOURCE)
    functions = made(SOURCE)
    after = plan.changes["source.go"]
    assert after is not None
    targets = [Target(name=function.name.replace("f", "run"), keys=(function.key,)) for function in functions]
    old = run_in_go(SOURCE, targets, chosen(), go=go)
    new = run_in_go(after.decode(), targets, chosen(), go=go)
    assert not old.skipped
    assert len(old.outcomes) == len(new.outcomes) > 100 * len(functions)
    by_target = dict(zip(targets, functions, strict=True))
    stated = {target: differences(plan, function) for target, function in by_target.items()}
    wrong: dict[str, str] = {}
    compared = 0
    for before, now in zip(old.outcomes, new.outcomes, strict=True):
        several = any((some or ()).count("k") > 1 for some in before.sample.lists)
        if several and any(differs & COPIES for differs in stated[before.target]):
            continue
        compared += 1
        if done(before, stated[before.target]) != done(now, stated[before.target]):
            function = by_target[before.target]
            shown = f"{before.sample}: {before.after}, migrated {now.after}"
            wrong.setdefault(function.name, f"{', '.join(found_in(plan, function))}, {shown}\n{function.source}")
    print(f"{len(functions)} functions, {compared} calls compared")
    assert not wrong, "\n\n".join([f"{len(wrong)} functions differ", *list(wrong.values())[:20]])
