"""A light static type resolver: the type of an expression, as far as the checkout's own source tells it.

What the checkout does not declare is known by name only (a type of another module), and `None` is an honest
answer everywhere: whoever asks must then leave the code alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from tree_sitter import Node

from gomigrate.go.nodes import named, unparen
from gomigrate.go.scope import Local, lookup, type_parameter
from gomigrate.go.syntax import SourceFile
from gomigrate.go.workspace import Workspace

_Asked = ParamSpec("_Asked")
_Answer = TypeVar("_Answer")
_BASIC = frozenset(
    (
        *("bool", "string", "error", "any", "byte", "rune", "float32", "float64", "complex64", "complex128"),
        *("int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "uintptr"),
    )
)


class Named(NamedTuple):
    """A declared type. `package` is its import path ('' for a basic type), `folder` its place in the checkout; of a
    type of another module, `vendored` is the folder below vendor/ that declares it."""

    package: str
    name: str
    folder: str | None = None
    vendored: str | None = None

    def __str__(self) -> str:
        return f"{self.package.rpartition('/')[2]}.{self.name}" if self.package else self.name


class Pointer(NamedTuple):
    to: Type

    def __str__(self) -> str:
        return f"*{self.to}"


class Sequence(NamedTuple):
    """A slice, array, map or channel: what ranging or indexing gives. An array is a value, copied like a struct."""

    key: Type | None
    element: Type | None
    is_array: bool = False

    def __str__(self) -> str:
        return f"[]{self.element}" if self.key is None else f"map[{self.key}]{self.element}"


class Signature(NamedTuple):
    results: tuple[Type | None, ...]


class Literal(NamedTuple):
    """A struct or interface type written in place."""

    path: str
    start: int
    kind: str


Type = Named | Pointer | Sequence | Signature | Literal


class Types:
    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        # Of this resolver, and not of its class: an answer is plain, and keeps no file of the workspace.
        self.member = cache(self._member)

    # -- types as written -----------------------------------------------------------------------------------

    def written(self, file: SourceFile, node: Node | None) -> Type | None:
        """The type that a type expression of this file means."""
        if node is None:
            return None
        kind = node.type
        if kind == "type_identifier":
            name = file.text(node)
            if name in _BASIC:
                return Named("", name)
            parameter = type_parameter(file, node)
            if parameter is not None:
                # What another module's function gives may be more than its constraint says.
                return self._constraint(file, parameter) if file.directory not in self.workspace.vendored else None
            return self._here(file, name)
        if kind == "qualified_type":
            package = file.text(node.child_by_field_name("package"))  # type: ignore[arg-type]
            return self._imported(file, package, file.text(node.child_by_field_name("name")))  # type: ignore[arg-type]
        if kind == "pointer_type":
            to = self.written(file, named(node)[0])
            return Pointer(to) if to is not None else None
        if kind in ("slice_type", "array_type", "implicit_length_array_type"):
            return Sequence(None, self.written(file, node.child_by_field_name("element")), kind != "slice_type")
        if kind == "map_type":
            key = self.written(file, node.child_by_field_name("key"))
            return Sequence(key or Named("", "any"), self.written(file, node.child_by_field_name("value")))
        if kind == "channel_type":
            return Sequence(None, self.written(file, node.child_by_field_name("value")))
        if kind == "function_type":
            return self._signature(file, node)
        if kind == "generic_type":
            return self.written(file, node.child_by_field_name("type"))
        if kind in ("struct_type", "interface_type"):
            return Literal(file.path, node.start_byte, kind)
        if kind in ("parenthesized_type", "type_elem", "negated_type"):
            return self.written(file, named(node)[0])
        return None

    def _constraint(self, file: SourceFile, parameter: Local) -> Type | None:
        """What is known of a type parameter's values: all that its constraint asks for, when that is one interface."""
        parts = named(parameter.type) if parameter.type is not None else []
        if len(parts) != 1 or parts[0].type not in ("type_identifier", "qualified_type", "interface_type"):
            return None
        return self.written(file, parts[0]) if type_parameter(file, parts[0]) is None else None

    def _imported(self, file: SourceFile, package: str, name: str) -> Type | None:
        found = file.import_named(package)
        if found is None:
            found = self._import_by_clause(file, package)
        if found is None:
            return None
        folder = self.workspace.folder_of(found.path, file.directory)
        if folder is None and self.workspace.has_vendor:
            return Named(found.path, name, None, self.workspace.vendored_folder_of(found.path, file.directory))
        return Named(found.path, name, folder)

    def _here(self, file: SourceFile, name: str) -> Named:
        """A type of the file's own package."""
        vendored = self.workspace.vendored.get(file.directory)
        if vendored is not None:
            return Named(vendored.path, name, None, file.directory)
        return Named(self.workspace.import_path(file.directory), name, file.directory)

    def _import_by_clause(self, file: SourceFile, package: str):  # type: ignore[no-untyped-def]
        """An import whose folder's package clause differs from what its path suggests."""
        for candidate in file.imports:
            if not candidate.alias:
                folder = self.workspace.folder_of(candidate.path, file.directory)
                if folder is not None and self.workspace.package_name(folder) == package:
                    return candidate
        return None

    def _signature(self, file: SourceFile, node: Node) -> Signature:
        result = node.child_by_field_name("result")
        if result is None:
            return Signature(())
        if result.type != "parameter_list":
            return Signature((self.written(file, result),))
        types: list[Type | None] = []
        for declaration in named(result):
            kind = self.written(file, declaration.child_by_field_name("type"))
            names = [n for n in declaration.children_by_field_name("name") if n.type == "identifier"]
            types += [kind] * max(1, len(names))
        return Signature(tuple(types))

    # -- types of expressions -------------------------------------------------------------------------------

    def of(self, file: SourceFile, node: Node, depth: int = 0) -> Type | None:
        """The static type of an expression; None when the checkout does not tell."""
        results = self.results(file, node, depth)
        return results[0] if len(results) == 1 else None

    def results(self, file: SourceFile, node: Node, depth: int = 0) -> tuple[Type | None, ...]:
        """As `of`, for an expression of several values (a call)."""
        if depth > 24:
            return (None,)
        node = unparen(node)
        kind = node.type
        if kind == "identifier":
            return (self._identifier(file, node, depth),)
        if kind == "selector_expression":
            return (self._selector(file, node, depth),)
        if kind == "call_expression":
            return self._call(file, node, depth)
        if kind == "unary_expression":
            return (self._unary(file, node, depth),)
        if kind == "composite_literal":
            return (self.written(file, node.child_by_field_name("type")),)
        if kind == "type_assertion_expression":
            # `x, ok := o.(T)` asks for two values of one expression.
            return (self.written(file, node.child_by_field_name("type")), Named("", "bool"))[:1]
        if kind == "index_expression":
            operand = self.of(file, node.child_by_field_name("operand"), depth + 1)  # type: ignore[arg-type]
            operand = self.underlying(operand)
            return (operand.element if isinstance(operand, Sequence) else None,)
        if kind == "slice_expression":
            return (self.of(file, node.child_by_field_name("operand"), depth + 1),)  # type: ignore[arg-type]
        if kind == "func_literal":
            return (self._signature(file, node),)
        if kind in ("interpreted_string_literal", "raw_string_literal"):
            return (Named("", "string"),)
        return (None,)

    def _identifier(self, file: SourceFile, node: Node, depth: int) -> Type | None:
        name = file.text(node)
        local = lookup(file, name, node)
        if local is not None:
            return self.of_local(file, local, depth + 1)
        found = self.workspace.value(file.directory, name)
        if found is not None:
            other, value = found
            written = self.written(other, value.spec.child_by_field_name("type"))
            if written is not None:
                return written
            return self.of(other, value.literal, depth + 1) if value.literal is not None else None
        function = self.workspace.function(file.directory, "", name)
        return self._signature(*function) if function else None

    def of_local(self, file: SourceFile, local: Local, depth: int = 0) -> Type | None:
        if local.type is not None:
            written = self.written(file, local.type)
            variadic = local.node.type == "variadic_parameter_declaration"
            return Sequence(None, written) if variadic else written
        if local.value is None:
            return None
        if local.kind == "range":
            over = self.underlying(self.of(file, local.value, depth + 1))
            if isinstance(over, Pointer):
                over = self.underlying(over.to)
            if not isinstance(over, Sequence):
                return None
            return over.element if local.nth == 1 else over.key
        if local.kind == "typeswitch":
            return None
        value = unparen(local.value)
        if local.total == 2 and value.type in ("type_assertion_expression", "index_expression"):
            return self.of(file, value, depth + 1) if local.nth == 0 else Named("", "bool")
        results = self.results(file, value, depth + 1)
        return results[local.nth] if local.nth < len(results) else None

    def _unary(self, file: SourceFile, node: Node, depth: int) -> Type | None:
        operator = file.text(node.child_by_field_name("operator"))  # type: ignore[arg-type]
        inner = self.of(file, node.child_by_field_name("operand"), depth + 1)  # type: ignore[arg-type]
        if inner is None:
            return None
        if operator == "&":
            return Pointer(inner)
        if operator == "*":
            return inner.to if isinstance(inner, Pointer) else None
        if operator == "<-":
            return inner.element if isinstance(inner, Sequence) else None
        return None

    def _selector(self, file: SourceFile, node: Node, depth: int) -> Type | None:
        operand = node.child_by_field_name("operand")
        name = file.text(node.child_by_field_name("field"))  # type: ignore[arg-type]
        package = self.package_of(file, operand)  # type: ignore[arg-type]
        if package is not None:
            folder = self.workspace.folder_of(package, file.directory)
            if folder is None and self.workspace.has_vendor:
                folder = self.workspace.vendored_folder_of(package, file.directory)
            if folder is None:
                return None
            function = self.workspace.function(folder, "", name)
            if function is not None:
                return self._signature(*function)
            value = self.workspace.value(folder, name)
            if value is None:
                return None
            other, found = value
            written = self.written(other, found.spec.child_by_field_name("type"))
            if written is None and found.literal is not None:
                return self.of(other, found.literal, depth + 1)
            return written
        return self.member(self.of(file, operand, depth + 1), name)  # type: ignore[arg-type]

    def package_of(self, file: SourceFile, operand: Node) -> str | None:
        """The import path when an identifier means an imported package here, else None."""
        if operand.type != "identifier":
            return None
        name = file.text(operand)
        if lookup(file, name, operand) is not None:
            return None
        found = file.import_named(name) or self._import_by_clause(file, name)
        return found.path if found else None

    def _call(self, file: SourceFile, node: Node, depth: int) -> tuple[Type | None, ...]:
        function = unparen(node.child_by_field_name("function"))  # type: ignore[arg-type]
        arguments = named(node.child_by_field_name("arguments"))  # type: ignore[arg-type]
        name = file.text(function)
        if function.type == "identifier" and lookup(file, name, function) is None:
            if name == "new" and len(arguments) == 1:
                # What is a variable there is a value, as Go 1.26 takes it, and no type of that name.
                value = lookup(file, file.text(arguments[0]), arguments[0]) is not None
                made = None if value else self._type_argument(file, arguments[0])
                return (Pointer(made) if made is not None else None,)
            if name == "make" and arguments:
                return (self._type_argument(file, arguments[0]),)
            if name == "append" and arguments:
                return (self.of(file, arguments[0], depth + 1),)
        if function.type == "selector_expression":
            method = file.text(function.child_by_field_name("field"))  # type: ignore[arg-type]
            operand = function.child_by_field_name("operand")
            if method == "DeepCopy" and self.package_of(file, operand) is None:  # type: ignore[arg-type]
                # Generated deep copies have the receiver's type; a hand-written one declares its own below.
                of = self.of(file, operand, depth + 1)  # type: ignore[arg-type]
                declared = self.member(of, method)
                if isinstance(declared, Signature):
                    return declared.results
                return (of if isinstance(of, Pointer) else Pointer(of) if of is not None else None,)
        called = self.of(file, function, depth + 1)
        if isinstance(called, Signature):
            return called.results
        if function.type in ("parenthesized_type", "qualified_type", "generic_type"):
            return (self.written(file, function),)
        return (None,)

    def _type_argument(self, file: SourceFile, node: Node) -> Type | None:
        if node.type == "identifier":
            name = file.text(node)
            return Named("", name) if name in _BASIC else self._here(file, name)
        if node.type == "selector_expression":
            operand = node.child_by_field_name("operand")
            return self._imported(file, file.text(operand), file.text(node.child_by_field_name("field")))  # type: ignore[arg-type]
        return self.written(file, node)

    # -- declarations ---------------------------------------------------------------------------------------

    def declaration(self, kind: Type | None) -> tuple[SourceFile, Node] | None:
        """The struct or interface type node behind a named type of the checkout or vendor/; aliases are followed."""
        for _ in range(8):
            if isinstance(kind, Literal):
                found = self.workspace.around(kind.path, kind.start)
                if found is None:
                    return None
                literal: Node | None = found[1]
                while literal is not None and literal.type != kind.kind:
                    literal = literal.parent
                return (found[0], literal) if literal is not None else None
            spec = self._spec(kind)
            if spec is None:
                return None
            file, node = spec
            inner = node.child_by_field_name("type")
            if inner is None:
                return None
            if inner.type in ("struct_type", "interface_type"):
                return file, inner
            kind = self.written(file, inner)
        return None

    def _spec(self, kind: Type | None) -> tuple[SourceFile, Node] | None:
        """The declaration of a named type, be it below vendor/."""
        if not isinstance(kind, Named):
            return None
        folder = kind.folder if kind.folder is not None else kind.vendored
        return self.workspace.type_spec(folder, kind.name) if folder is not None else None

    def underlying(self, kind: Type | None) -> Type | None:
        """A named slice or map type of the checkout, or of vendor/, as what it is; anything else unchanged."""
        for _ in range(8):
            spec = self._spec(kind)
            if spec is None:
                return kind
            inner = spec[1].child_by_field_name("type")
            if inner is None or inner.type in ("struct_type", "interface_type"):
                return kind
            kind = self.written(spec[0], inner)
        return kind

    def _member(self, kind: Type | None, name: str, depth: int = 0) -> Type | None:
        """The type of a field, or the signature of a method, found through embedding."""
        if kind is None or depth > 8:
            return None
        if isinstance(kind, Pointer):
            kind = kind.to
        if isinstance(kind, Named):
            folder = kind.folder if kind.folder is not None else kind.vendored
            method = self.workspace.function(folder, kind.name, name) if folder is not None else None
            if method is not None:
                return self._signature(*method)
        declared = self.declaration(kind)
        if declared is None:
            return None
        file, node = declared
        if node.type == "interface_type":
            for element in named(node):
                if element.type == "method_elem" and file.name_of(element) == name:
                    return self._signature(file, element)
        else:
            for field in self._fields(node):
                if any(file.text(n) == name for n in field.children_by_field_name("name")):
                    return self.written(file, field.child_by_field_name("type"))
        for embedded in self.embedded(file, node):
            if isinstance(embedded, (Named, Pointer)):
                base = embedded.to if isinstance(embedded, Pointer) else embedded
                if isinstance(base, Named) and base.name == name and node.type == "struct_type":
                    return embedded
            found = self.member(embedded, name, depth + 1)
            if found is not None:
                return found
        return None

    @staticmethod
    def _fields(struct: Node) -> list[Node]:
        return [f for part in named(struct) for f in named(part) if f.type == "field_declaration"]

    def embedded(self, file: SourceFile, node: Node) -> list[Type]:
        """Types embedded in a struct or interface."""
        found = []
        if node.type == "interface_type":
            for element in named(node):
                if element.type == "type_elem" and len(named(element)) == 1:
                    found.append(self.written(file, named(element)[0]))
        else:
            for field in self._fields(node):
                if not field.children_by_field_name("name"):
                    inner = self.written(file, field.child_by_field_name("type"))
                    star = any(c.type == "*" for c in field.children)
                    found.append(Pointer(inner) if star and inner is not None else inner)
        return [t for t in found if t is not None]


def kept_with_types(
    function: Callable[Concatenate[Types, _Asked], _Answer],
) -> Callable[Concatenate[Types, _Asked], _Answer]:
    """As functools.cache: what a function gives is kept for as long as the types are that it asks."""
    known: WeakKeyDictionary[Types, dict[object, _Answer]] = WeakKeyDictionary()

    @wraps(function)
    def answer(types: Types, /, *args: _Asked.args, **kwargs: _Asked.kwargs) -> _Answer:
        answers, asked = known.setdefault(types, {}), (args, *kwargs.items())
        if asked not in answers:
            answers[asked] = function(types, *args, **kwargs)
        return answers[asked]

    return answer
