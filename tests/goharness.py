"""Runs Go functions on sample lists with the Go toolchain, to have the truth that the evaluator is held against.

    run = run_in_go(CORPUS, [shape.target for shape in load()])
    for outcome in run.outcomes:
        ...  # outcome.target, outcome.sample: evaluate the same, and compare

or, for one file of any package but main that is not in the corpus (generated code, say):

    run = run_in_go(go_source, [Target(name="removeString"), Target(name="Has", receiver="*Widget")])

Every target is called on every sample that fits it: as many lists as it has lists and objects among its
parameters (the receiver counts), a deletion timestamp only where there is an object. All is one `go run`.

How parameters are filled:
- []string, a named type of that, or a pointer to one: the sample's next list;
- metav1.Object, client.Object, or any other interface with GetFinalizers that a Pod satisfies: a *corev1.Pod
  with the next list;
- a pointer to a struct with such methods, or the struct itself: one of those with the next list;
- string: the keys in turn, and when there are no more "a" and "b"; a variadic ...string: all keys;
- context.Context: the background; a receiver that is no object: its zero value, with the key in `field`.
A function with any other parameter, or without a list, is not called and stands in `Run.skipped`.

Lists hold the letters "k" (the key), "a" and "b". Where a key is a constant of the code, its value is put in
for the letter and turned back into the letter in the outcome; `{k}` and `{K}` inside of another name are that value,
and the same in capitals. With `spare`, the list has four strings of backing array behind its end, "!0" to "!3".
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

Strings = tuple[str, ...]
Deletion = Literal["unset", "zero", "set"]

MODULE = Path(__file__).parent / "shapes"
LETTERS = ("k", "a", "b")
SPARE = ("!0", "!1", "!2", "!3")
LONG: Strings = ("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "l", "k")
LONG_WITHOUT_KEY: Strings = (*LONG[:-1], "m")

_REGISTER = """\
package {package}

import (
	zzcorev1 "k8s.io/api/core/v1"

	zzharness "example.com/shapes/harness"
)

var _ zzcorev1.Pod

func init() {{
	zzharness.Register(
{targets}
	)
}}
"""
_MAIN = """\
package main

import (
	"example.com/shapes/harness"

{imports}
)

