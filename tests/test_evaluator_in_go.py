"""The evaluator against real Go: what a function does on a sample, in the evaluator and when it is compiled and run.

Needs the Go toolchain and the modules of tests/shapes/go.mod. The functions are those of the corpus, and such as are
made up at random from the statements that the evaluator knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from goharness import LETTERS, MODULE, SPARE, Outcome, Run, Sample, Target, run_in_go, samples
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from shapes import CORPUS, Shape, functions, load, target_of
from tree_sitter import Node

from gomigrate.checkout import Checkout
from gomigrate.finalizer import operations
from gomigrate.finalizer.objects import judge
from gomigrate.finalizer.operations import Opaque, run_function
from gomigrate.finalizer.samples import Sample as Start
from gomigrate.go.evaluator.kinds import Kind, Kinds
from gomigrate.go.evaluator.values import Free
from gomigrate.go.nodes import named
from gomigrate.go.syntax import SourceFile
from gomigrate.go.types import Types
from gomigrate.go.workspace import Workspace

pytestmark = pytest.mark.go
T = TypeVar("T")

GENERATED = 150
_NO_LISTS = frozenset({"string", "T", "E", "context.Context"})
_CLASSES = (*range(16, 257, 16), *range(288, 513, 32), 576, 640, 704, 768, 896, 1024)


def grown(capacity: int, wanted: int) -> int:
    """The capacity that append gives to a list of strings (16 bytes each): runtime.growslice and its size classes."""
    if not wanted:
        return 0
    size = (wanted if wanted > 2 * capacity else 2 * capacity) * 16
    return next(c for c in _CLASSES if c >= size) // 16


class Function:
    """A function in the evaluator's view: its parameters, and which of them take a list of the sample."""

    def __init__(self, types: Types, file: SourceFile, node: Node, target: Target, keys: tuple[str, ...]) -> None:
        self.types, self.file, self.node, self.target, self.keys = types, file, node, target, keys
        self.strings: list[str] = []
        self.lists: list[int] = []
        kinds = Kinds(types)
        at = 0
        for part in ("receiver", "parameters"):
            declarations = node.child_by_field_name(part)
            for declaration in named(declarations) if declarations is not None else ():
                names = [file.text(n) for n in declaration.children_by_field_name("name") if n.type == "identifier"]
                kind = declaration.child_by_field_name("type")
                listed = kinds.of(file, kind) in (Kind.LIST, Kind.LIST_POINTER)
                plain = part == "receiver" and not listed and judge(types, types.written(file, kind)).level == "no"
                for name in names or ["_"]:
                    if declaration.type == "variadic_parameter_declaration":
                        self.strings.append(name)
                    elif kinds.of(file, kind) is Kind.STRING or file.text(kind) in _NO_LISTS:
                        self.strings += [name] if file.text(kind) != "context.Context" else []
                    elif not plain:
                        self.lists.append(at)
                    at += 1

    def key(self, free: Free) -> str:
        """The name that a string from outside is in Go's run: the letters in turn, and a word that is in no list."""
        text = self.file.text(free.node) if free.parent is None else f"{self.file.text(free.parent.node)}.{free.field}"
        if text in self.keys:
            return LETTERS[self.keys.index(text)]
        if text in self.strings:
            return LETTERS[self.strings.index(text) % len(LETTERS)]
        return f"other {free.id}"

    def outcomes(self, chosen: list[Sample]) -> list[operations.Outcome] | Opaque:
        starts = [Start(s.lists, s.deletion, len(SPARE) if s.spare else 0) for s in chosen]
        places = {parameter: place for place, parameter in enumerate(self.lists)}
        return run_function(self.types, self.file, self.node, starts, self.key, places, grown)


# What a function does on each sample.
Understood = dict[Target, tuple[Function, dict[Sample, operations.Outcome]]]


