"""From a place that touches finalizers to the piece of code around it that is one operation.

A unit is an expression, or adjacent statements. It is grown outwards from the place for as long as something larger
may still be understood, and the largest unit with a meaning wins: a guard is then part of the operation, not a
condition on it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Node

from gomigrate.finalizer.objectmodel import CONTROLLERUTIL
from gomigrate.finalizer.operations import Meaning, Opaque, classify_unit, leaves_lists
from gomigrate.finalizer.wording import is_stale
from gomigrate.go.evaluator.runtime import Context, is_expression
from gomigrate.go.nodes import (
    FUNCTION_LIKE,
    NAMES,
    ancestors,
    arguments_of,
    calls_in,
    descend,
    in_order,
    named,
    statement_around,
    statements,
    unparen,
)
from gomigrate.go.scope import Local, is_assigned, lookup
from gomigrate.go.syntax import SourceFile, called, occurrences
from gomigrate.go.types import Types
from gomigrate.model import Operation

MAX_GROWTH = 6
# What is longer does more than one operation; running it would only cost time.
MAX_LINES = 60
MAX_CONTEXT = 4
WRITES = frozenset({Operation.ADD, Operation.SET_IF_EMPTY, Operation.REMOVE, Operation.CLEAR})
_QUIET_BUILTINS = frozenset({"len", "cap", "append", "make", "copy", "string"})
_QUIET_METHODS = frozenset(
    {"GetFinalizers", "GetDeletionTimestamp", "GetName", "GetNamespace", "GetUID", "GetLabels", "IsZero"}
)
_LISTS = ("statement_list",)


class Site(NamedTuple):
    """A unit with its meaning. `nodes` is one expression or adjacent statements; `dead` are the statements before
    it that nothing else needs once it is replaced. With a `key` it is the call of a function that stays, and that is
    given the name there. `whole`: it is all that a function does."""

    file: SourceFile
    nodes: tuple[Node, ...]
    meaning: Meaning
    dead: tuple[Node, ...] = ()
    key: Node | None = None
    whole: bool = False

    @property
    def is_expression(self) -> bool:
        return is_expression(self.nodes[0])

    @property
    def start(self) -> int:
        return self.nodes[0].start_byte

    @property
    def end(self) -> int:
        return self.nodes[-1].end_byte

    @property
    def spans(self) -> list[tuple[int, int]]:
        return [(self.start, self.end), *((d.start_byte, d.end_byte) for d in self.dead)]

    def covers(self, node: Node) -> bool:
        start, end = node.start_byte, node.end_byte
        return (self.start <= start and end <= self.end) or any(
            d.start_byte <= start and end <= d.end_byte for d in self.dead
        )


class Unknown(NamedTuple):
    """A place whose meaning was not found, and why. `guarded`: it is an addition under a test of the finalizers that is
    none of the operations. `taken_over` are the bytes of the code around it when all that it does is to hand names on
    from one list to another, all alike."""

    file: SourceFile
    node: Node
    reason: str
    writes: bool
    guarded: bool = False
    taken_over: tuple[tuple[int, int], ...] = ()


def find_site(types: Types, file: SourceFile, access: Node) -> Site | Unknown:
    """The largest unit around an access (a read or write of finalizers, or a call that does it)."""
    best: Site | None = None
    first: Opaque | None = None
    first_context: Opaque | None = None
    taken_over: tuple[tuple[int, int], ...] = ()
    for nodes in _units(access):
        meaning, context = _understand(types, file, nodes)
        if isinstance(meaning, Meaning):
            site = _site(types, file, nodes, meaning, context)
            if isinstance(site, Site):
                if best is not None and _is_called(types, file, best) and _comments(nodes) > _comments(best.nodes):
                    # It is controllerutil's call already: what people say of it stays with it.
                    break
                best = site
                continue
            first_context = first_context or site
            continue
        first = first or meaning
        if meaning.takes_over:
            if best is not None and best.meaning.operation in (Operation.HAS_ANY, Operation.SAME_COUNT):
                # Whether there is something to hand on is no question about this controller's own name.
                best = None
            taken_over = tuple(_spans([*nodes, *(c.node for c in context)]))
        if meaning.evaluated or meaning.larger:
            continue
        if best is None and not meaning.larger and is_expression(nodes[0]):
            # The call around a read may be what is not understood: the statement will tell the same.
            first = meaning
        break
    if best is not None:
        return best
    statement, writes = statement_around(access), _is_write(file, access)
    if statement is not None and not taken_over and writes and _sets_given(file, statement, access):
        taken_over = ((statement.start_byte, statement.end_byte),)
    why = first_context or first
    reason = why.reason if why is not None else "is not understood"
    return Unknown(file, access, reason, writes, why is not None and why.guarded, taken_over)


def _sets_given(file: SourceFile, statement: Node, access: Node) -> bool:
    """Whether all that a statement does is to set, or append, a whole list that the function is given, as in
    `o.Finalizers = names`."""
    right = statement.child_by_field_name("right") if statement.type == "assignment_statement" else None
    values = named(right) if right is not None else []
    if statement.type == "expression_statement":
        values = arguments_of(named(statement)[0])
    if len(values) != 1:
        return False
    value = unparen(values[0])
    appended = arguments_of(value)
    if len(appended) == 2 and appended[1].type == "variadic_argument" and file.text(appended[0]) == file.text(access):
        function = value.child_by_field_name("function")
        value = named(appended[1])[0] if function is not None and file.text(function) == "append" else value
    local = lookup(file, file.text(value), value) if value.type == "identifier" else None
    return local is not None and local.kind == "parameter" and not is_assigned(file, local)


def _is_called(types: Types, file: SourceFile, site: Site) -> bool:
    """Whether a site is one call of controllerutil."""
    node = site.nodes[0]
    call = named(node)[0] if node.type == "expression_statement" else node
    operand, _ = called(file, call)
    return len(site.nodes) == 1 and operand is not None and types.package_of(file, operand) == CONTROLLERUTIL


def _comments(nodes: tuple[Node, ...]) -> int:
    return sum(len(descend(node, "comment")) for node in nodes)


def _units(access: Node) -> list[tuple[Node, ...]]:
    """Candidate units, from the smallest outwards."""
    found: list[tuple[Node, ...]] = []
    node = access
    while True:
        parent = node.parent
        whole = parent is not None and parent.type == "expression_statement"
        if is_expression(node) and node.type != "selector_expression" and not whole:
            found.append((node,))
        if parent is None or parent.type in FUNCTION_LIKE:
            return found
        if parent.type in _LISTS:
            break
        node = parent
    for _ in range(MAX_GROWTH):
        if node.parent is None or node.parent.type in FUNCTION_LIKE:
            break
        if node.end_point.row - node.start_point.row > MAX_LINES:
            break
        if node.parent.type in _LISTS:
            found.append((node,))
        node = node.parent
    return found


def _understand(types: Types, file: SourceFile, nodes: tuple[Node, ...]) -> tuple[Meaning | Opaque, list[Context]]:
    """The meaning of a unit, drawing in the statements before it that compute what it uses, and its guards."""
    context: list[Context] = []
    for _ in range(MAX_CONTEXT + 1):
        meaning = classify_unit(types, file, context, list(nodes))
        if isinstance(meaning, Meaning) or meaning.local is None:
            break
        drawn = _definition(file, meaning.local, nodes)
        if drawn is None or any(c.node.id == d.id for c in context for d in drawn):
            break
        context = sorted([*context, *(Context(d) for d in drawn)], key=lambda c: c.node.start_byte)
        noisy = _noise(file, context, nodes)
        if noisy is not None:
            line = file.position(noisy.start_byte)[0]
            return Opaque(f"something that is not understood stands between, at line {line}", noisy), context
    if isinstance(meaning, Meaning) and "duplicate" in meaning.difference_names:
        guard = _guard(nodes)
        if guard is not None:
            odd = next((q for q in _questions(file, guard.node) if _asks_otherwise(types, file, q)), None)
            if odd is not None:
                # With controllerutil's call in its place, the test around it may come to mean something else.
                line = file.position(odd.start_byte)[0]
                reason = f"hangs on a test of the finalizers that is none of the operations, at line {line}"
                return Opaque(reason, odd, evaluated=True, guarded=True), context
            guarded = classify_unit(types, file, [guard, *context], list(nodes))
            if isinstance(guarded, Meaning) and guarded.operation is meaning.operation:
                meaning = guarded
    return meaning, context


def _site(
    types: Types, file: SourceFile, nodes: tuple[Node, ...], meaning: Meaning, context: list[Context]
) -> Site | Opaque:
    """The unit as something that can be replaced: what it declares or draws in must not be needed elsewhere."""
    drawn = [c.node for c in context if c.holds is None]
    spans = _spans([*nodes, *drawn])
    for node in nodes:
        uses_outside = "" if is_expression(node) else _used_outside(file, node, spans)
        if uses_outside:
            return Opaque(f"computes {uses_outside}, which is used further on", node)
    dead = _dead(file, nodes, drawn)
    partly = [node for node in drawn if node not in dead]
    stale = next((free for free in (*meaning.objects, *meaning.keys) if is_stale(nodes, free)), None)
    if stale is not None:
        return Opaque(f"{stale.file.text(stale.node)} is assigned, and may be another one by then", stale.node)
    if any(_assigns_only(node) for node in partly):
        return Opaque("changes a variable that is used further on", partly[0])
    building = next((node for node in partly if _builds_list(file, node)), None)
    if building is not None:
        named_there = _used_outside(file, building, _spans([*nodes, *dead]))
        return Opaque(f"computes {named_there}, which is used further on", building)
    if partly and not leaves_lists(types, file, partly):
        return Opaque("what is drawn in and stays may change the list itself", partly[0])
    return Site(file, nodes, meaning, tuple(dead))


def _spans(nodes: list[Node]) -> list[tuple[int, int]]:
    """What these nodes cover, in the order of the source; of nodes in each other the outer one."""
    spans: list[tuple[int, int]] = []
    for node in in_order(nodes):
        if not spans or spans[-1][1] < node.end_byte:
            spans.append((node.start_byte, node.end_byte))
    return spans


def _dead(file: SourceFile, nodes: tuple[Node, ...], drawn: list[Node]) -> list[Node]:
    """The statements drawn in whose variables nothing needs but the unit, and others that are dead as well."""
    dead = drawn
    while True:
        spans = _spans([*nodes, *dead])
        fewer = [node for node in dead if not _used_outside(file, node, spans)]
        if len(fewer) == len(dead):
            return dead
        dead = fewer


def _builds_list(file: SourceFile, node: Node) -> bool:
    """Whether a statement appends to a list, which the object may share from then on."""
    functions = (c.child_by_field_name("function") for c in descend(node, "call_expression"))
    return any(f is not None and file.text(f) == "append" for f in functions)


def _assigns_only(node: Node) -> bool:
    return node.type not in ("short_var_declaration", "var_declaration")


def _used_outside(file: SourceFile, statement: Node, spans: list[tuple[int, int]]) -> str:
    """A variable declared or assigned by the statement at its own level that other code reads; '' when none."""
    function = next((a for a in ancestors(statement) if a.type in FUNCTION_LIKE), None)
    if function is None:
        return ""
    for name in (*_written_names(file, statement), *_filled_names(file, statement)):
        for identifier in occurrences(file, name, function):
            before = bisect_right(spans, identifier.start_byte, key=lambda span: span[0]) - 1
            inside = before >= 0 and identifier.end_byte <= spans[before][1]
            if identifier.type in NAMES and not inside and _same_variable(file, identifier, statement, name):
                return name
    return ""


def _same_variable(file: SourceFile, identifier: Node, statement: Node, name: str) -> bool:
    """Whether the identifier means the variable that the statement declares or assigns."""
    local = lookup(file, name, identifier)
    if local is None:
        return False
    if local.node.id == statement.id:
        return True
    mine = lookup(file, name, statement)
    return mine is not None and mine.name.start_byte == local.name.start_byte


def _changed_set(file: SourceFile, statement: Node) -> list[str]:
    """`s.Insert(x)` and `s.Delete(x)` change the set that a variable holds."""
    call = named(statement)[0] if statement.type == "expression_statement" else None
    function = call.child_by_field_name("function") if call is not None and call.type == "call_expression" else None
    operand = function.child_by_field_name("operand") if function is not None else None
    field = function.child_by_field_name("field") if function is not None else None
    if operand is not None and operand.type == "identifier" and field is not None:
        return [file.text(operand)] if file.text(field) in ("Insert", "Delete") else []
    return []


def _filled_names(file: SourceFile, statement: Node) -> list[str]:
    """Variables whose maps, sets or lists are changed by the statement, anywhere in it."""
    inside = (n for n in descend(statement, "expression_statement") if n.id != statement.id)
    found = [name for node in inside for name in _changed_set(file, node)]
    for assignment in descend(statement, "assignment_statement", "inc_statement", "dec_statement"):
        left = assignment.child_by_field_name("left") or assignment
        bases = (t.child_by_field_name("operand") for t in named(left) if t.type == "index_expression")
        found += [file.text(base) for base in bases if base is not None and base.type == "identifier"]
    return found


def _written_names(file: SourceFile, statement: Node) -> list[str]:
    if statement.id not in file.written:
        file.written[statement.id] = _find_written(file, statement)
    return file.written[statement.id]


def _find_written(file: SourceFile, statement: Node) -> list[str]:
    if statement.type == "expression_statement":
        return _changed_set(file, statement)
    if statement.type == "short_var_declaration":
        targets = named(statement.child_by_field_name("left"))  # type: ignore[arg-type]
    elif statement.type == "var_declaration":
        targets = [n for spec in descend(statement, "var_spec") for n in spec.children_by_field_name("name")]
    else:
        targets = [
            target
            for assignment in descend(statement, "assignment_statement", "inc_statement", "dec_statement")
            for target in (
                named(assignment.child_by_field_name("left"))  # type: ignore[arg-type]
                if assignment.type == "assignment_statement"
                else named(assignment)
            )
        ]
        inner = {
            file.text(n)
            for d in descend(statement, "short_var_declaration")
            for n in named(d.child_by_field_name("left"))  # type: ignore[arg-type]
        }
        targets = [t for t in targets if file.text(t) not in inner]
    return [file.text(t) for t in targets if t.type == "identifier" and file.text(t) != "_"]


def _definition(file: SourceFile, local: Local, nodes: tuple[Node, ...]) -> list[Node] | None:
    """The statements before a unit that give a local variable its value: its declaration, and each assignment."""
    if local.kind not in ("define", "var") or local.node.parent is None or local.node.parent.type not in _LISTS:
        return None
    block = local.node.parent
    name = file.text(local.name)
    found = []
    for statement in statements(block.parent):  # type: ignore[arg-type]
        if statement.start_byte >= nodes[0].start_byte:
            break
        if statement.end_byte > nodes[0].start_byte:
            # The unit lies inside of this statement; an assignment before it in there would be missed.
            if _assigns_before(file, statement, name, nodes[0].start_byte):
                return None
            break
        if statement.id == local.node.id or (
            statement.start_byte > local.node.start_byte and name in _written_names(file, statement)
        ):
            found.append(statement)
    return found or None


def _assigns_before(file: SourceFile, statement: Node, name: str, offset: int) -> bool:
    for assignment in descend(statement, "assignment_statement", "inc_statement", "dec_statement"):
        if assignment.start_byte < offset and name in _written_names(file, assignment):
            return True
    return False


def _noise(file: SourceFile, context: list[Context], nodes: tuple[Node, ...]) -> Node | None:
    """A call or write between the first statement drawn in and the unit that could change what was read."""
    start, end = context[0].node.end_byte, nodes[0].start_byte
    function = next((a for a in ancestors(nodes[0]) if a.type in FUNCTION_LIKE), None)
    if function is None:
        return None
    places, acts = _acts(file, function)
    for node in acts[bisect_left(places, start) : bisect_left(places, end)]:
        if node.end_byte > end:
            continue
        if any(c.node.start_byte <= node.start_byte and node.end_byte <= c.node.end_byte for c in context):
            continue
        if node.type != "assignment_statement" and not _is_quiet(file, node):
            return node
        if node.type == "assignment_statement" and any(
            t.type != "identifier"
            for t in named(node.child_by_field_name("left"))  # type: ignore[arg-type]
        ):
            return node
    return None


def _acts(file: SourceFile, function: Node) -> tuple[list[int], list[Node]]:
    """The calls and assignments in a function, in the order of the source, and where each begins."""
    if function.id not in file.acts:
        found = in_order([*calls_in(function), *descend(function, "assignment_statement")])
        file.acts[function.id] = [node.start_byte for node in found], found
    return file.acts[function.id]


def _is_quiet(file: SourceFile, call: Node) -> bool:
    function = call.child_by_field_name("function")
    if function is None:
        return False
    if function.type == "identifier":
        return file.text(function) in _QUIET_BUILTINS
    if function.type == "selector_expression":
        field = function.child_by_field_name("field")
        return field is not None and file.text(field) in _QUIET_METHODS
    return False


def _guard(nodes: tuple[Node, ...]) -> Context | None:
    """The condition that holds whenever the unit is reached: its `if` directly around, or the return just before."""
    statement = nodes[0]
    while statement.parent is not None and statement.parent.type not in _LISTS:
        statement = statement.parent
    block = statement.parent.parent if statement.parent is not None else None
    if block is None:
        return None
    siblings = statements(block)
    index = next((i for i, s in enumerate(siblings) if s.id == statement.id), -1)
    if index > 0:
        before = siblings[index - 1]
        if before.type == "if_statement" and _plain_if(before) and _always_leaves(before):
            return Context(before.child_by_field_name("condition"), holds=False)  # type: ignore[arg-type]
        return None
    outer = block.parent
    if index == 0 and outer is not None and outer.type == "if_statement" and _plain_if(outer):
        consequence = outer.child_by_field_name("consequence")
        holds = consequence is not None and consequence.id == block.id
        return Context(outer.child_by_field_name("condition"), holds=holds)  # type: ignore[arg-type]
    return None


def _questions(file: SourceFile, condition: Node) -> Iterator[Node]:
    """What a condition is put together from by &&, || and !."""
    condition = unparen(condition)
    if condition.type == "binary_expression" and file.text(condition.child_by_field_name("operator")) in ("&&", "||"):  # type: ignore[arg-type]
        for side in ("left", "right"):
            yield from _questions(file, condition.child_by_field_name(side))  # type: ignore[arg-type]
    elif condition.type == "unary_expression" and file.text(condition).startswith("!"):
        yield from _questions(file, named(condition)[0])
    else:
        yield condition


def _asks_otherwise(types: Types, file: SourceFile, question: Node) -> bool:
    """Whether a test hangs on finalizers, and is none of the operations."""
    meaning, _ = _understand(types, file, (question,))
    return isinstance(meaning, Opaque) and meaning.asks


def _plain_if(node: Node) -> bool:
    return node.child_by_field_name("initializer") is None


def _always_leaves(node: Node) -> bool:
    consequence = node.child_by_field_name("consequence")
    body = statements(consequence) if consequence is not None else []
    return bool(body) and body[-1].type == "return_statement" and node.child_by_field_name("alternative") is None


def _is_write(file: SourceFile, access: Node) -> bool:
    """Whether an access, taken alone, writes the finalizers."""
    if access.type == "call_expression":
        function = access.child_by_field_name("function")
        field = function.child_by_field_name("field") if function is not None else None
        return field is not None and file.text(field) in ("SetFinalizers", "AddFinalizer", "RemoveFinalizer")
    parent = access.parent
    if parent is not None and parent.type == "expression_list" and parent.parent is not None:
        left = parent.parent.child_by_field_name("left")
        return parent.parent.type == "assignment_statement" and left is not None and left.id == parent.id
    return False
