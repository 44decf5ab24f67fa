"""A real file system that fills up: with each number of free blocks, from none to enough.

What is refused is said in words and leaves everything as it was; once there is room, the same command completes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import MakeRepo
from fakego import make_go
from fleet import FILES
from test_crashes import ENVIRONMENT, GOMIGRATE, content
from test_verify import PROGRAM

_MOUNT = shutil.which("mount")
_IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
pytestmark = pytest.mark.skipif(
    not (sys.platform == "linux" and _MOUNT and _IS_ROOT), reason="only root on Linux can mount a small file system"
)
_SIZE = "600k"
_BLOCK = 4096
_ENOUGH = 40
# `apply` deletes a file, edits two and makes one; patches and reports take the place of old ones.
WORDS = {
    "apply": ("apply", "repo", "--pack", "flyte", "--constant-package", "api/v1"),
    "patch": ("patch", "repo", "--pack", "flyte", "-o", "x.patch", *("--report", "r.md"), *("--report", "r.json")),
    "patch --split": ("patch", "repo", "--pack", "flyte", "--split", "package", "-o", "series"),
    "baseline write": ("baseline", "write", "b.json", "repo", "--pack", "flyte"),
    "init": ("init", "repo"),
    "rules new": ("rules", "new", "harbour"),
}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of some hundred KB."""
    place = tmp_path / "disk"
    place.mkdir()
    options = f"size={_SIZE},mode=0755"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.fixture
def start(make_repo: MakeRepo, tmp_path: Path) -> Path:
    """What each run begins with, kept elsewhere."""
    start = tmp_path / "start"
    start.mkdir()
    make_repo(FILES).rename(start / "repo")
    shutil.rmtree(start / "repo/.git/hooks", ignore_errors=True)
    for name in ("x.patch", "r.md", "r.json", "b.json"):
        (start / name).write_text("old")
    return start


def leave_free(disk: Path, blocks: int) -> Path:
    """Fills the disk up to some blocks."""
    filler = disk / "filler"
    status = os.statvfs(disk)
    assert status.f_frsize == _BLOCK and status.f_bavail > blocks
    with filler.open("wb") as file:
        file.write(b"x" * ((status.f_bavail - blocks) * _BLOCK))
    assert os.statvfs(disk).f_bavail == blocks
    return filler


def fresh(disk: Path, start: Path) -> Path:
    work = disk / "work"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(start, work, symlinks=True)
    return work


def run(work: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [*GOMIGRATE, *words]
    done = subprocess.run(
        command, cwd=work, env=ENVIRONMENT, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.mark.slow
@pytest.mark.parametrize("name", WORDS)
def test_a_disk_that_fills_up(disk: Path, start: Path, name: str) -> None:
    before = content(fresh(disk, start))
    undisturbed = run(disk / "work", *WORDS[name])
    assert undisturbed.returncode == 0, undisturbed.stderr
    after = content(disk / "work")
    assert after != before
    for blocks in range(_ENOUGH):
        work = fresh(disk, start)
        filler = leave_free(disk, blocks)
        done = run(work, *WORDS[name])
        found = content(work)
        filler.unlink()
        if done.returncode == 0:
            assert found == after
            break
        assert done.returncode == 2, done.stderr
        assert "No space left" in done.stderr or "the disk or the quota is full" in done.stderr
        assert sorted(found) == sorted(before) and found == before, (blocks, done.stderr)
        again = run(work, *WORDS[name])
        assert again.returncode == 0, again.stderr
        assert content(work) == after, blocks
    else:
        pytest.fail(f"it does not complete with {_ENOUGH} free blocks")
    assert blocks, "nothing was refused"


def test_no_room_for_the_scratch_copy(disk: Path, start: Path, tmp_path: Path) -> None:
    """The patch and the report, elsewhere, are written all the same."""
    programs = make_go(tmp_path / "goroot")
    environment = {**ENVIRONMENT, "PATH": f"{programs}:/usr/bin:/bin", "TMPDIR": os.fspath(disk)}
    words = ("verify", "repo", "--pack", "flyte", "-o", "x.patch", "--report", "r.md")
    filler = leave_free(disk, 2)
    for code in (2, 0):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *words], cwd=start, env=environment, capture_output=True, text=True
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        assert (start / "x.patch").read_text().startswith("diff --git ")
        assert ("No space left on device" in done.stderr) is (code == 2)
        assert ("set TMPDIR to a folder on a disk that has some" in (start / "r.md").read_text()) is (code == 2)
        assert [path for path in disk.iterdir() if path != filler] == []
        filler.unlink(missing_ok=True)


def test_no_room_for_copies_of_our_own(disk: Path, tmp_path: Path) -> None:
    """The demo's sample, and a pack's examples."""
    environment = {**ENVIRONMENT, "TMPDIR": os.fspath(disk)}
    subprocess.run([*GOMIGRATE, "rules", "new", "harbour"], cwd=tmp_path, env=environment, check=True)
    filler = leave_free(disk, 2)
    for words in (("demo",), ("demo", "-o", "disk/demo"), ("rules", "test", "harbour")):
        done = subprocess.run([*GOMIGRATE, *words], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
        assert "No space left on device" in done.stderr
        assert [path for path in disk.rglob("*") if path not in (filler, disk / "demo")] == []
