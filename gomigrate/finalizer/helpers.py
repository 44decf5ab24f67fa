"""Hand-written helpers: functions and methods that are one operation on the object that they are given."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

from tree_sitter import Node

from gomigrate.finalizer.objectmodel import ObjectModel
from gomigrate.finalizer.objects import judge, type_of_free
from gomigrate.finalizer.operations import Meaning, Opaque, classify_function
from gomigrate.go.evaluator.library import FUNCTIONS
from gomigrate.go.nodes import INSTANTIATIONS, calls_in, descend, named
from gomigrate.go.references import Symbol, symbol_of
from gomigrate.go.scope import lookup, parameters
from gomigrate.go.syntax import SourceFile
from gomigrate.go.types import Named, Pointer, Types

# What is longer does more than one operation; looking into it would only cost time.
MAX_LINES = 60
_OUTSIDE = ("go_statement", "defer_statement", "select_statement", "send_statement", "goto_statement", "float_literal")
_WORD = re.compile(rb"[\w\x80-\xff]+")
_TOUCHES = (re.compile(b"Finalizers"), re.compile(b"DeletionTimestamp"))


class Helper(NamedTuple):
    """A declared function with its meaning."""

    symbol: Symbol
    file: SourceFile
    node: Node
    meaning: Meaning


class _Candidate(NamedTuple):
    """A function that may be a helper."""

    file: SourceFile
    node: Node
    body: Node


def find_helpers(types: Types, files: Iterable[SourceFile]) -> list[Helper]:
    """Functions of these files that are one operation on an object among their parameters or their receiver.

    A helper may call helpers: those that name one already found are looked at again until none is new.
    """
    found: dict[Symbol, Helper] = {}
    wanted: list[_Candidate] = []
    others: list[_Candidate] = []
    for file in files:
        if file.is_generated:
            continue
        spots = _touches(file)
        for node in file.functions:
            body = node.child_by_field_name("body")
            if body is None or _is_long(node) or _is_test_function(file, node):
                continue
            if _stands_in(spots, body):
                wanted.append(_Candidate(file, node, body))
            else:
                others.append(_Candidate(file, node, body))
    words: dict[tuple[str, int], frozenset[bytes]] = {}
    while wanted:
        fresh = [helper for one in wanted if (helper := _helper(types, one.file, one.node)) is not None]
        found |= {helper.symbol: helper for helper in fresh}
        names = {helper.symbol.name.encode() for helper in fresh}
        wanted, left, others = [], others, []
        for one in left:
            if names and not names.isdisjoint(_words(words, one)):
                wanted.append(one)
            else:
                others.append(one)
    return list(found.values())


def _is_long(node: Node) -> bool:
    return node.end_point.row - node.start_point.row > MAX_LINES


def _touches(file: SourceFile) -> list[int]:
    """Where in a file something stands that finalizers are about, in order."""
    return sorted(m.start() for pattern in _TOUCHES for m in pattern.finditer(file.source))


def _stands_in(spots: list[int], node: Node) -> bool:
    """Whether one of these offsets, which are in order, lies in a node."""
    nearest = bisect_left(spots, node.start_byte)
    return nearest < len(spots) and spots[nearest] < node.end_byte


def _words(known: dict[tuple[str, int], frozenset[bytes]], one: _Candidate) -> frozenset[bytes]:
    """The words in the body of a function."""
    key = one.file.path, one.node.start_byte
    if key not in known:
        known[key] = frozenset(_WORD.findall(one.file.source, one.body.start_byte, one.body.end_byte))
    return known[key]


def _helper(types: Types, file: SourceFile, node: Node) -> Helper | None:
    if not _takes_object(node) or _is_hopeless(types, file, node):
        return None
    meaning = classify_function(types, file, node, given_names=True)
    if isinstance(meaning, Opaque) or not meaning.objects:
        return None
    given = {file.text(n) for part in ("receiver", "parameters") for n, _ in parameters(node, part)}
    for free in meaning.objects:
        root = free
        while root.parent is not None:
            root = root.parent
        if file.text(root.node) not in given or judge(types, type_of_free(types, free)).level not in ("object", "meta"):
            return None
    return Helper(symbol_of(file, node), file, node, meaning)


def _takes_object(node: Node) -> bool:
    return bool(node.child_by_field_name("receiver")) or bool(parameters(node))


def _is_hopeless(types: Types, file: SourceFile, node: Node) -> bool:
    """Whether a look at the body shows that it is outside of the evaluator's subset: no other file is parsed for it."""
    for inner in descend(node, *_OUTSIDE, "int_literal", "call_expression"):
        if inner.type in _OUTSIDE or (inner.type == "int_literal" and file.text(inner) not in ("0", "1")):
            return True
        function = inner.child_by_field_name("function")
        if function is not None and function.type == "selector_expression":
            operand, name = function.child_by_field_name("operand"), function.child_by_field_name("field")
            package = types.package_of(file, operand) if operand is not None else None
            if package is not None and name is not None and not _is_known(types, file, package, file.text(name)):
                return True
    return False


def _is_known(types: Types, file: SourceFile, package: str, name: str) -> bool:
    return (
        (package, name) in FUNCTIONS
        or (package, name) in ObjectModel.functions
        or types.workspace.folder_of(package, file.directory) is not None
    )


def _is_test_function(file: SourceFile, node: Node) -> bool:
    return file.is_test and file.name_of(node).startswith(("Test", "Benchmark", "Fuzz", "Example"))


def only_about(types: Types, file: SourceFile, test: Node, gone: set[Symbol]) -> bool:
    """Whether a test function calls nothing of its package but functions in `gone`, and at least one of them."""
    body = file.source[test.start_byte : test.end_byte]
    if not any(symbol.name.encode() in body for symbol in gone):
        return False
    hits = 0
    for call in calls_in(test):
        symbol = _called_here(types, file, call)
        if symbol is None:
            continue
        if symbol not in gone:
            return False
        hits += 1
    return hits > 0


def _called_here(types: Types, file: SourceFile, call: Node) -> Symbol | None:
    """The function or method of the file's own package that is called, unless a test declares it."""
    function = call.child_by_field_name("function")
    while function is not None and function.type in INSTANTIATIONS:
        function = named(function)[0]
    if function is not None and function.type == "selector_expression":
        return _selected(types, file, function)
    if function is None:
        kind = types.written(file, call.child_by_field_name("type"))
        name = kind.name if isinstance(kind, Named) and kind.folder == file.directory else ""
    else:
        name = file.text(function) if function.type == "identifier" else ""
        name = "" if lookup(file, name, function) is not None else name
    declared = types.workspace.function(file.directory, "", name) if name else None
    return Symbol(file.directory, "", name) if declared is not None and not declared[0].is_test else None


def _selected(types: Types, file: SourceFile, function: Node) -> Symbol | None:
    """The function or method of the checkout that a selector calls, when it is one of the file's own package."""
    operand = function.child_by_field_name("operand")
    field = function.child_by_field_name("field")
    if operand is None or field is None:
        return None
    name = file.text(field)
    package = types.package_of(file, operand)
    if package is not None:
        folder = types.workspace.folder_of(package, file.directory)
        return Symbol(folder, "", name) if folder == file.directory else None
    kind = types.of(file, operand)
    if isinstance(kind, Pointer):
        kind = kind.to
    if isinstance(kind, Named) and kind.folder == file.directory:
        declared = types.workspace.function(kind.folder, kind.name, name)
        return Symbol(kind.folder, kind.name, name) if declared is not None and not declared[0].is_test else None
    return None
