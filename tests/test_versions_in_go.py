"""Holds what gomigrate knows of controller-runtime's releases against their real modules.

All versions share the caches of Go: what is cold takes about a minute of processor time for each, what is warm seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from test_scenarios import load
from test_scenarios_in_go import result

from gomigrate.checkout import Checkout
from gomigrate.finalizer.effective_runtime import MODULE
from gomigrate.finalizer.runtime_source import read_calls
from gomigrate.finalizer.runtime_versions import calls_of
from gomigrate.go.types import Types
from gomigrate.go.workspace import Workspace

pytestmark = pytest.mark.go


class Release(NamedTuple):
    """A controller-runtime, the apimachinery that it requires itself, and the Go that it wants at least."""

    version: str
    apimachinery: str
    go: str = "1.21"


RELEASES = (
    Release("v0.4.0", "v0.0.0-20190913080033-27d36303b655"),
    Release("v0.5.6", "v0.17.2"),
    Release("v0.6.5", "v0.18.6"),
    Release("v0.7.0", "v0.19.2"),
    Release("v0.11.2", "v0.23.5"),
    Release("v0.12.1", "v0.24.0"),
    Release("v0.16.2", "v0.28.1"),
    Release("v0.25.2", "v0.37.0", "1.26.0"),
)
# First and last of what the table takes for the same.
READ = (
    *("v0.3.0", "v0.4.0", "v0.5.2", "v0.5.3", "v0.5.5", "v0.5.6", "v0.5.14", "v0.6.0", "v0.6.1", "v0.6.5", "v0.7.0"),
    *("v0.11.2", "v0.12.0", "v0.16.2", "v0.25.2"),
)
UTIL = "pkg/controller/controllerutil"


def run(go: Path, top: Path, *args: str) -> str:
    environment = {**os.environ, "GOWORK": "off", "GO111MODULE": "on", "GOFLAGS": "-mod=mod"}
    done = subprocess.run([go, *args], cwd=top, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, f"go {' '.join(args)}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_table_says_what_the_code_of_the_releases_does(go: Path, tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.com/none\n")
    text = run(go, tmp_path, "mod", "download", "-json", *(f"{MODULE}@{v}" for v in READ))
    decoder, folders = json.JSONDecoder(), {}
    while text.strip():
        found, end = decoder.raw_decode(text.lstrip())
        text = text.lstrip()[end:]
        folders[found["Version"]] = Path(found["Dir"])
    read = {}
    for version, folder in folders.items():
        types = Types(Workspace(Checkout(folder, walk=False)))
        read[version] = read_calls(types, UTIL)
    assert read == {version: calls_of(version) for version in READ}


@pytest.mark.parametrize("release", RELEASES, ids=lambda r: r.version)
def test_what_is_migrated_compiles_and_does_its_work(go: Path, release: Release, tmp_path: Path) -> None:
    scenario = load("_port")
    files = {**scenario.files, "go.mod": go_mod(release)}
    calls = calls_of(release.version)
    if calls is not None and calls.takes_meta:
        files |= {p: t for p, t in load("controller-runtime-takes-meta").files.items() if p.endswith(".go")}
    scenario = replace(scenario, files=files)
    write(tmp_path, scenario.input)
    migrated = result(scenario, tmp_path)
    assert all(
        b"controllerutil.AddFinalizer(" in d for p, d in migrated.items() if p in ("port/port.go", "crane/crane.go")
    )
    write(tmp_path, {**migrated, **load("_port_test").input})
    run(go, tmp_path, "test", "./...")


def write(top: Path, files: Mapping[str, bytes]) -> None:
    for path, data in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(data)


def go_mod(release: Release) -> str:
    return (
        f"module example.com/fleet\n\ngo {release.go}\n\n"
        f"require (\n\tk8s.io/apimachinery {release.apimachinery}\n\t{MODULE} {release.version} // indirect\n)\n"
    )
