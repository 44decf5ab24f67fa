"""go.mod and go.work: which module a folder belongs to, what it requires, and which version its build really uses.

Facts: https://go.dev/ref/mod (go.mod file syntax, replace, workspaces). Inside a workspace the replace lines of
go.work win over those of each go.mod.
"""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple

_COMMENT = re.compile(r"\s*//.*$")


class Replacement(NamedTuple):
    """Right side of a replace line: a local folder (relative to the checkout's top) or another module's version."""

    old_version: str
    path: str
    version: str

    @property
    def local(self) -> bool:
        return not self.version


class Module(NamedTuple):
    """One go.mod. `directory` is relative to the checkout's top ('' for the top itself)."""

    path: str
    directory: str
    requires: dict[str, str]
    replaces: dict[str, Replacement]
    vendored: bool = False

    def effective(self, module: str, overrides: dict[str, Replacement] | None = None) -> tuple[str, str]:
        """The version of `module` that a build of this module uses, and the line it rests on; ('', '') when absent.

        A requirement may be a placeholder (v0.0.0-00010101000000-000000000000) when a replace sets the version.
        A version that starts with '/' or '.' stands for a local folder.
        """
        required = self.requires.get(module, "")
        replacement = (overrides or {}).get(module) or self.replaces.get(module)
        if not required:
            return "", ""
        if replacement and replacement.old_version in ("", required):
            what = f"replace in {self._file}" if not (overrides or {}).get(module) else "replace in go.work"
            return (replacement.version or f"./{replacement.path}"), f"{what} (required: {required})"
        return required, f"require in {self._file}"

    @property
    def _file(self) -> str:
        return posixpath.join(self.directory, "go.mod")


class GoWork(NamedTuple):
    directory: str
    uses: tuple[str, ...]
    replaces: dict[str, Replacement]


def parse_go_mod(text: str, directory: str, *, vendored: bool = False) -> Module:
    path = ""
    requires: dict[str, str] = {}
    replaces: dict[str, Replacement] = {}
    for verb, words in _directives(text):
        if verb == "module" and words:
            path = words[0]
        elif verb == "require" and len(words) >= 2:
            requires[words[0]] = words[1]
        elif verb == "replace":
            _add_replacement(replaces, words, directory)
    return Module(path, directory, requires, replaces, vendored)


def parse_go_work(text: str, directory: str) -> GoWork:
    uses: list[str] = []
    replaces: dict[str, Replacement] = {}
    for verb, words in _directives(text):
        if verb == "use" and words:
            uses.append(join(directory, words[0]))
        elif verb == "replace":
            _add_replacement(replaces, words, directory)
    return GoWork(directory, tuple(uses), replaces)


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
    old_version = left[1] if len(left) > 1 else ""
    replaces[left[0]] = Replacement(old_version, target, "" if local else right[1])


def _directives(text: str) -> list[tuple[str, list[str]]]:
    found = []
    block = ""
    for raw in text.splitlines():
        line = _COMMENT.sub("", raw).strip()
        if not line:
            continue
        if line == ")":
            block = ""
            continue
        words = [w.strip('"`') for w in line.split()]
        if block:
            found.append((block, words))
        elif words[-1] == "(" or words[0].endswith("("):
            block = words[0].rstrip("(")
        else:
            found.append((words[0], words[1:]))
    return found
