"""Packs: what their patterns take in."""

from __future__ import annotations

import pytest
from pathspec import GitIgnoreSpec

from gomigrate import packs

PATTERNS = (
    "**/cmd/kubectl-*/**",
    "/cmd/main.go",
    "cmd/",
    "*.go",
    "delete.[gh]o",
    r"delete\.go",
    "!delete.go",
    "# nothing",
    "?elete.go",
    "**",
)
PATHS = ("delete.go", "cmd/main.go", "a/cmd/kubectl-x/cmd/delete.go", "a/cmd/kubectl/delete.go", "b/kubectl-x/d.go")


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_force_delete_pattern_means_what_it_means_to_git(pattern: str) -> None:
    pack = packs.load("flyte")._replace(force_delete=(packs.ForceDelete(pattern, "why"),))
    spec = GitIgnoreSpec.from_lines([pattern])
    forced = [p for p in PATHS if pack.forced(p)]
    assert forced == [p for p in PATHS if spec.match_file(p)]
    assert all(pack.may_be_forced(p) for p in forced)
