"""Generated Go functions in real Go: each does what it was made to mean, and what the evaluator says that it does.

All functions are compiled together, and run once. Needs the Go toolchain and the modules of tests/shapes/go.mod.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
import shapes
from finalizer_code import generate
from goharness import LETTERS, Deletion, Outcome, Run, Sample, Target, run_in_go, samples
from shapes import Shape
from test_evaluator_in_go import Function, compare, evaluate
from test_finalizer_code import about, declaration, laid_out
from test_shapes_in_go import Meaning, meaning

from gomigrate.go.evaluator.values import Free

pytestmark = pytest.mark.go

SOURCE = generate(seed=2, count=800)
SHAPES = shapes.parse(SOURCE)
OTHER = "example.com/other"
# What code may tell from any other name: parts of the key, spaces around it, capitals, no text at all.
PARTICULAR = ("", " {k}", "{k}x", "x{k}", "{K}", OTHER)
PARTICULAR_KEYS = ("", " q ", "Q")


def particular() -> tuple[Sample, ...]:
    """Samples that tell near misses which no pattern of equal names shows: lists with particular names, and keys."""
    lists = [chosen for name in PARTICULAR for chosen in ((name,), ("k", name), (name, "a"))]
    found = [Sample((chosen,)) for chosen in lists]
    found += [
        Sample((chosen,), key=key) for key in PARTICULAR_KEYS for chosen in (None, (), ("k",), ("a",), ("a", "k"))
    ]
    found += [Sample((("a",), ("k",)), deletion=deletion) for deletion in get_args(Deletion)]
    return tuple(found)


PARTICULAR_SAMPLES = particular()


@pytest.fixture(scope="module")
def run(go: Path) -> Run:
    return run_in_go(SOURCE, [shape.target for shape in SHAPES], (*samples(), *PARTICULAR_SAMPLES), go=go)


def test_each_function_does_in_go_what_it_was_made_to_mean(run: Run) -> None:
    assert not run.skipped
    outcomes: dict[Target, list[Outcome]] = {}
    for outcome in run.outcomes:
        outcomes.setdefault(outcome.target, []).append(outcome)
    wrong = []
    for shape in SHAPES:
        found = meaning(_on_object(shape, _usable(shape, outcomes[shape.target])), LETTERS[: shape.key_count])
        expected = None if shape.what == "none" else Meaning(shape.what, shape.negated, shape.differences, shape.result)
        if found != expected:
            wrong.append(f"{expected}, but {found} in Go:\n{shape.function.comment}{shape.source}")
    assert not wrong, "\n\n".join([f"{len(wrong)} disagreements", *wrong[:20]])


def _usable(shape: Shape, outcomes: list[Outcome]) -> list[Outcome]:
    """Without the samples that hold the other constant beside the key, when it is the key itself, and without
    particular names where they are sorted: what stands for them in a sample comes at another place."""
    found = [o for o in outcomes if "sorted" not in shape.differences or o.sample not in PARTICULAR_SAMPLES]
    return [o for o in found if "other" not in shape.keys or not any(OTHER in (x or ()) for x in o.sample.lists)]


def _on_object(shape: Shape, outcomes: list[Outcome]) -> list[Outcome]:
    """What happened to the second object, when that is what the function is about; the first one must stay as it is."""
    if not about(shape):
        return outcomes
    assert all(o.after[0] == o.sample.lists[0] and not o.other_changed[0] for o in outcomes)
    return [_second(outcome) for outcome in outcomes]


def _second(outcome: Outcome) -> Outcome:
    sample = replace(outcome.sample, lists=outcome.sample.lists[1:])
    parts = ("of_object", "after", "backing_changed", "spare_changed", "other_changed")
    return replace(outcome, sample=sample, **{part: getattr(outcome, part)[1:] for part in parts})


class Named(Function):
    """The second constant of the generated code is no key of the near misses: in Go's lists stands its value."""

    def key(self, free: Free) -> str:
        if self.file.text(free.node) == "other" and "other" not in self.keys:
            return OTHER
        return super().key(free)


def test_each_function_does_in_go_what_the_evaluator_says(tmp_path: Path, run: Run) -> None:
    types = laid_out(tmp_path, SOURCE)
    functions = [Named(types, *declaration(types, shape), shape.target, shape.keys) for shape in SHAPES]
    evaluated = set(samples())
    usual = replace(run, outcomes=tuple(o for o in run.outcomes if o.sample in evaluated))
    counts, mismatches = compare(evaluate(functions), usual)
    print(dict(counts))
    assert not mismatches, "\n".join([f"{len(mismatches)} mismatches", *mismatches[:40]])
    assert counts["functions"] > len(SHAPES) / 2
