"""Baselines: what they hold, what `check` makes of them, and those that are broken or of another version."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from conftest import Run
from test_cli import refused

SOURCE = 'package a\n\nconst One = "flyte/array"\n\nvar names = []string{"flyte/array", "flyte/array"}\n'
BASELINE = "known.json"


@pytest.fixture
def module(tmp_path: Path) -> Path:
    (tmp_path / "go.mod").write_text("module example.com/m\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.go").write_text(SOURCE)
    (tmp_path / "sub" / "b.go").write_text('package sub\n\nconst Two = "flyte/array" //gomigrate:ignore GM001 why\n')
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    return tmp_path


@pytest.fixture
def written(run: Run, module: Path) -> Path:
    done = run("baseline", "write", BASELINE, "--pack", "flyte")
    assert (done.code, done.out) == (0, "")
    assert "3 findings in known.json" in done.err
    return module / BASELINE


def test_a_dash_is_standard_output(run: Run, module: Path, written: Path) -> None:
    done = run("baseline", "write", "-", "--pack", "flyte")
    assert (done.code, done.out) == (0, written.read_text())
    assert "3 findings in standard output" in done.err
    assert not (module / "-").exists()


def check(run: Run, *args: str) -> tuple[int, list[str], str]:
    done = run("check", "--pack", "flyte", "--baseline", BASELINE, *args)
    return done.code, done.out.splitlines(), done.err


@pytest.mark.parametrize("path", [".", "a.go"])
def test_known_findings_are_none(run: Run, written: Path, path: str) -> None:
    assert run("check", "--pack", "flyte", path).code == 1
    code, lines, said = check(run, path)
    assert (code, lines) == (0, [])
    assert "3 findings known by the baseline known.json" in said and "gone" not in said


def test_lines_may_move_and_new_findings_are_told(run: Run, module: Path, written: Path) -> None:
    before = written.read_bytes()
    moved = "// Words.\n\n" + SOURCE.replace("var names", "\n\nvar  names")
    (module / "a.go").write_text(moved)
    assert check(run)[:2] == (0, [])
    assert run("baseline", "write", BASELINE, "--pack", "flyte").code == 0
    assert written.read_bytes() == before
    (module / "a.go").write_text(moved.replace('"flyte/array"}', '"flyte/array", "flyte/array"}'))
    code, lines, _ = check(run)
    assert code == 1 and [line.split(":")[:2] for line in lines] == [["a.go", "9"]]


def test_findings_that_are_gone_are_told_where_one_looked(run: Run, module: Path, written: Path) -> None:
    (module / "a.go").write_text("package a\n")
    assert "3 findings of the baseline known.json gone: write it anew" in check(run)[2]
    assert "gone" in check(run, "a.go")[2]
    assert "gone" not in check(run, "sub")[2]
    assert "gone" not in check(run, "sub/b.go")[2]


def test_other_forms(run: Run, module: Path, written: Path) -> None:
    (module / "a.go").write_text(SOURCE + '\nconst New = "flyte/array"\n')
    assert check(run, "--format", "github")[1][0].startswith("::warning file=a.go,line=7,")
    report = json.loads("\n".join(check(run, "--format", "gitlab")[1]))
    assert [r["location"]["lines"]["begin"] for r in report] == [7]
    results = json.loads("\n".join(check(run, "--format", "sarif")[1]))["runs"][0]["results"]
    states = [(r["baselineState"], "suppressions" in r) for r in results]
    assert states == [("unchanged", False)] * 3 + [("new", False), ("new", True)]


def test_a_baseline_does_not_change_the_fingerprints_of_a_report(run: Run, module: Path, written: Path) -> None:
    everything = json.loads(run("check", "--pack", "flyte", "--format", "gitlab").out)
    (module / "a.go").write_text(SOURCE.replace('"}', '", "flyte/array"}'))
    new = json.loads("\n".join(check(run, "--format", "gitlab")[1]))
    assert len(new) == 1 and new[0]["fingerprint"] not in {r["fingerprint"] for r in everything}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ("is no baseline", "not JSON")),
        ("[]", ("is no baseline of gomigrate",)),
        ('{"findings": []}', ("is no baseline of gomigrate",)),
        ('{"gomigrate_baseline": 2, "fingerprints": 1, "findings": []}', ("version 2.1", "knows version 1.1")),
        ('{"gomigrate_baseline": 1, "fingerprints": "\\u001b[2J", "findings": []}', ("version 1.\\x1b[2J",)),
        ('{"gomigrate_baseline": 1, "fingerprints": 1, "findings": [{}]}', ("lacks its path or fingerprint",)),
        ('{"gomigrate_baseline": 1, "fingerprints": 1}', ("lacks its path or fingerprint",)),
        ("[" * 100_000, ("not JSON",)),
        ("\xff", ("not JSON",)),
    ],
)
def test_a_file_that_is_no_baseline(run: Run, module: Path, text: str, words: tuple[str, ...]) -> None:
    (module / BASELINE).write_bytes(text.encode("latin-1"))
    refused(run("check", "--baseline", BASELINE), BASELINE, *words, "gomigrate baseline write")


def test_a_baseline_that_is_not_there(run: Run, module: Path) -> None:
    done = run("check", "--baseline", "none.json")
    refused(done, "none.json", "cannot be read", "gomigrate baseline write none.json")


def test_a_baseline_never_overwrites_a_source(run: Run, module: Path) -> None:
    refused(run("baseline", "write", "a.go"), "a.go", "is a source file")
    assert (module / "a.go").read_text() == SOURCE
