"""One repository, in a process of its own: whatever becomes of that process, there is a row.

The folder it fills has `row.json`, and for a repository that could be planned `finalizer.patch` (none when nothing
changes) and the reports.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import gomigrate
from gomigrate.errors import printable
from gomigrate.fleet.model import PROCESS, Job, Row
from gomigrate.git.clone import shown

LIMIT = 600.0
ROW, PATCH = "row.json", "finalizer.patch"
_running: set[subprocess.Popen[bytes]] = set()


def attempt(job: Job, folder: Path, limit: float = LIMIT) -> Row:
    """Fills the empty `folder` and gives the row; `limit` is the seconds that it may take.

    Raises OSError when the folder cannot be written to, nothing else.
    """
    source = shown(job.source)
    row = Row(job.name, source, job.commit, error=job.error.removeprefix(f"{printable(source)}: "))
    if not job.error:
        with tempfile.TemporaryDirectory(prefix="gomigrate-fleet-", ignore_cleanup_errors=True) as scratch:
            error = _run(job, folder, limit, Path(scratch))
        if not error:
            return read_row(folder)
        row = row._replace(error=error, fault=PROCESS)
    write_row(folder, row)
    return row


def stop_running() -> None:
    """Ends what `attempt` runs now, in other threads."""
    for process in tuple(_running):
        _kill(process)


def read_row(folder: Path) -> Row:
    """The row in a folder that `attempt` filled. Raises OSError or ValueError when there is none."""
    values = json.loads((folder / ROW).read_text(encoding="utf-8"))
    values["reasons"] = tuple((reason, count) for reason, count in values["reasons"])
    values["checks"] = tuple(values["checks"])
    return Row(**values)


def write_row(folder: Path, row: Row) -> None:
    (folder / ROW).write_text(json.dumps(row._asdict(), indent=2) + "\n", encoding="ascii")


def _run(job: Job, folder: Path, limit: float, scratch: Path) -> str:
    """Runs `gomigrate.fleet.worker`, and says what became of it when it wrote no row."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gomigrate.fleet.worker", str(folder.resolve()), str(scratch), str(limit)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=scratch,
        env=_environment(),
        start_new_session=True,
    )
    _running.add(process)
    try:
        _, told = process.communicate(json.dumps(asdict(job)).encode(), timeout=limit)
    except subprocess.TimeoutExpired:
        return f"not done within {limit:g} seconds, the limit for each repository; give more by --timeout"
    finally:
        # git and whatever else it has started goes with it.
        _kill(process)
        process.wait()
        _running.discard(process)
    if process.returncode == 0 and (folder / ROW).is_file():
        return ""
    if process.returncode == -signal.SIGKILL:
        return "its process was killed, as the system does when memory runs out; try it with fewer at a time (-j 1)"
    last = told.decode("utf-8", "replace").strip().rpartition("\n")[2]
    ended = f"signal {-process.returncode}" if process.returncode < 0 else f"exit code {process.returncode}"
    return f"its process ended with {ended}{': ' if last else ''}{printable(last)}; please report this"


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _environment() -> dict[str, str]:
    """The process starts in a folder of its own, and takes its code from where this one's is."""
    own = str(Path(gomigrate.__file__).parent.parent)
    given = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    return {**os.environ, "PYTHONPATH": os.pathsep.join([own, *map(os.path.abspath, given)]), "PYTHONSAFEPATH": "1"}
