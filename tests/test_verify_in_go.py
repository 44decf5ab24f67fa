"""`gomigrate verify` with the real Go toolchain, on the bundled sample checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import MakeRepo

pytestmark = pytest.mark.go


def verify(checkout: Path, go: Path, *args: object, **env: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NO_COLOR": "1", "PATH": f"{go.parent}{os.pathsep}{os.environ['PATH']}", **env}
    environment.pop("GOROOT", None)
    command = [sys.executable, "-m", "gomigrate", "verify", str(checkout), *map(str, args)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=900)


@pytest.fixture
def sample(make_repo: MakeRepo, sample_dir: Path) -> Path:
    files = (file for file in sample_dir.rglob("*") if file.is_file())
    return make_repo({file.relative_to(sample_dir).as_posix(): file.read_bytes() for file in files}, "sample")


def state(checkout: Path) -> tuple[str, str, bytes]:
    """What a verification must not change: status, worktrees, index."""

    def git(*args: str) -> str:
        return subprocess.run(["git", *args], cwd=checkout, capture_output=True, text=True, check=True).stdout

    return git("status", "--porcelain", "--ignored"), git("worktree", "list"), (checkout / ".git/index").read_bytes()


def test_the_sample_is_proven(sample: Path, go: Path, tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    before = state(sample)
    done = verify(
        sample,
        go,
        *("--report", tmp_path / "r.json", "--report", tmp_path / "r.md", "-o", tmp_path / "p.patch"),
        TMPDIR=str(tmp_path / "tmp"),
    )
    assert done.returncode == 0, done.stderr
    assert state(sample) == before
    assert list((tmp_path / "tmp").iterdir()) == []
    verification = json.loads((tmp_path / "r.json").read_text())["verification"]
    assert verification["verdict"] == "proven"
    assert {(c["name"], c["module"]) for c in verification["checks"]} == {
        ("git apply", ""),
        ("gofmt", ""),
        *((f"go {step}", module) for step in ("build", "vet", "test") for module in ("admin", "plugins", "propeller")),
    }
    assert all(c["packages"] for c in verification["checks"] if c["name"] != "git apply")
    assert "example.com/harbor/propeller/pkg/controller.TestHasFinalizer" in verification["gone"]
    assert "Proven with Go 1." in done.stderr and "## Verification" in (tmp_path / "r.md").read_text()
    subprocess.run(["git", "apply", "--check", str(tmp_path / "p.patch")], cwd=sample, check=True)


def test_without_git(sample: Path, go: Path, tmp_path: Path) -> None:
    shutil.rmtree(sample / ".git")
    done = verify(sample, go, "--tests", "touched", "--report", tmp_path / "r.json")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "r.json").read_text())["verification"]["verdict"] == "proven"


def test_a_patch_that_breaks_a_test_is_worse(sample: Path, go: Path, tmp_path: Path) -> None:
    """A test that holds what the old code did, in a way that gomigrate cannot see."""
    test = sample / "propeller" / "pkg" / "controller" / "old_test.go"
    test.write_text(
        'package controller\n\nimport (\n\t"os"\n\t"strings"\n\t"testing"\n)\n\n'
        "func TestOldSource(t *testing.T) {\n"
        '\tsource, err := os.ReadFile("handler.go")\n'
        '\tif err != nil || strings.Contains(string(source), "controllerutil.") {\n'
        '\t\tt.Error("the handler is no longer what it was")\n\t}\n}\n\n'
        'func TestBroken(t *testing.T) {\n\tt.Error("fails always")\n}\n'
    )
    done = verify(sample, go, "--tests", "touched", "--report", tmp_path / "r.json")
    assert done.returncode == 1, done.stderr
    checks = json.loads((tmp_path / "r.json").read_text())["verification"]["checks"]
    new = [failure for check in checks for failure in check["new"]]
    known = [failure for check in checks for failure in check["known"]]
    assert [(f["test"], f["where"]) for f in new] == [("TestOldSource", "propeller/pkg/controller/old_test.go:12")]
    assert [(f["test"], f["where"]) for f in known] == [("TestBroken", "propeller/pkg/controller/old_test.go:17")]
    assert "old_test.go:12: TestOldSource: the handler is no longer what it was" in done.stderr
