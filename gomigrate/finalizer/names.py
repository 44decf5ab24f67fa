"""Where the finalizer names of a pack stand in the code: constants that hold them, and bare literals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

from tree_sitter import Node

from gomigrate.finalizer.roles import is_api_group, is_test_code, speaks_of_finalizers
from gomigrate.go.nodes import STRINGS
from gomigrate.go.references import Reference, References, Symbol
from gomigrate.go.syntax import SourceFile, Value, string_value
from gomigrate.go.types import Types
from gomigrate.packs import FinalizerName


class Declared(NamedTuple):
    """A constant (or variable) at package level that holds a name."""

    symbol: Symbol
    file: SourceFile
    value: Value


class Mention(NamedTuple):
    """The name inside of a longer text, or a text in a test that may be something else: no use that can be followed."""

    file: SourceFile
    node: Node


class NameUses:
    """Everything that is known of one finalizer name in a checkout."""

    def __init__(self, rule: FinalizerName) -> None:
        self.rule = rule
        self.old: list[Declared] = []
        self.new: list[Declared] = []
        self.old_literals: list[Reference] = []
        self.new_literals: list[Reference] = []
        self.mentions: list[Mention] = []
        self.old_references: list[Reference] = []
        self.new_references: list[Reference] = []

    @property
    def migrated(self) -> bool:
        """Whether the new name is declared or used: the code is at a stage already, by this tool or by hand."""
        return bool(self.new or self.new_literals)

    @property
    def has_next_stage(self) -> bool:
        """Whether the code honours both names, and may be taken on."""
        return self.migrated and bool(self.old or self.old_literals)

    @property
    def places(self) -> list[SourceFile]:
        """The files that hold the name or use a constant that does, once for each use."""
        references = (*self.old_literals, *self.new_literals, *self.old_references, *self.new_references)
        return [*(d.file for d in (*self.old, *self.new)), *(r.file for r in references)]

    @cached_property
    def files(self) -> frozenset[SourceFile]:
        return frozenset(self.places)

    @cached_property
    def packages(self) -> frozenset[str]:
        """The folders whose own code, tests aside, has places."""
        return frozenset(file.directory for file in self.files if not file.is_test)

    @property
    def present(self) -> bool:
        return bool(self.old or self.new or self.old_literals or self.new_literals)


def find_names(
    rules: tuple[FinalizerName, ...],
    files: list[SourceFile],
    references: References,
    computed: Mapping[str, list[Declared]],
) -> list[NameUses]:
    """The uses of each name, with every reference to the constants that hold it; `computed` are those that hold one by
    an expression."""
    found = [NameUses(rule) for rule in rules]
    for uses in found:
        needle = uses.rule.old.encode(), uses.rule.new.encode()
        for file in files:
            if not file.is_generated and any(n in file.source for n in needle):
                _scan(references.types, file, uses)
        _set_apart(uses)
    for uses in found:
        uses.old += computed.get(uses.rule.old, [])
        uses.new += computed.get(uses.rule.new, [])
        for declared in uses.old:
            uses.old_references += references.of(declared.symbol)
        for declared in uses.new:
            uses.new_references += references.of(declared.symbol)
    return found


def _scan(types: Types, file: SourceFile, uses: NameUses) -> None:
    holders = {v.literal.id: v for v in file.values.values() if v.literal is not None and v.text is not None}
    for node in _strings_holding(file, (uses.rule.old, uses.rule.new)):
        if node.parent is not None and node.parent.type in ("import_spec", "field_declaration"):
            continue
        text = string_value(file, node)
        for name, declared, literals in (
            (uses.rule.old, uses.old, uses.old_literals),
            (uses.rule.new, uses.new, uses.new_literals),
        ):
            if text == name and node.id in holders:
                value = holders[node.id]
                declared.append(Declared(Symbol(file.directory, "", value.name), file, value))
            elif text == name and not is_api_group(types, file, node):
                literals.append(Reference(file, node))
        if text != uses.rule.old and _stands_alone(file.text(node)[1:-1], uses.rule.old):
            uses.mentions.append(Mention(file, node))


def _set_apart(uses: NameUses) -> None:
    """In tests a text counts only where it is about finalizers, by itself or by what it is used for: it may be a
    namespace, an API group, or anything else."""
    if "finalizer" in uses.rule.old.lower():
        return
    sure = []
    for reference in uses.old_literals:
        if not is_test_code(reference.file) or speaks_of_finalizers(reference.file, reference.node):
            sure.append(reference)
        else:
            uses.mentions.append(Mention(reference.file, reference.node))
    uses.old_literals = sure


def _strings_holding(file: SourceFile, names: tuple[str, ...]) -> list[Node]:
    """String literals that hold one of the names, found in the bytes first."""
    found: dict[int, Node] = {}
    for name in names:
        for match in re.finditer(re.escape(name.encode()), file.source):
            node = file.root.descendant_for_byte_range(match.start(), match.end())
            while node is not None and node.type not in STRINGS and node.type.endswith(("_content", "escape_sequence")):
                node = node.parent
            if node is not None and node.type in STRINGS:
                found[node.start_byte] = node
    return [found[start] for start in sorted(found)]


def _stands_alone(text: str, name: str) -> bool:
    """The name as a word of a longer text; a longer name that merely begins like it is another name."""
    start = text.find(name)
    while start >= 0:
        before, after = text[start - 1 : start], text[start + len(name) : start + len(name) + 1]
        longer = before[-1:].isalnum() or after.isalnum() or before in {*"-./_"} or after in {*"-/_"}
        if not longer:
            return True
        start = text.find(name, start + 1)
    return False
