"""Compiles the pure subset of Go into Python closures, so that one unit runs fast on hundreds of samples.

Whatever is outside the subset raises Unsupported, at compile time where it can be seen and at run time otherwise.
Each closure takes the frame (variable slot -> value) of the running function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tree_sitter import Node

from gomigrate.go.evaluator.names import Frame, Function, Host, Stmt
from gomigrate.go.evaluator.runtime import Context, Runtime, boolean, is_expression
from gomigrate.go.evaluator.statements import Statements
from gomigrate.go.evaluator.values import Discard, Unsupported
from gomigrate.go.syntax import SourceFile
from gomigrate.go.types import Types


class Compiler(Statements):
    """Compiles one function, or one unit of a larger one."""

    def __init__(self, types: Types, host: Host, runtime: Runtime) -> None:
        super().__init__(types, host, runtime)
        self._inlining: list[tuple[str, int]] = []
        self._compiled: dict[tuple[str, int], Function] = {}

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
            frame = Frame()
            for step in before:
                step(frame)
            if expression is not None:
                return expression(frame)
            if run is not None and run(frame) is not None:
                raise Unsupported("leaves the place by return, break or continue", nodes[0])
            return None

        return start

    def close(self) -> None:
        """Lets go of what was compiled. Closures that call each other would wait for the garbage collector, and with
        them the syntax trees that they were made from."""
        self._compiled.clear()
        self.runtime.close()

    def _context(self, context: Context) -> Stmt:
        if context.holds is None:
            return self.stmt(context.node)
        condition, holds = self.expr(context.node), context.holds

        def guard(frame: Frame) -> None:
            if boolean(condition(frame), context.node) is not holds:
                raise Discard

        return guard


__all__ = ["Compiler", "Context", "Runtime", "is_expression"]
