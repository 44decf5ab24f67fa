"""`patch --tidy` with the real Go toolchain: what did not build with the patch alone builds with the module files."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import MakeRepo, Run
from goharness import MODULE
from test_scenarios import load

pytestmark = pytest.mark.go

Go = Callable[..., "subprocess.CompletedProcess[str]"]
REQUIRED = (MODULE / "go.mod").read_text(encoding="utf-8").partition("\n")[2]
SUMS = (MODULE / "go.sum").read_text(encoding="utf-8")
SHIPS = """package ships

import v1 "example.com/fleet/api/v1"

// Hold marks a ship.
func Hold(ship *v1.Ship) {
	for _, f := range ship.Finalizers {
		if f == "flyte-finalizer" {
			return
		}
	}
	ship.Finalizers = append(ship.Finalizers, "flyte-finalizer")
}
"""
KEYS = """package keys

import (
	"rsc.io/quote"

	v1 "example.com/fleet/api/v1"
)

// FinalizerKey holds ships.
const FinalizerKey = "flyte-finalizer"

// Sail says hello.
func Sail(ship *v1.Ship) string { return quote.Hello() + ship.Name }
"""


def types() -> str:
    text: str = load("stage-prepare").included["api/v1/types.go"]
    return text


@pytest.fixture
def run_go(go: Path) -> Go:
    def run(top: Path, *args: str, fine: bool = True) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "GOWORK": "off", "GOFLAGS": ""}
        done = subprocess.run(
            [go, *args], cwd=top, env=environment, capture_output=True, text=True, timeout=600, check=False
        )
        assert not fine or done.returncode == 0, done.stderr
        return done

    return run


def commit(repo: Path) -> None:
    who = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    subprocess.run(["git", "add", "-A", "-f"], cwd=repo, check=True)
    subprocess.run(["git", *who, "commit", "-qm", "ready"], cwd=repo, check=True)


def apply(repo: Path, patch: str, *way: str) -> None:
    subprocess.run(["git", "apply", "--index", *way], cwd=repo, input=patch, text=True, check=True)


def test_a_constant_forced_into_another_module(make_repo: MakeRepo, run: Run, run_go: Go, go: Path) -> None:
    """Its package needs a module that this one knows nothing of."""
    placeholder = "example.com/fleet v0.0.0-00010101000000-000000000000"
    repo = make_repo(
        {
            "fleet/go.mod": f"module example.com/fleet\n{REQUIRED}\nrequire rsc.io/quote v1.5.2\n",
            "fleet/go.sum": SUMS,
            "fleet/api/v1/types.go": types(),
            "fleet/keys/keys.go": KEYS,
            "port/go.mod": f"module example.com/port\n{REQUIRED}\nrequire {placeholder}\n\n"
            "replace example.com/fleet => ../fleet\n",
            "port/go.sum": SUMS,
            "port/ships/ships.go": SHIPS,
            "port/ships/use.go": 'package ships\n\nimport _ "sigs.k8s.io/controller-runtime/pkg/client"\n',
        }
    )
    for module in ("fleet", "port"):
        run_go(repo / module, "mod", "tidy")
        run_go(repo / module, "build", "./...")
    commit(repo)
    path = f"{go.parent}{os.pathsep}{os.environ['PATH']}"
    alone = run("patch", repo, "--constant-package", "fleet/keys", "-q")
    apply(repo, alone.out)
    assert "rsc.io/quote" in run_go(repo / "port", "build", "./...", fine=False).stderr
    apply(repo, alone.out, "-R")
    done = run("patch", repo, "--constant-package", "fleet/keys", "--tidy", PATH=path)
    assert done.code == 0, done.err
    assert "port/go.mod: requires rsc.io/quote v1.5.2 // indirect" in done.err
    apply(repo, done.out)
    run_go(repo / "port", "build", "-mod=readonly", "./...")
    settled = (repo / "port/go.mod").read_bytes(), (repo / "port/go.sum").read_bytes()
    run_go(repo / "port", "mod", "tidy")
    assert settled == ((repo / "port/go.mod").read_bytes(), (repo / "port/go.sum").read_bytes())
    apply(repo, done.out, "-R")


def test_a_package_that_is_not_vendored_yet(make_repo: MakeRepo, run: Run, run_go: Go, go: Path) -> None:
    repo = make_repo(
        {
            "go.mod": f"module example.com/fleet\n{REQUIRED}",
            "go.sum": SUMS,
            "api/v1/types.go": types(),
            "ships/ships.go": SHIPS,
            "ships/use.go": 'package ships\n\nimport _ "sigs.k8s.io/controller-runtime/pkg/client"\n',
        }
    )
    run_go(repo, "mod", "tidy")
    run_go(repo, "mod", "vendor")
    run_go(repo, "build", "./...")
    commit(repo)
    left = run("patch", repo)
    assert "does not hold sigs.k8s.io/controller-runtime/pkg/controller/controllerutil" in left.err
    done = run("patch", repo, "--tidy", PATH=f"{go.parent}{os.pathsep}{os.environ['PATH']}")
    assert done.code == 0, done.err
    assert "vendor/modules.txt" in done.out and "controllerutil/controllerutil.go" in done.out
    apply(repo, done.out)
    run_go(repo, "build", "-mod=vendor", "./...")
    run_go(repo, "mod", "vendor")
    changed = subprocess.run(["git", "diff", "--stat"], cwd=repo, capture_output=True, text=True, check=True).stdout
    assert changed == ""
    apply(repo, done.out, "-R")


def test_a_controller_runtime_that_is_not_required_yet(make_repo: MakeRepo, run: Run, run_go: Go, go: Path) -> None:
    required = "\n".join(line for line in REQUIRED.splitlines() if "controller-runtime" not in line)
    repo = make_repo(
        {
            "go.mod": f"module example.com/fleet\n{required}\n",
            "go.sum": SUMS,
            "api/v1/types.go": types(),
            "ships/ships.go": SHIPS,
        }
    )
    run_go(repo, "mod", "tidy")
    run_go(repo, "build", "./...")
    commit(repo)
    assert run("patch", repo, "-q").out == ""
    done = run("patch", repo, "--tidy", PATH=f"{go.parent}{os.pathsep}{os.environ['PATH']}")
    assert done.code == 0, done.err
    assert "go.mod: requires sigs.k8s.io/controller-runtime v0." in done.err
    apply(repo, done.out)
    assert "controllerutil.AddFinalizer" in (repo / "ships/ships.go").read_text()
    run_go(repo, "vet", "-mod=readonly", "./...")
    apply(repo, done.out, "-R")
