"""Many repositories as a workflow of Flyte: by `pyflyte run` and by `gomigrate fleet`, both on this machine."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import jsonschema
import pytest
from conftest import MakeRepo, Run

from gomigrate.report.fleet import SCHEMA_FILE

pytestmark = pytest.mark.fleet
if find_spec("flytekit") is None:
    pytest.skip("needs flytekit (requirements/fleet.txt)", allow_module_level=True)

PROJECT = Path(__file__).parent.parent
WORKFLOW = PROJECT / "gomigrate" / "fleet" / "workflow.py"
STATES = {
    **{"broken": "failed", "gone": "failed", "silent": "failed"},
    **{"ship": "left", "sample": "ready", "second": "ready", "plain": "clean"},
}
SHIP = (
    'package ship\n\nimport (\n\tcorev1 "k8s.io/api/core/v1"\n'
    '\t"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"\n)\n\n'
    'func hold(pod *corev1.Pod) {\n\tcontrollerutil.AddFinalizer(pod, "ship-mark")\n}\n'
)
GO_MOD = "module example.com/ship\n\nrequire sigs.k8s.io/controller-runtime v0.21.0\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where Flyte keeps results, and the scratch folders of all, for this test alone."""
    for name in ("home", "tmp"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    # git finds neither a helper nor a name of the user there.
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    return tmp_path / "home"


@pytest.fixture
def listing(make_repo: MakeRepo, sample_dir: Path, tmp_path: Path) -> Path:
    """Two varied samples, one with a name that has no new one, one with nothing to do, and three that are broken."""
    files = {p.relative_to(sample_dir).as_posix(): p.read_bytes() for p in sample_dir.rglob("*") if p.is_file()}
    make_repo({path: data.replace(b"Voyage", b"Journey") for path, data in files.items()}, "sample")
    make_repo({path: data for path, data in files.items() if not path.startswith("propeller/cmd")}, "second")
    make_repo({"go.mod": GO_MOD, "ship.go": SHIP}, "ship")
    make_repo({"go.mod": GO_MOD, "plain.go": "package plain\n"}, "plain")
    make_repo({"go.mod": "module example.com/x\n", ".gomigrate.toml": "stage = 3\n"}, "broken")
    sources = {name: f"file://{tmp_path / name}" for name in ("second", "silent")}
    text = ""
    for name in ("sample", "ship", "plain", "broken", "gone", "second", "silent"):
        source = f'url = "{sources[name]}"' if name in sources else f'path = "{tmp_path / name}"'
        pack = 'pack = "flyte"' if name in ("sample", "second") else ""
        text += f"[[checkout]]\n{source}\n{pack}\n"
    file = tmp_path / "fleet.toml"
    file.write_text(text)
    return file


def pyflyte(*args: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("pyflyte")
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "NO_COLOR": "1"}
    return subprocess.run(
        [program, "run", *map(str, args)], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def checked(folder: Path) -> list[dict[str, object]]:
    document = json.loads((folder / "fleet.json").read_text())
    jsonschema.validate(document, json.loads(SCHEMA_FILE.read_text()))
    for one in document["repositories"]:
        assert all((folder / path).is_file() for path in one["outputs"].values() if path)
    return list(document["repositories"])


def test_pyflyte_run_gives_the_report_and_a_deck(listing: Path, home: Path, tmp_path: Path) -> None:
    done = pyflyte(WORKFLOW, "fleet", "--listing", listing, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.strip().splitlines()[-1])
    rows = checked(folder)
    assert {row["name"]: row["state"] for row in rows} == STATES
    git_apply = ["git", "-C", str(tmp_path / "sample"), "apply", "--check", str(folder / "sample" / "finalizer.patch")]
    subprocess.run(git_apply, check=True)
    (deck,) = (p for p in (tmp_path / "tmp").rglob("deck.html") if "srcdoc" in p.read_text())
    (framed,) = re.findall(r'<iframe srcdoc="([^"]*)"', deck.read_text())
    assert "7 repositories" in html.unescape(framed)
    assert "report.html" not in framed


def test_gomigrate_fleet_gives_the_same_and_keeps_what_it_did(
    listing: Path, home: Path, run: Run, tmp_path: Path
) -> None:
    done = run("fleet", listing, "-o", "first", "-j", "2")
    assert done.code == 0, done.err
    assert "7 repositories: 3 could not be done, 1 with something left for you, 2 ready" in done.err
    assert "gomigrate: gone: " in done.err
    rows = checked(tmp_path / "first")
    assert {row["name"]: row["state"] for row in rows} == STATES
    # The sources are gone from where the work would find them; what Flyte keeps is by commit, which is asked for first.
    shutil.move(tmp_path / "second" / "plugins", tmp_path / "elsewhere")
    again = run("fleet", listing, "-o", "again", "--strict")
    assert again.code == 1
    seconds = {row["name"]: row["seconds"] for row in rows}
    assert {row["name"]: row["seconds"] for row in checked(tmp_path / "again")} == seconds
    # Another commit is done anew.
    commit = ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-q", "--allow-empty", "-m", "more"]
    subprocess.run(["git", *commit], cwd=tmp_path / "sample", check=True)
    run("fleet", listing, "-o", "third")
    changed = {row["name"] for row in checked(tmp_path / "third") if row["seconds"] != seconds[row["name"]]}
    assert changed == {"sample"}
    assert [p.name for p in (tmp_path / "tmp").iterdir() if p.name.startswith("gomigrate")] == []


def test_a_folder_with_something_in_it_is_left_alone(listing: Path, home: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x")
    done = run("fleet", listing, "-o", "out")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "needs a new or an empty one" in done.err or "need a new or an empty one" in done.err


def test_when_nothing_could_be_done_the_reasons_are_there_and_the_code_is_2(
    listing: Path, home: Path, run: Run, tmp_path: Path
) -> None:
    done = run("fleet", listing, "-o", "out", "--timeout", "0.1")
    assert done.code == 2
    states = {row["name"]: (row["state"], row["error"]) for row in checked(tmp_path / "out")}
    assert {state for state, _ in states.values()} == {"failed"}
    assert "limit for each repository" in str(states["sample"])
    # A result of that kind is not kept.
    assert run("fleet", listing, "-o", "again").code == 0


def test_a_home_that_cannot_be_written_to_is_no_hindrance(listing: Path, home: Path, run: Run, tmp_path: Path) -> None:
    done = run("fleet", listing, "-o", "out", HOME="/dev/null")
    assert done.code == 0
    assert "Flyte keeps no results on this machine" in done.err
    assert {row["name"]: row["state"] for row in checked(tmp_path / "out")} == STATES


def test_a_break_by_the_user_leaves_nothing(listing: Path, home: Path, tmp_path: Path) -> None:
    started = tmp_path / "started"
    slow = tmp_path / "bin"
    slow.mkdir()
    real = shutil.which("git")
    # Reading a commit's files takes long.
    waits = f'case "$*" in *read-tree*) touch {started}; sleep 60;; esac'
    (slow / "git").write_text(f'#!/bin/sh\n{waits}\nexec {real} "$@"\n')
    (slow / "git").chmod(0o755)
    process = subprocess.Popen(
        [sys.executable, "-m", "gomigrate", "fleet", listing, "-o", tmp_path / "out"],
        cwd=PROJECT,
        env={**os.environ, "PATH": f"{slow}{os.pathsep}{os.environ['PATH']}"},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not started.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=20)
    assert process.returncode == 130, told
    assert "Traceback" not in told
    assert not (tmp_path / "out").exists()
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".gomigrate")] == []
    assert [p.name for p in (tmp_path / "tmp").iterdir() if p.name.startswith("gomigrate")] == []
