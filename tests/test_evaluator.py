"""The evaluator against the corpus of Go functions: each means what its directive says, whatever its names are."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
import shapes as corpus
from shapes import Shape

from gomigrate.checkout import Checkout
from gomigrate.finalizer.objects import judge, type_of_free
from gomigrate.finalizer.operations import Meaning, Opaque, classify_function
from gomigrate.go.syntax import SourceFile, descend
from gomigrate.go.types import Types
from gomigrate.go.workspace import Workspace

SHAPES = corpus.load()
# Operations that are left opaque, and why: doing less is safe, and each of these is rare in the wild.
KNOWN_MISSES = {
    "a variadic parameter": (
        "generics/generics:Union",
        "lists/add:addStrings",
        "lists/add:pushStrings",
        "lists/contains:containsOneOf",
        "lists/contains:containsAllOf",
        "lists/remove:removeStrings",
        "lists/remove:removeOneByOne",
        "lists/remove:removeWithNestedLabels",
        "sets/sets:setHasAny",
        "sets/sets:setHasAll",
    ),
    "two lists without objects": (
        "lists/empty:sameLength",
        "lists/empty:lengthsDiffer",
        "lists/empty:sameLengthByWalking",
        "lists/empty:neitherLonger",
    ),
    "a pointer to a list, or a list type with methods": (
        "generics/generics:Reject",
        "lists/add:addTo",
        "lists/named:(Names).Has",
        "lists/named:(Names).With",
        "lists/named:(Names).Without",
        "lists/named:(*Names).Drop",
        "lists/named:(*Names).Put",
        "lists/named:(Names).Empty",
        "lists/remove:removeFrom",
        "lists/remove:popFrom",
        "objects/writes:appendThroughPointer",
    ),
    "gives back an index that is not the first, an error or the object": (
        "lists/index:lastPositionOf",
        "lists/index:lastPositionBackwards",
        "lists/index:find",
        "methods/widget:(*Widget).Holding",
        "objects/clear:cleared",
        "objects/reads:finalizerIndex",
        "objects/writes:appendAndReturn",
        "objects/writes:dropAndReturn",
        "objects/writes:ensureWithError",
        "objects/writes:finalizersWithout",
        "reconciler/reconciler:(*PodReconciler).release",
    ),
    "sorts, or writes empty strings": (
        "lists/add:addAndSort",
        "lists/remove:removeAndSort",
        "lists/remove:removeAndWipeTail",
    ),
    "moves a name that is there, or a conversion of nil": (
        "lists/add:moveToEnd",
        "objects/clear:clearByConversion",
    ),
    "the object's type cannot be told, or it is handed over by value": (
        "generics/generics:carries",
        "generics/generics:release",
        "generics/generics:hold",
        "methods/widget:(Widget).Alive",
        "methods/widget:(Widget).Carries",
        "objects/reads:metaValueHas",
        "objects/reads:ownInterfaceHas",
        "objects/writes:ensureOnOwnInterface",
    ),
    "a set difference": ("sets/sets:difference",),
    "compares with a constant beside the name that it is given": (
        "reconciler/reconciler:hasEitherOf",
        "reconciler/reconciler:removeBothInTurn",
    ),
}
# The corpus speaks of functions in Go's words; these two are operations with a result or difference that only a
# call site can make use of.
ALSO_UNDERSTOOD = {
    "hazards/copies:tellsTheOpposite": "Add -> unchanged",
    "objects/clear:replaceAll": "Add [overwrites]",
}
MISSED = {identity: why for why, identities in KNOWN_MISSES.items() for identity in identities}


@cache
def types() -> Types:
    return Types(Workspace(Checkout(corpus.CORPUS)))


def declaration(shape: Shape) -> tuple[SourceFile, object]:
    path = Path(shape.path)
    relative = path.relative_to(corpus.CORPUS) if path.is_absolute() else path
    file = types().workspace.file(relative.as_posix())
    assert file is not None
    line = shape.function.line
    nodes = [n for n in file.functions if file.name_of(n) == shape.name and n.start_point.row + 1 >= line]
    return file, nodes[0]


def meaning(known: Types, file: SourceFile, node: object) -> Meaning | Opaque:
    """What a function means to the rest of gomigrate: its objects must be Kubernetes objects, too."""
    found = classify_function(known, file, node)  # type: ignore[arg-type]
    if isinstance(found, Opaque):
        return found
    for free in found.objects:
        verdict = judge(known, type_of_free(known, free))
        if verdict.level not in ("object", "meta"):
            return Opaque(verdict.text)
    return found


def described(found: Meaning | Opaque) -> str:
    if isinstance(found, Opaque):
        return "opaque"
    result = "" if found.result in ("value", "none") else f" -> {found.result}"
    differences = f" [{', '.join(sorted(found.difference_names))}]" if found.differences else ""
    return f"{'!' if found.negated else ''}{found.operation.value}{differences}{result}"


def wanted(shape: Shape) -> str:
    differences = f" [{', '.join(shape.differences)}]" if shape.differences else ""
    result = f" -> {shape.result}" if shape.result else ""
    return f"{'!' if shape.negated else ''}{shape.operation.value if shape.operation else ''}{differences}{result}"


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: s.id)
def test_a_function_means_what_its_directive_says(shape: Shape) -> None:
    found = described(meaning(types(), *declaration(shape)))
    if shape.operation is None:
        assert found == ALSO_UNDERSTOOD.get(shape.id, "opaque"), "taken for an operation that it is not"
    elif shape.id in MISSED:
        assert found == "opaque", "understood now: take it off the list of misses"
    else:
        assert found == wanted(shape)


def test_the_list_of_misses_names_functions_that_there_are() -> None:
    assert set(MISSED) <= {s.id for s in SHAPES}


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
    edits = [n for n in descend(file.root, "identifier") if file.text(n) in declared - keep]
    for node in reversed(edits):
        inner = node.parent
        is_key = inner is not None and inner.type == "literal_element" and inner.parent.type == "keyed_element"  # type: ignore[union-attr]
        if is_key and inner.parent.child_by_field_name("key").id == inner.id:  # type: ignore[union-attr]
            continue
        source = source[: node.start_byte] + b"q" + source[node.start_byte : node.end_byte] + source[node.end_byte :]
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
    compared = 0
    for shape in SHAPES:
        file, node = declaration(shape)
        other = known.workspace.file(file.path)
        assert other is not None, f"{file.path} does not parse after renaming"
        index = file.functions.index(node)  # type: ignore[arg-type]
        assert re.fullmatch(rf"q?{re.escape(shape.name)}", other.name_of(other.functions[index]))
        before = described(meaning(types(), file, node))
        assert described(meaning(known, other, other.functions[index])) == before, shape.id
        compared += 1
    assert compared == len(SHAPES)
