"""Generated Go functions in real Go: each does what it was made to mean, and what the evaluator says that it does.

All functions are compiled together, once. Needs the Go toolchain and the modules of tests/shapes/go.mod.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import shapes
from finalizer_code import generate
from goharness import LETTERS, Outcome, Run, Target, run_in_go
from test_evaluator_in_go import Function, compare
from test_finalizer_code import declaration, laid_out
from test_shapes_in_go import Meaning, meaning

from gomigrate.go.evaluator.values import Free

pytestmark = pytest.mark.go

SOURCE = generate(seed=2, count=600)
SHAPES = shapes.parse(SOURCE)


@pytest.fixture(scope="module")
def run(go: Path) -> Run:
    return run_in_go(SOURCE, [shape.target for shape in SHAPES], go=go)


def test_each_function_does_in_go_what_it_was_made_to_mean(run: Run) -> None:
    assert not run.skipped
    outcomes: dict[Target, list[Outcome]] = {}
    for outcome in run.outcomes:
        outcomes.setdefault(outcome.target, []).append(outcome)
    wrong = []
    for shape in SHAPES:
        if shape.what == "opaque":
            continue
        found = meaning(outcomes[shape.target], LETTERS[: shape.key_count])
        expected = None if shape.what == "none" else Meaning(shape.what, shape.negated, shape.differences, shape.result)
        if found != expected:
            wrong.append(f"{expected}, but {found} in Go:\n{shape.function.comment}{shape.source}")
    assert not wrong, "\n\n".join([f"{len(wrong)} disagreements", *wrong[:20]])


class Named(Function):
    """The second constant of the generated code is no key of the near misses: in Go's lists stands its value."""

    def key(self, free: Free) -> str:
        if self.file.text(free.node) == "other" and "other" not in self.keys:
            return "example.com/other"
        return super().key(free)


def test_each_function_does_in_go_what_the_evaluator_says(tmp_path: Path, go: Path) -> None:
    types = laid_out(tmp_path, SOURCE)
    functions = [Named(types, *declaration(types, shape), shape.target, shape.keys) for shape in SHAPES]
    counts, mismatches = compare(functions, SOURCE, go)
    print(dict(counts))
    assert not mismatches, "\n".join([f"{len(mismatches)} mismatches", *mismatches[:40]])
    assert counts["functions"] > len(SHAPES) / 2
