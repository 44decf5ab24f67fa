"""Go code that leads back to itself, or to many places at each step, takes time by its size and ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from properties import bounded, without_forks

from gomigrate import packs
from gomigrate.finalizer.mapping import with_mapping
from gomigrate.pipeline import plan_checkout

MANY = 40
DEEP = 1200
GO_MOD = "module example.com/ships\n\nrequire sigs.k8s.io/controller-runtime v0.16.3\n"
HEAD = """package ships

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

const mark = "ship-finalizer"

"""


def function(body: str, parameters: str = "pod, other *corev1.Pod") -> str:
    return f"func f({parameters}) {{\n{body}}}\n"


def add(pod: str, name: str) -> str:
    return f"\tcontrollerutil.AddFinalizer({pod}, {name})\n"


def append(pod: str, name: str) -> str:
    return f"\t{pod}.SetFinalizers(append({pod}.GetFinalizers(), {name}))\n"


def chain(line: str, last: int, factor: int = 1) -> str:
    """The line for each number below `last`, with the number and the next one."""
    return "".join(line.replace("THIS", str(i)).replace("NEXT", str(i + 1)) * factor for i in range(last))


def embedding(kind: str, levels: int, width: int, line: str, last: str) -> str:
    """Types that embed all types of the next level each."""
    found = ""
    for level in range(levels):
        inner = "".join(line.replace("NEXT", f"{level + 1}_{n}") for n in range(width if level + 1 < levels else 1))
        found += "".join(f"type t{level}_{n} {kind} {{\n{inner}}}\n\n" for n in range(width if level else 1))
    return found + f"type t{levels}_0 {kind} {{\n{last}}}\n\n"


def branching(head: str, call: str, depth: int = 9) -> str:
    """Functions of which each calls the next one many times."""
    found = ""
    for number in range(depth):
        calls = f"\tif ok() {{\n\t\t{call.replace('NEXT', str(number + 1))}\n\t}}\n" * MANY
        found += f"{head.replace('THIS', str(number))} {{\n{calls}\t{call.replace('NEXT', str(number + 1))}\n}}\n\n"
    return found


BACK_AND_FORTH = "\ta = b\n\tb = a\n" * MANY
ALIASES = chain("\tpNEXT := pTHIS\n", DEEP)
CODE = {
    "a list among its own values": function(
        "\tvar marks []string\n"
        + "\tmarks = append(marks, mark)\n" * MANY
        + f"\tfor _, m := range marks {{\n\t{add('pod', 'm')}\t}}\n"
    ),
    "two names that are each other": function("\ta := mark\n\tb := a\n" + BACK_AND_FORTH + add("pod", "a")),
    "two objects that are each other": function(
        "\ta := &corev1.Pod{}\n\tb := a\n" + BACK_AND_FORTH + append("a", "mark")
    ),
    "a function that gives what it gives": "func name() string {\n"
    + "\tif ok() {\n\t\treturn name()\n\t}\n" * MANY
    + "\treturn mark\n}\n\n"
    + function(add("pod", "name()")),
    "functions that give what others give": branching("func nameTHIS() string", "return nameNEXT()")
    + "func name9() string { return mark }\n\n"
    + function(add("pod", "name0()")),
    "functions that make what others make": branching("func makeTHIS() *corev1.Pod", "return makeNEXT()")
    + "func make9() *corev1.Pod { return &corev1.Pod{} }\n\n"
    + function("\tmade := make0()\n" + append("made", "mark")),
    "constants of two others each": chain("const cTHIS = cNEXT + cNEXT\n", 30)
    + 'const c30 = ""\n\n'
    + function(add("pod", "c0 + mark")),
    "conditions of many others each": function(
        "\ta := pod.DeletionTimestamp == nil\n"
        + "".join(f"\t{new} := {' && '.join([old] * MANY)}\n" for old, new in zip("abcd", "bcde", strict=True))
        + f"\tif e {{\n\t{append('pod', 'mark')}\t}}\n"
    ),
    "a field that is set to itself": "type t struct{ a, b string }\n\n"
    + function("\tv.a = v.b\n\tv.b = v.a\n" * MANY + "\tv.a = mark\n" + add("pod", "v.a"), "pod *corev1.Pod, v t"),
    "an object of many names": function("\tp0 := pod.DeepCopy()\n" + ALIASES + append("p0", "mark")),
    "an object that is created by another name": function(
        "\tp0 := pod.DeepCopy()\n" + ALIASES + append("p0", "mark") + f"\tc.Create(context.TODO(), p{DEEP})\n",
        "c client.Client, pod *corev1.Pod",
    ),
    "helpers that call helpers": branching("func addTHIS(pod *corev1.Pod, name string)", "addNEXT(pod, name)")
    + f"func add9(pod *corev1.Pod, name string) {{\n{append('pod', 'name')}}}\n\n"
    + function("\tadd0(pod, mark)\n"),
    "helpers in a ring": branching("func addTHIS(pod *corev1.Pod, name string)", "addNEXT(pod, name)")
    + "func add9(pod *corev1.Pod, name string) { add0(pod, name) }\n\n"
    + function(append("pod", "mark") + "\tadd0(pod, mark)\n"),
    "types that embed two others each": chain("type aTHIS struct {\n\taNEXT\n\t*bNEXT\n}\n\n", 20)
    + chain("type bTHIS struct {\n\taNEXT\n\t*bNEXT\n}\n\n", 20)
    + "type a20 struct{ corev1.Pod }\n\ntype b20 struct{ corev1.Pod }\n\n"
    + function(append("pod", "mark"), "pod *a0"),
    "types of types": chain("type tTHIS tNEXT\n", 300)
    + "type t300 corev1.Pod\n\n"
    + function(append("pod", "mark"), "pod *t0"),
    "types that embed each other": "type a struct{ *b }\n\ntype b struct {\n\t*a\n\tn int\n}\n\n"
    + function(append("pod", "mark"), "pod *a"),
    "types that embed one other each": chain("type aTHIS struct{ *aNEXT }\n\n", DEEP)
    + f"type a{DEEP} struct{{ *corev1.Pod }}\n\n"
    + function(append("pod", "mark"), "pod *a0"),
    "interfaces that embed many others each": embedding("interface", 6, 30, "\ttNEXT\n", "\tclient.Object\n")
    + function(append("pod", "mark"), "pod t0_0"),
    "clients that embed many others each": embedding("struct", 6, 30, "\t*tNEXT\n", "\tclient.Client\n")
    + function(
        "\tmade := pod.DeepCopy()\n" + append("made", "mark") + "\tc.Create(context.TODO(), made)\n",
        "c *t0_0, pod *corev1.Pod",
    ),
    "a text of many others": f'const long = "{"x" * 100_000}"\n\n'
    + function(add("pod", f"strings.Join([]string{{{'long, ' * 5000}}}, long)")),
    "a format of many texts": f'const long = "{"x" * 100_000}"\n\n'
    + function(add("pod", f'fmt.Sprintf("{"%s" * 2000}"{", long" * 2000})')),
    "guards in guards": function("\tif len(pod.Finalizers) > 0 {\n" * MANY + append("pod", "mark") + "\t}\n" * MANY),
}


@pytest.mark.parametrize("code", CODE.values(), ids=CODE.keys())
@pytest.mark.parametrize("named", [True, False], ids=["flyte", "operators"])
def test_it_ends(code: str, named: bool, tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text(GO_MOD)
    (tmp_path / "ships.go").write_text((HEAD + code).replace("ship-finalizer", "flyte-finalizer" if named else "ship"))
    pack = packs.load("flyte") if named else with_mapping(packs.load("operators"), {"ship": "example.com/ship"})
    with without_forks(), bounded(3):
        plan = plan_checkout(tmp_path, pack)
    assert plan.diagnostics and not [n for n in plan.notes if n.path]


@pytest.mark.parametrize("code", ["a text of many others", "a format of many texts"])
def test_a_text_does_not_grow_without_end(code: str, tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text(GO_MOD)
    (tmp_path / "ships.go").write_text(HEAD + CODE[code])
    plan = plan_checkout(tmp_path, packs.load("operators"))
    assert [d for d in plan.diagnostics if "it can be too long" in str(d)]
