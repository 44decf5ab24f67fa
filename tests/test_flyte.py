"""The main job on a real Flyte checkout: set FLYTE_CHECKOUT to a clone that holds commit fd9a378061."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.flyte

REFERENCE = "fd9a378061"
CONTROLLER = "flytepropeller/pkg/controller"
CHANGED = {
    "flyteadmin/pkg/workflowengine/impl/prepare_execution.go",
    "flyteadmin/pkg/workflowengine/impl/prepare_execution_test.go",
    "flyteplugins/go/tasks/plugins/array/k8s/subtask.go",
    "flytepropeller/pkg/apis/flyteworkflow/v1alpha1/finalizer.go",
    f"{CONTROLLER}/finalizer.go",
    f"{CONTROLLER}/finalizer_test.go",
    f"{CONTROLLER}/handler.go",
    f"{CONTROLLER}/handler_test.go",
    f"{CONTROLLER}/nodes/task/k8s/plugin_manager.go",
}


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=x", "-c", "user.email=x@localhost")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def gomigrate(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gomigrate", *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def clone(flyte_checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flyte") / "flyte"
    git(Path.cwd(), "clone", "-q", "--shared", "--no-checkout", os.fspath(flyte_checkout), os.fspath(folder))
    return folder


@pytest.fixture
def reference(clone: Path) -> Iterator[Path]:
    git(clone, "checkout", "-q", "--force", REFERENCE)
    yield clone
    git(clone, "reset", "-q", "--hard", REFERENCE)
    git(clone, "clean", "-qfd")


@pytest.fixture
def outputs(reference: Path, tmp_path: Path) -> Path:
    done = gomigrate(
        "patch", reference, "-o", tmp_path / "p", "--report", tmp_path / "r.md", "--report", tmp_path / "r.json"
    )
    assert done.returncode == 0, done.stderr
    assert git(reference, "status", "--porcelain") == ""
    return tmp_path


def test_the_patch_is_what_a_maintainer_would_want(reference: Path, outputs: Path, gofmt: Path) -> None:
    git(reference, "apply", "--index", os.fspath(outputs / "p"))
    changed = set(git(reference, "diff", "--cached", "--name-only").split())
    assert changed == CHANGED

    def source(path: str) -> str:
        return (reference / path).read_text()

    key = source("flytepropeller/pkg/apis/flyteworkflow/v1alpha1/finalizer.go")
    assert 'FinalizerKey = "flyte.org/finalizer"' in key
    assert 'LegacyFinalizerKey = "flyte-finalizer"' in key
    assert not (reference / f"{CONTROLLER}/finalizer.go").exists()
    assert not (reference / f"{CONTROLLER}/finalizer_test.go").exists()

    handler = source(f"{CONTROLLER}/handler.go")
    assert handler.count("controllerutil.AddFinalizer") == 1
    assert handler.count("controllerutil.RemoveFinalizer") == 4
    assert "if !mutableW.GetDeletionTimestamp().IsZero() || (mutableW.Status.FailedAttempts > maxRetries) {" in handler
    for name in ("SetFinalizerIfEmpty", "ResetFinalizers", "FinalizersIdentical", "HasFinalizer(", "IsDeleted("):
        assert not grep(reference, name), name
    assert '"f1"' not in source(f"{CONTROLLER}/handler_test.go")

    admin = source("flyteadmin/pkg/workflowengine/impl/prepare_execution.go")
    assert "controllerutil.AddFinalizer(flyteWorkflow, v1alpha1.FinalizerKey)" in admin
    for path, new, old in (
        ("flyteplugins/go/tasks/plugins/array/k8s/subtask.go", "flyte.org/finalizer-array", "flyte/array"),
        (f"{CONTROLLER}/nodes/task/k8s/plugin_manager.go", "flyte.org/finalizer-k8s", "flyte/flytek8s"),
    ):
        text = source(path)
        assert re.search(rf'\bfinalizer( +string)? += "{new}"', text)
        assert re.search(rf'\blegacyFinalizer( +string)? += "{old}"', text)
        assert "SetFinalizers" not in text
        assert text.count("controllerutil.RemoveFinalizer") == 2
    assert len(grep(reference, '"flyte-finalizer"')) == 1

    present = [os.fspath(reference / p) for p in sorted(changed) if (reference / p).exists()]
    assert subprocess.run([gofmt, "-l", *present], check=True, capture_output=True, text=True).stdout == ""


def grep(folder: Path, text: str) -> list[str]:
    done = subprocess.run(
        ["git", "grep", "-hF", text, "--", "*.go"], cwd=folder, check=False, capture_output=True, text=True
    )
    return done.stdout.splitlines()


def test_the_patch_reverses_and_a_second_run_finds_nothing(reference: Path, outputs: Path) -> None:
    git(reference, "apply", "--index", os.fspath(outputs / "p"))
    again = gomigrate("patch", reference)
    assert again.stdout == ""
    git(reference, "apply", "-R", "--index", os.fspath(outputs / "p"))
    assert git(reference, "status", "--porcelain") == ""


def test_the_report_holds_the_evidence(outputs: Path) -> None:
    report = json.loads((outputs / "r.json").read_text())
    assert report["left"] == []
    assert [i["path"] for i in report["intended"]] == ["flytepropeller/cmd/kubectl-flyte/cmd/delete.go"]
    assert all(cell["freed"] for matrix in report["matrices"] for cell in matrix["cells"])
    assert len(report["matrices"]) == 3
    assert report["module_changes"] == []
    assert "delete.go" in (outputs / "r.md").read_text()


@pytest.mark.parametrize("stage", ["prepare", "cleanup"])
def test_other_stages_apply_and_are_stable(reference: Path, tmp_path: Path, stage: str) -> None:
    done = gomigrate("patch", reference, "--stage", stage, "-o", tmp_path / "p")
    assert done.returncode == 0, done.stderr
    git(reference, "apply", "--index", os.fspath(tmp_path / "p"))
    assert gomigrate("patch", reference, "--stage", stage).stdout == ""


def test_git_am_takes_the_mail(reference: Path, tmp_path: Path) -> None:
    done = gomigrate("patch", reference, "--format", "mbox", "-o", tmp_path / "p.mbox")
    assert done.returncode == 0, done.stderr
    git(reference, "am", "-q", os.fspath(tmp_path / "p.mbox"))
    assert set(git(reference, "diff", "--name-only", REFERENCE, "HEAD").split()) == CHANGED


def test_code_that_people_migrated_is_left_as_it_is(clone: Path) -> None:
    tags = git(clone, "tag", "--list", "v1.15.0", "v1.16.7").split()
    if not tags:
        pytest.skip("the clone has no tags v1.15.0 and v1.16.7")
    for tag in tags:
        git(clone, "checkout", "-q", "--force", tag)
        assert gomigrate("patch", clone).stdout == "", tag
        assert gomigrate("check", clone).stdout == "", tag
