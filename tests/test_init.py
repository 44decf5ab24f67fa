"""`gomigrate init`: what it writes can be read again, says what was found, and never takes the place of anything."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from conftest import MakeRepo, Run
from test_scenarios import load

from gomigrate.configuration import find
from gomigrate.init import write_configuration

NAME = ".gomigrate.toml"


def test_what_is_written_is_read_again_and_changes_nothing(run: Run, make_repo: MakeRepo) -> None:
    repo = make_repo(load("stage-prepare").input)
    before = run("patch", repo).out
    done = run("init", repo / "ships")
    assert (done.code, done.out) == (0, "")
    for words in (
        "3 Go files in 1 module\n",
        "flyte-finalizer",
        "places: 4 to change",
        "stage switch",
        f"wrote {repo / NAME}",
    ):
        assert words in done.err
    found = find(repo, repo)
    assert (found.source, found.pack, found.stage, found.severities) == (NAME, "flyte", "switch", ())
    text = (repo / NAME).read_text()
    assert "Finalizer in ships/ships.go" in text and '# inline-finalizer-code = "warning"' in text
    assert max(map(len, text.splitlines())) <= 100
    assert run("patch", repo).out == before


def test_every_comment_that_sets_something_can_be_taken_in(run: Run, make_repo: MakeRepo) -> None:
    repo = make_repo(load("stage-prepare").input)
    run("init", repo)
    lines = (repo / NAME).read_text().splitlines()
    (repo / NAME).write_text("\n".join(x[2:] if x.startswith("# ") and " = " in x else x for x in lines))
    found = find(repo, repo)
    assert found.constant_package and found.selection.include and found.selection.exclude and found.severities


def test_three_releases_are_advised_where_one_leaves_objects_stuck(run: Run, make_repo: MakeRepo) -> None:
    repo = make_repo(load("kubebuilder-pair").input)
    assert "orders of releases leave objects stuck" in run("patch", repo).err
    assert "stage prepare" in run("init", repo).err
    assert find(repo, repo).stage == "prepare"
    assert "would leave objects stuck" in (repo / NAME).read_text()


@pytest.mark.parametrize("stage", ["switch", "cleanup"])
def test_what_is_given_is_written(run: Run, make_repo: MakeRepo, stage: str) -> None:
    repo = make_repo(load("kubebuilder-pair").input)
    assert run("init", repo, "--stage", stage).code == 0
    assert find(repo, repo).stage == stage


def test_settings_are_never_overwritten(run: Run, make_repo: MakeRepo) -> None:
    repo = make_repo(load("stage-prepare").input)
    for name, text in ((NAME, ""), ("pyproject.toml", "[tool.gomigrate]\n")):
        (repo / name).write_text(text)
        done = run("init", repo)
        assert done.code == 2 and f"{name}: holds settings already" in done.err
        assert (repo / name).read_text() == text
        (repo / name).unlink()
    (repo / NAME).symlink_to(repo.parent / "target")
    assert run("init", repo).code == 2
    assert not (repo.parent / "target").exists()


def test_nothing_is_written_where_there_is_nothing_to_look_at(run: Run, make_repo: MakeRepo, tmp_path: Path) -> None:
    repo = make_repo({"README": "x"})
    assert run("init", repo).code == 2
    assert not (repo / NAME).exists()
    assert run("init", tmp_path / "nowhere").code == 2


def test_a_checkout_without_one_of_the_names(run: Run, make_repo: MakeRepo) -> None:
    repo = make_repo({"go.mod": "module example.com/a\n", "a.go": "package a\n"})
    done = run("init", repo)
    assert done.code == 0 and "none of the pack's names" in done.err
    assert find(repo, repo).pack == "flyte"


def test_without_a_pack_the_general_one_is_chosen(make_repo: MakeRepo) -> None:
    repo = make_repo({"go.mod": "module example.com/a\n", "a.go": "package a\n"})
    write_configuration(repo, None, None, None)
    assert find(repo, repo).pack == "operators"


def test_a_pack_of_the_checkouts_module_is_chosen(run: Run, make_repo: MakeRepo, tmp_path: Path) -> None:
    repo = make_repo({"go.mod": "module example.com/lighthouse/v2\n", "a.go": "package a\n"})
    folder = tmp_path / "rules" / "lighthouse"
    folder.mkdir(parents=True)
    (folder / "pack.toml").write_text(
        'name = "lighthouse"\ntitle = "L"\nmodules = ["example.com/lighthouse"]\n[[finalizer]]\nold = "lamp"\n'
        'new = "example.com/lamp"\nconstant = "Key"\nlegacy_constant = "LegacyKey"\n'
    )
    assert run("init", repo, "--rules", tmp_path / "rules").code == 0
    assert find(repo, repo).pack == "lighthouse"


def test_names_of_the_checkout_cannot_break_out_of_a_comment(run: Run, make_repo: MakeRepo) -> None:
    files = {p.replace("ships/", 'sh\nstage = "cleanup"/'): d for p, d in load("stage-prepare").input.items()}
    repo = make_repo(files)
    done = run("init", repo)
    assert done.code == 0, done.err
    assert find(repo, repo).stage == "switch"
    assert "sh\\nstage" in (repo / NAME).read_text()


def test_quiet(run: Run, make_repo: MakeRepo) -> None:
    repo = make_repo(load("stage-prepare").input)
    assert run("init", repo, "-q").err == ""
    status = subprocess.run(["git", "status", "--porcelain"], cwd=repo, capture_output=True, text=True, check=True)
    assert status.stdout == f"?? {NAME}\n"
