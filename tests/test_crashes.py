"""Kills gomigrate, and lets the system fail it, at each call that changes something on the disk; then runs it again.

The promise: every file is old or new and never half, the second run ends as an undisturbed one, and nothing is left
lying about. The faults come from strace, so that they hit the real program and not a stand-in.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import MakeRepo
from fleet import FILES
from tracing import inject, needs_strace, numbered, trace, within

pytestmark = [pytest.mark.slow, needs_strace]

GOMIGRATE = (sys.executable, "-m", "gomigrate")
ENVIRONMENT = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", "COLUMNS": "200"}
# `apply` edits a file, deletes two, and makes one, by --constant-package.
_SECONDS = re.compile(rb'[0-9]+ ms|"(?:read|parse|plan|seconds)": [0-9.e-]+')


class Command(NamedTuple):
    """A command line, run in a folder that holds the checkout `repo`; `started` makes it what it is before."""

    words: tuple[str, ...]
    prepare: Callable[[Path], None] = lambda folder: None


def replaced_outputs(folder: Path) -> None:
    for name in ("x.patch", "r.md", "r.json"):
        (folder / name).write_text("old")


COMMANDS = {
    "apply": Command(("apply", "repo", "--pack", "flyte", "--constant-package", "api/v1")),
    "patch": Command(
        ("patch", "repo", "--pack", "flyte", "-o", "x.patch", "--report", "r.md", "--report", "r.json"),
        replaced_outputs,
    ),
    "patch --split": Command(("patch", "repo", "--pack", "flyte", "--split", "package", "-o", "series")),
    "patch --split into a folder": Command(
        ("patch", "repo", "--pack", "flyte", "--split", "package", "-o", "series"),
        lambda folder: (folder / "series").mkdir(),
    ),
    "init": Command(("init", "repo")),
    "baseline write": Command(
        ("baseline", "write", "x.patch", "repo", "--pack", "flyte"),
        replaced_outputs,
    ),
    "rules new": Command(("rules", "new", "harbour")),
}


class Bench(NamedTuple):
    """One command with all that it needs: a folder to begin with, what an undisturbed run makes of it, and which of its
    system calls change something."""

    command: tuple[str | Path, ...]
    start: Path
    before: dict[str, bytes]
    after: dict[str, bytes]
    points: list[tuple[str, int]]

    @property
    def writes_once(self) -> bool:
        """Whether the command refuses to write over what is there, be it what it has written itself."""
        return bool({"init", "new", "--split"} & set(self.command))

    def fresh(self) -> Path:
        folder = self.start.with_name("work")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.start, folder, symlinks=True)
        return folder

    def run(self, folder: Path) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            self.command, cwd=folder, env=ENVIRONMENT, capture_output=True, stdin=subprocess.DEVNULL, timeout=120
        )


def content(folder: Path, *, of_git: bool = False) -> dict[str, bytes]:
    """Everything in a folder with its mode; of git's own files only what is gomigrate's, or all. Without timings."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if "/.git/" in name and "gomigrate" not in name and not of_git:
            continue
        data = b"/" if path.is_dir() else path.read_bytes()
        data = _SECONDS.sub(b"", data)
        found[name] = oct(path.stat().st_mode).encode() + b" " + data
    return found


