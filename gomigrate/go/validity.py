"""What the parser takes and Go does not. A file that holds some of it is not understood: what stands there may be the
rest of something else."""

from __future__ import annotations

import re
from itertools import chain

from tree_sitter import Node

from gomigrate.go.nodes import FUNCTIONS
from gomigrate.go.outline import IGNORED

_OTHERS = re.compile(r"[^\x00-\x7f]")
_HEAD = frozenset({"package_clause", "import_declaration", "comment"})
_DECLARATIONS = FUNCTIONS | {"type_declaration", "const_declaration", "var_declaration"}
TOP_LEVEL = _HEAD | _DECLARATIONS
_ON_THE_NEXT_LINE = re.compile(rb"\n[ \t\r]*[.(\[]")
_CONTINUED = {
    ".": ("selector_expression", "qualified_type"),
    "(": ("argument_list",),
    "[": ("index_expression", "slice_expression"),
}


def first_mistake(root: Node, source: bytes) -> Node | None:
    """A statement outside of all functions, an import behind another declaration, or what goes on on another line with
    an expression that ends with its own. Go specification, "Source file organization", "Semicolons"."""
    declared = False
    for node in root.named_children:
        if node.type in _DECLARATIONS:
            declared = True
        elif node.type not in _HEAD or (node.type == "import_declaration" and declared):
            return node
    for match in _ON_THE_NEXT_LINE.finditer(source):
        found = root.descendant_for_byte_range(match.end() - 1, match.end())
        if found is not None and found.parent is not None and found.parent.type in _CONTINUED.get(found.type, ()):
            return found
    return None


def odd_character(source: bytes) -> int:
    """The offset of the first character that is neither ASCII nor a letter or digit and stands in no comment, string or
    rune, where alone Go takes it; -1 when there is none. Go specification, "Characters", "Identifiers"."""
    from unicodedata import category

    start = 3 if source.startswith(b"\xef\xbb\xbf") else 0
    for end, behind in chain((m.span() for m in IGNORED.finditer(source, start)), [(len(source), len(source))]):
        code = source[start:end]
        if not code.isascii():
            text = code.decode("utf-8", "replace")
            for match in _OTHERS.finditer(text):
                if category(match[0])[0] != "L" and category(match[0]) != "Nd":
                    return start + len(text[: match.start()].encode())
        start = behind
    return -1
