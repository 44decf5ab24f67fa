"""Statements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tree_sitter import Node

from gomigrate.go.evaluator.calls import Calls
from gomigrate.go.evaluator.runtime import (
    RETURN,
    Expr,
    Frame,
    Stmt,
    after_body,
    after_switch,
    as_list,
    boolean,
    integer,
    repeated,
    writer,
)
from gomigrate.go.evaluator.values import (
    NIL,
    GoMap,
    Slice,
    Unbound,
    Unsupported,
)
from gomigrate.go.scope import lookup
from gomigrate.go.syntax import SourceFile, named, statements
from gomigrate.go.types import Named, Sequence


class Statements(Calls):
    """One method for each kind of statement that is understood."""

    def _block(self, block: Node) -> Stmt:
        self._scopes.append({})
        try:
            return self._sequence(statements(block))
        finally:
            self._scopes.pop()

    def _sequence(self, nodes: list[Node]) -> Stmt:
        compiled = [self.stmt(n) for n in nodes]

        def run(frame: Frame) -> Any:
            for statement in compiled:
                signal = statement(frame)
                if signal is not None:
                    return signal
            return None

        return run

    def stmt(self, node: Node, label: str = "") -> Stmt:
        if node.type == "for_statement":
            return self._for(node, label)
        method = getattr(self, f"_s_{node.type}", None)
        if method is None:
            raise Unsupported(f"{node.type.replace('_', ' ')} is not understood", node)
        return method(node)  # type: ignore[no-any-return]

    def _s_block(self, node: Node) -> Stmt:
        return self._block(node)

    def _s_empty_statement(self, node: Node) -> Stmt:
        return lambda frame: None

    def _s_expression_statement(self, node: Node) -> Stmt:
        inner = self.expr(named(node)[0])

        def run(frame: Frame) -> None:
            inner(frame)

        return run

    def _s_short_var_declaration(self, node: Node) -> Stmt:
        left = named(node.child_by_field_name("left"))  # type: ignore[arg-type]
        right = named(node.child_by_field_name("right"))  # type: ignore[arg-type]
        values = self._values(right, len(left))
        slots = []
        for target in left:
            name = self._file.text(target)
            slots.append(self._scopes[-1].get(name) or self._declare(name))
        return self._store(values, [writer(s) for s in slots])

    def _values(self, nodes: list[Node], count: int) -> Callable[[Frame], tuple[Any, ...]]:
        if len(nodes) == count:
            parts = [self.expr(n) for n in nodes]
            return lambda frame: tuple(p(frame) for p in parts)
        if len(nodes) != 1:
            raise Unsupported("assigns another number of values", nodes[0] if nodes else None)
        if nodes[0].type == "index_expression" and count == 2:
            return self._comma_ok(nodes[0])
        call = self.expr(nodes[0])

        def several(frame: Frame) -> tuple[Any, ...]:
            values = call(frame)
            if not isinstance(values, tuple) or len(values) != count:
                raise Unsupported("assigns another number of values", nodes[0])
            return values

        return several

    def _comma_ok(self, node: Node) -> Callable[[Frame], tuple[Any, ...]]:
        operand = self.expr(node.child_by_field_name("operand"))  # type: ignore[arg-type]
        index = self.expr(node.child_by_field_name("index"))  # type: ignore[arg-type]

        def read(frame: Frame) -> tuple[Any, ...]:
            base = operand(frame)
            if not isinstance(base, GoMap):
                raise Unsupported("asks for a second value of something that is no map", node)
            key = self.runtime.token(index(frame))
            return base.items.get(key, base.zero), key in base.items

        return read

    @staticmethod
    def _store(values: Callable[[Frame], tuple[Any, ...]], targets: list[Callable[[Frame, Any], Any]]) -> Stmt:
        def run(frame: Frame) -> None:
            for target, value in zip(targets, values(frame), strict=True):
                target(frame, value)

        return run

    def _s_assignment_statement(self, node: Node) -> Stmt:
        operator = self._file.text(node.child_by_field_name("operator"))  # type: ignore[arg-type]
        left = named(node.child_by_field_name("left"))  # type: ignore[arg-type]
        right = named(node.child_by_field_name("right"))  # type: ignore[arg-type]
        if operator == "=":
            return self._store(self._values(right, len(left)), [self._target(t) for t in left])
        if operator in ("+=", "-=") and len(left) == 1:
            self._count_increment(node)
            sign = 1 if operator == "+=" else -1
            read, value, write = self.expr(left[0]), self.expr(right[0]), self._target(left[0])

            def run(frame: Frame) -> None:
                write(frame, integer(read(frame), node) + sign * integer(value(frame), node))

            return run
        raise Unsupported(f"operator {operator} is not understood", node)

    def _target(self, node: Node) -> Callable[[Frame, Any], Any]:
        if node.type == "parenthesized_expression":
            return self._target(named(node)[0])
        if node.type == "identifier":
            name = self._file.text(node)
            if name == "_":
                return lambda frame, value: None
            slot = self._slot(name)
            if slot is None:
                raise Unbound(f"assigns {name}, which lives on outside", node, lookup(self._file, name, node))
            return lambda frame, value: frame.__setitem__(slot, value)
        if node.type == "index_expression":
            operand = self.expr(node.child_by_field_name("operand"))  # type: ignore[arg-type]
            index = self.expr(node.child_by_field_name("index"))  # type: ignore[arg-type]

            def write(frame: Frame, value: Any) -> None:
                base = operand(frame)
                if isinstance(base, GoMap):
                    base.items[self.runtime.token(index(frame))] = value
                elif isinstance(base, Slice):
                    base.set(integer(index(frame), node), self.runtime.token(value))
                else:
                    raise Unsupported("writes an element of something that is no list", node)

            return write
        if node.type == "selector_expression":
            field = self._file.text(node.child_by_field_name("field"))  # type: ignore[arg-type]
            setter = self.host.setters.get(field)
            if setter is not None:
                base = self.expr(node.child_by_field_name("operand"))  # type: ignore[arg-type]
                runtime = self.runtime
                return lambda frame, value: setter(runtime, runtime.object(base(frame), node), value)
        raise Unsupported(f"writes {self._file.text(node)[:60]}, which is no list of finalizers", node)

    def _s_var_declaration(self, node: Node) -> Stmt:
        parts = []
        for spec in (s for s in named(node)):
            if spec.type != "var_spec":
                raise Unsupported("a group of variables", node)
            names = [n for n in spec.children_by_field_name("name") if n.type == "identifier"]
            value = spec.child_by_field_name("value")
            if value is not None:
                values = self._values(named(value), len(names))
            else:
                zero = self._zero(self._file, spec.child_by_field_name("type"))
                count = len(names)
                values = repeated(zero, count)
            slots = [self._declare(self._file.text(n)) for n in names]
            if spec.child_by_field_name("type") is not None:
                listed = isinstance(self.types.written(self._file, spec.child_by_field_name("type")), Sequence)
            else:
                listed = False
            store = [writer(s, listed) for s in slots]
            parts.append(self._store(values, store))

        def run(frame: Frame) -> None:
            for part in parts:
                part(frame)

        return run

    def _zero(self, file: SourceFile, node: Node | None) -> Callable[[], Any]:
        kind = self.types.underlying(self.types.written(file, node))
        if isinstance(kind, Sequence) and kind.key is None and not kind.is_array:
            return lambda: NIL
        if isinstance(kind, Named) and kind.package == "":
            if kind.name == "bool":
                return lambda: False
            if kind.name.startswith(("int", "uint")):
                return lambda: 0

        def unknown() -> Any:
            raise Unsupported("a variable of a type that is not understood", node)

        return unknown

    def _s_inc_statement(self, node: Node) -> Stmt:
        return self._step_variable(node, 1)

    def _s_dec_statement(self, node: Node) -> Stmt:
        return self._step_variable(node, -1)

    def _step_variable(self, node: Node, by: int) -> Stmt:
        self._count_increment(node)
        target = named(node)[0]
        read, write = self.expr(target), self._target(target)

        def run(frame: Frame) -> None:
            write(frame, integer(read(frame), node) + by)

        return run

    def _s_if_statement(self, node: Node) -> Stmt:
        self._scopes.append({})
        try:
            initializer = node.child_by_field_name("initializer")
            before = self.stmt(initializer) if initializer is not None else None
            condition = self.expr(node.child_by_field_name("condition"))  # type: ignore[arg-type]
            then = self._block(node.child_by_field_name("consequence"))  # type: ignore[arg-type]
            alternative = node.child_by_field_name("alternative")
            otherwise = self.stmt(alternative) if alternative is not None else None
        finally:
            self._scopes.pop()

        def run(frame: Frame) -> Any:
            if before is not None:
                before(frame)
            if boolean(condition(frame), node):
                return then(frame)
            return otherwise(frame) if otherwise is not None else None

        return run

    def _s_return_statement(self, node: Node) -> Stmt:
        parts = named(node)
        if not self._result_slots:
            raise Unsupported("returns from the surrounding function", node)
        if not parts:
            return lambda frame: RETURN
        slot = self._result_slots[-1]
        expressions = [self.expr(n) for n in named(parts[0])]

        def run(frame: Frame) -> Any:
            values = tuple(e(frame) for e in expressions)
            if len(values) == 1 and isinstance(values[0], tuple):
                values = values[0]
            frame[slot] = values
            return RETURN

        return run

    def _s_break_statement(self, node: Node) -> Stmt:
        signal = ("break", self._label(node))
        return lambda frame: signal

    def _s_continue_statement(self, node: Node) -> Stmt:
        signal = ("continue", self._label(node))
        return lambda frame: signal

    def _label(self, node: Node) -> str:
        return self._file.text(named(node)[0]) if named(node) else ""

    def _s_labeled_statement(self, node: Node) -> Stmt:
        return self.stmt(named(node)[-1], self._file.text(node.child_by_field_name("label")))  # type: ignore[arg-type]

    def _s_expression_switch_statement(self, node: Node) -> Stmt:
        self._scopes.append({})
        try:
            initializer = node.child_by_field_name("initializer")
            before = self.stmt(initializer) if initializer is not None else None
            subject_node = node.child_by_field_name("value")
            subject = self.expr(subject_node) if subject_node is not None else None
            cases, default = self._cases(node)
        finally:
            self._scopes.pop()
        equal = self.runtime.equal

        def run(frame: Frame) -> Any:
            if before is not None:
                before(frame)
            value = subject(frame) if subject is not None else True
            for tests, body in cases:
                for test in tests:
                    if equal(value, test(frame)):
                        return after_switch(body(frame))
            return after_switch(default(frame)) if default is not None else None

        return run

    def _cases(self, node: Node) -> tuple[list[tuple[list[Expr], Stmt]], Stmt | None]:
        cases: list[tuple[list[Expr], Stmt]] = []
        default = None
        for case in named(node):
            if case.type == "expression_case":
                tests = [self.expr(n) for n in named(case.child_by_field_name("value"))]  # type: ignore[arg-type]
                cases.append((tests, self._case_body(case)))
            elif case.type == "default_case":
                default = self._case_body(case)
        return cases, default

    def _case_body(self, case: Node) -> Stmt:
        self._scopes.append({})
        try:
            return self._sequence(statements(case))
        finally:
            self._scopes.pop()

    def _for(self, node: Node, label: str) -> Stmt:
        self._scopes.append({})
        try:
            clause = next((c for c in named(node) if c.type in ("range_clause", "for_clause")), None)
            body_node = node.child_by_field_name("body")
            if clause is not None and clause.type == "range_clause":
                return self._range(clause, body_node, label)  # type: ignore[arg-type]
            return self._loop(node, clause, body_node, label)  # type: ignore[arg-type]
        finally:
            self._scopes.pop()

    def _range(self, clause: Node, body_node: Node, label: str) -> Stmt:
        over = self.expr(clause.child_by_field_name("right"))  # type: ignore[arg-type]
        left = clause.child_by_field_name("left")
        targets: list[Callable[[Frame, Any], Any]] = []
        if left is not None:
            defines = any(c.type == ":=" for c in clause.children)
            for target in named(left):
                if defines:
                    slot = self._declare(self._file.text(target))
                    targets.append(writer(slot))
                else:
                    targets.append(self._target(target))
        body = self._block(body_node)
        runtime = self.runtime

        def run(frame: Frame) -> Any:
            value = over(frame)
            if isinstance(value, int) and not isinstance(value, bool):
                count, source = value, None
            elif isinstance(value, Slice):
                # Go copies the slice header once; elements are read when their turn comes.
                count, source = value.length, value
            else:
                source = as_list(value, clause)
                count = source.length
            for i in range(count):
                runtime.step()
                if targets:
                    targets[0](frame, i)
                    if len(targets) > 1 and source is not None:
                        targets[1](frame, source.get(i))
                stop, signal = after_body(body(frame), label)
                if stop:
                    return signal
            return None

        return run

    def _loop(self, node: Node, clause: Node | None, body_node: Node, label: str) -> Stmt:
        before = update = None
        condition: Expr | None = None
        if clause is not None:
            parts = {f: clause.child_by_field_name(f) for f in ("initializer", "condition", "update")}
            before = self.stmt(parts["initializer"]) if parts["initializer"] is not None else None
            condition = self.expr(parts["condition"]) if parts["condition"] is not None else None
            update = self.stmt(parts["update"]) if parts["update"] is not None else None
        else:
            tests = [c for c in named(node) if c.type != "block"]
            condition = self.expr(tests[0]) if tests else None
        body = self._block(body_node)
        runtime = self.runtime

        def run(frame: Frame) -> Any:
            if before is not None:
                before(frame)
            while condition is None or boolean(condition(frame), node):
                runtime.step()
                stop, signal = after_body(body(frame), label)
                if stop:
                    return signal
                if update is not None:
                    update(frame)
            return None

        return run
