"""Spoilt packs, configuration, baselines and journals: each is taken, or refused by a message that names the file and
says what is wrong. Nothing else may come of them, and a journal that is refused leaves the checkout as it was.

PROPERTIES_INPUTS makes it a long run, PROPERTIES_SEED another one.
"""

from __future__ import annotations

import json
import os
import shutil
import traceback
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from mutations import MUTATIONS, mutate
from properties import few_samples

from gomigrate import baseline, configuration, packs
from gomigrate.apply import finish_interrupted
from gomigrate.errors import UserError
from gomigrate.journal import Step, encode
from gomigrate.pipeline import Options, plan_checkout
from gomigrate.resources import copy_folder, data_dir

COUNT = int(os.environ.get("PROPERTIES_INPUTS", "") or 36)
SEED = os.environ.get("PROPERTIES_SEED", "1")
CONFIGURATION = b"""\
pack = "operators"
stage = "prepare"
exclude = ["vendor/**"]

[names]
old-mark = "example.com/new"

[severities]
GM001 = "warning"
"""
BASELINE = json.dumps(
    {
        **baseline._VERSION,
        "findings": [
            {"path": "a.go", "rule": "legacy-name", "fingerprint": "0123456789abcdef"},
            {"path": "b/c.go", "rule": "legacy-name", "fingerprint": "fedcba9876543210"},
        ],
    },
    indent=2,
).encode()
JOURNAL = encode(
    [
        Step("a.go", ".gomigrate-0123456789abcdef.tmp", "0" * 40, "1" * 40, 0o644),
        Step("b/c.go", "", "2" * 40, "", 0o644),
    ]
)


@pytest.fixture
def checkout(sample_dir: Path, tmp_path: Path) -> Path:
    copy_folder(sample_dir, tmp_path / "checkout")
    return tmp_path / "checkout"


def refused(name: str, data: bytes, read: Callable[[bytes], object]) -> int:
    """How many of the spoilt texts are refused; fails for everything that is neither taken nor refused properly."""
    read(data)
    count, wrong = 0, []
    kinds = (*MUTATIONS,)
    for number in range(COUNT):
        kind = kinds[number % len(kinds)]
        spoilt = mutate(kind, data, Random(f"{SEED} {name} {number}"))
        try:
            read(spoilt)
        except UserError as error:
            count += 1
            if name not in str(error) or "lease report this" in str(error):
                wrong.append(f"{kind} {number}: {error}")
        except Exception:
            wrong.append(f"{kind} {number}: {traceback.format_exc(limit=-4)}")
    print(f"{name}: {COUNT} inputs, {count} refused, {len(wrong)} wrong")
    assert not wrong, "\n\n".join([f"{len(wrong)} wrong", *wrong[:8]])
    return count


@pytest.mark.parametrize(
    "name", ("pack.toml", "candidates.scm", "constants.go.j2", "add.go.j2", "contains.go.j2", "remove.go.j2")
)
def test_packs(name: str, tmp_path: Path, checkout: Path) -> None:
    rules = data_dir("rules")
    folder = tmp_path / "flyte"
    shutil.copytree(rules / "flyte", folder)
    place = folder / name
    data = place.read_bytes() if place.exists() else (rules / "base" / name).read_bytes()

    def read(spoilt: bytes) -> None:
        place.write_bytes(spoilt)
        packs._environment.cache_clear()
        plan_checkout(checkout, packs.read(folder), Options())

    with few_samples():
        assert refused(name, data, read) > COUNT / 20


def test_configuration(tmp_path: Path) -> None:
    def read(spoilt: bytes) -> None:
        (tmp_path / configuration.OWN_NAME).write_bytes(spoilt)
        configuration.find(tmp_path, tmp_path)

    assert refused(configuration.OWN_NAME, CONFIGURATION, read) > COUNT / 4


def test_baselines(tmp_path: Path) -> None:
    def read(spoilt: bytes) -> None:
        (tmp_path / "baseline.json").write_bytes(spoilt)
        baseline.read_baseline(tmp_path / "baseline.json")

    assert refused("baseline.json", BASELINE, read) > COUNT / 4


def test_journals(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    files = {tmp_path / "a.go": b"package a\n", tmp_path / "b" / "c.go": b"package b\n"}
    for path, data in files.items():
        path.write_bytes(data)
    journal = tmp_path / ".gomigrate-apply.json"

    def read(spoilt: bytes) -> None:
        if spoilt != JOURNAL:
            journal.write_bytes(spoilt)
            finish_interrupted(tmp_path)

    assert refused(journal.name, JOURNAL, read) > COUNT / 2
    assert {path: path.read_bytes() for path in files} == files


@pytest.mark.parametrize(
    ("name", "text", "what"),
    (
        ("remove.go.j2", "{{ 1e999 }}", "line 1: a number is too large"),
        ("contains.go.j2", "{{ util }}.ContainsFinalizer({{ object }}, {{ key }}) // seen", "gives what is no Go code"),
        ("contains.go.j2", "a()\nb()", "gives what is no Go code"),
        ("add.go.j2", "", "leaves out"),
        ("remove.go.j2", "{{ util }}.RemoveFinalizer({{ object }}, {{ key }})", "leaves out"),
        ("add.go.j2", "{{ util }}.AddFinalizer({{ object }}, Old{{ key }})", "leaves out"),
        ("remove.go.j2", "{{ util }}.RemoveFinalizer({{ object }}, {{ key }}) // {{ keys[1] }}", "leaves out"),
        ("add.go.j2", "{{ util }}.AddFinalizer({{ object }}x, {{ key }})", "leaves out"),
    ),
)
def test_a_template_that_cannot_be_used_is_named(
    name: str, text: str, what: str, tmp_path: Path, checkout: Path
) -> None:
    folder = tmp_path / "flyte"
    shutil.copytree(data_dir("rules") / "flyte", folder)
    (folder / name).write_text(text)
    with pytest.raises(UserError, match=f"{name}.*{what}"):
        plan_checkout(checkout, packs.read(folder), Options())
