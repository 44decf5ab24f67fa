"""`gomigrate verify` with the real Go toolchain, on the bundled sample checkout."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import MakeRepo

from gomigrate.resources import data_dir

pytestmark = pytest.mark.go


def verify(checkout: Path, go: Path, *args: object, **env: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NO_COLOR": "1", "PATH": f"{go.parent}{os.pathsep}{os.environ['PATH']}", **env}
    environment.pop("GOROOT", None)
    command = [sys.executable, "-m", "gomigrate", "verify", str(checkout), "--pack", "flyte", *map(str, args)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=900)


@pytest.fixture
def sample(make_repo: MakeRepo, sample_dir: Path) -> Path:
    files = (file for file in sample_dir.rglob("*") if file.is_file())
    return make_repo({file.relative_to(sample_dir).as_posix(): file.read_bytes() for file in files}, "sample")


@pytest.fixture
def plugins(make_repo: MakeRepo, sample_dir: Path) -> Path:
    """The one module of the sample that needs none of the others."""
    files = (file for file in (sample_dir / "plugins").rglob("*") if file.is_file())
    return make_repo({file.relative_to(sample_dir).as_posix(): file.read_bytes() for file in files}, "plugins")


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
        *(("old against new", module) for module in ("admin", "plugins", "propeller")),
    }
    assert all(c["packages"] for c in verification["checks"] if c["name"] != "git apply")
    assert "example.com/harbor/propeller/pkg/controller.TestHasFinalizer" in verification["gone"]
    assert "Proven with Go 1." in done.stderr and "## Verification" in (tmp_path / "r.md").read_text()
    subprocess.run(["git", "apply", "--check", str(tmp_path / "p.patch")], cwd=sample, check=True)


def test_without_git(plugins: Path, go: Path, tmp_path: Path) -> None:
    shutil.rmtree(plugins / ".git")
    done = verify(plugins, go, "--tests", "touched", "--report", tmp_path / "r.json")
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


def test_a_test_that_hangs_is_named_and_its_children_die(plugins: Path, go: Path, tmp_path: Path) -> None:
    """It waits for a child that ignores the end of its parent, once the patch is there."""
    (plugins / "plugins" / "array" / "hang_test.go").write_text(
        'package array\n\nimport (\n\t"os"\n\t"os/exec"\n\t"strconv"\n\t"strings"\n\t"testing"\n)\n\n'
        "func TestHangs(t *testing.T) {\n"
        '\tsource, err := os.ReadFile("subtask.go")\n'
        '\tif err != nil || !strings.Contains(string(source), "controllerutil.AddFinalizer") {\n\t\treturn\n\t}\n'
        '\tchild := exec.Command("sleep", "600")\n'
        "\tif err := child.Start(); err != nil {\n\t\tt.Fatal(err)\n\t}\n"
        f'\t_ = os.WriteFile("{tmp_path}/child", []byte(strconv.Itoa(child.Process.Pid)), 0o600)\n'
        "\t_ = child.Wait()\n}\n"
    )
    done = verify(plugins, go, "--tests", "touched", "--timeout", "20", "--report", tmp_path / "r.json")
    assert done.returncode == 1, done.stderr
    checks = json.loads((tmp_path / "r.json").read_text())["verification"]["checks"]
    new = [failure for check in checks for failure in check["new"]]
    assert [failure["test"] for failure in new] == ["TestHangs"]
    assert "timed out after 20s" in new[0]["text"]
    child = Path("/proc") / (tmp_path / "child").read_text() / "stat"
    assert not child.exists() or child.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize(
    ("proxy", "words"),
    [("silent", "waits for an answer from http://127.0.0.1"), ("closed", "Go cannot download modules")],
)
def test_a_dead_proxy(sample: Path, go: Path, tmp_path: Path, proxy: str, words: str) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if proxy == "silent":
            server.listen()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        env = {"GOPROXY": url, "GOMODCACHE": str(tmp_path / "modules"), "GOFLAGS": "-modcacherw"}
        done = verify(sample, go, "--timeout", "3", "--report", tmp_path / "r.md", **env)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr and "GOPROXY" in done.stderr
    assert words in (tmp_path / "r.md").read_text().replace("\\", "")


def test_a_module_that_asks_for_a_newer_go(sample: Path, go: Path) -> None:
    module = sample / "admin" / "go.mod"
    module.write_text(re.sub(r"(?m)^go .*", "go 1.99", module.read_text()))
    done = verify(sample, go, GOTOOLCHAIN="local")
    assert done.returncode == 2, done.stderr
    assert "admin/go.mod says `go 1.99`" in done.stderr and "GOTOOLCHAIN=auto" in done.stderr


def test_old_and_new_code_run_side_by_side(sample: Path, go: Path, tmp_path: Path) -> None:
    # What Go remembers of the first run is no proof in the second.
    proofs = []
    for _ in range(2):
        done = verify(sample, go, "--pack", "flyte", "--tests", "touched", "--report", tmp_path / "r.json")
        assert done.returncode == 0, done.stderr
        changes = json.loads((tmp_path / "r.json").read_text())["changes"]
        proofs.append([c["proof"] for c in changes])
    assert proofs[0] == proofs[1]
    run = {(c["operation"], c["rule_name"]) for c in changes if c["proof"] == "run in Go"}
    assert {o for o, _ in run} == {"Add", "SetIfEmpty", "HasAny", "Clear", "IsDeleting"}
    assert ("HasAny", "hand-written-helper") in run
    narrowed = next(c for c in changes if c["operation"] == "HasAny" and c["rule_name"] == "hand-written-call")
    assert "run in Go: differs as stated, on 48 of 207 samples" in narrowed["evidence"]
    # Nothing takes the place of this one.
    assert [c["proof"] for c in changes if c["operation"] == "SameCount"] == ["evaluated"]


def test_an_addition_that_spares_what_is_being_deleted_differs_as_stated(
    plugins: Path, go: Path, tmp_path: Path
) -> None:
    """Nothing shows that these pods are not being deleted: the new code asks, and the old code did not."""
    (plugins / "plugins/array/keep.go").write_text(
        'package array\n\nimport (\n\t"slices"\n\n\tcorev1 "k8s.io/api/core/v1"\n)\n\n'
        "// Keep holds on to a pod that is there already.\n"
        "func Keep(pod *corev1.Pod) {\n"
        "\tif !slices.Contains(pod.Finalizers, finalizer) {\n"
        "\t\tpod.Finalizers = append(pod.Finalizers, finalizer)\n\t}\n}\n"
    )
    done = verify(plugins, go, "--tests", "touched", "--report", tmp_path / "r.json", "-o", tmp_path / "x.patch")
    assert done.returncode == 0, done.stderr
    assert b"+\tif pod.GetDeletionTimestamp().IsZero() {\n" in (tmp_path / "x.patch").read_bytes()
    report = json.loads((tmp_path / "r.json").read_text())
    (kept,) = (c for c in report["changes"] if c["where"].startswith("plugins/array/keep.go"))
    assert (kept["operation"], kept["proof"]) == ("Add", "run in Go")
    # Of 69 lists 18 do not hold the name: the old code adds to these also on a pod that is being deleted.
    assert "run in Go: differs as stated, on 18 of 207 samples" in kept["evidence"]


def test_a_pack_that_writes_the_wrong_call_is_caught(sample: Path, go: Path, tmp_path: Path) -> None:
    pack = tmp_path / "rules" / "wrong"
    pack.mkdir(parents=True)
    wrong = (
        "{% for k in keys %}{{ ' && ' if not loop.first }}{{ util }}.AddFinalizer({{ object }}, {{ k }}){% endfor %}"
    )
    (pack / "contains.go.j2").write_text(wrong)
    right = (data_dir("rules") / "flyte" / "pack.toml").read_text()
    (pack / "pack.toml").write_text(right.replace('name = "flyte"', 'name = "wrong"', 1))
    options = ("--rules", pack.parent, "--pack", "wrong", "--tests", "touched", "--report", tmp_path / "r.json")
    done = verify(sample, go, *options)
    assert done.returncode == 1, done.stderr
    report = json.loads((tmp_path / "r.json").read_text())
    assert {c["operation"] for c in report["changes"] if c["proof"] == "differs in Go"} == {"HasAny"}
    checks = report["verification"]["checks"]
    worse = [c for c in checks if c["name"] == "old against new" and c["verdict"] == "worse"]
    assert [c["module"] for c in worse] == ["plugins", "propeller"]
    texts = [failure["text"] for failure in worse[1]["new"]]
    assert any("[k]: old true, [k], new false, [k]" in text for text in texts), texts
    assert "old true, [k], new false, [k]" in done.stderr


def test_go_runs_tests_and_nothing_else_of_the_checkout(plugins: Path, go: Path, tmp_path: Path) -> None:
    """Lines and files by which Go runs programs, when it is asked to or set up so: none of it is, but the tests."""
    marks = tmp_path / "marks"
    marks.mkdir()
    trap = plugins / "trap.sh"
    trap.write_text(f'#!/bin/sh\ntouch "{marks}/trap"\n')
    trap.chmod(0o755)
    (plugins / "go.env").write_text(f"GOFLAGS=-toolexec={trap}\n")
    (plugins / "plugins/go.env").write_text(f"GOFLAGS=-toolexec={trap}\n")
    (plugins / "plugins/array/run.go").write_text(f"package array\n\n//go:generate {trap}\n")
    test = f'''package array

import (
	"os"
	"testing"
)

func TestMark(t *testing.T) {{
	if err := os.WriteFile("{marks}/tests", nil, 0o644); err != nil {{
		t.Fatal(err)
	}}
}}
'''
    (plugins / "plugins/array/mark_test.go").write_text(test)
    done = verify(plugins, go)
    assert done.returncode == 0, done.stderr
    assert [mark.name for mark in marks.iterdir()] == ["tests"]
