"""The Go side of a checkout: modules, packages and import paths, with files parsed on demand.

A parsed file takes twenty times the bytes of its source, so that files are not kept for good. One lives for as long as
somebody holds it, and the last ones asked for a while longer; whoever asks later gets it parsed anew. Of the nodes of a
file only their places are the same then. So whoever keeps a node keeps its file as well: a path has one living file at
a time, and nodes of one file can be compared. What is kept of a file that may go is plain: paths, places, texts, types.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from functools import cache
from itertools import accumulate, chain
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakValueDictionary

from tree_sitter import Node

from gomigrate.checkout import Checkout
from gomigrate.errors import UserError, printable
from gomigrate.go.modules import GoWork, Module, Replacement, join, parse_go_mod, parse_go_work
from gomigrate.go.syntax import SourceFile, Value, declared_package
from gomigrate.go.validity import odd_character
from gomigrate.model import Note

if TYPE_CHECKING:
    from gomigrate.go.vendored import Package, Vendor

_Answer = TypeVar("_Answer")
# Bytes that have been parsed. A tree takes twenty times as many, and what a checkout like Flyte's is asked for fits in.
MAX_RECENT = 400_000
_MANY_FILES = 16
_SMALL_PACKAGE = 1 << 20
_MOST_JOINED = 32
_OFTEN = 1000
_ANYTHING = (b"",)
_WORDS = rb"(?:append|cap|copy|len|make|panic|string|true|false|nil)"
_PREDECLARED = re.compile(rb"\b%b\b" % _WORDS)
# What begins a declaration of such a word, or, with nothing but blanks before it, may do so in a group. One byte is
# looked for twice as quickly as one of two.
_DECLARES = [
    re.compile(rb"%b(?:[ \t]*(?:var|const|type|func)[ \t(]+|([ \t]+))(?:\w+[ \t]*,[ \t]*)*%b\b" % (before, _WORDS))
    for before in (b"\n", b";")
]
# In a group its type or value follows.
_BEHIND_DECLARED = re.compile(rb"(?:[ \t]*,[ \t]*\w+)*(?:[ \t]*=[^=]|[ \t]+[\w*\[(])")


class Workspace:
    """Modules, packages and parsed files of one checkout. A package is named by its folder, '' for the top."""

    def __init__(self, checkout: Checkout) -> None:
        self.checkout = checkout
        self.modules: dict[str, Module] = {}
        self.work: GoWork | None = None
        # Whether a module has a vendor folder; folders of the packages there that were asked for; and those of them
        # that cannot be wholly understood.
        self.has_vendor = False
        self.vendored: dict[str, Package] = {}
        self.spoilt: set[str] = set()
        # Files by path, for as long as somebody holds one; `_recent` holds those that were asked for last.
        self._files: WeakValueDictionary[str, SourceFile] = WeakValueDictionary()
        self._recent: dict[str, tuple[SourceFile, int]] = {}
        self._held = 0
        # By path, a hash of the bytes that were parsed.
        self._read: dict[str, int] = {}
        # Those that parse as a whole, and those that are not to be used.
        self._parsed: set[str] = set()
        self._skipped: set[str] = set()
        self._package_names: dict[str, str] = {}
        self._looked: set[str] = set()
        self._joined: dict[str, tuple[bytes, list[int]] | None] = {}
        # Words that the joined bytes of a package do not hold.
        self._absent: set[tuple[str, bytes]] = set()
        # Caches of this workspace, and not of its class: those would keep every workspace for ever.
        self.module_of = cache(self._module_of)
        self.folder_of = cache(self._folder_of)
        self.vendored_folder_of = cache(self._vendored_folder_of)
        self._vendor_of = cache(self._find_vendor)
        self.places = cache(self._places)
        self.versions = cache(self._versions)
        self._function_file = cache(self._find_function)
        self._value_file = cache(self._find_value)
        self._type_file = cache(self._find_type)
        self.redeclared = cache(self._redeclared)
        for path in sorted(checkout.module_files):
            folder, _, name = path.rpartition("/")
            if name == "go.mod":
                self._load_module(folder)
            else:
                self._load_work(folder)

    def _load_module(self, folder: str) -> None:
        data = self.checkout.read(join(folder, "go.mod"))
        if data is not None:
            vendored = self.checkout.has_vendor_folder(folder)
            self.has_vendor |= vendored
            self.modules[folder] = parse_go_mod(data.decode("utf-8", "replace"), folder, vendored=vendored)

    def _load_work(self, folder: str) -> None:
        data = self.checkout.read(join(folder, "go.work"))
        if data is not None and (self.work is None or len(folder) < len(self.work.directory)):
            vendored = self.checkout.has_vendor_folder(folder)
            self.has_vendor |= vendored
            self.work = parse_go_work(data.decode("utf-8", "replace"), folder, vendored=vendored)

    # -- files and packages ---------------------------------------------------------------------------------

    def file(self, path: str) -> SourceFile | None:
        """The parsed file; None (with a note) when it cannot be read, is not UTF-8 or has syntax errors.

        Raises UserError when it has been read before and has changed since then.
        """
        found = self._opened(path)
        if found is None or path in self._parsed:
            return found
        if found.has_error or not found.package_name:
            node = found.first_error
            line, column = found.position(node.start_byte if node else 0)
            self._skip(path, Note(f"{path}:{line}:{column}", "has a syntax error; the file is skipped"))
        elif found.is_too_deep:
            self._skip(path, Note(path, "is nested too deeply; the file is skipped"))
        else:
            self._parsed.add(path)
        return None if path in self._skipped else found

    def _opened(self, path: str) -> SourceFile | None:
        """The file, parsed or not; None (with a note) when it is known that it is not to be used."""
        if path in self._skipped:
            return None
        found = self._recent[path][0] if path in self._recent else self._files.get(path)
        if found is None:
            count = len(self.checkout.notes)
            found = self._opened_again(path) if path in self._read else self._opened_first(path)
            if found is None:
                if path.rpartition("/")[0] in self.vendored:
                    del self.checkout.notes[count:]
                self._skip(path)
                return None
            self._files[path] = found
        self._hold(found)
        return found

    def _hold(self, file: SourceFile) -> None:
        """Keeps a file that is asked for, and lets those go that nobody asked for any more."""
        _, before = self._recent.pop(file.path, (file, 0))
        self._recent[file.path] = file, file.weight
        self._held += file.weight - before
        while self._held > MAX_RECENT:
            self._held -= self._recent.pop(next(iter(self._recent)))[1]

    def _opened_again(self, path: str) -> SourceFile | None:
        data = self.checkout.read(path)
        if data is None or hash(data) != self._read[path]:
            raise UserError(f"{printable(path)}: was changed while it was looked at; nothing was written. Run again.")
        return SourceFile(path, data)

    def _opened_first(self, path: str) -> SourceFile | None:
        data = self.checkout.read(path)
        if data is None:
            return None
        if b"\0" in data:
            self.checkout.notes.append(Note(path, "is binary (it holds a NUL byte); skipped"))
            return None
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            self.checkout.notes.append(Note(f"{path}:{line}", "is not valid UTF-8; the file is skipped"))
            return None
        odd = -1 if data.isascii() else odd_character(data)
        if odd >= 0:
            line, column = data.count(b"\n", 0, odd) + 1, odd - data.rfind(b"\n", 0, odd)
            known = "holds a character that Go takes in comments and strings only; the file is skipped"
            self.checkout.notes.append(Note(f"{path}:{line}:{column}", known))
            return None
        self._read[path] = hash(data)
        return SourceFile(path, data)

    def _skip(self, path: str, note: Note | None = None) -> None:
        """Never uses a file again. What vendor/ holds is nobody's concern: its package is not understood then."""
        self._skipped.add(path)
        folder = path.rpartition("/")[0]
        if folder in self.vendored:
            self.spoilt.add(folder)
        elif note is not None:
            self.checkout.notes.append(note)

    def methods(self, path: str, name: str) -> tuple[SourceFile, list[Node]] | None:
        """The methods of a name that a file declares; None when it is not read."""
        return self._asked(path, lambda file: file.methods_named(name))

    def around(self, path: str, offset: int) -> tuple[SourceFile, Node] | None:
        """The smallest node at a byte of a file."""
        return self._asked(path, lambda file: file.around(offset))

    def _asked(self, path: str, question: Callable[[SourceFile], _Answer | None]) -> tuple[SourceFile, _Answer] | None:
        """A file and what it says, for which no more of it is parsed than that takes; None (with a note) when it is not
        to be used, or says nothing."""
        file = self._opened(path)
        answer = question(file) if file is not None else None
        return (file, answer) if file is not None and answer is not None and self._is_sound(file) else None

    def _is_sound(self, file: SourceFile) -> bool:
        """Whether all that has been parsed of a file can be used; else it never will be, and there is a note."""
        return bool(file.package_name and not file.is_whole) or self.file(file.path) is not None

    def _paths_holding(
        self, folder: str, word: bytes, before: tuple[bytes, ...], after: tuple[bytes, ...]
    ) -> list[str]:
        """The files of a package that hold the word, behind one of `before` and in front of one of `after`."""
        paths = self.checkout.go_files_in(folder)
        joined = self._joined_files(folder)
        if joined is not None:
            # Every type of a package is asked for the same few methods, which most packages do not have at all.
            if (folder, word) in self._absent:
                return []
            if word not in joined[0]:
                self._absent.add((folder, word))
                return []
            return [paths[n] for n in _holding(*joined, word, before, after)]
        return [p for p in paths if _holding(self.checkout.read(p) or b"", [0], word, before, after)]

    def _joined_files(self, folder: str) -> tuple[bytes, list[int]] | None:
        """The bytes of a package of many small files in one piece, and where each file begins: thousands of names are
        looked up in some packages. None where that would not pay."""
        if folder not in self._joined:
            if len(self._joined) >= _MOST_JOINED:
                self._joined.clear()
            paths = self.checkout.go_files_in(folder)
            parts = [self.checkout.read(p) or b"" for p in paths] if len(paths) >= _MANY_FILES else []
            data = b"\0".join(parts)
            ends = accumulate(len(part) + 1 for part in parts)
            self._joined[folder] = (data, [0, *ends][:-1]) if 0 < len(data) <= _SMALL_PACKAGE else None
        return self._joined[folder]

    def package_name(self, folder: str) -> str:
        """The name in the package clauses of a folder (tests aside); '' when there is no Go file."""
        if folder not in self._package_names:
            self._package_names[folder] = self._read_package_name(folder)
        return self._package_names[folder]

    def _read_package_name(self, folder: str) -> str:
        for path in self.checkout.go_files_in(folder):
            if not path.endswith("_test.go"):
                name = declared_package(self.checkout.read(path) or b"")
                if name:
                    return name
        return ""

    # -- modules and import paths ---------------------------------------------------------------------------

    def _module_of(self, folder: str) -> Module | None:
        """The module a folder belongs to: the nearest go.mod at or above it; of one in vendor/ a module that builds
        with it."""
        if folder in self.vendored:
            return self.modules[self.vendored[folder].module]
        above = [folder]
        while above[-1]:
            above.append(above[-1].rpartition("/")[0])
        if not self.checkout.walked:
            for current in above:
                self._look(current)
        return next((self.modules[current] for current in above if current in self.modules), None)

    def _look(self, folder: str) -> None:
        """Loads the module files of a folder that no walk has found."""
        if folder in self._looked:
            return
        self._looked.add(folder)
        if self.checkout.has_module_file(join(folder, "go.mod")):
            self._load_module(folder)
        if self.checkout.has_module_file(join(folder, "go.work")):
            before = self.work
            self._load_work(folder)
            if self.work is not None and self.work is not before:
                for used in sorted(self.work.uses):
                    self._look(used)

    def import_path(self, folder: str) -> str:
        """The path by which other packages import this folder; the folder itself outside of any module."""
        module = self.module_of(folder)
        if module is None:
            return folder
        rest = folder[len(module.directory) :].strip("/")
        return f"{module.path}/{rest}" if rest else module.path

    def _folder_of(self, import_path: str, importer: str) -> str | None:
        """The folder of the checkout that `import_path` means in package `importer`, by go.mod and go.work.

        None when the package is not in the checkout. A suffix that merely looks alike is no match.
        """
        module = self.module_of(importer)
        if module is None:
            return None
        places, path = self.places(module.directory), import_path
        while path and path not in places:
            path = path.rpartition("/")[0]
        if not path:
            return None
        folder = f"{places[path]}/{import_path[len(path) + 1 :]}".strip("/")
        return folder if self.checkout.go_files_in(folder) else None

    def _vendored_folder_of(self, import_path: str, importer: str) -> str | None:
        """The folder below vendor/ from which the build of package `importer` takes another module's package.

        None when it takes it from elsewhere, when not all of its files can be read, and for what is known by name.
        What stands there is only ever read.
        """
        from gomigrate.go.vendored import Package, agrees, is_read

        module = self.module_of(importer)
        vendor = self._vendor_of(module.directory) if module is not None and is_read(import_path) else None
        heading = vendor.packages.get(import_path) if vendor is not None else None
        if module is None or vendor is None or heading is None:
            return None
        folder = join(vendor.folder, import_path)
        if folder in self.vendored:
            return folder
        together = [module, *self.beside(module)]
        if not agrees(heading, together, self.overrides(module)) or not self.checkout.vendored_files_in(folder):
            return None
        self.vendored[folder] = Package(import_path, module.directory)
        return folder

    def _find_vendor(self, directory: str) -> Vendor | None:
        """The vendor folder that the build of a module uses."""
        from gomigrate.go.vendored import Vendor, is_chosen, parse_modules_txt

        module, work = self.modules[directory], self.work
        shared = work is not None and directory in work.uses
        home = work if work is not None and shared else module
        if not home.vendored or not is_chosen(home.go):
            return None
        folder = join(home.directory, "vendor")
        data = self.checkout.read_quietly(f"{folder}/modules.txt")
        if data is None or data.startswith(b"## workspace") is not shared:
            return None
        return Vendor(folder, parse_modules_txt(data.decode("utf-8", "replace")))

    def _places(self, directory: str) -> dict[str, str]:
        """The modules of the checkout that the one in a folder builds with: path -> folder."""
        module = self.modules[directory]
        places = {module.path: directory}
        for other in self.beside(module):
            places.setdefault(other.path, other.directory)
        for key, replacement in {**module.replaces, **self.overrides(module)}.items():
            path, _, version = key.partition("@")
            if replacement.local and version in ("", module.requires.get(path)):
                places.setdefault(path, replacement.path)
        return places

    def _versions(self, path: str) -> frozenset[str]:
        """The versions of a module that the checkout's modules build with; "" for those that do not require it."""
        found = (module.effective(path, self.overrides(module)) for module in self.modules.values())
        return frozenset(used.version for used in found if used.folder is None and used.path == path)

    def overrides(self, module: Module) -> dict[str, Replacement]:
        """Replace lines of go.work that are in force for this module."""
        return self.work.replaces if self.work and module.directory in self.work.uses else {}

    def beside(self, module: Module) -> list[Module]:
        """The other modules that go.work puts into one workspace with this one."""
        if self.work is None or module.directory not in self.work.uses:
            return []
        return [m for m in self.modules.values() if m.directory in self.work.uses and m is not module]

    def may_import(self, importer: str, folder: str) -> bool:
        """Whether package `importer` can import `folder` without a change to any go.mod."""
        module, target = self.module_of(importer), self.module_of(folder)
        if module is None or target is None:
            return False
        if not _internal_allows(self.import_path(folder), self.import_path(importer)):
            return False
        if module.directory == target.directory:
            return True
        if self.folder_of(self.import_path(folder), importer) != folder:
            return False
        in_work = self.work is not None and {module.directory, target.directory} <= self.work.uses
        return in_work or target.path in module.requires

    # -- symbols --------------------------------------------------------------------------------------------

    def function(self, folder: str, receiver: str, name: str) -> tuple[SourceFile, Node] | None:
        """A function (receiver '') or method declared in a package; None when there is none, or more than one.

        Build-tagged files may declare the same function twice with different bodies: that is not one meaning.
        """
        path = self._function_file(folder, receiver, name)
        return self._asked(path, lambda file: next(iter(file.functions_named(receiver, name)), None)) if path else None

    def has_function(self, folder: str, receiver: str, name: str) -> bool:
        """Whether `function` finds one."""
        return bool(self._function_file(folder, receiver, name))

    def _find_function(self, folder: str, receiver: str, name: str) -> str:
        found = []
        before = (f"{receiver}) ".encode(), b"]) ") if receiver else (b"func ",)
        for path in self._paths_holding(folder, name.encode(), before, (b"(", b"[")):
            asked = self._asked(path, lambda file: file.count_functions(receiver, name))
            found += [path] * asked[1] if asked is not None else []
        return found[0] if len(found) == 1 else ""

    def value(self, folder: str, name: str) -> tuple[SourceFile, Value] | None:
        """A constant or variable at package level; None when there is none, or more than one."""
        path = self._value_file(folder, name)
        return self._value_in(path, name) if path else None

    def _value_in(self, path: str, name: str) -> tuple[SourceFile, Value] | None:
        return self._asked(path, lambda file: file.value_named(name))

    def _find_value(self, folder: str, name: str) -> str:
        # How a declaration can begin, so that a mere use is not worth a parse.
        before = (b"const ", b"var ", b"\t", b", ", b"(", b"; ")
        holding = self._paths_holding(folder, name.encode(), before, (b" ", b",", b"\n", b"\r"))
        found = [path for path in holding if self._value_in(path, name) is not None]
        return found[0] if len(found) == 1 else ""

    def type_spec(self, folder: str, name: str) -> tuple[SourceFile, Node] | None:
        """A declared type: its type_spec or type_alias."""
        path = self._type_file(folder, name)
        return self._type_in(path, name) if path else None

    def _type_in(self, path: str, name: str) -> tuple[SourceFile, Node] | None:
        return self._asked(path, lambda file: file.type_named(name))

    def _find_type(self, folder: str, name: str) -> str:
        # Most types stand in a declaration of their own; only then are fewer files worth a parse.
        alone, in_group = (b"type ",), (b"\t", b"(", b"; ")
        for before, after in ((alone, (b"",)), (in_group, (b" ", b"\t"))):
            for path in self._paths_holding(folder, name.encode(), before, after):
                if self._type_in(path, name) is not None:
                    return path
        return ""

    def _redeclared(self, folder: str) -> frozenset[str]:
        """Predeclared names that a package declares for itself, or may, where a file cannot be parsed."""
        found: set[str] = set()
        for path in self.checkout.go_files_in(folder):
            data = self.checkout.read(path) or b""
            names = {
                word.decode()
                for match in chain.from_iterable(pattern.finditer(data) for pattern in _DECLARES)
                if match[1] is None or _BEHIND_DECLARED.match(data, match.end())
                for word in _PREDECLARED.findall(match[0])
            }
            found |= {name for name in names if self._may_declare(path, name)}
        return frozenset(found)

    def _may_declare(self, path: str, name: str) -> bool:
        file = self._opened(path)
        if file is None:
            return True
        declares = file.value_named(name) or file.type_named(name) or file.count_functions("", name)
        return bool(declares) or not self._is_sound(file)


