"""The fleet as a Flyte workflow: `pyflyte run --copy none gomigrate/fleet/workflow.py fleet --listing fleet.toml`."""

from __future__ import annotations

import html
import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Optional

from flytekit import Cache, Deck, Resources, map_task, task, workflow
from flytekit.core.context_manager import FlyteContextManager
from flytekit.core.local_cache import CACHE_LOCATION, LocalTaskCache
from flytekit.exceptions.user import FlyteRecoverableException
from flytekit.models.literals import LiteralMap
from flytekit.types.directory import FlyteDirectory
from flytekit.types.file import FlyteFile

from gomigrate.fleet.attempt import LIMIT, attempt, read_row
from gomigrate.fleet.jobs import jobs_of
from gomigrate.fleet.listing import read_list
from gomigrate.fleet.model import NETWORK, Job, Row
from gomigrate.fleet.results import write_results
from gomigrate.report.fleet import fleet_html

# The least that flytekit takes: whatever fails becomes a row of the report.
ANY = 1e-9
# Of what a cached result consists; a job says what it depends on.
FORM = "1"
RESOURCES = Resources(cpu="1", mem="2Gi")


class NotKept(Exception):
    """A repository could not be done, and may be next time: a failure, so that Flyte does not keep it as a result."""

    def __init__(self, row: Row) -> None:
        super().__init__(row.error)
        self.row = row


class TryAgain(NotKept, FlyteRecoverableException):
    """One that is worth another try at once."""


@task(requests=RESOURCES)
def read_jobs(listing: FlyteFile, pack: str = "", stage: str = "", rules: str = "") -> list[Job]:
    """What is to be done, from the list; asks each repository for its commit."""
    return jobs_of(read_list(Path(listing)), pack=pack, stage=stage, rules=rules)


@task(cache=Cache(version=FORM, ignored_inputs=("timeout",)), retries=2, timeout=timedelta(hours=2), requests=RESOURCES)
def plan_repository(job: Job, timeout: float) -> FlyteDirectory:
    """The patch and the reports of one repository, with its row."""
    folder = _kept_folder()
    row = attempt(job, folder, timeout)
    if row.fault:
        shutil.rmtree(folder)
        raise (TryAgain if row.fault == NETWORK else NotKept)(row)
    return FlyteDirectory(str(folder))


@task(enable_deck=True, deck_fields=(), requests=RESOURCES)
def combine(jobs: list[Job], done: list[Optional[FlyteDirectory]], timeout: float) -> FlyteDirectory:  # noqa: UP045
    """One report over all repositories, shown as a Deck as well."""
    target = Path(tempfile.mkdtemp(prefix="gomigrate-fleet-"))
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        folders = [None if folder is None else Path(folder) for folder in done]
        view = write_results(
            target, list(pool.map(partial(settle, scratch=Path(scratch), timeout=timeout), jobs, folders))
        )
    # In a frame of its own: the page's looks and its policy are not for the Deck around it.
    page = html.escape(fleet_html(view, links=False))
    Deck("Fleet", f'<iframe srcdoc="{page}" title="Fleet" style="width: 100%; height: 90vh; border: 0"></iframe>')
    return FlyteDirectory(str(target))


@workflow
def fleet(
    listing: FlyteFile, pack: str = "", stage: str = "", rules: str = "", timeout: float = LIMIT
) -> FlyteDirectory:
    """Plans the migration of many repositories and reports on all of them."""
    jobs = read_jobs(listing=listing, pack=pack, stage=stage, rules=rules)
    done = map_task(partial(plan_repository, timeout=timeout), min_success_ratio=ANY)(job=jobs)
    return combine(jobs=jobs, done=done, timeout=timeout)


def settle(job: Job, folder: Path | None, scratch: Path, timeout: float) -> tuple[Row, Path]:
    """A repository's row and folder. Where there is none, because its task failed or what was kept of it is gone, it
    is tried once more: Flyte does not tell why a task failed."""
    if folder is not None:
        with suppress(OSError, ValueError):
            return read_row(folder), folder
    folder = scratch / job.name
    folder.mkdir()
    return attempt(job, folder, timeout), folder


def open_cache() -> None:
    """Makes what Flyte keeps on this machine ready, for threads that ask for it. Raises whatever keeps it from that."""
    LocalTaskCache.get(plan_repository.name, FORM, LiteralMap({}), ())


def _kept_folder() -> Path:
    """A new folder that lasts as long as Flyte keeps what a task gave: its local cache outlives the run."""
    state = FlyteContextManager.current_context().execution_state
    parent = None
    if state and state.is_local_execution():
        parent = Path(CACHE_LOCATION).expanduser().with_name("gomigrate-fleet")
        parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="repository-", dir=parent))
