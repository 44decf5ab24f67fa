"""A test of the deletion timestamp around a call that adds a finalizer, as `finalizer.deletion` may ask for it."""

from __future__ import annotations

from typing import NamedTuple

from tree_sitter import Node

from gomigrate.go.syntax import SourceFile

# Nobody writes more of them before a statement on its line.
MAX_COMMENTS = 8
_BINDS_TIGHTER = frozenset({"==", "!=", "<", "<=", ">", ">="})


class Guard(NamedTuple):
    """What to write before a call or statement, and behind it at the offset `end`: behind the comment of its line."""

    before: str
    behind: str
    end: int


def around(file: SourceFile, node: Node, guard: str) -> Guard | None:
    """What lets a call, or statement, only run when `guard` is true. The result of a call that is used is false
    otherwise. None where that cannot be written."""
    parent = node.parent
    statement = parent if parent is not None and parent.type == "expression_statement" else node
    if statement.type.endswith(("_statement", "_declaration")):
        if statement.parent is None or statement.parent.type != "statement_list":
            return None
        apart = separator(file, statement)
        if apart == "; ":
            return Guard(f"if {guard} {{ ", " }", statement.end_byte)
        return Guard(f"if {guard} {{{apart}\t", f"{apart}}}", _end_of_line(file, statement))
    if parent is None or parent.type in ("go_statement", "defer_statement"):
        return None
    operator = parent.child_by_field_name("operator") if parent.type == "binary_expression" else None
    tighter = operator is not None and file.text(operator) in _BINDS_TIGHTER
    if parent.type == "unary_expression" or tighter:
        return Guard(f"({guard} && ", ")", node.end_byte)
    return Guard(f"{guard} && ", "", node.end_byte)


def _end_of_line(file: SourceFile, statement: Node) -> int:
    """Where a statement ends, with the comment that stands behind it on its line."""
    behind = statement.next_sibling
    while behind is not None and behind.type in (";", "\n"):
        behind = behind.next_sibling
    if behind is None and statement.parent is not None:
        behind = statement.parent.next_sibling
    beside = behind is not None and behind.start_point.row == statement.end_point.row
    if behind is None or not beside or behind.type != "comment":
        return statement.end_byte
    # A carriage return that ends the line is part of the comment's node.
    return behind.end_byte - file.text(behind).endswith("\r")


def separator(file: SourceFile, statement: Node) -> str:
    """What stands between two statements at this place: a new line with the indentation, or '; '. Comments before
    this one on its line do not count, be it the end of a long one."""
    at = statement.start_byte
    for _ in range(MAX_COMMENTS + 1):
        start = file.source.rfind(b"\n", 0, at) + 1
        end = start + len(file.source[start:at].rstrip(b" \t"))
        if start == end:
            newline = "\r\n" if file.source[start - 2 : start] == b"\r\n" else "\n"
            return newline + file.source[start:at].decode()
        comment = file.root.descendant_for_byte_range(end - 1, end)
        if comment is None or comment.type != "comment":
            break
        at = comment.start_byte
    return "; "
