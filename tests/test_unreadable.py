"""Files that cannot be understood: said in a note, never fatal, and nothing is done that they might speak against."""

from __future__ import annotations

import gc
import time
import weakref
from pathlib import Path

import pytest

from gomigrate import packs
from gomigrate.checkout import MAX_FILE
from gomigrate.go import workspace
from gomigrate.go.syntax import SourceFile
from gomigrate.go.trees import MAX_DEPTH
from gomigrate.model import Plan
from gomigrate.pipeline import Options, plan_checkout

MODULE = """module example.com/m

require (
\tk8s.io/api v0.28.2
\tsigs.k8s.io/controller-runtime v0.16.3
)
"""
SHIPS = """package ships

import corev1 "k8s.io/api/core/v1"

const finalizer = "flyte-finalizer"

func hold(ship *corev1.Pod) {
\tship.Finalizers = append(ship.Finalizers, finalizer)
}

func without(list []string, name string) (kept []string) {
\tfor _, one := range list {
\t\tif one != name {
\t\t\tkept = append(kept, one)
\t\t}
\t}
\treturn kept
}

func release(ship *corev1.Pod) {
\tship.Finalizers = without(ship.Finalizers, finalizer)
}
"""
RELEASES = "package ships\n\nfunc x(finalizers []string) []string {\n\treturn without(finalizers, NAME)\n}\n"


def plan(top: Path, files: dict[str, str | bytes], options: Options | None = None) -> Plan:
    for path, content in {"go.mod": MODULE, **files}.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(content.encode() if isinstance(content, str) else content)
    return plan_checkout(top, packs.load("flyte"), options or Options())


def stays(found: Plan) -> bool:
    """Whether name and helper are those that they were."""
    new = found.changes.get("ships/ships.go", SHIPS.encode()) or b""
    return b'const finalizer = "flyte-finalizer"' in new and b"func without(" in new


def deep(count: int) -> str:
    return "\nvar deep = " + "(" * count + "1" + ")" * count + "\n"


UNREADABLE = {
    "syntax error": "}\n",
    "NUL byte": "\0",
    "not valid UTF-8": b"\xff",
    "nested too deeply": deep(MAX_DEPTH),
    "larger than 8 MiB": "//" + "x" * MAX_FILE,
}


@pytest.mark.parametrize("reason", UNREADABLE)
@pytest.mark.parametrize("name", ["finalizer", '"flyte-finalizer"'])
def test_a_name_does_not_change_that_a_file_may_use_which_is_not_understood(
    reason: str, name: str, tmp_path: Path
) -> None:
    assert plan(tmp_path, {"ships/ships.go": SHIPS}).changes
    more = UNREADABLE[reason]
    text = RELEASES.replace("NAME", name).encode() + (more.encode() if isinstance(more, str) else more)
    found = plan(tmp_path, {"ships/more.go": text})
    assert stays(found)
    assert any(reason in note.text for note in found.notes)
    assert "ships/more.go could not be read and may use the name" in {d.left_because for d in found.left}


