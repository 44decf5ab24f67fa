"""What the parser takes and Go does not is no Go file here either."""

from __future__ import annotations

from pathlib import Path

import pytest
from properties import bounded
from test_outline import HEAD, workspace

from gomigrate.go.syntax import SourceFile
from gomigrate.go.validity import odd_character


@pytest.mark.parametrize(
    ("code", "odd"),
    [
        ("var café, größe, имя, x٣ = 1, 2, 3, 4\n", ""),
        ("var a = \"№ e\u0301\" + `\u00a0` // \u0301\n/* € */ var b = '\u0301'\n", ""),
        ("var a, e\u0301 = 1, 2\n", "\u0301"),
        ("var größe\u00a0= 1\n", "\u00a0"),
        ("var a = `№` // №\nvar b№ int // №\n", "№ int"),
        ("var Ⅷ = 8\n", "Ⅷ"),
    ],
)
@pytest.mark.parametrize("before", ["", "\ufeff"])
def test_characters_that_go_takes_in_comments_and_strings_only(
    code: str, odd: str, before: str, tmp_path: Path
) -> None:
    source = before + HEAD + code
    at = source.encode().index(odd.encode()) if odd else -1
    assert odd_character(source.encode()) == at
    found = workspace(tmp_path, source)
    assert (found.file("p.go") is None) is bool(odd)
    line = source[: source.index(odd)].count("\n") + 1
    assert [n.path.split(":")[:2] for n in found.checkout.notes] == ([["p.go", str(line)]] if odd else [])


def test_an_error_that_no_node_tells_is_one(tmp_path: Path) -> None:
    # A function whose first word has lost its end: the tree has an error, and no node of it is one.
    found = workspace(tmp_path, HEAD + "funA(t *T) {\n\tt.B()\n}\n")
    assert found.file("p.go") is None
    assert [n.text for n in found.checkout.notes] == ["has a syntax error; the file is skipped"]


@pytest.mark.parametrize("code", ["if true {\n}\n", "return\n", "a := 1\n", "f()\n", "{\n}\n", 'import "fmt"\n'])
def test_what_does_not_belong_outside_of_functions(code: str, tmp_path: Path) -> None:
    # The parser takes statements there. What stands above them may be a function without its end.
    found = workspace(tmp_path, HEAD + "func A() {}\n\n// Too late.\n" + code)
    assert found.function("", "", "A") is None and found.file("p.go") is None
    line = HEAD.count("\n") + 4
    assert [tuple(n) for n in found.checkout.notes] == [(f"p.go:{line}:1", "has a syntax error; the file is skipped")]


@pytest.mark.parametrize(
    ("code", "understood"),
    [
        ("return !(f\n(x) || y)", False),
        ("return !(x\n\t.y || z)", False),
        ("return !(x\n[0] || z)", False),
        ("return !(x\n\n\t[1:] == nil)", False),
        ("var a = x.\n(T)\nreturn a.\n\tb(\nx)", True),
        ("f()\n(g)()\n[]int{}[0]++\nvar s = `\n.x\n(y)`", True),
        ("/*\n(x) .y */\nvar m = map[string][]int{\n\t`a`: {\n[]int{1}[0]},\n}", True),
        ("g(\n(x),\n[]int{},\n)", True),
    ],
)
def test_what_begins_a_line_is_no_part_of_what_ends_there(code: str, understood: bool, tmp_path: Path) -> None:
    found = workspace(tmp_path, HEAD + f"func A() bool {{\n{code}\n}}\n")
    assert (found.file("p.go") is not None) is understood, found.checkout.notes


@pytest.mark.parametrize("code", ["\n" * 300_000, "\n" + " " * 300_000 + "\n", "\n \t" * 100_000])
def test_blanks_take_time_by_their_number(code: str) -> None:
    with bounded(2):
        assert SourceFile("p.go", (HEAD + code).encode()).first_error is None
