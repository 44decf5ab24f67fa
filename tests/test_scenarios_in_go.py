"""Holds the scenarios and the sample against real Go: what goes in compiles, and so does what comes out.

All scenarios stand in one module, each below a folder of its own, so that one command checks them all.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from goharness import MODULE
from test_scenarios import Scenario, load, names

from gomigrate import packs
from gomigrate.model import Stage
from gomigrate.pipeline import Options, plan_checkout

pytestmark = pytest.mark.go

HOME = "example.com/fleet"


def chosen() -> list[str]:
    """The scenarios that compile: those that need no other modules, and are not wrong themselves."""
    return [
        n for n in names() if not load(n).options.get("go", "").startswith("no") and "want.error" not in load(n).wanted
    ]


def package(name: str) -> str:
    return f"s_{name.replace('-', '_')}"


def lay_out(top: Path, files: Mapping[str, Mapping[str, bytes]]) -> None:
    for module_file in ("go.mod", "go.sum"):
        shutil.copy(MODULE / module_file, top / module_file)
    for name, content in files.items():
        for path, data in content.items():
            if not path.endswith(".go") or "vendor" in path.split("/") or "testdata" in path.split("/"):
                continue
            target = top / package(name) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data.replace(HOME.encode(), f"example.com/shapes/{package(name)}".encode()))


def result(scenario: Scenario, repo: Path) -> dict[str, bytes]:
    plan = plan_checkout(repo, scenario.rules, scenario.planned)
    merged = {**scenario.input, **plan.changes}
    return {p: d for p, d in merged.items() if d is not None}


def run(go: Path, top: Path, *args: str) -> dict[str, str]:
    """What `go` has to say, by scenario."""
    environment = {**os.environ, "GOWORK": "off", "GO111MODULE": "on", "GOFLAGS": ""}
    done = subprocess.run([go, *args], cwd=top, env=environment, capture_output=True, text=True, timeout=900)
    said: dict[str, str] = {}
    for line in (done.stdout + done.stderr).splitlines():
        found = re.search(r"\b(s_\w+)", line)
        if found and not line.startswith(("ok", "?", "#")) and "[no test files]" not in line:
            said[found[1]] = said.get(found[1], "") + line + "\n"
    assert done.returncode == 0 or said, done.stderr
    return said


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("before")
    lay_out(top, {name: load(name).input for name in chosen()})
    return top


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("after")
    repos = tmp_path_factory.mktemp("repos")
    files = {}
    for name in chosen():
        scenario = load(name)
        if "xfail" in scenario.options:
            continue
        for path, data in scenario.input.items():
            (repos / name / path).parent.mkdir(parents=True, exist_ok=True)
            (repos / name / path).write_bytes(data)
        files[name] = result(scenario, repos / name)
    lay_out(top, files)
    return top


def test_the_input_of_every_scenario_compiles(go: Path, before: Path) -> None:
    assert run(go, before, "vet", "./...") == {}


def test_the_result_of_every_scenario_compiles(go: Path, after: Path) -> None:
    assert run(go, after, "vet", "./...") == {}


@pytest.mark.parametrize("state", ["before", "after"])
def test_the_tests_of_the_scenarios_pass(go: Path, state: str, request: pytest.FixtureRequest) -> None:
    top: Path = request.getfixturevalue(state)
    tested = {p.parent for p in top.rglob("*_test.go")}
    only_vetted = {package(n) for n in names() if load(n).options.get("go", "").startswith("vet")}
    folders = sorted(f"./{f.relative_to(top)}" for f in tested if f.relative_to(top).parts[0] not in only_vetted)
    assert run(go, top, "test", "-vet=off", *folders) == {}


@pytest.fixture(scope="module")
def modules(sample_dir: Path) -> list[str]:
    return sorted(p.parent.name for p in sample_dir.glob("*/go.mod"))


@pytest.mark.parametrize("stage", list(Stage))
def test_the_sample_compiles_and_passes_its_tests(
    go: Path, stage: Stage, sample_dir: Path, modules: list[str], tmp_path: Path
) -> None:
    top = tmp_path / "sample"
    shutil.copytree(sample_dir, top)
    for path, data in plan_checkout(top, packs.load("flyte"), Options(stage)).changes.items():
        if data is None:
            (top / path).unlink()
        else:
            (top / path).write_bytes(data)
    environment = {**os.environ, "GOWORK": "off", "GO111MODULE": "on", "GOFLAGS": "-mod=readonly"}
    for module in modules:
        for step in (("build", "./..."), ("vet", "./..."), ("test", "./...")):
            done = subprocess.run(
                [go, *step], cwd=top / module, env=environment, capture_output=True, text=True, timeout=900
            )
            assert done.returncode == 0, f"{module}: go {' '.join(step)}\n{done.stdout}{done.stderr}"
