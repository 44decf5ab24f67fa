"""The command line through its real entry point: what it says, what it writes, and how it exits.

For every bad input: a message that says what, where and what to do, exit code 2, nothing written, no traceback.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Done, MakeRepo, Run
from test_scenarios import load

from gomigrate.resources import data_dir

SCENARIO = "stage-prepare"
SHIPS = "ships/ships.go"


@pytest.fixture
def repo(make_repo: MakeRepo) -> Path:
    return make_repo(load(SCENARIO).input)


def git(repo: Path, *args: str, stdin: bytes = b"") -> str:
    who = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *who, *args], cwd=repo, input=stdin, capture_output=True, check=True).stdout.decode()


def everything(folder: Path) -> dict[str, bytes]:
    """All files below a folder but git's own."""
    files = (p for p in folder.rglob("*") if p.is_file() and ".git" not in p.parts)
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def refused(done: Done, *words: str) -> None:
    """The message of a bad input: one that names it, ends in a sentence, and comes with exit code 2."""
    assert done.code == 2, done
    assert done.out == ""
    for word in words:
        assert word in done.err


# -- the checkout ---------------------------------------------------------------------------------------------------


COMMANDS = ("patch", "apply", "check")


@pytest.mark.parametrize("command", COMMANDS)
def test_no_such_path(run: Run, tmp_path: Path, command: str) -> None:
    refused(run(command, tmp_path / "nowhere"), "nowhere", "o such file or")
    assert everything(tmp_path) == {}


@pytest.mark.parametrize("command", ("patch", "apply"))
def test_a_file_instead_of_a_folder(run: Run, tmp_path: Path, command: str) -> None:
    (tmp_path / "a.go").write_text("package a\n")
    refused(run(command, tmp_path / "a.go"), "a.go", "is a file", "Give the folder")


@pytest.mark.parametrize("command", COMMANDS)
def test_no_go_files(run: Run, tmp_path: Path, command: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "README").write_text("nothing\n")
    refused(run(command, tmp_path / "empty"), "empty", "no Go files")


def test_outside_of_git_it_works_and_says_so(run: Run, tmp_path: Path) -> None:
    for path, data in load(SCENARIO).input.items():
        (tmp_path / "plain" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "plain" / path).write_bytes(data)
    done = run("patch", tmp_path / "plain", "-o", tmp_path / "x.patch")
    assert done.code == 0
    assert "not a git checkout" in done.err
    assert "controllerutil.AddFinalizer" in (tmp_path / "x.patch").read_text()


def test_an_unreadable_file_is_named_and_skipped(run: Run, repo: Path) -> None:
    target = repo / "ships" / "secret.go"
    target.write_text('package ships\n\nconst secret = "flyte/array"\n')
    target.chmod(0)
    if os.access(target, os.R_OK):
        # Nothing is unreadable to root: a name that cannot be opened as a file stands for it.
        target.unlink()
        target.symlink_to("/nowhere/at-all")
    done = run("patch", repo)
    assert done.code == 0
    assert "ships/secret.go" in done.err and "skipped" in done.err
    assert "controllerutil.AddFinalizer" in done.out


def test_a_dash_is_standard_output(run: Run, repo: Path, tmp_path: Path) -> None:
    done = run("patch", repo, "-o", "-")
    assert done.code == 0
    assert "controllerutil.AddFinalizer" in done.out
    assert not (tmp_path / "-").exists()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"package ships\n\nfunc Broken( {\n\tx.Finalizers = nil\n}\n", ("bad.go:3:13", "syntax error")),
        (b'package ships\n\nconst X = "flyte/array\xff"\n', ("bad.go:3", "not valid UTF-8")),
        (b'package ships\n\nconst X = "flyte/array\0"\n', ("bad.go", "binary")),
    ],
    ids=["syntax", "utf-8", "nul"],
)
def test_a_file_that_is_no_go_is_named_and_skipped(run: Run, repo: Path, data: bytes, words: tuple[str, ...]) -> None:
    (repo / "ships" / "bad.go").write_bytes(data)
    done = run("patch", repo)
    assert done.code == 0
    for word in (*words, "skipped"):
        assert word in done.err
    assert "bad.go" not in done.out


