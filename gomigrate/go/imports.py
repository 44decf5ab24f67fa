"""Editing import declarations the way gofmt and goimports would have them."""

from __future__ import annotations

import re

from tree_sitter import Node

from gomigrate.go.edits import behind_semicolon
from gomigrate.go.nodes import descend
from gomigrate.go.syntax import SourceFile, newline_of, whole_words
from gomigrate.model import TextEdit

_DOT = re.compile(rb"\s*\.")


def with_imports(before: SourceFile, after: SourceFile, wanted: list[tuple[str, str]]) -> SourceFile:
    """`after` with the imports that its edits call for.

    Added are the `wanted` ones: (alias or '', path). Taken out are those that `before` used and `after` does not:
    what was not used by a selector before (a blank import, a package of another name) is none of our business.
    """
    dead = [
        i.path
        for i in after.imports
        if i.alias not in ("_", ".") and _uses(before, i.name) and not _uses(after, i.name)
    ]
    changed = after
    ordered = sorted(wanted, key=_by_path)
    # One that stands alone becomes a group with the first; the next ones go into that.
    for some in [ordered] if _groups(after) else [[one] for one in ordered]:
        changed = changed.with_edits([_addition(changed, alias, path) for alias, path in some])
    # One after the other: the last one of a group takes the group along.
    while (found := next((i for i in reversed(changed.imports) if i.path in dead), None)) is not None:
        changed = SourceFile(after.path, _remove(changed.source, found.spec))
    return changed


def _by_path(wanted: tuple[str, str]) -> str:
    return wanted[1]


def _uses(file: SourceFile, name: str) -> bool:
    """Whether the name stands before a dot in code or in a type, comments and strings aside."""
    word = name.encode()
    for at in whole_words(file.source, word):
        if _DOT.match(file.source, at + len(word)):
            node = file.root.descendant_for_byte_range(at, at + 1)
            if node is not None and node.type in ("identifier", "package_identifier") and file.text(node) == name:
                return True
    return False


def _remove(source: bytes, spec: Node) -> bytes:
    declaration = spec.parent
    if declaration is not None and declaration.type == "import_spec_list" and len(declaration.named_children) > 1:
        start = source.rfind(b"\n", 0, spec.start_byte) + 1
        end = source.find(b"\n", spec.end_byte) + 1
        if _shares_its_lines(source, spec, start, end):
            return _without(source, spec)
        start = _heading(source, start, end)
        before = source[:start]
        after = source[end:]
        blank_before = before.rstrip(b"\r").endswith((b"\n\n", b"\n\r\n", b"(\n", b"(\r\n"))
        stripped = after.lstrip(b"\r\n")
        if blank_before and (after[:1] in (b"\n", b"\r") or stripped.lstrip(b" \t").startswith(b")")):
            # The group is gone: so is one of the two blank lines around it.
            if after[:1] in (b"\n", b"\r"):
                after = after[after.find(b"\n") + 1 :]
            else:
                before = before.rstrip(b"\r\n") + newline_of(source)
        return before + after
    while declaration is not None and declaration.type != "import_declaration":
        declaration = declaration.parent
    if declaration is None:
        return source
    start = source.rfind(b"\n", 0, declaration.start_byte) + 1
    end = source.find(b"\n", declaration.end_byte) + 1 or len(source)
    if _shares_its_lines(source, declaration, start, end):
        return _without(source, declaration)
    rest = source[end:]
    if not rest.strip():
        return source[:start].rstrip(b"\r\n") + newline_of(source)
    if source[:start].rstrip(b"\r").endswith((b"\n\n", b"\n\r\n")):
        rest = rest.lstrip(b"\r\n")
    return source[:start] + rest


def _shares_its_lines(source: bytes, node: Node, start: int, end: int) -> bool:
    """Whether more than a comment behind it stands on the lines of a node, which are [start, end)."""
    behind = source[node.end_byte : end].strip()
    return bool(source[start : node.start_byte].strip()) or (bool(behind) and not behind.startswith((b"//", b"/*")))


def _without(source: bytes, node: Node) -> bytes:
    before, behind = source[: node.start_byte], source[behind_semicolon(source, node.end_byte) :]
    return (before.rstrip(b" \t") if behind.startswith((b"\n", b"\r")) else before) + behind


def _heading(source: bytes, start: int, end: int) -> int:
    """Start of the comment lines above an import that is the last of its group: they have nothing to head any more."""
    behind = source[end:].lstrip(b" \t")
    if not behind.startswith((b"\n", b"\r", b")")):
        return start
    first = start
    while True:
        line = source.rfind(b"\n", 0, first - 1) + 1
        text = source[line:first].strip()
        if not text.startswith(b"//"):
            return first if not text or text.endswith(b"(") else start
        first = line