def test_a_link_may_use_what_its_package_declares(tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text(RELEASES.replace("NAME", '""'))
    (tmp_path / "ships").mkdir()
    (tmp_path / "ships" / "more.go").symlink_to("../more.txt")
    assert stays(plan(tmp_path, {"ships/ships.go": SHIPS}))


def test_a_method_stays_that_is_used_where_its_package_is_not_imported(tmp_path: Path) -> None:
    methods = """package api

import (
\tmetav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
\t"k8s.io/apimachinery/pkg/runtime"
)

const Finalizer = "flyte-finalizer"

type Ship struct {
\tmetav1.TypeMeta
\tmetav1.ObjectMeta
}

func (s *Ship) DeepCopyObject() runtime.Object { return s }

func (s *Ship) Held() bool {
\tfor _, f := range s.Finalizers {
\t\tif f == Finalizer {
\t\t\treturn true
\t\t}
\t}
\treturn false
}

func held(s *Ship) bool { return s.Held() }
"""
    files: dict[str, str | bytes] = {
        "api/api.go": methods,
        "fleet/fleet.go": 'package fleet\n\nimport "example.com/m/api"\n\nfunc New() *api.Ship { return nil }\n',
        "fleet/asks.go": "package fleet\n\nfunc asks() bool { return New().Held() }\n",
        "port/port.go": 'package port\n\nimport "example.com/m/fleet"\n\nvar held = fleet.New().Held()\n',
    }
    for gone in ((), ("fleet/asks.go",), ("port/port.go",)):
        rest = {path: text for path, text in files.items() if path not in gone}
        changed = plan(tmp_path / str(len(gone) and gone[0]), rest).changes
        assert b") Held() bool {" in (changed["api/api.go"] or b""), gone
    assert b") Held() bool {" not in (plan(tmp_path / "alone", {"api/api.go": methods}).changes["api/api.go"] or b"")


@pytest.mark.parametrize(
    "text", ["func f() {}\n", "import x\n", "", "// package x\n", "const a = 1\n\npackage ships\n"]
)
def test_a_file_that_does_not_begin_with_its_package_is_no_go(text: str, tmp_path: Path) -> None:
    found = plan(tmp_path, {"ships/ships.go": SHIPS, "ships/a.go": f"{text}// flyte-finalizer Finalizers\n"})
    assert [n.text for n in found.notes if n.path.startswith("ships/a.go")] == [
        "has a syntax error; the file is skipped"
    ]


@pytest.mark.parametrize(
    "head",
    [
        *("\ufeffpackage ", "/* package no\n*/ package ", "// package no\npackage/*no*/", "package\n"),
        "//x\r\n\r\npackage\t",
    ],
)
def test_the_name_of_a_package_however_it_is_written(head: str, tmp_path: Path) -> None:
    ship = SHIPS.replace('const finalizer = "flyte-finalizer"\n\n', "").replace("finalizer)", "marks.Key)")
    ship = ship.replace("import corev1", 'import "example.com/m/marks"\nimport corev1')
    marks = f'{head}marks\n\nconst Key = "flyte-finalizer"\n'
    found = plan(tmp_path, {"ships/ships.go": ship, "marks/marks.go": marks})
    assert b"marks.LegacyKey" in (found.changes["ships/ships.go"] or b"")


def test_a_package_whose_name_cannot_be_read_is_not_used(tmp_path: Path) -> None:
    ships = SHIPS.replace('const finalizer = "flyte-finalizer"\n\n', "").replace("finalizer)", "finalizer())")
    outside = 'package ships_test\n\nimport "testing"\n\nfunc TestHold(t *testing.T) {\n\tt.Log("flyte-finalizer")\n}\n'
    broken = "package \n= ships\n"
    found = plan(tmp_path, {"ships/ships.go": ships.replace("package ships\n", broken), "ships/ships_test.go": outside})
    assert not found.changes


def test_depth_is_that_of_the_deepest_node() -> None:
    assert not SourceFile("x.go", b"package x\n" + deep(MAX_DEPTH - 10).encode()).is_too_deep
    assert SourceFile("x.go", b"package x\n" + deep(MAX_DEPTH + 1).encode()).is_too_deep
    wide = b"package x\n\nvar wide = []int{" + b"1, " * 10_000 + b"}\n"
    assert not SourceFile("x.go", wide).is_too_deep
    chain = b"package x\n\nvar chain = 1" + b" + 1" * 2 * MAX_DEPTH + b"\n"
    assert SourceFile("x.go", chain).is_too_deep


def test_a_quote_without_its_end_ends_the_search(tmp_path: Path) -> None:
    started = time.monotonic()
    plan(tmp_path, {"ships/ships.go": SHIPS, "ships/cut.go": 'package ships\n\nimport "example.com/m/x'})
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("line", ["a, " * 200_000, "a" * 400_000, "nil, " * 200_000, "a." * 200_000, "(" * 200])
def test_a_long_line_takes_no_longer_than_many_short_ones(line: str, tmp_path: Path) -> None:
    started = time.process_time()
    plan(
        tmp_path, {"ships/ships.go": SHIPS, "ships/long.go": f"package ships\n\nvar (\n\tx = {line}\n)\n// inalizer\n"}
    )
    assert time.process_time() - started < 5


ADDS = "\tship.Finalizers = append(ship.Finalizers, finalizer)\n"
IGNORE = "\t//gomigrate:ignore x y\n"
MANY = {
    "places": lambda n: SHIPS + "\nfunc more(ship *corev1.Pod) {\n" + ADDS * n + "}\n",
    "functions": lambda n: SHIPS + "".join(f"\nfunc more{i}(ship *corev1.Pod) {{\n{ADDS}}}\n" for i in range(n)),
    "comments": lambda n: SHIPS + "\nfunc x(ship *corev1.Pod) {\n" + (IGNORE + ADDS) * n + "}\n",
    "calls": lambda n: SHIPS + "\nfunc more(ship *corev1.Pod) {\n" + "\thold(ship)\n" * n + "}\n",
    "names": lambda n: SHIPS + "\nfunc more() {\n" + '\tlog("flyte-finalizer")\n' * n + "}\n",
    "else": lambda n: SHIPS + "\nfunc more(x bool) {\n\tif x {\n\t}" + " else if x {\n\t}" * n + "\n}\n",
}


@pytest.mark.parametrize("kind", MANY)
def test_a_file_of_any_size_takes_seconds(kind: str, tmp_path: Path) -> None:
    started = time.process_time()
    found = plan(tmp_path, {"ships/ships.go": MANY[kind](5000)})
    assert time.process_time() - started < 10
    # What calls a function that is migrated itself needs no look.
    assert (b"flyte.org/finalizer" in b"".join(d or b"" for d in found.changes.values())) is (kind == "calls")


def test_what_was_read_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[weakref.ref[workspace.Workspace]] = []

    class Seen(workspace.Workspace):
        def __init__(self, *args: object) -> None:
            super().__init__(*args)  # type: ignore[arg-type]
            made.append(weakref.ref(self))

    monkeypatch.setattr(workspace, "Workspace", Seen)
    for _ in range(4):
        plan(tmp_path, {"ships/ships.go": SHIPS})
    gc.collect()
    assert len(made) == 4
    assert sum(one() is not None for one in made) <= 1


def test_the_legacy_name_keeps_apart_from_a_comment_below(tmp_path: Path) -> None:
    text = SHIPS.replace('"flyte-finalizer"\n', '"flyte-finalizer"\n// Of the fleet.\n')
    new = plan(tmp_path, {"ships/ships.go": text}).changes["ships/ships.go"] or b""
    assert b'const legacyFinalizer = "flyte-finalizer"\n\n// Of the fleet.\n' in new


def test_lines_end_as_most_of_the_file_do(tmp_path: Path) -> None:
    aligned = 'const (\n\tfinalizer = "flyte-finalizer" // ours\n\tother     = "x"               // theirs\n)\n'
    text = SHIPS.replace('const finalizer = "flyte-finalizer"\n', aligned)
    crlf = plan(tmp_path / "crlf", {"ships/ships.go": text.replace("\n", "\r\n")}).changes["ships/ships.go"] or b""
    assert crlf.count(b"\n") == crlf.count(b"\r\n")
    mixed = plan(tmp_path / "mixed", {"ships/ships.go": text.replace("\n", "\r\n", 1)}).changes["ships/ships.go"] or b""
    assert mixed.count(b"\r") == 1


@pytest.mark.parametrize("end", ["\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_what_only_python_takes_for_the_end_of_a_line_stays_in_a_text(end: str, tmp_path: Path) -> None:
    text = SHIPS.replace("append(ship.Finalizers, finalizer)", f'append(ship.Finalizers, "a.b/c{end}d")')
    new = plan(tmp_path, {"ships/ships.go": text}).changes["ships/ships.go"] or b""
    assert f'controllerutil.AddFinalizer(ship, "a.b/c{end}d")\n'.encode() in new


@pytest.mark.parametrize(
    ("odd", "plain"),
    [("a\rb", "ab"), ("a\r\rb\r", "ab"), ("a\ufeffb", "ab"), ("a*\r/b", "a* /b"), ("a*\ufeff/b", "a* /b")],
)
def test_a_comment_that_goes_to_a_new_file_is_as_gofmt_wants_it(odd: str, plain: str, tmp_path: Path) -> None:
    ships = SHIPS.replace("finalizer)", "Finalizer)").replace("const f", f"/* Of {odd} ships. */\nconst F")
    names = f"/* Of the {odd} fleet. */\n\npackage names\n"
    options = Options(constant_package="names")
    new = plan(tmp_path, {"ships/ships.go": ships, "names/names.go": names}, options).changes["names/finalizer.go"]
    assert new is not None and new.startswith(f"/* Of the {plain} fleet. */\n\npackage names\n".encode())
    assert f"\t/* Of {plain} ships. */\n\tFinalizer = ".encode() in new


def test_imports_that_go_together_take_their_group_along(tmp_path: Path) -> None:
    helper = """package ships

import (
\tcorev1 "k8s.io/api/core/v1"
\tmetav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func held(ship *corev1.Pod, _ metav1.Time) bool {
\treturn len(ship.Finalizers) > 0
}

func other() {}
"""
    more = "\nfunc Held(ship *corev1.Pod) bool {\n\treturn held(ship, ship.CreationTimestamp)\n}\n"
    found = plan(tmp_path, {"ships/ships.go": SHIPS + more, "ships/held.go": helper})
    assert found.changes["ships/held.go"] == b"package ships\n\nfunc other() {}\n"


@pytest.mark.parametrize(
    ("group", "kept"),
    [
        ('( "fmt"; corev1 "k8s.io/api/core/v1" )', '( "fmt";  )'),
        ('( corev1 "k8s.io/api/core/v1"; "fmt" )', '( "fmt" )'),
        ('( "fmt"\n\tcorev1 "k8s.io/api/core/v1" )', '( "fmt"\n\t )'),
    ],
)
def test_an_import_that_shares_its_line_goes_alone(group: str, kept: str, tmp_path: Path) -> None:
    helper = f"""package ships

import {group}

func held(ship *corev1.Pod) bool {{ return len(ship.Finalizers) > 0 }}

func other() {{ fmt.Println() }}
"""
    more = "\nfunc Held(ship *corev1.Pod) bool {\n\treturn held(ship)\n}\n"
    new = plan(tmp_path, {"ships/ships.go": SHIPS + more, "ships/held.go": helper}).changes["ships/held.go"] or b""
    assert f"import {kept}\n".encode() in new


@pytest.mark.parametrize(
    ("group", "grown"),
    [
        ('(\n\tcorev1 "k8s.io/api/core/v1")', '(\n\tcorev1 "k8s.io/api/core/v1"\n\tNEW)'),
        ('( corev1 "k8s.io/api/core/v1"; _ "a.b/c" )', '( corev1 "k8s.io/api/core/v1"; _ "a.b/c"\n\tNEW )'),
        ('(_ "z.io/a"\n\tcorev1 "k8s.io/api/core/v1"\n)', '(NEW\n\t_ "z.io/a"\n\tcorev1 "k8s.io/api/core/v1"\n)'),
    ],
)
def test_an_import_gets_into_a_group_that_shares_its_line(group: str, grown: str, tmp_path: Path) -> None:
    text = SHIPS.replace('corev1 "k8s.io/api/core/v1"', group)
    new = plan(tmp_path, {"ships/ships.go": text}).changes["ships/ships.go"] or b""
    util = '"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"'
    assert f"import {grown.replace('NEW', util)}\n".encode() in new


def test_a_comment_on_the_line_of_what_stays_stays(tmp_path: Path) -> None:
    ships = SHIPS.replace("finalizer)", "Finalizer)").replace('const finalizer = "flyte-finalizer"\n', "")
    files: dict[str, str | bytes] = {
        "ships/ships.go": ships,
        "ships/names.go": 'package ships\n\nvar X = 1 // Of ships.\n\nconst Finalizer = "flyte-finalizer"\n',
        "names/names.go": "package names\n",
    }
    found = plan(tmp_path, files, Options(constant_package="names"))
    assert found.changes["ships/names.go"] == b"package ships\n\nvar X = 1 // Of ships.\n"


def test_what_goes_leaves_a_blank_line_where_it_stood_between(tmp_path: Path) -> None:
    text = SHIPS.replace("\nfunc without", "func without").replace("\nfunc release", "\n// Of ships.\nfunc release")
    new = plan(tmp_path, {"ships/ships.go": text}).changes["ships/ships.go"] or b""
    assert b"}\n\n// Of ships.\nfunc release" in new


def test_a_method_that_is_declared_twice_has_no_meaning(tmp_path: Path) -> None:
    twice = SHIPS + SHIPS[SHIPS.index("\nfunc without") : SHIPS.index("\nfunc release")]
    found = plan(tmp_path, {"ships/ships.go": twice})
    assert found.changes.get("ships/ships.go") is None or not plan(tmp_path, dict(found.changes)).changes  # type: ignore[arg-type]
