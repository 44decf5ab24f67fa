"""Holds what gomigrate says of running clusters against a real Kubernetes API server.

The operators are the sample and a second one, tests/apiserver/lighthouse, whose code takes off only its own name, and
in a part of it adds it before it looks whether the object is being deleted. They are compiled as they are and at each
stage, and the releases work on the same objects in turn.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import count, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cluster import Cluster, Release, Resource

from gomigrate.finalizer.matrix import Behaviour, cells
from gomigrate.finalizer.qualified import Verdict, judge_name
from gomigrate.model import Stage

pytestmark = pytest.mark.go

TESTS = Path(__file__).parent
SERVED = TESTS / "apiserver"
TODAY = "today"
RELEASES = (TODAY, *(stage.value for stage in Stage))
NEIGHBOURS = list(pairwise(RELEASES))
# All steps that gomigrate takes in one patch.
STEPS = [(TODAY, "prepare"), (TODAY, "switch"), (TODAY, "cleanup"), ("prepare", "switch"), ("switch", "cleanup")]


class Operator(NamedTuple):
    """An operator that the driver knows, and its one finalizer.

    marks_again  its code, at any stage, puts the finalizer on objects that are there already, whatever they carry
    """

    name: str
    checkout: str
    resource: Resource
    old: str
    new: str
    marks_again: bool = False


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
            marks_again=True,
        ),
        Operator(
            "lamp",
            "lighthouse",
            Resource("lighthouse.example.com/v1", "beacons", "Beacon", "lamp-{}"),
            "lighthouse-lamp",
            "lighthouse.example.com/lamp",
            marks_again=True,
        ),
    )
}
# Stage switch as it would be without the guard that the patch writes.
UNGUARDED = "unguarded"
TRIMMER = Path("tests/apiserver/lighthouse/trimmer/trimmer.go")
GUARD = "beacon.GetDeletionTimestamp().IsZero() && "
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
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the report of each step is, as CHECKOUT-FROM-TO.json once there are releases."""
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def releases(
    go: Path, cluster: Cluster, sample_dir: Path, reports: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Release]]:
    """The operators as they are today and at each stage, all running."""
    tops = {name: tmp_path_factory.mktemp(name) for name in (*RELEASES, UNGUARDED)}
    for top in tops.values():
        shutil.copytree(sample_dir, top / CHECKOUTS["sample"])
        shutil.copytree(SERVED / "lighthouse", top / CHECKOUTS["lighthouse"])
        shutil.copytree(SERVED / "driver", top / "tests/apiserver/driver")
    for start, end in STEPS:
        for checkout, folder in CHECKOUTS.items():
            report = reports / f"{checkout}-{start}-{end}.json"
            patch = migrate(tops[start] / folder, PACKS[checkout], end, report)
            if start == TODAY:
                for top in (tops[end], *([tops[UNGUARDED]] if end == "switch" else [])):
                    subprocess.run(["git", "apply", patch], cwd=top / folder, check=True)
    guarded = (tops[UNGUARDED] / TRIMMER).read_text(encoding="utf-8")
    assert guarded.count(GUARD) == 1
    (tops[UNGUARDED] / TRIMMER).write_text(guarded.replace(GUARD, ""), encoding="utf-8")
    with ExitStack() as running:
        found = {}
        for name, top in tops.items():
            program = build(go, top / "tests/apiserver/driver", top / "program")
            found[name] = running.enter_context(Release(program, cluster, top / "log"))
        yield found


def migrate(checkout: Path, pack: str, stage: str, report: Path) -> Path:
    """Writes the report, and the patch beside it."""
    patch = report.with_suffix(".patch")
    command: list[Path | str] = [sys.executable, "-m", "gomigrate", "patch", checkout, "--stage", stage]
    command += ["--rules", SERVED / "rules", "--pack", pack, "--quiet", "-o", patch, "--report", report]
    subprocess.run(command, check=True)
    return patch


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


class End(NamedTuple):
    """What the server shows of an object's finalizers after its deletion, () when it is gone.

    marked  every release came to the live object
    missed  none did, and the last one first saw the object when it was deleted
    """

    marked: tuple[str, ...]
    missed: tuple[str, ...]


Replay = Callable[[Operator, Mapping[str, str], str, Sequence[str]], End]


@pytest.fixture(scope="module")
def replay(cluster: Cluster, releases: dict[str, Release]) -> Replay:
    """Creates an object with one release and hands it on to others, as a cell of the matrix says.

    The mapping gives the release that a cell's `old` and `new` stand for.
    """
    numbers = count()

    def once(operator: Operator, created_by: str, handled_by: Sequence[str], last: str) -> tuple[str, ...]:
        name = f"replayed-{next(numbers)}"
        releases[created_by].order("create", operator.name, name)
        for release in handled_by:
            releases[release].order("live", operator.name, name)
        cluster.delete(operator.resource, name)
        # Twice: what is stuck must stay so.
        for _ in range(2):
            releases[last].free(operator.name, name)
        return cluster.finalizers(operator.resource, name) or ()

    def both(operator: Operator, meant: Mapping[str, str], created_by: str, handled_by: Sequence[str]) -> End:
        chain = [meant[name] for name in handled_by]
        return End(*(once(operator, meant[created_by], live, chain[-1]) for live in (chain, [])))

    return both


