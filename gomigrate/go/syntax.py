"""Go source files, parsed as far as they are asked for, and the few questions that every later stage asks of them."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tree_sitter import Node, Query, QueryCursor, Tree

from gomigrate.checkout import is_generated
from gomigrate.go.edits import apply_edits
from gomigrate.go.nodes import FUNCTIONS, NAMES, STRINGS, descend, errors, named
from gomigrate.go.outline import Piece
from gomigrate.go.trees import is_ended, is_too_deep, parsed, trees_of
from gomigrate.go.validity import TOP_LEVEL, first_mistake
from gomigrate.model import TextEdit

if TYPE_CHECKING:
    from gomigrate.go.scope import Local

_NEWLINE = re.compile(rb"\n")
_BLANK = rb"(?:\s|//[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/)*"
_PACKAGE = re.compile(rb"(?:\xef\xbb\xbf)?%bpackage(?!\w)%b(\w+)(?![\x80-\xff])" % (_BLANK, _BLANK))
# What begins with a fixed word is looked for several times as quickly.
_TYPE_PARAMETERS = (
    re.compile(rb"func(?:\s+[^\s(\[]+\s*\[\s*[^\s\[\],]+[\s,]|\s*\([^()]*\S\[)"),
    re.compile(rb"type\s+[^\s(\[]+\s*\[\s*[^\s\[\],]+[\s,]"),
)

_IDENTIFIERS = frozenset({*NAMES, "field_identifier"})
_WORD = frozenset(bytes((c,)) for c in b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")


class Import(NamedTuple):
    """One import line. `name` is what code says: the alias, or the last element of the path as a guess."""

    path: str
    name: str
    alias: str
    spec: Node


class Value(NamedTuple):
    """A constant or variable at package level. `text` is its string value when it is a plain string literal."""

    name: str
    kind: str
    spec: Node
    literal: Node | None
    text: str | None


class Change(NamedTuple):
    """A place, from `start` to `end`, where a variable `name` or `fields` of it get another value; `target` is where
    it stands there."""

    start: int
    end: int
    target: int
    name: str
    fields: tuple[str, ...]


class SourceFile:
    """A Go file, parsed as far as it is asked for. `path` is relative to the checkout; offsets are those of the bytes
    on disk, BOM included.

    `root` and what is told from it are those of the whole file. What `functions_named`, `type_named` and `value_named`
    give comes from pieces of the file until it is parsed as a whole, and lies in trees of its own: what stands around
    it outside of its declaration is not there.
    """

    def __init__(self, path: str, source: bytes, old_tree: Tree | None = None) -> None:
        self.path = path
        self._trees = trees_of(source)
        self.source: bytes = self._trees.source
        if old_tree is not None:
            self.tree = parsed(source, old_tree)
        self._roots: dict[Piece, Node] = {}
        self._parsed = 0
        # What was given from pieces, so that it stays the same when the whole is parsed.
        self._functions_near: dict[tuple[str, str], list[Node]] = {}
        self._types_near: dict[str, Node | None] = {}
        self._values_near: dict[str, Value | None] = {}
        # What each block declares, by the block's node id, once somebody has asked (see go.scope).
        self.declared: dict[int, list[tuple[str, int, Local]]] = {}
        # By the id of a function's node; its calls and assignments with where they begin.
        self.changes: dict[int, list[Change]] = {}
        self.acts: dict[int, tuple[list[int], list[Node]]] = {}
        # By the id of a statement's node, the variables that it gives another value.
        self.written: dict[int, list[str]] = {}
        # What a name means at a node, by the node's id, likewise.
        self.looked_up: dict[tuple[str, int], Local | None] = {}

    @cached_property
    def tree(self) -> Tree:
        return self._trees.whole()

    @cached_property
    def root(self) -> Node:
        return self.tree.root_node

    def parse(self) -> None:
        """Parses the file as a whole."""
        self.tree = self._trees.whole()

    def with_edits(self, edits: Iterable[TextEdit]) -> SourceFile:
        """This file after all edits of it: only what changed is parsed anew. Raises Conflict when two overlap."""
        once = dict.fromkeys(edits)
        if not once:
            return self
        tree = self.tree.copy()
        for edit in sorted(once, key=lambda e: (e.start, e.end), reverse=True):
            start = self._point(edit.start)
            lines = edit.new_text.count(b"\n")
            last = len(edit.new_text) - edit.new_text.rfind(b"\n") - 1
            column = last if lines else start[1] + len(edit.new_text)
            tree.edit(
                edit.start, edit.end, edit.start + len(edit.new_text),
                start, self._point(edit.end), (start[0] + lines, column),
            )  # fmt: skip
        source = apply_edits(self.source, once)
        return SourceFile(self.path, source, tree if is_ended(self.source) and is_ended(source) else None)

    def _point(self, offset: int) -> tuple[int, int]:
        """Row and column of a byte offset, both 0-based, as tree-sitter has them."""
        line, column = self.position(offset)
        return line - 1, column - 1

    def text(self, node: Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    @cached_property
    def newline(self) -> bytes:
        """How most lines of the file end."""
        return newline_of(self.source)

    @property
    def directory(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def is_test(self) -> bool:
        return self.path.endswith("_test.go")

    @cached_property
    def is_generated(self) -> bool:
        return is_generated(self.source)

    @cached_property
    def is_generic(self) -> bool:
        """Whether something in the file may have type parameters."""
        return any(pattern.search(self.source) for pattern in _TYPE_PARAMETERS)

    @property
    def has_error(self) -> bool:
        """Whether it is no Go; `first_error` says where, if a node tells it."""
        return self.root.has_error or self.first_error is not None

    @cached_property
    def first_error(self) -> Node | None:
        """What the parser does not understand, where a node tells it, or what it takes and Go does not."""
        return next(errors(self.root), None) if self.root.has_error else first_mistake(self.root, self.source)

    @property
    def is_too_deep(self) -> bool:
        """Whether a node lies so deep that questions take long."""
        return is_too_deep(self.tree)

    @cached_property
    def package_name(self) -> str:
        """What the package clause says; '' when the file does not begin with one, which is no Go."""
        name = declared_package(self.source)
        if name:
            return name
        first = next((n for n in self._head if n.is_named and n.type != "comment"), None)
        return self.text(named(first)[0]) if first is not None and first.type == "package_clause" else ""

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        found = []
        for declaration in self._head:
            if declaration.type == "import_declaration":
                for spec in descend(declaration, "import_spec"):
                    path_node = spec.child_by_field_name("path")
                    if path_node is None:
                        continue
                    path = self.text(path_node)[1:-1]
                    name_node = spec.child_by_field_name("name")
                    alias = self.text(name_node) if name_node else ""
                    found.append(Import(path, alias or guess_package_name(path), alias, spec))
        return tuple(found)

    def import_named(self, name: str) -> Import | None:
        return next((i for i in self.imports if i.name == name), None)

    def import_of(self, path: str) -> Import | None:
        return next((i for i in self.imports if i.path == path and i.alias not in ("_", ".")), None)

    @property
    def has_dot_import(self) -> bool:
        return any(i.alias == "." for i in self.imports)

    @cached_property
    def functions(self) -> tuple[Node, ...]:
        """Function and method declarations, in the order of the file."""
        return tuple(n for n in self.root.children if n.type in FUNCTIONS)

    @cached_property
    def functions_by_name(self) -> dict[tuple[str, str], list[Node]]:
        """(receiver's type name or '', name) -> declarations; Go compiles one of each."""
        found: dict[tuple[str, str], list[Node]] = {}
        for node in self.functions:
            found.setdefault((self.receiver_type(node), self.name_of(node)), []).append(node)
        return found

    @cached_property
    def types(self) -> dict[str, Node]:
        """Type name -> its type_spec or type_alias."""
        return _types(self, self.root.children)

    @cached_property
    def values(self) -> dict[str, Value]:
        """Constants and variables at package level, by name."""
        return _values(self, self.root.children)

    # -- what is declared by a name: pieces of the file are parsed for it, or all where these do not parse ----------

    def count_functions(self, receiver: str, name: str) -> int:
        """How many functions are declared by that name."""
        if self.is_whole:
            return len(self.functions_named(receiver, name))
        near = self._pieces_near(name, functions=True)
        known = [p for p in near if p.function is not None]
        others = [p for p in near if p.function is None]
        return sum(p.function == (receiver, name) for p in known) + len(self._functions(others, receiver, name))

    def functions_named(self, receiver: str, name: str) -> list[Node]:
        """As of `functions_by_name`; empty when there is none."""
        key = (receiver, name)
        if key not in self._functions_near:
            if self.is_whole:
                return self.functions_by_name.get(key, [])
            near = [p for p in self._pieces_near(name, functions=True) if p.function in (None, key)]
            self._functions_near[key] = self._functions(near, receiver, name)
        return self._functions_near[key]

    def methods_named(self, name: str) -> list[Node]:
        """The methods of a name, whatever their receiver."""
        near = self.functions if self.is_whole else self._nodes(self._pieces_near(name, functions=True))
        return [n for n in near if n.type == "method_declaration" and self.name_of(n) == name]

    def type_named(self, name: str) -> Node | None:
        """As of `types`."""
        if name not in self._types_near:
            if self.is_whole:
                return self.types.get(name)
            self._types_near[name] = _types(self, self._nodes(self._pieces_near(name, functions=False))).get(name)
        return self._types_near[name]

    def value_named(self, name: str) -> Value | None:
        """As of `values`."""
        if name not in self._values_near:
            if self.is_whole:
                return self.values.get(name)
            self._values_near[name] = _values(self, self._nodes(self._pieces_near(name, functions=False))).get(name)
        return self._values_near[name]

    def around(self, offset: int) -> Node | None:
        """The smallest node at a byte."""
        if self.is_whole:
            return self.root.descendant_for_byte_range(offset, offset + 1)
        piece = next(p for p in self._trees.pieces if offset < p.end)
        return self._roots_of([piece])[0].descendant_for_byte_range(offset, offset + 1)

    @property
    def weight(self) -> int:
        """The bytes that have been parsed, with those that are held unparsed counted as the twentieth part of these."""
        return (len(self.source) if self.is_whole else self._parsed) + len(self.source) // 20

    @property
    def is_whole(self) -> bool:
        """Whether the file has been parsed as a whole."""
        return "tree" in self.__dict__

    @property
    def _head(self) -> list[Node]:
        """The nodes among which the package clause and the imports are."""
        return self.root.children if self.is_whole else self._nodes([self._trees.pieces[0]])

    def _functions(self, near: list[Piece], receiver: str, name: str) -> list[Node]:
        functions = (n for n in self._nodes(near) if n.type in FUNCTIONS)
        return [n for n in functions if (self.receiver_type(n), self.name_of(n)) == (receiver, name)]

    def _nodes(self, some: list[Piece]) -> list[Node]:
        """The top-level nodes of some pieces, or of the whole file."""
        return [node for root in self._roots_of(some) for node in root.children]

    def _roots_of(self, some: list[Piece]) -> list[Node]:
        found = []
        for piece in some:
            if self.is_whole or len(self._trees.pieces) == 1:
                return [self.root]
            if piece not in self._roots:
                tree = self._trees.of(piece)
                root = tree.root_node
                if root.has_error or is_too_deep(tree) or any(n.type not in TOP_LEVEL for n in root.named_children):
                    return [self.root]
                self._roots[piece] = root
                self._parsed += piece.end - piece.start
            found.append(self._roots[piece])
        return found

    def _pieces_near(self, name: str, functions: bool) -> list[Piece]:
        """The pieces in which a function of a name may be declared, or something else of it."""
        word = name.encode()
        return [
            p
            for p in self._trees.pieces
            if (p.function is not None and functions and p.function[1] == name)
            or (p.function is None and functions <= p.functions and self.source.find(word, p.start, p.end) >= 0)
        ]

    # ---------------------------------------------------------------------------------------------------------

    def name_of(self, node: Node) -> str:
        name = node.child_by_field_name("name")
        return self.text(name) if name else ""

    def receiver_type(self, function: Node) -> str:
        """Name of the receiver's type without pointer and type parameters; '' for a plain function."""
        receiver = function.child_by_field_name("receiver")
        if receiver is None:
            return ""
        node = next(iter(descend(receiver, "type_identifier")), None)
        return self.text(node) if node else "?"

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a byte offset, both 1-based; the column counts bytes."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    @cached_property
    def _line_starts(self) -> array[int]:
        return array("I", [0, *(m.end() for m in _NEWLINE.finditer(self.source))])


def _types(file: SourceFile, declarations: Iterable[Node]) -> dict[str, Node]:
    found = {}
    for declaration in declarations:
        if declaration.type == "type_declaration":
            for spec in declaration.named_children:
                if spec.type in ("type_spec", "type_alias"):
                    found[file.name_of(spec)] = spec
    return found


def _values(file: SourceFile, declarations: Iterable[Node]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for declaration in declarations:
        if declaration.type in ("const_declaration", "var_declaration"):
            kind = declaration.type[:-12]
            for spec in descend(declaration, f"{kind}_spec"):
                names = spec.children_by_field_name("name")
                names = [n for n in names if n.type == "identifier"]
                value = spec.child_by_field_name("value")
                literals = value.named_children if value else []
                for i, name in enumerate(names):
                    node = literals[i] if i < len(literals) else None
                    text = string_value(file, node) if node else None
                    found[file.text(name)] = Value(file.text(name), kind, spec, node, text)
    return found


def is_text(source: bytes) -> bool:
    """Whether bytes can be Go at all: other ones are not worth a parse."""
    try:
        source.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in source


def declared_package(source: bytes) -> str:
    """What the package clause of a file says, where it is one of ASCII letters; else ''."""
    clause = _PACKAGE.match(source)
    return clause[1].decode() if clause is not None else ""


def newline_of(source: bytes) -> bytes:
    """How most of the lines end."""
    return b"\r\n" if 2 * source.count(b"\r\n") > source.count(b"\n") else b"\n"


def string_value(file: SourceFile, node: Node) -> str | None:
    """The value of a string literal without escapes; None for anything else."""
    if node.type not in STRINGS:
        return None
    text = file.text(node)[1:-1]
    return None if node.type == "interpreted_string_literal" and "\\" in text else text


def guess_package_name(path: str) -> str:
    """The package name an import path suggests: last element, without a /v2 suffix, gopkg.in's .v2, or go- prefix."""
    parts = path.split("/")
    last = parts[-1]
    # k8s.io/api/core/v1 is package v1; example.com/lib/v2 is package lib: only the second is a major version suffix,
    # and those start at v2.
    if re.fullmatch(r"v([2-9]|[1-9][0-9]+)", last) and 1 < len(parts) <= 4 and not {"api", "apis"} & set(parts):
        last = parts[-2]
    last = re.sub(r"\.v[0-9]+$", "", last)
    return last.removeprefix("go-").replace("-", "_") if "." not in last else last.split(".")[0]


def captured_near(query: Query, file: SourceFile, words: Iterable[bytes]) -> dict[str, list[Node]]:
    """What a query captures in the declarations of a file that hold one of these words, which is all that it captures
    when each of its patterns asks for one of them inside a declaration. Large files are mostly about other things."""
    declarations = file.root.children
    ends = [d.end_byte for d in declarations]
    near: set[int] = set()
    for word in words:
        at = file.source.find(word)
        while at >= 0:
            number = bisect_right(ends, at)
            near.add(number)
            at = file.source.find(word, ends[number]) if number < len(ends) else -1
    found: dict[str, list[Node]] = {}
    cursor = QueryCursor(query)
    for number in sorted(near):
        for name, nodes in cursor.captures(declarations[number]).items() if number < len(ends) else ():
            found.setdefault(name, []).extend(nodes)
    return found


def may_be_code(source: bytes, word: bytes) -> bool:
    """Whether a word may stand in the code of a file: neither as a part of a longer one, nor on a line that begins as a
    comment and can end none that began before, nor a raw string."""
    for at in whole_words(source, word):
        before = source[source.rfind(b"\n", 0, at) + 1 : at].lstrip()
        if not before.startswith(b"//") or b"*/" in before or b"`" in before:
            return True
    return False


def whole_words(source: bytes, word: bytes, start: int = 0, end: int | None = None) -> Iterator[int]:
    """The offsets in [start, end) at which a word stands that is no part of a longer one."""
    at = source.find(word, start, end) if word else -1
    while at >= 0:
        behind = at + len(word)
        if source[behind : behind + 1] not in _WORD and (not at or source[at - 1 : at] not in _WORD):
            yield at
        at = source.find(word, at + 1, end)


def occurrences(file: SourceFile, name: str, within: Node | None = None) -> Iterator[Node]:
    """The identifiers of this name below a node, or in the whole file, in the order of the source. They are found in
    the bytes first."""
    node = file.root if within is None else within
    word = name.encode()
    for at in whole_words(file.source, word, node.start_byte, node.end_byte):
        end = at + len(word)
        found = node.descendant_for_byte_range(at, end)
        if found is not None and found.type in _IDENTIFIERS and (found.start_byte, found.end_byte) == (at, end):
            yield found


def called(file: SourceFile, call: Node) -> tuple[Node | None, str]:
    """Of a call `operand.name(…)` the two; (None, "") of anything else."""
    function = call.child_by_field_name("function") if call.type == "call_expression" else None
    if function is None or function.type != "selector_expression":
        return None, ""
    field = function.child_by_field_name("field")
    return function.child_by_field_name("operand"), file.text(field) if field is not None else ""
