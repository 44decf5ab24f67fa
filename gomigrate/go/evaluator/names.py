"""Names of the evaluated code: variables of its own, and what comes from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tree_sitter import Node

from gomigrate.go.evaluator.runtime import (
    MISSING,
    Expr,
    Frame,
    Host,
    Runtime,
    Stmt,
)
from gomigrate.go.evaluator.values import (
    UNTYPED_NIL,
    Free,
    Unbound,
    Unsupported,
)
from gomigrate.go.scope import Local, is_assigned, lookup
from gomigrate.go.syntax import SourceFile, string_value
from gomigrate.go.types import Named, Pointer, Sequence, Types


class Names:
    """Scopes, and what a name means that none of them holds. `free` collects those in the order of their first use."""

    def __init__(self, types: Types, host: Host, runtime: Runtime) -> None:
        self.types = types
        self.workspace = types.workspace
        self.host = host
        self.runtime = runtime
        self.free: dict[str, Free] = {}
        self.used_functions: dict[tuple[str, str, str], tuple[SourceFile, Node]] = {}
        self.increments = 0
        self._scopes: list[dict[str, str]] = []
        self._count = 0
        self._files: list[SourceFile] = []
        self._inlining: list[int] = []
        self._result_slots: list[str] = []

    def function(self, file: SourceFile, node: Node) -> Callable[..., Any]:
        raise NotImplementedError

    def expr(self, node: Node) -> Expr:
        raise NotImplementedError

    def stmt(self, node: Node, label: str = "") -> Stmt:
        raise NotImplementedError

    @property
    def _file(self) -> SourceFile:
        return self._files[-1]

    def _declare(self, name: str) -> str:
        if name == "_":
            return "_"
        self._count += 1
        slot = f"{name}#{self._count}"
        self._scopes[-1][name] = slot
        return slot

    def _slot(self, name: str) -> str | None:
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        return None

    def _free(
        self,
        identity: str,
        node: Node,
        constant: str | None = None,
        local: Local | None = None,
        parent: Free | None = None,
        field: str = "",
    ) -> Free:
        found = self.free.get(identity)
        if found is None:
            found = Free(identity, node, self._file, constant, local, parent, field)
            self.free[identity] = found
        return found

    def _identifier(self, node: Node) -> Expr:
        name = self._file.text(node)
        slot = self._slot(name)
        if slot is not None:

            def read(frame: Frame) -> Any:
                value = frame.get(slot, MISSING)
                if value is MISSING:
                    raise Unbound(f"{name} has no value here", node)
                return value

            return read
        local = lookup(self._file, name, node)
        if local is not None:
            return self._outside_local(node, name, local)
        found = self.workspace.value(self._file.directory, name)
        if found is not None:
            return self._package_value(self._file.directory, name, node, *found)
        function = self.workspace.function(self._file.directory, "", name)
        if function is not None:
            call = self._declared(self._file.directory, "", name, function)
            return lambda frame: call
        if name == "nil":
            return lambda frame: UNTYPED_NIL
        raise Unsupported(f"{name} is not declared where it can be found", node)

    def _outside_local(self, node: Node, name: str, local: Local) -> Expr:
        kind = self.types.of_local(self._file, local)
        base = kind.to if isinstance(kind, Pointer) else kind
        if isinstance(base, Sequence) or (isinstance(base, Named) and base.package == "" and base.name != "string"):
            raise Unbound(f"{name} is computed elsewhere", node, local)
        text = self._fixed_text(local)
        free = self._free(f"{name}@{local.name.start_byte}", node, text, local)
        return lambda frame: free

    def _fixed_text(self, local: Local) -> str | None:
        """The string that a local variable holds for good: given where it is declared, and never assigned again."""
        if local.kind not in ("define", "var", "const") or local.value is None or local.total != 1:
            return None
        text = string_value(self._file, local.value)
        return text if text and not is_assigned(self._file, local) else None

    def _package_value(self, folder: str, name: str, node: Node, file: SourceFile, value: Any) -> Expr:
        if value.text is None and value.literal is not None:
            kind = self.types.of(file, value.literal)
            if isinstance(kind, Sequence):
                raise Unsupported(f"{name} is a list at package level", node)
        free = self._free(f"{folder}.{name}", node, value.text)
        return lambda frame: free

    def _declared(
        self, folder: str, receiver: str, name: str, function: tuple[SourceFile, Node]
    ) -> Callable[[list[Any]], Any]:
        self.used_functions[(folder, receiver, name)] = function
        return self.function(*function)