def _addition(file: SourceFile, alias: str, import_path: str) -> TextEdit:
    """The edit that adds one import where gofmt and goimports would have it."""
    newline = file.newline.decode()
    line = f'{alias} "{import_path}"' if alias else f'"{import_path}"'
    groups = _groups(file)
    if groups:
        group = _best_group(file, groups, import_path)
        if group is None:
            return _insertion(file, _end_in_group(file, groups[-1][-1]), f"{newline}{newline}\t{line}")
        for spec in group:
            if _path(file, spec) > import_path:
                start = file.source.rfind(b"\n", 0, _with_comment(file, spec)) + 1
                if file.source[start : spec.start_byte].lstrip().startswith(b"import"):
                    return _insertion(file, spec.start_byte, f"{line}{newline}\t")
                return _insertion(file, start, f"\t{line}{newline}")
        return _insertion(file, _end_in_group(file, group[-1]), f"{newline}\t{line}")
    single = [d for d in file.root.children if d.type == "import_declaration"]
    if single:
        return _beside_single(file, single[-1], line, import_path)
    clause = next(n for n in file.root.children if n.type == "package_clause")
    return _insertion(file, clause.end_byte, f"{newline}{newline}import {line}")


def _insertion(file: SourceFile, at: int, text: str) -> TextEdit:
    return TextEdit(file.path, at, at, text.encode())


def _end_in_group(file: SourceFile, spec: Node) -> int:
    """The end of an import's line, or of the import where its group ends on that line."""
    end = _line_end(file.source, spec.end_byte)
    group = spec.parent
    return spec.end_byte if group is not None and group.end_byte <= end else end


def _line_end(source: bytes, offset: int) -> int:
    end = source.find(b"\n", offset)
    end = end if end >= 0 else len(source)
    return end - (source[end - 1 : end] == b"\r")


def _beside_single(file: SourceFile, declaration: Node, line: str, import_path: str) -> TextEdit:
    """`import "x"` becomes a group of two; of an empty or odd declaration nothing is touched."""
    newline = file.newline.decode()
    specs = list(descend(declaration, "import_spec"))
    if len(specs) != 1 or b"(" in file.source[declaration.start_byte : declaration.end_byte]:
        return _insertion(file, declaration.end_byte, f"{newline}import {line}")
    old = file.text(specs[0])
    is_standard = "." not in _path(file, specs[0]).split("/")[0]
    gap = newline * 2 if is_standard else newline
    first, second = (line, old) if not is_standard and _path(file, specs[0]) > import_path else (old, line)
    block = f"import ({newline}\t{first}{gap}\t{second}{newline})"
    return TextEdit(file.path, declaration.start_byte, declaration.end_byte, block.encode())


def _with_comment(file: SourceFile, spec: Node) -> int:
    """Start of the comment lines right above an import, or of the import itself."""
    start, row = spec.start_byte, spec.start_point.row
    previous = spec.prev_named_sibling
    while previous is not None and previous.type == "comment" and previous.end_point.row + 1 == row:
        if file.source[file.source.rfind(b"\n", 0, previous.start_byte) + 1 : previous.start_byte].strip():
            break
        start, row = previous.start_byte, previous.start_point.row
        previous = previous.prev_named_sibling
    return start


def _groups(file: SourceFile) -> list[list[Node]]:
    """Import specs of parenthesized declarations, split at blank lines."""
    groups: list[list[Node]] = []
    for declaration in file.root.children:
        if declaration.type != "import_declaration":
            continue
        blocks = [c for c in declaration.named_children if c.type == "import_spec_list"]
        if not blocks or b"(" not in file.source[declaration.start_byte : blocks[0].start_byte + 1]:
            continue
        last_row = -2
        for child in blocks[0].named_children:
            if child.start_point.row > last_row + 1 or not groups or last_row < 0:
                groups.append([])
            last_row = child.end_point.row
            if child.type == "import_spec":
                groups[-1].append(child)
    return [g for g in groups if g]


def _path(file: SourceFile, spec: Node) -> str:
    node = spec.child_by_field_name("path")
    return file.text(node)[1:-1] if node is not None else ""


def _best_group(file: SourceFile, groups: list[list[Node]], import_path: str) -> list[Node] | None:
    """The group whose imports are most like this one: same host and owner, same host, any third party."""

    def rank(group: list[Node]) -> tuple[int, int]:
        paths = [_path(file, s) for s in group]
        third = any("." in p.split("/")[0] for p in paths)
        if not third:
            return 0, 0
        shared = max(_shared(p, import_path) for p in paths)
        return 1, shared

    module_groups = [g for g in groups if rank(g)[0]]
    if not module_groups:
        return None
    best = max(module_groups, key=rank)
    if rank(best)[1] == 0:
        # Nothing of the same host: the group of other people's modules, which is the first by custom.
        return module_groups[0]
    return best


def _shared(a: str, b: str) -> int:
    count = 0
    for x, y in zip(a.split("/"), b.split("/"), strict=False):
        if x != y:
            break
        count += 1
    return count
