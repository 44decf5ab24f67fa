"""The evaluator against the corpus of Go functions: each means what its directive says, whatever its names are."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
import shapes as corpus
from shapes import Shape
from tree_sitter import Node

from gomigrate.checkout import Checkout
from gomigrate.finalizer.objects import judge, type_of_free
from gomigrate.finalizer.operations import Meaning, Opaque, classify_function
from gomigrate.go.nodes import descend
from gomigrate.go.syntax import SourceFile
from gomigrate.go.types import Types
from gomigrate.go.workspace import Workspace

SHAPES = corpus.load()
OPERATIONS = [s for s in SHAPES if s.operation is not None]
OTHERS = [s for s in SHAPES if s.operation is None]
# Operations that are left opaque, each with the reason: doing less is safe, but never silent.
KNOWN_MISSES: dict[str, str] = {}


@cache
def types() -> Types:
    return Types(Workspace(Checkout(corpus.CORPUS)))


def declaration(shape: Shape) -> tuple[SourceFile, Node]:
    file = types().workspace.file(shape.path.relative_to(corpus.CORPUS).as_posix())
    assert file is not None, f"{shape.path} does not parse"
    return file, next(n for n in file.functions if n.start_point.row + 1 == shape.function.line)


def meaning(known: Types, file: SourceFile, node: Node) -> Meaning | Opaque:
    """What a function means to the rest of gomigrate: its objects must be Kubernetes objects, too."""
    found = classify_function(known, file, node, every_result=True)
    if isinstance(found, Meaning):
        for free in found.objects:
            verdict = judge(known, type_of_free(known, free))
            if verdict.level not in ("object", "meta"):
                return Opaque(verdict.text)
    return found


def described(found: Meaning | Opaque) -> str:
    """In the words of a directive."""
    if isinstance(found, Opaque):
        return "opaque"
    result = "" if found.result in ("value", "none") else f" -> {found.result}"
    differences = f" [{', '.join(sorted(found.difference_names))}]" if found.differences else ""
    return f"{'!' if found.negated else ''}{found.operation.value}{differences}{result}"


def wanted(shape: Shape) -> str:
    differences = f" [{', '.join(shape.differences)}]" if shape.differences else ""
    result = f" -> {shape.result}" if shape.result else ""
    return f"{'!' if shape.negated else ''}{shape.what}{differences}{result}"


@pytest.mark.parametrize("shape", OPERATIONS, ids=lambda s: s.id)
def test_an_operation_is_understood(shape: Shape) -> None:
    found = classify_function(types(), *declaration(shape), every_result=True)
    if shape.id in KNOWN_MISSES:
        assert isinstance(found, Opaque), "understood now: take it off the list of misses"
    else:
        assert described(found) == wanted(shape), found
        assert isinstance(found, Meaning)
        assert len(found.keys) == (0 if found.operation in corpus.KEYLESS else shape.key_count)


@pytest.mark.parametrize("shape", OTHERS, ids=lambda s: s.id)
def test_what_is_no_operation_is_never_taken_for_one(shape: Shape) -> None:
    found = meaning(types(), *declaration(shape))
    assert isinstance(found, Opaque), described(found)


def test_the_list_of_misses_names_functions_that_there_are() -> None:
    assert set(KNOWN_MISSES) <= {s.id for s in OPERATIONS}


PREDECLARED = {"_", "init", "main", "append", "cap", "copy", "len", "make", "new", "panic", "nil", "true", "false"}


def renamed(source: bytes, package: set[str]) -> bytes:
    """The file with every function, parameter and local renamed; fields, methods, types and packages keep theirs.

    `package` holds the names that its package declares.
    """
    file = SourceFile("x.go", source)
    declared = set(package)
    for node in descend(file.root, "parameter_declaration", "variadic_parameter_declaration", "var_spec", "const_spec"):
        declared |= {file.text(n) for n in node.children_by_field_name("name") if n.type == "identifier"}
    for node in descend(file.root, "short_var_declaration", "range_clause"):
        left = node.child_by_field_name("left")
        declared |= {file.text(n) for n in descend(left, "identifier")} if left is not None else set()
    keep = {i.name for i in file.imports} | PREDECLARED
    for node in reversed([n for n in descend(file.root, "identifier") if file.text(n) in declared - keep]):
        element = node.parent
        pair = element.parent if element is not None and element.type == "literal_element" else None
        key = pair.child_by_field_name("key") if pair is not None and pair.type == "keyed_element" else None
        literal = pair.parent.parent if pair is not None and pair.parent is not None else None
        of_map = literal is not None and next(iter(literal.named_children)).type == "map_type"
        if key is None or element is None or key.id != element.id or of_map:
            source = source[: node.start_byte] + b"q" + source[node.start_byte :]
    return source


def package_names(path: Path) -> set[str]:
    file = SourceFile(path.name, path.read_bytes())
    return {file.name_of(n) for n in file.functions if n.type == "function_declaration"} | set(file.values)


def test_names_do_not_matter(tmp_path: Path) -> None:
    for path in sorted(corpus.CORPUS.rglob("*")):
        if path.suffix in (".go", ".mod"):
            target = tmp_path / path.relative_to(corpus.CORPUS)
            target.parent.mkdir(parents=True, exist_ok=True)
            names = set().union(*map(package_names, path.parent.glob("*.go")))
            target.write_bytes(renamed(path.read_bytes(), names) if path.suffix == ".go" else path.read_bytes())
    known = Types(Workspace(Checkout(tmp_path)))
    for shape in SHAPES:
        file, node = declaration(shape)
        other = known.workspace.file(file.path)
        assert other is not None, f"{file.path} does not parse after renaming"
        twin = other.functions[file.functions.index(node)]
        assert re.fullmatch(rf"q?{re.escape(shape.name)}", other.name_of(twin))
        assert described(meaning(known, other, twin)) == described(meaning(types(), file, node)), shape.id
