"""Holds what gomigrate says of running clusters against a real Kubernetes API server.

The operators are the sample and a second one, tests/apiserver/lighthouse, whose code takes off only its own name. They
are compiled as they are and at each stage, and the releases work on the same objects in turn.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from cluster import Cluster, Release, Resource

from gomigrate import packs
from gomigrate.finalizer.qualified import Verdict, judge_name
from gomigrate.model import Stage
from gomigrate.pipeline import Options, plan_checkout

pytestmark = pytest.mark.go

TESTS = Path(__file__).parent
SERVED = TESTS / "apiserver"
TODAY = "today"
RELEASES = (TODAY, *(stage.value for stage in Stage))


class Operator(NamedTuple):
    """An operator that the driver knows, and its one finalizer."""

    name: str
    checkout: str
    resource: Resource
    old: str
    new: str


HARBOR = "harbor.example.com/v1alpha1"
PODS = Resource(HARBOR, "pods", "Pod")
OPERATORS = {
    operator.name: operator
    for operator in (
        Operator(
            "voyage",
            "sample",
            Resource(HARBOR, "voyages", "Voyage", "voyage-{}"),
            "flyte-finalizer",
            "flyte.org/finalizer",
        ),
        Operator("task", "sample", PODS, "flyte/flytek8s", "flyte.org/finalizer-k8s"),
        Operator("subtask", "sample", PODS._replace(named="{}-0"), "flyte/array", "flyte.org/finalizer-array"),
        Operator(
            "beacon",
            "lighthouse",
            Resource("lighthouse.example.com/v1", "beacons", "Beacon"),
            "lighthouse-finalizer",
            "lighthouse.example.com/finalizer",
        ),
    )
}
# The folders of the checkouts, as the driver's go.mod finds them, and their packs.
CHECKOUTS = {"sample": "fixtures/sample", "lighthouse": "tests/apiserver/lighthouse"}
PACKS = {"sample": "flyte", "lighthouse": "lighthouse"}


def build(go: Path, module: Path, program: Path) -> Path:
    environment = {**os.environ, "GOWORK": "off", "GO111MODULE": "on", "GOFLAGS": "-mod=readonly"}
    # Without debug information, the linker has half of its work.
    command = [go, "build", "-ldflags=-s -w", "-o", program, "."]
    done = subprocess.run(command, cwd=module, env=environment, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, f"{module}:\n{done.stdout}{done.stderr}"
    return program


@pytest.fixture(scope="module")
def cluster(go: Path, sample_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    etcd = shutil.which("etcd")
    if not etcd:
        pytest.skip("there is no etcd on PATH (on Debian and Ubuntu: apt install etcd-server)")
    scratch = tmp_path_factory.mktemp("cluster")
    server = build(go, SERVED / "server", scratch / "server")
    with Cluster(server, Path(etcd), scratch / "log") as running:
        crds = [*sample_dir.rglob("config/crd/*.yaml"), *SERVED.glob("**/crd/*.yaml")]
        assert len(crds) == 3
        for crd in crds:
            running.define(crd)
        yield running


@pytest.fixture(scope="module")
def releases(
    go: Path, cluster: Cluster, sample_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Release]]:
    """The operators as they are today and at each stage, all running."""
    with ExitStack() as running:
        found = {}
        for name in RELEASES:
            top = tmp_path_factory.mktemp(name)
            shutil.copytree(sample_dir, top / CHECKOUTS["sample"])
            shutil.copytree(SERVED / "lighthouse", top / CHECKOUTS["lighthouse"])
            shutil.copytree(SERVED / "driver", top / "tests/apiserver/driver")
            if name != TODAY:
                for checkout, folder in CHECKOUTS.items():
                    migrate(top / folder, PACKS[checkout], Stage(name))
            program = build(go, top / "tests/apiserver/driver", top / "program")
            found[name] = running.enter_context(Release(program, cluster, top / "log"))
        yield found


def migrate(checkout: Path, pack: str, stage: Stage) -> None:
    plan = plan_checkout(checkout, packs.load(pack, SERVED / "rules"), Options(stage))
    assert not plan.left
    for path, data in plan.changes.items():
        if data is None:
            (checkout / path).unlink()
        else:
            (checkout / path).parent.mkdir(parents=True, exist_ok=True)
            (checkout / path).write_bytes(data)


NAMES = [
    *(name for operator in OPERATORS.values() for name in (operator.old, operator.new)),
    *("kubernetes", "orphan", "foregroundDeletion", "n" * 63, f"a/{'n' * 63}", "machine.cluster.x-k8s.io"),
    *("", "/name", "example.com/", "a/b/c", "Example.com/name", "example..com/name", "n" * 64, "a b", f"{'a' * 254}/n"),
]


@pytest.mark.parametrize("number", range(len(NAMES)))
def test_the_server_judges_names_as_gomigrate_does(cluster: Cluster, number: int) -> None:
    name = NAMES[number]
    answer = cluster.create(OPERATORS["voyage"].resource, f"judged-{number}", [name])
    if answer.status == 422:
        found = {Verdict.INVALID}
    elif any("prefer a domain-qualified finalizer name" in text and f'"{name}"' in text for text in answer.warnings):
        found = {Verdict.UNQUALIFIED}
    else:
        assert (answer.status, answer.warnings) == (201, ())
        found = {Verdict.QUALIFIED, Verdict.STANDARD}
    assert judge_name(name) in found


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)
@pytest.mark.parametrize("release", RELEASES)
def test_the_server_warns_about_the_old_name_only(
    cluster: Cluster, releases: dict[str, Release], release: str, operator: Operator
) -> None:
    name = f"warned-{release}"
    told = releases[release].order("create", operator.name, name)
    told += releases[release].order("live", operator.name, name)
    added = operator.old if release in (TODAY, Stage.PREPARE.value) else operator.new
    assert cluster.finalizers(operator.resource, name) == (added,)
    # Names such as flyte/array have a slash, which is all that the server looks for.
    if "/" in added:
        assert told == ()
    else:
        assert len(told) == 1 and f'"{added}": prefer a domain-qualified finalizer name' in told[0]


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)
def test_the_server_is_silent_when_new_code_handles_old_objects(
    cluster: Cluster, releases: dict[str, Release], operator: Operator
) -> None:
    name = "from-today"
    releases[TODAY].order("create", operator.name, name)
    assert releases["switch"].order("live", operator.name, name) == ()
    cluster.delete(operator.resource, name)
    assert releases["switch"].order("deleted", operator.name, name) == ()
    assert cluster.finalizers(operator.resource, name) is None
