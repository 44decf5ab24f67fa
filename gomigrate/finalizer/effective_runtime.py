"""The controller-runtime that a module's build really uses, and whether code for it can be written there."""

import re
from typing import NamedTuple

from gomigrate.finalizer.objectmodel import CONTROLLERUTIL
from gomigrate.finalizer.runtime_source import read_calls
from gomigrate.finalizer.runtime_versions import Calls, calls_of, calls_of_query, in_common
from gomigrate.go.evaluator.kinds import SETS
from gomigrate.go.modules import Effective, Module, join
from gomigrate.go.types import Types
from gomigrate.go.workspace import Workspace
from gomigrate.model import Requirement

MODULE = "sigs.k8s.io/controller-runtime"
APIMACHINERY = "k8s.io/apimachinery"


class Obstacle(NamedTuple):
    """Why something cannot be done, what a person can do, and the requirement that would do it when it is one."""

    reason: str
    next_step: str
    requirement: Requirement | None = None


class Runtime(NamedTuple):
    """`version` is empty when the module does not require controller-runtime; `source` is the line it rests on.

    `calls` is None when code for it cannot be written, for the reason in `obstacle`; `sets` is what stands against the
    use of apimachinery's sets. `adds` is the requirement that code for it rests on, and that is yet to be added.
    """

    version: str
    source: str
    calls: Calls | None = None
    obstacle: Obstacle | None = None
    sets: Obstacle | None = None
    adds: Requirement | None = None


def effective_runtime(types: Types, module: Module | None, tidy: bool = False) -> Runtime:
    """The controller-runtime of a module's build: require, then replace, then go.work's replace.

    `calls` is what it and those of the modules in the same workspace have in common. With `tidy` go.mod, go.sum and
    vendor/ will get what new imports need, so that nothing of that stands against them; a controller-runtime that is
    not required is then added where it is known which one. One that is too old is never raised: more than finalizers
    hangs on it.
    """
    if module is None:
        reason = f"no go.mod says where {MODULE} comes from"
        return Runtime("", "no go.mod", obstacle=Obstacle(reason, "make it a Go module, then run again"))
    workspace = types.workspace
    found = module.effective(MODULE, workspace.overrides(module))
    if not found.version:
        obstacle = _requirement(f"its module does not require {MODULE}", workspace, module)
        added = obstacle.requirement
        offered = calls_of_query(added.version) if tidy and added is not None else None
        if added is None or offered is None:
            return Runtime("", "not required", obstacle=obstacle)
        calls: Calls | Obstacle = offered
        runtime = Runtime(added.version, "added by --tidy", adds=added)
    else:
        runtime = Runtime(found.version if found.folder is None else f"./{found.folder}", found.source)
        calls = _calls(types, module, found)
    # In a workspace the highest of all requirements is built with; by itself each module with its own.
    for other in workspace.beside(module):
        theirs = other.effective(MODULE, workspace.overrides(other))
        if theirs.version and not isinstance(calls, Obstacle):
            beside = _calls(types, other, theirs)
            calls = beside if isinstance(beside, Obstacle) else in_common(calls, beside)
    if isinstance(calls, Obstacle):
        return runtime._replace(obstacle=calls)
    if tidy:
        return runtime._replace(calls=calls)
    missing = _missing(workspace, module, found, CONTROLLERUTIL)
    if missing is not None:
        return runtime._replace(obstacle=missing)
    sets = module.effective(APIMACHINERY, workspace.overrides(module))
    return runtime._replace(calls=calls, sets=_missing(workspace, module, sets, SETS))


def _calls(types: Types, module: Module, found: Effective) -> Calls | Obstacle:
    if found.folder is not None:
        where = f"the controller-runtime in use is the folder {found.folder} ({found.source})"
        if found.folder.startswith(("..", "/")):
            return Obstacle(f"{where}, which lies outside of the checkout", "change it by hand")
        calls = read_calls(types, f"{found.folder}{CONTROLLERUTIL.removeprefix(MODULE)}".lstrip("/"))
        return calls or Obstacle(
            f"{where}, whose AddFinalizer or RemoveFinalizer is not understood", "change it by hand"
        )
    if found.path != MODULE:
        where = f"the controller-runtime in use is {found.path} {found.version} ({found.source})"
        return Obstacle(f"{where}, whose interface is not known here", "change it by hand")
    where = f"controller-runtime {found.version} ({found.source})"
    try:
        calls = calls_of(found.version)
    except ValueError:
        return Obstacle(f"{where} is no release whose interface is known here", "change it by hand")
    return calls or _requirement(f"{where} has no AddFinalizer and no RemoveFinalizer", types.workspace, module)


def _requirement(reason: str, workspace: Workspace, module: Module) -> Obstacle:
    """The obstacle that a requirement of a controller-runtime, or of a newer one, would take away."""
    version = _fitting(workspace, module)
    folder = module.directory or "."
    command = f"go get {MODULE}@{version}" if version[0] == "v" else f"go get '{MODULE}@{version}'"
    return Obstacle(reason, f"{command} in {folder}, then run again", Requirement(folder, MODULE, version))


def _fitting(workspace: Workspace, module: Module) -> str:
    """A version, or a version query, that goes with what the module has already.

    The version that its go.mod sets by a replace without requiring it, else that of the other modules of the checkout
    when they agree; else by its apimachinery, as controller-runtime 0.N goes with apimachinery 0.(N+12) since 0.4.0.
    """
    replacement = {**module.replaces, **workspace.overrides(module)}.get(MODULE)
    if replacement is not None and replacement.version:
        return replacement.version
    others = set(filter(_is_usable, workspace.versions(MODULE)))
    if len(others) == 1:
        return others.pop()
    apimachinery = module.effective(APIMACHINERY, workspace.overrides(module)).version
    minor = re.match(r"v0\.([0-9]+)\.", apimachinery)
    return f"v0.{int(minor[1]) - 12}" if minor and int(minor[1]) >= 17 else ">=v0.4.0"


def _is_usable(version: str) -> bool:
    try:
        return calls_of(version) is not None
    except ValueError:
        return False


def _missing(workspace: Workspace, module: Module, found: Effective, package: str) -> Obstacle | None:
    """Why a package of a required module cannot be imported as things are; None when it can."""
    if not found.version:
        reason = f"its module does not require {found.path}"
        step = f"import {package} anywhere in that module and run go mod tidy, then run again"
        return Obstacle(reason, step, Requirement(module.directory or ".", found.path))
    # The go command builds from vendor/ when modules.txt says what is in it (https://go.dev/ref/mod#vendoring).
    if module.vendored and workspace.checkout.exists(join(module.directory, "vendor/modules.txt")):
        if workspace.checkout.exists(join(module.directory, f"vendor/{package}")):
            return None
        return Obstacle(
            f"vendor/ of its module does not hold {package}",
            "import it anywhere in that module and run go mod vendor, then run again",
        )
    if module.vendored or found.folder is not None or workspace.work is not None or _has_sum(workspace, module, found):
        return None
    return Obstacle(
        f"go.sum of its module has no hash for {found.path} {found.version}",
        f"import {package} anywhere in that module and run go mod tidy, then run again",
    )


def _has_sum(workspace: Workspace, module: Module, found: Effective) -> bool:
    file = join(module.directory, "go.sum")
    if not workspace.checkout.exists(file):
        return True
    data = workspace.checkout.read(file)
    return data is None or f"{found.path} {found.version} h1:".encode() in data