def differences(ours: operations.Outcome, go: Outcome, unordered: bool) -> Iterator[str]:
    if (ours.values is None) != (go.panic is not None):
        yield f"panics: {ours.values is None}, in Go: {go.panic}"
        return
    if not _same(ours.after, go.after, unordered):
        yield f"leaves {ours.after}, in Go {go.after}"
    expected = []
    for value in go.results:
        if value.kind == "object":
            expected.append(("object", value.same))
        elif value.kind == "error":
            expected.append(("error",) if value.value is None else ("error", value.value))
        else:
            expected.append(("list", value.value) if value.kind == "list" else value.value)
    if go.panic is None and not _same(ours.values, tuple(expected), unordered):
        yield f"gives {ours.values}, in Go {tuple(expected)}"


def _same(ours: object, go: object, unordered: bool) -> bool:
    if ours == "?" and isinstance(go, str):
        return True
    if isinstance(ours, tuple) and isinstance(go, tuple):
        if unordered:
            ours, go = sorted(ours, key=str), sorted(go, key=str)
        return len(ours) == len(go) and all(_same(a, b, unordered) for a, b in zip(ours, go, strict=True))
    return type(ours) is type(go) and ours == go


def evaluate(found: list[Function]) -> Understood:
    """What functions do here, without those that the evaluator leaves alone."""
    understood: Understood = {}
    for function in found:
        chosen = [s for s in samples() if len(s.lists) == len(function.lists)]
        ours = function.outcomes(chosen)
        if chosen and not isinstance(ours, Opaque):
            understood[function.target] = function, dict(zip(chosen, ours, strict=True))
    return understood


def compare(understood: Understood, run: Run) -> tuple[Counter[str], list[str]]:
    """Holds what functions do here against a run of them, and perhaps of others, in Go; how many functions, and samples
    of them, and every mismatch."""
    counts: Counter[str] = Counter()
    mismatches = []
    understood = {target: one for target, one in understood.items() if target not in run.skipped}
    counts["functions"] = len(understood)
    for outcome in run.outcomes:
        if outcome.target not in understood:
            continue
        function, expected = understood[outcome.target]
        unordered = "UnsortedList" in function.file.text(function.node)
        if outcome.sample not in expected:
            mismatches.append(f"{outcome.target.expression}: takes other lists in Go: {outcome.sample}")
            continue
        counts["samples"] += 1
        for text in differences(expected[outcome.sample], outcome, unordered):
            mismatches.append(f"{outcome.target.expression} {outcome.sample}: {text}")
    return counts, mismatches


def declaration(types: Types, path: str, line: int) -> tuple[SourceFile, Node]:
    file = types.workspace.file(path)
    assert file is not None, f"{path} does not parse"
    return file, next(n for n in file.functions if n.start_point.row + 1 == line)


def test_the_corpus_does_in_go_what_it_does_here(go: Path) -> None:
    types = Types(Workspace(Checkout(CORPUS)))

    def function(shape: Shape) -> Function:
        found = declaration(types, shape.path.relative_to(CORPUS).as_posix(), shape.function.line)
        return Function(types, *found, shape.target, shape.keys)

    understood = evaluate([function(shape) for shape in load()])
    counts, mismatches = compare(understood, run_in_go(CORPUS, list(understood), go=go))
    print(dict(counts))
    assert not mismatches, "\n".join([f"{len(mismatches)} mismatches", *mismatches[:40]])
    assert counts["functions"] > 200


# -- functions that are made up --------------------------------------------------------------------------------

# They compile, and need not mean anything. The first letter of a variable tells its type.
PRELUDE = """package p

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
)

var _ metav1.Object
var _ corev1.Pod
var _ = slices.Contains[[]string]
var _ sets.String

func has(list []string, s string) bool {
	for _, item := range list {
		if item == s {
			return true
		}
	}
	return false
}

func at(list []string, s string) (found int) {
	found = -1
	for i := range list {
		if list[i] == s {
			found = i
			break
		}
	}
	return
}

func without(list []string, s string) []string {
	var out []string
	for _, item := range list {
		if item != s {
			out = append(out, item)
		}
	}
	return out
}

func inPlace(list []string, keep func(string) bool) []string {
	kept := list[:0]
	for _, item := range list {
		if keep(item) {
			kept = append(kept, item)
		}
	}
	return kept
}

func put(list *[]string, s string) int {
	*list = append(*list, s)
	return len(*list) - 1
}

type names []string

func (n names) count(s string) (found int) {
	for range n {
		if has(n, s) {
			found++
		}
		n = n[1:]
	}
	return found
}

func (n *names) drop(s string) bool {
	before := len(*n)
	*n = without(*n, s)
	return len(*n) < before
}

func withPod(pod corev1.Pod, s string) []string {
	return append(pod.Finalizers, s)
}

func equalTo(s string) func(string) bool {
	return func(t string) bool { return t == s }
}

"""


