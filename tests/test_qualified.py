"""The API server's rule for finalizer names."""

from __future__ import annotations

import pytest

from gomigrate.finalizer.qualified import Verdict, complaint, judge_name


@pytest.mark.parametrize(
    "name",
    ["example.com/finalizer", "flyte/array", "a/b", "x1.example.com/A_b.c-9", f"{'a' * 253}/n", f"a/{'n' * 63}"],
)
def test_qualified(name: str) -> None:
    assert judge_name(name) is Verdict.QUALIFIED


@pytest.mark.parametrize("name", ["finalizer", "machine.cluster.x-k8s.io", "Under_score", "n" * 63])
def test_warned_about(name: str) -> None:
    assert judge_name(name) is Verdict.UNQUALIFIED


@pytest.mark.parametrize("name", ["kubernetes", "orphan", "foregroundDeletion"])
def test_standard(name: str) -> None:
    assert judge_name(name) is Verdict.STANDARD


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "empty"),
        ("/name", "no domain"),
        ("example.com/", "no name"),
        ("a/b/c", "more than one slash"),
        ("Example.com/name", "DNS subdomain"),
        ("example..com/name", "DNS subdomain"),
        ("-a.com/name", "DNS subdomain"),
        (f"{'a' * 254}/n", "253"),
        (f"a/{'n' * 64}", "behind the slash is longer than 63"),
        ("n" * 64, "63"),
        ("-name", "both ends"),
        ("name_", "both ends"),
        ("a b", "letters"),
        ("name\n", "letters"),
        ("ex.com/näme", "letters"),
    ],
)
def test_refused(name: str, words: str) -> None:
    assert judge_name(name) is Verdict.INVALID
    assert words in complaint(name)
