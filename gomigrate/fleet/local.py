"""The workflow's tasks on this machine, several repositories at a time.

flytekit itself runs the parts of a map task here one after the other. So each is called by itself, in a thread that
waits for the process that does the work; what Flyte keeps of earlier runs is found as it is by `pyflyte run`.
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gomigrate.errors import UserError, printable

if TYPE_CHECKING:
    from gomigrate.fleet.model import Job, Row
    from gomigrate.verify.progress import Progress


def run_fleet(
    listing: Path,
    out: Path,
    *,
    pack: str = "",
    stage: str = "",
    rules: Path | None = None,
    timeout: float = 600.0,
    workers: int = 1,
    progress: Progress,
) -> dict[str, Any]:
    """Fills the new or empty folder `out`, and gives the view that its reports were made from.

    `timeout` is in seconds for each repository. What goes wrong with one is in its row. Raises UserError, and has then
    written nothing, when there is no flytekit, the list is broken, or the folder cannot be written.
    """
    from gomigrate.fleet.listing import read_list

    if find_spec("flytekit") is None:
        raise UserError("fleet needs flytekit: pip install 'gomigrate[fleet]'")
    entries = read_list(listing)
    _check(out)
    progress.begin("load Flyte")
    from gomigrate.fleet.jobs import jobs_of
    from gomigrate.fleet.results import write_results

    do = _task(timeout, progress)
    progress.begin("ask for commits")
    jobs = jobs_of(entries, pack=pack, stage=stage, rules=str(rules.resolve()) if rules else "")
    with _explained(out), tempfile.TemporaryDirectory(prefix=".gomigrate-fleet-", dir=out.parent) as scratch:
        progress.begin(f"plan {len(jobs)} {'repository' if len(jobs) == 1 else 'repositories'}")
        work, target = Path(scratch) / "work", Path(scratch) / "results"
        work.mkdir()
        target.mkdir()
        done = _all_done(jobs, lambda job: do(job, work), workers, progress)
        progress.begin("write the reports")
        view = write_results(target, [done[job.name] for job in jobs])
        if out.exists():
            out.rmdir()
        target.rename(out)
    return view


def _task(timeout: float, progress: Progress) -> Callable[[Job, Path], tuple[Row, Path]]:
    """What does one repository as a task of Flyte, in a scratch folder where it must."""
    on_break = signal.getsignal(signal.SIGINT)
    from gomigrate.fleet.workflow import NotKept, open_cache, plan_repository, settle

    if threading.current_thread() is threading.main_thread():
        # flytekit has put its own there, which ends the program as if something had failed.
        signal.signal(signal.SIGINT, on_break)
    try:
        # Here, since flytekit loads what it needs for it when it is first asked, and several threads must not at once.
        open_cache()
    except Exception as error:
        progress.say(f"Flyte keeps no results on this machine, and nothing is taken from earlier runs: {error}")
        return lambda job, scratch: settle(job, None, scratch, timeout)

    def do(job: Job, scratch: Path) -> tuple[Row, Path]:
        try:
            kept: Path | None = Path(plan_repository(job=job, timeout=timeout))
        except NotKept as failure:
            folder = scratch / job.name
            folder.mkdir()
            return failure.row, folder
        except Exception as error:
            progress.say(f"{job.name}: done without Flyte: {error}")
            kept = None
        return settle(job, kept, scratch, timeout)

    return do


def _all_done(
    jobs: list[Job], do: Callable[[Job], tuple[Row, Path]], workers: int, progress: Progress
) -> dict[str, tuple[Row, Path]]:
    done: dict[str, tuple[Row, Path]] = {}
    pool = ThreadPoolExecutor(workers)
    futures = [pool.submit(do, job) for job in jobs]
    try:
        for future in as_completed(futures):
            row, folder = future.result()
            done[row.name] = row, folder
            progress.detail(f"{len(done)} done, last {row.name}")
            if row.error:
                progress.say(f"{row.name}: {row.error}")
    except BaseException:
        _stop(pool, futures)
        raise
    pool.shutdown()
    return done


def _stop(pool: ThreadPoolExecutor, futures: Sequence[Future[Any]]) -> None:
    """Ends what runs: a repository may have minutes before it."""
    from gomigrate.fleet.attempt import stop_running

    pool.shutdown(wait=False, cancel_futures=True)
    while not all(future.done() for future in futures):
        stop_running()
        time.sleep(0.05)


def _check(out: Path) -> None:
    if not out.parent.is_dir():
        raise UserError(f"{out}: there is no folder {out.parent}. Create it first, or choose another place.")
    if os.path.lexists(out) and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out}: is no empty folder. The results need a new or an empty one.")


@contextmanager
def _explained(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{printable(str(out))}: cannot be written: {error.strerror}. Nothing was written; choose another place."
        ) from None
