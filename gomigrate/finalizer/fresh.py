"""Objects that are on no API server yet: those that the code makes itself, and those that it goes on to create.

What the API server answers to a new object is checked by other rules than a change of one that is there: it may carry
any finalizer.
"""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakKeyDictionary

from tree_sitter import Node

from gomigrate.finalizer.identity import Path, declaration, path_of, returns, symbol_called
from gomigrate.finalizer.objectmodel import CONTROLLERUTIL
from gomigrate.go.nodes import FUNCTION_LIKE, NAMES, ancestors, named, unparen
from gomigrate.go.references import Symbol
from gomigrate.go.scope import assignments, lookup, parameters
from gomigrate.go.syntax import SourceFile, called, occurrences
from gomigrate.go.types import Named, Pointer, Type, Types, kept_with_types

CLIENT = "sigs.k8s.io/controller-runtime/pkg/client"
_CLIENTS = frozenset({"Client", "Writer", "WithWatch"})
_TYPED = "k8s.io/client-go/"
_WRITES_OVER = ("CreateOrUpdate", "CreateOrPatch")
_TEXT_ONLY = ("fmt", "log", "k8s.io/klog", "github.com/go-logr/logr", "github.com/sirupsen/logrus", "go.uber.org/zap")
_DEPTH = 4
_MOST_ALIASES = 16
# (file, where a variable is declared, depth, aliases) -> what becomes of it: a function may add to one object often.
_FATES: WeakKeyDictionary[Types, dict[tuple[str, int, int, int], set[str]]] = WeakKeyDictionary()


def is_fresh(types: Types, path: Path, place: Node) -> bool:
    """Whether the code made the object of a variable itself, and gave it to nobody who could have read another into it
    before `place`."""
    return not path.fields and path.local is not None and _is_fresh_variable(types, path, place, 0)


def _is_fresh_variable(types: Types, path: Path, place: Node, depth: int) -> bool:
    file, local = path.file, path.local
    if local is None or local.kind not in ("define", "var") or _function(local.node) != _function(place):
        return False
    if not _values_are_fresh(types, path, depth):
        return False
    function = next(a for a in ancestors(place) if a.type in FUNCTION_LIKE)
    for identifier in _uses(path, function):
        if identifier.start_byte < place.start_byte and _may_be_filled(types, file, identifier, place):
            return False
    # In a loop what stands below comes before the next round, unless each round makes its own.
    loops = [a for a in ancestors(place) if a.type == "for_statement" and not _covers(a, local.node)]
    return not loops


def _values_are_fresh(types: Types, path: Path, depth: int) -> bool:
    """Whether all that a variable ever gets was made here."""
    file, local = path.file, path.local
    assert local is not None
    values: list[tuple[Node, int]] = []
    if local.value is not None:
        values.append((local.value, local.nth if local.total > 1 else 0))
    for target in assignments(file, local):
        left = target.parent
        outer = left.parent if left is not None else None
        if left is None or outer is None or outer.type not in ("assignment_statement", "short_var_declaration"):
            # Its address is taken, which matters where it is given to.
            if target.parent is not None and target.parent.type == "unary_expression":
                continue
            return False
        right = outer.child_by_field_name("right")
        index = next(i for i, n in enumerate(named(left)) if n.id == target.id)
        given = named(right) if right is not None else []
        if len(given) == len(named(left)):
            values.append((given[index], 0))
        elif len(given) == 1:
            values.append((given[0], index))
        else:
            return False
    return all(_is_fresh_value(types, file, value, nth, depth) for value, nth in values)


def _is_fresh_value(types: Types, file: SourceFile, node: Node, nth: int, depth: int) -> bool:
    node = unparen(node)
    if depth > _DEPTH:
        return False
    if node.type == "unary_expression" and file.text(node).startswith("&"):
        node = unparen(named(node)[0])
    if node.type in ("composite_literal", "nil"):
        return True
    if node.type == "type_assertion_expression":
        return nth == 0 and _is_fresh_value(types, file, named(node)[0], 0, depth)
    if node.type == "identifier":
        found = path_of(file, node)
        return found is not None and _is_fresh_variable(types, found, node, depth + 1)
    if node.type != "call_expression":
        return False
    function = node.child_by_field_name("function")
    if function is not None and file.text(function) == "new" and lookup(file, "new", function) is None:
        return True
    symbol = symbol_called(types, file, node)
    if symbol is not None and types.workspace.has_function(*symbol):
        return _gives_new(types, symbol, nth, depth + 1)
    name = _interface_method(types, file, node)
    return bool(name) and _all_make(types, name, nth, depth + 1)


