"""The rules: their ids and names, the texts that are made from them, and that every finding has one."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from conftest import Run
from test_cli import refused

from gomigrate import catalogue
from gomigrate.catalogue import RULES, Rule, find_rule, nearest
from gomigrate.explain import help_markdown, help_text


def test_ids_and_names_are_unique_and_well_formed() -> None:
    assert len({r.id for r in RULES}) == len({r.name for r in RULES}) == len(RULES)
    for rule in RULES:
        assert re.fullmatch(r"GM\d{3}", rule.id)
        assert re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.name)
    assert [r.id for r in RULES] == sorted(r.id for r in RULES)


def test_every_rule_of_the_module_is_in_the_list() -> None:
    declared = [v for v in vars(catalogue).values() if isinstance(v, Rule)]
    assert set(declared) == set(RULES)
    for name, value in vars(catalogue).items():
        if isinstance(value, Rule):
            assert name == value.name.upper().replace("-", "_")


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.name)
def test_texts_are_whole(rule: Rule) -> None:
    assert not rule.title.endswith(".") and "\n" not in rule.title and len(rule.title) < 80
    assert rule.why.endswith((".", ":"))
    assert not rule.after or rule.before
    for line in (rule.why + "\n" + rule.before + "\n" + rule.after).split("\n"):
        assert len(line) <= 120
    text, markdown = help_text(rule), help_markdown(rule)
    for source in rule.sources:
        assert source in text and f"<{source}>" in markdown


@pytest.mark.parametrize("rule", [r for r in RULES if r.before], ids=lambda r: r.name)
def test_the_examples_are_go(rule: Rule, gofmt: Path) -> None:
    for code in filter(None, (rule.before, rule.after)):
        done = subprocess.run([gofmt], input=code.encode() + b"\n", capture_output=True)
        if code.endswith("},"):
            continue  # an element of a composite literal is no program by itself
        assert done.returncode == 0, done.stderr.decode()
        assert done.stdout.decode() == code + "\n"


def test_a_rule_is_found_by_id_and_by_name() -> None:
    assert find_rule("gm001") is find_rule("GM001") is find_rule("unqualified-name") is catalogue.UNQUALIFIED_NAME
    assert find_rule("GM999") is None
    assert nearest("unqualified-names") == "unqualified-name"
    assert nearest("GM0001") == "GM001"
    assert nearest("zzzzzz") == ""


def test_explain(run: Run) -> None:
    listed = run("explain")
    assert listed.code == 0
    assert [line.split()[:2] for line in listed.out.splitlines()] == [[r.id, r.name] for r in RULES]
    shown = run("explain", "force-clear")
    assert shown.code == 0 and shown.out == help_text(catalogue.FORCE_CLEAR) + "\n"
    refused(run("explain", "force-claer"), "'force-claer'", "Did you mean force-clear?")
    refused(run("explain", "\x1b[2J"), "no rule", "explain")


def test_check_shows_id_and_name(run: Run, tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module example.com/m\n")
    (tmp_path / "a.go").write_text('package a\n\nconst Finalizer = "flyte/array"\n')
    done = run("check", ".")
    assert done.code == 1
    assert done.out.startswith("a.go:3:7: GM001 unqualified-name: Finalizer holds ")
