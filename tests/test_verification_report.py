"""What the reports say of a verification: every field, in every format, and made harmless."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from gomigrate.catalogue import HAND_WRITTEN_CALL, HAND_WRITTEN_HELPER
from gomigrate.model import Diagnostic, Note, Operation, Plan, Stage
from gomigrate.report import render
from gomigrate.report.json_report import SCHEMA_FILE
from gomigrate.report.verification import sentence
from gomigrate.report.view import build_view
from gomigrate.verify.results import Check, Compared, Failure, Verdict, Verification

HOSTILE = "<script>alert(1)</script> | \x1b[31m`tick` @team"
NEW = Failure(HOSTILE, "example.com/p", "p/p_test.go", 7, 0, "Test<b>", ("    p_test.go:7: <i>no</i>", "```", "\tmore"))
KNOWN = Failure("was broken", "example.com/q", "q/q.go", 3, 5)
CHECKS = (
    Check("gofmt", "", "gofmt -l", Verdict.PROVEN, 0.1, 0.2, 3),
    Check("go build", "m", "go build", Verdict.UNVERIFIED, 1, 2, 3, known=(KNOWN,), open=("q did not build before",)),
    Check("go vet", "m", "go vet", Verdict.PROVEN, 1, 2, 3),
    Check("go test", "m", "go test", Verdict.WORSE, 10, 20, 2, 40, new=(NEW,)),
)
WORSE = Verification(Verdict.WORSE, "touched", "1.26.0", "", CHECKS, ("p.TestGone",), (Note("l<i>nk", "left out"),), 35)


def plan(verification: Verification | None) -> Plan:
    return Plan("here", "", "flyte", Stage.SWITCH, (), {}, {}, verification=verification)


@pytest.mark.parametrize("suffix", [".json", ".md", ".html"])
def test_everything_is_said(suffix: str) -> None:
    text = render(plan(WORSE), suffix)
    for word in ("go build", "1.26.0", "q/q.go:3:5", "was broken", "p/p_test.go:7", "TestGone", "did not build before"):
        assert word in text
    assert "<script>alert" not in text or suffix == ".json"
    assert "\x1b" not in text
    assert "erification" not in render(plan(None), suffix) or suffix == ".json"


def test_markup_is_escaped_in_markdown() -> None:
    text = render(plan(WORSE), ".md")
    shown = text[text.index("## Verification") :]
    assert "&lt;script" in shown
    # The quoted output has a fence that it cannot close.
    assert "  ````text\n" in shown
    assert "| **worse** |" in shown and "| **unverified** |" in shown and "2 packages, 40 tests" in shown


@pytest.mark.parametrize("verification", [None, WORSE, Verification(Verdict.UNVERIFIED, "all", problem="no Go")])
def test_the_schema(verification: Verification | None) -> None:
    document = json.loads(render(plan(verification), ".json"))
    jsonschema.Draft202012Validator(json.loads(Path(SCHEMA_FILE).read_text())).validate(document)
    assert (document["verification"] is None) == (verification is None)
    assert build_view(plan(verification))["verification"] == document["verification"]


def test_the_sentence() -> None:
    checks = tuple(c._replace(new=(), known=(), open=()) for c in CHECKS)
    proven = WORSE._replace(checks=checks)
    assert sentence(proven) == (
        "Proven with Go 1.26.0: 3 packages built and vetted, 40 tests ran with the same results as before."
    )
    assert sentence(proven._replace(tests="none")) == "Proven with Go 1.26.0: 3 packages built and vetted."
    assert sentence(WORSE).startswith("Worse: 1 failure with Go 1.26.0 that the code had not before the patch. Failed")
    assert sentence(Verification(Verdict.PROVEN, "all")) == "There is nothing to verify: the patch is empty."
    assert sentence(Verification(Verdict.UNVERIFIED, "all", problem="No Go.")) == "Could not be verified: No Go."


@pytest.mark.parametrize(
    ("operations", "others"),
    [(1, ""), (2, "; the other 1 could not stand alone and is evaluated")],
)
def test_a_helper_that_ran_is_none_of_the_others(operations: int, others: str) -> None:
    call = Diagnostic(HAND_WRITTEN_CALL, "p/p.go", 3, 1, 3, "a call", operation=Operation.CONTAINS)
    helpers = [Diagnostic(HAND_WRITTEN_HELPER, "p/p.go", line, 1, line, "a helper") for line in (9, 19)]
    proven = Verification(
        Verdict.PROVEN,
        "touched",
        "1.26.0",
        checks=(CHECKS[0],),
        compared=tuple(Compared(d, "equal", "run in Go") for d in (call, *helpers)),
        operations=operations,
    )
    assert sentence(proven).endswith(f"Old and new code of 3 changes ran side by side{others}.")
