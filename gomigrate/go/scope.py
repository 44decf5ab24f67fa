"""Where a name in a function comes from: the declaration that an identifier refers to, by Go's block scopes.

Source: the Go specification, section "Declarations and scope".
"""

from typing import NamedTuple

from tree_sitter import Node

from gomigrate.go.nodes import FUNCTION_LIKE, ancestors, descend, named
from gomigrate.go.syntax import SourceFile, occurrences

_ASSIGNING = frozenset({"assignment_statement", "short_var_declaration", "range_clause", "receive_statement"})
_PARAMETERS = ("parameter_declaration", "variadic_parameter_declaration")


class Local(NamedTuple):
    """A local declaration. `kind` is parameter, receiver, result, define, var, const, range, typeswitch or type.

    `value` is the expression that it gets, `nth` (0-based) which of `total` of several values (w, err := f()) it takes,
    `type` its written type.
    """

    kind: str
    name: Node
    node: Node
    value: Node | None = None
    nth: int = 0
    total: int = 1
    type: Node | None = None


def lookup(file: SourceFile, name: str, at: Node) -> Local | None:
    """The local declaration that `name` means at node `at`; None for names of the package and beyond."""
    key = (name, at.id)
    if key not in file.looked_up:
        file.looked_up[key] = _lookup(file, name, at)
    return file.looked_up[key]


def _lookup(file: SourceFile, name: str, at: Node) -> Local | None:
    child = at
    node = at.parent
    while node is not None:
        kind = node.type
        if kind == "statement_list" or kind in ("expression_case", "default_case", "type_case", "communication_case"):
            found = _in_statements(file, name, node, child)
        elif kind in ("if_statement", "for_statement", "expression_switch_statement"):
            found = _in_header(file, name, node, child)
        elif kind == "type_switch_statement":
            found = _in_type_switch(file, name, node)
        elif kind in FUNCTION_LIKE:
            found = _in_signature(file, name, node)
        else:
            found = None
        if found is not None:
            return found
        child, node = node, node.parent
    return None


def type_parameter(file: SourceFile, node: Node) -> Local | None:
    """The type parameter that a type's name means: of the function or type around it, with its constraint as `type`, or
    of the type that a method is declared for, with none. Source: the Go specification, section "Type parameter
    declarations"."""
    if not file.is_generic:
        return None
    name = file.text(node)
    for around in ancestors(node):
        parameters = around.child_by_field_name("type_parameters")
        for declaration in named(parameters) if parameters is not None else ():
            for parameter in declaration.children_by_field_name("name"):
                if file.text(parameter) == name:
                    return Local("type", parameter, declaration, type=declaration.child_by_field_name("type"))
        receiver = around.child_by_field_name("receiver")
        for arguments in descend(receiver, "type_arguments") if receiver is not None else ():
            for argument in descend(arguments, "type_identifier"):
                if file.text(argument) == name:
                    return Local("type", argument, arguments)
    return None


def is_assigned(file: SourceFile, local: Local) -> bool:
    """Whether a local variable is assigned, counted or has its address taken anywhere behind its declaration."""
    return bool(assignments(file, local))


def assignments(file: SourceFile, local: Local) -> list[Node]:
    """Where a local variable, or one of its name, is assigned, counted or has its address taken."""
    function = local.node
    while function.parent is not None and function.type not in FUNCTION_LIKE:
        function = function.parent
    found = []
    for node in occurrences(file, file.text(local.name), function):
        whole = node
        while whole.parent is not None and whole.parent.type == "parenthesized_expression":
            whole = whole.parent
        if node.type == "identifier" and node.start_byte != local.name.start_byte and _is_target(file, whole):
            found.append(node)
    return found


def _is_target(file: SourceFile, node: Node) -> bool:
    """Whether an expression is assigned, counted, or has its address taken."""
    parent = node.parent
    if parent is None or parent.type in ("inc_statement", "dec_statement"):
        return parent is not None
    if parent.type == "unary_expression":
        return file.text(parent).startswith("&")
    outer = parent.parent
    if parent.type != "expression_list" or outer is None or outer.type not in _ASSIGNING:
        return False
    left = outer.child_by_field_name("left")
    return left is not None and left.id == parent.id


