"""Compiles the pure subset of Go into Python closures, so that one unit runs fast on hundreds of samples.

Whatever is outside the subset raises Unsupported, at compile time where it can be seen and at run time otherwise.
Each closure takes the frame (variable slot -> value) of the running function. Statements give a signal: None to go
on, BREAK / CONTINUE (with a label or ''), or RETURN with the results in the frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from tree_sitter import Node

from gomigrate.go.evaluator import library
from gomigrate.go.evaluator.values import (
    NIL,
    UNTYPED_NIL,
    Discard,
    Free,
    GoMap,
    GoPanic,
    GoSet,
    NeedKey,
    Nil,
    Obj,
    Slice,
    Time,
    Unbound,
    Unsupported,
)
from gomigrate.go.scope import Local, is_assigned, lookup, parameters
from gomigrate.go.syntax import STRINGS, SourceFile, named, statements, string_value
from gomigrate.go.types import Named, Pointer, Sequence, Type, Types

Frame = dict[str, Any]
Expr = Callable[[Frame], Any]
Signal = "tuple[str, str] | None"
Stmt = Callable[[Frame], Any]

RETURN = ("return", "")
MAX_STEPS = 4000
MAX_INLINE = 8
_INCREMENT_LIMIT = 5


@dataclass(frozen=True, slots=True)
class Context:
    """A statement before a unit (`holds` None), or a condition that is true or false whenever the unit runs."""

    node: Node
    holds: bool | None = None


class Host(Protocol):
    """What objects are: their methods and fields, and functions of packages that work on them."""

    methods: ClassVar[dict[str, Callable[[Runtime, Obj, list[Any]], Any]]]
    getters: ClassVar[dict[str, Callable[[Runtime, Obj], Any]]]
    setters: ClassVar[dict[str, Callable[[Runtime, Obj, Any], None]]]
    functions: ClassVar[dict[tuple[str, str], Callable[[Runtime, list[Any]], Any]]]


class Runtime:
    """The state of one run on one sample."""

    def __init__(self) -> None:
        self.objects: dict[str, Obj] = {}
        self.keys: dict[str, str] = {}
        self.make_object: Callable[[Free], Obj] = lambda free: Obj(NIL, "unset", free)
        self.spare = False
        # What the unit's result can depend on beside the lists; what it cannot need not be tried.
        self.uses_spare = False
        self.uses_deletion = False
        self.steps = 0

    def step(self) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise Unsupported("does not come to an end on the samples")

    def object(self, value: Any, node: Node | None) -> Obj:
        if isinstance(value, Obj):
            return value
        if isinstance(value, Free) and value.copied:
            raise Unsupported("works on a copy of the object", node)
        if isinstance(value, Free) and value.kind != "key" and value.constant is None:
            value.kind = "object"
            found = self.objects.get(value.id)
            if found is None:
                found = self.objects[value.id] = self.make_object(value)
            return found
        raise Unsupported("finalizers of something that is no plain object", node)

    def token(self, value: Any) -> str:
        """A list element; a free string becomes a key."""
        if isinstance(value, str):
            return value
        if isinstance(value, Free) and value.kind != "object":
            if value.constant == "":
                raise Unsupported("compares with the empty string", value.node)
            found = self.keys.get(value.id)
            if found is None:
                raise NeedKey(value)
            return found
        raise Unsupported("a value other than a name among finalizers")

    def equal(self, left: Any, right: Any) -> bool:
        if isinstance(left, (Free, str)) and isinstance(right, (Free, str)):
            if isinstance(left, Free) and isinstance(right, Free) and not (left.kind == right.kind == "key"):
                raise Unsupported("compares two names with each other, not with the finalizers", left.node)
            return self.token(left) == self.token(right)
        if isinstance(left, Nil) or isinstance(right, Nil):
            value = right if isinstance(left, Nil) else left
            if isinstance(value, Slice):
                return value.array is None
            if isinstance(value, Time):
                return value.state == "unset"
            if isinstance(value, Nil):
                return True
            raise Unsupported("compares something with nil that is neither a list nor a timestamp")
        if type(left) is type(right) and isinstance(left, (int, bool)):
            return bool(left == right)
        raise Unsupported("compares values that are not understood")


class Compiler:
    """Compiles one unit. `free` collects the names from outside in the order of their first appearance."""

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

    # -- entry points ---------------------------------------------------------------------------------------

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
            if _boolean(condition(frame), context.node) is not holds:
                raise Discard

        return guard

    # -- names ----------------------------------------------------------------------------------------------

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
                value = frame.get(slot, _MISSING)
                if value is _MISSING:
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

    # -- expressions ----------------------------------------------------------------------------------------

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
        return lambda frame: lambda arguments: call(arguments, frame)  # type: ignore[call-arg]

    def _x_unary_expression(self, node: Node) -> Expr:
        operator = self._file.text(node.child_by_field_name("operator"))  # type: ignore[arg-type]
        operand = node.child_by_field_name("operand")
        inner = self.expr(operand)  # type: ignore[arg-type]
        if operator == "!":
            return lambda frame: not _boolean(inner(frame), node)
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
            return lambda frame: _boolean(left(frame), node) and _boolean(right(frame), node)
        if operator == "||":
            return lambda frame: _boolean(left(frame), node) or _boolean(right(frame), node)
        equal = self.runtime.equal
        if operator == "==":
            return lambda frame: equal(left(frame), right(frame))
        if operator == "!=":
            return lambda frame: not equal(left(frame), right(frame))
        if operator in _ORDER:
            compare = _ORDER[operator]
            return lambda frame: compare(_integer(left(frame), node), _integer(right(frame), node))
        if operator in ("+", "-"):
            self._count_increment(node)
            sign = 1 if operator == "+" else -1
            return lambda frame: _integer(left(frame), node) + sign * _integer(right(frame), node)
        raise Unsupported(f"operator {operator} is not understood", node)

    def _count_increment(self, node: Node) -> None:
        # Every literal is 0 or 1, so a number above the longest sample needs more additions than these.
        self.increments += 1
        if self.increments > _INCREMENT_LIMIT:
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
                return base.get(_integer(index(frame), node))
            raise Unsupported("indexes something that is no list", node)

        return read

    def _x_slice_expression(self, node: Node) -> Expr:
        self.runtime.uses_spare = True
        operand = self.expr(node.child_by_field_name("operand"))  # type: ignore[arg-type]
        low, high, limit = (self._optional(node, f) for f in ("start", "end", "capacity"))

        def cut(frame: Frame) -> Any:
            base = operand(frame)
            base = _list(base, node)
            start = _integer(low(frame), node) if low else 0
            end = _integer(high(frame), node) if high else base.length
            return base.cut(start, end, _integer(limit(frame), node) if limit else None)

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
                zero: Any = False if underlying.element == Named("", "bool") else _UNIT
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
            return lambda frame: _UNIT
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

    # -- calls ----------------------------------------------------------------------------------------------

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
            return lambda frame: _list(converted(frame), node)
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
            return lambda frame: [*(p(frame) for p in parts), _list(spread(frame), last)]
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
                        values[i] = value if isinstance(value, GoSet) else _list(value, node)
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
                return _list(value, node).length
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
            base = _list(base, node)
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
            zero: Any = False if kind.element == Named("", "bool") else _UNIT
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
        return lambda frame: _integer(inner(frame), node)

    def _call_panic(self, node: Node, nodes: list[Node]) -> Expr:
        raise Unsupported("panics on purpose", node)

    # -- statements -----------------------------------------------------------------------------------------

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
        return self._store(values, [_writer(s) for s in slots])

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
                write(frame, _integer(read(frame), node) + sign * _integer(value(frame), node))

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
                    base.set(_integer(index(frame), node), self.runtime.token(value))
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
                values = _repeated(zero, count)
            slots = [self._declare(self._file.text(n)) for n in names]
            if spec.child_by_field_name("type") is not None:
                listed = isinstance(self.types.written(self._file, spec.child_by_field_name("type")), Sequence)
            else:
                listed = False
            store = [_writer(s, listed) for s in slots]
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
            write(frame, _integer(read(frame), node) + by)

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
            if _boolean(condition(frame), node):
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
                        return _after_switch(body(frame))
            return _after_switch(default(frame)) if default is not None else None

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
                    targets.append(_writer(slot))
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
                source = _list(value, clause)
                count = source.length
            for i in range(count):
                runtime.step()
                if targets:
                    targets[0](frame, i)
                    if len(targets) > 1 and source is not None:
                        targets[1](frame, source.get(i))
                stop, signal = _after_body(body(frame), label)
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
            while condition is None or _boolean(condition(frame), node):
                runtime.step()
                stop, signal = _after_body(body(frame), label)
                if stop:
                    return signal
                if update is not None:
                    update(frame)
            return None

        return run


_MISSING = object()
_UNIT = object()
_VALUE_METHODS = frozenset(
    {"IsZero", "Has", "HasAny", "HasAll", "Insert", "Delete", "Len", "List", "UnsortedList", "Clone"}
)
_VARIADIC = {
    ("k8s.io/apimachinery/pkg/util/sets", "NewString"): 0,
    ("k8s.io/apimachinery/pkg/util/sets", "New"): 0,
    ("github.com/samber/lo", "Without"): 1,
}
_LIST_AT = {("k8s.io/utils/strings/slices", "Filter"): 1}
_ORDER: dict[str, Callable[[int, int], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


_INTERFACES = frozenset(
    {
        ("k8s.io/apimachinery/pkg/apis/meta/v1", "Object"),
        ("k8s.io/apimachinery/pkg/apis/meta/v1", "ObjectMetaAccessor"),
        ("k8s.io/apimachinery/pkg/runtime", "Object"),
        ("sigs.k8s.io/controller-runtime/pkg/client", "Object"),
    }
)


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


def is_expression(node: Node) -> bool:
    return node.type.endswith(("_expression", "identifier", "_literal")) or node.type in STRINGS


def _writer(slot: str, listed: bool = False) -> Callable[[Frame, Any], Any]:
    """Stores a value in a variable; in one declared as a list, nil is the nil list."""

    def write(frame: Frame, value: Any) -> None:
        frame[slot] = NIL if listed and isinstance(value, Nil) else value

    return write


def _repeated(zero: Callable[[], Any], count: int) -> Callable[[Frame], tuple[Any, ...]]:
    return lambda frame: tuple(zero() for _ in range(count))


def _boolean(value: Any, node: Node) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, Free):
        raise Unbound("depends on a condition that is not about finalizers", node, value.local)
    raise Unsupported("a condition that is not understood", node)


def _integer(value: Any, node: Node) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, Free) and value.local is not None and value.kind != "key":
        raise Unbound("computes with a number from elsewhere", node, value.local)
    if isinstance(value, (str, Free)):
        raise Unsupported("orders or computes with the names themselves", node)
    raise Unsupported("computes with something that is no number", node)


def _list(value: Any, node: Node) -> Slice:
    if isinstance(value, Slice):
        return value
    if isinstance(value, Nil):
        return NIL
    if isinstance(value, Free) and value.local is not None:
        raise Unbound("a list that is computed elsewhere", node, value.local)
    raise Unsupported("something that is no list of names", node)


def _after_body(signal: Any, label: str) -> tuple[bool, Any]:
    """What a loop does with the signal of its body: (stop, signal for the outside)."""
    if signal is None or signal in (("continue", ""), ("continue", label)):
        return False, None
    if signal in (("break", ""), ("break", label)):
        return True, None
    return True, signal


def _after_switch(signal: Any) -> Any:
    return None if signal == ("break", "") else signal
