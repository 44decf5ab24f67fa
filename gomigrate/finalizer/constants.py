"""Edits of the constants: their values, their legacy twins, and the file that declares them when they move."""

from __future__ import annotations

import re

from gomigrate.finalizer.names import Declared
from gomigrate.finalizer.placement import Placement, legacy_name
from gomigrate.finalizer.removal import doc_start
from gomigrate.go.fold import comment_above
from gomigrate.go.syntax import newline_of
from gomigrate.go.workspace import Workspace
from gomigrate.model import Stage, TextEdit
from gomigrate.packs import Render

# What Go's scanner drops from a comment, or refuses: a carriage return, a byte order mark, and a NUL.
_UNWRITABLE = "[\r\ufeff\0]+"


def value_edits(declared: Declared, new: str, old: str, stage: Stage, *, alone: bool = False) -> list[TextEdit]:
    """The new value for a constant that stays, and unless it shall stand `alone` its legacy twin on the next line,
    typed alike."""
    file, literal = declared.file, declared.value.literal
    if literal is None:
        return []
    edits = [TextEdit(file.path, literal.start_byte, literal.end_byte, f'"{new}"'.encode())]
    if stage is not Stage.CLEANUP and not alone:
        edits.append(_legacy_edit(declared, old, stage))
    return edits


def _legacy_edit(declared: Declared, old: str, stage: Stage) -> TextEdit:
    file, spec = declared.file, declared.value.spec
    name = legacy_name(declared.symbol.name)
    kind = spec.child_by_field_name("type")
    typed = f" {file.text(kind)}" if kind is not None else ""
    declaration = spec.parent
    while declaration is not None and not declaration.type.endswith("_declaration"):
        declaration = declaration.parent
    assert declaration is not None
    grouped = b"(" in file.source[declaration.start_byte : spec.start_byte]
    comment = _comment(name, stage)
    newline = file.newline.decode()
    line = file.source.find(b"\n", spec.end_byte)
    end = len(file.source) if line < 0 else line
    end -= file.source[end - 1 : end] == b"\r"
    if grouped:
        text = f'{newline}\t{comment}{newline}\t{name}{typed} = "{old}"'
    else:
        keyword = "var" if declaration.type == "var_declaration" else "const"
        text = f'{newline}{newline}{comment}{newline}{keyword} {name}{typed} = "{old}"'
        below = file.source[line + 1 :].lstrip(b" \t") if line >= 0 else b""
        if below and not below.startswith((b"\n", b"\r", keyword.encode())):
            # A comment right below would be taken for a part of it, and gofmt parts it from a function.
            text += newline
    return TextEdit(file.path, end, end, text.encode())


def _comment(name: str, stage: Stage) -> str:
    if stage is Stage.PREPARE:
        return f"// {name} is the name that objects carry today; the new name is honoured, but not added yet."
    return f"// {name} is the name that objects of earlier releases carry. It is still honoured, but no longer added."


_TEXT_OF_PREPARE = "still honoured and, until every running release knows the new one, still added."


def next_comment(declared: Declared) -> list[TextEdit]:
    """The comment that stage prepare wrote above the legacy constant, as stage switch writes it."""
    file, spec = declared.file, declared.value.spec
    name = declared.symbol.name
    node = spec if spec.prev_sibling is not None and comment_above(file, spec) else spec.parent
    lines = comment_above(file, node) if node is not None else []
    text = " ".join(file.text(c).removeprefix("//").strip() for c in lines)
    if not lines or (f"// {text}" != _comment(name, Stage.PREPARE) and not text.endswith(_TEXT_OF_PREPARE)):
        return []
    end = lines[-1].end_byte - file.text(lines[-1]).endswith("\r")
    return [TextEdit(file.path, lines[0].start_byte, end, _comment(name, Stage.SWITCH).encode())]


def new_file(workspace: Workspace, render: Render, placement: Placement, stage: Stage) -> bytes:
    """The file that declares the constants of a name in their new place."""
    folder = placement.key.folder
    rule = placement.uses.rule
    kinds = []
    for declared in placement.moved:
        kind = declared.value.spec.child_by_field_name("type")
        if kind is not None and kind.type == "type_identifier" and declared.file.text(kind) == "string":
            kinds.append(" string")
    values = {
        "header": _header(workspace, folder),
        "package": workspace.package_name(folder),
        "key": placement.key.name,
        "doc": _doc(placement),
        "legacy": placement.legacy.name if placement.legacy is not None else "",
        "type": kinds[0] if kinds else "",
        "new": f'"{rule.new}"',
        "old": f'"{rule.old}"',
        "adds_legacy": stage is Stage.PREPARE,
    }
    text = render("constants.go.j2", values)
    return text.replace("\n", "\r\n").encode() if _is_crlf(workspace, folder) else text.encode()


def _doc(placement: Placement) -> str:
    """The comment that a constant which moves had above it; '' when it had none."""
    for declared in placement.moved:
        spec = declared.value.spec
        declaration = spec.parent
        alone = declaration is not None and b"(" not in declared.file.source[declaration.start_byte : spec.start_byte]
        node = declaration if alone and declaration is not None else spec
        lines = declared.file.source[doc_start(declared.file, node) : node.start_byte].decode().split("\n")
        if declared.symbol.name == placement.key.name and lines:
            return "\n\t".join(stripped for line in lines if (stripped := _writable(line).strip()))
    return ""


def _writable(comment: str) -> str:
    """A comment as gofmt leaves it. What keeps a `*` from a `/` becomes a space, or the comment would end there."""
    return re.sub(_UNWRITABLE, "", re.sub(rf"(?<=\*){_UNWRITABLE}(?=/)", " ", comment))


def _is_crlf(workspace: Workspace, folder: str) -> bool:
    """Whether the package's files end their lines with CRLF."""
    files = [workspace.checkout.read(p) or b"" for p in workspace.checkout.go_files_in(folder)]
    return bool(files) and all(newline_of(data) == b"\r\n" for data in files)


def _header(workspace: Workspace, folder: str) -> str:
    """The licence header that most files of a package begin with; '' when they have none."""
    headers: dict[str, int] = {}
    files = 0
    for path in workspace.checkout.go_files_in(folder):
        data = workspace.checkout.read(path)
        if data is None or b"DO NOT EDIT" in data[:2000]:
            continue
        data = data[:8192].replace(b"\r\n", b"\n")
        files += 1
        package = data.find(b"\npackage ")
        head = data[: package + 1].decode("utf-8", "replace") if package >= 0 else ""
        block, blank, _ = head.partition("\n\n")
        if blank and block.startswith(("//", "/*")) and not block.startswith(("//go:build", "// +build")):
            headers[block] = headers.get(block, 0) + 1
    common = max(headers, key=lambda h: headers[h], default="")
    return f"{_writable(common)}\n\n" if common and headers[common] * 2 > files else ""
