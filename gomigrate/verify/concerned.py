"""Which modules' go.mod a patch can concern: those whose imports change, and those that build on them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from gomigrate.go.modules import Module, join
from gomigrate.go.syntax import SourceFile
from gomigrate.go.workspace import Workspace
from gomigrate.index import Scan, opened
from gomigrate.verify.toolchain import go_line


class GoModule(NamedTuple):
    """A module by its path and folder, and by the go.work and the vendor folder that its build uses, "" when none.
    `vendor_command` is `mod` or `work`, whichever writes that folder."""

    path: str
    directory: str
    work: str = ""
    vendor: str = ""
    vendor_command: str = "mod"

    @property
    def file(self) -> str:
        return join(self.directory, "go.mod")

    @property
    def shown(self) -> str:
        return self.directory or self.path


def concerned(
    top: Path, originals: Mapping[str, bytes], changes: Mapping[str, bytes | None]
) -> tuple[tuple[GoModule, ...], dict[str, str]]:
    """The modules of the checkout `top` whose go.mod, go.sum or vendor folder may have to change, sorted,
    and what their module files say in their go lines.

    go.mod follows from what is imported, so that changes that import nothing else concern none.
    """
    workspace = Workspace(opened(Scan(str(top)).walk()))
    found: set[str] = set()
    for path, new in changes.items():
        module = workspace.module_of(path.rpartition("/")[0])
        if module is not None and _imports(path, originals.get(path)) != _imports(path, new):
            found.add(module.directory)
    open_ones = list(found)
    while open_ones:
        other = workspace.modules[open_ones.pop()]
        more = {m.directory for m in workspace.modules.values() if _builds_on(workspace, m, other)} - found
        found |= more
        open_ones += more
    ordered = [workspace.modules[folder] for folder in sorted(found)]
    needs: dict[str, str] = {}
    for module in ordered:
        works = [join(workspace.work.directory, "go.work")] if workspace.work and _in_work(workspace, module) else []
        for file in (join(module.directory, "go.mod"), *works):
            line = go_line(workspace.checkout.read(file) or b"")
            if line:
                needs[file] = line
    return tuple(_described(top, workspace, module) for module in ordered), needs


def _described(top: Path, workspace: Workspace, module: Module) -> GoModule:
    work = workspace.work
    folder = work.directory if work is not None and _in_work(workspace, module) else module.directory
    used = join(folder, "go.work") if work is not None and _in_work(workspace, module) else ""
    vendor = join(folder, "vendor")
    listed = top / vendor / "modules.txt"
    if not listed.is_file():
        return GoModule(module.path, module.directory, used)
    return GoModule(module.path, module.directory, used, vendor, "work" if used else "mod")


def _imports(path: str, source: bytes | None) -> frozenset[str]:
    if source is None or not path.endswith(".go"):
        return frozenset()
    return frozenset(spec.path for spec in SourceFile(path, source).imports)


def _in_work(workspace: Workspace, module: Module) -> bool:
    return workspace.work is not None and module.directory in workspace.work.uses


def _builds_on(workspace: Workspace, module: Module, other: Module) -> bool:
    """Whether a build of `module` takes `other` from this checkout."""
    if module is other or other.path not in module.requires:
        return False
    both_in_work = _in_work(workspace, module) and _in_work(workspace, other)
    return both_in_work or module.effective(other.path, workspace.overrides(module)).folder == other.directory
