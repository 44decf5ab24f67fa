"""Compiles the pure subset of Go into Python closures, so that one unit runs fast on hundreds of samples.

Whatever is outside the subset raises Unsupported, at compile time where it can be seen and at run time otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tree_sitter import Node

from gomigrate.go.evaluator.runtime import (
    MAX_INLINE,
    RETURN,
    Context,
    Frame,
    Stmt,
    boolean,
    is_expression,
)
from gomigrate.go.evaluator.statements import Statements
from gomigrate.go.evaluator.values import (
    NIL,
    Discard,
    Free,
    Nil,
    Obj,
    Slice,
    Unsupported,
)
from gomigrate.go.scope import parameters
from gomigrate.go.syntax import SourceFile, named
from gomigrate.go.types import Named, Sequence, Types

_INTERFACES = frozenset(
    {
        ("k8s.io/apimachinery/pkg/apis/meta/v1", "Object"),
        ("k8s.io/apimachinery/pkg/apis/meta/v1", "ObjectMetaAccessor"),
        ("k8s.io/apimachinery/pkg/runtime", "Object"),
        ("sigs.k8s.io/controller-runtime/pkg/client", "Object"),
    }
)


class Compiler(Statements):
    """Compiles one unit: a function, or an expression or statements of one."""

    def function(self, file: SourceFile, node: Node) -> Callable[[list[Any]], Any]:
        """A function declaration or literal as a Python callable on a list of values; receiver first, if any."""
        slots, results = [], []
        copies: set[int] = set()
        if node.id in self._inlining:
            raise Unsupported("is recursive", node)
        if len(self._inlining) >= MAX_INLINE:
            raise Unsupported("calls too deeply", node)
        body = node.child_by_field_name("body")
        if body is None:
            raise Unsupported("has no body", node)
        self._inlining.append(node.id)
        self._files.append(file)
        literal = node.type == "func_literal"
        if not literal:
            # A literal sees the variables around it; a declared function sees none of its caller's.
            saved, self._scopes = self._scopes, []
        self._scopes.append({})
        self._count += 1
        # A literal shares the frame of the function around it, so each function has a result slot of its own.
        result_slot = f"return#{self._count}"
        self._result_slots.append(result_slot)
        try:
            receiver = node.child_by_field_name("receiver")
            if receiver is not None:
                names = parameters(node, "receiver")
                slots.append(self._declare(file.text(names[0][0])) if names else "_")
                if names and is_copied(self.types, file, names[0][1]):
                    copies.add(0)
            variadic = False
            for declaration in named(node.child_by_field_name("parameters")):  # type: ignore[arg-type]
                names_of = [n for n in declaration.children_by_field_name("name") if n.type == "identifier"]
                variadic = declaration.type == "variadic_parameter_declaration"
                if is_copied(self.types, file, declaration):
                    copies.update(range(len(slots), len(slots) + len(names_of)))
                slots += [self._declare(file.text(n)) for n in names_of] or ["_"]
            result = node.child_by_field_name("result")
            if result is not None and result.type == "parameter_list":
                for name, declaration in parameters(node, "result"):
                    zero = self._zero(file, declaration.child_by_field_name("type"))
                    results.append((self._declare(file.text(name)), zero))
            run = self._block(body)
        finally:
            self._inlining.pop()
            self._result_slots.pop()
            self._files.pop()
            self._scopes.pop()
            if not literal:
                self._scopes = saved
        named_results = [slot for slot, _ in results]
        has_result = result is not None
        listed = self._listed_results(file, result)

        def call(arguments: list[Any], outer_frame: Frame | None = None) -> Any:
            frame: Frame = outer_frame if outer_frame is not None else {}
            if variadic:
                fixed = len(slots) - 1
                if len(arguments) != len(slots) or not isinstance(arguments[-1], Slice):
                    rest = [self.runtime.token(a) for a in arguments[fixed:]]
                    arguments = [*arguments[:fixed], Slice.of(rest) if rest else NIL]
            if len(arguments) != len(slots):
                raise Unsupported("is called with another number of values", node)
            for i, (slot, value) in enumerate(zip(slots, arguments, strict=True)):
                frame[slot] = _copy(value, node) if i in copies else value
            for slot, zero in results:
                frame[slot] = zero()
            frame[result_slot] = None
            signal = run(frame)
            if signal is not None and signal is not RETURN:
                raise Unsupported("leaves the function by a jump", node)
            if not has_result:
                return None
            if frame[result_slot] is None:
                if not named_results:
                    raise Unsupported("ends without a result", node)
                values = tuple(frame[slot] for slot in named_results)
            else:
                values = frame[result_slot]
            if listed:
                values = tuple(NIL if isinstance(v, Nil) and i in listed else v for i, v in enumerate(values))
            return values[0] if len(values) == 1 else values

        return call

    def _listed_results(self, file: SourceFile, result: Node | None) -> set[int]:
        """Which results are lists: a nil that is given back there is the nil list."""
        if result is None:
            return set()
        kinds = [result]
        if result.type == "parameter_list":
            kinds = []
            for declaration in named(result):
                names = [n for n in declaration.children_by_field_name("name") if n.type == "identifier"]
                kind = declaration.child_by_field_name("type")
                kinds += [kind] * max(1, len(names)) if kind is not None else []
        written = [self.types.underlying(self.types.written(file, kind)) for kind in kinds]
        return {i for i, k in enumerate(written) if isinstance(k, Sequence) and k.key is None and not k.is_array}

    def unit(self, file: SourceFile, context: list[Context], nodes: list[Node]) -> Callable[[], Any]:
        """An expression, or adjacent statements, of a larger function. Calling it runs it in a fresh frame.

        `context` is what runs before, in order: statements that compute what the unit uses, and conditions under
        which alone it is reached (Discard is raised when one does not hold).
        """
        self._files.append(file)
        self._scopes.append({})
        before = [self._context(c) for c in context]
        expression = self.expr(nodes[0]) if len(nodes) == 1 and is_expression(nodes[0]) else None
        run = None if expression is not None else self._sequence(nodes)

        def start() -> Any:
            frame: Frame = {}
            for step in before:
                step(frame)
            if expression is not None:
                return expression(frame)
            if run is not None and run(frame) is not None:
                raise Unsupported("leaves the place by return, break or continue", nodes[0])
            return None

        return start

    def _context(self, context: Context) -> Stmt:
        if context.holds is None:
            return self.stmt(context.node)
        condition, holds = self.expr(context.node), context.holds

        def guard(frame: Frame) -> None:
            if boolean(condition(frame), context.node) is not holds:
                raise Discard

        return guard


def is_copied(types: Types, file: SourceFile, declaration: Node) -> bool:
    """Whether a parameter or receiver is a struct by value; a type of another module is one unless it is known."""
    kind = types.written(file, declaration.child_by_field_name("type"))
    if not isinstance(kind, Named) or not kind.package:
        return False
    if kind.folder is None:
        return (kind.package, kind.name) not in _INTERFACES
    declared = types.declaration(kind)
    return declared is not None and declared[1].type == "struct_type"


def _copy(value: Any, node: Node) -> Any:
    if isinstance(value, Obj):
        raise Unsupported("works on a copy of the object", node)
    if isinstance(value, Free) and value.constant is None:
        return Free(f"{value.id}~", value.node, value.file, None, value.local, value.parent, value.field, True)
    return value
