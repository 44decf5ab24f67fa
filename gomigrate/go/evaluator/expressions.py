"""Expressions other than calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tree_sitter import Node

from gomigrate.go.evaluator import library
from gomigrate.go.evaluator.kinds import METAV1, Kind
from gomigrate.go.evaluator.names import Expr, Frame, Names, child
from gomigrate.go.evaluator.runtime import ELEMENT, FIELD, MEMBER, VARIABLE, boolean, integer, list_of, origin
from gomigrate.go.evaluator.values import (
    EMPTY,
    UNIT,
    UNTYPED_NIL,
    Copied,
    Free,
    GoMap,
    GoSet,
    Obj,
    Ref,
    Slice,
    Unsupported,
)
from gomigrate.go.nodes import FUNCTION_LIKE, calls_in, descend, enclosing, named, unparen
from gomigrate.go.strings import vendored_text
from gomigrate.go.syntax import string_value
from gomigrate.go.types import Named, Pointer

Values = Callable[[Frame], list[Any]]
# Nobody keeps that many names on an object; each takes time on every sample.
MAX_ELEMENTS = 1000
_ORDER: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_READS = ("identifier", "selector_expression", "index_expression", "variadic_argument", "call_expression")
# Calls that change nothing: in which order they come is all the same.
_PURE = frozenset({"len", "cap", "make", "new", "string", "GetFinalizers", "GetDeletionTimestamp", "IsZero"})


class Expressions(Names):
    def _x_parenthesized_expression(self, node: Node) -> Expr:
        return self.expr(named(node)[0])

    def _x_true(self, node: Node) -> Expr:
        return self._predeclared(node, True)

    def _x_false(self, node: Node) -> Expr:
        return self._predeclared(node, False)

    def _x_nil(self, node: Node) -> Expr:
        return self._predeclared(node, UNTYPED_NIL)

    def _predeclared(self, node: Node, value: Any) -> Expr:
        if not self._is_predeclared(self._text(node), node):
            raise Unsupported(f"{self._text(node)} is declared anew", node)
        return lambda frame: value

    def _x_int_literal(self, node: Node) -> Expr:
        text = self._text(node)
        if text not in ("0", "1"):
            raise Unsupported(f"depends on the number {text}", node)
        value = int(text)
        return lambda frame: value

    def _x_interpreted_string_literal(self, node: Node) -> Expr:
        value = string_value(self._file, node)
        if value is None:
            raise Unsupported("a string with escapes", node)
        if value == "":
            return lambda frame: EMPTY
        free = self._free(f'"{value}"', node, value)
        return lambda frame: free

    _x_raw_string_literal = _x_interpreted_string_literal

    def _x_func_literal(self, node: Node) -> Expr:
        call = self._literal(node)
        return lambda frame: lambda arguments: call(arguments, frame)

    def _literal(self, node: Node) -> Callable[[list[Any], Frame], Any]:
        raise NotImplementedError

    # -- operands -------------------------------------------------------------------------------------------

    def _operands(self, nodes: list[Node], parts: list[Expr] | None = None) -> Values:
        """The values of several operands of one expression or statement.

        Go calls functions in the order that is written, but may read a variable before or after a call beside it:
        where that would make a difference, nothing can be said.
        """
        compiled = [self.expr(n) for n in nodes] if parts is None else parts
        if len(compiled) < 2 or not any(self._may_change(n) for n in nodes):
            return lambda frame: [part(frame) for part in compiled]
        reads = [self._reads(n) for n in nodes]
        others = [_union(reads[:i] + reads[i + 1 :]) for i in range(len(reads))]
        runtime = self.runtime

        def run(frame: Frame) -> list[Any]:
            values, effects = [], runtime.effects
            for i, part in enumerate(compiled):
                runtime.effects = 0
                values.append(part(frame))
                if runtime.effects & others[i]:
                    raise Unsupported("hangs on the order in which Go evaluates one line", nodes[i])
                effects |= runtime.effects
            runtime.effects = effects
            return values

        return run

    def _may_change(self, node: Node) -> bool:
        for call in calls_in(node):
            function = call.child_by_field_name("function") or child(call, "type")
            name = function.child_by_field_name("field") if function.type == "selector_expression" else function
            if self._text(name) not in _PURE:
                return True
        return False

    def _reads(self, node: Node) -> int:
        """What an operand reads, other than in function literals."""
        found = 0
        for inner in descend(node, *_READS):
            if _in_literal(inner, node):
                continue
            if inner.type == "identifier":
                found |= VARIABLE if self._variable(self._text(inner)) is not None else 0
            elif inner.type == "selector_expression":
                found |= FIELD if self._text(child(inner, "field")) in self.host.getters else 0
            elif inner.type == "call_expression":
                found |= MEMBER if self._text(child(inner, "function")) == "len" else 0
            else:
                found |= ELEMENT | MEMBER
        return found

    # -- operators ------------------------------------------------------------------------------------------

    def _x_unary_expression(self, node: Node) -> Expr:
        operator = self._text(child(node, "operator"))
        operand = child(node, "operand")
        if operator == "&":
            return self._address(operand)
        inner = self.expr(operand)
        if operator == "!":
            return lambda frame: not boolean(inner(frame), node)
        if operator == "-" and self._text(operand) == "1":
            return lambda frame: -1
        if operator == "*":
            return lambda frame: self._behind(inner(frame), node)
        raise Unsupported(f"operator {operator} is not understood", node)

    def _behind(self, pointer: Any, node: Node) -> Any:
        """What a pointer points to; of a struct that is a copy."""
        if isinstance(pointer, Ref):
            return pointer.get()
        if isinstance(pointer, (Obj, Free, Copied)):
            return self.runtime.copied(pointer)
        raise Unsupported("follows a pointer that is not understood", node)

    def _address(self, operand: Node) -> Expr:
        """`&x`: an object and its address are one thing here; of anything else it is a reference to the variable."""
        operand = unparen(operand)
        runtime = self.runtime
        if operand.type == "selector_expression" and self._package(child(operand, "operand")) is None:
            field = self._text(child(operand, "field"))
            setter, getter = self.host.setters.get(field), self.host.getters.get(field)
            if setter is not None and getter is not None:
                write, read = setter, getter
                base = self._base(operand)

                def of_field(frame: Frame) -> Any:
                    obj = runtime.object(base(frame), operand)
                    return Ref(lambda: read(runtime, obj), lambda value: write(runtime, obj, value))

                return of_field
            return self._selected(operand)
        if operand.type != "identifier":
            raise Unsupported("takes an address", operand)
        read_variable = self.expr(operand)
        variable = self._variable(self._text(operand))
        if variable is None:
            return read_variable
        store = self._write(variable, operand)

        def address(frame: Frame) -> Any:
            value = read_variable(frame)
            if isinstance(value, (Obj, Free, Copied)):
                return value

            def change(value: Any) -> None:
                runtime.effects |= VARIABLE
                store(frame, value)

            return Ref(lambda: read_variable(frame), change)

        return address

    def _x_binary_expression(self, node: Node) -> Expr:
        operator = self._text(child(node, "operator"))
        sides = [child(node, "left"), child(node, "right")]
        if operator in ("&&", "||"):
            left, right = (self.expr(n) for n in sides)
            if operator == "&&":
                return lambda frame: boolean(left(frame), node) and boolean(right(frame), node)
            return lambda frame: boolean(left(frame), node) or boolean(right(frame), node)
        both = self._operands(sides)
        equal = self.runtime.equal
        if operator == "==":
            return lambda frame: equal(*both(frame))
        if operator == "!=":
            return lambda frame: not equal(*both(frame))
        if operator in _ORDER:
            compare, ordered = _ORDER[operator], self.runtime.ordered
            return lambda frame: ordered(compare, both(frame), node)
        if operator in ("+", "-"):
            return self._sum(both, 1 if operator == "+" else -1, node)
        raise Unsupported(f"operator {operator} is not understood", node)

    def _sum(self, both: Values, sign: int, node: Node) -> Expr:
        number = self.runtime.number

        def run(frame: Frame) -> int:
            left, right = both(frame)
            return number(integer(left, node) + sign * integer(right, node))

        return run

    # -- parts of a value -----------------------------------------------------------------------------------

    def _x_selector_expression(self, node: Node) -> Expr:
        operand = child(node, "operand")
        field = self._text(child(node, "field"))
        package = self._package(operand)
        if package is None:
            return self._selected(node)
        folder = self.workspace.folder_of(package, self._file.directory)
        if folder is None:
            text = vendored_text(self.types, package, field, self._file.directory)
            free = self._free(f"{package}.{field}", node, named=bool(text))
            return lambda frame: free
        found = self.workspace.value(folder, field)
        if found is not None:
            return self._package_value(folder, field, node, *found)
        function = self.workspace.function(folder, "", field)
        if function is None:
            raise Unsupported(f"{self._text(node)} is not found in the checkout", node)
        call = self._declared(folder, "", field, function)
        return lambda frame: call

    def _base(self, node: Node) -> Expr:
        """What a selector selects from: `(*p).x` is `p.x`, and no copy."""
        operand = unparen(child(node, "operand"))
        while operand.type == "unary_expression" and self._text(child(operand, "operator")) in ("*", "&"):
            operand = unparen(child(operand, "operand"))
        return self.expr(operand)

    def _selected(self, node: Node) -> Expr:
        """A field, as a place: storing it elsewhere makes a copy, taking its address does not."""
        field = self._text(child(node, "field"))
        inner = self._base(node)
        file, runtime = self._file, self.runtime
        getter = self.host.getters.get(field)
        if getter is not None:
            read = getter
            self._refuse_own_field(node, field)
            return lambda frame: read(runtime, runtime.object(inner(frame), node))

        def path(frame: Frame) -> Any:
            base = inner(frame)
            lost = isinstance(base, Copied) or (isinstance(base, Obj) and base.copied)
            free = base.free if isinstance(base, Obj) else origin(base)
            if not isinstance(free, Free) or free.constant is not None:
                raise Unsupported(f"the field {field} is not understood", node)
            found = self._free(f"{free.id}.{field}", node, parent=free, field=field)
            return Copied(found) if lost and not self.kinds.is_reference(self._type_of(file, node)) else found

        return path

    def _refuse_own_field(self, node: Node, field: str) -> None:
        """A field that a type of the checkout declares hides the one of ObjectMeta, even if it has its name."""
        kind = self._type_of(self._file, child(node, "operand"))
        declared = self.types.member(kind, field)
        base = declared.to if isinstance(declared, Pointer) else declared
        if declared is None or base == Named(METAV1, "ObjectMeta", None):
            return
        struct = self.types.declaration(kind.to if isinstance(kind, Pointer) else kind)
        # What embeds nothing is no object at all: that is judged where its type is.
        if struct is None or self.types.embedded(*struct):
            raise Unsupported(f"{self._text(node)[:60]} is no field of the object's metadata", node)

    def _stored(self, node: Node) -> Expr:
        """An expression whose value is stored: Go copies a struct then, and what is written to the copy is lost."""
        inner = self.expr(node)
        plain = unparen(node)
        if plain.type == "identifier":
            known = self._variable(self._text(plain)) is not None
        else:
            known = plain.type not in ("selector_expression", "index_expression", "type_assertion_expression")
        if known:
            return inner
        file, runtime = self._file, self.runtime
        answer: list[bool] = []

        def run(frame: Frame) -> Any:
            value = inner(frame)
            if not isinstance(value, (Obj, Free)):
                return value
            # The static type is asked for when it matters, which is rare.
            if not answer:
                answer.append(self.kinds.is_reference(self._type_of(file, plain)))
            return value if answer[0] else runtime.copied(value)

        return run

    def _x_index_expression(self, node: Node) -> Expr:
        both = self._operands([child(node, "operand"), child(node, "index")])
        runtime = self.runtime

        def read(frame: Frame) -> Any:
            base, index = both(frame)
            if isinstance(base, GoMap):
                name = runtime.name(index)
                return base.items[name] if name in base.items else base.zero()
            if isinstance(base, Slice):
                return base.get(integer(index, node))
            raise Unsupported("indexes something that is no list", node)

        return read

    def _x_slice_expression(self, node: Node) -> Expr:
        fields = [f for f in ("start", "end", "capacity") if node.child_by_field_name(f) is not None]
        parts = self._operands([child(node, "operand"), *(child(node, f) for f in fields)])
        runtime = self.runtime

        def cut(frame: Frame) -> Any:
            base, *given = parts(frame)
            bounds = {f: integer(v, node) for f, v in zip(fields, given, strict=True)}
            return runtime.cut(list_of(base, node), bounds.get("start", 0), bounds.get("end"), bounds.get("capacity"))

        return cut

    def _x_type_assertion_expression(self, node: Node) -> Expr:
        """Only the way back from a deep copy to the type that was copied is sure not to panic."""
        operand = unparen(child(node, "operand"))
        inner = self.expr(operand)
        wanted = self.types.written(self._file, child(node, "type"))
        copied = None
        if operand.type == "call_expression" and child(operand, "function").type == "selector_expression":
            copied = self._type_of(self._file, child(child(operand, "function"), "operand"))
        if wanted is None or wanted != copied:
            raise Unsupported("a type assertion", node)

        def assertion(frame: Frame) -> Any:
            value = inner(frame)
            if isinstance(value, Obj):
                return value
            raise Unsupported("a type assertion", node)

        return assertion

    # -- literals of lists, maps and sets -------------------------------------------------------------------

    def _x_composite_literal(self, node: Node) -> Expr:
        type_node = child(node, "type")
        elements = named(child(node, "body"))
        if len(elements) > MAX_ELEMENTS:
            raise Unsupported(f"a value with more than {MAX_ELEMENTS} elements", node)
        kind = self.kinds.of(self._file, type_node)
        runtime = self.runtime
        if kind is Kind.LIST:
            parts = self._operands([self._element(e) for e in elements])
            return lambda frame: runtime.new_list([runtime.token(v) for v in parts(frame)], len(elements))
        if kind is Kind.MAP:
            return self._map_literal(type_node, elements)
        if elements:
            raise Unsupported("builds a value that is not understood", node)
        written = self.types.written(self._file, type_node)
        if isinstance(written, Named) and (written.package, written.name) in library.SET_TYPES:
            return lambda frame: GoSet([])
        if type_node.type == "struct_type":
            return lambda frame: UNIT
        raise Unsupported("builds a value that is not understood", node)

    def _new_map(self, type_node: Node) -> Expr:
        file, behind = self.kinds.underlying(self._file, type_node)
        zero = self._zero(file, child(behind, "value"))
        return lambda frame: GoMap(zero)

    def _map_literal(self, type_node: Node, elements: list[Node]) -> Expr:
        """A map that stands for a set: its values are true, false, or structs that hold nothing."""
        if any(e.type != "keyed_element" for e in elements):
            raise Unsupported("builds a value that is not understood", type_node)
        empty = self._new_map(type_node)
        keys = self._operands([self._element(child(e, "key")) for e in elements])
        values = [self._map_value(type_node, self._element(child(e, "value"))) for e in elements]
        name = self.runtime.name

        def build(frame: Frame) -> Any:
            found = empty(frame)
            found.items.update(zip(map(name, keys(frame)), values, strict=True))
            return found

        return build

    def _map_value(self, type_node: Node, node: Node) -> Any:
        if node.type in ("true", "false") and self._is_predeclared(node.type, node):
            return node.type == "true"
        value_type = child(self.kinds.underlying(self._file, type_node)[1], "value")
        if value_type.type == "struct_type" and node.type in ("literal_value", "composite_literal"):
            return UNIT
        raise Unsupported("builds a value that is not understood", node)

    def _element(self, node: Node) -> Node:
        if node.type == "literal_element":
            return named(node)[0]
        raise Unsupported("a keyed list literal", node)


def _in_literal(node: Node, outer: Node) -> bool:
    literal = enclosing(node, FUNCTION_LIKE)
    return literal is not None and outer.start_byte <= literal.start_byte and literal.end_byte <= outer.end_byte


def _union(flags: list[int]) -> int:
    found = 0
    for flag in flags:
        found |= flag
    return found
