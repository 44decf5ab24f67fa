"""The evaluator against real Go, sample by sample: what it understands it must do exactly as Go does.

Needs the Go toolchain and the modules of tests/shapes/go.mod.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from goharness import LETTERS, Outcome, Run, Sample, Target, run_in_go, samples
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from shapes import CORPUS, load
from test_evaluator import declaration, types

from gomigrate.checkout import Checkout
from gomigrate.finalizer.operations import Opaque, run_function
from gomigrate.go.types import Types
from gomigrate.go.workspace import Workspace

pytestmark = pytest.mark.go

SPARE = 4
ONE_LIST = [s for s in samples() if len(s.lists) == 1]
# Without a state of their own and with a defined order: two runs of Go give the same.
UNDEFINED = {"sets/sets:insertUnsorted", "sets/sets:deleteUnsorted"}


def by_sample(run: Run) -> dict[Target, dict[Sample, Outcome]]:
    found: dict[Target, dict[Sample, Outcome]] = {}
    for outcome in run.outcomes:
        found.setdefault(outcome.target, {})[outcome.sample] = outcome
    return found


def in_go(outcome: Outcome) -> tuple[Any, Any]:
    """(value, list afterwards) in the evaluator's terms."""
    if outcome.panic is not None:
        return "panic", None
    values = tuple(("list", v.value) if v.kind == "list" else v.value for v in outcome.results)
    value = values[0] if len(values) == 1 else values or None
    return value, outcome.after[0]


def mismatches(known: Types, file: Any, node: Any, outcomes: dict[Sample, Outcome]) -> list[str] | None:
    """Samples on which evaluator and Go differ; None when the evaluator does not understand the function."""
    chosen = [s for s in outcomes if len(s.lists) == 1]
    given = [(s.lists[0], SPARE if s.spare else 0, s.deletion) for s in chosen]
    ours = run_function(known, file, node, given, LETTERS[:2])
    if isinstance(ours, Opaque):
        return None
    wrong = []
    for i, sample in enumerate(chosen):
        wanted = in_go(outcomes[sample])
        # How much room Go leaves behind a slice that grows is its own affair: one of the two must be it.
        got = [(o.value, None if o.value == "panic" else o.after[0]) for o in ours[2 * i : 2 * i + 2]]
        if wanted not in got:
            wrong.append(f"{sample}: Go {wanted}, evaluator {got}")
    return wrong


def test_the_corpus_does_what_go_does(go: Path) -> None:
    shapes = [s for s in load() if not any(s.target.keys) and not s.target.field and s.id not in UNDEFINED]
    # What the object is, a template or a struct with a field of the same name, is judged elsewhere.
    shapes = [s for s in shapes if s.what != "opaque" and not s.id.startswith(("hazards/fields", "hazards/names"))]
    outcomes = by_sample(run_in_go(CORPUS, [s.target for s in shapes], ONE_LIST, go=go))
    count: Counter[str] = Counter()
    for shape in shapes:
        if shape.target not in outcomes:
            continue
        wrong = mismatches(types(), *declaration(shape), outcomes[shape.target])
        count["not understood" if wrong is None else "compared"] += 1
        assert not wrong, f"{shape.id}: {wrong[0]}"
    print(f"\ncorpus against Go: {dict(count)} functions on {len(ONE_LIST)} samples each")
    assert count["compared"] > 150


# -- generated functions --------------------------------------------------------------------------------------------

CONDITIONS = (
    "f == k", "f != k", "list[i] == k", "found", "!found", "len(out) == 0", "len(list) > 0", "i == 0", "i > 0",
    "slices.Contains(list, k)", "slices.Contains(out, f)", "i+1 < len(list)", "slices.Index(list, k) >= 0",
)  # fmt: skip
IN_LOOP = (
    "out = append(out, f)", "out = append(out, k)", "found = true", "continue", "break", "list[i] = f",
    "out = append(list[:i], list[i+1:]...)", "list = append(list[:i], list[i+1:]...)", "out = out[:0]",
    "found = len(out) == 0", "out = slices.Clone(list)", "list[0], list[i] = list[i], list[0]",
)  # fmt: skip
OUTSIDE = (
    "out = append(out, k)", "list = append(list, k)", "out = list", "found = len(list) != 0",
    "out = append(out, list...)", "out = slices.DeleteFunc(list, func(s string) bool { return s == k })",
    "copy(out, list)", "list = list[:len(out)]", "found = slices.Contains(list, k)",
    "out = make([]string, 0, len(list))", "if found { return list }", "out = out[:0]",
)  # fmt: skip
STARTS = ("var out []string", "out := []string{}", "out := list[:0]", "out := make([]string, 0, len(list))")


@st.composite
def functions(draw: st.DrawFn) -> str:
    """The body of `func(list []string, k string) []string`: loops, conditions, appends and cuts at random."""
    lines = [draw(st.sampled_from(STARTS)), "found := false", "_, _ = found, out"]
    for _ in range(draw(st.integers(1, 3))):
        if draw(st.booleans()):
            loop = ["for i, f := range list {", "_, _ = i, f"]
            for _ in range(draw(st.integers(1, 3))):
                condition, statement = draw(st.sampled_from(CONDITIONS)), draw(st.sampled_from(IN_LOOP))
                otherwise = f"}} else {{\n{draw(st.sampled_from(IN_LOOP))}\n" if draw(st.booleans()) else ""
                loop.append(f"if {condition} {{\n{statement}\n{otherwise}}}" if draw(st.booleans()) else statement)
            lines += [*loop, "}"]
        else:
            lines.append(draw(st.sampled_from(OUTSIDE)))
    return "\n".join([*lines, "return out" if draw(st.booleans()) else "return list"])


@settings(max_examples=3, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(bodies=st.lists(functions(), min_size=60, max_size=60, unique=True))
def test_generated_functions_do_what_go_does(bodies: list[str], go: Path, tmp_path_factory: Any) -> None:
    source = 'package p\n\nimport "slices"\n\nvar _ = slices.Contains[[]string]\n\n'
    source += "\n\n".join(f"func f{i}(list []string, k string) []string {{\n{b}\n}}" for i, b in enumerate(bodies))
    folder = tmp_path_factory.mktemp("generated")
    (folder / "go.mod").write_text("module example.com/generated\n\ngo 1.22\n")
    (folder / "p.go").write_text(source)
    outcomes = by_sample(run_in_go(source, [Target(name=f"f{i}") for i in range(len(bodies))], ONE_LIST, go=go))
    known = Types(Workspace(Checkout(folder)))
    file = known.workspace.file("p.go")
    assert file is not None
    count: Counter[str] = Counter()
    for i, body in enumerate(bodies):
        wrong = mismatches(known, file, file.functions_by_name[("", f"f{i}")], outcomes[Target(name=f"f{i}")])
        count["not understood" if wrong is None else "compared"] += 1
        assert not wrong, f"{body}\n{wrong[0]}"
    print(f"\ngenerated against Go: {dict(count)} functions on {len(ONE_LIST)} samples each")
    assert count["compared"] > len(bodies) // 2
