"""Configuration files: which one is found, what it sets, and how each mistake in one is named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import MakeRepo, Run
from test_scenarios import load

from gomigrate.configuration import MAX_BYTES, Configuration, find
from gomigrate.selection import Selection

SHIPS = "ships/ships.go"
FORMS = {".gomigrate.toml": "", "pyproject.toml": "[project]\nname = 'x'\n\n[tool.gomigrate]\n"}


@pytest.fixture
def repo(make_repo: MakeRepo) -> Path:
    return make_repo(load("stage-prepare").input)


# -- which file, and what it sets ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMS)
def test_a_stage_and_the_command_line_beats_it(run: Run, repo: Path, name: str) -> None:
    (repo / name).write_text(FORMS[name] + 'stage = "cleanup"\n')
    assert "stage cleanup" in run("patch", repo).err
    assert "stage cleanup" in run("patch", repo / "ships").err
    assert "stage prepare" in run("patch", repo, "--stage", "prepare").err


def test_every_key(repo: Path) -> None:
    (repo / ".gomigrate.toml").write_text(
        'pack = "flyte"\nstage = "prepare"\nconstant-package = "api/v1"\n'
        'include = ["ships/"]\nexclude = ["*_test.go"]\n'
    )
    selection = Selection(".gomigrate.toml", "", ("ships/",), ("*_test.go",))
    assert find(repo, repo) == Configuration(".gomigrate.toml", "flyte", "prepare", "api/v1", selection)


def test_the_nearest_file_counts(repo: Path) -> None:
    (repo / "pyproject.toml").write_text('[tool.gomigrate]\nstage = "prepare"\n')
    (repo / "ships" / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    assert find(repo / "ships", repo).source == "pyproject.toml"
    (repo / "ships" / "pyproject.toml").write_text("[tool.other]\ngomigrate = 1\n")
    assert find(repo / "ships", repo).source == "pyproject.toml"
    (repo / "ships" / ".gomigrate.toml").write_text("")
    found = find(repo / "ships", repo)
    assert (found.source, found.selection.folder, found.stage) == ("ships/.gomigrate.toml", "ships", "")
    (repo / ".gomigrate.toml").write_text("")
    assert find(repo, repo).source == ".gomigrate.toml", "it goes before pyproject.toml"


def test_none_outside_of_the_checkout_is_read(run: Run, repo: Path, tmp_path: Path) -> None:
    (tmp_path / ".gomigrate.toml").write_text("broken")
    assert run("patch", repo).code == 0
    assert run("check", SHIPS, cwd=repo).code == 1
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "a.go").write_text("package a\n")
    assert run("check", tmp_path / "plain").code == 0
    assert run("check", tmp_path / "plain" / "a.go").code == 0


def test_another_repository_inside_has_its_own(run: Run, repo: Path) -> None:
    (repo / ".gomigrate.toml").write_text("broken")
    subprocess.run(["git", "init", "-q", repo / "ships"], check=True)
    assert run("check", repo / "ships").code == 1


def test_each_file_of_a_check_has_the_nearest(run: Run, repo: Path) -> None:
    (repo / "docks").mkdir()
    (repo / "docks" / "docks.go").write_bytes((repo / SHIPS).read_bytes())
    (repo / "docks" / ".gomigrate.toml").write_text('exclude = ["*"]\n')
    found = run("check", "docks/docks.go", SHIPS, cwd=repo)
    assert found.code == 1
    assert {line.split(":")[0] for line in found.out.splitlines()} == {SHIPS}


def test_constant_package(run: Run, repo: Path) -> None:
    (repo / ".gomigrate.toml").write_text('constant-package = "api/v1"\n')
    assert "+++ b/api/v1/finalizer.go" in run("patch", repo).out
    assert "finalizer.go" not in run("patch", repo, "--constant-package", "ships").out


# -- include and exclude -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ["ships/", "/ships/ships.go", "**/ships.go", "*\n!/api/", "[s]hips.go"])
def test_an_excluded_file_is_neither_changed_nor_reported(run: Run, repo: Path, pattern: str) -> None:
    patterns = pattern.split("\n")
    (repo / ".gomigrate.toml").write_text(f"exclude = {patterns!r}\n")
    done = run("patch", repo, "--strict", "--report", "r.md")
    assert (done.code, done.out) == (0, "")
    assert "left on purpose: .gomigrate.toml excludes the file" in done.err
    for command in (("check", repo), ("check", repo / SHIPS)):
        assert (run(*command).code, run(*command).out) == (0, "")
    assert run("apply", repo).code == 0
    assert subprocess.run(["git", "status", "--porcelain", SHIPS], cwd=repo, capture_output=True).stdout == b""


def test_patterns_are_relative_to_the_file_that_holds_them() -> None:
    selection = Selection("sub/.gomigrate.toml", "sub", (), ("/a.go",))
    assert selection.left_out("sub/a.go") and not selection.left_out("a.go") and not selection.left_out("sub/b/a.go")
    selection = Selection("sub/.gomigrate.toml", "sub", ("a.go",), ())
    assert not selection.left_out("sub/b/a.go") and selection.left_out("a.go") and selection.left_out("subway/a.go")


# -- severities ----------------------------------------------------------------------------------------------------


def test_off_is_not_shown_and_a_note_does_not_fail(run: Run, repo: Path) -> None:
    path = repo / ".gomigrate.toml"
    whole = run("check", repo).out.splitlines()
    names = {line.split()[2].rstrip(":") for line in whole}
    assert {"inline-finalizer-code", "unqualified-name"} <= names
    path.write_text('[severities]\nGM004 = "off"\n')
    for target in (repo, repo / SHIPS):
        done = run("check", target)
        assert done.code == 1
        assert done.out.splitlines() == [line for line in whole if "inline-finalizer-code" not in line]
    path.write_text("[severities]\n" + "".join(f'{name} = "note"\n' for name in sorted(names)))
    done = run("check", repo)
    assert (done.code, done.out.splitlines()) == (0, whole)
    assert run("patch", repo).out == run("patch", repo, "--pack", "flyte").out != ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[severities]\nGM004 = "of"\n', (":2: [severities] GM004: 'of' is none of", "did you mean 'off'?")),
        ('[severities]\ninline-code = "off"\n', (":2:", "is no rule", "'inline-finalizer-code'", "gomigrate explain")),
        (
            '[severities]\nGM004 = "off"\ninline-finalizer-code = "note"\n',
            (":3:", "is GM004, which stands here already"),
        ),
        ("severities = 3\n", (":1: [severities]: must be a table",)),
    ],
)
def test_a_mistake_in_the_severities(run: Run, repo: Path, text: str, words: tuple[str, ...]) -> None:
    (repo / ".gomigrate.toml").write_text(text)
    done = run("check", repo)
    assert done.code == 2
    for word in (".gomigrate.toml", *words):
        assert word in done.err


# -- mistakes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('stgae = "switch"\n', (":1: stgae: is no known key", "did you mean 'stage'?")),
        ("\n# note\ncolour = 1\n", (":3: colour: is no known key; known are: constant-package, exclude,",)),
        ('pack = "flyte"\nstage = "later"\n', (":2: stage: 'later' is none of prepare, switch, cleanup",)),
        ('stage = "swich"\n', (":1: stage: 'swich'", "did you mean 'switch'?")),
        ("pack = 7\n", (":1: pack: must be a text",)),
        ('exclude = "x"\n', (":1: exclude: must be a list of texts",)),
        ('# exclude\nexclude = [\n  "a",\n  1,\n]\n', (":2: exclude: must be a list of texts",)),
        ('exclude = ["ok", "!"]\n', (":1: exclude: '!' is no pattern of git's ignore language",)),
        ('include = ["[z-a]"]\n', (":1: include: '[z-a]' is no pattern",)),
        ('stage = "switch\n', (":1:16: not valid TOML",)),
        ('stage = "prepare"\nstage = "switch"\n', (":2:", "not valid TOML")),
        ("stage = ", ("not valid TOML",)),
        ("x = " + "[" * 5000, ("not valid TOML",)),
        (f"x = {'1' * 5000}", ("not valid TOML",)),
        ("x = '\x1b[31m'\n", ("not valid TOML",)),
        ('"st\\u001b[31mage" = 1\n', ("st\\x1b[31mage: is no known key",)),
    ],
)
@pytest.mark.parametrize("command", ["patch", "check", "apply"])
def test_a_mistake_is_named_with_file_line_and_key(
    run: Run, repo: Path, command: str, text: str, words: tuple[str, ...]
) -> None:
    (repo / ".gomigrate.toml").write_text(text)
    done = run(command, repo)
    assert (done.code, done.out) == (2, "")
    for word in (".gomigrate.toml", *words):
        assert word in done.err
    assert "\x1b" not in done.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tool]\ngomigrate = 1\n", (":2: [tool.gomigrate]: must be a table",)),
        ("[tool.gomigrate]\nstgae = 1\n", (":2: [tool.gomigrate] stgae: is no known key; did you mean 'stage'?",)),
        ("tool.gomigrate.stage = 1\n", (":1: [tool.gomigrate] stage: must be a text",)),
        ("tool = { gomigrate = { stage = 1 } }\n", (":1: [tool.gomigrate] stage: must be a text",)),
        ("[tool.gomigrate]\nstage = switch\n", (":2:9: not valid TOML",)),
    ],
)
def test_a_mistake_in_pyproject(run: Run, repo: Path, text: str, words: tuple[str, ...]) -> None:
    (repo / "pyproject.toml").write_text(text)
    done = run("check", repo)
    assert done.code == 2
    for word in ("pyproject.toml", *words):
        assert word in done.err


def test_a_pyproject_that_does_not_speak_of_gomigrate_is_nobodys_business(run: Run, repo: Path) -> None:
    (repo / "pyproject.toml").write_text("broken")
    assert run("patch", repo).code == 0


def test_no_utf_8(run: Run, repo: Path) -> None:
    (repo / ".gomigrate.toml").write_bytes(b'# fine\nstage = "\xff"\n')
    assert ".gomigrate.toml:2: is not UTF-8 text" in run("check", repo).err


def test_a_link_out_of_the_checkout_is_not_read(run: Run, repo: Path, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('stage = "cleanup"\n')
    for name in FORMS:
        (repo / name).symlink_to(tmp_path / "settings.toml")
        done = run("patch", repo)
        assert (done.code, done.out) == (2, "")
        assert name in done.err and "symlink that leads out of the checkout" in done.err
        (repo / name).unlink()


def test_a_link_inside_of_the_checkout_is_followed(run: Run, repo: Path) -> None:
    (repo / "settings.toml").write_text('stage = "cleanup"\n')
    (repo / ".gomigrate.toml").symlink_to("settings.toml")
    assert "stage cleanup" in run("patch", repo).err


def test_what_is_no_readable_file_is_named(run: Run, repo: Path) -> None:
    path = repo / ".gomigrate.toml"
    path.mkdir()
    done = run("check", repo)
    assert done.code == 2 and ".gomigrate.toml: cannot be read: Is a directory" in done.err
    path.rmdir()
    path.symlink_to("nowhere")
    done = run("check", repo)
    assert done.code == 2 and ".gomigrate.toml: cannot be read: No such file" in done.err
    path.unlink()
    os.mkfifo(path)
    done = run("check", repo)
    assert done.code == 2 and ".gomigrate.toml: is no regular file" in done.err
    path.unlink()
    path.write_text("#" * (MAX_BYTES + 1))
    done = run("check", repo)
    assert done.code == 2 and ".gomigrate.toml: is larger than" in done.err
    path.write_text('stage = "prepare"\n')
    path.chmod(0)
    if not os.access(path, os.R_OK):
        done = run("check", repo)
        assert done.code == 2 and ".gomigrate.toml: cannot be read: Permission denied" in done.err


def test_an_unknown_pack_of_a_configuration(run: Run, repo: Path) -> None:
    (repo / ".gomigrate.toml").write_text('pack = "nobody"\n')
    done = run("check", repo)
    assert done.code == 2 and ".gomigrate.toml: no pack named 'nobody'" in done.err and "flyte" in done.err


# -- what it costs -------------------------------------------------------------------------------------------------


def imported(repo: Path) -> set[str]:
    script = (
        "import sys\nfrom gomigrate.cli import cli\n"
        f"try:\n    cli(['check', {str(repo / SHIPS)!r}], prog_name='gomigrate')\nexcept SystemExit:\n    pass\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_patterns_are_loaded_only_when_there_are_some(repo: Path) -> None:
    assert not imported(repo) & {"pathspec"}
    (repo / ".gomigrate.toml").write_text('stage = "switch"\n')
    assert not imported(repo) & {"pathspec"}
    (repo / ".gomigrate.toml").write_text('exclude = ["docks/"]\n')
    assert "pathspec" in imported(repo)