class _Writer:
    """Writes one function. `names` holds what is declared where the next statement stands, by type."""

    def __init__(self, draw: Callable[[st.SearchStrategy[T]], T]) -> None:
        self._draw = draw
        self._count = 0
        self.names: dict[str, list[str]] = {
            "int": [],
            "bool": [],
            "string": [],
            "list": [],
            "pred": [],
            "step": [],
            "map": [],
            "union": [],
            "names": [],
        }
        self.labels: list[str] = []
        self.results: list[str] = []
        self.loops = 0
        self.object = ""

    def pick(self, *options: T) -> T:
        return self._draw(st.sampled_from(options))

    def often(self, of: int, wanted: int) -> bool:
        return self._draw(st.integers(1, of)) <= wanted

    def fresh(self, kind: str) -> str:
        self._count += 1
        name = f"{kind[0]}{self._count}"
        self.names[kind].append(name)
        return name

    # -- expressions ----------------------------------------------------------------------------------------

    def expression(self, kind: str, depth: int = 2) -> str:
        known = self.names[kind]
        if known and (depth <= 0 or self.often(5, 2)):
            return self.pick(*known)
        return getattr(self, f"_{kind}")(depth - 1)  # type: ignore[no-any-return]

    def _bool(self, depth: int) -> str:
        if depth < 0:
            return self.pick("true", "false")
        one, list_ = self.expression("string", depth), self.expression("list", depth)
        return self.pick(
            lambda: f"{self.expression('string', depth)} {self.pick('==', '!=')} {one}",
            lambda: f"{self._operand('int', depth)} {self.pick('==', '!=', '<', '>=')} {self._operand('int', depth)}",
            lambda: f"!{self._operand('bool', depth)}",
            lambda: f"({self.expression('bool', depth)} {self.pick('&&', '||')} {self.expression('bool', depth)})",
            lambda: f"has({list_}, {one})",
            lambda: f"slices.Contains({list_}, {one})",
            lambda: f"slices.ContainsFunc({list_}, {self.expression('pred', depth)})",
            lambda: f"slices.Equal({list_}, {self.expression('list', depth)})",
            lambda: f"{self._named_list()} == nil",
            lambda: f"sets.NewString({list_}...).Has({one})",
            lambda: f"{self._known('map', 'map[string]bool{}')}[{one}]",
            lambda: f"{self._known('union', 'sets.New[string]()')}.Has({one})",
            lambda: f"{self.pick(*self.names['names'])}.drop({one})" if self.names["names"] else f"has({list_}, {one})",
        )()

    def _known(self, kind: str, otherwise: str) -> str:
        return self.pick(*(self.names[kind] or [otherwise]))

    def _int(self, depth: int) -> str:
        if depth < 0:
            return self.pick("0", "1")
        return self.pick(
            lambda: f"len({self.expression('list', depth)})",
            # Of a literal this would be a constant, and Go refuses to compile a negative index.
            lambda: f"{self.pick(*self.names['int'], 'len(list)')} {self.pick('+', '-')} 1",
            lambda: f"slices.Index({self.expression('list', depth)}, {self.expression('string', depth)})",
            lambda: f"at({self.expression('list', depth)}, {self.expression('string', depth)})",
            lambda: f"copy({self.expression('list', depth)}, {self.expression('list', depth)})",
            lambda: f"{self._known('names', '(names{})')}.count({self.expression('string', depth)})",
            self._changing,
        )()

    def _changing(self) -> str:
        """A number from a call that changes a variable: Go may read others of the line before or after it."""
        if self.names["step"]:
            return f"{self.pick(*self.names['step'])}()"
        return f"put(&{self._named_list()}, s)" if self.often(3, 1) else f"len({self._named_list()})"

    def _string(self, depth: int) -> str:
        return f"{self._named_list()}[{self.expression('int', depth)}]"

    def _list(self, depth: int) -> str:
        if depth < 0:
            return self.pick("[]string{}", "[]string(nil)")
        base, one = self.expression("list", depth), self.expression("string", depth)
        options = [
            lambda: f"append({base}, {one})",
            lambda: f"append({base}, {one})",
            lambda: f"append({base}, {self.expression('list', depth)}...)",
            lambda: f"{self._named_list()}[{self.expression('int', 0)}:]",
            lambda: f"{self._named_list()}[:{self.expression('int', 0)}]",
            lambda: f"append({self._named_list()}[:{self._index()}], {self._named_list()}[{self._index()} + 1:]...)",
            lambda: f"without({base}, {one})",
            lambda: f"slices.Clone({base})",
            lambda: f"slices.DeleteFunc({base}, {self.expression('pred', depth)})",
            lambda: f"inPlace({base}, {self.expression('pred', depth)})",
            lambda: f"[]string{{{one}}}",
            lambda: f"make([]string, 0, len({base}))",
            lambda: f"sets.NewString({base}...).Insert({one}).List()",
        ]
        if self.names["union"]:
            options += [lambda: f"sets.List({self.pick(*self.names['union'])})"]
        if self.names["names"]:
            options += [lambda: self.pick(*self.names["names"])]
        if self.object:
            options += [lambda: f"{self.object}.GetFinalizers()"] * 4
        if self.object == "pod":
            options += [lambda: "pod.Finalizers", lambda: f"withPod(*pod, {one})"] * 2
        return self.pick(*options)()

    def _pred(self, depth: int) -> str:
        if self.often(4, 1):
            return f"equalTo({self.expression('string', 0)})"
        saved = {kind: list(names) for kind, names in self.names.items()}
        item = self.fresh("string")
        first = ""
        if self.names["bool"] and self.often(3, 1):
            flag = self.pick(*saved["bool"]) if saved["bool"] else ""
            first = f"{flag} = {self.expression('bool', 0)}; " if flag else ""
        other = self.pick(*(saved["string"] or [item]))
        text = f"func({item} string) bool {{ {first}return {item} {self.pick('==', '!=')} {other} }}"
        self.names = saved
        return text

    def _operand(self, kind: str, depth: int) -> str:
        text = self.expression(kind, depth)
        return f"({text})" if " " in text and not text.startswith("(") else text

    def _named_list(self) -> str:
        return self.pick(*self.names["list"])

    def _index(self) -> str:
        return self.pick(*(self.names["int"] or ["0"]))

    # -- statements -----------------------------------------------------------------------------------------

    def block(self, size: int, depth: int) -> list[str]:
        saved = {kind: list(names) for kind, names in self.names.items()}
        lines: list[str] = []
        for _ in range(self._draw(st.integers(1, size))):
            lines += self.statement(depth)
        self.names = saved
        return ["\t" + line for line in lines]

    def statement(self, depth: int) -> list[str]:
        options = [self._declare, self._declare, self._assign, self._assign, self._grow, self._element, self._step]
        if self.object:
            options += [self._write, self._write]
        if depth > 0:
            options += [self._if, self._if, self._range, self._range, self._count_loop, self._switch, self._shadow]
        if self.names["map"]:
            options += [
                lambda: [f"{self.pick(*self.names['map'])}[{self.expression('string')}] = {self.expression('bool')}"]
            ]
        if self.names["union"]:
            options += [self._change_union]
        if depth > 0:
            options += [self._closure]
        if self.labels:
            options += [
                lambda: [
                    f"if {self.expression('bool')} {{",
                    f"\t{self.pick('break', 'continue')} {self.labels[-1]}",
                    "}",
                ]
            ]
        if self.loops:
            options += [lambda: [f"if {self.expression('bool')} {{", f"\t{self.pick('break', 'continue')}", "}"]]
        options += [lambda: [f"if {self.expression('bool')} {{", f"\t{self.give_back()}", "}"]]
        self._depth = depth
        return self.pick(*options)()

    def _declare(self) -> list[str]:
        kind = self.pick("int", "bool", "string", "list", "list", "pred", "map", "union", "names")
        made = {"map": "map[string]bool{}", "union": f"sets.New({self._named_list()}...)"}
        if kind == "names":
            value = self.expression("list")
            name = self.fresh(kind)
            return [f"var {name} names = {value}", f"_ = {name}"]
        value = made[kind] if kind in made else self.expression(kind)
        name = self.fresh(kind)
        return [f"{name} := {value}", f"_ = {name}"]

    def _shadow(self) -> list[str]:
        name = self._named_list()
        value = self.expression("list")
        return ["{", f"\t{name} := {value}", f"\t_ = {name}", *self.block(2, self._depth - 1), "}"]

    def _assign(self) -> list[str]:
        kind = self.pick("int", "bool", "list", "list")
        known = self.names[kind]
        if not known:
            return self._declare()
        if len(known) > 1 and self.often(4, 1):
            one, other = self.pick(*known), self.pick(*known)
            return [f"{one}, {other} = {self.expression(kind)}, {self.expression(kind)}"]
        return [f"{self.pick(*known)} = {self.expression(kind)}"]

    def _grow(self) -> list[str]:
        name = self._named_list()
        return [f"{name} = append({name}, {self.expression('string')})"]

    def _element(self) -> list[str]:
        name, other = self._named_list(), self._named_list()
        i, j = self.expression("int", 1), self.expression("int", 0)
        if self.often(3, 1):
            return [f"{name}[{i}], {other}[{j}] = {other}[{j}], {name}[{i}]"]
        return [f"{name}[{i}] = {self.expression('string')}"]

    def _step(self) -> list[str]:
        if not self.names["int"]:
            return self._declare()
        return [self.pick(*self.names["int"]) + self.pick("++", "--", " += 1", " -= 1")]

    def _change_union(self) -> list[str]:
        union = self.pick(*self.names["union"])
        return [f"{union}.{self.pick('Insert', 'Delete')}({self.expression('string')})"]

    def _closure(self) -> list[str]:
        """A function that counts how often it was called, or does more."""
        saved, loops, labels, results = self.names, self.loops, self.labels, self.results
        self.names = {kind: list(names) for kind, names in saved.items()}
        self.loops, self.labels, self.results = 0, [], ["int"]
        body = self.block(2, self._depth - 1)
        last = f"\treturn {self.expression('int')}"
        self.names, self.loops, self.labels, self.results = saved, loops, labels, results
        name = self.fresh("step")
        return [f"{name} := func() int {{", *body, last, "}", f"_ = {name}"]

    def _write(self) -> list[str]:
        if self.object == "pod" and self.often(2, 1):
            if self.often(3, 1):
                return [f"pod.Finalizers[{self.expression('int', 1)}] = {self.expression('string')}"]
            return [f"pod.Finalizers = {self.expression('list')}"]
        return [f"{self.object}.SetFinalizers({self.expression('list')})"]

    def _if(self) -> list[str]:
        depth = self._depth - 1
        lines = [f"if {self.expression('bool')} {{", *self.block(2, depth)]
        if self.often(3, 1):
            lines += ["} else {", *self.block(2, depth)]
        return [*lines, "}"]

    def _range(self) -> list[str]:
        depth = self._depth - 1
        saved = {kind: list(names) for kind, names in self.names.items()}
        over = self.expression("list")
        i, item = self.fresh("int"), self.fresh("string")
        head, guard = [], []
        labels = self.labels
        if depth > 0 and self.often(3, 1):
            self._count += 1
            label = f"l{self._count}"
            self.labels = [*labels, label]
            head, guard = (
                [f"{label}:"],
                [f"\tif {item} == {self.expression('string', 1)} {{", f"\t\tcontinue {label}", "\t}"],
            )
        self.loops += 1
        body = self.block(3, depth)
        lines = [*head, f"for {i}, {item} := range {over} {{", f"\t_, _ = {i}, {item}", *guard, *body, "}"]
        self.loops -= 1
        self.labels = labels
        self.names = saved
        return lines

    def _count_loop(self) -> list[str]:
        depth = self._depth - 1
        saved = {kind: list(names) for kind, names in self.names.items()}
        over = self._named_list()
        i = self.fresh("int")
        head = self.pick(
            f"for {i} := 0; {i} < len({over}); {i}++ {{",
            f"for {i} := len({over}) - 1; {i} >= 0; {i}-- {{",
            f"for {i} := range {over} {{",
        )
        self.loops += 1
        lines = [head, f"\t_ = {i}", *self.block(3, depth), "}"]
        self.loops -= 1
        self.names = saved
        return lines

    def _switch(self) -> list[str]:
        depth = self._depth - 1
        loops, self.loops = self.loops, 0
        head = self.pick(f"switch {self.expression('string')} {{", "switch {")
        kind = "bool" if head == "switch {" else "string"
        lines = [head, f"case {self.expression(kind)}:", *self.block(2, depth)]
        if self.often(2, 1):
            lines += ["default:", *self.block(2, depth)]
        self.loops = loops
        return [*lines, "}"]

    def give_back(self) -> str:
        return "return " + ", ".join(self.expression(kind) for kind in self.results)