def declared_by(file: SourceFile, statement: Node) -> list[Local]:
    """The names that one statement declares in its own block."""
    kind = statement.type
    if kind == "short_var_declaration":
        return _pairs("define", statement, statement.child_by_field_name("left"), _values(statement, "right"))
    if kind in ("var_declaration", "const_declaration"):
        found = []
        for spec in _specs(statement):
            names = [n for n in spec.children_by_field_name("name") if n.type == "identifier"]
            values = _values(spec, "value")
            for i, n in enumerate(names):
                value, index, count = _nth(values, i, len(names))
                found.append(Local(kind[:-12], n, statement, value, index, count, spec.child_by_field_name("type")))
        return found
    if kind == "labeled_statement":
        return declared_by(file, named(statement)[-1])
    return []


def _specs(declaration: Node) -> list[Node]:
    specs = []
    for child in declaration.named_children:
        if child.type in ("var_spec", "const_spec"):
            specs.append(child)
        elif child.type == "var_spec_list":
            specs += [c for c in child.named_children if c.type == "var_spec"]
    return specs


def _values(node: Node, field: str) -> list[Node]:
    values = node.child_by_field_name(field)
    return named(values) if values is not None else []


def _nth(values: list[Node], i: int, names: int) -> tuple[Node | None, int, int]:
    if len(values) == names:
        return values[i], 0, 1
    if len(values) == 1:
        return values[0], i, names
    return None, 0, 1


def _pairs(kind: str, statement: Node, left: Node | None, values: list[Node]) -> list[Local]:
    found = []
    names = named(left) if left is not None else []
    for i, n in enumerate(names):
        if n.type == "identifier":
            value, index, count = _nth(values, i, len(names))
            found.append(Local(kind, n, statement, value, index, count))
    return found


def _in_statements(file: SourceFile, name: str, block: Node, child: Node) -> Local | None:
    declared = file.declared.get(block.id)
    if declared is None:
        declared = [
            (file.text(local.name), statement.start_byte, local)
            for statement in block.named_children
            for local in declared_by(file, statement)
        ]
        file.declared[block.id] = declared
    found = None
    for text, start, local in declared:
        if start >= child.start_byte:
            break
        if text == name:
            # In `a, err := …` a name that its block declared before is assigned, not declared anew.
            found = local if found is None or local.kind != "define" else found
    body = block.parent
    if found is not None and found.kind == "define" and body is not None and body.parent is not None:
        # Nor is one of the function's parameters and results, where the block is its body.
        function = body.parent if body.parent.type in FUNCTION_LIKE else None
        return (_in_signature(file, name, function) if function is not None else None) or found
    return found


def _in_header(file: SourceFile, name: str, node: Node, child: Node) -> Local | None:
    for part in node.named_children:
        if part.type == "range_clause" and child.id != part.id:
            left = part.child_by_field_name("left")
            if left is not None and any(c.type == ":=" for c in part.children):
                for i, n in enumerate(named(left)):
                    if file.text(n) == name:
                        return Local("range", n, part, part.child_by_field_name("right"), i, 2)
        initializer = part.child_by_field_name("initializer") if part.type == "for_clause" else None
        if initializer is not None:
            for local in declared_by(file, initializer):
                if file.text(local.name) == name and not _inside(child, initializer):
                    return local
    initializer = node.child_by_field_name("initializer")
    if initializer is not None and child.id != initializer.id:
        for local in declared_by(file, initializer):
            if file.text(local.name) == name:
                return local
    return None


def _inside(node: Node, outer: Node) -> bool:
    return outer.start_byte <= node.start_byte and node.end_byte <= outer.end_byte


def _in_type_switch(file: SourceFile, name: str, node: Node) -> Local | None:
    alias = node.child_by_field_name("alias")
    if alias is not None:
        for n in named(alias):
            if file.text(n) == name:
                return Local("typeswitch", n, node, node.child_by_field_name("value"))
    return None


def _in_signature(file: SourceFile, name: str, function: Node) -> Local | None:
    for field, kind in (("parameters", "parameter"), ("result", "result"), ("receiver", "receiver")):
        for n, declaration in parameters(function, field):
            if file.text(n) == name:
                return Local(kind, n, declaration, None, 0, 1, declaration.child_by_field_name("type"))
    return None


def parameters(function: Node, field: str = "parameters") -> list[tuple[Node, Node]]:
    """(name, declaration) of each named parameter, result or receiver, in order."""
    found = []
    part = function.child_by_field_name(field)
    if part is not None and part.type == "parameter_list":
        for declaration in part.named_children:
            if declaration.type in _PARAMETERS:
                for n in declaration.children_by_field_name("name"):
                    if n.type == "identifier":
                        found.append((n, declaration))
    return found
