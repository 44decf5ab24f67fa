"""Where the constants of a finalizer name live after the migration.

One declaration: it stays where it is when every user can see it without a new module requirement; otherwise it goes
to the package of the API type that carries the finalizer, else to the nearest package that all users import already.
Never a `main` or an `internal` package that a user may not import, and never an import cycle.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from gomigrate.errors import UserError
from gomigrate.finalizer.analysis import Analysis
from gomigrate.finalizer.exported import is_offered
from gomigrate.finalizer.names import Declared, NameUses
from gomigrate.finalizer.removal import shares_declaration
from gomigrate.go.types import Named, Pointer
from gomigrate.go.workspace import Workspace
from gomigrate.model import Stage

_IMPORT = re.compile(rb'^\s*(?:import\s+)?(?:[\w.]+\s+)?"([^"\n]+)"', re.MULTILINE)


class Constant(NamedTuple):
    """A constant to be used: its name and the folder of its package."""

    folder: str
    name: str


class Placement(NamedTuple):
    """The constants of one name. `declared` is the declaration that stays; `moved` are those that go; `path` is the
    file that declares the constants, new when nothing stays and `create` is set. Of further constants that hold the
    name in the package of `declared`, `twins` stay with the new one; `needless` go, and it is used in their place.
    `unseen` are users whose module may need a change of its go.mod, which only --constant-package brings about."""

    uses: NameUses
    key: Constant
    legacy: Constant | None
    path: str
    why: str
    declared: Declared | None = None
    moved: tuple[Declared, ...] = ()
    beside: tuple[Declared, ...] = ()
    twins: tuple[Declared, ...] = ()
    needless: tuple[Declared, ...] = ()
    create: bool = False
    users: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()

    def for_use(self, folder: str, named: str = "") -> tuple[Constant, Constant | None]:
        """The constants for code in a folder: those of its own package when that declares the name, else those of the
        package `named` whose constant it uses today."""
        own = next((d for d in self.beside if d.symbol.folder == folder), None)
        if own is None and folder != self.key.folder:
            own = next((d for d in self.beside if d.symbol.folder == named), None)
        if own is None:
            return self.key, self.legacy
        legacy = Constant(own.symbol.folder, legacy_name(own.symbol.name)) if self.legacy is not None else None
        return Constant(own.symbol.folder, own.symbol.name), legacy


def legacy_name(name: str) -> str:
    return f"Legacy{name}" if name[:1].isupper() else f"legacy{name[:1].upper()}{name[1:]}"


def place(analysis: Analysis, uses: NameUses, users: Iterable[str], override: str = "") -> Placement | str:
    """Where the constants of a name go, given the folders that use them; a text when no place will do."""
    workspace = analysis.workspace
    folders = tuple(sorted(set(users)))
    if uses.new:
        seen = [d for d in uses.new if not d.file.is_test and _all_see(analysis, d, list(folders))]
        if not seen:
            return f"no package that needs it can see {uses.new[0].symbol.name} of {uses.new[0].file.path}"
        key = seen[0]
        legacy = next((d for d in uses.old if d.symbol.folder == key.symbol.folder), next(iter(uses.old), None))
        return Placement(
            uses,
            Constant(key.symbol.folder, key.symbol.name),
            Constant(legacy.symbol.folder, legacy.symbol.name) if legacy is not None else None,
            key.file.path,
            "it is declared there already",
            declared=key,
            users=folders,
        )
    has_legacy = analysis.stage is not Stage.CLEANUP
    primary = _primary(analysis, uses, folders)
    beside = _beside(uses, primary)
    needing = _needing(folders, beside)
    # One place cannot be meant for all of several names: those that only their own package uses stay there.
    several = sum(u.present for u in analysis.names) > 1
    alone = several and primary is not None and all(u == primary.symbol.folder for u in needing)
    if override and not alone:
        folder, why = _override(workspace, override, needing), "chosen with --constant-package"
    elif primary is not None and _all_see(analysis, primary, needing):
        folder, why = primary.symbol.folder, _stay_reason(primary, needing)
    else:
        found = _elsewhere(analysis, uses, primary, needing)
        if found is None:
            return "there is no package that every user of the name may import without a new module requirement"
        folder, why = found
    stays = primary is not None and primary.symbol.folder == folder
    if stays and primary is not None:
        key_name, legacy_key = primary.symbol.name, legacy_name(primary.symbol.name)
        path = primary.file.path
    else:
        exported = primary is not None and primary.symbol.exported
        key_name = primary.symbol.name if primary is not None and exported else uses.rule.constant
        legacy_key = legacy_name(key_name) if exported else uses.rule.legacy_constant
        path = _new_path(workspace, folder)
    for name in ([] if stays else [key_name]) + ([legacy_key] if has_legacy else []):
        if _is_declared(workspace, folder, name):
            return f"package {workspace.import_path(folder)} declares {name} already"
    twins = _twins(uses, primary)
    moved = () if stays or primary is None else (primary, *twins)
    for declared in moved:
        shared = shares_declaration(declared.file, declared.value.spec)
        if shared:
            return f"{declared.symbol.name} would move to {path}, and {shared}"
    needless = tuple(d for d in twins if stays and primary is not None and _is_needless(analysis, d, primary))
    return Placement(
        uses,
        Constant(folder, key_name),
        Constant(folder, legacy_key) if has_legacy else None,
        path,
        why,
        declared=primary if stays else None,
        moved=moved,
        beside=beside,
        twins=tuple(d for d in twins if stays and d not in needless),
        needless=needless,
        create=not stays,
        users=folders,
        unseen=tuple(u for u in needing if override and not sees(analysis, u, folder)),
    )


def _primary(analysis: Analysis, uses: NameUses, users: Iterable[str]) -> Declared | None:
    """The constant that counts when several packages declare the name, two versions of an API say: one that all who
    have none see, exported before unexported."""
    ranked = sorted(uses.old, key=lambda d: (not d.symbol.exported, d.file.is_test, d.file.path))
    seen = (d for d in ranked if _all_see(analysis, d, _needing(users, _beside(uses, d))))
    return next(seen, ranked[0] if ranked else None)


def _beside(uses: NameUses, primary: Declared | None) -> tuple[Declared, ...]:
    """The constants of other packages, which stay for these."""
    return tuple(d for d in uses.old if primary is None or d.symbol.folder != primary.symbol.folder)


def _twins(uses: NameUses, primary: Declared | None) -> tuple[Declared, ...]:
    """The other constants of the package of the one that counts."""
    return tuple(
        d for d in uses.old if primary is not None and d.symbol.folder == primary.symbol.folder and d != primary
    )


def _is_needless(analysis: Analysis, twin: Declared, declared: Declared) -> bool:
    """Whether a constant can go because each use of it can be one of another constant."""
    return (
        not twin.file.is_test
        and _sort(twin) == _sort(declared)
        and all(r.sure for r in analysis.refs(twin.symbol))
        and twin.symbol not in analysis.references.blind
        and not is_offered(analysis.workspace, twin.file, twin.symbol)
        and not shares_declaration(twin.file, twin.value.spec)
    )


def _sort(declared: Declared) -> tuple[str, str]:
    """Constant or variable, and the type that is written there."""
    kind = declared.value.spec.child_by_field_name("type")
    return declared.value.kind, declared.file.text(kind) if kind is not None else ""


def _needing(users: Iterable[str], beside: Iterable[Declared]) -> list[str]:
    own = {d.symbol.folder for d in beside}
    return [f for f in users if f not in own]


def _all_see(analysis: Analysis, declared: Declared, users: list[str]) -> bool:
    folder = declared.symbol.folder
    others = [u for u in users if u != folder]
    if declared.file.is_test:
        return False
    if not others:
        return True
    return declared.symbol.exported and all(sees(analysis, u, folder) for u in others)


def _stay_reason(declared: Declared, users: list[str]) -> str:
    if all(u == declared.symbol.folder for u in users):
        return "it stays where it is: only its own package uses it"
    return "it stays where it is: every user can import it without a change to a go.mod"


def sees(analysis: Analysis, user: str, folder: str) -> bool:
    """Whether code in `user` can use `folder` without a new module requirement or an import cycle."""
    workspace = analysis.workspace
    if user == folder:
        return True
    if workspace.package_name(folder) == "main" or not workspace.may_import(user, folder):
        return False
    importers = analysis.references.importers(folder)
    if any(path.rpartition("/")[0] == user for path in importers):
        return True
    module, target = workspace.module_of(user), workspace.module_of(folder)
    if module is None or target is None:
        return False
    if module.directory != target.directory:
        # What the package needs in turn is in the go.mod for sure only when the module builds it already.
        mine = (p for p in importers if not p.endswith("_test.go"))
        if not any(workspace.module_of(p.rpartition("/")[0]) == module for p in mine):
            return False
    return user not in _closure(workspace, folder)


def _closure(workspace: Workspace, folder: str) -> set[str]:
    """Packages of the checkout that a package imports, directly or not (tests aside)."""
    seen: set[str] = set()
    stack = [folder]
    while stack:
        current = stack.pop()
        for imported in _imports(workspace, current):
            if imported not in seen:
                seen.add(imported)
                stack.append(imported)
    return seen


def _imports(workspace: Workspace, folder: str) -> set[str]:
    """Packages of the checkout that a package imports directly, read off the bytes."""
    found = set()
    for path in workspace.checkout.go_files_in(folder):
        if path.endswith("_test.go"):
            continue
        data = workspace.checkout.read(path) or b""
        start = data.find(b"import")
        end = min((i for i in (data.find(b"\nfunc "), data.find(b"\ntype ")) if i > 0), default=len(data))
        for match in _IMPORT.finditer(data, max(start, 0), max(end, 0)):
            target = workspace.folder_of(match[1].decode("utf-8", "replace"), folder)
            if target is not None:
                found.add(target)
    return found


def _elsewhere(
    analysis: Analysis, uses: NameUses, primary: Declared | None, users: list[str]
) -> tuple[str, str] | None:
    """The carrying type's package, else the nearest package that all users import, else the only user's own."""
    workspace = analysis.workspace
    stuck = ""
    if primary is not None:
        unable = [u for u in users if not sees(analysis, u, primary.symbol.folder)]
        module = workspace.module_of(unable[0]) if unable else None
        if module is not None:
            stuck = f" ({module.path} cannot import {workspace.import_path(primary.symbol.folder)} as things are)"
        elif not primary.symbol.exported:
            stuck = f" ({primary.symbol.name} is not exported, and other packages use the name)"
    carrying = _carrying_folders(analysis, uses)
    for folder, name in carrying:
        if all(sees(analysis, u, folder) for u in users):
            return folder, f"it is the package of {name}, the API type that carries it, and every user sees it{stuck}"
    if len(users) == 1:
        return users[0], "it is the only package that uses it"
    shared: set[str] | None = None
    for user in users:
        mine = {f for f in _imports(workspace, user) if sees(analysis, user, f)} | {user}
        shared = mine if shared is None else shared & mine
    near = sorted(
        (
            f
            for f in {*(shared or ()), *users}
            if workspace.package_name(f) != "main" and all(sees(analysis, u, f) for u in users)
        ),
        key=lambda f: (-_nearness(f, users), len(_closure(workspace, f)), f),
    )
    return (near[0], f"it is the nearest package that every user may import{stuck}") if near else None


def _nearness(folder: str, users: list[str]) -> int:
    parts = folder.split("/")
    return sum(sum(1 for a, b in zip(parts, u.split("/"), strict=False) if a == b) for u in users)


def _carrying_folders(analysis: Analysis, uses: NameUses) -> list[tuple[str, str]]:
    """Packages of the API types of this checkout whose objects get the finalizer, the most frequent first."""
    count: Counter[tuple[str, str]] = Counter()
    for decision in analysis.decisions:
        kind = decision.type
        base = kind.to if isinstance(kind, Pointer) else kind
        if (
            decision.uses is uses
            and isinstance(base, Named)
            and base.folder is not None
            and decision.verdict.level == "object"
            and analysis.types.workspace.has_function(base.folder, base.name, "DeepCopyObject")
        ):
            count[(base.folder, base.name)] += 1
    return [place for place, _ in count.most_common()]


def _override(workspace: Workspace, given: str, users: list[str]) -> str:
    """The folder that --constant-package means: a folder of the checkout, or an import path of it."""
    folder = given.strip("/").removeprefix("./")
    if not workspace.checkout.go_files_in(folder):
        modules = [m for m in workspace.modules.values() if given == m.path or given.startswith(m.path + "/")]
        module = max(modules, key=lambda m: len(m.path), default=None)
        rest = given[len(module.path) :].strip("/") if module is not None else ""
        folder = f"{module.directory}/{rest}".strip("/") if module is not None else folder
    if not workspace.checkout.go_files_in(folder):
        raise UserError(f"--constant-package {given}: no such package in the checkout; give its folder or path.")
    refused = [u for u in users if u != folder and not workspace.may_import(u, folder)]
    if refused:
        raise UserError(
            f"--constant-package {given}: {refused[0]} uses the constant and may not import it "
            "(another module without a requirement, or an internal package). Choose another package."
        )
    if workspace.package_name(folder) == "main" and users != [folder]:
        raise UserError(f"--constant-package {given}: is a main package, which nothing can import.")
    cyclic = [u for u in users if u in _closure(workspace, folder)]
    if cyclic:
        raise UserError(f"--constant-package {given}: imports {cyclic[0]}, which uses the constant: an import cycle.")
    return folder


def _new_path(workspace: Workspace, folder: str) -> str:
    names = ("finalizer.go", "finalizers.go", "finalizer_names.go")
    paths = [f"{folder}/{n}".strip("/") for n in names]
    return next((p for p in paths if not workspace.checkout.exists(p)), paths[-1])


def _is_declared(workspace: Workspace, folder: str, name: str) -> bool:
    return (
        workspace.value(folder, name) is not None
        or workspace.has_function(folder, "", name)
        or workspace.type_spec(folder, name) is not None
    )
