"""gofmt's layout for what is edited: columns of specs, of keyed elements and of trailing comments, one-line functions.

Source: go/printer (nodes.go: valueSpec, keepTypeColumn, stmtList, exprList, funcBody) and text/tabwriter: a column is
as wide as its widest cell in consecutive lines that have it, plus one blank. A line without the cell ends the column,
and so does a form feed, which go/printer writes at the first statement of a block and after what takes several lines.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from tree_sitter import Node

from gomigrate.go.nodes import FUNCTION_LIKE, descend, in_order, named, statements
from gomigrate.go.syntax import SourceFile
from gomigrate.model import TextEdit

_MAX_ONE_LINE = 100
_MAX_ONE_LINE_STATEMENTS = 5
_SMALL_KEY = 40
_KEY_RATIO = 2.5
_IN_COLUMNS = ("comment", "const_declaration", "literal_value", "statement_list", "var_declaration")


class Row(NamedTuple):
    """One line of a section: the bytes [start, end) hold its cells, in columns."""

    line: int
    start: int
    end: int
    cells: list[str]


def tabulate(rows: list[list[str]]) -> list[str]:
    """Lines in which each cell but a row's last is padded as text/tabwriter pads it (padding 1, blanks)."""
    widths = [[0] * len(row) for row in rows]
    _measure(rows, widths, 0, len(rows), 0)
    lines = []
    for row, width in zip(rows, widths, strict=True):
        padded = "".join(cell.ljust(w) for cell, w in zip(row[:-1], width[:-1], strict=True))
        lines.append((padded + row[-1]).rstrip())
    return lines


def _measure(rows: list[list[str]], widths: list[list[int]], start: int, end: int, index: int) -> None:
    """Fills in the widths of the columns from `index` on, of the rows from `start` to `end`."""
    at = start
    while at < end:
        if len(rows[at]) <= index + 1:
            at += 1
            continue
        stop = at
        width = 0
        while stop < end and len(rows[stop]) > index + 1:
            cell = len(rows[stop][index])
            width = max(width, cell + 1 if cell else 0)
            stop += 1
        for row in range(at, stop):
            widths[row][index] = width
        _measure(rows, widths, at, stop, index + 1)
        at = stop


def touches_layout(source: bytes, edits: Iterable[TextEdit]) -> bool:
    """Whether edits of a file may move a column: one touches a line that ends in a comment, or a line beside such a
    line, or a function of one line. Only then is the work of `tidy` worth its time."""
    for edit in edits:
        start = source.rfind(b"\n", 0, max(0, source.rfind(b"\n", 0, edit.start))) + 1
        end = source.find(b"\n", source.find(b"\n", edit.end) + 1)
        around = source[start : len(source) if end < 0 else end]
        for line in (*around.split(b"\n"), *edit.new_text.split(b"\n")):
            code = line.strip()
            if (b"//" in code or b"/*" in code) and not code.startswith(b"//"):
                return True
            if b"func" in code and code.rstrip(b",)").endswith(b"}"):
                return True
    return False


def tidy(before: SourceFile, after: SourceFile) -> SourceFile:
    """`after` laid out as by gofmt where edits touched a column or made the function of one line too long.

    What was laid out in another way in `before` stays as it is.
    """
    after = _split_long_functions(before.source, after)
    odd = {_line(before.source, edit.start) for edit in _layout(before)}
    return after.with_edits(_layout(after, odd))


def _line(source: bytes, offset: int) -> bytes:
    start = source.rfind(b"\n", 0, offset) + 1
    end = source.find(b"\n", offset)
    return source[start : len(source) if end < 0 else end].rstrip(b"\r")


def _layout(file: SourceFile, odd: AbstractSet[bytes] = frozenset()) -> list[TextEdit]:
    """The replacements that lay a file's sections out, but for those sections that hold one of the lines `odd`."""
    found = []
    for section in _sections(file):
        if any(_line(file.source, row.start) in odd for row in section):
            continue
        for row, line in zip(section, tabulate([row.cells for row in section]), strict=True):
            text = line.encode()
            if text != file.source[row.start : row.end]:
                found.append(TextEdit(file.path, row.start, row.end, text))
    return found


def _sections(file: SourceFile) -> Iterator[list[Row]]:
    """Runs of consecutive lines whose columns depend on each other."""
    # Asked for together: each question goes through the whole file.
    found: dict[str, list[Node]] = {kind: [] for kind in _IN_COLUMNS}
    for node in descend(file.root, *_IN_COLUMNS):
        found[node.type].append(node)
    comments = _trailing_comments(file, found["comment"])
    runs = [
        _top_level_rows(file, comments),
        *(_statement_rows(file, block, comments) for block in found["statement_list"]),
        *(_element_rows(file, literal, comments) for literal in found["literal_value"]),
    ]
    for run in runs:
        section: list[Row] = []
        for row in run:
            if row is None or (section and row.line != section[-1].line + 1):
                yield section
                section = []
            if row is not None:
                section.append(row)
        yield section
    for declaration in in_order([*found["const_declaration"], *found["var_declaration"]]):
        specs = _specs(declaration)
        if len(specs) > 1:
            yield from _spec_sections(file, declaration, specs)


