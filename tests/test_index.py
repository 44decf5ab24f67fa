"""The one pass over a checkout's bytes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gomigrate import byte_search, index
from gomigrate.background import Background, Parts
from gomigrate.checkout import MAX_FILE
from gomigrate.index import Index, Scan, opened, searched

NAMES = (b"a finalizer", b"ships/array", b"ships/queue")
NEEDLES = (b"finalizer", *NAMES[1:])
GO = 'package x\n\nimport (\n\t"fmt"\n{}\n)\n\nfunc f() {{ _ = "{}" }}\n'


def scanned(top: Path) -> Index:
    scan = Scan(str(top))
    return searched(opened(scan.walk()), scan, NEEDLES, NAMES, lambda: scan.search(NEEDLES, NAMES))


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


@pytest.mark.parametrize("owners", [1, 40])
def test_an_import_may_stand_in_backquotes(tmp_path: Path, owners: int) -> None:
    for i in range(owners):
        module(tmp_path, f"m{i}", f"example.com/owner{i}/m")
    (tmp_path / "m0" / "b.go").write_text("package x\n\nimport `example.com/owner0/m/below`\n")
    assert scanned(tmp_path).importers == {"example.com/owner0/m/below": ["m0/b.go"]}


def test_no_file_is_searched_once_more_for_each_module() -> None:
    assert index._starts(frozenset(b"k8s.io/m%d" % i for i in range(300))) == [b'"k8s.io']
    assert index._starts(frozenset([b"example.com/a/x", b"example.com/a/y", b"example.com/ab"])) == [b'"example.com/a']


def test_files_that_hold_a_needle(tmp_path: Path) -> None:
    module(tmp_path, "a", "example.com/a", inside="a finalizer")
    module(tmp_path, "b", "example.com/b")
    assert scanned(tmp_path).touching == ["a/a.go"]
    module(tmp_path, "c", "example.com/c", inside="ships/queue")
    module(tmp_path, "d", "example.com/d", inside="ships/other")
    assert scanned(tmp_path).touching == ["a/a.go", "c/a.go"]


def parts_of(numbers: Iterable[int]) -> Any:
    """What gives these numbers, as if somebody else took the others."""
    left = iter(numbers)
    return SimpleNamespace(take=lambda: next(left, None))


@pytest.mark.parametrize(("mine", "theirs", "told"), [(5, 64, True), (5, 9, True), (0, 0, True), (5, 64, False)])
def test_two_who_share_the_reading_find_what_one_finds(
    mine: int, theirs: int, told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(9):
        inside = "a finalizer" if number % 2 else "nothing"
        module(tmp_path, f"m{number}", f"example.com/m/m{number}", "example.com/m/m4", inside=inside)
    (tmp_path / "m3" / "linked.go").symlink_to(tmp_path / "m2" / "a.go")
    (tmp_path / "m1" / "huge.go").write_bytes(b" " * (MAX_FILE + 1))
    (tmp_path / "m7" / "huge.go").write_bytes(b" " * (MAX_FILE + 1))
    alone = scanned(tmp_path)
    scan = Scan(str(tmp_path))
    checkout = opened(scan.walk())
    scan.parts = parts_of(range(mine, theirs))
    first = scan.search(NEEDLES, NAMES)
    holding = list(first[0][0])
    # One who comes to a bad end tells of nothing that it read.
    if not told:
        first = (([], {}, []), [], [])
    scan.parts = parts_of(range(mine))
    assert searched(checkout, scan, NEEDLES, NAMES, lambda: first) == alone
    assert len(alone.touching) == 4 and len(holding) == (2 if theirs > mine else 0)
    assert [n.path for n in checkout.notes if "larger" in n.text] == ["m1/huge.go", "m7/huge.go"]


def test_a_part_is_taken_once(tmp_path: Path) -> None:
    parts = Parts(64)
    background = Background({"take": lambda: [n for n in iter(parts.take, None) if n is not None]})
    theirs = background.ask("take")
    mine = list(iter(parts.take, None))
    assert sorted([*mine, *theirs()]) == list(range(64))
    assert parts.take() is None
    background.close()


@pytest.mark.parametrize(
    "before",
    [
        "/*\nHow to begin:\n\nfunc main() {}\n*/\n",
        "/* one */\n// a/*\n/*\nfunc main() {}\n\nfunc other() {}\n*/ // */\n",
        "// all of a/*\n",
    ],
)
def test_imports_are_found_behind_a_comment_that_shows_a_function(before: str, tmp_path: Path) -> None:
    module(tmp_path, "m", "example.com/m", "example.com/m/api")
    file = tmp_path / "m" / "a.go"
    file.write_text(before + file.read_text())
    assert scanned(tmp_path).importers == {"example.com/m/api": ["m/a.go"]}


def test_only_what_stands_before_the_first_function_is_an_import(tmp_path: Path) -> None:
    module(tmp_path, "m", "example.com/m", inside='" + "example.com/m/api" + "')
    assert scanned(tmp_path).importers == {}


@pytest.mark.parametrize("size", [0, 1, 9, 1023, 1024, 5000])
def test_bytes_are_found_as_python_finds_them(size: int) -> None:
    holds = byte_search.finder()
    for place in sorted({0, 1, size // 2, max(0, size - 9), size}):
        for filling in (b"\0", b"i", b"inalize", b"r"):
            data = (filling * size)[:place] + b"inalizer" + (filling * size)[: size - place]
            for needle in (b"inalizer", b"inalizerr", b"i", b"\0", b"\0\0i", data, data + b"x", b"absent"):
                assert holds(data, needle) == (needle in data)


def test_bytes_are_found_where_there_is_no_such_c_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.confstr", lambda name: None, raising=False)
    assert byte_search.finder()(b"-" * 2000 + b"inalizer", b"inalizer")