func main() {{ harness.Main() }}
"""


@dataclass(frozen=True)
class Target:
    """A function to call.

    folder          where its package is, relative to the module ("" when Go source is given as text)
    receiver        type of the receiver as written, `*Widget`
    type_arguments  what a generic function is instantiated with
    keys            for each key the Go expression of its value, or "" when it is a parameter or a field
    field           the field of a receiver that is no object which holds the key
    """

    folder: str = ""
    name: str = ""
    receiver: str = ""
    type_arguments: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    field: str = ""

    @property
    def expression(self) -> str:
        if self.receiver:
            return f"({self.receiver}).{self.name}"
        if self.type_arguments:
            return f"{self.name}[{', '.join(self.type_arguments)}]".replace("corev1.", "zzcorev1.")
        return self.name


@dataclass(frozen=True)
class Sample:
    """One call: a list for each list or object, all with or all without spare capacity behind them. With a `key`, that
    is the value of the first key; functions are called with it whose key is a parameter."""

    lists: tuple[Strings | None, ...]
    spare: bool = False
    deletion: Deletion = "unset"
    key: str | None = None


@dataclass(frozen=True)
class Value:
    """A result.

    kind    list    value: tuple of strings, or None for nil
            bool    value: bool
            int     value: int
            string  value: str
            error   value: its text, or None
            object  value: its finalizers afterwards (tuple or None); same: which list's object it is, -1: none
            other   value: None
    """

    kind: str
    value: Any
    same: int = -1


@dataclass(frozen=True)
class Outcome:
    """What one call did. All tuples but `results` have one entry for each list of the sample.

    results          empty after a panic
    of_object        the list is that of an object, and not a parameter itself
    after            the list afterwards, as the caller sees it: of the object, behind the pointer, or, for a
                     slice parameter, the caller's own slice (same length, perhaps other elements)
    backing_changed  an element of the caller's original backing array within the length is another one
    spare_changed    something was written behind the length
    other_changed    the object differs in something else than its finalizers
    panic            the panic's text
    """

    target: Target
    sample: Sample
    results: tuple[Value, ...]
    of_object: tuple[bool, ...]
    after: tuple[Strings | None, ...]
    backing_changed: tuple[bool, ...]
    spare_changed: tuple[bool, ...]
    other_changed: tuple[bool, ...]
    panic: str | None


@dataclass(frozen=True)
class Run:
    outcomes: tuple[Outcome, ...]
    skipped: dict[Target, str]


def samples() -> tuple[Sample, ...]:
    """The samples, the same for real Go and for the evaluator.

    One list: nil, all lists of up to four letters, a long one that ends with the key, and a long one without the
    key, each with and without spare capacity; the short ones also with a deletion timestamp that is zero and one
    that is set. Two lists: all pairs of nil, the lists of up to two letters, and the long one.
    """
    every: list[Strings | None] = [None, *_up_to(4), LONG, LONG_WITHOUT_KEY]
    short: list[Strings | None] = [None, *_up_to(2)]
    found = [Sample((one,), spare) for one in every for spare in (False, True) if not (spare and one is None)]
    deletions: tuple[Deletion, ...] = ("zero", "set")
    found += [Sample((one,), False, deletion) for one in short for deletion in deletions]
    found += [Sample(pair, spare) for pair in product([*short, LONG], repeat=2) for spare in (False, True)]
    return tuple(found)


def _up_to(length: int) -> Iterable[Strings]:
    for n in range(length + 1):
        yield from product(LETTERS, repeat=n)


def run_in_go(
    where: Path | str, targets: Sequence[Target], chosen: Sequence[Sample] | None = None, go: Path | str = "go"
) -> Run:
    """Calls the targets on the chosen samples, or on all of `samples()`.

    `where` is a folder that is a module like tests/shapes (same module path, with the harness package in it), or
    the text of one Go file. Nothing is written outside a temporary folder but Go's own build cache. Raises
    GoError with the toolchain's output when the code does not compile.
    """
    chosen = samples() if chosen is None else chosen
    with tempfile.TemporaryDirectory() as scratch:
        top = Path(scratch)
        if isinstance(where, Path):
            shutil.copytree(where, top, dirs_exist_ok=True)
        else:
            _lay_out(where, top)
        _write_program(top, targets)
        (top / "samples.json").write_text(json.dumps([_as_json(s) for s in chosen]), encoding="utf-8")
        _run([go, "run", "./zzmain", "samples.json", "outcomes.jsonl"], top)
        return _read(top / "outcomes.jsonl", targets, chosen)


class GoError(Exception):
    """The Go toolchain refused the code."""


def _lay_out(source: str, top: Path) -> None:
    for name in ("go.mod", "go.sum"):
        shutil.copy(MODULE / name, top / name)
    shutil.copytree(MODULE / "harness", top / "harness")
    (top / "source.go").write_text(source, encoding="utf-8")


def _write_program(top: Path, targets: Sequence[Target]) -> None:
    by_folder: dict[str, list[str]] = {}
    for number, target in enumerate(targets):
        keys = ", ".join(key or '""' for key in target.keys)
        by_folder.setdefault(target.folder, []).append(
            f"\t\tzzharness.Target{{ID: {number}, Func: {target.expression}, "
            f'Keys: []string{{{keys}}}, Field: "{target.field}"}},'
        )
    for folder, lines in by_folder.items():
        package = _package(top / folder)
        text = _REGISTER.format(package=package, targets="\n".join(lines))
        (top / folder / "zz_register.go").write_text(text, encoding="utf-8")
    imports = "\n".join(f'\t_ "example.com/shapes{"/" + folder if folder else ""}"' for folder in by_folder)
    (top / "zzmain").mkdir()
    (top / "zzmain" / "main.go").write_text(_MAIN.format(imports=imports), encoding="utf-8")


def _package(folder: Path) -> str:
    for path in sorted(folder.glob("*.go")):
        if match := re.search(r"^package (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            return match[1]
    raise GoError(f"no Go package in {folder.name}")


def _run(command: Sequence[Path | str], folder: Path) -> None:
    environment = {**os.environ, "GOWORK": "off", "GO111MODULE": "on"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=900)
    if done.returncode:
        raise GoError(done.stderr[-4000:])


def _as_json(sample: Sample) -> dict[str, object]:
    return {"lists": sample.lists, "spare": sample.spare, "deletion": sample.deletion, "key": sample.key}


def _read(path: Path, targets: Sequence[Target], chosen: Sequence[Sample]) -> Run:
    outcomes = []
    skipped = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            target = targets[entry["target"]]
            if "skipped" in entry:
                skipped[target] = entry["skipped"]
                continue
            outcomes.append(
                Outcome(
                    target=target,
                    sample=chosen[entry["sample"]],
                    results=tuple(Value(v["kind"], _frozen(v["value"]), v["same"]) for v in entry["results"]),
                    of_object=tuple(entry["of_object"]),
                    after=tuple(_frozen(one) for one in entry["after"]),
                    backing_changed=tuple(entry["backing_changed"]),
                    spare_changed=tuple(entry["spare_changed"]),
                    other_changed=tuple(entry["other_changed"]),
                    panic=entry["panic"],
                )
            )
    return Run(tuple(outcomes), skipped)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
