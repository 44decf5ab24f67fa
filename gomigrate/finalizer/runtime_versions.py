"""What the controller-runtime that a module's build really uses can do.

Facts: pkg/controller/controllerutil of the releases of sigs.k8s.io/controller-runtime from 0.1 to 0.25, and util/sets
of k8s.io/apimachinery, whose sets.String they all bring. tests/test_versions_in_go.py tries them on the real modules.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gomigrate.go.modules import Module, join
from gomigrate.go.workspace import Workspace
from gomigrate.model import Operation

MODULE = "sigs.k8s.io/controller-runtime"
APIMACHINERY = "k8s.io/apimachinery"
_RELEASE = re.compile(r"v([0-9]+)\.([0-9]+)\.([0-9]+)(-[0-9A-Za-z.-]+)?")


class Calls(NamedTuple):
    """What controllerutil offers.

    takes_meta      AddFinalizer and RemoveFinalizer take any metav1.Object, not only one that is a runtime.Object too
    contains        there is a ContainsFinalizer; it takes what is both
    result          AddFinalizer and RemoveFinalizer say whether they changed the list
    removes_copies  RemoveFinalizer drops every copy of a name; else it panics when the name is there twice
    """

    takes_meta: bool
    contains: bool
    result: bool
    removes_copies: bool


# The first release of a row -> what it and those after it offer.
TABLE: tuple[tuple[tuple[int, int, int], Calls | None], ...] = (
    ((0, 0, 0), None),
    ((0, 4, 0), Calls(takes_meta=True, contains=False, result=False, removes_copies=False)),
    ((0, 5, 3), Calls(takes_meta=True, contains=False, result=False, removes_copies=True)),
    ((0, 5, 6), Calls(takes_meta=True, contains=True, result=False, removes_copies=True)),
    ((0, 6, 0), Calls(takes_meta=True, contains=False, result=False, removes_copies=True)),
    ((0, 6, 1), Calls(takes_meta=False, contains=True, result=False, removes_copies=True)),
    ((0, 12, 0), Calls(takes_meta=False, contains=True, result=True, removes_copies=True)),
)


def needs_sets(operation: Operation, level: str, calls: Calls) -> bool:
    """Whether an operation on an object (of a level as in objects.Verdict) must be written with apimachinery's sets."""
    if operation in (Operation.CONTAINS, Operation.HAS_ANY):
        return not calls.contains or level == "meta"
    return operation in (Operation.REMOVE, Operation.CLEAR) and not calls.removes_copies


class Runtime(NamedTuple):
    """`version` is empty when the module does not require controller-runtime; `source` is the line it rests on.

    `calls` is None when code for it cannot be written; `reason` and `next_step` then say why, and what to do.
    """

    version: str
    source: str
    calls: Calls | None = None
    reason: str = ""
    next_step: str = ""
    reason_for_sets: str = ""

    def refuses(self, reason: str, next_step: str) -> Runtime:
        return self._replace(calls=None, reason=reason, next_step=next_step)


def calls_of(version: str) -> Calls | None:
    """What a release offers, None for one before 0.4.0. Raises ValueError when it is no release that is known.

    A pre-release lies before the release whose number it bears, and a pseudo-version may hold what came much later:
    only what both sides have in common is taken for granted.
    """
    found = _RELEASE.fullmatch(version)
    numbers = (int(found[1]), int(found[2]), int(found[3])) if found else (0, 0, 0)
    if not any(numbers) or (found and found[4] and any(first == numbers for first, _ in TABLE)):
        raise ValueError(version)
    calls = next(calls for first, calls in reversed(TABLE) if first <= numbers)
    return calls._replace(takes_meta=False) if calls and found and found[4] else calls


def effective_runtime(workspace: Workspace, module: Module | None) -> Runtime:
    """The controller-runtime of a module's build: require, then replace, then go.work's replace."""
    if module is None:
        return Runtime("", "no go.mod").refuses(
            f"no go.mod says where {MODULE} comes from", "make it a Go module, then run again"
        )
    version, source = module.effective(MODULE, workspace.overrides(module))
    if not version:
        return Runtime("", "not required").refuses(
            f"its module does not require {MODULE}", f"go get {MODULE} in that module, then run again"
        )
    runtime = Runtime(version, source)
    try:
        calls = calls_of(version)
    except ValueError:
        return runtime.refuses(
            f"the controller-runtime in use is {version} ({source}), whose interface is not known here",
            "change it by hand",
        )
    if calls is None:
        return runtime.refuses(
            f"controller-runtime {version} ({source}) has no AddFinalizer and no RemoveFinalizer",
            "require controller-runtime 0.4.0 or later, then run again",
        )
    util = f"{MODULE}/pkg/controller/controllerutil"
    missing = _missing(workspace, module, MODULE, version, util)
    if missing is not None:
        return runtime.refuses(*missing)
    apimachinery, _ = module.effective(APIMACHINERY, workspace.overrides(module))
    sets = _missing(workspace, module, APIMACHINERY, apimachinery, f"{APIMACHINERY}/pkg/util/sets")
    if not apimachinery:
        sets = f"its module does not require {APIMACHINERY}", ""
    return runtime._replace(calls=calls, reason_for_sets=sets[0] if sets is not None else "")


def _missing(workspace: Workspace, module: Module, path: str, version: str, package: str) -> tuple[str, str] | None:
    """Why a package of a required module cannot be imported as things are, and what to do; None when it can."""
    # The go command builds from vendor/ when modules.txt says what is in it (https://go.dev/ref/mod#vendoring).
    if module.vendored and workspace.checkout.exists(join(module.directory, "vendor/modules.txt")):
        if workspace.checkout.exists(join(module.directory, f"vendor/{package}")):
            return None
        return (
            f"vendor/ of its module does not hold {package}",
            "import it anywhere in that module and run go mod vendor, then run again",
        )
    if module.vendored or workspace.work is not None or _has_sum(workspace, module, path, version):
        return None
    return (
        f"go.sum of its module has no hash for {path} {version}",
        f"import any package of {path} there and run go mod tidy, then run again",
    )


def _has_sum(workspace: Workspace, module: Module, path: str, version: str) -> bool:
    file = join(module.directory, "go.sum")
    if version.startswith((".", "/")) or not workspace.checkout.exists(file):
        return True
    data = workspace.checkout.read(file)
    return data is None or f"{path} {version} h1:".encode() in data
