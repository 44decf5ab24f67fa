"""Files beside the Go code: what hostile ones may not do, and what is no name."""

from __future__ import annotations

import time

import pytest
from conftest import MakeRepo, Run

from gomigrate.companions.manifests import MAX_DOCUMENT
from gomigrate.companions.places import Role
from gomigrate.companions.scripts import Script, read_script
from gomigrate.companions.search import places_in
from gomigrate.companions.texts import occurrences
from gomigrate.packs import FinalizerName

NAMES = (FinalizerName("flyte-finalizer", "flyte.org/finalizer", "FinalizerKey", "LegacyFinalizerKey"),)
LINE = b"x = 'flyte-finalizer'\n"


@pytest.mark.parametrize(
    "code",
    [
        b"y = " + b"(" * 3000 + b"1" + b")" * 3000,
        b"y = " + b"[" * 100_000 + b"]" * 100_000,
        b"y = 1" + b"+1" * 50_000,
        b"y = " + b"not " * 20_000 + b"y",
        b"".join(b" " * i + b"if x:\n" for i in range(500)) + b" " * 500 + b"pass",
        b"y = '\xff'",
        b"y = (",
        b"z = 1\n" * 200_000,
    ],
)
def test_scripts_that_would_end_the_parser_are_told_of(code: bytes) -> None:
    """LibCST's parser ends the process on deep nesting."""
    assert isinstance(read_script("a.py", LINE + code + b"\n", NAMES), str)


def test_a_script_may_be_nested() -> None:
    assert isinstance(read_script("a.py", LINE + b"y = " + b"[" * 90 + b"]" * 90 + b"\n", NAMES), Script)


@pytest.mark.parametrize(
    "manifest",
    [
        b"b: " + b"[" * 5000 + b"]" * 5000,
        b"x0: &x0 [a]\n" + b"".join(b"x%d: &x%d [*x%d, *x%d]\n" % (i, i, i - 1, i - 1) for i in range(1, 60)),
        b"x: &x [*x]",
        b"b: \xff",
        b"b: {{ .Values.b }}",
        b"\tb: 1",
        b"b: [1, 2, 3]\n" * (MAX_DOCUMENT // 10),
    ],
)
def test_manifests_that_cannot_be_read_are_told_of(manifest: bytes) -> None:
    before = time.process_time()
    places = places_in("a.yaml", b"finalizer: flyte-finalizer\n" + manifest + b"\n", NAMES)
    assert [(p.start, p.role, bool(p.doubt)) for p in places] == [(11, Role.TEXT, True)]
    assert time.process_time() - before < 20


@pytest.mark.parametrize("text", [b"- \n" * 400, b"-a\n\n\n" * 150, b"finalizers: [" * 50, b"#\n" * 300])
def test_what_stands_above_a_name_costs_little(text: bytes) -> None:
    before = time.process_time()
    places_in("a.md", b"finalizers:\n" + text + b"  - flyte-finalizer\n", NAMES)
    assert time.process_time() - before < 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("`flyte-finalizer`.", 1),
        ("my-flyte-finalizer flyte-finalizers flyte-finalizer/x x/flyte-finalizer flyte-finalizer.example", 0),
        ("flyte-finalizer. flyte-finalizer, (flyte-finalizer)", 3),
    ],
)
def test_a_longer_name_is_another_one(text: str, found: int) -> None:
    assert len(list(occurrences(text.encode(), "flyte-finalizer"))) == found


GO = (
    'package ship\n\nimport (\n\tcorev1 "k8s.io/api/core/v1"\n'
    '\t"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"\n)\n\n'
    'const finalizer = "flyte-finalizer"\n\n'
    "func hold(pod *corev1.Pod) {\n\tcontrollerutil.AddFinalizer(pod, finalizer)\n}\n"
)
FILES = {
    "go.mod": "module example.com/ship\n\nrequire sigs.k8s.io/controller-runtime v0.21.0\n",
    "ship.go": GO,
    "ship.yaml": "metadata:\n  finalizers: [flyte-finalizer]\n",
}


def test_the_command_line_changes_them_when_asked_to(make_repo: MakeRepo, run: Run) -> None:
    repo = make_repo(FILES)
    assert "flyte-finalizer" in (repo / "ship.yaml").read_text()
    told = run("patch", repo)
    assert "ship.yaml" not in told.out
    assert "ship.yaml:2:16" in told.err
    assert "say --companions to have it changed" in told.err
    assert "ship.yaml" in run("patch", repo, "--companions").out
    assert run("apply", repo, "--companions").code == 0
    assert (repo / "ship.yaml").read_text() == "metadata:\n  finalizers: [flyte.org/finalizer]\n"


def test_a_check_of_the_whole_tells_of_them_and_does_not_fail_for_them(make_repo: MakeRepo, run: Run) -> None:
    repo = make_repo(FILES)
    assert "ship.yaml:2:16" in run("check", repo).out
    assert run("apply", repo).code == 0
    done = run("check", repo)
    assert "ship.yaml:2:16" in done.out
    assert done.code == 0


def test_what_the_configuration_leaves_out_is_not_told_of(make_repo: MakeRepo, run: Run) -> None:
    repo = make_repo(FILES | {".gomigrate.toml": 'pack = "flyte"\nexclude = ["*.yaml"]\n'})
    done = run("patch", repo, "--companions")
    assert "ship.yaml" not in done.out + done.err
