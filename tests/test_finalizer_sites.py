"""What gomigrate finds in generated reconcile functions is what each place in them is known to be."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest
import shapes
from finalizer_sites import generate

from gomigrate import packs
from gomigrate.catalogue import HAND_WRITTEN_CALL, INLINE_FINALIZER_CODE
from gomigrate.model import Diagnostic, Plan
from gomigrate.pipeline import plan_checkout

SEED = 1
COUNT = 60
FILES = 6


class Made(NamedTuple):
    """A generated function: its lines (counted from 1), and what is to be found in it; ["some"]: that is not known.
    `objects` are the names of those that it is given, in the order in which its runN has them."""

    name: str
    first: int
    last: int
    found: list[str]
    key: str
    objects: list[str]
    source: str


def planned(folder: Path, source: str) -> Plan:
    (folder / "source.go").write_text(source, encoding="utf-8")
    (folder / "go.mod").write_bytes((shapes.CORPUS / "go.mod").read_bytes())
    return plan_checkout(folder, packs.load("operators"))


def made(source: str) -> list[Made]:
    functions = []
    for function in shapes.functions(source):
        directive = re.search(r"^// found: (.*)\n// key: (.*)\n// objects: (.*)$", function.comment, re.MULTILINE)
        if directive:
            found = [] if directive[1] == "nothing" else directive[1].split(", ")
            last = function.line + function.source.count("\n")
            more = directive[2], directive[3].split(), function.source
            functions.append(Made(function.name, function.line, last, found, *more))
    return functions


def changed_in(plan: Plan, function: Made) -> list[Diagnostic]:
    """What becomes a call of controllerutil in a function, in the order of the lines."""
    rules = (INLINE_FINALIZER_CODE, HAND_WRITTEN_CALL)
    inside = [d for d in plan.changed if d.rule in rules and function.first <= d.line <= function.last]
    return sorted(inside, key=lambda d: (d.line, d.column))


def object_of(found: Diagnostic) -> str:
    """The one object that the calls in the place of some code are given."""
    after = found.fix.after if found.fix is not None else ""
    (name,) = set(re.findall(r"controllerutil\.\w+\((\w+), ", after))
    return str(name)


def found_in(plan: Plan, function: Made) -> list[str]:
    return [f"{d.operation.value} {object_of(d)}" for d in changed_in(plan, function) if d.operation is not None]


def disagreements(plan: Plan, functions: list[Made]) -> list[str]:
    known = [f for f in functions if f.found != ["some"]]
    wrong = [(f, found_in(plan, f)) for f in known if found_in(plan, f) != f.found]
    return [f"{', '.join(f.found)}, but {', '.join(found)}:\n{f.source}" for f, found in wrong]


@pytest.mark.parametrize("seed", range(SEED, SEED + FILES))
def test_each_place_is_found_to_be_what_it_was_made_to_be(tmp_path: Path, seed: int) -> None:
    source = generate(seed, COUNT)
    functions = made(source)
    assert len(functions) == COUNT
    assert sum(len(f.found) for f in functions) > COUNT * 1.5
    wrong = disagreements(planned(tmp_path, source), functions)
    assert not wrong, "\n\n".join([f"{len(wrong)} disagreements", *wrong[:20]])


def test_the_same_seed_gives_the_same_text() -> None:
    assert generate(5, 50) == generate(5, 50) != generate(6, 50)