@st.composite
def go_functions(draw: Callable[[st.SearchStrategy[T]], T]) -> str:
    """One function, called generated."""
    writer = _Writer(draw)
    writer.results = writer.pick(["bool"], ["list"], ["list", "bool"], ["int"], ["bool", "list"], ["int", "bool"])
    writer.names["string"] = ["s"]
    writer.names["list"] = ["list"]
    first: list[str] = []
    if writer.often(2, 1):
        writer.object = writer.pick("o", "pod")
        parameters = f"{writer.object} {'metav1.Object' if writer.object == 'o' else '*corev1.Pod'}, s string"
        first = [f"\tlist := {writer.object}.GetFinalizers()", "\t_ = list"]
    else:
        parameters = "list []string, s string"
    results = ", ".join("[]string" if kind == "list" else kind for kind in writer.results)
    if writer.often(4, 1):
        given = [writer.fresh(kind) for kind in writer.results]
        results = ", ".join(
            f"{name} {'[]string' if name[0] == 'l' else {'i': 'int', 'b': 'bool'}[name[0]]}" for name in given
        )
    lines: list[str] = []
    for _ in range(writer._draw(st.integers(1, 5))):
        lines += writer.statement(2)
    return "\n".join(
        [
            f"func generated({parameters}) ({results}) {{",
            *first,
            *("\t" + x for x in lines),
            "\t" + writer.give_back(),
            "}\n",
        ]
    )


