"""What CI systems take from this repository: action.yml and the recipes of docs/ci.md, checked and run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import MakeRepo
from test_scenarios import load

PROJECT = Path(__file__).parent.parent
SHIPS = "ships/ships.go"
ACTION: dict[str, Any] = yaml.safe_load((PROJECT / "action.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
PAGE = (PROJECT / "docs" / "ci.md").read_text(encoding="utf-8")


def recipes(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def valid(schema: str, file: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, file], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def shell(script: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """As GitHub runs `shell: bash`."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=cwd, env={**os.environ, "PATH": path, **env}, capture_output=True, text=True,
    )  # fmt: skip


# -- the action ----------------------------------------------------------------------------------------------------


def test_the_action_is_one() -> None:
    valid("vendor.github-actions", PROJECT / "action.yml")


def test_no_text_of_others_gets_into_a_script() -> None:
    assert [s["name"] for s in STEPS if "${{" in s.get("run", "")] == []


def test_every_input_is_used_and_documented() -> None:
    text = json.dumps(STEPS)
    for name in ACTION["inputs"]:
        assert f"inputs.{name}" in text and f"| `{name}` |" in PAGE
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(ACTION["inputs"])


class Runner:
    """The shell steps one after the other; those that use other actions are left out."""

    def __init__(self, repo: Path, temporary: Path) -> None:
        self.repo = repo
        self.temporary = temporary
        self.outputs: dict[str, str] = {}

    def step(self, name: str, **inputs: str) -> subprocess.CompletedProcess[str]:
        step = next(s for s in STEPS if s["name"] == name)
        given = {k: v["default"] for k, v in ACTION["inputs"].items()} | inputs
        values = {f"inputs.{k}": v for k, v in given.items()}
        values |= {f"steps.check.outputs.{k}": v for k, v in self.outputs.items()}
        env = {k: re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda m: values[m[1]], v) for k, v in step.get("env", {}).items()}
        output = self.temporary / "output"
        output.write_text("")
        places = {"RUNNER_TEMP": self.temporary, "GITHUB_ACTION_PATH": PROJECT, "GITHUB_OUTPUT": output}
        done = shell(step["run"], self.repo, **env, **{k: str(v) for k, v in places.items()})
        self.outputs |= dict(line.split("=", 1) for line in output.read_text().splitlines())
        return done


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """What the step that installs leaves behind, with the gomigrate that is tested."""
    temporary = tmp_path / "runner"
    (temporary / "gomigrate").mkdir(parents=True)
    (temporary / "gomigrate" / "bin").symlink_to(Path(sys.executable).parent)
    return temporary


def test_the_steps_on_code_to_migrate(make_repo: MakeRepo, installed: Path) -> None:
    runner = Runner(make_repo(load("stage-prepare").input), installed)
    done = runner.step("Check")
    assert done.returncode == 0, done.stderr
    assert f"::warning file={SHIPS},line=21" in done.stdout
    assert runner.outputs == {"findings": "true", "sarif": str(installed / "gomigrate.sarif")}
    results = json.loads((installed / "gomigrate.sarif").read_text())["runs"][0]["results"]
    assert len(results) == done.stdout.count("::warning ")
    assert runner.step("Verdict").returncode == 1


def test_the_steps_on_clean_code(make_repo: MakeRepo, installed: Path) -> None:
    runner = Runner(make_repo(load("stage-prepare").input), installed)
    done = runner.step("Check", path="api")
    assert (done.returncode, done.stdout) == (0, "")
    assert runner.outputs["findings"] == "false"
    assert runner.step("Verdict").returncode == 0


@pytest.mark.parametrize("path", ["nowhere", "$(touch hacked)", "--help", "; exit 0"])
def test_a_check_that_cannot_be_done_fails(make_repo: MakeRepo, installed: Path, path: str) -> None:
    runner = Runner(make_repo(load("stage-prepare").input), installed)
    assert runner.step("Check", path=path).returncode == 2
    assert runner.outputs == {}
    assert not (runner.repo / "hacked").exists()


@pytest.mark.slow
def test_the_step_that_installs(make_repo: MakeRepo, tmp_path: Path) -> None:
    temporary = tmp_path / "runner"
    temporary.mkdir()
    runner = Runner(make_repo(load("stage-prepare").input), temporary)
    done = runner.step("Install gomigrate")
    assert done.returncode == 0, done.stderr
    assert runner.step("Check").returncode == 0
    assert runner.outputs["findings"] == "true"


# -- the recipes ---------------------------------------------------------------------------------------------------


def test_the_recipe_for_github(tmp_path: Path) -> None:
    workflow, _ = recipes("yaml")
    (tmp_path / "workflow.yml").write_text(workflow)
    valid("vendor.github-workflows", tmp_path / "workflow.yml")
    steps = yaml.safe_load(workflow)["jobs"]["gomigrate"]["steps"]
    assert set(steps[1]["with"]) <= set(ACTION["inputs"])


def test_the_recipe_for_gitlab(make_repo: MakeRepo, tmp_path: Path) -> None:
    _, recipe = recipes("yaml")
    (tmp_path / "gitlab.yml").write_text(recipe)
    valid("vendor.gitlab-ci", tmp_path / "gitlab.yml")
    job = yaml.safe_load(recipe)["gomigrate"]
    repo = make_repo(load("stage-prepare").input)
    assert shell(job["script"][1], repo).returncode == 1
    found = json.loads((repo / job["artifacts"]["reports"]["codequality"]).read_text())
    assert {f["location"]["path"] for f in found} == {SHIPS}


def test_the_recipe_for_a_shell(make_repo: MakeRepo) -> None:
    script, _ = recipes("sh")
    repo = make_repo(load("stage-prepare").input)
    done = shell(script, repo)
    assert done.returncode == 1 and "there is code to migrate" in done.stderr
    assert shell(script, repo / "api").returncode == 0
    (repo / ".gomigrate.toml").write_text("broken")
    assert shell(script, repo).returncode == 2


def test_the_recipe_for_changed_files(make_repo: MakeRepo) -> None:
    _, script = recipes("sh")
    repo = make_repo(load("stage-prepare").input)
    who = ("-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "update-ref", "refs/remotes/origin/main", "HEAD"], cwd=repo, check=True)
    assert shell(script, repo).returncode == 0
    for path, code in (("api/v1/types.go", 0), (SHIPS, 123)):
        (repo / path).write_text((repo / path).read_text() + "\n// More.\n")
        subprocess.run(["git", *who, "commit", "-qam", "x"], cwd=repo, check=True)
        assert shell(script, repo).returncode == code
