"""Taking declarations out of a file together with the comments that belong to them."""

from __future__ import annotations

import re

from tree_sitter import Node

from gomigrate.catalogue import DIRECTIVE
from gomigrate.go.edits import behind_semicolon
from gomigrate.go.fold import merged
from gomigrate.go.nodes import named
from gomigrate.go.syntax import SourceFile
from gomigrate.model import TextEdit

# What may stand behind a declaration on its last line and goes with it.
_BEHIND = re.compile(rb"[ \t;]*(?://[^\n]*?|/\*(?:(?!\*/)[^\n])*\*/[ \t;]*)?(?=\r?\Z)")
_DIRECTIVES = ("//go:", "// +", "//+", f"//{DIRECTIVE.decode()}")


def removal_edits(file: SourceFile, declarations: list[Node]) -> tuple[TextEdit, ...] | None:
    """The edits that take out top-level declarations (or specs of a group); None when nothing of the file is left.

    Doc comments go with their declaration. A comment that stands alone goes too when everything behind it goes: it
    introduced what is gone.
    """
    gone = {(d.start_byte, d.end_byte) for d in declarations}
    spans: list[tuple[int, int]] = []
    rest = []
    free_comments: list[Node] = []
    for child in file.root.named_children:
        if child.type == "comment":
            free_comments.append(child)
            continue
        if child.type in ("package_clause", "import_declaration"):
            free_comments.clear()
            continue
        if child.type == "empty_statement":
            continue
        if (child.start_byte, child.end_byte) in gone:
            continue
        specs = [s for s in _specs(child) if (s.start_byte, s.end_byte) in gone]
        if specs and len(specs) == len(_specs(child)):
            gone.add((child.start_byte, child.end_byte))
            continue
        rest.append(child)
        spans += [_spec_span(file, s) for s in specs]
    if not rest and not _has_package_doc(file) and DIRECTIVE not in file.source:
        return None
    last = max((r.end_byte for r in rest), default=_preamble_end(file))
    last_gone = max((end for _, end in gone), default=0)
    whole: list[tuple[int, int]] = []
    for child in file.root.named_children:
        if (child.start_byte, child.end_byte) in gone and child.type != "comment":
            whole.append(_lines(file, doc_start(file, child), child.end_byte))
        elif (
            child.type == "comment"
            and last < child.start_byte < last_gone
            and not file.text(child).startswith(_DIRECTIVES)
        ):
            alone = _row_start(file, child) == _line_start(file, child.start_byte) >= last
            if alone:
                spans.append(_lines(file, child.start_byte, child.end_byte))
    spans += [_with_blank_lines_behind(file, *span) for span in merged(whole)]
    return tuple(TextEdit(file.path, *_with_blank_line(file, *span), b"") for span in merged(spans))


def shares_declaration(file: SourceFile, spec: Node) -> str:
    """Why a constant or variable cannot be taken out by itself; '' when it can."""
    names = [file.text(n) for n in spec.children_by_field_name("name") if n.type == "identifier"]
    if len(names) > 1:
        return f"{' and '.join(names)} are declared together"
    below = repeated_below(file, spec)
    return f"{below} repeats its value" if below else ""


def repeated_below(file: SourceFile, spec: Node) -> str:
    """The constant that stands below another one without a value, and so has the same; '' when there is none.

    Source: the Go specification, "Constant declarations".
    """
    below = spec.next_named_sibling
    while below is not None and below.type == "comment":
        below = below.next_named_sibling
    repeats = below is not None and below.type == "const_spec" and below.child_by_field_name("value") is None
    return file.text(below) if below is not None and repeats else ""


def _with_blank_line(file: SourceFile, start: int, end: int) -> tuple[int, int]:
    """Whole lines that go, with a blank line that would then stand at an edge of the group."""
    source = file.source
    before = source[source.rfind(b"\n", 0, max(0, start - 1)) + 1 : start]
    newline = source.find(b"\n", end)
    after = source[end : len(source) if newline < 0 else newline + 1]
    if before and not before.strip() and after.strip() == b")":
        return start - len(before), end
    if before.rstrip().endswith(b"(") and after and not after.strip():
        return start, end + len(after)
    return start, end


def _specs(declaration: Node) -> list[Node]:
    if declaration.type not in ("const_declaration", "var_declaration"):
        return []
    found = []
    for child in named(declaration):
        if child.type in ("const_spec", "var_spec"):
            found.append(child)
        elif child.type == "var_spec_list":
            found += [c for c in named(child) if c.type == "var_spec"]
    return found


def _spec_span(file: SourceFile, spec: Node) -> tuple[int, int]:
    start, end = _lines(file, doc_start(file, spec), spec.end_byte)
    return start, end


def _with_blank_lines_behind(file: SourceFile, start: int, end: int) -> tuple[int, int]:
    """Lines of declarations, and the blank lines behind them where one stands before them."""
    source = file.source
    while end < len(source) and not source[source.rfind(b"\n", 0, start - 1) + 1 : start].strip():
        newline = source.find(b"\n", end)
        line_end = len(source) if newline < 0 else newline + 1
        if source[end:line_end].strip():
            break
        end = line_end
    return start, end


def doc_start(file: SourceFile, node: Node) -> int:
    """Start of the comments on the lines right above a node, and before it on its own, or of the node itself."""
    start, row = node.start_byte, node.start_point.row
    previous = node.prev_sibling
    while previous is not None and previous.type in ("comment", "\n"):
        if previous.type == "comment":
            alone = _row_start(file, previous) == _line_start(file, previous.start_byte)
            if previous.end_point.row not in (row - 1, row) or not alone:
                break
            start, row = previous.start_byte, previous.start_point.row
        previous = previous.prev_sibling
    return start


def _line_start(file: SourceFile, offset: int) -> int:
    return file.source.rfind(b"\n", 0, offset) + 1


def _row_start(file: SourceFile, node: Node) -> int:
    """Start of the node's line when nothing stands before it there, else the node's own start."""
    start = _line_start(file, node.start_byte)
    return start if not file.source[start : node.start_byte].strip() else node.start_byte


def _lines(file: SourceFile, start: int, end: int) -> tuple[int, int]:
    """Whole lines from a declaration's start to its end, with the comment behind it; where others share these lines,
    the declaration with what parts it from them."""
    source = file.source
    first = _line_start(file, start)
    newline = source.find(b"\n", end)
    last = len(source) if newline < 0 else newline
    behind = _BEHIND.match(source, end, last)
    before = source[first:start].rstrip(b" \t;")
    if behind is None:
        return (start if before else first), behind_semicolon(source, end)
    if before:
        return first + len(before), behind.end()
    return first, min(last + 1, len(source))


def _has_package_doc(file: SourceFile) -> bool:
    for child in file.root.children:
        if child.type == "package_clause":
            previous = child.prev_named_sibling
            return (
                previous is not None
                and previous.type == "comment"
                and previous.end_point.row + 1 == child.start_point.row
                and file.text(previous).lstrip("/* ").startswith("Package ")
            )
    return False


def _preamble_end(file: SourceFile) -> int:
    ends = [c.end_byte for c in file.root.children if c.type in ("package_clause", "import_declaration")]
    return max(ends, default=0)
