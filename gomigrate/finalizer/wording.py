"""How a name from outside of a piece of code, its object or the name of a finalizer, is written at its place."""

from typing import NamedTuple

from tree_sitter import Node

from gomigrate.finalizer.objects import type_of_free
from gomigrate.go.evaluator.values import Free
from gomigrate.go.nodes import FUNCTION_LIKE, STRINGS, ancestors, named, statements
from gomigrate.go.scope import assignments, lookup
from gomigrate.go.syntax import SourceFile
from gomigrate.go.types import Named, Types

_STRING = Named("", "string")


class Wording(NamedTuple):
    """A finalizer's name: as `text`, or as the `name` of a package, which has a `folder` in the checkout, or is one of
    another module that `user`, a folder of the checkout, imports. `typed`: it is of a string type of its own; `called`:
    it is what the function of that name gives."""

    text: str = ""
    path: str = ""
    package: str = ""
    folder: str | None = None
    name: str = ""
    user: str = ""
    typed: bool = False
    called: bool = False

    @property
    def shown(self) -> str:
        return self.text or (f"{self.name}()" if self.called else self.name)


def text_at(file: SourceFile, nodes: tuple[Node, ...], free: Free) -> str:
    """What is used by adjacent nodes in the words of their file; '' when it has another name there, or none."""
    root = _root(free)
    if root.node.type in STRINGS:
        return str(root.file.text(root.node))
    if root.file is not file:
        return ""
    here = lookup(file, file.text(root.node), nodes[0])
    if root.local is not None:
        same = here is not None and here.name.start_byte == root.local.name.start_byte
    else:
        same = here is None or _covers(nodes, root.node)
    return _text(file, free) if same else ""


def is_stale(nodes: tuple[Node, ...], free: Free) -> bool:
    """Whether what a name means may have changed between the place that uses it and the nodes."""
    root = _root(free)
    if root.local is None or _covers(nodes, root.node):
        return False
    loops = [a for a in ancestors(nodes[0]) if a.type == "for_statement" and not _covers((a,), root.node)]
    return any(
        root.node.end_byte < a.start_byte < nodes[-1].end_byte or any(_covers((loop,), a) for loop in loops)
        for a in assignments(root.file, root.local)
    )


def name_at(types: Types, file: SourceFile, nodes: tuple[Node, ...], key: Free) -> Wording | None:
    """How a finalizer's name is written at these nodes; None when it cannot be told."""
    kind = type_of_free(types, key)
    if kind is not None and not isinstance(kind, Named):
        return None
    # An expression of unknown type fits as it stands, but not what a function in between may have converted.
    inside = _covers(nodes, _root(key).node)
    converted = inside and _is_converted(key)
    if kind is None and key.constant is None and not (inside and not converted):
        return None
    typed = converted or (kind is not None and kind != _STRING)
    given = _given(types, file, nodes, _root(key))
    if given is not None:
        return given
    text = text_at(file, nodes, key)
    if text:
        return Wording(f"string({text})" if typed else text)
    if key.parent is not None or key.local is not None:
        return None
    return _of_package(types, key, typed)


def _given(types: Types, file: SourceFile, nodes: tuple[Node, ...], root: Free) -> Wording | None:
    """A name by the function that does nothing but to give it, where that can be called at the nodes; else None."""
    function = next((a for a in ancestors(root.node) if a.type in FUNCTION_LIKE), None)
    result = function.child_by_field_name("result") if function is not None else None
    if function is None or result is None or not _only_gives(function, root.node):
        return None
    name, folder = root.file.name_of(function), root.file.directory
    if folder == file.directory:
        seen = file.package_name == root.file.package_name and lookup(file, name, nodes[0]) is None
    else:
        imported = file.import_of(types.workspace.import_path(folder))
        seen = imported is not None and lookup(file, imported.name, nodes[0]) is None and name[:1].isupper()
    if not seen or (root.file.is_test and not file.is_test):
        return None
    return Wording(folder=folder, name=name, typed=root.file.text(result) != "string", called=True)


def _only_gives(function: Node, text: Node) -> bool:
    """Whether a function is `func name() … { return "text" }`."""
    parameters, body = map(function.child_by_field_name, ("parameters", "body"))
    plain = function.type == "function_declaration" and parameters is not None and not named(parameters)
    if not plain or text.type not in STRINGS or body is None:
        return False
    given = statements(body)
    values = named(named(given[0])[0]) if len(given) == 1 and given[0].type == "return_statement" else []
    return [v.id for v in values] == [text.id]


def _of_package(types: Types, key: Free, typed: bool) -> Wording | None:
    workspace = types.workspace
    file, node = key.file, key.node
    if node.type == "identifier":
        folder = file.directory
        return Wording(folder=folder, name=file.text(node), typed=typed)
    operand, field = node.child_by_field_name("operand"), node.child_by_field_name("field")
    path = types.package_of(file, operand) if operand is not None else None
    if path is None or field is None:
        return None
    name, found = file.text(field), workspace.folder_of(path, file.directory)
    if found is not None:
        return Wording(folder=found, name=name, typed=typed)
    imported = file.import_of(path)
    package = imported.name if imported is not None and not imported.alias else ""
    return Wording(path=path, package=package, name=name, user=file.directory, typed=typed)


def _root(free: Free) -> Free:
    while free.parent is not None:
        free = free.parent
    return free


def _text(file: SourceFile, free: Free) -> str:
    return f"{_text(file, free.parent)}.{free.field}" if free.parent is not None else file.text(free.node)


def _covers(nodes: tuple[Node, ...], node: Node) -> bool:
    return nodes[0].start_byte <= node.start_byte and node.end_byte <= nodes[-1].end_byte


def _is_converted(free: Free) -> bool:
    """Whether what is used is `string(name)`."""
    outer = free.node.parent
    while outer is not None and outer.type == "parenthesized_expression":
        outer = outer.parent
    call = outer.parent if outer is not None and outer.type == "argument_list" else None
    function = call.child_by_field_name("function") if call is not None else None
    return function is not None and free.file.text(function) == "string"
