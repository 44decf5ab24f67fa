"""Statements. Each gives a signal: None to go on, a break or continue (with its label or ''), or RETURN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tree_sitter import Node

from gomigrate.go.evaluator.calls import _RESULT, RETURN, Calls
from gomigrate.go.evaluator.names import Expr, Frame, Stmt, Store, child
from gomigrate.go.evaluator.runtime import MEMBER, boolean, integer, list_of
from gomigrate.go.evaluator.values import GoMap, Obj, Ref, Slice, Unbound, Unsupported
from gomigrate.go.nodes import named, statements, unparen
from gomigrate.go.scope import lookup

Several = Callable[[Frame], list[Any]]


class Target:
    """What is assigned to: operands that are evaluated first, and how to store a value once they are."""

    def __init__(self, nodes: list[Node], parts: list[Expr], store: Callable[[Frame, list[Any], Any], None]) -> None:
        self.nodes = nodes
        self.parts = parts
        self.store = store


class Statements(Calls):
    def stmt(self, node: Node, label: str = "") -> Stmt:
        if node.type == "for_statement":
            return self._for(node, label)
        method = getattr(self, f"_s_{node.type}", None)
        if method is None:
            raise Unsupported(f"{node.type.replace('_', ' ')} is not understood", node)
        return method(node)  # type: ignore[no-any-return]

    def _block(self, block: Node, own_scope: bool = True) -> Stmt:
        if own_scope:
            self._scopes.append({})
        try:
            return self._sequence(statements(block))
        finally:
            if own_scope:
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

    def _s_block(self, node: Node) -> Stmt:
        return self._block(node)

    def _s_empty_statement(self, node: Node) -> Stmt:
        return lambda frame: None

    def _s_expression_statement(self, node: Node) -> Stmt:
        inner = self.expr(named(node)[0])

        def run(frame: Frame) -> None:
            inner(frame)

        return run

    # -- variables ------------------------------------------------------------------------------------------

    def _s_short_var_declaration(self, node: Node) -> Stmt:
        left = named(child(node, "left"))
        values = self._values(named(child(node, "right")), len(left))
        # What its own block has declared before is assigned, the rest is declared anew.
        return self._store(values, [self._redeclared(n) for n in left])

    def _redeclared(self, node: Node) -> Store:
        name = self._text(node)
        known = self._scopes[-1].get(name)
        return self._write(known, node) if known is not None else _initial(self._declare(name))

    def _s_var_declaration(self, node: Node) -> Stmt:
        parts = []
        for spec in named(node):
            if spec.type != "var_spec":
                raise Unsupported("a group of variables", node)
            names = [n for n in spec.children_by_field_name("name") if n.type == "identifier"]
            kind = spec.child_by_field_name("type")
            value = spec.child_by_field_name("value")
            if value is not None:
                values = self._values(named(value), len(names))
            else:
                values = _repeated(self._zero(self._file, kind), len(names))
            fit = self._fitting(self.kinds.of(self._file, kind), node) if kind is not None else None
            parts.append(self._store(values, [_initial(self._declare(self._text(n)), fit) for n in names]))

        def run(frame: Frame) -> None:
            for part in parts:
                part(frame)

        return run

    def _values(self, nodes: list[Node], count: int) -> Several:
        """The values that an assignment stores."""
        if len(nodes) == count:
            return self._operands(nodes, [self._stored(n) for n in nodes])
        if len(nodes) != 1:
            raise Unsupported("assigns another number of values", nodes[0] if nodes else None)
        node = nodes[0]
        if node.type == "index_expression" and count == 2:
            return self._comma_ok(node)
        call = self.expr(node)

        def several(frame: Frame) -> list[Any]:
            values = call(frame)
            if not isinstance(values, tuple) or len(values) != count:
                raise Unsupported("assigns another number of values", node)
            return list(values)

        return several

    def _comma_ok(self, node: Node) -> Several:
        both = self._operands([child(node, "operand"), child(node, "index")])

        def read(frame: Frame) -> list[Any]:
            base, index = both(frame)
            if not isinstance(base, GoMap):
                raise Unsupported("asks for a second value of something that is no map", node)
            name = self.runtime.name(index)
            return [base.items[name] if name in base.items else base.zero(), name in base.items]

        return read

    @staticmethod
    def _store(values: Several, stores: list[Store]) -> Stmt:
        def run(frame: Frame) -> None:
            for store, value in zip(stores, values(frame), strict=True):
                store(frame, value)

        return run

    def _s_assignment_statement(self, node: Node) -> Stmt:
        operator = self._text(child(node, "operator"))
        left = named(child(node, "left"))
        right = named(child(node, "right"))
        if operator in ("+=", "-=") and len(left) == len(right) == 1:
            return self._changed(left[0], right[0], 1 if operator == "+=" else -1, node)
        if operator != "=":
            raise Unsupported(f"operator {operator} is not understood", node)
        targets = [self._target(t) for t in left]
        if len(left) != len(right):
            return self._store(self._values(right, len(left)), [self._alone(t) for t in targets])
        # Operands on the left are evaluated before anything is assigned, and so is all that is on the right.
        nodes = [n for t in targets for n in t.nodes]
        parts = [p for t in targets for p in t.parts]
        operands = self._operands([*nodes, *right], [*parts, *(self._stored(n) for n in right)])

        def run(frame: Frame) -> None:
            values = operands(frame)
            results = values[len(parts) :]
            at = 0
            for target, value in zip(targets, results, strict=True):
                target.store(frame, values[at : at + len(target.parts)], value)
                at += len(target.parts)

        return run

    def _alone(self, target: Target) -> Store:
        if target.parts:
            raise Unsupported("assigns several values of one call to more than variables", target.nodes[0])
        return lambda frame, value: target.store(frame, [], value)

    def _changed(self, left: Node, right: Node, sign: int, node: Node) -> Stmt:
        target = self._target(left)
        if target.parts:
            raise Unsupported("counts in something that is no variable", node)
        both = self._sum(self._operands([left, right]), sign, node)
        return lambda frame: target.store(frame, [], both(frame))

    def _s_inc_statement(self, node: Node) -> Stmt:
        return self._counted(node, 1)

    def _s_dec_statement(self, node: Node) -> Stmt:
        return self._counted(node, -1)

    def _counted(self, node: Node, by: int) -> Stmt:
        place = named(node)[0]
        target = self._target(place)
        if target.parts:
            raise Unsupported("counts in something that is no variable", node)
        read, number = self.expr(place), self.runtime.number
        return lambda frame: target.store(frame, [], number(integer(read(frame), node) + by))

    def _target(self, node: Node) -> Target:
        node = unparen(node)
        runtime = self.runtime
        if node.type == "identifier":
            name = self._text(node)
            if name == "_":
                return Target([], [], lambda frame, operands, value: None)
            variable = self._variable(name)
            if variable is None:
                raise Unbound(f"assigns {name}, which lives on outside", node, lookup(self._file, name, node))
            write = self._write(variable, node)
            return Target([], [], lambda frame, operands, value: write(frame, value))
        if node.type == "index_expression":
            nodes = [child(node, "operand"), child(node, "index")]

            def set_element(frame: Frame, operands: list[Any], value: Any) -> None:
                base, index = operands
                if isinstance(base, GoMap):
                    runtime.effects |= MEMBER
                    if callable(value) or isinstance(value, Obj):
                        raise Unsupported("keeps something in a map that is not understood", node)
                    base.items[runtime.name(index)] = value
                elif isinstance(base, Slice):
                    runtime.set(base, integer(index, node), value)
                else:
                    raise Unsupported("writes an element of something that is no list", node)

            return Target(nodes, [self.expr(n) for n in nodes], set_element)
        if node.type == "unary_expression" and self._text(child(node, "operator")) == "*":
            pointer = child(node, "operand")

            def set_behind(frame: Frame, operands: list[Any], value: Any) -> None:
                if not isinstance(operands[0], Ref):
                    raise Unsupported("overwrites a whole object", node)
                operands[0].set(value)

            return Target([pointer], [self.expr(pointer)], set_behind)
        if node.type == "selector_expression":
            setter = self.host.setters.get(self._text(child(node, "field")))
            if setter is not None and self._package(child(node, "operand")) is None:
                write_field = setter
                self._refuse_own_field(node, self._text(child(node, "field")))

                def set_field(frame: Frame, operands: list[Any], value: Any) -> None:
                    write_field(runtime, runtime.object(operands[0], node), value)

                return Target([child(node, "operand")], [self._base(node)], set_field)
        raise Unsupported(f"writes {self._text(node)[:60]}, which is no list of finalizers", node)

    # -- branches -------------------------------------------------------------------------------------------

    def _s_if_statement(self, node: Node) -> Stmt:
        self._scopes.append({})
        try:
            before = self._first(node.child_by_field_name("initializer"))
            condition = self.expr(child(node, "condition"))
            then = self._block(child(node, "consequence"))
            otherwise = self._first(node.child_by_field_name("alternative"))
        finally:
            self._scopes.pop()

        def run(frame: Frame) -> Any:
            before(frame)
            return then(frame) if boolean(condition(frame), node) else otherwise(frame)

        return run

    def _first(self, node: Node | None) -> Stmt:
        return self.stmt(node) if node is not None else lambda frame: None

    def _s_return_statement(self, node: Node) -> Stmt:
        if not self._inlining and not self._level:
            raise Unsupported("returns from the surrounding function", node)
        parts = named(node)
        if not parts:
            return lambda frame: RETURN
        values = self._operands(named(parts[0]))

        def run(frame: Frame) -> Any:
            results = values(frame)
            if len(results) == 1 and isinstance(results[0], tuple):
                results = list(results[0])
            frame[_RESULT] = results
            return RETURN

        return run

    def _s_break_statement(self, node: Node) -> Stmt:
        signal = ("break", self._label(node))
        return lambda frame: signal

    def _s_continue_statement(self, node: Node) -> Stmt:
        signal = ("continue", self._label(node))
        return lambda frame: signal

    def _label(self, node: Node) -> str:
        return self._text(named(node)[0]) if named(node) else ""

    def _s_labeled_statement(self, node: Node) -> Stmt:
        return self.stmt(named(node)[-1], self._text(child(node, "label")))

    def _s_expression_switch_statement(self, node: Node) -> Stmt:
        self._scopes.append({})
        try:
            before = self._first(node.child_by_field_name("initializer"))
            subject_node = node.child_by_field_name("value")
            subject = self.expr(subject_node) if subject_node is not None else None
            cases, default = self._cases(node)
        finally:
            self._scopes.pop()
        equal = self.runtime.equal

        def run(frame: Frame) -> Any:
            before(frame)
            value = subject(frame) if subject is not None else True
            for tests, body in cases:
                for test in tests:
                    if equal(value, test(frame)):
                        return _after_switch(body(frame))
            return _after_switch(default(frame)) if default is not None else None

        return run

    def _cases(self, node: Node) -> tuple[list[tuple[list[Expr], Stmt]], Stmt | None]:
        cases: list[tuple[list[Expr], Stmt]] = []
        default = None
        for case in named(node):
            if case.type == "expression_case":
                tests = [self.expr(n) for n in named(child(case, "value"))]
                cases.append((tests, self._block(case)))
            elif case.type == "default_case":
                default = self._block(case)
        return cases, default

    # -- loops ----------------------------------------------------------------------------------------------

    def _for(self, node: Node, label: str) -> Stmt:
        self._scopes.append({})
        try:
            clause = next((c for c in named(node) if c.type in ("range_clause", "for_clause")), None)
            body = child(node, "body")
            if clause is not None and clause.type == "range_clause":
                return self._range(clause, body, label)
            return self._loop(node, clause, body, label)
        finally:
            self._scopes.pop()

    def _range(self, clause: Node, body_node: Node, label: str) -> Stmt:
        over = self.expr(child(clause, "right"))
        left = clause.child_by_field_name("left")
        defines = any(c.type == ":=" for c in clause.children)
        stores: list[Store] = []
        for node in named(left) if left is not None else []:
            if defines:
                stores.append(_initial(self._declare(self._text(node))))
            else:
                stores.append(self._alone(self._target(node)))
        body = self._block(body_node)
        runtime = self.runtime

        def run(frame: Frame) -> Any:
            value = over(frame)
            if isinstance(value, int) and not isinstance(value, bool):
                count, source = value, None
            else:
                # Go copies the slice header once; elements are read when their turn comes.
                source = list_of(value, clause)
                count = source.length
            for i in range(count):
                runtime.step()
                if stores:
                    stores[0](frame, i)
                    if len(stores) > 1:
                        if source is None:
                            raise Unsupported("ranges over a number with two variables", clause)
                        stores[1](frame, source.get(i))
                stop, signal = _after_body(body(frame), label)
                if stop:
                    return signal
            return None

        return run

    def _loop(self, node: Node, clause: Node | None, body_node: Node, label: str) -> Stmt:
        tests = [c for c in named(node) if c.type != "block"] if clause is None else []
        parts = {f: clause.child_by_field_name(f) if clause is not None else None for f in _CLAUSE}
        before = self._first(parts["initializer"])
        test = parts["condition"] if clause is not None else (tests[0] if tests else None)
        condition = self.expr(test) if test is not None else None
        update = self._first(parts["update"])
        body = self._block(body_node)
        runtime = self.runtime

        def run(frame: Frame) -> Any:
            before(frame)
            # The first round of a loop without a condition is a block, and no step of a walk.
            walks = condition is not None
            while condition is None or boolean(condition(frame), node):
                if walks:
                    runtime.step()
                walks = True
                stop, signal = _after_body(body(frame), label)
                if stop:
                    return signal
                update(frame)
            return None

        return run


_CLAUSE = ("initializer", "condition", "update")


def _initial(slot: str, fit: Callable[[Any], Any] | None = None) -> Store:
    """Gives a variable its first value."""

    def store(frame: Frame, value: Any) -> None:
        frame[slot] = value if fit is None else fit(value)

    return store


def _repeated(zero: Callable[[], Any], count: int) -> Several:
    return lambda frame: [zero() for _ in range(count)]


def _after_body(signal: Any, label: str) -> tuple[bool, Any]:
    """What a loop does with the signal of its body: (stop, signal for the outside)."""
    if signal is None or signal in (("continue", ""), ("continue", label)):
        return False, None
    if signal in (("break", ""), ("break", label)):
        return True, None
    return True, signal


def _after_switch(signal: Any) -> Any:
    return None if signal == ("break", "") else signal
