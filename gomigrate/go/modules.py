"""go.mod and go.work: which module a folder belongs to, what it requires, and which version its build really uses.

Facts: https://go.dev/ref/mod (go.mod file syntax, replace, workspaces). Inside a workspace the replace lines of
go.work win over those of each go.mod.
"""

import posixpath
import re
from sys import intern
from typing import NamedTuple

_QUOTES = str.maketrans("", "", '"`')
_MODULE = re.compile(rb'^module[ \t]+"?([^\s"]+)', re.MULTILINE)


class Replacement(NamedTuple):
    """Right side of a replace line: a local folder (relative to the checkout's top) or another module's version."""

    path: str
    version: str

    @property
    def local(self) -> bool:
        return not self.version


class Effective(NamedTuple):
    """What a build uses for a required module, and the line that says so.

    `version` is empty when the module is not required. A replacement is either a local `folder` (relative to the
    checkout's top; it may lie outside of it), whose version is then that of the requirement, or another module at
    `version`, whose path is `path`.
    """

    path: str
    version: str = ""
    source: str = ""
    folder: str | None = None


class Module(NamedTuple):
    """One go.mod. `directory` is relative to the checkout's top ('' for the top itself).

    The key of a replace line is the module's path, or `path@version` when it is about one version only. `go` is the
    version in its go line.
    """

    path: str
    directory: str
    requires: dict[str, str]
    replaces: dict[str, Replacement]
    vendored: bool = False
    go: str = ""

    def effective(self, module: str, overrides: dict[str, Replacement] | None = None) -> Effective:
        """What a build of this module uses for `module`. `overrides` are the replace lines of go.work, which win.

        A requirement may be a placeholder (v0.0.0-00010101000000-000000000000) when a replace sets the version; one
        marked `// indirect` counts like any other, since the go command takes an import of it.
        """
        required = self.requires.get(module, "")
        if not required:
            return Effective(module)
        for replaces, where in ((overrides or {}, "go.work"), (self.replaces, self._file)):
            found = replaces.get(f"{module}@{required}") or replaces.get(module)
            if found is not None:
                source = f"replace in {where} (required: {required})"
                if found.local:
                    return Effective(module, required, source, found.path)
                return Effective(found.path, found.version, source)
        return Effective(module, required, f"require in {self._file}")

    @property
    def _file(self) -> str:
        return posixpath.join(self.directory, "go.mod")


class GoWork(NamedTuple):
    directory: str
    uses: frozenset[str]
    replaces: dict[str, Replacement]
    vendored: bool = False
    go: str = ""


def parse_go_mod(text: str, directory: str, *, vendored: bool = False) -> Module:
    path = go = ""
    requires: dict[str, str] = {}
    replaces: dict[str, Replacement] = {}
    for verb, words in _directives(text):
        if verb == "module" and words:
            path = words[0]
        elif verb == "require" and len(words) >= 2:
            # The modules of a checkout, and copies of one, require much the same.
            requires[intern(words[0])] = intern(words[1])
        elif verb == "replace":
            _add_replacement(replaces, words, directory)
        elif verb == "go" and words:
            go = words[0]
    return Module(path, directory, requires, replaces, vendored, go)


def parse_go_work(text: str, directory: str, *, vendored: bool = False) -> GoWork:
    go = ""
    uses: list[str] = []
    replaces: dict[str, Replacement] = {}
    for verb, words in _directives(text):
        if verb == "use" and words:
            uses.append(join(directory, words[0]))
        elif verb == "replace":
            _add_replacement(replaces, words, directory)
        elif verb == "go" and words:
            go = words[0]
    return GoWork(directory, frozenset(uses), replaces, vendored, go)


def declared_path(go_mod: bytes) -> bytes:
    """The path in the module line of a go.mod, without parsing the rest; b"" when there is none."""
    found = _MODULE.search(go_mod)
    return found[1] if found is not None else b""


def join(directory: str, relative: str) -> str:
    """A path of go.mod or go.work relative to the checkout's top; starts with '..' when it leaves the checkout."""
    joined = posixpath.normpath(posixpath.join(directory, relative))
    return "" if joined == "." else joined


def _add_replacement(replaces: dict[str, Replacement], words: list[str], directory: str) -> None:
    if "=>" not in words:
        return
    arrow = words.index("=>")
    left, right = words[:arrow], words[arrow + 1 :]
    if not left or not right:
        return
    local = len(right) == 1
    target = join(directory, right[0]) if local else right[0]
    replaces["@".join(left[:2])] = Replacement(target, "" if local else right[1])


def _directives(text: str) -> list[tuple[str, list[str]]]:
    found = []
    block = ""
    for raw in text.split("\n"):
        line = raw.partition("//")[0].translate(_QUOTES).strip()
        if not line:
            continue
        if line == ")":
            block = ""
            continue
        words = line.split()
        if block:
            found.append((block, words))
        elif words[-1] == "(" or words[0].endswith("("):
            block = words[0].rstrip("(")
        else:
            found.append((words[0], words[1:]))
    return found
