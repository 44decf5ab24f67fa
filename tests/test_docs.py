"""The documentation: the pages that are made from the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from gomigrate.reference.pages import PAGES

DOCS = Path(__file__).parent.parent / "docs"


@pytest.mark.parametrize("name", PAGES)
def test_pages_made_from_the_code_are_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "write it anew: make reference"
