"""The one pass over a checkout's bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from gomigrate import index
from gomigrate.index import Index, Scan, opened, searched

GO = 'package x\n\nimport (\n\t"fmt"\n{}\n)\n\nfunc f() {{ _ = "{}" }}\n'


def scanned(top: Path) -> Index:
    scan = Scan(str(top), (b"finalizer",))
    return searched(opened(scan.walk()), scan.search())


def module(top: Path, folder: str, path: str, *imports: str, inside: str = "") -> None:
    (top / folder).mkdir(parents=True, exist_ok=True)
    (top / folder / "go.mod").write_text(f"module {path}\n")
    (top / folder / "a.go").write_text(GO.format("\n".join(f'\t"{i}"' for i in imports), inside))


@pytest.mark.parametrize("owners", [1, 3, 40])
def test_importers_are_found_whatever_the_number_of_modules(tmp_path: Path, owners: int) -> None:
    for i in range(owners):
        module(tmp_path, f"m{i}", f"example.com/owner{i}/m")
    module(
        tmp_path, "user", "example.com/user/u",
        "example.com/owner0/m", "example.com/owner0/m/below/it", "example.com/owner0/mouse", "example.com/foreign/m",
        "example.com/user/u/api", inside="example.com/owner0/m/said/in/a/function",
    )  # fmt: skip
    found = scanned(tmp_path).importers
    ours = ("example.com/owner0/m", "example.com/owner0/m/below/it", "example.com/user/u/api")
    assert found == {path: ["user/a.go"] for path in ours}


def test_no_file_is_searched_once_more_for_each_module() -> None:
    assert index._starts(frozenset(b"k8s.io/m%d" % i for i in range(300))) == [b'"k8s.io']
    assert index._starts(frozenset([b"example.com/a/x", b"example.com/a/y", b"example.com/ab"])) == [b'"example.com/a']


def test_files_that_hold_a_needle(tmp_path: Path) -> None:
    module(tmp_path, "a", "example.com/a", inside="a finalizer")
    module(tmp_path, "b", "example.com/b")
    assert scanned(tmp_path).holding == ["a/a.go"]
