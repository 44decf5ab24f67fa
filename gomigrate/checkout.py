"""A checkout on disk: which Go files and module files it holds, and their bytes, read safely.

A checkout may be hostile: symlinks are never followed, only regular files inside the given folder are read, and
what cannot be read or is too large becomes a note, never an error.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from gomigrate.errors import UserError
from gomigrate.model import Note
from gomigrate.plain_files import Below

MAX_FILE = 8 * 1024 * 1024
CACHE_BUDGET = 24 * 1024 * 1024
# Where another process goes through all files.
SMALL_BUDGET = 2 * 1024 * 1024
# Larger packages of vendor/ are not looked into: each name that is asked for may be looked for in all of their bytes.
MAX_VENDORED = 4 * 1024 * 1024
_SOME_FILES = 500
# A pipe that bears the name of a file does not stop us.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_SKIPPED_FOLDERS = frozenset({"node_modules", "testdata"})
_MODULE_FILES = frozenset({"go.mod", "go.work"})
# Files beside the Go code that may name finalizers: manifests, scripts, documentation.
_COMPANIONS = (
    *(".yaml", ".yml", ".json", ".tpl", ".gotmpl", ".jsonnet", ".libsonnet", ".cue", ".rego", ".lua"),
    *(".py", ".pyi", ".sh", ".bash", ".bats", ".js", ".ts", ".tsx", ".md", ".rst", ".adoc", ".txt"),
)
_COMPANION_NAMES = frozenset({"Makefile", "Tiltfile", "Dockerfile", "Jenkinsfile"})
# History is not rewritten, and locks are nobody's to edit.
_NO_COMPANIONS = frozenset({"CHANGELOG.md", "CHANGES.md", "HISTORY.md", "package.json", "package-lock.json"})
_GENERATED = re.compile(rb"^// Code generated .* DO NOT EDIT\.\r?$", re.MULTILINE)
_METHOD = re.compile(rb"func\s*\([^()]*\)\s*([^\s(){}\[\],]+)\s*\(")


def is_searched(path: str) -> bool:
    """Whether a walk gets to a Go file: not below vendor, testdata and hidden folders."""
    *folders, name = path.split("/")
    return name[0] not in "._" and not any(f[0] in "._" or f == "vendor" or f in _SKIPPED_FOLDERS for f in folders)


def is_searched_go(path: str) -> bool:
    """Whether a path is a Go file of the checkout's own packages."""
    return path.endswith(".go") and is_searched(path)


def is_generated(source: bytes) -> bool:
    """Whether a Go file is, by the convention of https://go.dev/s/generatedcode: the line stands before the package
    clause."""
    package = source.find(b"\npackage ")
    return bool(_GENERATED.search(source[: package if package >= 0 else 4096]))


def _is_compiled(name: str) -> bool:
    return name.endswith(".go") and not name.endswith("_test.go") and name[0] not in "._"


def _is_companion(name: str) -> bool:
    known = name.endswith(_COMPANIONS) or name in _COMPANION_NAMES
    return known and name[0] not in "._" and name not in _NO_COMPANIONS