@pytest.fixture(params=COMMANDS)
def bench(request: pytest.FixtureRequest, make_repo: MakeRepo, tmp_path: Path) -> Bench:
    command = COMMANDS[request.param]
    start = tmp_path / "start"
    start.mkdir()
    make_repo(FILES).rename(start / "repo")
    (start / "repo/ships/ships.go").chmod(0o755)
    subprocess.run(["git", "-C", start / "repo", "add", "-A"], check=True)
    subprocess.run(
        ["git", "-C", start / "repo", "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "mode"],
        check=True,
    )
    command.prepare(start)
    words = (*GOMIGRATE, *command.words)
    bench = Bench(words, start, content(start), {}, [])
    work = bench.fresh()
    traced = trace(words, work, tmp_path / "logs", ENVIRONMENT, children=False)
    assert traced.code == 0, traced.err
    points = [
        (name, number)
        for name, number, call in numbered(traced.calls)
        if name in ("write", "fsync", "pwrite64", "ftruncate") or call.changes_files
        if any(within(path, (work,)) for path in call.touched)
    ]
    after = content(work)
    assert after != bench.before
    return bench._replace(after=after, points=points)


def leftovers(found: dict[str, bytes]) -> list[str]:
    return [name for name in found if "gomigrate-" in name]


def assert_old_or_new(bench: Bench, found: dict[str, bytes], at: object) -> None:
    for name in {*bench.before, *bench.after} - {*leftovers(found)}:
        # A new folder may be there, and nothing in it yet.
        states = {bench.before.get(name), bench.after.get(name)}
        assert found.get(name) in states, (at, name)


def test_killed_at_every_call(bench: Bench) -> None:
    """One after the other: the run is killed when the system call begins, and then run again."""
    half = 0
    for point in bench.points:
        work = bench.fresh()
        killed = inject(bench.command, work, *point, "signal=KILL", ENVIRONMENT)
        assert killed.returncode in (-9, 137), (point, killed.stderr)
        found = content(work)
        assert_old_or_new(bench, found, point)
        half += found not in (bench.before, bench.after)
        refuses = bench.writes_once and found.keys() - bench.before.keys() - {*leftovers(found)}
        again = bench.run(work)
        assert again.returncode == (2 if refuses else 0), (point, again.stderr)
        if refuses and not bench.after.keys() <= found.keys():
            # A folder that was there gets its patches one by one, and those of two runs do not mix.
            assert b"series: is not empty" in again.stderr
            shutil.rmtree(work / "series")
            (work / "series").mkdir()
            assert bench.run(work).returncode == 0
        assert_same(content(work), bench.after, point)
    assert len(bench.points) >= 4 and half


FAULTS = {
    "write": ("error=ENOSPC", "error=EIO", "error=EINTR"),
    "fsync": ("error=EIO", "error=ENOSPC"),
    "rename": ("error=ENOSPC", "error=EROFS", "error=EACCES"),
    "openat": ("error=ENOSPC", "error=EROFS", "error=EACCES"),
    "mkdir": ("error=ENOSPC", "error=EROFS"),
    "unlink": ("error=EACCES", "error=EIO"),
    "link": ("error=EPERM",),
}


def test_a_fault_in_every_call(bench: Bench) -> None:
    """A full disk, a broken one, one that may not be written to: said in words, and all is as it was.

    From each state that the disk is left in, the command is run again once.
    """
    refused = 0
    run_again = set()
    for name, number in bench.points:
        for fault in FAULTS.get(name, ()):
            work = bench.fresh()
            done = inject(bench.command, work, name, number, fault, ENVIRONMENT)
            found = content(work)
            at = (name, number, fault, done.stderr)
            assert b"Traceback" not in done.stderr, at
            # What goes on none the less has done it all; what does not has done nothing, or says how to go on.
            if name == "unlink":
                # Where nothing can be removed, a temporary stays until it can.
                found = {path: data for path, data in found.items() if path not in leftovers(found)}
            if done.returncode == 0:
                assert_same(found, bench.after, at)
            else:
                assert done.returncode == 2, at
                refused += 1
                assert_same(found, bench.after if b"everything is written, but" in done.stderr else bench.before, at)
            state = frozenset(content(work, of_git=True).items())
            if state in run_again:
                continue
            run_again.add(state)
            again = bench.run(work)
            refuses = bench.writes_once and found == bench.after
            assert again.returncode == (2 if refuses else 0), at
            assert_same(content(work), bench.after, at)
    assert refused


def assert_same(found: dict[str, bytes], wanted: dict[str, bytes], at: object) -> None:
    assert sorted(found) == sorted(wanted), at
    assert found == wanted, at


def test_interrupted_at_every_call(bench: Bench) -> None:
    """Ctrl-C: all is as it was, or done."""
    for point in bench.points:
        work = bench.fresh()
        done = inject(bench.command, work, *point, "signal=INT", ENVIRONMENT)
        found = content(work)
        assert b"Traceback" not in done.stderr, (point, done.stderr)
        assert_same(found, bench.after if done.returncode == 0 else bench.before, (point, done.stderr))