def test_generated_functions_do_in_go_what_they_do_here(go: Path, tmp_path: Path) -> None:
    written: list[str] = []

    @settings(
        max_examples=GENERATED,
        phases=[Phase.generate],
        database=None,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(go_functions())
    def write(body: str) -> None:
        written.append(body.replace("func generated(", f"func generated{len(written)}("))

    write()
    source = PRELUDE + "\n".join(written)
    (tmp_path / "source.go").write_text(source, encoding="utf-8")
    (tmp_path / "go.mod").write_bytes((MODULE / "go.mod").read_bytes())
    types = Types(Workspace(Checkout(tmp_path)))
    found = []
    for one in functions(source):
        if one.name.startswith("generated"):
            found.append(Function(types, *declaration(types, "source.go", one.line), target_of(one), ()))
    understood = evaluate(found)
    # Only these, since of them it is known that they end.
    counts, mismatches = compare(understood, run_in_go(source, list(understood), go=go))
    print(dict(counts))
    named_ones = {m.split(" ")[0] for m in mismatches}
    shown = [one.source for one in functions(source) if one.name in named_ones]
    assert not mismatches, "\n".join([f"{len(mismatches)} mismatches", *mismatches[:20], *shown[:4]])
    assert counts["functions"] * 3 > len(found), "most generated functions are left alone: they test nothing"
