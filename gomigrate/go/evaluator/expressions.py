"""Expressions but for calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tree_sitter import Node

from gomigrate.go.evaluator import library
from gomigrate.go.evaluator.names import Names
from gomigrate.go.evaluator.runtime import (
    INCREMENT_LIMIT,
    UNIT,
    Expr,
    Frame,
    as_list,
    boolean,
    integer,
)
from gomigrate.go.evaluator.values import (
    UNTYPED_NIL,
    Free,
    GoMap,
    GoSet,
    Obj,
    Slice,
    Unsupported,
)
from gomigrate.go.scope import lookup
from gomigrate.go.syntax import named, string_value
from gomigrate.go.types import Named, Sequence, Type

_ORDER: dict[str, Callable[[int, int], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class Expressions(Names):
    """One method for each kind of expression that is understood."""

    def expr(self, node: Node) -> Expr:
        method = getattr(self, f"_x_{node.type}", None)
        if method is None:
            raise Unsupported(f"{node.type.replace('_', ' ')} is not understood", node)
        return method(node)  # type: ignore[no-any-return]

    def _x_identifier(self, node: Node) -> Expr:
        return self._identifier(node)

    def _x_parenthesized_expression(self, node: Node) -> Expr:
        return self.expr(named(node)[0])

    def _x_true(self, node: Node) -> Expr:
        return self._predeclared(node, True)

    def _x_false(self, node: Node) -> Expr:
        return self._predeclared(node, False)

    def _x_nil(self, node: Node) -> Expr:
        return self._predeclared(node, UNTYPED_NIL)

    def _predeclared(self, node: Node, value: Any) -> Expr:
        """true, false and nil can be declared anew, in a scope or in the package."""
        name = self._file.text(node)
        hidden = self._slot(name) is not None or lookup(self._file, name, node) is not None
        if hidden or self.workspace.redeclares(self._file.directory):
            raise Unsupported(f"{name} is declared anew", node)
        return lambda frame: value

    def _x_int_literal(self, node: Node) -> Expr:
        text = self._file.text(node)
        if text not in ("0", "1"):
            raise Unsupported(f"depends on the number {text}", node)
        value = int(text)
        return lambda frame: value

    def _x_interpreted_string_literal(self, node: Node) -> Expr:
        value = string_value(self._file, node)
        if value is None:
            raise Unsupported("a string with escapes", node)
        if value == "":
            raise Unsupported("depends on the empty string", node)
        free = self._free(f'"{value}"', node, value)
        return lambda frame: free

    _x_raw_string_literal = _x_interpreted_string_literal

    def _x_func_literal(self, node: Node) -> Expr:
        call = self.function(self._file, node)
        return lambda frame: lambda arguments: call(arguments, frame)

    def _x_unary_expression(self, node: Node) -> Expr:
        operator = self._file.text(node.child_by_field_name("operator"))  # type: ignore[arg-type]
        operand = node.child_by_field_name("operand")
        inner = self.expr(operand)  # type: ignore[arg-type]
        if operator == "!":
            return lambda frame: not boolean(inner(frame), node)
        if operator == "-" and self._file.text(operand) == "1":  # type: ignore[arg-type]
            return lambda frame: -1
        if operator in ("&", "*"):
            # An object and its address are one thing here; a copy by dereference is not.
            if operator == "*":
                raise Unsupported("copies an object by dereference", node)
            return inner
        raise Unsupported(f"operator {operator} is not understood", node)

    def _x_binary_expression(self, node: Node) -> Expr:
        operator = self._file.text(node.child_by_field_name("operator"))  # type: ignore[arg-type]
        left = self.expr(node.child_by_field_name("left"))  # type: ignore[arg-type]
        right = self.expr(node.child_by_field_name("right"))  # type: ignore[arg-type]
        if operator == "&&":
            return lambda frame: boolean(left(frame), node) and boolean(right(frame), node)
        if operator == "||":
            return lambda frame: boolean(left(frame), node) or boolean(right(frame), node)
        equal = self.runtime.equal
        if operator == "==":
            return lambda frame: equal(left(frame), right(frame))
        if operator == "!=":
            return lambda frame: not equal(left(frame), right(frame))
        if operator in _ORDER:
            compare = _ORDER[operator]
            return lambda frame: compare(integer(left(frame), node), integer(right(frame), node))
        if operator in ("+", "-"):
            self._count_increment(node)
            sign = 1 if operator == "+" else -1
            return lambda frame: integer(left(frame), node) + sign * integer(right(frame), node)
        raise Unsupported(f"operator {operator} is not understood", node)

    def _count_increment(self, node: Node) -> None:
        # Every literal is 0 or 1, so a number above the longest sample needs more additions than these.
        self.increments += 1
        if self.increments > INCREMENT_LIMIT:
            raise Unsupported("counts too much", node)

    def _x_selector_expression(self, node: Node) -> Expr:
        operand = node.child_by_field_name("operand")
        field = self._file.text(node.child_by_field_name("field"))  # type: ignore[arg-type]
        package = self._package(operand)  # type: ignore[arg-type]
        if package is not None:
            folder = self.workspace.folder_of(package, self._file.directory)
            found = self.workspace.value(folder, field) if folder is not None else None
            if found is not None:
                return self._package_value(folder, field, node, *found)  # type: ignore[arg-type]
            if folder is not None:
                function = self.workspace.function(folder, "", field)
                if function is not None:
                    call = self._declared(folder, "", field, function)
                    return lambda frame: call
                raise Unsupported(f"{self._file.text(node)} is not found in the checkout", node)
            free = self._free(f"{package}.{field}", node)
            return lambda frame: free
        inner = self.expr(operand)  # type: ignore[arg-type]
        getter = self.host.getters.get(field)
        runtime = self.runtime
        if getter is not None:
            return lambda frame: getter(runtime, runtime.object(inner(frame), node))

        def path(frame: Frame) -> Any:
            base = inner(frame)
            free = base.free if isinstance(base, Obj) else base
            if not isinstance(free, Free) or free.constant is not None:
                raise Unsupported(f"the field {field} is not understood", node)
            found = self.free.get(f"{free.id}.{field}")
            if found is None:
                found = Free(f"{free.id}.{field}", node, free.file, None, None, free, field, free.copied)
                self.free[found.id] = found
            return found

        return path

    def _package(self, operand: Node) -> str | None:
        if operand.type == "identifier" and self._slot(self._file.text(operand)) is not None:
            return None
        return self.types.package_of(self._file, operand)

    def _x_index_expression(self, node: Node) -> Expr:
        operand = self.expr(node.child_by_field_name("operand"))  # type: ignore[arg-type]
        index = self.expr(node.child_by_field_name("index"))  # type: ignore[arg-type]
        token = self.runtime.token

        def read(frame: Frame) -> Any:
            base = operand(frame)
            if isinstance(base, GoMap):
                return base.items.get(token(index(frame)), base.zero)
            if isinstance(base, Slice):
                return base.get(integer(index(frame), node))
            raise Unsupported("indexes something that is no list", node)

        return read

    def _x_slice_expression(self, node: Node) -> Expr:
        self.runtime.uses_spare = True
        operand = self.expr(node.child_by_field_name("operand"))  # type: ignore[arg-type]
        low, high, limit = (self._optional(node, f) for f in ("start", "end", "capacity"))

        def cut(frame: Frame) -> Any:
            base = operand(frame)
            base = as_list(base, node)
            start = integer(low(frame), node) if low else 0
            end = integer(high(frame), node) if high else base.length
            return base.cut(start, end, integer(limit(frame), node) if limit else None)

        return cut

    def _optional(self, node: Node, field: str) -> Expr | None:
        child = node.child_by_field_name(field)
        return self.expr(child) if child is not None else None

    def _x_type_assertion_expression(self, node: Node) -> Expr:
        inner = self.expr(node.child_by_field_name("operand"))  # type: ignore[arg-type]

        def assertion(frame: Frame) -> Any:
            value = inner(frame)
            if isinstance(value, Obj):
                return value
            raise Unsupported("a type assertion", node)

        return assertion

    def _x_composite_literal(self, node: Node) -> Expr:
        kind = self.types.written(self._file, node.child_by_field_name("type"))
        elements = named(node.child_by_field_name("body"))  # type: ignore[arg-type]
        runtime = self.runtime
        underlying = self.types.underlying(kind)
        if isinstance(underlying, Sequence) and not underlying.is_array:
            if underlying.key is not None:
                if elements:
                    raise Unsupported("a map literal with entries", node)
                zero: Any = False if underlying.element == Named("", "bool") else UNIT
                return lambda frame: GoMap(zero)
            if not self._is_names(underlying):
                raise Unsupported("a list of something other than names", node)
            parts = [self._element(e) for e in elements]
            return lambda frame: Slice.of([runtime.token(p(frame)) for p in parts], 0)
        if isinstance(kind, Named) and (kind.package, kind.name) in library.SET_TYPES:
            if elements:
                raise Unsupported("a set literal with entries", node)
            return lambda frame: GoSet([])
        if node.child_by_field_name("type").type == "struct_type" and not elements:  # type: ignore[union-attr]
            return lambda frame: UNIT
        raise Unsupported("builds a value that is not understood", node)

    def _is_type_parameter(self, kind: Type | None) -> bool:
        named_here = isinstance(kind, Named) and kind.folder is not None
        return named_here and self.workspace.type_spec(kind.folder, kind.name) is None  # type: ignore[union-attr]

    def _is_names(self, kind: Sequence) -> bool:
        """A list of strings, of a type made from string, or of a type parameter."""
        element = self.types.underlying(kind.element)
        return self._is_type_parameter(element) or element == Named("", "string")

    def _element(self, node: Node) -> Expr:
        if node.type == "literal_element":
            return self.expr(named(node)[0])
        raise Unsupported("a keyed list literal", node)
