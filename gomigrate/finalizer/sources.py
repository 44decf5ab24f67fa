"""Where a text comes from: a literal, a constant, the parameters that hand it on, or what computes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import NamedTuple

from tree_sitter import Node

from gomigrate.finalizer.names import Declared
from gomigrate.go.nodes import FUNCTION_LIKE, FUNCTIONS, NAMES, ancestors, arguments_of, descend, named, unparen
from gomigrate.go.references import References, Symbol, symbol_of
from gomigrate.go.scope import Local, lookup, parameters
from gomigrate.go.strings import (
    converted,
    declared_function,
    elements,
    literal_field,
    results,
    values_of,
    vendored_text,
)
from gomigrate.go.syntax import SourceFile, string_value
from gomigrate.go.types import Named, Pointer, Type, Types

MAX_DEPTH = 8
_TOO_MANY_STEPS = "it is handed on in too many steps"


class Source(NamedTuple):
    """Where a name comes from: `node` is the literal or the expression that gives it, `declared` the constant or
    variable of a package that holds it, `texts` all that it can be. `reason` says why that is not known; a `foreign`
    name is declared by another module, and its text is known where vendor/ holds it."""

    file: SourceFile
    node: Node
    texts: frozenset[str] = frozenset()
    declared: Declared | None = None
    reason: str = ""
    foreign: bool = False

    @property
    def literal(self) -> bool:
        """Whether the name stands there itself, so that it can be changed there."""
        return string_value(self.file, self.node) is not None


class Parameter(NamedTuple):
    symbol: Symbol
    number: int
    variadic: bool


class Tracer:
    def __init__(self, types: Types, references: References) -> None:
        self.types = types
        self.workspace = types.workspace
        self.references = references
        self._fields: dict[tuple[Named, str], list[tuple[SourceFile, Node]]] = {}

    def trace(self, file: SourceFile, node: Node) -> tuple[list[Source], list[Parameter]]:
        """The sources of a name, and the parameters through which it comes."""
        self.found: list[Source] = []
        self.passed: list[Parameter] = []
        self._given: dict[object, bool] = {}
        self._giving: dict[tuple[str, int], list[Node]] = {}
        self._follow(file, node, 0)
        return list(dict.fromkeys(self.found)), self.passed

    def _unknown(self, file: SourceFile, node: Node, reason: str) -> None:
        self.found.append(Source(file, node, reason=reason))

    def _follow_all(
        self, what: object, given: Iterable[tuple[SourceFile, Node]], file: SourceFile, node: Node, depth: int
    ) -> None:
        """Follows all that a variable, field or function gives, once. `file` and `node` are where it is asked for."""
        if what not in self._given:
            self._given[what] = False
            for other, value in given:
                self._follow(other, value, depth + 1)
            self._given[what] = True
        elif not self._given[what]:
            self._unknown(file, node, _TOO_MANY_STEPS)

    def _follow(self, file: SourceFile, node: Node, depth: int) -> None:
        node = unparen(node)
        if depth > MAX_DEPTH:
            self._unknown(file, node, _TOO_MANY_STEPS)
            return
        text = string_value(file, node)
        if text is not None:
            self.found.append(Source(file, node, frozenset((text,))))
        elif node.type == "identifier":
            self._identifier(file, node, depth)
        elif node.type == "selector_expression":
            self._selector(file, node, depth)
        elif node.type in ("call_expression", "type_conversion_expression"):
            inner = converted(self.types, file, node)
            declared = declared_function(self.types, file, node) if inner is None else None
            if inner is not None:
                self._follow(file, inner, depth + 1)
            elif declared is not None and (given := self._results(*declared)):
                what = declared[0].path, declared[1].start_byte
                self._follow_all(what, zip(repeat(declared[0]), given), file, node, depth)
            else:
                self._computed(file, node)
        else:
            self._computed(file, node)

    def _results(self, file: SourceFile, function: Node) -> list[Node]:
        """What a function gives back; nothing where that depends on what it is given."""
        place = file.path, function.start_byte
        if place not in self._giving:
            given = results(file, function)
            self._giving[place] = [] if any(_is_parameter(file, result) for result in given) else given
        return self._giving[place]

    def _computed(self, file: SourceFile, node: Node, declared: Declared | None = None) -> None:
        values = values_of(self.types, file, node)
        if isinstance(values, str):
            self.found.append(Source(file, node, declared=declared, reason=values))
        else:
            self.found.append(Source(file, node, values, declared))

    def _identifier(self, file: SourceFile, node: Node, depth: int) -> None:
        name = file.text(node)
        local = lookup(file, name, node)
        if local is None:
            self._declared(file.directory, name, file, node)
        elif local.kind == "parameter":
            self._parameter(file, local, node)
        elif local.kind == "range" and local.nth == 1 and local.value is not None:
            what = file.path, local.name.start_byte
            self._follow_all(what, listed(self.types, file, local.value), file, node, depth)
        elif local.total == 1 and local.kind in ("define", "var", "const"):
            what = file.path, local.name.start_byte
            self._follow_all(what, zip(repeat(file), _values(file, local)), file, node, depth)
        else:
            self._unknown(file, node, f"the variable {name} gets its value as the program runs")

    def _parameter(self, file: SourceFile, local: Local, node: Node) -> None:
        function = next(a for a in ancestors(local.node) if a.type in FUNCTION_LIKE)
        if function.type not in FUNCTIONS:
            self._unknown(file, node, f"it is the argument {file.text(node)} of a function literal")
            return
        names = [file.text(n) for n, _ in parameters(function)]
        symbol = symbol_of(file, function)
        variadic = local.node.type == "variadic_parameter_declaration"
        self.passed.append(Parameter(symbol, names.index(file.text(local.name)), variadic))

    def _selector(self, file: SourceFile, node: Node, depth: int) -> None:
        operand, field = node.child_by_field_name("operand"), node.child_by_field_name("field")
        if operand is None or field is None:
            return
        package = self.types.package_of(file, operand)
        if package is not None:
            folder = self.workspace.folder_of(package, file.directory)
            if folder is None:
                text = vendored_text(self.types, package, file.text(field), file.directory)
                texts = frozenset(filter(None, (text,)))
                self.found.append(Source(file, node, texts, reason=f"{package} declares it", foreign=True))
            else:
                self._declared(folder, file.text(field), file, node)
            return
        values = values_of(self.types, file, node)
        if not isinstance(values, str):
            self.found.append(Source(file, node, values))
            return
        kind = self.types.of(file, operand)
        given = self._set(kind, file.text(field))
        self._follow_all((kind.to if isinstance(kind, Pointer) else kind, file.text(field)), given, file, node, depth)
        if not given:
            self._unknown(file, node, f"the field {file.text(field)} gets its value as the program runs")

    def _declared(self, folder: str, name: str, file: SourceFile, node: Node) -> None:
        found = self.workspace.value(folder, name)
        if found is None:
            self._unknown(file, node, f"{name} is not declared once in its package")
            return
        declared = Declared(Symbol(folder, "", name), *found)
        if found[1].literal is None:
            reason = f"{name} gets its value as the program runs"
            self.found.append(Source(found[0], found[1].spec, declared=declared, reason=reason))
        else:
            self._computed(found[0], found[1].literal, declared)

    def _set(self, kind: Type | None, field: str) -> list[tuple[SourceFile, Node]]:
        """What a field of a struct of the checkout is set to, in composite literals and by assignments."""
        kind = kind.to if isinstance(kind, Pointer) else kind
        if not isinstance(kind, Named) or kind.folder is None:
            return []
        if (kind, field) not in self._fields:
            self._fields[(kind, field)] = list(self._find_set(kind, field))
        return self._fields[(kind, field)]

    def _find_set(self, kind: Named, field: str) -> Iterator[tuple[SourceFile, Node]]:
        checkout = self.workspace.checkout
        paths = {*checkout.go_files_in(kind.folder or ""), *self.references.importers(kind.folder or "")}
        for path in sorted(p for p in paths if not p.endswith("_test.go")):
            data = checkout.read(path)
            file = self.workspace.file(path) if data is not None and field.encode() in data else None
            if file is None:
                continue
            for literal in descend(file.root, "composite_literal"):
                value = literal_field(file, literal, field)
                if value is not None and self.types.written(file, literal.child_by_field_name("type")) == kind:
                    yield file, value
            for statement in descend(file.root, "assignment_statement"):
                left, right = statement.child_by_field_name("left"), statement.child_by_field_name("right")
                if left is not None and right is not None and len(named(left)) == len(named(right)) == 1:
                    target = named(left)[0]
                    if target.type == "selector_expression" and file.text(target).endswith(f".{field}"):
                        operand = target.child_by_field_name("operand")
                        of = self.types.of(file, operand) if operand is not None else None
                        if (of.to if isinstance(of, Pointer) else of) == kind:
                            yield file, named(right)[0]


def _is_parameter(file: SourceFile, node: Node) -> bool:
    """Whether the text that a function gives depends on what it is given."""
    for identifier in descend(node, *NAMES):
        local = lookup(file, file.text(identifier), identifier)
        if local is not None and local.kind == "parameter":
            return True
    return False


def listed(types: Types, file: SourceFile, node: Node) -> Iterator[tuple[SourceFile, Node]]:
    """The names in a list: the elements of a literal, what is appended, and those of a variable."""
    yield from _listed(types, file, node, set(), 0)


def _listed(
    types: Types, file: SourceFile, node: Node, variables: set[int], depth: int
) -> Iterator[tuple[SourceFile, Node]]:
    """`variables` are those whose values are listed already, by where they are declared: a list that is appended to
    many times is among its own values as often."""
    node = unparen(node)
    if depth > MAX_DEPTH:
        return
    if node.type == "composite_literal":
        for element in elements(node):
            yield file, element
    elif node.type == "call_expression":
        function, given = node.child_by_field_name("function"), arguments_of(node)
        if function is not None and file.text(function) == "append" and given:
            yield from _listed(types, file, given[0], variables, depth + 1)
            for argument in given[1:]:
                if argument.type == "variadic_argument":
                    yield from _listed(types, file, named(argument)[0], variables, depth + 1)
                else:
                    yield file, argument
    elif node.type == "identifier":
        local = lookup(file, file.text(node), node)
        if local is None:
            found = types.workspace.value(file.directory, file.text(node))
            if found is not None and found[1].literal is not None:
                yield from _listed(types, found[0], found[1].literal, variables, depth + 1)
        elif local.total == 1 and local.kind in ("define", "var") and local.name.start_byte not in variables:
            variables.add(local.name.start_byte)
            for value in _values(file, local):
                yield from _listed(types, file, value, variables, depth + 1)


def _values(file: SourceFile, local: Local) -> Iterator[Node]:
    """Every value that a local variable gets: where it is declared, and by plain assignments."""
    if local.value is not None:
        yield local.value
    function = next((a for a in ancestors(local.node) if a.type in FUNCTION_LIKE), None)
    for statement in descend(function, "assignment_statement") if function is not None else []:
        left, right = statement.child_by_field_name("left"), statement.child_by_field_name("right")
        if left is None or right is None or len(named(left)) != len(named(right)):
            continue
        for target, value in zip(named(left), named(right), strict=True):
            same = target.type == "identifier" and file.text(target) == file.text(local.name)
            if same and lookup(file, file.text(target), statement) == local:
                yield value