@kept_with_types
def _gives_new(types: Types, symbol: Symbol, nth: int, depth: int) -> bool:
    """As `_makes`, of a function that is declared once."""
    declared = types.workspace.function(*symbol)
    return declared is not None and _makes(types, *declared, nth, depth)


@kept_with_types
def _all_make(types: Types, name: str, nth: int, depth: int) -> bool:
    """As `_makes`, of all methods of a name, one at least: they are looked for in the whole checkout."""
    found = False
    for maker in _methods(types, name):
        found = maker is not None and _makes(types, *maker, nth, depth)
        if not found:
            break
    return found


def _interface_method(types: Types, file: SourceFile, call: Node) -> str:
    """The name of the method of an interface that is called; '' when it is no such call."""
    operand, name = called(file, call)
    kind = types.of(file, operand) if operand is not None else None
    # Who implements an interface of another module is not known.
    declared_type = types.declaration(kind) if isinstance(kind, Named) and kind.folder is not None else None
    return name if declared_type is not None and declared_type[1].type == "interface_type" else ""


def _methods(types: Types, name: str) -> Iterator[tuple[SourceFile, Node] | None]:
    """All methods of a name in the checkout, those of tests, mocks and generated code aside; None for a file that may
    have one and is not read."""
    for path in types.workspace.checkout.declaring(name):
        if path.endswith("_test.go"):
            continue
        found = types.workspace.methods(path, name)
        if found is None:
            yield None
        elif not found[0].is_generated and not any("testify/mock" in i.path for i in found[0].imports):
            yield from ((found[0], method) for method in found[1])


def _makes(types: Types, file: SourceFile, function: Node, nth: int, depth: int) -> bool:
    """Whether a function gives back something new each time as its nth result."""
    body = function.child_by_field_name("body")
    found = returns(body) if body is not None else []
    for statement in found:
        results = named(named(statement)[0]) if named(statement) else []
        if len(results) == 1 and nth and results[0].type == "call_expression":
            if not _is_fresh_value(types, file, results[0], nth, depth):
                return False
        elif len(results) <= nth or not _is_fresh_value(types, file, results[nth], 0, depth):
            return False
    return bool(found)


def _may_be_filled(types: Types, file: SourceFile, identifier: Node, place: Node) -> bool:
    """Whether a use of a variable may be what reads another object into it: it is handed to a call."""
    node = identifier
    for outer in ancestors(identifier):
        if outer.type in ("func_literal", "go_statement") and not _covers(outer, place):
            return True
        if outer.type == "argument_list":
            call = outer.parent
            if call is None or _covers(call, place):
                return False
            return not _fate_in_call(types, file, outer, node, 1) <= {"quiet", "created"}
        if outer.type == "unary_expression" and file.text(outer).startswith("&"):
            node = outer
        if outer.type == "selector_expression" and outer.parent is not None and outer.parent.type != "unary_expression":
            # A field or a method of the object.
            return False
        if outer.type in FUNCTION_LIKE or outer.type.endswith("_statement"):
            return False
    return False


def is_created(types: Types, path: Path) -> bool:
    """Whether a function gives the object of a variable to Create of a client, and to nobody who could write it over
    one that is there: Create refuses an object that was read from the server."""
    if path.fields or path.local is None:
        return False
    fates = _fates(types, path, 0)
    return "created" in fates and fates <= {"created", "quiet"}


def is_written_over(types: Types, path: Path) -> bool:
    """Whether a function itself writes the object of a variable over one that may be there, by Update or Patch, and
    has not created it."""
    fates = _fates(types, path, _DEPTH) if not path.fields and path.local is not None else set()
    return "written" in fates and "created" not in fates


def _fates(types: Types, path: Path, depth: int, aliases: int = 0) -> set[str]:
    """What becomes of a variable in its function: created, written, quiet, or unknown."""
    local, file = path.local, path.file
    assert local is not None
    function = next((a for a in ancestors(local.name) if a.type in FUNCTION_LIKE), None)
    if function is None or aliases > _MOST_ALIASES:
        return {"unknown"}
    known, asked = _FATES.setdefault(types, {}), (file.path, local.name.start_byte, depth, aliases)
    if asked not in known:
        found = (_fate(types, file, identifier, depth, aliases) for identifier in _uses(path, function))
        known[asked] = {fate for fates in found for fate in fates}
    return known[asked]


