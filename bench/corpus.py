"""Plans the migration of many checkouts, side by side, tries each patch on a scratch clone, and prints a table.

The list is TOML; paths are relative to it:

    [[checkout]]
    name = "source-controller"
    path = "../source-controller"
    commit = "13e41aa332"          # what to look at; without it what is checked out
    names = "proposed"             # those of `gomigrate init`, or a table of old = "new"; without it nothing is renamed

Checkouts are only read. Nothing of them is built or run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import tomllib

from gomigrate.api import migrate
from gomigrate.errors import UserError
from gomigrate.model import Confidence, Plan

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

REASONS = 3


class Row(NamedTuple):
    """One checkout. `names` are those that it is to rename, `checks` what did not hold; `seconds` are those of planning
    and of making the patch."""

    name: str
    commit: str = ""
    date: str = ""
    names: int = 0
    files: int = 0
    exact: int = 0
    narrowed: int = 0
    left: int = 0
    reasons: tuple[tuple[str, int], ...] = ()
    checks: tuple[str, ...] = ()
    seconds: float = 0.0
    error: str = ""


def git(folder: Path, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    options = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false")
    return subprocess.run(["git", *options, *arguments], cwd=folder, input=given, capture_output=True, check=False)


def examine(entry: dict[str, Any]) -> Row:
    """The row of one checkout. What goes wrong is in the row: one broken checkout does not stop the others."""
    name = str(entry["name"])
    with tempfile.TemporaryDirectory(prefix="gomigrate-corpus-") as scratch:
        top = Path(scratch) / "checkout"
        cloned = git(Path(scratch), "clone", "-q", "--shared", "--no-checkout", entry["path"], str(top))
        out = git(top, "checkout", "-q", entry.get("commit", "HEAD")) if cloned.returncode == 0 else cloned
        if out.returncode:
            return Row(name, error=out.stderr.decode(errors="replace").strip())
        commit, date = git(top, "log", "-1", "--format=%h %cs").stdout.decode().split()
        try:
            return tried(Row(name, commit, date), top, entry.get("names", {}), entry.get("pack", "operators"))
        except UserError as error:
            return Row(name, commit, date, error=str(error))


def tried(row: Row, top: Path, names: dict[str, str] | str, pack: str) -> Row:
    if isinstance(names, str):
        names = {p.old: p.new for p in migrate(top, pack=pack).plan.proposals if p.new}
    if names:
        text = "\n".join(f"{json.dumps(old)} = {json.dumps(new)}" for old, new in names.items())
        (top / ".gomigrate.toml").write_text(f"[names]\n{text}\n")
    started = time.perf_counter()
    migration = migrate(top, pack=pack)
    patch = migration.patch()
    seconds = time.perf_counter() - started
    plan = migration.plan
    confidence = Counter(d.evidence.confidence for d in plan.changed if d.evidence)
    reasons = Counter(d.left_because for d in plan.left)
    return row._replace(
        names=len(names),
        files=len(plan.changes),
        exact=confidence[Confidence.EXACT],
        narrowed=confidence[Confidence.NARROWED],
        left=len(plan.left),
        reasons=tuple(reasons.most_common(REASONS)),
        checks=tuple(failures(top, plan, patch, pack)) if patch else (),
        seconds=seconds,
    )


def failures(top: Path, plan: Plan, patch: bytes, pack: str) -> list[str]:
    """What a patch must do and does not."""
    before, clean = unformatted(top, plan), changed_files(top)
    if git(top, "apply", "-", given=patch).returncode:
        return ["does not apply"]
    found = []
    if unformatted(top, plan) - before:
        found.append("gofmt would change it")
    if migrate(top, pack=pack).plan.changes:
        found.append("a second pass changes more")
    if git(top, "apply", "-R", "-", given=patch).returncode or changed_files(top) != clean:
        found.append("does not reverse")
    return found


def changed_files(top: Path) -> bytes:
    """What git calls changed: a clone whose objects are not all there has changes from the beginning."""
    return git(top, "status", "--porcelain").stdout


def unformatted(top: Path, plan: Plan) -> set[str]:
    """The files of the plan that are there and not as gofmt writes them; none where there is no gofmt."""
    there = [path for path in plan.changes if (top / path).is_file()]
    gofmt = shutil.which("gofmt")
    if not there or gofmt is None:
        return set()
    out = subprocess.run([gofmt, "-l", "--", *there], cwd=top, capture_output=True, check=False)
    return set(out.stdout.decode().splitlines())


def table(rows: Sequence[Row]) -> str:
    lines = [
        "| operator | commit | date | names | files | exact | narrowed | left | patch | seconds |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- | ---: |",
    ]
    for r in rows:
        state = r.error.replace("|", "\\|").replace("\n", " ") or "; ".join(r.checks) or ("ok" if r.files else "empty")
        cells = (r.name, r.commit, r.date, r.names, r.files, r.exact, r.narrowed, r.left, state, f"{r.seconds:.2f}")
        lines.append(f"| {' | '.join(map(str, cells))} |")
    lines.append("")
    for r in rows:
        if r.reasons:
            lines.append(f"- {r.name}: " + "; ".join(f"{count}: {reason}" for reason, count in r.reasons))
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("list", type=Path, help="the checkouts, in TOML")
    parser.add_argument("-j", type=int, default=os.cpu_count() or 1, metavar="N", help="checkouts at a time")
    options = parser.parse_args()
    try:
        entries = tomllib.loads(options.list.read_text(encoding="utf-8"))["checkout"]
        entries = [{**e, "path": str((options.list.parent / e["path"]).resolve())} for e in entries]
    except (OSError, ValueError, KeyError, TypeError) as error:
        parser.error(f"{options.list}: {error}")
    started = time.perf_counter()
    with ProcessPoolExecutor(options.j) as pool:
        rows = list(pool.map(examine, entries))
    print(table(rows))
    took = f"{len(rows)} checkouts in {time.perf_counter() - started:.1f} s, {options.j} at a time"
    print(f"\n{took}; planning alone took {sum(r.seconds for r in rows):.1f} s", file=sys.stderr)
    return 1 if any(r.checks or r.error for r in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