@pytest.mark.parametrize("command", ("patch", "apply"))
def test_a_checkout_in_the_middle_of_a_merge(run: Run, repo: Path, command: str) -> None:
    (repo / ".git" / "MERGE_HEAD").write_text(git(repo, "rev-parse", "HEAD"))
    before = everything(repo)
    done = run(command, repo)
    assert "merge is in progress" in done.err
    if command == "patch":
        assert done.code == 0 and done.out
    else:
        refused(done, "Finish or abort it first")
    assert everything(repo) == before


# -- outputs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["-o", "--report"])
def test_a_missing_folder(run: Run, repo: Path, tmp_path: Path, option: str) -> None:
    refused(run("patch", repo, option, tmp_path / "no" / "x.md"), "no/x.md", "there is no folder", "Create it first")


@pytest.mark.parametrize("option", ["-o", "--report"])
def test_an_output_that_cannot_be_written(run: Run, repo: Path, tmp_path: Path, option: str) -> None:
    (tmp_path / "taken.md").mkdir()
    refused(run("patch", repo, option, tmp_path / "taken.md"), "taken.md", "is a folder", "name of a file")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["repo", "taken.md"]


def test_one_bad_output_means_no_output_at_all(run: Run, repo: Path, tmp_path: Path) -> None:
    refused(run("patch", repo, "-o", tmp_path / "x.patch", "--report", tmp_path / "no" / "r.md"), "there is no folder")
    assert not (tmp_path / "x.patch").exists()


def test_an_output_inside_the_checkout_is_noted(run: Run, repo: Path) -> None:
    done = run("patch", repo, "-o", repo / "x.patch")
    assert done.code == 0
    assert "note: x.patch lies inside the checkout" in done.err
    assert (repo / "x.patch").is_file()


@pytest.mark.parametrize("name", [SHIPS, "go.mod", "new.go"])
def test_a_source_file_is_never_overwritten(run: Run, repo: Path, name: str) -> None:
    before = everything(repo)
    refused(run("patch", repo, "-o", repo / name), name, "is a source file", "another place")
    assert everything(repo) == before


def test_a_report_with_an_unknown_ending(run: Run, repo: Path, tmp_path: Path) -> None:
    refused(run("patch", repo, "--report", tmp_path / "r.docx"), "r.docx", "the ending says", ".json", ".md")


def test_the_same_file_twice(run: Run, repo: Path, tmp_path: Path) -> None:
    refused(run("patch", repo, "-o", tmp_path / "r.md", "--report", tmp_path / "." / "r.md"), "same file")


def test_the_patch_goes_to_standard_output_and_the_rest_to_standard_error(run: Run, repo: Path) -> None:
    done = run("patch", repo)
    assert done.code == 0
    assert done.out.startswith("diff --git a/ships/ships.go b/ships/ships.go\n")
    assert "changes in 1 file" in done.err
    git(repo, "apply", "--check", stdin=done.out.encode())


def test_quiet_says_nothing(run: Run, repo: Path) -> None:
    done = run("patch", repo, "-q")
    assert (done.code, done.err) == (0, "")


def test_reports_are_written_beside_the_patch(run: Run, repo: Path, tmp_path: Path) -> None:
    done = run("patch", repo, "-o", "x.patch", "--report", "r.md", "--report", "r.json")
    assert done.code == 0
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == ["r.json", "r.md", "x.patch"]
    assert "x.patch" in done.err and "r.json" in done.err


def test_apply_writes_reports(run: Run, repo: Path, tmp_path: Path) -> None:
    refused(run("apply", repo, "--report", tmp_path / "r.docx"), "r.docx", "the ending says", ".html")
    refused(run("apply", repo, "--report", repo / ".git" / "r.html"), "source file", "r.html")
    refused(run("apply", repo, "--report", tmp_path / "no" / "r.html"), "there is no folder")
    assert git(repo, "status", "--porcelain") == ""
    done = run("apply", repo, "--report", "r.html", "--report", "r.json")
    assert done.code == 0 and "report: r.html" in done.err
    assert (tmp_path / "r.html").read_text().startswith("<!doctype html>")
    assert SHIPS in (tmp_path / "r.json").read_text()
    assert git(repo, "status", "--porcelain") == f" M {SHIPS}\n"


