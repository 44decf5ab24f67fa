"""Who uses a name: every reference to a function, method, constant or variable of a package, calls or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from tree_sitter import Node

from gomigrate.go.nodes import NAMES
from gomigrate.go.scope import lookup
from gomigrate.go.syntax import SourceFile, may_be_code, occurrences
from gomigrate.go.types import Literal, Named, Pointer, Types

if TYPE_CHECKING:
    from gomigrate.index import Index


class Symbol(NamedTuple):
    """A name declared at package level, or a method (`receiver` is its type's name)."""

    folder: str
    receiver: str
    name: str

    @property
    def exported(self) -> bool:
        return self.name[:1].isupper()

    def __str__(self) -> str:
        return f"{self.receiver}.{self.name}" if self.receiver else self.name


def symbol_of(file: SourceFile, function: Node) -> Symbol:
    """The name that a function or method declares."""
    return Symbol(file.directory, file.receiver_type(function), file.name_of(function))


class Reference(NamedTuple):
    """`node` is the whole reference: the identifier, or the selector expression in front of a call's arguments.

    `sure` is False when it cannot be told whether this symbol is meant (a dot import, a receiver of unknown type), or
    what is done with it (it stands where a type may stand).
    """

    file: SourceFile
    node: Node
    sure: bool = True

    @property
    def call(self) -> Node | None:
        """The call when the reference is called, else None: the symbol is used as a value."""
        parent = self.node.parent
        if parent is not None and parent.type == "call_expression":
            function = parent.child_by_field_name("function")
            if function is not None and function.id == self.node.id:
                return parent
        return None


class References:
    """Finds references in the whole checkout, or in the files `only`."""

    def __init__(self, types: Types, index: Index | None, only: list[str] | None = None) -> None:
        self.only = only
        self._importers = index.importers if index is not None else {}
        # Symbols that a file may use which could not be parsed, and that file.
        self.blind: dict[Symbol, str] = {}
        self.types = types
        self.workspace = types.workspace

    def importers(self, folder: str) -> list[str]:
        """Files that hold the import path of a package."""
        return self._importers.get(self.workspace.import_path(folder), [])

    def of(self, symbol: Symbol, tests: bool = True) -> list[Reference]:
        """Every reference in the checkout, declarations left out; with `tests` off those in test files as well."""
        found: list[Reference] = []
        checkout = self.workspace.checkout
        own = set(checkout.go_files_in(symbol.folder))
        paths = sorted(own | self._elsewhere(symbol)) if self.only is None else self.only
        word = symbol.name.encode()
        for link in checkout.links_in(symbol.folder):
            self.blind[symbol] = link
        for path in paths:
            if not tests and path.endswith("_test.go"):
                continue
            data = checkout.read(path)
            if data is None:
                if path in own:
                    self.blind[symbol] = path
                continue
            if not may_be_code(data, word):
                continue
            file = self.workspace.file(path)
            if file is not None:
                found += self._in_file(file, symbol, own=path in own)
            else:
                self.blind[symbol] = path
        return found

    def _elsewhere(self, symbol: Symbol) -> set[str]:
        """The files of other packages that can use a symbol."""
        if not symbol.exported:
            return set()
        if not symbol.receiver:
            # In another version of a module the same path is another package.
            package, folder_of = self.workspace.import_path(symbol.folder), self.workspace.folder_of
            paths = self.importers(symbol.folder)
            return {p for p in paths if folder_of(package, p.rpartition("/")[0]) == symbol.folder}
        # A method is called on what some function gives, in packages that need not import the one that declares it.
        folders = {symbol.folder}
        new = [symbol.folder]
        while new:
            more = {path.rpartition("/")[0] for path in self.importers(new.pop())} - folders
            folders |= more
            new += more
        return {path for folder in folders for path in self.workspace.checkout.go_files_in(folder)}

    def _in_file(self, file: SourceFile, symbol: Symbol, own: bool) -> Iterator[Reference]:
        external_test = own and file.package_name.endswith("_test") and not self._is_package(symbol, file)
        for node in occurrences(file, symbol.name):
            parent = node.parent
            if parent is None:
                continue
            if symbol.receiver:
                if node.type == "field_identifier" and parent.type == "selector_expression":
                    sure = self._is_method(file, parent, symbol)
                    if sure is not False:
                        yield Reference(file, parent, sure is True)
                continue
            if node.type == "field_identifier" and parent.type == "selector_expression":
                operand = parent.child_by_field_name("operand")
                package = self.types.package_of(file, operand) if operand is not None else None
                if package is not None and self.workspace.folder_of(package, file.directory) == symbol.folder:
                    yield Reference(file, parent)
            elif node.type == "type_identifier" and parent.type == "qualified_type":
                kind = self.types.written(file, parent)
                if isinstance(kind, Named) and kind.folder == symbol.folder:
                    yield Reference(file, parent, sure=False)
            elif node.type in NAMES and own and not external_test:
                if not _declares(node) and lookup(file, symbol.name, node) is None:
                    yield Reference(file, node, sure=node.type == "identifier")
            elif node.type == "identifier" and file.has_dot_import and not own:
                dotted = [i for i in file.imports if i.alias == "."]
                if any(self.workspace.folder_of(i.path, file.directory) == symbol.folder for i in dotted):
                    yield Reference(file, node, sure=False)

    def _is_package(self, symbol: Symbol, file: SourceFile) -> bool:
        return self.workspace.package_name(symbol.folder) == file.package_name

    def _is_method(self, file: SourceFile, selector: Node, symbol: Symbol) -> bool | None:
        """True / False when the operand's type is known, None when it is not."""
        operand = selector.child_by_field_name("operand")
        if operand is None or self.types.package_of(file, operand) is not None:
            return False
        kind = self.types.of(file, operand)
        if isinstance(kind, Pointer):
            kind = kind.to
        if isinstance(kind, Named):
            if (kind.folder, kind.name) == (symbol.folder, symbol.receiver):
                return True
            embeds = self.types.member(kind, symbol.name) is not None
            return None if embeds and not self._own_method(kind, symbol) else False
        if isinstance(kind, Literal) and self.types.member(kind, symbol.name) is not None:
            return None
        # A method expression T.Name, or an operand whose type the checkout does not tell.
        return None if kind is None else False

    def _own_method(self, kind: Named, symbol: Symbol) -> bool:
        folder = kind.folder if kind.folder is not None else kind.vendored
        return folder is not None and self.workspace.has_function(folder, kind.name, symbol.name)


def _declares(node: Node) -> bool:
    """Whether the identifier is the declared name, a key of a composite literal, or a parameter's name."""
    parent = node.parent
    if parent is None:
        return False
    if parent.type in ("function_declaration", "const_spec", "var_spec", "type_spec", "parameter_declaration"):
        return any(n.id == node.id for n in parent.children_by_field_name("name"))
    if parent.type == "literal_element" and parent.parent is not None and parent.parent.type == "keyed_element":
        key = parent.parent.child_by_field_name("key")
        if key is not None and key.id == parent.id:
            # `T{Name: v}` names a field; in a map literal it would be the constant, which has no such composite.
            literal = parent.parent.parent.parent if parent.parent.parent is not None else None
            kind = literal.child_by_field_name("type") if literal is not None else None
            return kind is None or kind.type != "map_type"
    return False