def _holding(
    data: bytes, begins: list[int], word: bytes, before: tuple[bytes, ...], after: tuple[bytes, ...]
) -> list[int]:
    """Which of the files that are joined in `data`, and begin there, hold a word behind and in front of such texts."""
    if len(before) == 1:
        word, before = before[0] + word, _ANYTHING
    found: list[int] = []
    tries = 0
    at = data.find(word)
    while at >= 0:
        then = at + 1
        if data.endswith(before, 0, at) and data.startswith(after, at + len(word)):
            found.append(bisect_right(begins, at) - 1)
            if found[-1] + 1 == len(begins):
                break
            then = begins[found[-1] + 1]
        tries += 1
        if tries == _OFTEN and (before, after) != (_ANYTHING, _ANYTHING):
            # Where the word alone is everywhere it is looked for together with what is wanted around it.
            more = (
                [(b + word, after) for b in before] if before != _ANYTHING else [(word + a, _ANYTHING) for a in after]
            )
            return sorted({n for text, behind in more for n in _holding(data, begins, text, _ANYTHING, behind)})
        at = data.find(word, then)
    return found


def _internal_allows(imported: str, importer: str) -> bool:
    """The rule for internal packages (go help importpath): only code below the parent of `internal` may import."""
    parts = imported.split("/")
    if "internal" not in parts:
        return True
    last = len(parts) - 1 - parts[::-1].index("internal")
    parent = "/".join(parts[:last])
    return importer == parent or importer.startswith(parent + "/")
