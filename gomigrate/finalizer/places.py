"""A place in a file, as diagnostics show it."""

from __future__ import annotations

from tree_sitter import Node

from gomigrate.catalogue import Rule
from gomigrate.go.syntax import SourceFile
from gomigrate.model import Diagnostic

Spot = tuple[str, int, int]


def place(file: SourceFile, node: Node) -> str:
    """`path:line`, the line 1-based."""
    return f"{file.path}:{file.position(node.start_byte)[0]}"


def spot(file: SourceFile, node: Node) -> Spot:
    """What tells a node from those of all files: files of the same bytes have nodes of the same ids."""
    return file.path, node.start_byte, node.end_byte


def at(rule: Rule, file: SourceFile, node: Node, message: str, **more: object) -> Diagnostic:
    """A diagnostic at a node, with its source text."""
    line, column = file.position(node.start_byte)
    end_line = file.position(node.end_byte)[0]
    return Diagnostic(rule, file.path, line, column, end_line, message, **{"before": _source(file, node), **more})  # type: ignore[arg-type]


def _source(file: SourceFile, node: Node) -> str:
    start = file.source.rfind(b"\n", 0, node.start_byte) + 1
    indent = file.source[start : node.start_byte]
    text = file.text(node)
    if not indent.strip() and "\n" in text:
        import textwrap

        text = textwrap.dedent(indent.decode() + text)
    return text.replace("\r\n", "\n").strip("\n")
