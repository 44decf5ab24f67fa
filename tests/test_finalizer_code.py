"""gomigrate's reading of generated Go functions is what each is known to mean, and none for a near miss."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import shapes
from finalizer_code import generate
from shapes import KEYLESS, Shape
from test_evaluator import described, meaning, wanted
from tree_sitter import Node

from gomigrate.checkout import Checkout
from gomigrate.finalizer.operations import Meaning
from gomigrate.go.syntax import SourceFile
from gomigrate.go.types import Types
from gomigrate.go.workspace import Workspace

SEED = 1
COUNT = 2400


def laid_out(folder: Path, source: str) -> Types:
    (folder / "source.go").write_text(source, encoding="utf-8")
    (folder / "go.mod").write_bytes((shapes.CORPUS / "go.mod").read_bytes())
    return Types(Workspace(Checkout(folder)))


def declaration(types: Types, shape: Shape) -> tuple[SourceFile, Node]:
    file = types.workspace.file("source.go")
    assert file is not None, "does not parse"
    return file, next(n for n in file.functions if n.start_point.row + 1 == shape.function.line)


def about(shape: Shape) -> str:
    """The object or list that the function is about, where that is not its first."""
    found = re.search(r"^// on: (\w+)$", shape.function.comment, re.MULTILINE)
    return found[1] if found else ""


def disagreements(types: Types, some: list[Shape]) -> list[str]:
    found = []
    for shape in some:
        file, node = declaration(types, shape)
        got = meaning(types, file, node)
        expected = "opaque" if shape.operation is None else wanted(shape)
        if shape.operation is not None and shape.what not in KEYLESS:
            expected += f", key {', '.join(shape.keys or shape.function.parameters[-1:])}"
        if about(shape):
            expected += f", on {about(shape)}"
        text = described(got)
        if isinstance(got, Meaning) and got.keys:
            text += f", key {', '.join(file.text(key.node) for key in got.keys)}"
        if isinstance(got, Meaning) and about(shape):
            text += f", on {', '.join(file.text(o.node) for o in got.objects)}"
        if text != expected:
            found.append(f"{expected}, but {text}:\n{shape.function.comment}{shape.source}")
    return found


def test_each_function_means_what_it_was_made_to_mean(tmp_path: Path) -> None:
    source = generate(SEED, COUNT)
    some = shapes.parse(source)
    counts = Counter("near miss" if s.operation is None else s.what for s in some)
    print(dict(counts))
    assert len(some) == COUNT
    assert counts["near miss"] > COUNT / 4
    assert {"Contains", "Add", "SetIfEmpty", "Remove", "HasAny", "Clear", "SameCount", "IsDeleting"} < set(counts)
    wrong = disagreements(laid_out(tmp_path, source), some)
    assert not wrong, "\n\n".join([f"{len(wrong)} disagreements", *wrong[:20]])


def test_the_same_seed_gives_the_same_text() -> None:
    assert generate(5, 50) == generate(5, 50) != generate(6, 50)