def expected(cell: dict[str, Any], marks_again: bool) -> tuple[End, ...]:
    """The ends that a cell of the report allows."""
    left = tuple(cell["left"])
    assert cell["freed"] == (not left)
    if cell["certain"]:
        return (End(left, left),)
    return (End(left, ()),) if marks_again else (End(left, ()), End((), left), End((), ()))


def table(rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, (6, 14, 40, 40, 0), strict=True)) for row in rows
    )


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)
@pytest.mark.parametrize(("start", "end"), STEPS, ids=map("-".join, STEPS))
def test_the_matrix_is_what_the_server_shows(
    releases: dict[str, Release], reports: Path, replay: Replay, operator: Operator, start: str, end: str
) -> None:
    report = json.loads((reports / f"{operator.checkout}-{start}-{end}.json").read_bytes())
    (matrix,) = (m for m in report["matrices"] if m["name"] == operator.old)
    assert len(matrix["cells"]) == 10
    rows = [("made", "handled", "report", "server", "")]
    wrong = 0
    for cell in matrix["cells"]:
        found = replay(operator, {"old": start, "new": end}, cell["created_by"], cell["handled_by"])
        agrees = found in expected(cell, operator.marks_again)
        wrong += not agrees
        said = f"{'' if cell['certain'] else 'perhaps '}{' '.join(cell['left']) or 'freed'}"
        shown = " / ".join(" ".join(left) or "freed" for left in dict.fromkeys(found))
        rows.append((cell["created_by"], " ".join(cell["handled_by"]), said, shown, "" if agrees else "DIFFERS"))
    print(f"\n{operator.name}, {start} and {end}:\n{table(rows)}")
    assert not wrong, "\n" + table(rows)
    if (start, end) in NEIGHBOURS:
        assert all(cell["freed"] for cell in matrix["cells"])


def test_code_that_takes_off_only_its_own_name_needs_three_releases(
    releases: dict[str, Release], reports: Path, replay: Replay
) -> None:
    beacon = OPERATORS["beacon"]
    report = json.loads((reports / f"lighthouse-{TODAY}-switch.json").read_bytes())
    advice = report["matrices"][0]["advice"]
    assert "A rollback leaves objects stuck" in advice
    assert "today and prepare: safe both ways, prepare and switch: safe both ways" in advice

    stuck = End((beacon.new,), (beacon.new,))
    assert replay(beacon, {"old": TODAY, "new": "switch"}, "new", ("new", "old")) == stuck
    assert replay(beacon, {"old": "prepare", "new": "switch"}, "new", ("new", "old")) == End((), ())


@pytest.mark.parametrize("stage", ["prepare", "switch", UNGUARDED])
def test_an_addition_that_comes_first_would_leave_objects_stuck_whose_deletion_was_requested_before(
    cluster: Cluster, releases: dict[str, Release], reports: Path, stage: str
) -> None:
    """Marked by the code of today, or at prepare after a rollback by that of switch, and deleted before the release
    that comes next has seen it."""
    lamp = OPERATORS["lamp"]
    before = "switch" if stage == "prepare" else TODAY
    releases[before].order("create", lamp.name, f"leaving-{stage}")
    cluster.delete(lamp.resource, f"leaving-{stage}")
    # The server refuses each attempt, and what would free the object is never reached.
    taken = [releases[stage].free(lamp.name, f"leaving-{stage}") for _ in range(3)]
    found = cluster.finalizers(lamp.resource, f"leaving-{stage}")
    assert (taken, found) == (([False] * 3, (lamp.old,)) if stage == UNGUARDED else ([True] * 3, None))

    report = json.loads((reports / f"lighthouse-{TODAY}-switch.json").read_bytes())
    (matrix,) = (m for m in report["matrices"] if m["name"] == lamp.old)
    assert "perhaps also while the object is being deleted" in matrix["before"][0]
    today = Behaviour(frozenset({lamp.old}), False, frozenset({lamp.old}), frozenset({lamp.old}), adds_deleting=True)
    both = frozenset({lamp.old, lamp.new})
    switch = Behaviour(frozenset({lamp.new}), False, both, both)
    said = {guarded: cells(today, switch._replace(adds_deleting=not guarded)) for guarded in (True, False)}
    old_new = {guarded: next(c for c in rows if c[:2] == ("old", ("new",))) for guarded, rows in said.items()}
    assert (old_new[True].left, old_new[False].left) == ((), (lamp.old,))
    (reported,) = (c for c in matrix["cells"] if (c["created_by"], c["handled_by"]) == ("old", ["new"]))
    assert reported["freed"]


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)
def test_cleanup_is_for_when_no_object_carries_the_old_name(replay: Replay, operator: Operator) -> None:
    """Handled by every release on the way, an object from before keeps the old name all the same."""
    found = replay(operator, {name: name for name in RELEASES}, TODAY, ("prepare", "switch", "cleanup"))
    assert found == End((operator.old,), (operator.old,))
