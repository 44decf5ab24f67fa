"""The library, used as a program of somebody else would use it."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from conftest import MakeRepo

from gomigrate.api import UserError, check, migrate


@pytest.fixture
def sample(make_repo: MakeRepo, sample_dir: Path) -> Path:
    files: dict[str, str | bytes] = {
        p.relative_to(sample_dir).as_posix(): p.read_bytes() for p in sample_dir.rglob("*") if p.is_file()
    }
    return make_repo({**files, ".gomigrate.toml": 'pack = "flyte"\n'})


def command(*args: object) -> bytes:
    return subprocess.run([sys.executable, "-m", "gomigrate", *map(str, args)], capture_output=True, check=True).stdout


def test_a_program_gets_what_the_command_line_gets(sample: Path, tmp_path: Path) -> None:
    migration = migrate(sample, stage="prepare")
    assert migration.patch() == command("patch", sample, "--stage", "prepare")
    command("patch", sample, "--stage", "prepare", "--split", "module", "-o", tmp_path / "series")
    written = {p.name: p.read_bytes() for p in (tmp_path / "series").iterdir()}
    made = migration.series("module")
    # The letter holds the times of its run.
    assert made.pop("0000-cover-letter.md")[:2000] == written.pop("0000-cover-letter.md")[:2000]
    assert made == written


def test_findings_can_be_looked_at(sample: Path) -> None:
    migration = migrate(sample)
    assert {d.path for d in migration.plan.changed} <= set(migration.plan.changes)
    found, _ = check([sample])
    assert {d.where for d in migration.plan.changed} >= {d.where for d in found if d.fix}
    assert all(d.rule.id.startswith("GM") for d in found)


OPAQUE = """package p

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

func add(pod *corev1.Pod) { pod.Finalizers = append(pod.Finalizers, "flyte-finalizer") }
"""


def test_the_first_place_that_is_not_understood_is_the_one_that_is_named(make_repo: MakeRepo) -> None:
    reads = "".join(f"\nfunc f{i}(pod *corev1.Pod) {{ fmt.Println(pod.Finalizers[0]) }}\n" for i in range(40))
    repo = make_repo(
        {
            "go.mod": "module example.com/p\n\nrequire sigs.k8s.io/controller-runtime v0.16.3\n",
            "p.go": OPAQUE + reads,
            ".gomigrate.toml": 'pack = "flyte"\n',
        }
    )
    name = next(d for d in migrate(repo).plan.diagnostics if d.rule.name == "unqualified-name")
    assert name.left_because.startswith("p.go:11 looks at the finalizers")


def test_apply_writes_and_is_done(sample: Path) -> None:
    migration = migrate(sample)
    assert sorted(migration.apply()) == sorted(migration.plan.changes)
    assert migrate(sample).patch() == b""


def test_errors_are_of_one_class(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file or directory"):
        migrate(tmp_path / "none")
    with pytest.raises(UserError):
        migrate(tmp_path, pack="unheard-of")


def test_no_process_stays(sample: Path) -> None:
    def children() -> str:
        return subprocess.run(["ps", "-o", "pid=", "--ppid", str(os.getpid())], capture_output=True, text=True).stdout

    gc.collect()
    before = len(children().split())
    for _ in range(3):
        assert migrate(sample).report(".md")
    gc.collect()
    assert len(children().split()) == before


def test_a_program_with_threads_is_not_forked(sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        monkeypatch.setattr(os, "fork", lambda: pytest.fail("forked"))
        assert migrate(sample).patch()
    finally:
        stop.set()
        thread.join()


def test_a_configuration_that_changes_between_two_calls_is_read_again(tmp_path: Path) -> None:
    top = tmp_path / "ship"
    top.mkdir()
    (top / "go.mod").write_text("module example.com/ship\n\nrequire sigs.k8s.io/controller-runtime v0.21.0\n")
    (top / "ship.go").write_text(
        'package ship\n\nimport (\n\tcorev1 "k8s.io/api/core/v1"\n'
        '\t"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"\n)\n\nconst finalizer = "ship-mark"\n\n'
        "func hold(pod *corev1.Pod) {\n\tcontrollerutil.AddFinalizer(pod, finalizer)\n}\n"
    )
    assert not migrate(top).plan.changes
    assert check([top])[0]
    (top / ".gomigrate.toml").write_text('[names]\nship-mark = "ship.example.com/mark"\n[severities]\nGM001 = "off"\n')
    assert set(migrate(top).plan.changes) == {"ship.go"}
    assert not [d for d in check([top])[0] if d.rule.id == "GM001"]