class Checkout:
    """The files of one checkout. Paths are relative to `top`, with slashes."""

    def __init__(self, top: Path, *, walk: bool = True, listed: tuple[list[str], ...] | None = None) -> None:
        """With `walk` off nothing is listed ahead: folders are looked at when they are asked for. `listed` is what an
        earlier walk found: Go files, module files, vendor folders, companions, symbolic links with the names of Go
        files."""
        self.top = top
        self.walked = walk
        self.notes: list[Note] = []
        self.go_files: list[str] = []
        self.module_files: list[str] = []
        self.vendor_folders: list[str] = []
        self.companion_files: list[str] = []
        self.links: list[str] = []
        # What runs `holding` and `declaring` in another process, which has read the files already.
        self.elsewhere: Callable[..., Any] | None = None
        self._prefix = os.fspath(top) + os.sep
        self._below = Below(self._prefix)
        self._cache: dict[str, bytes] = {}
        self._cached = 0
        self._by_folder: dict[str, list[str]] = {}
        self._vendored: dict[str, list[str]] = {}
        self._inside: dict[str, bool] = {}
        # Name of a method -> files that declare one, of so many that were looked at.
        self._methods: dict[bytes, list[str]] = {}
        self._listed = 0
        if listed is not None:
            self.go_files, self.module_files, self.vendor_folders, self.companion_files, self.links = listed
        elif walk:
            self._walk(os.fspath(top), "")
            self.go_files.sort()
            self.companion_files.sort()
        if walk:
            for path in self.go_files:
                self._by_folder.setdefault(path.rpartition("/")[0], []).append(path)

    def read(self, path: str, keep: bool = True) -> bytes | None:
        """The bytes of a file, or None with a note when it cannot or should not be read. With `keep` off they are not
        held on to."""
        cached = self._cache.get(path)
        if cached is not None:
            return cached
        try:
            descriptor = self._below.open(path, _FLAGS)
        except OSError as error:
            self._note(path, f"cannot be read: {error.strerror}; skipped")
            return None
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                self._note(path, "is no regular file; skipped")
                return None
            if status.st_size > MAX_FILE:
                self._note(path, f"is larger than {MAX_FILE // 1024 // 1024} MiB; skipped")
                return None
            data = os.read(descriptor, status.st_size)
        except OSError as error:
            self._note(path, f"cannot be read: {error.strerror}; skipped")
            return None
        finally:
            os.close(descriptor)
        if keep:
            self.keep(path, data)
        return data

    def keep(self, path: str, data: bytes) -> None:
        """Holds on to the bytes of a file that were read, as far as there is room."""
        budget = CACHE_BUDGET if self.elsewhere is None else SMALL_BUDGET
        if path not in self._cache and self._cached + len(data) <= budget:
            self._cache[path] = data
            self._cached += len(data)

    def holding(self, wanted: Mapping[bytes, bytes], paths: Iterable[str] | None = None) -> dict[bytes, list[str]]:
        """For each word, the Go files, or those among `paths`, that hold it in the way that its regular expression
        says. Nothing is parsed here: bytes are found first."""
        if paths is None and self.elsewhere is not None:
            return dict(self.elsewhere("holding", dict(wanted)))
        found: dict[bytes, list[str]] = {word: [] for word in wanted}
        for path in self.go_files if paths is None else paths:
            data = self.read(path)
            if data is not None:
                for word, pattern in wanted.items():
                    if word in data and re.search(pattern, data):
                        found[word].append(path)
        return found

    def declaring(self, method: str) -> list[str]:
        """The Go files that declare a method of this name, and perhaps some more. All files are read for the first
        one."""
        if self.elsewhere is not None:
            return list(self.elsewhere("declaring", method))
        while self.list_methods():
            pass
        return self._methods.get(method.encode(), [])

    def list_methods(self) -> bool:
        """Looks for methods in some more files, and says whether others are left."""
        some = self.go_files[self._listed : self._listed + _SOME_FILES]
        for path in some:
            for name in set(_METHOD.findall(self.read(path) or b"")):
                self._methods.setdefault(name, []).append(path)
        self._listed += len(some)
        return self._listed < len(self.go_files)

    def go_files_in(self, folder: str) -> list[str]:
        if folder not in self._by_folder:
            if folder in self._vendored:
                return self._vendored[folder]
            self._by_folder[folder] = [] if self.walked else self._list(folder)
        return self._by_folder[folder]

    def vendored_files_in(self, folder: str) -> list[str]:
        """The Go files of a package below a vendor folder, tests aside; none where one of them could not be read, or
        all of them are too large. Nothing is said of it: these files are not the checkout's own."""
        if folder not in self._vendored:
            self._vendored[folder] = self._list_vendored(folder) if self._is_inside(folder) else []
        return self._vendored[folder]

    def _list_vendored(self, folder: str) -> list[str]:
        try:
            found = sorted((e.name, e) for e in os.scandir(self._prefix + folder) if _is_compiled(e.name))
            plain = all(e.is_file(follow_symlinks=False) for _, e in found)
            if not plain or sum(e.stat(follow_symlinks=False).st_size for _, e in found) > MAX_VENDORED:
                return []
        except OSError:
            return []
        paths = [f"{folder}/{name}" for name, _ in found]
        return paths if all(self.read_quietly(path) is not None for path in paths) else []

    def read_quietly(self, path: str) -> bytes | None:
        """As `read`, without a note."""
        count = len(self.notes)
        data = self.read(path)
        del self.notes[count:]
        return data

    def has_vendor_folder(self, folder: str) -> bool:
        """Whether a folder has a vendor folder, and no link for one."""
        vendor = f"{folder}/vendor" if folder else "vendor"
        if self.walked:
            return vendor in self.vendor_folders
        return self._is_inside(vendor) and os.path.isdir(self._prefix + vendor)

    def folders(self) -> list[list[str]]:
        """The Go files that a walk has found, by folder."""
        return list(self._by_folder.values())

    def links_in(self, folder: str) -> list[str]:
        """Symbolic links with the names of Go files: they are not read here, but Go compiles what they lead to."""
        return [path for path in self.links if path.rpartition("/")[0] == folder]

    def _is_inside(self, folder: str) -> bool:
        """Whether a folder is one of the checkout, and no symlink on the way to it leads elsewhere."""
        known = self._inside.get(folder)
        if known is None:
            path = os.path.normpath(self._prefix + folder)
            known = os.path.realpath(path) == path and f"{path}{os.sep}".startswith(self._prefix)
            self._inside[folder] = known
        return known

    def _list(self, folder: str) -> list[str]:
        if not self._is_inside(folder):
            return []
        relative = f"{folder}/" if folder else ""
        try:
            entries = list(os.scandir(self._prefix + folder))
        except OSError:
            return []
        names = (e.name for e in entries if e.name.endswith(".go") and e.name[0] not in "._")
        inside = {e.name: e for e in entries}
        return sorted(relative + n for n in names if self._is_regular(inside[n], relative))

    def has_module_file(self, path: str) -> bool:
        if self.walked:
            return path in self.module_files
        if not self._is_inside(path.rpartition("/")[0]):
            return False
        return os.path.isfile(self._prefix + path) and not os.path.islink(self._prefix + path)

    def exists(self, path: str) -> bool:
        return os.path.lexists(self._prefix + path)

    def _note(self, path: str, text: str) -> None:
        note = Note(path, text)
        if note not in self.notes:
            self.notes.append(note)

    def _walk(self, folder: str, relative: str) -> None:
        stack = [(folder, relative)]
        while stack:
            folder, relative = stack.pop()
            try:
                entries = list(os.scandir(folder))
            except OSError as error:
                if not relative:
                    raise UserError(f"{folder}: cannot be read: {error.strerror}") from None
                self._note(relative[:-1], f"cannot be read: {error.strerror}; skipped")
                continue
            if relative and any(e.name == ".git" for e in entries):
                self._note(relative[:-1], "is a repository of its own; skipped")
                continue
            for entry in entries:
                name = entry.name
                if name.endswith(".go"):
                    if name[0] not in "._" and self._is_regular(entry, relative):
                        self.go_files.append(relative + name)
                elif name in _MODULE_FILES:
                    if self._is_regular(entry, relative):
                        self.module_files.append(relative + name)
                elif name[0] not in "._" and entry.is_dir(follow_symlinks=False):
                    if name == "vendor":
                        self.vendor_folders.append(relative + name)
                    elif name not in _SKIPPED_FOLDERS:
                        stack.append((entry.path, f"{relative}{name}/"))
                elif _is_companion(name) and entry.is_file(follow_symlinks=False):
                    self.companion_files.append(relative + name)

    def _is_regular(self, entry: os.DirEntry[str], relative: str) -> bool:
        if entry.is_file(follow_symlinks=False):
            return True
        if entry.is_dir(follow_symlinks=False):
            return False
        kind = "symbolic link" if entry.is_symlink() else "special file"
        self._note(relative + entry.name, f"is a {kind}; skipped")
        if entry.is_symlink() and entry.name.endswith(".go"):
            self.links.append(relative + entry.name)
        return False
