"""The process that does one repository: `python -m gomigrate.fleet.worker OUTPUT SCRATCH LIMIT`.

The job is on standard input. It fills the folder OUTPUT as `gomigrate.fleet.attempt` says, and clones into SCRATCH.
"""

from __future__ import annotations

import json
import signal
import sys
from contextlib import suppress
from pathlib import Path

from gomigrate.errors import UserError, printable
from gomigrate.fleet.attempt import PATCH, write_row
from gomigrate.fleet.model import NETWORK, Job, Row
from gomigrate.fleet.trial import row_of, try_checkout
from gomigrate.git.clone import PassingError, check_out, shown
from gomigrate.git.repository import run_git


def main() -> None:
    # When memory runs out, the system is to end this process and not the one that waits for it.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    output, scratch = map(Path, sys.argv[1:3])
    job = Job(**json.load(sys.stdin))
    # Who started it keeps the limit, unless that process is gone.
    signal.alarm(int(float(sys.argv[3])) + 60)
    top = scratch / "clone" / job.name
    row = Row(job.name, shown(job.source), job.commit)
    try:
        top.parent.mkdir()
        check_out(job.source, job.commit, top)
        row = row._replace(date=run_git(top, "log", "-1", "--format=%cs").decode("ascii").strip())
        trial = try_checkout(
            top, pack=job.pack, stage=job.stage, rules=job.rules, names=job.names, proposed=job.proposed
        )
    except UserError as error:
        message = (
            str(error).removeprefix(f"{printable(row.source)}: ").replace(f"{top}/", "").replace(str(top), job.name)
        )
        row = row._replace(error=message, fault=NETWORK if isinstance(error, PassingError) else "")
    else:
        row = row_of(row, trial)
        if trial.patch:
            (output / PATCH).write_bytes(trial.patch)
        for suffix, text in trial.reports.items():
            (output / f"report{suffix}").write_text(text, encoding="utf-8")
    write_row(output, row)


if __name__ == "__main__":
    main()