def _trailing_comments(file: SourceFile, comments: list[Node]) -> dict[int, Node]:
    """Line -> the comment that ends it behind code. A line with two comments is none that is understood."""
    found: dict[int, Node] = {}
    seen: set[int] = set()
    for comment in comments:
        row = comment.start_point.row
        start = file.source.rfind(b"\n", 0, comment.start_byte) + 1
        end = file.source.find(b"\n", comment.end_byte)
        behind = file.source[comment.end_byte : len(file.source) if end < 0 else end]
        if row not in seen and file.source[start : comment.start_byte].strip() and not behind.strip():
            found[row] = comment
        elif row in seen:
            found.pop(row, None)
        seen.add(row)
    return found


def _row(file: SourceFile, node: Node, end: int, cells: list[str], comment: Node | None) -> Row:
    if comment is not None:
        text = file.text(comment).rstrip()
        cells, end = [*cells, text], comment.start_byte + len(text.encode())
    return Row(node.start_point.row, node.start_byte, end, cells)


def _top_level_rows(file: SourceFile, comments: dict[int, Node]) -> Iterator[Row | None]:
    for node in file.root.children:
        comment = comments.get(node.start_point.row)
        if node.type not in ("const_declaration", "var_declaration") or node.end_point.row != node.start_point.row:
            continue
        if comment is not None and comment.start_byte >= node.end_byte:
            yield _row(file, node, node.end_byte, [file.text(node)], comment)


def _statement_rows(file: SourceFile, block: Node, comments: dict[int, Node]) -> Iterator[Row | None]:
    """A statement of one line, or the first line of one that opens a block; None where a section ends."""
    for statement in named(block):
        row = statement.start_point.row
        comment = comments.get(row)
        start, line_start = statement.start_byte, file.source.rfind(b"\n", 0, statement.start_byte) + 1
        alone = not file.source[line_start:start].strip()
        if statement.end_point.row == row:
            if comment is not None and alone and not file.source[statement.end_byte : comment.start_byte].strip():
                yield _row(file, statement, statement.end_byte, [file.text(statement)], comment)
            continue
        if comment is not None and alone:
            text = file.source[start : comment.start_byte].rstrip()
            if text.endswith(b"{"):
                yield _row(file, statement, start + len(text), [text.decode()], comment)
        yield None


def _element_rows(file: SourceFile, literal: Node, comments: dict[int, Node]) -> Iterator[Row | None]:
    """The elements of a composite literal that stand on a line of their own; None where go/printer ends a section."""
    elements = named(literal)
    previous_size, previous_row = 0, literal.start_point.row
    logs: list[float] = []
    for element in elements:
        row = element.start_point.row
        single = element.end_point.row == row
        key = element.child_by_field_name("key") if element.type == "keyed_element" else None
        size = len(file.text(key or element)) if single else 0
        if _breaks(previous_size, size, logs):
            logs.clear()
            yield None
        if size:
            logs.append(math.log(size))
        line_start = file.source.rfind(b"\n", 0, element.start_byte) + 1
        line_end = file.source.find(b"\n", element.end_byte)
        comment = comments.get(row)
        behind = file.source[element.end_byte : comment.start_byte if comment is not None else line_end].strip()
        closed = not behind.strip(b",)}];")
        alone = row > previous_row and not file.source[line_start : element.start_byte].strip() and closed
        previous_size, previous_row = size, row
        if not single or not alone:
            yield None
            continue
        end = element.end_byte + len(behind)
        cells = [file.text(element) + behind.decode()]
        value = element.child_by_field_name("value")
        if key is not None and value is not None and len(elements) > 1:
            cells = [f"{file.text(key)}:", f"{file.text(value)}{behind.decode()}"]
        yield _row(file, element, end, cells, comment)


def _breaks(previous: int, size: int, logs: list[float]) -> bool:
    """go/printer's exprList: columns end where something takes several lines or the sizes of keys differ much."""
    if not previous or not size:
        return True
    if not logs or (previous <= _SMALL_KEY and size <= _SMALL_KEY):
        return False
    ratio = size / math.exp(sum(logs) / len(logs))
    return _KEY_RATIO * ratio <= 1 or ratio >= _KEY_RATIO


