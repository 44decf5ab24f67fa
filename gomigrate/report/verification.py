"""The part of the view that says what a verification found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gomigrate.report.words import number

if TYPE_CHECKING:
    from gomigrate.verify.results import Check, Failure, Verification


def verification_view(verification: Verification) -> dict[str, Any]:
    """All that reports say about a verification, as plain values."""
    return {
        "verdict": verification.verdict.value,
        "sentence": sentence(verification),
        "problem": verification.problem,
        "tests": verification.tests,
        "go": verification.go,
        "checks": [_check(check) for check in verification.checks],
        "gone": list(verification.gone),
        "notes": [{"path": n.path, "text": n.text} for n in verification.notes],
        "seconds": round(verification.seconds, 3),
    }


def sentence(verification: Verification) -> str:
    """The outcome in one sentence, with its full stop."""
    checks = verification.checks
    if verification.problem:
        return f"Could not be verified: {verification.problem.rstrip('.')}."
    if not checks:
        return "There is nothing to verify: the patch is empty."
    new = sum(len(check.new) for check in checks)
    known = Counter({name: sum(len(c.known) for c in checks if c.name == name) for name in {c.name for c in checks}})
    before = ", ".join(f"{count:,} of {name}" for name, count in sorted(known.items()) if count)
    blameless = f" Failed before as well: {before}." if before else ""
    with_go = f"with Go {verification.go}"
    if new:
        return f"Worse: {number(new, 'failure')} {with_go} that the code had not before the patch.{blameless}"
    gaps = sum(len(check.open) for check in checks)
    if gaps:
        return f"Not proven {with_go}: {number(gaps, 'gap')}, and nothing that became worse.{blameless}"
    tests = sum(check.tests for check in checks)
    packages = sum(check.packages for check in checks if check.name == "go vet")
    passed = f", {number(tests, 'test')} ran with the same results as before" if verification.tests != "none" else ""
    ran = len(verification.compared)
    compared = ""
    if verification.operations and verification.tests != "none":
        # A helper that goes ran in the code that calls it, and is no operation of its own.
        rest = verification.operations - sum(c.diagnostic.operation is not None for c in verification.compared)
        others = (
            f"; the other {rest:,} could not stand alone and {'is' if rest == 1 else 'are'} evaluated" if rest else ""
        )
        compared = f" Old and new code of {number(ran, 'change')} ran side by side{others}."
    return f"Proven {with_go}: {number(packages, 'package')} built and vetted{passed}.{compared}{blameless}"


def _check(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "module": check.module,
        "command": check.command,
        "verdict": check.verdict.value,
        "seconds_before": round(check.seconds_before, 3),
        "seconds_after": round(check.seconds_after, 3),
        "packages": check.packages,
        "tests": check.tests,
        "new": _failures(check.new),
        "known": _failures(check.known),
        "open": list(check.open),
    }


def _failures(failures: Sequence[Failure]) -> list[dict[str, Any]]:
    return [
        {
            "text": f.text,
            "package": f.package,
            "test": f.test,
            "where": f.where,
            "path": f.path,
            "line": f.line,
            "column": f.column,
            "lines": list(f.lines),
        }
        for f in failures
    ]