def test_mbox_is_taken_by_git_am(run: Run, repo: Path) -> None:
    done = run("patch", repo, "--format", "mbox")
    assert done.code == 0
    git(repo, "am", stdin=done.out.encode())
    assert git(repo, "status", "--porcelain") == ""
    assert "controllerutil" in git(repo, "show", "--stat", "--format=%s%n%b", "HEAD")
    assert run("patch", repo).out == ""


def test_an_empty_patch_is_no_failure(run: Run, make_repo: MakeRepo) -> None:
    repo = make_repo({"go.mod": "module example.com/a\n", "a.go": "package a\n"})
    done = run("patch", repo, "--strict")
    assert (done.code, done.out) == (0, "")
    assert "nothing to change" in done.err


def test_strict_fails_when_something_is_left(run: Run, make_repo: MakeRepo) -> None:
    repo = make_repo(load("object-from-a-call").input)
    assert run("patch", repo).code == 0
    done = run("patch", repo, "--strict")
    assert done.code == 1
    assert "left for you" in done.err and done.out.startswith("diff ")


@pytest.mark.parametrize("stage", ["prepare", "switch", "cleanup"])
def test_stages(run: Run, repo: Path, stage: str) -> None:
    done = run("patch", repo, "--stage", stage)
    assert done.code == 0
    assert ("+const LegacyFinalizer" in done.out) is (stage != "cleanup")


def test_a_stage_that_there_is_not(run: Run, repo: Path) -> None:
    refused(run("patch", repo, "--stage", "later"), "later", "prepare", "cleanup")


def test_a_checkout_without_a_go_mod_is_told_why_so_much_is_left(run: Run, make_repo: MakeRepo) -> None:
    files = load("exported-delete").input
    assert "no go.mod" not in run("patch", make_repo(files), "--pack", "operators").err
    without = make_repo({p: d for p, d in files.items() if p != "go.mod"}, "without")
    assert "run `go mod init` first" in " ".join(run("patch", without, "--pack", "operators").err.split())


def test_what_becomes_of_exported_helpers(run: Run, make_repo: MakeRepo) -> None:
    repo = make_repo(load("exported-delete").input)
    operators = ("patch", repo, "--pack", "operators")
    deleted, deprecated = (run(*operators, "--exported", e).out for e in ("delete", "deprecate"))
    assert run(*operators).out == deprecated
    assert "+// Deprecated:" in deprecated and "Deprecated" not in deleted
    assert "Deprecated" not in run("patch", repo, "--pack", "flyte").out
    refused(run("patch", repo, "--exported", "hide"), "hide", "delete", "deprecate")


def test_a_constant_package_that_there_is_not(run: Run, repo: Path) -> None:
    refused(run("patch", repo, "--constant-package", "no/such"), "--constant-package no/such", "no such package")


# -- packs ------------------------------------------------------------------------------------------------------------


PACK = (data_dir("rules") / "flyte" / "pack.toml").read_text(encoding="utf-8")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "rules" / "mine"
    folder.mkdir(parents=True)
    (folder / "pack.toml").write_text(PACK.replace('name = "flyte"', 'name = "mine"', 1), encoding="utf-8")
    return folder


def test_an_unknown_pack(run: Run, repo: Path) -> None:
    refused(run("patch", repo, "--pack", "nobody"), "'nobody'", "flyte", "rules list")


def test_rules_that_are_no_folder(run: Run, repo: Path, tmp_path: Path) -> None:
    refused(run("patch", repo, "--rules", tmp_path / "none"), "none", "no such folder", "--rules takes")