def _split_long_functions(before: bytes, file: SourceFile) -> SourceFile:
    """Functions of one line that became too long for that, on several lines."""
    newline = file.newline
    known = {line.rstrip(b"\r") for line in before.split(b"\n")}
    for function in sorted(descend(file.root, *FUNCTION_LIKE), key=lambda f: -f.start_byte):
        body = function.child_by_field_name("body")
        if body is None or body.start_point.row != body.end_point.row or _line(file.source, body.start_byte) in known:
            continue
        body_statements = statements(body)
        header = len(file.source[function.start_byte : body.start_byte].rstrip().decode())
        size = sum(len(file.text(s)) for s in body_statements) + 2 * (len(body_statements) - 1)
        if not body_statements or any(c.type == "comment" for c in descend(body, "comment")):
            continue
        if header + size <= _MAX_ONE_LINE and len(body_statements) <= _MAX_ONE_LINE_STATEMENTS:
            continue
        line = _line(file.source, body.start_byte)
        indent = line[: len(line) - len(line.lstrip())]
        inner = b"".join(newline + indent + b"\t" + file.text(s).encode() for s in body_statements)
        text = b"{" + inner + newline + indent + b"}"
        file = file.with_edits([TextEdit(file.path, body.start_byte, body.end_byte, text)])
    return file


def align_value_groups(file: SourceFile, around: list[str]) -> SourceFile:
    """The file with the const and var groups that declare one of the names `around` laid out as by gofmt."""
    replacements: list[TextEdit] = []
    for declaration in file.root.children:
        if declaration.type not in ("const_declaration", "var_declaration"):
            continue
        specs = _specs(declaration)
        names = {file.text(n) for s in specs for n in s.children_by_field_name("name")}
        in_parentheses = any(n.type == "(" for c in declaration.children for n in (c, *c.children[:1]))
        if in_parentheses and names & set(around):
            replacements += _aligned(file, declaration, specs)
    return file.with_edits(replacements)


def _specs(declaration: Node) -> list[Node]:
    """The specs of a declaration itself; a function literal among their values may declare others."""
    children = [c for n in named(declaration) for c in (named(n) if n.type == "var_spec_list" else [n])]
    return [c for c in children if c.type in ("const_spec", "var_spec")]


def _aligned(file: SourceFile, declaration: Node, specs: list[Node]) -> list[TextEdit]:
    found = []
    for section in _spec_sections(file, declaration, specs):
        for row, line in zip(section, tabulate([row.cells for row in section]), strict=True):
            found.append(TextEdit(file.path, row.start, row.end, line.encode()))
    return found


def _spec_sections(file: SourceFile, declaration: Node, specs: list[Node]) -> list[list[Row]]:
    typed = _keep_type(specs)
    sections: list[list[Row]] = [[]]
    last_row = -2
    comments = {c.start_point.row: c for c in descend(declaration, "comment")}
    for spec, keep in zip(specs, typed, strict=True):
        row = spec.start_point.row
        if row != last_row + 1:
            sections.append([])
        last_row = spec.end_point.row
        if last_row != row:
            # Its first line stands in the columns of those before it, and ends them.
            sections[-1] += _begun(file, spec, keep, comments.get(row))
            sections.append([])
            continue
        cells, end = _cells(file, spec, keep, comments.get(row))
        sections[-1].append(Row(row, spec.start_byte, end, cells))
    return sections


def _begun(file: SourceFile, spec: Node, keep: bool, comment: Node | None) -> list[Row]:
    """The first line of a spec with a value of several lines, up to its sign; none where a comment is part of it."""
    sign = next((c for c in spec.children if c.type == "="), None)
    if sign is None or sign.start_point.row != spec.start_point.row or comment is not None:
        return []
    names, *types = _cells(file, spec, keep, None)[0][:-1]
    return [Row(spec.start_point.row, spec.start_byte, sign.end_byte, [names, *types, "="])]


def _keep_type(specs: list[Node]) -> list[bool]:
    """go/printer's keepTypeColumn: in a run of specs with values the type column stays if any of them has a type."""
    keep = [False] * len(specs)
    run: list[int] = []

    def close() -> None:
        if any(specs[i].child_by_field_name("type") is not None for i in run):
            for i in run:
                keep[i] = True
        run.clear()

    for i, spec in enumerate(specs):
        if spec.child_by_field_name("value") is not None:
            run.append(i)
        else:
            close()
    close()
    return keep


def _cells(file: SourceFile, spec: Node, keep: bool, comment: Node | None) -> tuple[list[str], int]:
    kind, value = spec.child_by_field_name("type"), spec.child_by_field_name("value")
    names = ", ".join(file.text(n) for n in spec.children_by_field_name("name") if n.type == "identifier")
    trailing = comment is not None and comment.start_byte > spec.end_byte
    cells = [names]
    extra = 3 if trailing else 0
    if kind is not None or keep:
        cells.append(file.text(kind) if kind is not None else "")
        extra -= 1
    if value is not None:
        cells.append(f"= {file.text(value)}")
        extra -= 1
    end = spec.end_byte
    if trailing and comment is not None:
        # go/printer fills the missing columns, so that comments of unlike lines still stand in one column.
        cells += [""] * max(0, extra - 1)
        # The grammar takes the carriage return of a line's end for a part of the comment.
        text = file.text(comment).rstrip("\r")
        cells.append(text)
        end = comment.start_byte + len(text.encode())
    return cells, end
