"""What a vendor folder holds: the packages of other modules that a build takes from there, by its modules.txt.

Facts: https://go.dev/ref/mod#vendoring, and how the go command chooses (setDefaultBuildMod of cmd/go/internal/modload):
it builds from vendor/ when the go line says 1.14 or later and modules.txt is that of a module, or that of a workspace
where it builds one. Versions in modules.txt that are not those of go.mod it refuses.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gomigrate.go.modules import Module, Replacement

_GO = re.compile(r"([0-9]+)\.([0-9]+)")
# What is known of these packages by name holds for each of their versions; declarations would say less.
_KNOWN = ("k8s.io/", "sigs.k8s.io/controller-runtime/")


class Package(NamedTuple):
    """A package below a vendor folder: its import path, and the folder of a module that builds with it."""

    path: str
    module: str


class Vendor(NamedTuple):
    """A vendor folder in use: import path of each of its packages -> the line of modules.txt that its module has."""

    folder: str
    packages: dict[str, str]


def is_chosen(go: str) -> bool:
    """Whether a go line is of a release that builds from vendor/ by itself."""
    found = _GO.match(go)
    return found is not None and (int(found[1]), int(found[2])) >= (1, 14)


def parse_modules_txt(text: str) -> dict[str, str]:
    """Import path of each package -> the line of its module: `path version`, and ` => …` where it is replaced."""
    packages: dict[str, str] = {}
    heading = ""
    for line in text.split("\n"):
        if line.startswith("# "):
            heading = line[2:].strip()
        elif line[:1] not in ("", "#") and heading and _is_plain(line.strip()):
            packages[line.strip()] = heading
    return packages


def is_read(import_path: str) -> bool:
    """Whether what vendor/ declares in a package is looked at."""
    return not import_path.startswith(_KNOWN)


def agrees(heading: str, modules: list[Module], overrides: dict[str, Replacement]) -> bool:
    """Whether the version in a line of modules.txt is the one that these modules are built with, those aside that do
    not require its module."""
    path, *rest = heading.split()
    if len(rest) == 3:
        rest[2] = "."
    wanted = [_wanted(path, module, overrides) for module in modules if path in module.requires]
    return not wanted or rest in wanted


def _wanted(path: str, module: Module, overrides: dict[str, Replacement]) -> list[str]:
    """What stands behind a module's path in modules.txt; a folder in its place is `.`, wherever it is."""
    required = module.requires[path]
    found = module.effective(path, overrides)
    if found.folder is not None:
        return [required, "=>", "."]
    replaced = (found.path, found.version) != (path, required)
    return [required, "=>", found.path, found.version] if replaced else [required]


def _is_plain(path: str) -> bool:
    """Whether a path leads nowhere but down."""
    return "\\" not in path and "\0" not in path and all(part and part[0] != "." for part in path.split("/"))
