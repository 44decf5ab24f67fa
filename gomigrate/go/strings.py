"""What a string expression can be, as far as the checkout's own source tells it without being run.

Constants, concatenations, fmt.Sprintf of texts, strings.Join, fields of composite literals at package level, and
functions whose results are such: each gives the set of all texts that can come out.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from itertools import product

from tree_sitter import Node

from gomigrate.go.nodes import FUNCTION_LIKE, ancestors, descend, named, unparen
from gomigrate.go.scope import is_assigned, lookup
from gomigrate.go.syntax import SourceFile, Value, string_value
from gomigrate.go.types import Named, Pointer, Types

MAX_VALUES = 16
# Of one text, far beyond what a finalizer's name may have.
MAX_LENGTH = 1 << 16
MAX_DEPTH = 12
_VERB = re.compile(r"%(.)")
_TOO_MANY_STEPS = "it is computed in too many steps"


class Unknown(Exception):
    """Why the text is not known; the message goes behind a place."""


def values_of(types: Types, file: SourceFile, node: Node) -> frozenset[str] | str:
    """All texts that an expression can be; or, as a text, why they are not known."""
    try:
        return _Strings(types).of(file, node, 0)
    except Unknown as unknown:
        return str(unknown)


def vendored_text(types: Types, package: str, name: str, importer: str) -> str | None:
    """The text of a constant that vendor/ declares, for the package `importer`; None when it is not known."""
    workspace = types.workspace
    folder = workspace.vendored_folder_of(package, importer) if workspace.has_vendor else None
    found = workspace.value(folder, name) if folder is not None else None
    if found is None or found[1].kind != "const" or found[1].literal is None:
        return None
    texts = values_of(types, found[0], found[1].literal)
    return next(iter(texts)) if not isinstance(texts, str) and len(texts) == 1 else None


class _Strings:
    def __init__(self, types: Types) -> None:
        self.types = types
        self.workspace = types.workspace
        # Where an expression begins and ends -> its texts, or why they are not known. What is asked for while it is
        # found out hangs on itself.
        self._known: dict[tuple[str, int, int], frozenset[str] | str] = {}

    def of(self, file: SourceFile, node: Node, depth: int) -> frozenset[str]:
        node = unparen(node)
        place = file.path, node.start_byte, node.end_byte
        if place not in self._known:
            self._known[place] = _TOO_MANY_STEPS
            try:
                self._known[place] = self._found(file, node, depth)
            except Unknown as unknown:
                self._known[place] = str(unknown)
        known = self._known[place]
        if isinstance(known, str):
            raise Unknown(known)
        return known

    def _found(self, file: SourceFile, node: Node, depth: int) -> frozenset[str]:
        if depth > MAX_DEPTH:
            raise Unknown(_TOO_MANY_STEPS)
        text = string_value(file, node)
        if text is not None:
            return frozenset((text,))
        if node.type == "identifier":
            return self._identifier(file, node, depth)
        if node.type == "selector_expression":
            return self._selector(file, node, depth)
        if node.type == "binary_expression" and any(c.type == "+" for c in node.children):
            left, right = named(node)
            return _each([self.of(file, left, depth + 1), self.of(file, right, depth + 1)], "".join)
        if node.type in ("call_expression", "type_conversion_expression"):
            return self._call(file, node, depth)
        raise Unknown(f"it is {_short(file, node)}, which is not followed")

    def _identifier(self, file: SourceFile, node: Node, depth: int) -> frozenset[str]:
        name = file.text(node)
        local = lookup(file, name, node)
        if local is None:
            return self._value(file.directory, name, depth)
        if local.kind == "parameter":
            raise Unknown(f"it depends on the argument {name}")
        if local.value is None or local.total != 1 or local.kind == "range" or is_assigned(file, local):
            raise Unknown(f"the variable {name} gets its value as the program runs")
        return self.of(file, local.value, depth + 1)

    def _value(self, folder: str, name: str, depth: int) -> frozenset[str]:
        found = self.workspace.value(folder, name)
        if found is None:
            raise Unknown(f"{name} is not declared once in its package")
        file, value = found
        if value.literal is None:
            raise Unknown(f"{name} gets its value as the program runs")
        return self.of(file, value.literal, depth + 1)

    def _selector(self, file: SourceFile, node: Node, depth: int) -> frozenset[str]:
        operand, field = node.child_by_field_name("operand"), node.child_by_field_name("field")
        if operand is None or field is None:
            raise Unknown(f"it is {_short(file, node)}, which is not followed")
        name = file.text(field)
        package = self.types.package_of(file, operand)
        if package is not None:
            folder = self.workspace.folder_of(package, file.directory)
            if folder is None:
                raise Unknown(f"{name} is declared in another module ({package})")
            return self._value(folder, name, depth)
        found = self._package_value(file, operand)
        if found is not None and found[1].literal is not None:
            given = literal_field(found[0], found[1].literal, name)
            if given is not None:
                return self.of(found[0], given, depth + 1)
        raise Unknown(f"the field {_short(file, node)} gets its value as the program runs")

    def _package_value(self, file: SourceFile, node: Node) -> tuple[SourceFile, Value] | None:
        """The constant or variable at package level that an identifier or `pkg.Name` means."""
        if node.type == "identifier" and lookup(file, file.text(node), node) is None:
            return self.workspace.value(file.directory, file.text(node))
        if node.type == "selector_expression":
            operand, field = node.child_by_field_name("operand"), node.child_by_field_name("field")
            package = self.types.package_of(file, operand) if operand is not None else None
            folder = self.workspace.folder_of(package, file.directory) if package is not None else None
            if folder is not None and field is not None:
                return self.workspace.value(folder, file.text(field))
        return None

    def _call(self, file: SourceFile, node: Node, depth: int) -> frozenset[str]:
        inner = converted(self.types, file, node)
        if inner is not None:
            return self.of(file, inner, depth + 1)
        arguments = named(node.child_by_field_name("arguments"))  # type: ignore[arg-type]
        called = _library(self.types, file, node)
        if called == ("fmt", "Sprintf") and arguments:
            return self._sprintf(file, arguments, depth)
        if called == ("path", "Join") and arguments:
            parts = [self.of(file, a, depth + 1) for a in arguments]
            return _each(parts, _joined_path)
        if called == ("strings", "Join") and len(arguments) == 2 and arguments[0].type == "composite_literal":
            parts = [self.of(file, e, depth + 1) for e in elements(arguments[0])]
            return _each([self.of(file, arguments[1], depth + 1), *parts], lambda t: t[0].join(t[1:]))
        found = declared_function(self.types, file, node)
        if found is None:
            raise Unknown(f"it is the result of {_short(file, node)}, which is not followed")
        values: frozenset[str] = frozenset()
        for result in results(*found):
            values |= self.of(found[0], result, depth + 1)
        if not values or len(values) > MAX_VALUES:
            raise Unknown(f"it is the result of {_short(file, node)}, which is not followed")
        return values

    def _sprintf(self, file: SourceFile, arguments: list[Node], depth: int) -> frozenset[str]:
        form = self.of(file, arguments[0], depth + 1)
        given = [self.of(file, a, depth + 1) for a in arguments[1:]]

        def filled(texts: tuple[str, ...]) -> str:
            pieces = iter(texts[1:])
            verbs = _VERB.findall(texts[0])
            if len([v for v in verbs if v != "%"]) != len(texts) - 1 or not set(verbs) <= set("sv%"):
                raise Unknown(f"it is formatted by {texts[0]!r}, which is not followed")
            return _VERB.sub(lambda m: "%" if m[1] == "%" else next(pieces), texts[0])

        return _each([form, *given], filled)


def converted(types: Types, file: SourceFile, node: Node) -> Node | None:
    """The operand of a conversion to a string type, `string(x)` or `Name(x)`; None when the node is none."""
    if node.type == "type_conversion_expression":
        return node.child_by_field_name("operand")
    function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    given = named(arguments) if arguments is not None else []
    if function is None or len(given) != 1:
        return None
    name, folder = file.text(function), file.directory
    if function.type == "selector_expression":
        operand, field = function.child_by_field_name("operand"), function.child_by_field_name("field")
        package = types.package_of(file, operand) if operand is not None else None
        if package is None or field is None:
            return None
        if (package, file.text(field)) == ("k8s.io/api/core/v1", "FinalizerName"):
            return given[0]
        found = types.workspace.folder_of(package, file.directory)
        if found is None:
            return None
        name, folder = file.text(field), found
    elif function.type != "identifier" or lookup(file, name, function) is not None:
        return None
    elif name == "string":
        return given[0]
    is_text = types.underlying(Named("", name, folder)) == Named("", "string")
    return given[0] if is_text else None


def declared_function(types: Types, file: SourceFile, call: Node) -> tuple[SourceFile, Node] | None:
    """The function or method of this checkout that a call means, with its file; None when that is not known."""
    function = call.child_by_field_name("function")
    if function is None:
        return None
    if function.type == "identifier":
        name = file.text(function)
        return None if lookup(file, name, function) else types.workspace.function(file.directory, "", name)
    operand, field = function.child_by_field_name("operand"), function.child_by_field_name("field")
    if function.type != "selector_expression" or operand is None or field is None:
        return None
    package = types.package_of(file, operand)
    if package is not None:
        folder = types.workspace.folder_of(package, file.directory)
        return types.workspace.function(folder, "", file.text(field)) if folder is not None else None
    kind = types.of(file, operand)
    kind = kind.to if isinstance(kind, Pointer) else kind
    if isinstance(kind, Named) and kind.folder is not None:
        return types.workspace.function(kind.folder, kind.name, file.text(field))
    return None


def results(file: SourceFile, function: Node) -> list[Node]:
    """The expressions that a function of one result gives back; empty when it has several or bare returns."""
    body = function.child_by_field_name("body")
    found = []
    for statement in descend(body, "return_statement") if body is not None else []:
        if next(a for a in ancestors(statement) if a.type in FUNCTION_LIKE).id != function.id:
            continue
        given = named(named(statement)[0]) if named(statement) else []
        if len(given) != 1:
            return []
        found.append(given[0])
    return found


def literal_field(file: SourceFile, literal: Node, name: str) -> Node | None:
    """The value of `Name:` in a composite literal; None when it is not given there."""
    if literal.type == "unary_expression":
        literal = named(literal)[0]
    body = literal.child_by_field_name("body") if literal.type == "composite_literal" else None
    for element in named(body) if body is not None else []:
        if element.type == "keyed_element":
            key, value = element.child_by_field_name("key"), element.child_by_field_name("value")
            if key is not None and value is not None and file.text(key) == name:
                return named(value)[0]
    return None


def elements(literal: Node) -> list[Node]:
    """The elements of `[]T{…}`, without those that have a key."""
    body = literal.child_by_field_name("body")
    found = named(body) if body is not None else []
    return [named(e)[0] for e in found if e.type == "literal_element" and named(e)]


def _library(types: Types, file: SourceFile, call: Node) -> tuple[str, str]:
    function = call.child_by_field_name("function")
    operand = function.child_by_field_name("operand") if function is not None else None
    field = function.child_by_field_name("field") if function is not None else None
    package = types.package_of(file, operand) if operand is not None else None
    return (package or "", file.text(field)) if field is not None else ("", "")


def _joined_path(parts: tuple[str, ...]) -> str:
    """What Go's path.Join gives: empty parts do not count, and the whole is cleaned."""
    given = "/".join(filter(None, parts))
    clean = posixpath.normpath(given) if given else ""
    # A path of two leading slashes is one of its own to POSIX, not to Go.
    return f"/{clean.lstrip('/')}" if clean.startswith("//") else clean


def _each(parts: list[frozenset[str]], made: Callable[[tuple[str, ...]], str]) -> frozenset[str]:
    """What `made` gives for every choice of one text from each part."""
    count = 1
    for part in parts:
        count *= len(part)
    if count > MAX_VALUES:
        raise Unknown("it can be too many texts")
    if len(parts) * max((len(text) for part in parts for text in part), default=0) > MAX_LENGTH:
        raise Unknown("it can be too long")
    return frozenset(made(chosen) for chosen in product(*parts))


def _short(file: SourceFile, node: Node) -> str:
    text = " ".join(file.text(node).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
