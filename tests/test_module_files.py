"""What two states of go.mod and go.sum differ in, put into a third that was not tidy."""

from __future__ import annotations

import pytest

from gomigrate.go.module_files import NotReducible, changes_of, read_mod, read_sum, reduced

TIDY = b"""module example.com/fleet

go 1.21

require (
	example.com/a v1.0.0
	example.com/m v1.0.0
)

require example.com/x v1.0.0 // indirect
"""
WANTED = TIDY.replace(b"\texample.com/m", b"\texample.com/c v1.2.0\n\texample.com/m").replace(
    b"require example.com/x v1.0.0 // indirect\n",
    b"require (\n\texample.com/k v1.0.0 // indirect\n\texample.com/x v1.1.0 // indirect\n)\n",
)


def test_what_was_tidy_becomes_what_go_says() -> None:
    assert reduced(TIDY, TIDY, WANTED, read_mod) == WANTED


def test_nothing_changes_where_go_sees_no_difference() -> None:
    untidy = b"module  example.com/fleet\n"
    assert reduced(untidy, TIDY, TIDY, read_mod) == untidy


def test_what_was_not_tidy_gets_only_what_is_needed() -> None:
    """Odd spaces, a requirement that is not needed and one that is missing stay."""
    now = TIDY.replace(b"module ", b"module   ").replace(b"v1.0.0\n\t", b"v1.0.0\n\texample.com/b v1.0.0\n\t")
    now = now.replace(b"\texample.com/m v1.0.0\n", b"")
    needed = now.replace(b"example.com/a v1.0.0\n", b"example.com/a v1.0.0\n\texample.com/c v1.2.0\n")
    assert reduced(now, TIDY, WANTED, read_mod) == needed.replace(
        b"require example.com/x v1.0.0 // indirect\n",
        b"require example.com/k v1.0.0 // indirect\nrequire example.com/x v1.1.0 // indirect\n",
    )


def test_a_requirement_that_is_no_longer_needed_goes() -> None:
    now = TIDY + b"\n// by hand\nreplace example.com/a => ../a\n"
    after = TIDY.replace(b"\texample.com/m v1.0.0\n", b"")
    assert reduced(now, TIDY, after, read_mod) == now.replace(b"\texample.com/m v1.0.0\n", b"")


def test_a_first_requirement_stands_by_itself() -> None:
    now, before = b"module example.com/fleet\n\n\ngo 1.21", b"module example.com/fleet\n\ngo 1.21\n"
    after = before + b"\nrequire example.com/a v1.0.0\n"
    assert reduced(now, before, after, read_mod) == now + b"\nrequire example.com/a v1.0.0\n"


def test_more_than_requirements_is_refused_where_the_file_was_not_tidy() -> None:
    after = WANTED.replace(b"go 1.21", b"go 1.23")
    assert reduced(TIDY, TIDY, after, read_mod) == after
    with pytest.raises(NotReducible, match=r"go 1\.21, go 1\.23"):
        reduced(TIDY + b"\n", TIDY, after, read_mod)


def test_line_ends_stay() -> None:
    now = TIDY.replace(b"\n", b"\r\n")
    assert reduced(now, TIDY, WANTED, read_mod).count(b"\r\n") == reduced(now, TIDY, WANTED, read_mod).count(b"\n")


def test_hashes() -> None:
    now = b"a v1 h1:a=\nm v1 h1:m=\nold v1 h1:o=\n"
    before, after = b"a v1 h1:a=\nm v1 h1:m=\n", b"a v1 h1:a=\nb v1 h1:b=\nz v1 h1:z=\n"
    assert reduced(now, before, after, read_sum) == b"a v1 h1:a=\nb v1 h1:b=\nz v1 h1:z=\nold v1 h1:o=\n"
    assert reduced(b"", b"", after, read_sum) == after


def test_in_words() -> None:
    assert changes_of("b/go.mod", TIDY, WANTED.replace(b"go 1.21", b"go 1.23")) == (
        "b/go.mod: requires example.com/c v1.2.0",
        "b/go.mod: requires example.com/k v1.0.0 // indirect",
        "b/go.mod: requires example.com/x v1.1.0 // indirect (was: v1.0.0 // indirect)",
        "b/go.mod: says `go 1.23`",
        "b/go.mod: no longer says `go 1.21`",
    )
    assert changes_of("go.sum", b"a v1 h1:a=\n", b"b v1 h1:b=\nc v1 h1:c=\n") == (
        "go.sum: 2 hashes added",
        "go.sum: 1 hash removed",
    )
