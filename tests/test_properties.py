"""What must hold for every checkout, on thousands that are spoilt: see properties.py.

    PROPERTIES_INPUTS=100000 PROPERTIES_SEED=1 python -m pytest -s -m long tests/test_properties.py

is the long run. It prints its figures as they grow; docs/properties.md has those of the last one.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from properties import KINDS, Figures, Properties, cases, few_samples, fixtures, hold_side_by_side, spoilt

# Each part has its own seed, so that the parts can be run side by side.
PARTS = 8
INPUTS = 30
LONG = os.environ.get("PROPERTIES_INPUTS", "")
SEED = os.environ.get("PROPERTIES_SEED", "1")


@pytest.mark.parametrize("part", range(PARTS))
def test_spoilt_checkouts(part: int, tmp_path: Path, gofmt: Path) -> None:
    with few_samples():
        found = Properties(tmp_path, gofmt).hold(cases(100 + part, INPUTS))
    print(found)
    assert not found.broken, "\n".join(found.broken)
    assert found.patched.total() > INPUTS / 4, "too few patches: this tests little"


@pytest.mark.long
@pytest.mark.skipif(not LONG, reason="PROPERTIES_INPUTS says how many inputs the long run has")
def test_spoilt_checkouts_for_long(tmp_path: Path, gofmt: Path) -> None:
    found = Figures()
    for found in hold_side_by_side(int(SEED), int(LONG), tmp_path, gofmt):
        print(str(found).partition("\n")[0], *found.broken, sep="\n", flush=True)
    print(found)
    assert not found.broken, "\n".join(found.broken)


def test_cases_are_the_same_each_time() -> None:
    once, again = list(cases(3, 200)), list(cases(3, 200))
    assert once == again
    assert [spoilt(c) for c in once] == [spoilt(c) for c in again]
    assert {c.kind for c in once} == set(KINDS)
    assert sum(spoilt(c) != fixtures()[c.fixture].files for c in once) > 150
