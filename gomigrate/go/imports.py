"""Editing import declarations the way gofmt and goimports would have them."""

from __future__ import annotations

from tree_sitter import Node

from gomigrate.go.syntax import SourceFile, descend


def used_names(file: SourceFile) -> set[str]:
    """Names that stand before a dot in code or in a type: package names in use, and more."""
    found = set()
    for node in descend(file.root, "selector_expression", "qualified_type"):
        operand = node.child_by_field_name("operand") or node.child_by_field_name("package")
        if operand is not None and operand.type in ("identifier", "package_identifier"):
            found.add(file.text(operand))
    return found


def with_imports(source: bytes, path: str, wanted: list[tuple[str, str]], names_before: set[str]) -> bytes:
    """The source with `wanted` imports (alias or '', path) added, and without those that were used before and no
    longer are. `names_before` is `used_names` of the file before its edits."""
    file = SourceFile(path, source)
    now = used_names(file)
    dead = [
        i for i in file.imports if i.alias not in ("_", ".") and i.name in names_before and i.name not in now
    ]
    for found in sorted(dead, key=lambda i: -i.spec.start_byte):
        source = _remove(source, found.spec)
    for alias, import_path in sorted(wanted, key=lambda w: w[1]):
        source = _add(SourceFile(path, source), alias, import_path)
    return source


def _newline(source: bytes) -> bytes:
    return b"\r\n" if b"\r\n" in source[:4096] else b"\n"


def _remove(source: bytes, spec: Node) -> bytes:
    declaration = spec.parent
    if declaration is not None and declaration.type == "import_spec_list" and len(declaration.named_children) > 1:
        start = source.rfind(b"\n", 0, spec.start_byte) + 1
        end = source.find(b"\n", spec.end_byte) + 1
        before = source[:start]
        after = source[end:]
        blank_before = before.rstrip(b"\r").endswith((b"\n\n", b"\n\r\n", b"(\n", b"(\r\n"))
        stripped = after.lstrip(b"\r\n")
        if blank_before and (after[:1] in (b"\n", b"\r") or stripped.lstrip(b" \t").startswith(b")")):
            # The group is gone: so is one of the two blank lines around it.
            if after[:1] in (b"\n", b"\r"):
                after = after[after.find(b"\n") + 1 :]
            else:
                before = before.rstrip(b"\r\n") + _newline(source)
        return before + after
    while declaration is not None and declaration.type != "import_declaration":
        declaration = declaration.parent
    if declaration is None:
        return source
    start = source.rfind(b"\n", 0, declaration.start_byte) + 1
    end = source.find(b"\n", declaration.end_byte) + 1 or len(source)
    rest = source[end:]
    if source[:start].rstrip(b"\r").endswith((b"\n\n", b"\n\r\n")):
        rest = rest.lstrip(b"\r\n")
    return source[:start] + rest


def _add(file: SourceFile, alias: str, import_path: str) -> bytes:
    source = file.source
    newline = _newline(source)
    line = (f'{alias} "{import_path}"' if alias else f'"{import_path}"').encode()
    groups = _groups(file)
    if groups:
        group = _best_group(file, groups, import_path)
        if group is None:
            last = groups[-1][-1]
            end = source.find(b"\n", last.end_byte)
            end = end if end >= 0 else len(source)
            end -= source[end - 1 : end] == b"\r"
            return source[:end] + newline * 2 + b"\t" + line + source[end:]
        for spec in group:
            if _path(file, spec) > import_path:
                at = source.rfind(b"\n", 0, _with_comment(file, spec)) + 1
                return source[:at] + b"\t" + line + newline + source[at:]
        end = source.find(b"\n", group[-1].end_byte)
        end = end if end >= 0 else len(source)
        end -= source[end - 1 : end] == b"\r"
        return source[:end] + newline + b"\t" + line + source[end:]
    single = [d for d in file.root.children if d.type == "import_declaration"]
    if single:
        specs = list(descend(single[-1], "import_spec"))
        if len(specs) == 1 and source[single[-1].start_byte :].startswith(b"import") and b"(" not in source[
            single[-1].start_byte : single[-1].end_byte
        ]:
            old = source[specs[0].start_byte : specs[0].end_byte]
            std = "." not in _path(file, specs[0]).split("/")[0]
            first, second = (old, line)
            gap = newline * 2 if std != ("." not in import_path.split("/")[0]) else newline
            if gap == newline and _path(file, specs[0]) > import_path:
                first, second = line, old
            block = b"import (" + newline + b"\t" + first + gap + b"\t" + second + newline + b")"
            return source[: single[-1].start_byte] + block + source[single[-1].end_byte :]
        end = single[-1].end_byte
        return source[:end] + newline + b"import " + line + source[end:]
    clause = next(n for n in file.root.children if n.type == "package_clause")
    return source[: clause.end_byte] + newline * 2 + b"import " + line + source[clause.end_byte :]


def _with_comment(file: SourceFile, spec: Node) -> int:
    """Start of the comment lines right above an import, or of the import itself."""
    start = spec.start_byte
    previous = spec.prev_sibling
    while previous is not None and previous.type == "comment" and previous.end_point.row + 1 == file.tree.root_node.descendant_for_byte_range(start, start).start_point.row:  # type: ignore[union-attr]  # noqa: E501
        start = previous.start_byte
        previous = previous.prev_sibling
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
