"""Bytes of Go files as syntax trees: of a file as a whole, or of single pieces of it."""

from __future__ import annotations

import re
from functools import cached_property
from weakref import WeakValueDictionary

import tree_sitter_go
from tree_sitter import Language, Parser, Point, Range, Tree

from gomigrate.go.outline import Piece, pieces

GO = Language(tree_sitter_go.language())
# Written code has nodes about a hundred deep. What is asked of a node takes time that grows with its depth.
MAX_DEPTH = 250

_parser = Parser(GO)
_piece_parser = Parser(GO)
# Behind the end of any file.
_FAR = Point(0xFFFFFFFF, 0xFFFFFFFF)
_BOM = b"\xef\xbb\xbf"
_NEW_OF_VALUE = re.compile(rb"\bnew(?=\((?!\s*(?:\[|(?:map|chan|struct|interface|func)\b)))")


class Trees:
    """What has been parsed of a file's bytes. Its trees are the same for all files of these bytes, and so are the ids
    of their nodes, but for those of the roots."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self._pieces: dict[Piece, Tree] = {}

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """As of `outline.pieces`."""
        return pieces(self.source)

    def whole(self) -> Tree:
        return self._whole.copy()

    @cached_property
    def _whole(self) -> Tree:
        return parsed(self.source)

    def of(self, piece: Piece) -> Tree:
        """The tree of a piece, with the offsets of the file."""
        if piece not in self._pieces:
            self._pieces[piece] = parsed(self.source, piece=piece)
        return self._pieces[piece].copy()


# Versions of a module have many files in common.
_TREES: WeakValueDictionary[bytes, Trees] = WeakValueDictionary()


def trees_of(source: bytes) -> Trees:
    """The trees of a file's bytes, those of other living files of the same bytes."""
    found = _TREES.get(source)
    if found is None:
        found = _TREES[source] = Trees(source)
    return found


def parsed(source: bytes, old_tree: Tree | None = None, piece: Piece | None = None) -> Tree:
    """The tree of a file, of what is new in it since `old_tree`, or of a piece of it."""
    # The grammar knows no byte order mark; blanks of the same length keep every offset. Nor does it take a group of
    # constants at the end of a file whose last line does not end.
    text = b"   " + source[3:] if source.startswith(_BOM) else source
    text = text if is_ended(source) else text + b"\n"
    parser = _parser
    if piece is not None:
        parser = _piece_parser
        end = piece.end if piece.end < len(source) else len(text)
        # A piece begins with a line. Where the last one ends is nobody's question.
        parser.included_ranges = [Range(Point(source.count(b"\n", 0, piece.start), 0), _FAR, piece.start, end)]
    tree = parser.parse(text) if old_tree is None else parser.parse(text, old_tree)
    if tree.root_node.has_error:
        # The grammar wants a type in new(…), where Go 1.26 takes any value: read as a call of another name of the same
        # length it is one like others.
        read = _NEW_OF_VALUE.sub(b"neu", text)
        other = tree if read == text else parser.parse(read)
        if not other.root_node.has_error:
            return other
    return tree


def is_ended(source: bytes) -> bool:
    """Whether the last line ends, as that of most files does."""
    return source.endswith(b"\n")


def is_too_deep(tree: Tree) -> bool:
    """Whether a node lies more than MAX_DEPTH nodes below the root."""
    # A node keeps the children that it is asked for: this root is nobody else's.
    open_ones = [(tree.root_node, 0)]
    while open_ones:
        node, depth = open_ones.pop()
        if depth > MAX_DEPTH:
            return True
        # What holds few nodes is not deep: only large ones are looked into.
        if depth + node.descendant_count > MAX_DEPTH:
            open_ones += [(child, depth + 1) for child in node.named_children]
    return False
