"""Imports that go leave what stands on their lines."""

from __future__ import annotations

import pytest

from gomigrate.go.imports import with_imports
from gomigrate.go.syntax import SourceFile

BODY = "\n\nvar a = b.C\n"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ('import "slices"\n\nimport "b"', 'import "b"'),
        ('/* Said\n   before. */ import "slices"\n\nimport "b"', '/* Said\n   before. */\n\nimport "b"'),
        ('import "slices"; import "b"', 'import "b"'),
        ('import "b"; import "slices"', 'import "b";'),
        ('import ("slices"; "b")', 'import ("b")'),
        ('import "slices" // for Contains\n\nimport "b"', 'import "b"'),
        ('/* Said. */ import (\n\t"slices"\n)\n\nimport "b"', '/* Said. */\n\nimport "b"'),
    ],
)
def test_an_import_goes_alone(head: str, expected: str) -> None:
    before = SourceFile("p.go", f"package p\n\n{head}\n\nvar a = slices.Index(b.C)\n".encode())
    after = SourceFile("p.go", before.source.replace(b"slices.Index(b.C)", b"b.C"))
    found = with_imports(before, after, [])
    assert found.source.decode() == f"package p\n\n{expected}{BODY}"
    assert not found.root.has_error
