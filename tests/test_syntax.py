"""Go source as trees: what the grammar alone would not read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tree_sitter import QueryCursor

from gomigrate import packs
from gomigrate.checkout import Checkout
from gomigrate.finalizer import finding, flows
from gomigrate.go.nodes import arguments_of, descend, in_order
from gomigrate.go.syntax import SourceFile, captured_near, may_be_code
from gomigrate.go.types import Pointer, Types
from gomigrate.go.workspace import Workspace
from gomigrate.model import TextEdit

VALUES = b"""package p

import "time"

type T[K any] struct{ k K }

func f() (*time.Time, *[]string, *T[int], *map[string]int, *time.Time) {
\treturn new(time.Now()), new([]string), new(T[int]), new(map[string]int), new(time.Time)
}

var s, n, t = new("a new(b)" + "c"), new(1), new(*new(time.Now()))
"""


def test_new_takes_values_as_since_go_1_26() -> None:
    file = SourceFile("p.go", VALUES)
    assert not file.root.has_error
    calls = [file.text(n) for n in descend(file.root, "call_expression")]
    assert "new(time.Now())" in calls and 'new("a new(b)" + "c")' in calls and "new(map[string]int)" in calls
    assert file.types.keys() == {"T"}


def test_edits_keep_what_the_grammar_alone_would_not_read() -> None:
    file = SourceFile("p.go", VALUES)
    at = VALUES.index(b"time.Now()")
    changed = file.with_edits([TextEdit("p.go", at, at + len(b"time.Now()"), b"time.Unix(0, 0)")])
    assert not changed.root.has_error
    assert "new(time.Unix(0, 0))" in [changed.text(n) for n in descend(changed.root, "call_expression")]


@pytest.mark.parametrize("broken", [b"package p\n\nvar a = new(\n", b"package p\n\nfunc f() { new(g()) = }\n"])
def test_what_is_no_go_stays_so(broken: bytes) -> None:
    assert SourceFile("p.go", broken).root.has_error


OPEN = b"package p\n\nconst (\n\ta = 1\n\tb = 2\n)"


def test_a_last_line_need_not_end() -> None:
    file = SourceFile("p.go", OPEN)
    assert not file.root.has_error
    assert [file.text(n) for n in descend(file.root, "const_declaration")] == ["const (\n\ta = 1\n\tb = 2\n)"]
    ended = file.with_edits([TextEdit("p.go", len(OPEN), len(OPEN), b"\n\nconst c = 3\n")])
    assert not ended.root.has_error and list(ended.values) == ["a", "b", "c"]
    open_again = ended.with_edits([TextEdit("p.go", len(OPEN), len(ended.source), b"")])
    assert open_again.source == OPEN
    assert not open_again.root.has_error and list(open_again.values) == ["a", "b"]


SHADOWED = b"""package p

type pod struct{ name string }

func f(pod other) {
\t_ = new(pod)
}

func g() {
\t_ = new(pod)
}
"""


def types_of(folder: Path, source: bytes) -> Types:
    (folder / "go.mod").write_text("module example.com/p\n")
    (folder / "p.go").write_bytes(source)
    return Types(Workspace(Checkout(folder)))


def test_new_of_a_variable_is_no_type(tmp_path: Path) -> None:
    types = types_of(tmp_path, SHADOWED)
    file = types.workspace.file("p.go")
    assert file is not None
    of_variable, of_type = (types.of(file, call) for call in descend(file.root, "call_expression"))
    assert of_variable is None
    assert isinstance(of_type, Pointer)


PARAMETERS = b"""package p

type ship struct{}

func sail(s *ship, next func(*ship) (*ship, error)) (err error) {
\ts, err = next(s)
\ts, fresh := unknown(s)
\t{
\t\ts, inner := unknown(s)
\t\tuse(inner, s)
\t}
\tuse(fresh, s)
\treturn nil
}
"""


def test_a_parameter_that_gets_another_value_keeps_its_type(tmp_path: Path) -> None:
    types = types_of(tmp_path, PARAMETERS)
    file = types.workspace.file("p.go")
    assert file is not None
    inner, outer = (call for call in descend(file.root, "call_expression") if file.text(call).startswith("use("))
    assert str(types.of(file, arguments_of(outer)[1])) == "*p.ship"
    assert types.of(file, arguments_of(inner)[1]) is None


NEAR = 'package p\n\nimport . "Finalizer"\n\nvar v = o.Finalizers // Finalizer\n\ntype T struct{ Finalizers int }\n'


def everything() -> list[str]:
    """All Go code of the tests, and what stands where queries are seldom tried."""
    folder = Path(__file__).parent
    texts = [path.read_text() for path in sorted(folder.rglob("*.txtar"))]
    files = [text for archive in texts for text in re.split(r"(?m)^-- .* --\n", archive)[1:] if "package " in text]
    files += [path.read_text() for path in sorted((folder.parent / "fixtures").rglob("*.go"))]
    return [*files, NEAR, "\ufeff" + NEAR, NEAR.replace("\n", "\r\n"), NEAR.rstrip(), NEAR + "// Finalizer", ""]


def test_a_query_finds_the_same_where_only_what_holds_its_words_is_looked_at() -> None:
    base = packs.load("operators")
    queries = ((finding.candidates(base), finding._IN_QUERY), (flows._QUERY, flows._IN_QUERY))
    found = 0
    for text in everything():
        file = SourceFile("p.go", text.encode())
        for query, words in queries:
            whole = QueryCursor(query).captures(file.root)
            near = captured_near(query, file, words)
            assert {k: in_order(v) for k, v in near.items()} == {k: in_order(v) for k, v in whole.items()}
            found += sum(map(len, whole.values()))
    assert found > 1000


@pytest.mark.parametrize(
    "source",
    [
        "mark",
        "x := mark",
        "a.mark()",
        "/* begins\n// ends */ mark",
        "x := `begins\n// ends` + mark",
        "// mark\nx := mark",
        "émark",
        "url = mark // a comment",
    ],
)
def test_a_word_that_may_be_code(source: str) -> None:
    assert may_be_code(source.encode(), b"mark")


@pytest.mark.parametrize(
    "source", ["", "marks", "remark", "mark1 := _mark", "// mark", "x()\n\t// the mark, and mark\n"]
)
def test_a_word_that_is_no_code(source: str) -> None:
    assert not may_be_code(source.encode(), b"mark")
