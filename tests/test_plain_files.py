"""Files below a folder are opened folder by folder."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from gomigrate.plain_files import Below


def read(below: Below, path: str) -> bytes:
    handle = below.open(path, os.O_RDONLY)
    try:
        return os.read(handle, 100)
    finally:
        os.close(handle)


def test_folders_are_read_in_any_order_with_few_of_them_open(tmp_path: Path) -> None:
    paths = [f"{a}/b{b}/{'c/' * (b % 3)}x.go" for a in ("one", "two", "three") for b in range(60)] + ["x.go"]
    for path in paths:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    below = Below(os.fspath(tmp_path))
    for path in (*paths, *paths[::-7], *paths[::11], *reversed(paths)):
        assert read(below, path) == path.encode()
        assert len(below._open) <= 64
        assert all(stat.S_ISDIR(os.fstat(handle).st_mode) for handle in below._open.values())


def test_a_folder_of_a_thousand_folders(tmp_path: Path) -> None:
    folder = "/".join("a" for _ in range(1500))
    here = os.getcwd()
    try:
        os.chdir(tmp_path)
        for name in folder.split("/"):
            os.mkdir(name)
            os.chdir(name)
        Path("x.go").write_text("deep")
        os.chdir(here)
        assert read(Below(os.fspath(tmp_path)), f"{folder}/x.go") == b"deep"
    finally:
        # What removes the folders of tests follows them by recursion.
        os.chdir(here)
        subprocess.run(["rm", "-rf", "a"], cwd=tmp_path, check=True)


def test_no_link_is_followed_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x.go").write_text("outside")
    top = tmp_path / "top"
    (top / "a").mkdir(parents=True)
    (top / "a" / "x.go").write_text("inside")
    below = Below(os.fspath(top))
    assert read(below, "a/x.go") == b"inside"
    (top / "b").symlink_to(tmp_path / "outside")
    (top / "a" / "y.go").symlink_to(tmp_path / "outside" / "x.go")
    for path in ("b/x.go", "a/y.go"):
        with pytest.raises(OSError):
            below.open(path, os.O_RDONLY)


def test_all_is_closed_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.go").write_text("x")
    below = Below(os.fspath(tmp_path))
    read(below, "a/x.go")
    handles = list(below._open.values())
    assert len(handles) == 2
    del below
    for handle in handles:
        with pytest.raises(OSError):
            os.fstat(handle)
