"""What a name means while a unit is compiled: a variable of the unit, a name from outside, a function, nil."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, Protocol

from tree_sitter import Node

from gomigrate.go.evaluator.kinds import Kind, Kinds
from gomigrate.go.evaluator.runtime import VARIABLE, Runtime
from gomigrate.go.evaluator.values import EMPTY, NIL, NO_ERROR, UNIT, UNTYPED_NIL, Free, Obj, Unbound, Unsupported
from gomigrate.go.nodes import unparen
from gomigrate.go.scope import Local, is_assigned, lookup
from gomigrate.go.strings import values_of
from gomigrate.go.syntax import SourceFile, Value, string_value
from gomigrate.go.types import Named, Pointer, Sequence, Type, Types


class Frame(dict[str, Any]):
    """The variables of one call. That of a function literal stands in the frame of the call that made it."""

    __slots__ = ("outer",)

    def __init__(self, outer: Frame | None = None) -> None:
        super().__init__()
        self.outer = outer


Expr = Callable[[Frame], Any]
Stmt = Callable[[Frame], Any]
Store = Callable[[Frame, Any], None]
Function = Callable[[list[Any]], Any]


class Variable(NamedTuple):
    """Where a variable lives: its slot, and how many function literals stand around its declaration."""

    slot: str
    level: int


class Host(Protocol):
    """What objects are: their methods and fields, and functions of packages that work on them."""

    methods: ClassVar[dict[str, Callable[[Runtime, Obj, list[Any]], Any]]]
    getters: ClassVar[dict[str, Callable[[Runtime, Obj], Any]]]
    setters: ClassVar[dict[str, Callable[[Runtime, Obj, Any], None]]]
    functions: ClassVar[dict[tuple[str, str], Callable[[Runtime, list[Any]], Any]]]

    def is_conventional(self, name: str, file: SourceFile, node: Node) -> bool:
        """Whether a method that the checkout declares does what `methods` says of this name."""


_MISSING = object()


class Names:
    """The scopes of the unit. `free` collects the names from outside in the order of their first appearance."""

    def __init__(self, types: Types, host: Host, runtime: Runtime) -> None:
        self.types = types
        self.kinds = Kinds(types)
        self.workspace = types.workspace
        self.host = host
        self.runtime = runtime
        self.free: dict[str, Free] = {}
        self.used_functions: dict[tuple[str, str, str], tuple[SourceFile, Node]] = {}
        # How often a static type was asked for: while code runs, that is something that its closures do not tell.
        self.asked = 0
        self._scopes: list[dict[str, Variable]] = []
        self._level = 0
        self._count = 0
        self._files: list[SourceFile] = []

    def expr(self, node: Node) -> Expr:
        method = getattr(self, f"_x_{node.type}", None)
        if method is None:
            raise Unsupported(f"{node.type.replace('_', ' ')} is not understood", node)
        return method(node)  # type: ignore[no-any-return]

    def function(self, file: SourceFile, node: Node) -> Function:
        raise NotImplementedError

    @property
    def _file(self) -> SourceFile:
        return self._files[-1]

    def _text(self, node: Node | None) -> str:
        return self._file.text(node) if node is not None else ""

    # -- variables of the unit ------------------------------------------------------------------------------

    def _declare(self, name: str) -> str:
        self._count += 1
        slot = f"{name}#{self._count}"
        if name != "_":
            self._scopes[-1][name] = Variable(slot, self._level)
        return slot

    def _variable(self, name: str) -> Variable | None:
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        return None

    def _read(self, variable: Variable, node: Node) -> Expr:
        slot, steps = variable.slot, self._level - variable.level

        def read(frame: Frame) -> Any:
            value = _frame(frame, steps).get(slot, _MISSING)
            if value is _MISSING:
                raise Unbound(f"{_name_of(slot)} has no value here", node)
            return value

        def read_own(frame: Frame) -> Any:
            value = frame.get(slot, _MISSING)
            if value is _MISSING:
                raise Unbound(f"{_name_of(slot)} has no value here", node)
            return value

        return read if steps else read_own

    def _write(self, variable: Variable, node: Node) -> Store:
        slot, steps = variable.slot, self._level - variable.level
        runtime = self.runtime

        def write(frame: Frame, value: Any) -> None:
            if callable(value):
                # A function that outlives its turn of a loop would need variables of that turn.
                raise Unsupported("gives a variable another function", node)
            if steps:
                runtime.effects |= VARIABLE
                _frame(frame, steps)[slot] = value
            else:
                frame[slot] = value

        return write

    def _zero(self, file: SourceFile, node: Node | None) -> Callable[[], Any]:
        """What a variable of this type holds when nothing is assigned to it."""
        kind = self.kinds.of(file, node)
        if kind in _ZERO:
            value = _ZERO[kind]
            return lambda: value
        if node is not None and node.type == "struct_type":
            return lambda: UNIT

        def unknown() -> Any:
            raise Unsupported("a variable of a type that is not understood", node)

        return unknown

    def _fitting(self, kind: Kind, node: Node) -> Callable[[Any], Any] | None:
        """What becomes of a value that is given to a variable, parameter or result of this kind."""
        if kind is Kind.LIST:
            return lambda value: NIL if value is UNTYPED_NIL else value
        if kind is Kind.ERROR:
            return lambda value: NO_ERROR if value is UNTYPED_NIL else value
        if kind is Kind.STRUCT:
            return self.runtime.copied
        if kind is Kind.ARRAY:
            raise Unsupported("works on an array", node)
        if kind is Kind.NUMBER:

            def number(value: Any) -> Any:
                if isinstance(value, int):
                    raise Unsupported("computes with numbers of a type that can run over", node)
                return value

            return number
        return None

    # -- names from outside ---------------------------------------------------------------------------------

    def _free(
        self,
        identity: str,
        node: Node,
        constant: str | None = None,
        local: Local | None = None,
        parent: Free | None = None,
        field: str = "",
        named: bool = False,
    ) -> Free:
        found = self.free.get(identity)
        if found is None:
            file = parent.file if parent is not None else self._file
            found = self.free[identity] = Free(identity, node, file, constant, local, parent, field, named)
        return found

    def _x_identifier(self, node: Node) -> Expr:
        name = self._text(node)
        variable = self._variable(name)
        if variable is not None:
            return self._read(variable, node)
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
        basic = isinstance(base, Named) and base.folder is None and not base.package
        if isinstance(base, Sequence) or (basic and base != Named("", "string")):
            raise Unbound(f"{name} is computed elsewhere", node, local)
        free = self._free(f"{name}@{local.name.start_byte}", node, self._fixed_text(local), local)
        return lambda frame: free

    def _fixed_text(self, local: Local) -> str | None:
        """The string that a local variable holds for good: given where it is declared, and never assigned again."""
        if local.kind not in ("define", "var", "const") or local.value is None or local.total != 1:
            return None
        text = string_value(self._file, local.value)
        return text if text and not is_assigned(self._file, local) else None

    def _package_value(self, folder: str, name: str, node: Node, file: SourceFile, value: Value) -> Expr:
        if value.text is None and value.literal is not None:
            kind = self.types.of(file, value.literal)
            if isinstance(kind, Sequence):
                raise Unsupported(f"{name} is a list at package level", node)
        free = self._free(f"{folder}.{name}", node, value.text or self._constant_text(file, value))
        return lambda frame: free

    def _constant_text(self, file: SourceFile, value: Value) -> str | None:
        """The one text of a constant that is put together from others, as Go makes it when it compiles."""
        if value.kind != "const" or value.literal is None:
            return None
        texts = values_of(self.types, file, value.literal)
        return next(iter(texts)) or None if not isinstance(texts, str) and len(texts) == 1 else None

    def _declared(self, folder: str, receiver: str, name: str, function: tuple[SourceFile, Node]) -> Function:
        self.used_functions[(folder, receiver, name)] = function
        return self.function(*function)

    def _is_predeclared(self, name: str, node: Node) -> bool:
        """Whether a name like len or true has the meaning that Go gives it, and is not declared anew."""
        return (
            self._variable(name) is None
            and lookup(self._file, name, node) is None
            and name not in self.workspace.redeclared(self._file.directory)
        )

    def _package(self, operand: Node) -> str | None:
        """The import path when an operand is the name of a package here."""
        if operand.type == "identifier" and self._variable(self._text(operand)) is not None:
            return None
        return self.types.package_of(self._file, operand)

    def _type_of(self, file: SourceFile, node: Node) -> Type | None:
        """The static type of an expression; None for a type parameter, which a type of the package may be taken for."""
        self.asked += 1
        node = unparen(node)
        local = lookup(file, file.text(node), node) if node.type == "identifier" else None
        if local is not None and local.type is not None and self.kinds.is_type_parameter(file, local.type):
            return None
        return self.types.of(file, node)


def _name_of(slot: str) -> str:
    return slot.partition("#")[0]


def _frame(frame: Frame, steps: int) -> Frame:
    for _ in range(steps):
        assert frame.outer is not None
        frame = frame.outer
    return frame


_ZERO: dict[Kind, Any] = {
    Kind.LIST: NIL,
    Kind.BOOL: False,
    Kind.INT: 0,
    Kind.STRING: EMPTY,
    Kind.ERROR: NO_ERROR,
}


def child(node: Node, field: str) -> Node:
    """A part that the grammar promises."""
    found = node.child_by_field_name(field)
    if found is None:
        raise Unsupported(f"{node.type.replace('_', ' ')} without {field}", node)
    return found
