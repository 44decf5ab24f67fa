"""Which packages a patch concerns, module by module, and what Go finds in them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from gomigrate.checkout import is_searched_go
from gomigrate.errors import UserError, printable
from gomigrate.go.modules import join
from gomigrate.go.workspace import Workspace
from gomigrate.index import Scan, opened, searched
from gomigrate.verify.toolchain import go_line

_CODE = ("GoFiles", "CgoFiles")
_TESTS = ("TestGoFiles", "XTestGoFiles")


class ModuleScope(NamedTuple):
    """The folders of one module that a patch concerns, relative to the checkout's top, sorted.

    `directory` is that of its go.mod; `work` is the go.work that its build uses, "" when none; `flags` is what all Go
    commands are given there.
    """

    path: str
    directory: str
    touched: tuple[str, ...]
    dependents: tuple[str, ...]
    work: str
    flags: tuple[str, ...]


class Package(NamedTuple):
    """A package as Go sees it with the build constraints of this machine: without them a file is not in `files`."""

    import_path: str
    folder: str
    has_code: bool
    has_tests: bool
    files: frozenset[str]


def scopes(top: Path, changed: Iterable[str]) -> tuple[tuple[ModuleScope, ...], dict[str, str]]:
    """The modules that `changed` Go files concern: their packages, and those that import them directly.

    Also gives what each module file concerned says in its go line. Reads the checkout, before any change. Raises
    UserError when a changed file is in no module.
    """
    scan = Scan(str(top))
    checkout = opened(scan.walk())
    index = searched(checkout, scan, (), (), lambda: scan.search((), ()))
    workspace = Workspace(checkout)
    touched = {path.rpartition("/")[0] for path in changed if is_searched_go(path)}
    folders: dict[str, set[str]] = {}
    for folder in touched:
        module = workspace.module_of(folder)
        if module is None:
            raise UserError(
                f"{printable(folder or '.')}: belongs to no module, and Go builds nothing outside of one; "
                "add a go.mod (`go mod init`), or build and test the patch by hand."
            )
        folders.setdefault(module.directory, set()).add(folder)
        for file in index.importers.get(workspace.import_path(folder), ()):
            importer = file.rpartition("/")[0]
            home = workspace.module_of(importer)
            if home is not None and workspace.folder_of(workspace.import_path(folder), importer) == folder:
                folders.setdefault(home.directory, set()).add(importer)
    needs: dict[str, str] = {}
    found = []
    for directory, inside in sorted(folders.items()):
        work = workspace.work
        used = work is not None and directory in work.uses
        for replaced, replacement in workspace.modules[directory].replaces.items():
            if replacement.local and replacement.path.startswith(".."):
                raise UserError(
                    f"{printable(join(directory, 'go.mod'))}: {printable(replaced)} is replaced by a folder outside "
                    "of the checkout, which the scratch copy lacks; name it by its absolute path, or give a checkout "
                    "that holds both."
                )
        files = [join(directory, "go.mod"), *([join(work.directory, "go.work")] if work and used else [])]
        needs.update((file, line) for file in files if (line := go_line(checkout.read(file) or b"")))
        vendor = top / (work.directory if work and used else directory) / "vendor"
        vendored = (vendor / "modules.txt").is_file()
        found.append(
            ModuleScope(
                workspace.modules[directory].path,
                directory,
                tuple(sorted(inside & touched)),
                tuple(sorted(inside - touched)),
                files[1] if used else "",
                # What go.mod and go.sum say must be enough; only -mod=vendor, which Go chooses itself, is as strict.
                () if vendored else ("-mod=readonly",),
            )
        )
    return tuple(found), needs


def read_packages(lines: Iterable[str], top: Path) -> dict[str, Package]:
    """The packages that `go list -e -json` printed, by their folder relative to `top`; those without files are none."""
    found = {}
    for value in _objects("\n".join(lines)):
        folder = Path(value.get("Dir") or "/")
        if not folder.is_relative_to(top):
            continue
        relative = folder.relative_to(top).as_posix()
        relative = "" if relative == "." else relative
        code, tests = ([n for kind in kinds for n in value.get(kind) or ()] for kinds in (_CODE, _TESTS))
        if code or tests:
            files = frozenset(join(relative, name) for name in (*code, *tests))
            found[relative] = Package(value.get("ImportPath", ""), relative, bool(code), bool(tests), files)
    return found


def _objects(text: str) -> Iterator[dict[str, Any]]:
    decoder = json.JSONDecoder()
    position = text.find("{")
    while position >= 0:
        try:
            value, end = decoder.raw_decode(text, position)
        except ValueError:
            return
        yield value
        position = text.find("{", end)
