"""Functions and calls: built-in ones, those of known packages, and those that the checkout declares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tree_sitter import Node

from gomigrate.go.evaluator import library
from gomigrate.go.evaluator.expressions import Expressions
from gomigrate.go.evaluator.kinds import Kind
from gomigrate.go.evaluator.names import Expr, Frame, Function, Stmt, child
from gomigrate.go.evaluator.runtime import integer, list_of, no_list, origin
from gomigrate.go.evaluator.values import (
    EMPTY,
    NIL,
    UNTYPED_NIL,
    Copied,
    Free,
    GoMap,
    GoPanic,
    GoSet,
    Length,
    Ref,
    Slice,
    Spread,
    Time,
    Unbound,
    Unsupported,
)
from gomigrate.go.nodes import INSTANTIATIONS, named, unparen
from gomigrate.go.scope import lookup, parameters
from gomigrate.go.syntax import SourceFile
from gomigrate.go.types import Named, Pointer

RETURN = ("return", "")
MAX_INLINE = 8
_RESULT = "return"
_FEWEST = {"copy": 2}
Fitting = Callable[[Any], Any] | None


class Calls(Expressions):
    _inlining: list[tuple[str, int]]
    _compiled: dict[tuple[str, int], Function]

    def _block(self, block: Node, own_scope: bool = True) -> Stmt:
        raise NotImplementedError

    # -- functions ------------------------------------------------------------------------------------------

    def function(self, file: SourceFile, node: Node) -> Function:
        """A declared function as a Python callable on a list of values; the receiver, if any, comes first."""
        key = (file.path, node.start_byte)
        if key in self._compiled:
            return self._compiled[key]
        if key in self._inlining:
            raise Unsupported("is recursive", node)
        if len(self._inlining) >= MAX_INLINE:
            raise Unsupported("calls too deeply", node)
        saved = self._scopes, self._level
        # A declared function sees no variables of its caller's.
        self._scopes, self._level = [], 0
        self._inlining.append(key)
        self._files.append(file)
        try:
            call = self._callable(node)
        finally:
            self._files.pop()
            self._inlining.pop()
            self._scopes, self._level = saved
        found = self._compiled[key] = lambda arguments: call(arguments, None)
        return found

    def _literal(self, node: Node) -> Callable[[list[Any], Frame | None], Any]:
        self._level += 1
        try:
            return self._callable(node)
        finally:
            self._level -= 1

    def _callable(self, node: Node) -> Callable[[list[Any], Frame | None], Any]:
        body = child(node, "body")
        self._scopes.append({})
        try:
            slots, variadic = self._parameters(node)
            results, fittings = self._results(node)
            # Parameters, results and the statements of the body share one scope.
            run = self._block(body, own_scope=False)
        finally:
            self._scopes.pop()

        def call(arguments: list[Any], outer: Frame | None) -> Any:
            given = self._given(arguments, len(slots) - 1) if variadic else arguments
            if len(given) != len(slots) or (given and isinstance(given[-1], Spread)):
                raise Unsupported("is called with another number of values", node)
            frame = Frame(outer)
            for (slot, fit), value in zip(slots, given, strict=True):
                frame[slot] = fit(value) if fit is not None else value
            for slot, zero in results:
                frame[slot] = zero()
            signal = run(frame)
            if signal is not None and signal is not RETURN:
                raise Unsupported("leaves the function by a jump", node)
            values = frame.get(_RESULT)
            if values is None:
                if not fittings:
                    return None
                if not results:
                    raise Unsupported("ends without a result", node)
                values = [frame[slot] for slot, _ in results]
            if len(values) != len(fittings):
                raise Unsupported("gives back another number of values", node)
            fitted = tuple(v if f is None else f(v) for f, v in zip(fittings, values, strict=True))
            return fitted[0] if len(fitted) == 1 else fitted

        return call

    def _parameters(self, node: Node) -> tuple[list[tuple[str, Fitting]], bool]:
        slots: list[tuple[str, Fitting]] = []
        variadic = False
        declarations = named(child(node, "parameters"))
        receiver = node.child_by_field_name("receiver")
        for declaration in (*(named(receiver) if receiver is not None else ()), *declarations):
            variadic = declaration.type == "variadic_parameter_declaration"
            kind = self.kinds.of(self._file, declaration.child_by_field_name("type"))
            fit = None if variadic else self._receiving(kind, declaration)
            names = [n for n in declaration.children_by_field_name("name") if n.type == "identifier"]
            slots += [(self._declare(self._text(n)), fit) for n in names] or [(self._declare("_"), fit)]
        return slots, variadic

    def _receiving(self, kind: Kind, node: Node) -> Fitting:
        fit = self._fitting(kind, node)
        if kind is Kind.LIST:
            # A method on a list may be called through a pointer to it.
            return lambda value: value.get() if isinstance(value, Ref) else NIL if value is UNTYPED_NIL else value
        return fit

    def _results(self, node: Node) -> tuple[list[tuple[str, Callable[[], Any]]], list[Fitting]]:
        """The named results with their zero values, and for each result what becomes of a value that is returned."""
        result = node.child_by_field_name("result")
        if result is None:
            return [], []
        if result.type != "parameter_list":
            return [], [self._fitting(self.kinds.of(self._file, result), result)]
        slots = []
        fittings: list[Fitting] = []
        for declaration in named(result):
            kind = child(declaration, "type")
            names = [n for n in declaration.children_by_field_name("name") if n.type == "identifier"]
            slots += [(self._declare(self._text(n)), self._zero(self._file, kind)) for n in names]
            fittings += [self._fitting(self.kinds.of(self._file, kind), kind)] * max(1, len(names))
        return slots, fittings

    def _given(self, arguments: list[Any], fixed: int) -> list[Any]:
        """Arguments of a variadic function, the last of them together in one list."""
        if arguments and isinstance(arguments[-1], Spread):
            return [*arguments[:-1], arguments[-1].list]
        rest = [self.runtime.token(a) for a in arguments[fixed:]]
        return [*arguments[:fixed], self.runtime.new_list(rest, len(rest)) if rest else NIL]

    # -- calls ----------------------------------------------------------------------------------------------

    def _x_call_expression(self, node: Node) -> Expr:
        function = child(node, "function")
        while function.type in INSTANTIATIONS:
            function = named(function)[0]
        arguments = named(child(node, "arguments"))
        if function.type == "selector_expression":
            return self._selector_call(node, function, arguments)
        if function.type == "identifier":
            name = self._text(function)
            builtin = getattr(self, f"_call_{name}", None)
            if builtin is not None and self._is_predeclared(name, function):
                if len(arguments) < _FEWEST.get(name, 1):
                    raise Unsupported("a call with another number of values", node)
                return builtin(node, arguments)  # type: ignore[no-any-return]
            if len(arguments) == 1 and self._is_outside(name, function):
                converted = self._conversion(function, arguments[0])
                if converted is not None:
                    return converted
        operands = self._operands([function, *arguments], [self.expr(function), *self._arguments(arguments)])
        return lambda frame: self._invoke(*_first(operands(frame)), node)

    def _x_type_conversion_expression(self, node: Node) -> Expr:
        kind, operand = child(node, "type"), child(node, "operand")
        called = self.types.written(self._file, kind) if kind.type == "generic_type" else None
        if isinstance(called, Named):
            # `list[string](names)` reads like a conversion, and is a call where that is a function.
            if called.folder is None and (called.package, called.name) in library.FUNCTIONS:
                return self._package_call(node, called.package, called.name, [operand])
            folder = called.folder
            found = self.workspace.function(folder, "", called.name) if folder is not None else None
            if folder is not None and found is not None:
                call, given = self._declared(folder, "", called.name, found), self._operands([operand])
                return lambda frame: self._invoke(call, given(frame), node)
        return self._converted(kind, operand)

    def _conversion(self, function: Node, argument: Node) -> Expr | None:
        """`Names(list)` and `string(name)`, where the function is a type."""
        name = self._text(function)
        if name != "string":
            spec = self.workspace.type_spec(self._file.directory, name)
            behind = spec[1].child_by_field_name("type") if spec is not None else None
            if spec is None or behind is None or self.kinds.of(spec[0], behind) not in (Kind.LIST, Kind.STRING):
                return None
            if self.kinds.of(spec[0], behind) is Kind.LIST:
                return self._to_list(argument)
        elif not self._is_predeclared(name, function):
            return None
        inner, token = self.expr(argument), self.runtime.token

        def text(frame: Frame) -> Any:
            value = inner(frame)
            return value if isinstance(value, (Free, Copied)) else token(value)

        return text

    def _is_outside(self, name: str, node: Node) -> bool:
        """Whether a called name is neither a variable nor a function of the package: it may be a type then."""
        folder = self._file.directory
        local = self._variable(name) is not None or lookup(self._file, name, node) is not None
        return not local and not self.workspace.has_function(folder, "", name)

    def _converted(self, kind: Node, argument: Node) -> Expr:
        if self.kinds.of(self._file, kind) is not Kind.LIST:
            raise Unsupported("a conversion that is not understood", kind)
        return self._to_list(argument)

    def _to_list(self, argument: Node) -> Expr:
        inner = self.expr(argument)
        return lambda frame: list_of(inner(frame), argument)

    def _invoke(self, callee: Any, arguments: list[Any], node: Node) -> Any:
        self.runtime.step()
        if not callable(callee):
            raise Unsupported(f"a call of {_called(node)} is not understood", node)
        return callee(arguments)

    def _arguments(self, nodes: list[Node]) -> list[Expr]:
        return [self._spread(n) if n.type == "variadic_argument" else self.expr(n) for n in nodes]

    def _spread(self, node: Node) -> Expr:
        inner = self.expr(named(node)[0])
        return lambda frame: Spread(list_of(inner(frame), node))

    def _selector_call(self, node: Node, function: Node, argument_nodes: list[Node]) -> Expr:
        operand = child(function, "operand")
        name = self._text(child(function, "field"))
        package = self._package(operand)
        if package is not None:
            return self._package_call(node, package, name, argument_nodes)
        declared = self._method(operand, name)
        method = self.host.methods.get(name) if declared is None else None
        if declared is None and method is None and name != "IsZero" and name not in library.SET_METHODS:
            raise Unsupported(f"a call of {_called(node)} is not understood", node)
        operands = self._operands([operand, *argument_nodes], [self._base(function), *self._arguments(argument_nodes)])
        address = self._address(operand) if declared is not None and unparen(operand).type == "identifier" else None
        runtime = self.runtime

        def call(frame: Frame) -> Any:
            runtime.step()
            value, *arguments = operands(frame)
            if isinstance(value, GoSet):
                return library.set_method(runtime, value, name, arguments)
            if isinstance(value, Time):
                if name == "IsZero" and not arguments:
                    return value.state != "set"
                raise Unsupported(f"the method {name} of a timestamp", node)
            if declared is not None:
                call, wants_pointer = declared
                if wants_pointer and isinstance(value, Slice) and address is not None:
                    value = address(frame)
                return call([value, *arguments])
            if method is None:
                found = origin(value)
                if isinstance(found, Free) and found.local is not None:
                    raise Unbound(f"a call of {_called(node)} is not understood", node, found.local)
                raise Unsupported(f"a call of {_called(node)} is not understood", node)
            return method(runtime, runtime.object(value, node), arguments)

        return call

    def _method(self, operand: Node, name: str) -> tuple[Function, bool] | None:
        """A method declared in the checkout, found by the operand's static type and never by its bare name; and
        whether it wants a pointer."""
        kind = self._type_of(self._file, operand)
        if isinstance(kind, Pointer):
            kind = kind.to
        if not isinstance(kind, Named) or kind.folder is None:
            return None
        found = self.workspace.function(kind.folder, kind.name, name)
        if found is None:
            declaration = self.types.declaration(kind)
            interface = declaration is not None and declaration[1].type == "interface_type"
            if not interface and self.types.member(kind, name) is not None:
                raise Unsupported(f"the method {name} is that of an embedded type", operand)
            return None
        if self.host.is_conventional(name, *found):
            return None
        receivers = [d for _, d in parameters(found[1], "receiver")]
        pointer = bool(receivers) and child(receivers[0], "type").type == "pointer_type"
        return self._declared(kind.folder, kind.name, name, found), pointer

    def _package_call(self, node: Node, package: str, name: str, argument_nodes: list[Node]) -> Expr:
        arguments = self._operands(argument_nodes, self._arguments(argument_nodes))
        runtime = self.runtime
        # First of all what the host knows, even where a copy of that package is in the checkout.
        host = self.host.functions.get((package, name))
        if host is not None:
            return lambda frame: host(runtime, arguments(frame))
        folder = self.workspace.folder_of(package, self._file.directory)
        if folder is not None:
            found = self.workspace.function(folder, "", name)
            if found is None:
                raise Unsupported(f"a call of {_called(node)} is not understood", node)
            call = self._declared(folder, "", name, found)
            return lambda frame: self._invoke(call, arguments(frame), node)
        known = library.FUNCTIONS.get((package, name))
        if known is None:
            raise Unsupported(f"a call of {_called(node)} is not understood", node)

        def invoke(callee: Any, values: list[Any]) -> Any:
            runtime.step()
            if not callable(callee):
                raise Unsupported(f"a call of what is given to {_called(node)} is not understood", node)
            return callee(values)

        def run(frame: Frame) -> Any:
            runtime.step()
            return known(runtime, arguments(frame), invoke)

        return run

    # -- built-in functions ---------------------------------------------------------------------------------

    def _call_len(self, node: Node, nodes: list[Node]) -> Expr:
        inner = self.expr(nodes[0])
        number = self.runtime.number

        def length(frame: Frame) -> Any:
            value = inner(frame)
            if isinstance(value, Slice):
                return number(value.length)
            if isinstance(value, (GoSet, GoMap)):
                return number(len(value.items))
            found = origin(value)
            if isinstance(found, Free):
                if self._is_string(found):
                    return Length(found)
                if found.local is None and found.parent is None:
                    raise Unsupported("hangs on the length of something whose value is not known here", node)
                no_list(found, node)
            raise Unsupported("takes the length of something that is no list of finalizers", node)

        return length

    def _is_string(self, free: Free) -> bool:
        """Whether what comes from outside is known to be a string."""
        return free.constant is not None or free.named or self._type_of(free.file, free.node) == Named("", "string")

    def _call_cap(self, node: Node, nodes: list[Node]) -> Expr:
        raise Unsupported("depends on the capacity of a list", node)

    def _call_append(self, node: Node, nodes: list[Node]) -> Expr:
        arguments = self._operands(nodes, self._arguments(nodes))
        runtime = self.runtime

        def append(frame: Frame) -> Slice:
            runtime.step()
            base, *items = arguments(frame)
            if items and isinstance(items[-1], Spread):
                return runtime.append(list_of(base, node), items[-1].list.items())
            return runtime.append(list_of(base, node), [runtime.token(i) for i in items])

        return append

    def _call_copy(self, node: Node, nodes: list[Node]) -> Expr:
        both = self._operands(nodes)
        runtime = self.runtime

        def copy(frame: Frame) -> int:
            target, source = (list_of(v, node) for v in both(frame))
            items = source.items()[: target.length]
            for i, item in enumerate(items):
                runtime.set(target, i, item)
            return len(items)

        return copy

    def _call_make(self, node: Node, nodes: list[Node]) -> Expr:
        kind = self.kinds.of(self._file, nodes[0])
        if kind is Kind.MAP:
            return self._new_map(nodes[0])
        if kind is not Kind.LIST or len(nodes) < 2:
            raise Unsupported("makes something that is no list of names", node)
        sizes = self._operands(nodes[1:])

        def build(frame: Frame) -> Slice:
            length, *more = (integer(v, node) for v in sizes(frame))
            capacity = more[0] if more else length
            if length < 0 or capacity < length:
                raise GoPanic("makeslice: len out of range")
            self.runtime.number(capacity)
            return Slice([EMPTY] * capacity, 0, length, capacity)

        return build

    def _call_panic(self, node: Node, nodes: list[Node]) -> Expr:
        def panics(frame: Frame) -> Any:
            raise Unsupported("panics on purpose", node)

        return panics


def _called(call: Node) -> str:
    """The function of a call, for a message: read when there is one, so that the words are no part of the program."""
    function = call.child_by_field_name("function") or child(call, "type")
    return " ".join((function.text or b"").decode("utf-8", "replace").split())[:60]


def _first(values: list[Any]) -> tuple[Any, list[Any]]:
    return values[0], values[1:]