def test_rules_without_a_pack(run: Run, repo: Path, tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    refused(run("patch", repo, "--rules", tmp_path / "bare"), "bare", "no pack in it")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('name = "mine"', "name = ", ("pack.toml", "not valid TOML")),
        ('title = "', 'titel = "', ("pack.toml", "title", "is missing")),
        ('new = "flyte.org/finalizer"', "", ("[[finalizer]] 1", "new", "is missing")),
        ('name = "mine"', 'name = "mine"\nshade = "blue"', ("shade", "no known key")),
        ('new = "flyte.org/finalizer"', 'new = "flyte finalizer"', ("new", "no domain-qualified name")),
        ('constant = "FinalizerKey"', 'constant = "finalizer-key"', ("constant", "no exported Go identifier")),
        ('old = "flyte/array"', 'old = "flyte-finalizer"', ("old", "stands twice")),
        ("[accept]", '[accept]\nnoise = "x"', ("noise", "no known difference")),
    ],
)
def test_a_broken_pack(run: Run, repo: Path, rules: Path, old: str, new: str, words: tuple[str, ...]) -> None:
    text = (rules / "pack.toml").read_text(encoding="utf-8")
    assert old in text
    (rules / "pack.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    refused(run("patch", repo, "--rules", rules.parent, "--pack", "mine"), *words)


@pytest.mark.parametrize("text", ["((call_expression", "(no_such_node) @access", "(call_expression) @nothing"])
def test_a_broken_query(run: Run, repo: Path, rules: Path, text: str) -> None:
    (rules / "candidates.scm").write_text(text, encoding="utf-8")
    refused(run("patch", repo, "--rules", rules.parent, "--pack", "mine"), "candidates.scm")


@pytest.mark.parametrize(
    "text", ["{{ util }.AddFinalizer(", "{{ nobody }}", "{{ util.__class__ }}", "{% include 'none' %}", "func {"]
)
def test_a_broken_template(run: Run, repo: Path, rules: Path, text: str) -> None:
    (rules / "add.go.j2").write_text(text, encoding="utf-8")
    refused(run("patch", repo, "--rules", rules.parent, "--pack", "mine"), "add.go.j2")


def test_a_pack_of_ones_own(run: Run, repo: Path, rules: Path) -> None:
    text = (rules / "pack.toml").read_text(encoding="utf-8")
    (rules / "pack.toml").write_text(text.replace("flyte.org/finalizer", "example.org/finalizer"), encoding="utf-8")
    done = run("patch", repo, "--rules", rules.parent, "--pack", "mine")
    assert done.code == 0
    assert '+const Finalizer = "example.org/finalizer"' in done.out


def test_rules_list_and_show(run: Run, rules: Path) -> None:
    listed = run("rules", "list", "--rules", rules.parent)
    assert listed.code == 0
    assert [line.split()[0] for line in listed.out.splitlines()] == ["flyte", "mine", "operators"]
    shown = run("rules", "show", "flyte")
    assert shown.code == 0
    assert "flyte-finalizer → flyte.org/finalizer" in shown.out
    refused(run("rules", "show", "nobody"), "'nobody'")


# -- apply ------------------------------------------------------------------------------------------------------------


def test_apply_writes_what_patch_says(run: Run, repo: Path) -> None:
    patch = run("patch", repo).out
    done = run("apply", repo)
    assert done.code == 0
    assert "wrote ships/ships.go" in done.err
    git(repo, "apply", "-R", "--check", stdin=patch.encode())
    again = run("apply", repo)
    assert again.code == 0
    assert "nothing to change" in again.err


def test_apply_refuses_dirty_files_by_name(run: Run, repo: Path) -> None:
    with (repo / SHIPS).open("a") as file:
        file.write("\n// changed\n")
    before = everything(repo)
    refused(run("apply", repo), SHIPS, "uncommitted changes", "nothing was written", "--allow-dirty")
    assert everything(repo) == before
    assert run("apply", repo, "--allow-dirty").code == 0
    assert b"controllerutil.AddFinalizer" in (repo / SHIPS).read_bytes()


def test_apply_minds_no_other_dirty_file(run: Run, repo: Path) -> None:
    (repo / "README.md").write_text("changed\n")
    (repo / "api" / "v1" / "more.go").write_text("package v1\n")
    assert run("apply", repo).code == 0


# -- check ------------------------------------------------------------------------------------------------------------


def test_check_exit_codes(run: Run, repo: Path) -> None:
    found = run("check", cwd=repo)
    assert found.code == 1
    assert f"{SHIPS}:8:7" in found.out
    assert run("check", repo / "api").code == 0
    assert run("apply", repo).code == 0
    clean = run("check", cwd=repo)
    assert (clean.code, clean.out) == (0, "")


def test_check_takes_files(run: Run, repo: Path) -> None:
    found = run("check", SHIPS, "api/v1/types.go", "go.mod", cwd=repo)
    assert found.code == 1
    assert {line.split(":")[0] for line in found.out.splitlines()} == {SHIPS}
    assert run("check", "api/v1/types.go", cwd=repo).code == 0
    assert run("check", "go.mod", cwd=repo).code == 0


def test_check_of_a_file_that_is_gone(run: Run, repo: Path) -> None:
    (repo / SHIPS).unlink()
    refused(run("check", SHIPS, cwd=repo), SHIPS, "no such file")


def test_check_says_the_same_of_a_file_and_of_its_folder(run: Run, repo: Path) -> None:
    whole = [line for line in run("check", repo).out.splitlines() if line.startswith(f"{SHIPS}:")]
    assert run("check", SHIPS, cwd=repo).out.splitlines() == whole


# -- the rest ---------------------------------------------------------------------------------------------------------


def test_demo(run: Run, tmp_path: Path) -> None:
    done = run("demo", "-o", tmp_path / "demo")
    assert done.code == 0
    assert done.out.startswith("diff --git ")
    assert "a second run finds nothing left to change" in done.err
    assert {"finalizer.patch", "report.html", "report.md", "report.json", "sample"} == {
        p.name for p in (tmp_path / "demo").iterdir()
    }
    refused(run("demo", "-o", tmp_path / "demo"), "demo", "is not an empty folder")


HELP = [
    *((), ("patch",), ("check",), ("apply",), ("baseline",), ("baseline", "write")),
    *(("rules",), ("rules", "list"), ("rules", "show"), ("explain",), ("init",), ("demo",)),
]


@pytest.mark.parametrize("command", HELP, ids=" ".join)
def test_help_fits_80_columns(run: Run, command: tuple[str, ...]) -> None:
    done = run(*command, "--help")
    assert done.code == 0
    assert done.err == ""
    assert done.out.startswith("Usage: ")
    assert [line for line in done.out.splitlines() if len(line) > 80] == []


def test_the_list_of_commands_cuts_no_sentence(run: Run) -> None:
    assert "..." not in run("--help").out.replace("[ARGS]...", "")


@pytest.mark.parametrize("command", HELP, ids=" ".join)
def test_help_imports_nothing_heavy(command: tuple[str, ...]) -> None:
    script = (
        "import sys\nfrom gomigrate.cli import cli\n"
        f"try:\n    cli({[*command, '--help']!r}, prog_name='gomigrate')\nexcept SystemExit:\n    pass\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & "
        "{'tree_sitter', 'tree_sitter_go', 'jinja2', 'libcst', 'rich', 'subprocess', 'pathspec', 'tomllib'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_an_unknown_option_and_command(run: Run) -> None:
    refused(run("patch", "--nothing"), "--nothing")
    refused(run("migrate"), "migrate")


def test_control_characters_in_paths_are_shown_escaped(run: Run, make_repo: MakeRepo) -> None:
    scenario = load("key-not-known")
    files = {p.replace("ships/", "sh\x1b[31mips\x07/"): d for p, d in scenario.input.items()}
    repo = make_repo(files)
    for command in ("patch", "check", "apply"):
        done = run(command, repo)
        assert done.code in (0, 1)
        assert "\x1b" not in done.out + done.err and "\x07" not in done.out + done.err
        assert "\\x1b[31mips\\x07" in done.out + done.err


def test_a_path_in_a_message_is_shown_escaped(run: Run, tmp_path: Path) -> None:
    done = run("patch", tmp_path / "no\x1b[31mwhere")
    refused(done, "[31mwhere")
    assert "\x1b" not in done.err


def test_a_reader_that_leaves_early_is_no_error(repo: Path) -> None:
    shell = shutil.which("sh")
    assert shell is not None
    done = subprocess.run(
        [shell, "-c", f'"{sys.executable}" -m gomigrate patch . | head -n 1'], cwd=repo, capture_output=True, text=True
    )
    assert done.stdout.startswith("diff --git")
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr
