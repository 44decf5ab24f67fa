"""What vendor/ declares is read where Go would take it from there and all of it can be read, and nowhere else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from test_scenarios import load

from gomigrate import packs
from gomigrate.checkout import MAX_FILE, MAX_VENDORED, Checkout
from gomigrate.go.vendored import parse_modules_txt
from gomigrate.go.workspace import Workspace
from gomigrate.model import Plan
from gomigrate.pipeline import plan_checkout

SHIPS = """package ships

import api "example.org/api/v1"

// Release lets a boat go.
func Release(boat *api.Boat) {
\tvar kept []string
\tfor _, f := range boat.Finalizers {
\t\tif f != api.BoatFinalizer {
\t\t\tkept = append(kept, f)
\t\t}
\t}
\tboat.Finalizers = kept
}
"""
API = "vendor/example.org/api/v1"
TYPES, MODULES = f"{API}/types.go", "vendor/modules.txt"
REQUIRED = "example.org/api v1.2.0"


def lay_out(top: Path) -> Path:
    for path, data in {**load("_vendored").input, "ships/ships.go": SHIPS.encode()}.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(data)
    return top


def plan(top: Path) -> Plan:
    return plan_checkout(top, packs.load("operators"))


def rewrite(path: str, old: str, new: str) -> Callable[[Path], None]:
    def do(top: Path) -> None:
        text = (top / path).read_text()
        assert old in text
        (top / path).write_text(text.replace(old, new))

    return do


def write(path: str, content: str | bytes) -> Callable[[Path], None]:
    def do(top: Path) -> None:
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(content.encode() if isinstance(content, str) else content)

    return do


def both(*steps: Callable[[Path], None]) -> Callable[[Path], None]:
    def do(top: Path) -> None:
        for step in steps:
            step(top)

    return do


def linked_folder(top: Path) -> None:
    (top / API).rename(top.parent / "elsewhere")
    (top / API).symlink_to(top.parent / "elsewhere")


def linked_folder_inside(top: Path) -> None:
    (top / "vendor/example.org").rename(top / "third_party")
    (top / "vendor/example.org").symlink_to("../third_party")


def linked_file(top: Path) -> None:
    (top / TYPES).rename(top.parent / "types.txt")
    (top / TYPES).symlink_to(top.parent / "types.txt")


def linked_vendor(top: Path) -> None:
    (top / "vendor").rename(top.parent / "vendor")
    (top / "vendor").symlink_to(top.parent / "vendor")


def sparse(path: str, size: int) -> Callable[[Path], None]:
    def do(top: Path) -> None:
        with (top / path).open("wb") as file:
            file.truncate(size)

    return do


def remove(path: str) -> Callable[[Path], None]:
    return lambda top: (top / path).unlink()


WORKSPACE = write("go.work", "go 1.22\n\nuse .\n")
OF_WORKSPACE = rewrite(MODULES, "# example.org", "## workspace\n# example.org")
REPLACED = "replace example.org/api => example.com/fork v1.3.0\n"
AWAY = "replace example.org/api => ../api\n"


def in_mod(text: str) -> Callable[[Path], None]:
    return rewrite("go.mod", "\nrequire", f"\n{text}\nrequire")


TAKEN = {
    "as it is": lambda top: None,
    "go 1.14": rewrite("go.mod", "go 1.21", "go 1.14"),
    "not required by itself": rewrite("go.mod", f"\t{REQUIRED}\n", ""),
    "replaced by another module": both(
        in_mod(REPLACED), rewrite(MODULES, f"# {REQUIRED}", f"# {REQUIRED} => example.com/fork v1.3.0")
    ),
    "replaced by a folder elsewhere": both(in_mod(AWAY), rewrite(MODULES, f"# {REQUIRED}", f"# {REQUIRED} => ../api")),
    "of a workspace": both(WORKSPACE, OF_WORKSPACE),
    "a test that is broken": write(f"{API}/types_test.go", "package v1\n}"),
    "no Go file that is broken": write(f"{API}/.x.go", "}"),
}
NOT_TAKEN = {
    "go 1.13": rewrite("go.mod", "go 1.21", "go 1.13"),
    "no go line": rewrite("go.mod", "go 1.21\n", ""),
    "no modules.txt": remove(MODULES),
    "not in modules.txt": rewrite(MODULES, "example.org/api/v1\n", ""),
    "of another version": rewrite(MODULES, REQUIRED, "example.org/api v1.1.0"),
    "replaced in go.mod alone": in_mod(REPLACED),
    "replaced by a folder in go.mod alone": in_mod(AWAY),
    "replaced in modules.txt alone": rewrite(MODULES, f"# {REQUIRED}", f"# {REQUIRED} => example.com/fork v1.3.0"),
    "of a module that is in a workspace": WORKSPACE,
    "of a workspace that is not there": OF_WORKSPACE,
    "of an old workspace": both(write("go.work", "go 1.13\n\nuse .\n"), OF_WORKSPACE),
    "a link for the folder": linked_folder,
    "a link further up": linked_folder_inside,
    "a link for a file": linked_file,
    "a link for vendor": linked_vendor,
    "a link beside": lambda top: (top / f"{API}/more.go").symlink_to("../../../../go.mod"),
    "a pipe": lambda top: os.mkfifo(top / f"{API}/more.go"),
    "a folder called like a file": lambda top: (top / f"{API}/more.go").mkdir(),
    "a huge file": sparse(f"{API}/more.go", 10 << 30),
    "large files": both(sparse(f"{API}/more.go", MAX_VENDORED // 2), sparse(f"{API}/less.go", MAX_VENDORED // 2)),
    "a huge modules.txt": lambda top: (top / MODULES).write_bytes((top / MODULES).read_bytes() + b"#" * MAX_FILE),
    "its methods are broken": write(f"{API}/more.go", "package v1\n\nfunc (b *Boat) GetFinalizers() []string {\n"),
    "its methods are binary": write(f"{API}/more.go", "package v1\n\nfunc (b *Boat) GetFinalizers() {}\n\0"),
    "declared twice": write(f"{API}/more.go", 'package v1\n\nconst BoatFinalizer = "other"\n\ntype Boat struct{}\n'),
}
if os.geteuid():
    NOT_TAKEN["a file that may not be read"] = both(
        write(f"{API}/more.go", "package v1\n"), lambda top: (top / f"{API}/more.go").chmod(0)
    )


@pytest.mark.parametrize("name", TAKEN)
def test_a_type_of_vendor_is_known(name: str, tmp_path: Path) -> None:
    top = lay_out(tmp_path / "repo")
    TAKEN[name](top)
    found = plan(top)
    assert list(found.changes) == ["ships/ships.go"], [d.left_because for d in found.left]
    assert b"controllerutil.RemoveFinalizer(boat, api.BoatFinalizer)" in (found.changes["ships/ships.go"] or b"")


@pytest.mark.parametrize("name", NOT_TAKEN)
def test_a_type_is_not_known_that_go_takes_from_elsewhere_or_that_cannot_be_read(name: str, tmp_path: Path) -> None:
    top = lay_out(tmp_path / "repo")
    NOT_TAKEN[name](top)
    found = plan(top)
    assert found.changes == {}
    (left,) = (d.left_because for d in found.left)
    assert "is declared in another module (example.org/api/v1)" in left or "whose value is not known here" in left
    assert not any("vendor" in note.path for note in found.notes), found.notes


def test_of_a_vendor_folder_only_the_packages_are_listed_that_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = lay_out(tmp_path / "repo")
    for number in range(50):
        write(f"vendor/example.org/more/p{number}/p.go", "package p\n\n// Finalizers\n")(top)
    listed: list[str] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listed.append(os.path.relpath(path, top)) or scandir(path))
    assert plan(top).changes
    assert [path for path in listed if path.startswith("vendor")] == [API]


def test_check_of_one_file_knows_what_the_patch_knows(tmp_path: Path) -> None:
    top = lay_out(tmp_path / "repo")
    for walk in (True, False):
        workspace = Workspace(Checkout(top, walk=walk))
        assert workspace.vendored_folder_of("example.org/api/v1", "ships") == API
        # Code in vendor/ builds with the module that it stands in, and takes its own imports from there.
        assert workspace.vendored_folder_of("example.org/api/names", API) == "vendor/example.org/api/names"
        assert workspace.folder_of("example.com/fleet/ships", API) == "ships"
        # What is known by name is not read.
        assert workspace.vendored_folder_of("k8s.io/apimachinery/pkg/runtime", "ships") is None
        assert workspace.folder_of("example.org/api/v1", "ships") is None
    shutil.rmtree(top / API)
    write("elsewhere/v1/types.go", "package v1\n")(top)
    (top / API).symlink_to(top / "elsewhere/v1")
    for walk in (True, False):
        assert Workspace(Checkout(top, walk=walk)).vendored_folder_of("example.org/api/v1", "ships") is None


def test_paths_of_modules_txt_lead_down() -> None:
    text = "# a v1\n## explicit\na/b\n../etc\n/etc\na/../../etc\na//b\na/.git\na\\b\na\0b\n\n# b v2 => ./b\nb\n"
    assert parse_modules_txt(text) == {"a/b": "a v1", "b": "b v2 => ./b"}
    assert parse_modules_txt("a/b\n# a v1\r\na/c\r\n") == {"a/c": "a v1"}
