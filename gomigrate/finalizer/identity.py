"""Which object an expression means, so that two places can be seen to speak of the same one.

An alias, a deep copy, a type assertion and an address all mean the object that they were made from, and so does a field
of a struct that was made with it (`Scope{Boat: boat}`, or by a function that makes one from what it is given).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Node

from gomigrate.go.nodes import FUNCTION_LIKE, ancestors, arguments_of, descend, named, unparen
from gomigrate.go.references import Symbol
from gomigrate.go.scope import Local, is_assigned, lookup, parameters
from gomigrate.go.syntax import Change, SourceFile, called
from gomigrate.go.types import Named, Pointer, Types

_DEPTH = 8
_COPIES = frozenset({"DeepCopy", "DeepCopyObject"})
_READS = frozenset({"Get", "Decode", "Unmarshal", "Convert", "FromUnstructured", "DeepCopyInto"})
_HIDDEN = frozenset({"ObjectMeta"})


class Path(NamedTuple):
    """A variable, and fields from there on. `local` is None for a variable of the package."""

    file: SourceFile
    root: Node
    local: Local | None
    fields: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, int | str, tuple[str, ...]]:
        name: int | str = self.local.name.start_byte if self.local is not None else self.file.text(self.root)
        return self.file.path, name, self.fields


def path_of(file: SourceFile, node: Node | None, fields: tuple[str, ...] = ()) -> Path | None:
    """The variable and the fields that an expression consists of; None for any other expression."""
    while node is not None:
        node = unparen(node)
        if node.type == "identifier":
            return Path(file, node, lookup(file, file.text(node), node), fields)
        if node.type == "selector_expression":
            name = file.text(node.child_by_field_name("field"))  # type: ignore[arg-type]
            fields = fields if name in _HIDDEN else (name, *fields)
            node = node.child_by_field_name("operand")
        elif node.type == "unary_expression" and file.text(node)[:1] in "&*":
            node = named(node)[0]
        elif node.type == "type_assertion_expression":
            node = node.child_by_field_name("operand")
        elif node.type == "call_expression" and called(file, node)[1] in _COPIES and not arguments_of(node):
            node = called(file, node)[0]
        else:
            return None
    return None


def origins(types: Types, path: Path) -> list[Path]:
    """The path, and what it was made from, step by step: `boat` of `b := boat.DeepCopy()`."""
    found = [path]
    for _ in range(_DEPTH):
        step = _step(types, found[-1])
        if step is None:
            break
        found.append(step)
    return found


def _step(types: Types, path: Path) -> Path | None:
    local = path.local
    if local is None or local.kind not in ("define", "var") or local.value is None or is_assigned(path.file, local):
        return None
    value = unparen(local.value)
    plain = local.total == 1 or (value.type == "type_assertion_expression" and local.nth == 0)
    if plain and (found := path_of(path.file, value, path.fields)) is not None:
        return found
    if not path.fields or not is_settled(types, path):
        return None
    made = _made_with(types, path.file, value, local.nth, path.fields[0])
    return path_of(path.file, made, path.fields[1:]) if made is not None else None


def _made_with(types: Types, file: SourceFile, value: Node, nth: int, field: str) -> Node | None:
    """The expression that a field of a new struct gets: of a composite literal, or of a call that makes one."""
    literal = _literal(file, value)
    if literal is not None:
        return _element(file, literal, field)
    declared = declaration(types, file, value)
    if declared is None:
        return None
    other, function = declared
    given: set[tuple[str, ...]] = set()
    body = function.child_by_field_name("body")
    for statement in returns(body) if body is not None else []:
        results = named(named(statement)[0]) if named(statement) else []
        if len(results) <= nth:
            return None
        if other.text(results[nth]) == "nil":
            continue
        literal = _literal(other, _value_of(other, results[nth]))
        part = _element(other, literal, field) if literal is not None else None
        source = path_of(other, part) if part is not None else None
        if source is None or source.local is None or source.local.kind != "parameter":
            return None
        if is_assigned(other, source.local):
            return None
        given.add((other.text(source.local.name), *source.fields))
    if len(given) != 1:
        return None
    name, *rest = given.pop()
    index = next(i for i, (n, _) in enumerate(parameters(function)) if other.text(n) == name)
    arguments = arguments_of(value)
    if len(arguments) != len(parameters(function)):
        return None
    argument = arguments[index]
    for step in rest:
        made = _literal(file, argument)
        inner = _element(file, made, step) if made is not None else None
        if inner is None:
            return None
        argument = inner
    return argument


def _value_of(file: SourceFile, node: Node) -> Node:
    """What a variable holds that is never assigned again; the node itself for anything else."""
    local = lookup(file, file.text(node), node) if node.type == "identifier" else None
    if local is None or local.value is None or local.total != 1 or is_assigned(file, local):
        return node
    return local.value


def _literal(file: SourceFile, value: Node) -> Node | None:
    value = unparen(value)
    if value.type == "unary_expression" and file.text(value).startswith("&"):
        value = unparen(named(value)[0])
    return value if value.type == "composite_literal" else None


def _element(file: SourceFile, literal: Node, field: str) -> Node | None:
    body = literal.child_by_field_name("body")
    for element in named(body) if body is not None else []:
        key = element.child_by_field_name("key") if element.type == "keyed_element" else None
        value = element.child_by_field_name("value") if key is not None else None
        if key is not None and value is not None and file.text(key) == field:
            return named(value)[0]
    return None


def returns(body: Node) -> list[Node]:
    """The return statements of a function, those of function literals in it left out."""
    return [r for r in descend(body, "return_statement") if _function_around(r) == _function_around(body)]


def _function_around(node: Node) -> int:
    return next((a.id for a in ancestors(node) if a.type in FUNCTION_LIKE), 0)


def declaration(types: Types, file: SourceFile, call: Node) -> tuple[SourceFile, Node] | None:
    """The function or method of the checkout that is called; None for an interface's, or another module's."""
    found = symbol_called(types, file, call)
    return types.workspace.function(found.folder, found.receiver, found.name) if found is not None else None


def symbol_called(types: Types, file: SourceFile, call: Node) -> Symbol | None:
    """What is called, when that is a function, or a method of a type, of the checkout."""
    function = call.child_by_field_name("function") if call.type == "call_expression" else None
    if function is None:
        return None
    if function.type == "identifier":
        name = file.text(function)
        return Symbol(file.directory, "", name) if lookup(file, name, function) is None else None
    operand, name = called(file, call)
    if operand is None:
        return None
    package = types.package_of(file, operand)
    if package is not None:
        folder = types.workspace.folder_of(package, file.directory)
        return Symbol(folder, "", name) if folder is not None else None
    kind = types.of(file, operand)
    kind = kind.to if isinstance(kind, Pointer) else kind
    return Symbol(kind.folder, kind.name, name) if isinstance(kind, Named) and kind.folder is not None else None


def is_same(types: Types, one: Path, other: Path) -> bool:
    """Whether two places mean the same object, whose variables are the same ones all the way."""
    keys = {p.key for p in origins(types, other)}
    return any(p.key in keys for p in origins(types, one))


def changes_between(types: Types, path: Path, start: Node, end: Node) -> bool:
    """Whether a variable may hold another object, or was read anew, when `end` is reached after `start`."""
    if path.fields and not is_settled(types, path):
        return True
    file, name = path.file, path.file.text(path.root)
    function = next((a for a in ancestors(end) if a.type in FUNCTION_LIKE), None)
    if function is None:
        return True
    loops = [(a.start_byte, a.end_byte) for a in ancestors(end) if a.type == "for_statement" and not _covers(a, start)]
    first, last, behind = start.end_byte, end.start_byte, end.end_byte
    for change in _changes(file, function):
        at, until = change.start, change.end
        between = first <= at < last or any(begin <= at and until <= over for begin, over in loops)
        if not between or (at <= last and behind <= until) or change.name != name:
            continue
        if path.local is not None and change.target == path.local.name.start_byte:
            continue
        if change.fields == path.fields[: len(change.fields)]:
            return True
    return False


def _changes(file: SourceFile, function: Node) -> list[Change]:
    """What a function assigns or reads anew, in the order of the code: looked for once."""
    found = file.changes.get(function.id)
    if found is None:
        found = file.changes[function.id] = list(_changes_in(file, function))
    return found


def _changes_in(file: SourceFile, function: Node) -> Iterator[Change]:
    for node in descend(function, "assignment_statement", "short_var_declaration", "range_clause", "call_expression"):
        if node.type == "call_expression":
            targets = arguments_of(node) if called(file, node)[1] in _READS else []
        else:
            left = node.child_by_field_name("left")
            targets = named(left) if left is not None else []
        for target in targets:
            found = path_of(file, target)
            if found is not None:
                name = file.text(found.root)
                yield Change(node.start_byte, node.end_byte, target.start_byte, name, found.fields)


def is_settled(types: Types, path: Path) -> bool:
    """Whether no code of the variable's package, or of its type's, assigns the fields of a path."""
    file, local = path.file, path.local
    kind = types.of_local(file, local) if local is not None else None
    kind = kind.to if isinstance(kind, Pointer) else kind
    folders = {file.directory, kind.folder if isinstance(kind, Named) and kind.folder is not None else file.directory}
    field = re.escape(path.fields[0].encode()) if path.fields else b""
    assigned = re.compile(rb"\." + field + rb"(, [^\n=]*)? :?= ")
    for folder in folders:
        for name in types.workspace.checkout.go_files_in(folder):
            data = types.workspace.checkout.read(name) or b""
            if not name.endswith("_test.go") and assigned.search(data):
                return False
    return True


def _covers(outer: Node, inner: Node) -> bool:
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte
