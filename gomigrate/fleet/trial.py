"""One checkout tried: its migration planned, and the patch applied, reversed, and looked at once more after that.

The checkout is written to: it is to be a clone that nobody else uses.
"""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from gomigrate.api import Migration, migrate
from gomigrate.fleet.model import Row
from gomigrate.git.repository import ask_git
from gomigrate.model import Confidence, Plan
from gomigrate.programs import find_program

REASONS = 3
SUFFIXES = (".html", ".json", ".md")


class Trial(NamedTuple):
    """`reports` are by their suffix; `checks` says what a patch must do and this one does not; `seconds` are those of
    planning and making the patch."""

    plan: Plan
    patch: bytes
    reports: dict[str, str]
    names: int
    checks: tuple[str, ...]
    seconds: float


def try_checkout(
    top: Path,
    *,
    pack: str = "",
    stage: str = "",
    rules: str = "",
    names: Mapping[str, str] | None = None,
    proposed: bool = False,
) -> Trial:
    """Plans the migration of a checkout and tries its patch on it. What is empty is taken from the checkout's own
    configuration, else the default; with `proposed` the names are those of `gomigrate init`. Raises UserError."""

    def planned() -> Migration:
        return migrate(top, pack=pack or None, stage=stage or None, rules=rules or None, names=names)

    if proposed:
        names = {p.old: p.new for p in planned().plan.proposals if p.new}
    started = time.perf_counter()
    migration = planned()
    patch = migration.patch()
    seconds = time.perf_counter() - started
    reports = migration.reports(SUFFIXES)()
    plan = migration.plan
    renamed = len(names) if names else len({c.old for c in plan.constants if c.old})
    checks = _failures(top, plan, patch, lambda: planned().plan) if patch else ()
    return Trial(plan, patch, reports, renamed, checks, seconds)


def row_of(row: Row, trial: Trial) -> Row:
    """The row of a repository with what its trial gave."""
    plan = trial.plan
    confidence = Counter(d.evidence.confidence for d in plan.changed if d.evidence)
    return row._replace(
        web=plan.web,
        pack=plan.pack,
        stage=plan.stage.value,
        names=trial.names,
        files=len(plan.changes),
        exact=confidence[Confidence.EXACT],
        narrowed=confidence[Confidence.NARROWED],
        assumed=confidence[Confidence.ASSUMED],
        left=len(plan.left),
        reasons=tuple(Counter(d.left_because for d in plan.left).most_common(REASONS)),
        checks=trial.checks,
        seconds=trial.seconds,
    )


def _failures(top: Path, plan: Plan, patch: bytes, again: Callable[[], Plan]) -> tuple[str, ...]:
    before, clean = _unformatted(top, plan), _status(top)
    if not _applied(top, patch):
        return ("does not apply",)
    found = []
    if _unformatted(top, plan) - before:
        found.append("gofmt would change it")
    if again().changes:
        found.append("a second pass changes more")
    if not _applied(top, patch, "-R") or _status(top) != clean:
        found.append("does not reverse")
    return tuple(found)


def _applied(top: Path, patch: bytes, *how: str) -> bool:
    return ask_git(top, "apply", *how, "-", stdin=patch).returncode == 0


def _status(top: Path) -> bytes:
    """What git calls changed: a clone whose objects are not all there has changes from the beginning."""
    return ask_git(top, "status", "--porcelain").stdout


def _unformatted(top: Path, plan: Plan) -> set[str]:
    """The files of the plan that are there and not as gofmt writes them; none where there is no gofmt."""
    there = [path for path in plan.changes if (top / path).is_file()]
    gofmt = find_program("gofmt")
    if not there or gofmt is None:
        return set()
    out = subprocess.run([gofmt, "-l", "--", *there], cwd=top, capture_output=True, check=False)
    return set(out.stdout.decode("utf-8", "surrogateescape").splitlines())