def _fate(types: Types, file: SourceFile, identifier: Node, depth: int, aliases: int) -> set[str]:
    node = identifier
    for outer in ancestors(identifier):
        if outer.type == "argument_list":
            return _fate_in_call(types, file, outer, node, depth)
        if outer.type == "selector_expression":
            return {"quiet"}
        if outer.type in ("parenthesized_expression", "type_assertion_expression"):
            node = outer
            continue
        if outer.type == "unary_expression" and file.text(outer)[:1] in "&*":
            node = outer
            continue
        if outer.type == "binary_expression":
            return {"quiet"}
        if outer.type == "expression_list":
            node = outer
            continue
        if outer.type in ("short_var_declaration", "assignment_statement"):
            left, right = outer.child_by_field_name("left"), outer.child_by_field_name("right")
            if left is not None and left.id == node.id:
                return {"quiet"}
            alias = path_of(file, named(left)[0]) if left is not None else None
            simple = right is not None and len(named(right)) == 1 and outer.type == "short_var_declaration"
            if alias is None or alias.fields or not simple:
                return {"unknown"}
            declared = _declared(file, outer)
            return _fates(types, declared, depth, aliases + 1) if declared is not None else {"unknown"}
        return {"unknown"} if outer.type != "parameter_declaration" else {"quiet"}
    return {"unknown"}


def _declared(file: SourceFile, statement: Node) -> Path | None:
    """The first variable that `x, ok := …` declares."""
    left = statement.child_by_field_name("left")
    behind = statement.next_named_sibling
    if left is None or behind is None:
        return None
    name = named(left)[0]
    local = lookup(file, file.text(name), behind)
    if local is None or local.name.start_byte != name.start_byte:
        return None
    return Path(file, name, local)


def _fate_in_call(types: Types, file: SourceFile, arguments: Node, node: Node, depth: int) -> set[str]:
    call = arguments.parent
    if call is None:
        return {"unknown"}
    operand, name = called(file, call)
    package = types.package_of(file, operand) if operand is not None else None
    if package == CONTROLLERUTIL:
        return {"written"} if name in _WRITES_OVER else {"quiet"}
    if package is not None and _only_writes_text(package):
        return {"quiet"}
    if operand is not None and package is None and is_client(types, file, operand):
        return {"created"} if name == "Create" else {"quiet"} if name in ("Delete", "Scheme") else {"written"}
    declared = declaration(types, file, call)
    given = [n for n, d in parameters(declared[1]) if d.type == "parameter_declaration"] if declared is not None else []
    index = next((i for i, a in enumerate(named(arguments)) if a.id == node.id), -1)
    if declared is None or index < 0 or len(given) != len(named(arguments)) or depth >= _DEPTH:
        return {"unknown"}
    other, function = declared
    body = function.child_by_field_name("body")
    local = lookup(other, other.text(given[index]), body) if body is not None else None
    if local is None:
        return {"unknown"}
    return _fates(types, Path(other, given[index], local), depth + 1) or {"quiet"}


def is_client(types: Types, file: SourceFile, operand: Node) -> bool:
    """Whether an expression is a client of the API server: controller-runtime's, or a generated one."""
    kind = types.of(file, operand)
    return _is_client_type(types, kind.to if isinstance(kind, Pointer) else kind, 0)


@kept_with_types
def _is_client_type(types: Types, kind: Type | None, depth: int) -> bool:
    if not isinstance(kind, Named) or depth > 3:
        return False
    if kind.folder is None:
        return (kind.package == CLIENT and kind.name in _CLIENTS) or kind.package.startswith(_TYPED)
    spec = types.workspace.type_spec(kind.folder, kind.name)
    if spec is not None and spec[0].is_generated:
        return True
    declared = types.declaration(kind)
    if declared is None:
        return False
    inner = (e.to if isinstance(e, Pointer) else e for e in types.embedded(*declared))
    return any(_is_client_type(types, e, depth + 1) for e in inner)


def _only_writes_text(package: str | None) -> bool:
    return package is not None and (
        any(package == p or package.startswith(p + "/") for p in _TEXT_ONLY) or package.endswith("/logger")
    )


def _uses(path: Path, function: Node) -> list[Node]:
    """The identifiers in a function that mean its variable, where it is declared left out."""
    file, local = path.file, path.local
    assert local is not None
    name = file.text(local.name)
    found = []
    for identifier in occurrences(file, name, function):
        if identifier.type not in NAMES or identifier.start_byte == local.name.start_byte:
            continue
        meant = lookup(file, name, identifier)
        if meant is not None and meant.name.start_byte == local.name.start_byte:
            found.append(identifier)
    return found


def _function(node: Node) -> int:
    return next((a.start_byte for a in ancestors(node) if a.type in FUNCTION_LIKE), -1)


def _covers(outer: Node, inner: Node) -> bool:
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte
