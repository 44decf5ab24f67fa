"""Calls: builtins, known packages, functions and methods of the checkout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tree_sitter import Node

from gomigrate.go.evaluator import library
from gomigrate.go.evaluator.expressions import Expressions
from gomigrate.go.evaluator.runtime import (
    UNIT,
    Expr,
    Frame,
    as_list,
    integer,
)
from gomigrate.go.evaluator.values import (
    Free,
    GoMap,
    GoPanic,
    GoSet,
    Slice,
    Time,
    Unbound,
    Unsupported,
)
from gomigrate.go.scope import lookup
from gomigrate.go.syntax import named
from gomigrate.go.types import Named, Pointer, Sequence, Type

_VALUE_METHODS = frozenset(
    {"IsZero", "Has", "HasAny", "HasAll", "Insert", "Delete", "Len", "List", "UnsortedList", "Clone"}
)
_VARIADIC = {
    ("k8s.io/apimachinery/pkg/util/sets", "NewString"): 0,
    ("k8s.io/apimachinery/pkg/util/sets", "New"): 0,
    ("github.com/samber/lo", "Without"): 1,
}
_LIST_AT = {("k8s.io/utils/strings/slices", "Filter"): 1}


class Calls(Expressions):
    """What a call does; one that is not understood makes the unit opaque."""

    def _x_call_expression(self, node: Node) -> Expr:
        function = node.child_by_field_name("function")
        while function.type in ("parenthesized_expression", "index_expression", "type_instantiation_expression"):  # type: ignore[union-attr]
            function = named(function)[0]  # type: ignore[arg-type]
        argument_nodes = named(node.child_by_field_name("arguments"))  # type: ignore[arg-type]
        if function.type == "identifier":  # type: ignore[union-attr]
            name = self._file.text(function)  # type: ignore[arg-type]
            if self._slot(name) is None and lookup(self._file, name, function) is None:  # type: ignore[arg-type]
                builtin = getattr(self, f"_call_{name}", None)
                if builtin is not None and self.workspace.function(self._file.directory, "", name) is None:
                    return builtin(node, argument_nodes)  # type: ignore[no-any-return]
                if name == "string" and len(argument_nodes) == 1:
                    return self.expr(argument_nodes[0])
        if function.type == "slice_type" and len(argument_nodes) == 1:  # type: ignore[union-attr]
            converted = self.expr(argument_nodes[0])
            return lambda frame: as_list(converted(frame), node)
        if function.type == "selector_expression":  # type: ignore[union-attr]
            return self._selector_call(node, function, argument_nodes)  # type: ignore[arg-type]
        callee = self.expr(function)  # type: ignore[arg-type]
        arguments = self._arguments(argument_nodes)
        return lambda frame: self._invoke(callee(frame), arguments(frame), node)

    def _invoke(self, callee: Any, arguments: list[Any], node: Node) -> Any:
        self.runtime.step()
        if not callable(callee):
            raise Unsupported(f"a call of {self._short(node)} is not understood", node)
        return callee(arguments)

    def _short(self, node: Node) -> str:
        function = node.child_by_field_name("function")
        for file in reversed(self._files):
            if function is not None and function.end_byte <= len(file.source):
                return " ".join(file.text(function).split())[:60]
        return "a function"

    def _arguments(self, nodes: list[Node]) -> Callable[[Frame], list[Any]]:
        if any(n.type == "variadic_argument" for n in nodes):
            *fixed, last = nodes
            parts = [self.expr(n) for n in fixed]
            spread = self.expr(named(last)[0])
            return lambda frame: [*(p(frame) for p in parts), as_list(spread(frame), last)]
        parts = [self.expr(n) for n in nodes]
        return lambda frame: [p(frame) for p in parts]

    def _selector_call(self, node: Node, function: Node, argument_nodes: list[Node]) -> Expr:
        operand = function.child_by_field_name("operand")
        name = self._file.text(function.child_by_field_name("field"))  # type: ignore[arg-type]
        package = self._package(operand)  # type: ignore[arg-type]
        runtime = self.runtime
        if package is not None:
            return self._package_call(node, package, name, argument_nodes)
        arguments = self._arguments(argument_nodes)
        method = self.host.methods.get(name)
        declared = None if method else self._method(operand, name)  # type: ignore[arg-type]
        receiver = self.expr(operand)  # type: ignore[arg-type]

        def call(frame: Frame) -> Any:
            runtime.step()
            value = receiver(frame)
            if isinstance(value, GoSet):
                return library.set_method(value, name, self._tokens(arguments(frame)), runtime.spare, runtime.equal)
            if isinstance(value, Time):
                if name == "IsZero":
                    return value.state != "set"
                raise Unsupported(f"the method {name} of a timestamp", node)
            if method is not None:
                return method(runtime, runtime.object(value, node), arguments(frame))
            if declared is not None:
                return declared([value, *arguments(frame)])
            if isinstance(value, Free) and value.local is not None:
                raise Unbound(f"a call of {self._short(node)} is not understood", node, value.local)
            raise Unsupported(f"a call of {self._short(node)} is not understood", node)

        if method is None and declared is None and name not in _VALUE_METHODS:
            raise Unsupported(f"a call of {self._short(node)} is not understood", node)
        return call

    def _tokens(self, arguments: list[Any]) -> list[Any]:
        found: list[Any] = []
        for argument in arguments:
            if isinstance(argument, Slice):
                found += argument.items()
            else:
                found.append(self.runtime.token(argument))
        return found

    def _method(self, operand: Node, name: str) -> Callable[[list[Any]], Any] | None:
        """A method declared in the checkout, found by the operand's static type and never by its bare name."""
        kind: Type | None = self.types.of(self._file, operand)
        if isinstance(kind, Pointer):
            kind = kind.to
        if not isinstance(kind, Named) or kind.folder is None:
            return None
        found = self.workspace.function(kind.folder, kind.name, name)
        return self._declared(kind.folder, kind.name, name, found) if found else None

    def _package_call(self, node: Node, package: str, name: str, argument_nodes: list[Node]) -> Expr:
        arguments = self._arguments(argument_nodes)
        runtime = self.runtime
        runtime.uses_spare = True
        host = self.host.functions.get((package, name))
        if host is not None:
            return lambda frame: host(runtime, arguments(frame))
        known = library.FUNCTIONS.get((package, name))
        if known is not None:
            variadic = (package, name) in _VARIADIC
            variadic_only = _VARIADIC.get((package, name)) == 0

            def run(frame: Frame) -> Any:
                runtime.step()
                values = arguments(frame)
                listed = _LIST_AT.get((package, name), 0)
                for i, value in enumerate(values):
                    if i == listed and not variadic_only:
                        values[i] = value if isinstance(value, GoSet) else as_list(value, node)
                    elif isinstance(value, (str, Free)):
                        values[i] = runtime.token(value)
                if variadic:
                    first = values[: _VARIADIC[(package, name)]]
                    values = first + self._tokens(values[len(first) :])
                return known(values, runtime.spare, lambda f, a: self._invoke(f, a, node), runtime.equal)

            return run
        folder = self.workspace.folder_of(package, self._file.directory)
        found = self.workspace.function(folder, "", name) if folder is not None else None
        if found is None:
            raise Unsupported(f"a call of {self._short(node)} is not understood", node)
        call = self._declared(folder, "", name, found)  # type: ignore[arg-type]
        return lambda frame: self._invoke(call, arguments(frame), node)

    def _call_len(self, node: Node, nodes: list[Node]) -> Expr:
        inner = self.expr(nodes[0])

        def length(frame: Frame) -> int:
            value = inner(frame)
            if isinstance(value, Slice):
                return value.length
            if isinstance(value, (GoSet, GoMap)):
                return len(value.items)
            if isinstance(value, Free):
                return as_list(value, node).length
            raise Unsupported("takes the length of something that is no list of finalizers", node)

        return length

    def _call_cap(self, node: Node, nodes: list[Node]) -> Expr:
        raise Unsupported("depends on the capacity of a list", node)

    def _call_append(self, node: Node, nodes: list[Node]) -> Expr:
        arguments = self._arguments(nodes)
        spread = nodes[-1].type == "variadic_argument"
        runtime = self.runtime
        runtime.uses_spare = True

        def append(frame: Frame) -> Slice:
            runtime.step()
            base, *items = arguments(frame)
            base = as_list(base, node)
            if spread:
                return base.append(list(items[0].items()), runtime.spare)
            return base.append([runtime.token(i) for i in items], runtime.spare)

        return append

    def _call_copy(self, node: Node, nodes: list[Node]) -> Expr:
        arguments = self._arguments(nodes)

        def copy(frame: Frame) -> int:
            target, source = arguments(frame)
            if not isinstance(target, Slice) or not isinstance(source, Slice):
                raise Unsupported("copies something that is no list", node)
            items = source.items()[: target.length]
            for i, item in enumerate(items):
                target.set(i, item)
            return len(items)

        return copy

    def _call_make(self, node: Node, nodes: list[Node]) -> Expr:
        kind = self.types.underlying(self.types.written(self._file, nodes[0]))
        sizes = [self._size(n) for n in nodes[1:]]
        if isinstance(kind, Sequence) and kind.key is not None:
            zero: Any = False if kind.element == Named("", "bool") else UNIT
            return lambda frame: GoMap(zero)
        if (self._is_type_parameter(kind) or (isinstance(kind, Sequence) and self._is_names(kind))) and sizes:

            def build(frame: Frame) -> Slice:
                length = sizes[0](frame)
                capacity = sizes[1](frame) if len(sizes) > 1 else length
                if length < 0 or capacity < length:
                    raise GoPanic("makeslice: len out of range")
                return Slice([""] * capacity, 0, length, capacity)

            return build
        raise Unsupported("makes something that is no list of names", node)

    def _size(self, node: Node) -> Callable[[Frame], int]:
        inner = self.expr(node)
        return lambda frame: integer(inner(frame), node)

    def _call_panic(self, node: Node, nodes: list[Node]) -> Expr:
        raise Unsupported("panics on purpose", node)
