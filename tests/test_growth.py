"""Twice the code is twice the work: what is done is counted, not timed, so that a busy machine changes nothing."""

from __future__ import annotations

import cProfile
import importlib.util
import pstats
import shutil
import weakref
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from properties import without_forks

from gomigrate import packs
from gomigrate.checkout import Checkout
from gomigrate.finalizer import operations
from gomigrate.finalizer.mapping import with_mapping
from gomigrate.go.types import Types
from gomigrate.go.workspace import Workspace
from gomigrate.pipeline import plan_checkout
from gomigrate.resources import data_dir

BENCH = Path(__file__).parent.parent / "bench"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, BENCH / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def calls_of_a_plan(top: Path, units: int) -> dict[str, int]:
    """How often each function, built-in ones too, is called to plan a checkout with so many finalizer sites."""
    writer = script("many_sites")
    sites = writer.write(top, units)
    names = {f"ship{n}-finalizer": f"example.com/ship{n}" for n in range((units - 1) // writer.IN_PACKAGE + 1)}
    pack = with_mapping(packs.load("operators"), names)
    operations._KNOWN.clear()
    profile = cProfile.Profile()
    plan: Any = profile.runcall(plan_checkout, top, pack)
    assert sum(not d.left_because for d in plan.diagnostics) >= sites
    stats: Any = pstats.Stats(profile)
    return {f"{Path(file).name}:{line} {name}": count for (file, line, name), (_, count, *_) in stats.stats.items()}


def test_no_step_grows_faster_than_the_number_of_sites(tmp_path: Path) -> None:
    # Two processes share the reading in another way each time.
    with without_forks():
        calls_of_a_plan(tmp_path / "warm", 2)
        few, many = (calls_of_a_plan(tmp_path / str(units), units) for units in (20, 40))
    assert sum(many.values()) < sum(few.values()) * 2.1
    # What grows with the square is called four times as often; what is rare even so costs nothing.
    steep = {f: (few.get(f, 0), n) for f, n in many.items() if n > 400 and n > few.get(f, 0) * 3}
    assert steep == {}


def test_the_same_shape_is_run_once_however_many_sites_have_it(tmp_path: Path, monkeypatch: Any) -> None:
    explored: list[Any] = []
    original = operations._explored
    monkeypatch.setattr(operations, "_explored", lambda code: explored.append(code) or original(code))
    counts = []
    for units in (4, 16):
        calls_of_a_plan(tmp_path / str(units), units)
        counts.append(len(explored))
        explored.clear()
    assert counts[0] == counts[1] > 0


def test_what_matters_to_nobody_is_read_and_not_parsed(tmp_path: Path, monkeypatch: Any) -> None:
    from gomigrate.go.syntax import SourceFile

    parsed: list[str] = []
    original = SourceFile.__init__

    def parse(self: SourceFile, path: str, *args: Any) -> None:
        parsed.append(path)
        original(self, path, *args)

    script("many_sites").write(tmp_path / "ships", 2)
    for number in range(50):
        (tmp_path / "ships" / f"other{number}.go").write_text(f"package ships\n\nfunc other{number}() {{}}\n")
    monkeypatch.setattr(SourceFile, "__init__", parse)
    plan_checkout(tmp_path / "ships", packs.load("operators"))
    assert len(Checkout(tmp_path / "ships").go_files) == 55
    assert not [p for p in parsed if p.startswith("other")]


_BUILT = """package ships

import corev1 "k8s.io/api/core/v1"

type Builder interface {
	Build() (*corev1.Pod, error)
}

type plain struct{}

func (plain) Build() (*corev1.Pod, error) { return &corev1.Pod{}, nil }
"""
_ADDS = """
func launch%d(b Builder) error {
	pod, err := b.Build()
	if err != nil {
		return err
	}
	pod.SetFinalizers(append(pod.GetFinalizers(), "flyte-finalizer"))
	return create(pod)
}
"""


def test_the_methods_of_an_interface_are_looked_for_once(tmp_path: Path, monkeypatch: Any) -> None:
    asked: list[Any] = []
    original = Checkout.declaring
    monkeypatch.setattr(Checkout, "declaring", lambda self, method: asked.append(method) or original(self, method))
    (tmp_path / "go.mod").write_text("module example.com/ships\n\nrequire sigs.k8s.io/controller-runtime v0.16.3\n")
    counts = []
    for sites in (1, 8):
        (tmp_path / "ships.go").write_text(_BUILT + "".join(_ADDS % number for number in range(sites)))
        plan = plan_checkout(tmp_path, packs.load("flyte"))
        assert sum(d.rule.name == "inline-finalizer-code" and not d.left_because for d in plan.diagnostics) == sites
        counts.append(len(asked))
        asked.clear()
    assert counts == [1, 1]


@pytest.mark.parametrize("around", ["SITES", "if len(pod.Name) > 0 {\nSITES}\n"])
def test_many_sites_in_one_function_take_no_more_than_their_number(around: str, tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.com/ships\n\nrequire sigs.k8s.io/controller-runtime v0.16.3\n")
    add = '\tpod.SetFinalizers(append(pod.GetFinalizers(), "flyte-finalizer"))\n'
    counts = []
    for sites in (100, 200):
        text = around.replace("SITES", add * sites)
        code = f'package ships\n\nimport corev1 "k8s.io/api/core/v1"\n\nfunc f(pod *corev1.Pod) {{\n{text}}}\n'
        (tmp_path / "ships.go").write_text(code)
        profile = cProfile.Profile()
        profile.runcall(plan_checkout, tmp_path, packs.load("flyte"))
        stats: Any = pstats.Stats(profile)
        calls: dict[str, int] = {}
        for (_, _, name), (_, count, *_) in stats.stats.items():
            calls[name] = calls.get(name, 0) + count
        counts.append(calls)
    few, many = counts
    for name in ("_fate", "called", "child_by_field_name", "spans", "_function"):
        assert many.get(name, 0) <= few.get(name, 0) * 2.5, name
    assert few["_fate"] > 0


_MARKS = """
func mark%d(pod *corev1.Pod) {
	pod.SetFinalizers(append(pod.GetFinalizers(), "flyte-finalizer"))
}

func hold%d(pod *corev1.Pod) {
	if !hasOther(pod.Finalizers, "flyte-finalizer") {
		mark%d(pod)
	}
}
"""
_HAS_OTHER = """
func hasOther(list []string, name string) bool {
	for _, item := range list {
		if item != name {
			return true
		}
	}
	return false
}
"""


def test_calls_under_a_guard_are_looked_up(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.com/ships\n\nrequire sigs.k8s.io/controller-runtime v0.16.3\n")
    counts = []
    for calls in (50, 100):
        marks = "".join(_MARKS % (number, number, number) for number in range(calls))
        code = f'package ships\n\nimport corev1 "k8s.io/api/core/v1"\n{_HAS_OTHER}{marks}'
        (tmp_path / "ships.go").write_text(code)
        profile = cProfile.Profile()
        plan = profile.runcall(plan_checkout, tmp_path, packs.load("flyte"))
        guarded = [d for d in plan.left if "hangs on a test of the finalizers that is none of the" in d.left_because]
        assert len(guarded) >= calls
        stats: Any = pstats.Stats(profile)
        counts.append(sum(count for (_, _, name), (_, count, *_) in stats.stats.items() if name == "is_inside_node"))
    assert counts[1] <= counts[0] * 2.5


@pytest.mark.parametrize(("elements", "understood"), ((2, True), (1001, False)))
def test_a_long_literal_is_left(elements: int, understood: bool, tmp_path: Path) -> None:
    names = ", ".join(["s"] * elements)
    (tmp_path / "go.mod").write_text("module example.com/ships\n")
    (tmp_path / "ships.go").write_text(
        f"package ships\n\nfunc holds(l []string, s string) bool {{\n\tfor _, x := range l {{\n"
        f"\t\tif x == []string{{{names}}}[0] {{\n\t\t\treturn true\n\t\t}}\n\t}}\n\treturn false\n}}\n"
    )
    types = Types(Workspace(Checkout(tmp_path)))
    file = types.workspace.file("ships.go")
    assert file is not None
    found = operations.classify_function(types, file, file.functions[0])
    assert isinstance(found, operations.Opaque) is not understood
    assert understood or "more than 1000 elements" in str(found)


def test_what_is_drawn_into_a_site_is_compared_by_place(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.com/ships\n\nrequire sigs.k8s.io/controller-runtime v0.16.3\n")
    counts = []
    for repeated in (100, 200):
        code = 'package ships\n\nimport corev1 "k8s.io/api/core/v1"\n\nfunc hold(pod *corev1.Pod) {\n'
        code += "\tfound := false\n" * repeated
        code += (
            '\tfor _, f := range pod.Finalizers {\n\t\tif f == "flyte-finalizer" {\n\t\t\tfound = true\n\t\t}\n\t}\n'
        )
        code += '\tif !found {\n\t\tpod.Finalizers = append(pod.Finalizers, "flyte-finalizer")\n\t}\n}\n'
        (tmp_path / "ships.go").write_text(code)
        profile = cProfile.Profile()
        profile.runcall(plan_checkout, tmp_path, packs.load("flyte"))
        counts.append(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]
    # Each of them is looked for among all uses of the variable, and no more than that.
    assert counts[1] < counts[0] * 4


@pytest.mark.parametrize(
    ("first", "line"),
    [
        (
            "marks := sets.NewString(pod.Finalizers...)",
            'marks.Insert("flyte-finalizer"); pod.Finalizers = marks.List()',
        ),
        ("names := other.Finalizers", "pod.Finalizers = append([]string{}, names...)"),
    ],
)
def test_what_stands_before_a_site_is_understood_once(first: str, line: str, tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.com/ships\n\nrequire sigs.k8s.io/controller-runtime v0.16.3\n")
    counts = []
    for repeated in (50, 100):
        code = 'package ships\n\nimport (\n\t"k8s.io/apimachinery/pkg/util/sets"\n\n\tcorev1 "k8s.io/api/core/v1"\n)\n'
        code += f"\nfunc hold(pod, other *corev1.Pod) {{\n\t{first}\n" + f"\t{line}\n" * repeated + "}\n"
        (tmp_path / "ships.go").write_text(code)
        profile = cProfile.Profile()
        profile.runcall(plan_checkout, tmp_path, packs.load("flyte"))
        stats: Any = pstats.Stats(profile)
        counts.append(sum(count for (_, _, name), (_, count, *_) in stats.stats.items() if name == "descend"))
    assert counts[1] < counts[0] * 2.5


def test_many_new_variables_in_one_function(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.com/ships\n\nrequire sigs.k8s.io/controller-runtime v0.16.3\n")
    code = 'package ships\n\nimport (\n\tcorev1 "k8s.io/api/core/v1"\n'
    code += '\t"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"\n)\n\n'
    code += "func free(pod *corev1.Pod) bool {\n"
    code += '\treturn controllerutil.RemoveFinalizer(pod, "flyte-finalizer")\n' * 120
    (tmp_path / "ships.go").write_text(code + "}\n")
    plan = plan_checkout(tmp_path, packs.load("flyte"))
    assert (plan.changes["ships.go"] or b"").count(b"emoved") > 120


_HAS = """package api

import "k8s.io/apimachinery/pkg/apis/meta/v1"

const Finalizer = "ship-finalizer"

func Has(o v1.Object) bool {
	for _, f := range o.GetFinalizers() {
		if f == Finalizer {
			return true
		}
	}
	return false
}
"""


def test_a_file_is_not_read_for_the_names_of_other_versions_of_its_module(tmp_path: Path, monkeypatch: Any) -> None:
    reads: list[str] = []
    original = Checkout.read

    def read(self: Checkout, path: str, keep: bool = True) -> bytes | None:
        reads.append(path)
        return original(self, path, keep)

    monkeypatch.setattr(Checkout, "read", read)
    head = 'package user\n\nimport (\n\t"example.com/ships/api"\n\t"k8s.io/apimachinery/pkg/apis/meta/v1"\n)\n'
    user = head + "\nfunc has{}(o v1.Object) bool {{\n\treturn api.Has(o)\n}}\n"
    counts = []
    for versions in (4, 8):
        for number in range(versions):
            top = tmp_path / str(versions) / f"ships@v1.{number}"
            (top / "user").mkdir(parents=True)
            (top / "go.mod").write_text("module example.com/ships\n")
            (top / "api").mkdir()
            (top / "api" / "api.go").write_text(_HAS)
            for file in range(20):
                (top / "user" / f"u{file}.go").write_text(user.format(file))
        with without_forks():
            plan = plan_checkout(tmp_path / str(versions), packs.load("operators"))
        assert len({d.path for d in plan.diagnostics}) == versions * 21
        counts.append(len(reads))
        reads.clear()
    assert counts[1] < counts[0] * 2.2


def test_files_that_are_only_asked_what_they_declare_are_let_go(tmp_path: Path, monkeypatch: Any) -> None:
    """A tree takes twenty times the bytes of its file."""
    from gomigrate.go.syntax import SourceFile

    for number in range(6):
        shutil.copytree(data_dir("sample"), tmp_path / str(number))
        for path in (tmp_path / str(number)).rglob("*.go"):
            # Files of the same bytes would share a tree.
            path.write_bytes(path.read_bytes() + b"\n// Copy %d.\n" % number)
    parsed: set[str] = set()
    alive: weakref.WeakSet[SourceFile] = weakref.WeakSet()
    most = 0
    original = SourceFile.__init__

    def parse(self: SourceFile, path: str, *args: Any) -> None:
        nonlocal most
        original(self, path, *args)
        parsed.add(path)
        alive.add(self)
        most = max(most, len(alive))

    monkeypatch.setattr(SourceFile, "__init__", parse)
    monkeypatch.setattr("gomigrate.go.workspace.MAX_RECENT", 1000)
    plan_checkout(tmp_path, packs.load("flyte"))
    # Of the sixteen of a copy twelve hold something that is kept.
    assert most < len(parsed) * 0.85
