"""Plans the migration of many checkouts, side by side, tries each patch on a scratch clone, and prints a table.

The list is that of `gomigrate fleet` (docs/fleet.md), which does the same and writes reports. This needs no flytekit,
keeps nothing, and ends with 1 when anything did not hold. Nothing is built or run.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gomigrate.errors import UserError
from gomigrate.fleet.attempt import attempt
from gomigrate.fleet.jobs import jobs_of
from gomigrate.fleet.listing import read_list
from gomigrate.fleet.model import Job, Row


def tried(job: Job) -> Row:
    with tempfile.TemporaryDirectory(prefix="gomigrate-corpus-") as folder:
        return attempt(job, Path(folder))


def table(rows: Sequence[Row]) -> str:
    lines = [
        "| operator | commit | date | names | files | exact | narrowed | left | patch | seconds |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- | ---: |",
    ]
    for r in rows:
        state = r.error.replace("|", "\\|").replace("\n", " ") or "; ".join(r.checks) or ("ok" if r.files else "empty")
        commit = r.commit[:10]
        cells = (r.name, commit, r.date, r.names, r.files, r.exact, r.narrowed, r.left, state, f"{r.seconds:.2f}")
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
    started = time.perf_counter()
    try:
        jobs = jobs_of(read_list(options.list), pack="operators")
    except UserError as error:
        parser.error(str(error))
    with ThreadPoolExecutor(options.j) as pool:
        rows = list(pool.map(tried, jobs))
    print(table(rows))
    took = f"{len(rows)} checkouts in {time.perf_counter() - started:.1f} s, {options.j} at a time"
    print(f"\n{took}; planning alone took {sum(r.seconds for r in rows):.1f} s", file=sys.stderr)
    return 1 if any(r.checks or r.error for r in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
