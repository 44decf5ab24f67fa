"""What is known of a piece of code holds for the same code elsewhere, and for no other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_evaluator import SHAPES, declaration, types

from gomigrate.checkout import Checkout
from gomigrate.finalizer import operations
from gomigrate.finalizer.operations import Meaning, Opaque, classify_function
from gomigrate.finalizer.outcomes import HOST, compiled_function
from gomigrate.go.evaluator.compiler import Compiler
from gomigrate.go.evaluator.runtime import Runtime
from gomigrate.go.types import Types
from gomigrate.go.workspace import Workspace
from gomigrate.model import Operation

HAS = """package {package}

func Has(o metav1.Object, name string) bool {{
	for _, x := range o.GetFinalizers() {{
		if same(x, name) {{
			return true
		}}
	}}
	return false
}}

func same(a, b string) bool {{
	return {same}
}}
"""
ADD = """package {package}

const name = {constant}

{more}
func Add(o *metav1.ObjectMeta) {{
	o.Finalizers = append(o.Finalizers, name)
}}
"""


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    operations._KNOWN.clear()
    yield
    operations._KNOWN.clear()


@pytest.fixture
def explored(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The pieces of code that were run on all samples."""
    found: list[Any] = []
    original = operations._explored

    def explore(code: Any) -> Meaning | Opaque:
        found.append(code)
        return original(code)

    monkeypatch.setattr(operations, "_explored", explore)
    return found


def classified(top: Path, function: str, *sources: str) -> list[Meaning | Opaque]:
    """The meaning of a function in several packages, one after the other."""
    (top / "go.mod").write_text("module example.com/ships\n")
    imported = 'import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"\n'
    for number, source in enumerate(sources):
        (top / f"p{number}").mkdir()
        clause, _, rest = source.partition("\n")
        (top / f"p{number}" / "a.go").write_text(f"{clause}\n\n{imported}{rest}")
    known = Types(Workspace(Checkout(top)))
    found = []
    for number in range(len(sources)):
        file = known.workspace.file(f"p{number}/a.go")
        assert file is not None
        node = next(n for n in file.functions if file.name_of(n) == function)
        found.append(classify_function(known, file, node))
    return found


def test_the_same_code_is_run_once_however_often_it_is_there(tmp_path: Path, explored: list[Any]) -> None:
    sources = [HAS.format(package=f"p{i}", same="a == b") for i in range(5)]
    found = classified(tmp_path, "Has", *sources)
    assert len(explored) == 1
    for number, meaning in enumerate(found):
        assert isinstance(meaning, Meaning) and meaning.operation is Operation.CONTAINS
        names = [f.file.text(f.node) for f in (*meaning.keys, *meaning.objects)]
        assert names == ["name", "o"]
        # Keys, objects and functions are those of the code that was asked about.
        places = {f.file.path for f in (*meaning.keys, *meaning.objects)}
        assert places | {f.path for f, _ in meaning.functions.values()} == {f"p{number}/a.go"}


def test_other_words_for_the_same_are_the_same_code(tmp_path: Path, explored: list[Any]) -> None:
    sources = [HAS.format(package="p", same="a == b"), ADD.format(package="p", constant='"a.dev/one"', more="")]
    other = [
        sources[0].replace("same", "alike").replace("name", "wanted").replace("x", "each").replace("o ", "ship "),
        sources[1].replace("name", "other").replace("a.dev/one", "b.dev/two"),
    ]
    other[0] = other[0].replace("o.Get", "ship.Get").replace("o metav1", "ship metav1")
    for function, one, two in (("Has", sources[0], other[0]), ("Add", sources[1], other[1])):
        explored.clear()
        (tmp_path / function).mkdir()
        first, second = classified(tmp_path / function, function, one, two)
        assert isinstance(first, Meaning) and isinstance(second, Meaning), two
        assert first[:4] == second[:4] and len(explored) == 1


def test_a_function_that_is_called_belongs_to_the_code(tmp_path: Path) -> None:
    equal, other = (HAS.format(package="p", same=same) for same in ("a == b", "a != b"))
    first, second = classified(tmp_path, "Has", equal, other)
    assert isinstance(first, Meaning)
    assert isinstance(second, Opaque)


def test_a_name_with_another_value_is_another_name(tmp_path: Path) -> None:
    texts = ('"a.dev/one"', '"b.dev/two"')
    found = classified(tmp_path, "Add", *(ADD.format(package="p", constant=t, more="") for t in texts))
    assert [m.keys[0].constant for m in found if isinstance(m, Meaning)] == ["a.dev/one", "b.dev/two"]


@pytest.mark.parametrize(
    "own",
    [
        "func append(list []string, name string) []string {\n\treturn list\n}\n",
        "var append = func(list []string, name string) []string { return list }\n",
        "var (\n\tappend = func(list []string, name string) []string { return list }\n)\n",
        "var (\n\tappend func(list []string, name string) []string\n)\n",
        "var (\n\tother, append func(list []string, name string) []string\n)\n",
        "var (\n\tappend, other func(list []string, name string) []string\n)\n",
        "var other = 1; var append = func(list []string, name string) []string { return list }\n",
    ],
)
def test_a_predeclared_name_that_a_package_declares_anew_is_another_one(tmp_path: Path, own: str) -> None:
    plain, other = (ADD.format(package="p", constant='"a.dev/one"', more=more) for more in ("", own))
    first, second = classified(tmp_path, "Add", plain, other)
    assert isinstance(first, Meaning) and first.operation is Operation.ADD
    assert isinstance(second, Opaque)


def test_a_field_and_a_local_variable_declare_nothing_for_a_package(tmp_path: Path) -> None:
    own = """
type T struct {
	append int
	len, string []int
}

func f() {
	var append = 1
	for append = 0; append < 2; append++ {
	}
}
"""
    plain, other = (ADD.format(package="p", constant='"a.dev/one"', more=more) for more in ("", own))
    first, second = classified(tmp_path, "Add", plain, other)
    assert isinstance(first, Meaning) and isinstance(second, Meaning) and second[:4] == first[:4]


@pytest.mark.parametrize("line", ["var{}x", "{}x", "len{};", "var x = len, {}", "func({}"])
def test_a_long_line_takes_time_in_proportion(tmp_path: Path, line: str) -> None:
    # What takes time with the square of the blanks takes ten seconds and more for some of these.
    (tmp_path / "go.mod").write_text("module example.com/ships\n")
    (tmp_path / "a.go").write_text(f"package p\n\n{line.format(' ' * 60_000)}\n")
    started = time.process_time()
    Workspace(Checkout(tmp_path)).redeclared("")
    assert time.process_time() - started < 5


def told(found: Meaning | Opaque) -> tuple[Any, ...]:
    if isinstance(found, Opaque):
        return (found.reason, found.evaluated, found.larger)
    names = [[(f.id, f.file.path, f.node.start_byte, f.kind) for f in free] for free in (found.keys, found.objects)]
    return (*found[:4], *names, found.samples, set(found.functions))


def test_what_is_known_is_what_would_be_found_out() -> None:
    """On the whole corpus, whose functions look much alike."""
    hits = 0
    for _ in range(2):
        for shape in SHAPES:
            try:
                before = len(operations._KNOWN)
                known, fresh = (
                    explore(compiled_function(Compiler(types(), HOST, Runtime()), *declaration(shape)))
                    for explore in (operations._explore, operations._explored)
                )
            except operations.Unsupported:
                continue
            assert told(known) == told(fresh), shape.id
            hits += len(operations._KNOWN) == before
    assert hits > len(SHAPES) / 2
