"""Which lines a suppression speaks for, and what `check` makes of it. For patches: scenarios/suppressed-*."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Run

from gomigrate.catalogue import HAND_WRITTEN_CALL, INLINE_FINALIZER_CODE, UNQUALIFIED_NAME
from gomigrate.go.syntax import SourceFile
from gomigrate.suppressions import Suppression, Suppressions

D = "//gomigrate:ignore GM004 why"


def parsed(text: str) -> tuple[Suppression, ...]:
    return Suppressions().of(SourceFile("a.go", text.encode()))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (f"package a\n\nvar x = 1 {D}\n", (3, 3)),
        (f"package a\n\n{D}\nvar x = 1\n", (4, 4)),
        (f"package a\n\n{D}\nfunc f() {{\n\tg()\n}}\n", (4, 6)),
        (f"package a\n\n// F does.\n//\n{D}\n// More.\nfunc F() {{\n}}\n", (7, 8)),
        (f"package a\n\nfunc f() {{\n\t{D}\n\tif x {{\n\t\tg()\n\t}}\n\tg()\n}}\n", (5, 7)),
        (f"package a\n\nfunc f() {{\n\tg()\n\t{D}\n\tx.y = g(\n\t\t1)\n}}\n", (6, 7)),
        (f"package a\n\nconst (\n\tA = 1\n\t{D}\n\tB = 2\n\tC = 3\n)\n", (6, 6)),
        (f"package a\n\nfunc f() {{\n\tswitch x {{\n\t{D}\n\tcase 1:\n\t\tg()\n\tcase 2:\n\t}}\n}}\n", (6, 7)),
        (f"package a\n\nvar x = []T{{\n\t{D}\n\t{{\n\t\tA: 1,\n\t}},\n\t{{}},\n}}\n", (5, 7)),
        (f"{D}\n\n// Package a is.\npackage a\n\nvar x = 1\n", (1, 7)),
        (f"package a\r\n\r\n{D}\r\nvar x = 1\r\n", (4, 4)),
        (f"\ufeffpackage a\n\n{D}\nvar x = 1\n", (4, 4)),
    ],
)
def test_lines(text: str, lines: tuple[int, int]) -> None:
    (found,) = parsed(text)
    assert (found.first, found.last) == lines
    assert (found.problem, found.reason, found.rules) == ("", "why", (INLINE_FINALIZER_CODE,))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"package a\n\n{D}\n\nvar x = 1\n", "stands above nothing"),
        (f"package a\n\nfunc f() {{\n\tg()\n\t{D}\n}}\n", "stands above nothing"),
        (f"package a\n\n{D}", "stands above nothing"),
        ("package a\n\nvar x = 1 //gomigrate:ignore\n", "names no rule"),
        ("package a\n\nvar x = 1 //gomigrate:ignore GM04 why\n", "names GM04, and there is no such rule"),
        ("package a\n\nvar x = 1 //gomigrate:ignore unqualifed-name why\n", "did you mean unqualified-name?"),
        ("package a\n\nvar x = 1 //gomigrate:ignore GM004,GM999 why\n", "GM999"),
        ("package a\n\nvar x = 1 //gomigrate:ignore GM004\n", "gives no reason"),
        ("package a\n\nvar x = 1 // gomigrate:ignore GM004 why\n", "has a blank after the slashes"),
        ("package a\n\nvar x = 1 ////gomigrate:ignore GM004 why\n", "begins with more than two slashes"),
    ],
)
def test_problems(text: str, problem: str) -> None:
    (found,) = parsed(text)
    assert problem in found.problem


@pytest.mark.parametrize(
    "text",
    [
        f'package a\n\nvar x = "{D}"\n',
        f"package a\n\nvar x = `\n{D}\n`\n",
        "package a\n\nvar x = 1 //gomigrate:ignored GM004 why\n",
        "package a\n\nvar x = 1 // see //gomigrate:ignore GM004 why\n",
        "package a\n\n/*\n//gomigrate:ignore GM004 why\n*/\nvar x = 1\n",
    ],
)
def test_what_is_none(text: str) -> None:
    assert parsed(text) == ()


def test_several_rules_and_the_code_family() -> None:
    (found,) = parsed("package a\n\nvar x = 1 //gomigrate:ignore gm001,hand-written-call two at once\n")
    assert found.rules == (UNQUALIFIED_NAME, HAND_WRITTEN_CALL)
    assert found.names(INLINE_FINALIZER_CODE) and found.names(UNQUALIFIED_NAME)
    (found,) = parsed("package a\n\nvar x = 1 //gomigrate:ignore GM001 one\n")
    assert not found.names(INLINE_FINALIZER_CODE)


SOURCE = """\
package a

const Finalizer = "flyte/array" //gomigrate:ignore GM001 an example

const Other = "flyte/array"
"""


@pytest.fixture
def module(tmp_path: Path) -> Path:
    (tmp_path / "go.mod").write_text("module example.com/m\n")
    (tmp_path / "a.go").write_text(SOURCE)
    return tmp_path


@pytest.mark.parametrize("path", [".", "a.go"])
def test_check(run: Run, module: Path, path: str) -> None:
    done = run("check", path)
    assert done.code == 1
    assert [line.split()[:3] for line in done.out.splitlines()] == [["a.go:5:7:", "GM001", "unqualified-name:"]]
    assert "1 finding suppressed by comments" in done.err
    (module / "a.go").write_text(SOURCE[: SOURCE.index("const Other")])
    assert run("check", path).code == 0
    log = json.loads(run("check", "--format", "sarif", path).out)
    assert [r["suppressions"][0]["kind"] for r in log["runs"][0]["results"]] == ["inSource"]
    assert run("check", "--format", "github", path).out == ""
    assert json.loads(run("check", "--format", "gitlab", path).out) == []


@pytest.mark.parametrize("path", [".", "a.go"])
def test_check_tells_of_unused_and_unknown_ones(run: Run, module: Path, path: str) -> None:
    (module / "a.go").write_text(
        "package a\n\nvar x = 1 //gomigrate:ignore GM001 why\n\nvar y = 2 //gomigrate:ignore GM01 why\n"
        "\n//gomigrate:ignore GM007 why\nfunc f() {}\n"
    )
    done = run("check", path)
    assert done.code == 1
    assert [line.split()[:2] for line in done.out.splitlines()] == [["a.go:3:11:", "GM014"], ["a.go:5:11:", "GM013"]]
