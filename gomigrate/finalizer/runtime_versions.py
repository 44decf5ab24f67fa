"""What the controller-runtime that a module's build really uses can do.

Facts by release of sigs.k8s.io/controller-runtime: AddFinalizer and RemoveFinalizer on client.Object since 0.7.0,
with a bool result since 0.12.0; ContainsFinalizer on client.Object since 0.7.0.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gomigrate.go.modules import Module, join
from gomigrate.go.workspace import Workspace

MODULE = "sigs.k8s.io/controller-runtime"


class Runtime(NamedTuple):
    """`version` is empty when the module does not require controller-runtime; `source` is the line it rests on."""

    version: str
    source: str
    known: bool
    missing_sum: bool = False
    missing_vendor: bool = False

    def refusal(self, *, wants_result: bool) -> tuple[str, str]:
        """Why code for this version cannot be written, and what to do; ('', '') when it can."""
        if not self.version:
            return (
                "its module does not require sigs.k8s.io/controller-runtime",
                "go get sigs.k8s.io/controller-runtime in that module, then run again",
            )
        if not self.known:
            return (
                f"the controller-runtime in use is {self.version} ({self.source}), whose interface is not known here",
                "change it by hand",
            )
        if self.missing_vendor:
            return (
                "vendor/ of its module does not hold controller-runtime's controllerutil",
                "import it anywhere in that module and run go mod vendor, then run again",
            )
        if self.missing_sum:
            return (
                f"go.sum of its module has no hash for controller-runtime {self.version}",
                "import any package of controller-runtime there and run go mod tidy, then run again",
            )
        numbers = _numbers(self.version)
        if numbers < (0, 7, 0):
            return (
                f"controller-runtime {self.version} ({self.source}) has no ContainsFinalizer on client.Object",
                "require controller-runtime 0.7.0 or later",
            )
        if wants_result and numbers < (0, 12, 0):
            return (
                f"AddFinalizer and RemoveFinalizer of controller-runtime {self.version} give no result",
                "require controller-runtime 0.12.0 or later, or change it by hand",
            )
        return "", ""


def effective_runtime(workspace: Workspace, module: Module | None) -> Runtime:
    """The controller-runtime of a module's build: require, then replace, then go.work's replace."""
    if module is None:
        return Runtime("", "no go.mod", known=False)
    version, source = module.effective(MODULE, workspace.overrides(module))
    if not version:
        return Runtime("", "not required", known=False)
    known = bool(re.fullmatch(r"v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?", version)) and _numbers(version) > (0, 0, 0)
    vendored = join(module.directory, f"vendor/{MODULE}/pkg/controller/controllerutil")
    # The go command builds from vendor/ when modules.txt says what is in it (https://go.dev/ref/mod#vendoring).
    listed = module.vendored and workspace.checkout.exists(join(module.directory, "vendor/modules.txt"))
    missing_vendor = listed and not workspace.checkout.exists(vendored)
    missing_sum = known and not module.vendored and not _has_sum(workspace, module, version)
    return Runtime(version, source, known, missing_sum, missing_vendor)


def _has_sum(workspace: Workspace, module: Module, version: str) -> bool:
    path = join(module.directory, "go.sum")
    if not workspace.checkout.exists(path):
        return True
    data = workspace.checkout.read(path)
    return data is None or f"{MODULE} {version} h1:".encode() in data or workspace.work is not None


def _numbers(version: str) -> tuple[int, int, int]:
    match = re.match(r"v([0-9]+)\.([0-9]+)\.([0-9]+)", version)
    return (int(match[1]), int(match[2]), int(match[3])) if match else (0, 0, 0)
