"""gofmt's layout for what is edited: the columns of const and var groups, and trailing comments.

Source: go/printer (nodes.go valueSpec and keepTypeColumn) and text/tabwriter: a column is as wide as its widest cell
in consecutive lines that have it, plus one blank; a blank line or a line of comment ends it.
"""

from __future__ import annotations

from tree_sitter import Node

from gomigrate.go.syntax import SourceFile, descend


def tabulate(rows: list[list[str]]) -> list[str]:
    """Lines in which each cell but a row's last is padded as text/tabwriter pads it (padding 1, blanks)."""
    widths = [[0] * len(row) for row in rows]

    def column(start: int, end: int, index: int) -> None:
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
            column(at, stop, index + 1)
            at = stop

    column(0, len(rows), 0)
    lines = []
    for row, width in zip(rows, widths, strict=True):
        padded = "".join(cell.ljust(w) for cell, w in zip(row[:-1], width[:-1], strict=True))
        lines.append((padded + row[-1]).rstrip())
    return lines


def align_value_groups(source: bytes, path: str, around: list[str]) -> bytes:
    """The source with the const and var groups that declare one of the names `around` laid out as by gofmt."""
    file = SourceFile(path, source)
    replacements = []
    for declaration in file.root.children:
        if declaration.type not in ("const_declaration", "var_declaration"):
            continue
        kind = declaration.type[:-12]
        specs = list(descend(declaration, f"{kind}_spec"))
        names = {file.text(n) for s in specs for n in s.children_by_field_name("name")}
        if len(specs) > 1 and names & set(around):
            replacements += _aligned(file, declaration, specs)
    for start, end, text in sorted(replacements, reverse=True):
        source = source[:start] + text + source[end:]
    return source


def _aligned(file: SourceFile, declaration: Node, specs: list[Node]) -> list[tuple[int, int, bytes]]:
    typed = _keep_type(specs)
    sections: list[list[tuple[Node, list[str], int]]] = [[]]
    last_row = -2
    comments = {c.start_point.row: c for c in descend(declaration, "comment")}
    for spec, keep in zip(specs, typed, strict=True):
        row = spec.start_point.row
        if spec.end_point.row != row:
            sections.append([])
            last_row = spec.end_point.row
            continue
        if row != last_row + 1:
            sections.append([])
        last_row = row
        cells, end = _cells(file, spec, keep, comments.get(row))
        sections[-1].append((spec, cells, end))
    found = []
    for section in sections:
        lines = tabulate([cells for _, cells, _ in section])
        for (spec, _, end), line in zip(section, lines, strict=True):
            found.append((spec.start_byte, end, line.encode()))
    return found


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
        cells.append(file.text(comment))
        end = comment.end_byte
    return cells, end
