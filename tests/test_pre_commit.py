"""The hooks of .pre-commit-hooks.yaml, run by the real pre-commit on scratch repositories."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import MakeRepo
from test_scenarios import load

PROJECT = Path(__file__).parent.parent
SHIPS = "ships/ships.go"
# The scenario holds Flyte's names in a module that is not Flyte's.
SETTINGS = {".gomigrate.toml": b'pack = "flyte"\n'}
NEW = (
    b'\n// Mark marks a ship.\nfunc Mark(ship *Ship) {\n\tship.Finalizers = append(ship.Finalizers, "flyte/array")\n}\n'
)

needs_clone = pytest.mark.skipif(not (PROJECT / ".git").exists(), reason="the hooks are installed from a clone")


def git(repo: Path, *args: str, **env: str) -> str:
    who = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *who, *args], cwd=repo, env={**os.environ, **env}, check=True, capture_output=True, text=True
    )
    return done.stdout


@pytest.fixture(scope="session")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with this project as it stands here, committed or not."""
    folder = tmp_path_factory.mktemp("hooks") / "gomigrate"
    for name in git(PROJECT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        if name and (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, folder / name)
    git(folder, "init", "-q")
    git(folder, "add", "-A", "-f")
    git(folder, "commit", "-q", "-m", "x")
    return folder


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = str(tmp_path_factory.mktemp("pre-commit"))
    return {
        **os.environ, "PRE_COMMIT_HOME": home, "PRE_COMMIT_COLOR": "never", "NO_COLOR": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        **{f"GIT_{role}_NAME": "Test" for role in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{role}_EMAIL": "test@example.com" for role in ("AUTHOR", "COMMITTER")},
    }  # fmt: skip


Commit = Callable[..., tuple[int, str]]


@pytest.fixture
def pre_commit(environment: dict[str, str]) -> Commit:
    def run(repo: Path, *args: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "pre_commit", *args], cwd=repo, env=environment, capture_output=True, text=True
        )
        assert "Traceback" not in done.stdout + done.stderr
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.fixture
def repo(make_repo: MakeRepo, hooks: Path) -> Iterator[Path]:
    head = git(hooks, "rev-parse", "HEAD").strip()
    text = f"repos:\n- repo: {hooks}\n  rev: {head}\n  hooks:\n  - id: gomigrate-fix\n  - id: gomigrate-check\n"
    yield make_repo({**load("stage-prepare").input, **SETTINGS, ".pre-commit-config.yaml": text})


@needs_clone
@pytest.mark.slow
def test_try_repo(make_repo: MakeRepo, hooks: Path, pre_commit: Commit) -> None:
    repo = make_repo({**load("stage-prepare").input, **SETTINGS})
    code, out = pre_commit(repo, "try-repo", str(hooks), "gomigrate-check", "--all-files")
    assert code == 1
    assert "gomigrate check" in out and f"{SHIPS}:21:2: GM004 inline-finalizer-code" in out


@needs_clone
@pytest.mark.slow
def test_fix_then_check(repo: Path, pre_commit: Commit) -> None:
    code, out = pre_commit(repo, "run", "gomigrate-check", "--all-files")
    assert code == 1 and f"{SHIPS}:21:2: GM004" in out
    code, out = pre_commit(repo, "run", "--files", "api/v1/types.go")
    assert code == 1 and "files were modified by this hook" in out and f"wrote {SHIPS}" in out
    assert "controllerutil.AddFinalizer" in (repo / SHIPS).read_text()
    code, out = pre_commit(repo, "run", "--all-files")
    assert code == 0, out


@needs_clone
@pytest.mark.slow
def test_a_list_that_is_split_over_several_calls(repo: Path, pre_commit: Commit) -> None:
    text = (repo / SHIPS).read_text()
    for number in range(24):
        (repo / f"ships{number}").mkdir()
        (repo / f"ships{number}" / "ships.go").write_text(text)
    (repo / "ships1" / "-q.go").write_text("package ships\n")
    git(repo, "add", "-A")
    code, out = pre_commit(repo, "run", "gomigrate-check", "--verbose")
    assert code == 1
    found = sorted(line for line in out.splitlines() if ": GM0" in line)
    whole = subprocess.run([sys.executable, "-m", "gomigrate", "check"], cwd=repo, capture_output=True, text=True)
    assert found == sorted(line for line in whole.stdout.splitlines() if not line.startswith("ships/"))
    assert (os.cpu_count() or 1) == 1 or out.count(" findings in ") > 1, "it was one call"


@needs_clone
@pytest.mark.slow
def test_what_is_not_staged_is_not_looked_at_and_stays(repo: Path, pre_commit: Commit) -> None:
    types = repo / "api/v1/types.go"
    types.write_text(types.read_text() + "\n// Staged.\n")
    git(repo, "add", "-A")
    staged = types.read_bytes()
    types.write_bytes(staged + NEW)
    code, out = pre_commit(repo, "run", "gomigrate-check")
    assert code == 0, out
    assert types.read_bytes() == staged + NEW
    ships = repo / SHIPS
    ships.write_text("// Unstaged.\n\n" + ships.read_text())
    code, out = pre_commit(repo, "run", "gomigrate-fix")
    assert code == 1 and "files were modified by this hook" in out
    assert types.read_bytes() == staged + NEW
    assert ships.read_text().startswith("// Unstaged.\n\n") and "controllerutil.AddFinalizer" in ships.read_text()


@needs_clone
@pytest.mark.slow
@pytest.mark.parametrize("way", [("commit", "-a"), ("commit", SHIPS)], ids=" ".join)
def test_as_a_hook_of_git(repo: Path, pre_commit: Commit, environment: dict[str, str], way: tuple[str, ...]) -> None:
    assert pre_commit(repo, "install")[0] == 0
    ships = repo / SHIPS
    ships.write_text(ships.read_text() + "\n// More.\n")
    done = subprocess.run(["git", *way, "-m", "x"], cwd=repo, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "files were modified by this hook" in done.stdout + done.stderr, done.stderr
    assert "controllerutil.AddFinalizer" in ships.read_text() and ships.read_text().endswith("// More.\n")
    done = subprocess.run(["git", "commit", "-am", "x"], cwd=repo, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "controllerutil.AddFinalizer" in git(repo, "show", f"HEAD:{SHIPS}")


def test_nothing_to_do_costs_little(make_repo: MakeRepo) -> None:
    files = {f"p{i}/p.go": f"package p\n\n// X is {i}.\nconst X = {i}\n" for i in range(200)}
    repo = make_repo({"go.mod": "module example.com/a\n", **files})

    def spent(*args: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, "-m", "gomigrate", *args], cwd=repo, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert (done.returncode, done.stderr) == (0, b"")
        assert args == ("--help",) or not done.stdout
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    pairs = [(spent("check", "--", *files), spent("--help")) for _ in range(5)]
    # 0.15 s where --help takes 0.04 s, as on a quiet machine of two cores; another work beside it slows both.
    assert min(check for check, _ in pairs) < 0.15 / 0.04 * min(start for _, start in pairs), pairs


def test_apply_with_staged_changes(make_repo: MakeRepo) -> None:
    def apply(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "gomigrate", "apply", *args], cwd=repo, capture_output=True, text=True
        )

    repo = make_repo({**load("stage-prepare").input, **SETTINGS})
    ships = repo / SHIPS
    ships.write_text(ships.read_text() + "\n// Staged.\n")
    git(repo, "add", "-A")
    staged = ships.read_text()
    assert "uncommitted changes" in apply().stderr and ships.read_text() == staged
    ships.write_text(staged + "\n// Unstaged.\n")
    done = apply("--allow-staged")
    assert done.returncode == 2 and "unstaged changes" in done.stderr and SHIPS in done.stderr
    assert ships.read_text() == staged + "\n// Unstaged.\n"
    ships.write_text(staged)
    assert apply("--allow-staged").returncode == 0
    assert "controllerutil" in ships.read_text()
    git(repo, "restore", SHIPS)
    assert ships.read_text() == staged


def test_another_repositorys_index_is_not_asked(make_repo: MakeRepo) -> None:
    repo, other = make_repo({**load("stage-prepare").input, **SETTINGS}), make_repo({"x": "y"}, "other")
    environment = {**os.environ, "GIT_INDEX_FILE": str(other / ".git" / "index"), "GIT_DIR": str(other / ".git")}
    done = subprocess.run(
        [sys.executable, "-m", "gomigrate", "apply"], cwd=repo, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
