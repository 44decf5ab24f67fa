"""`--tidy` with a `go` made of a few lines: what gets into the patch, every bad input, and nothing left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Done, MakeRepo
from fakego import make_go
from test_scenarios import load
from test_verify import PROGRAM, environment, state

SCENARIO = "stage-prepare"
# What a tidy go.mod lacks once the patch is applied.
NEEDED = """
if verb == "mod" and arguments[1] == "tidy":
    if patched and "example.com/new" not in Path("go.mod").read_text():
        with open("go.mod", "a") as f: f.write("\\nrequire example.com/new v1.0.0\\n")
        with open("go.sum", "a") as f: f.write("example.com/new v1.0.0 h1:new=\\n")
"""
Tidy = Callable[..., Done]


@pytest.fixture
def repo(make_repo: MakeRepo) -> Path:
    return make_repo(load(SCENARIO).input)


@pytest.fixture
def tidy(repo: Path, tmp_path: Path) -> Tidy:
    """Runs a command with --tidy and a `go` of that body; nothing may be left behind, or changed in the checkout."""

    def run(body: str = "", *args: object, checkout: Path = repo, command: str = "patch", go: bool = True) -> Done:
        programs = make_go(tmp_path / "goroot", body)
        if not go:
            (programs / "go").unlink()
        before = state(checkout)
        words = (sys.executable, "-c", PROGRAM, command, checkout, "--pack", "flyte", "--tidy", *args)
        done = subprocess.run(
            [str(word) for word in words],
            env=environment(tmp_path, programs),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert state(checkout) == before
        assert list((tmp_path / "scratch").iterdir()) == []
        return Done(done.returncode, done.stdout, done.stderr)

    return run


def applied(repo: Path, patch: str) -> None:
    """The patch applies, and can be taken back."""
    before = state(repo)[0]
    for way in ((), ("-R",)):
        subprocess.run(["git", "apply", *way], cwd=repo, input=patch, text=True, check=True)
    assert {path: data for path, (data, _) in state(repo)[0].items()} == {p: data for p, (data, _) in before.items()}


def test_the_hunks_are_in_the_patch(tidy: Tidy, repo: Path) -> None:
    done = tidy(NEEDED)
    assert done.code == 0, done.err
    assert "+require example.com/new v1.0.0\n" in done.out and "+example.com/new v1.0.0 h1:new=\n" in done.out
    assert "b/go.mod\n" in done.out and "new file mode" in done.out
    assert "go.mod: requires example.com/new v1.0.0" in done.err and "go.sum: 1 hash added" in done.err
    applied(repo, done.out)


def test_what_was_not_tidy_is_not_tidied_along(tidy: Tidy) -> None:
    done = tidy(
        """
if verb == "mod" and "other" not in Path("go.mod").read_text():
    with open("go.mod", "a") as f: f.write("\\nrequire example.com/other v1.0.0\\n")
"""
        + NEEDED
    )
    assert done.code == 0, done.err
    assert "+require example.com/new v1.0.0\n" in done.out and "example.com/other" not in done.out


def test_the_patch_is_verified_with_them(tidy: Tidy, tmp_path: Path) -> None:
    done = tidy(
        NEEDED
        + """
if verb == "build" and patched and "example.com/new" not in Path("go.mod").read_text():
    complain("ships/ships.go:1:1: no required module provides example.com/new"); exit(1)
""",
        *("-o", tmp_path / "p.patch"),
        command="verify",
    )
    assert done.code == 0, done.err
    assert "+require example.com/new v1.0.0\n" in (tmp_path / "p.patch").read_text()


def test_without_a_change_of_imports_no_go_is_asked(tidy: Tidy, make_repo: MakeRepo, tmp_path: Path) -> None:
    done = tidy("", "--stage", "cleanup", checkout=make_repo(load("next-stage-cleanup").input, "later"), go=False)
    assert done.code == 0 and done.out, done.err


def test_no_go(tidy: Tidy, tmp_path: Path) -> None:
    done = tidy("", "-o", tmp_path / "p.patch", go=False)
    assert done.code == 2 and "there is no go on PATH" in done.err and "pip install 'gomigrate[go]'" in done.err
    assert not (tmp_path / "p.patch").exists()


def test_a_go_that_is_too_old(tidy: Tidy, tmp_path: Path) -> None:
    done = tidy("version = 'go1.19.0'", "-o", tmp_path / "p.patch")
    assert done.code == 2 and "is go1.19.0, and go.mod says `go 1.21`" in done.err
    assert not (tmp_path / "p.patch").exists()


@pytest.mark.parametrize("when", ["not patched", "patched"])
def test_a_network_that_is_dead(tidy: Tidy, tmp_path: Path, when: str) -> None:
    done = tidy(
        f"""
if verb == "mod" and {when}:
    complain("go: example.com/new@v1.0.0: dial tcp: lookup proxy.example.com: no such host"); exit(1)
""",
        *("-o", tmp_path / "p.patch", "--report", tmp_path / "r.json"),
    )
    assert done.code == 2 and "Go cannot download modules" in done.err and "GOPROXY" in done.err
    assert "no such host" in done.err
    assert not (tmp_path / "p.patch").exists() and not (tmp_path / "r.json").exists()


def test_where_tidy_does_not_work_what_is_imported_is_enough(tidy: Tidy, tmp_path: Path) -> None:
    done = tidy(
        """
if verb == "mod": complain("go: example.com/gone: module not found"); exit(1)
if verb == "list" and "-mod=mod" in arguments: verb = "mod"; arguments[1] = "tidy"
"""
        + NEEDED,
    )
    assert done.code == 0, done.err
    assert "+require example.com/new v1.0.0\n" in done.out
    assert "`go mod tidy` does not work here without the patch (go: example.com/gone: module not found)" in done.err


def test_where_nothing_works_the_reason_is_told(tidy: Tidy, tmp_path: Path) -> None:
    done = tidy(
        """
if verb == "mod" or verb == "list": complain("go: errors parsing go.mod: odd"); exit(1)
""",
        *("-o", tmp_path / "p.patch"),
    )
    assert done.code == 2 and "make them work, then run again. Go says: go: errors parsing go.mod: odd" in done.err
    assert not (tmp_path / "p.patch").exists()


def test_a_patch_whose_imports_go_does_not_find_is_not_written(tidy: Tidy, tmp_path: Path) -> None:
    """What did not resolve before is not held against it, wherever it stands now."""
    done = tidy(
        """
if verb == "list" and "-deps" in arguments:
    say(f"ships/a.go:{7 if patched else 3}:2: package example.com/old is not in std")
    if patched and MORE: say("ships/ships.go:5:2: no required module provides package example.com/new")
    exit(0)
""".replace("MORE", "True"),
        *("-o", tmp_path / "p.patch"),
    )
    assert done.code == 2 and "no longer finds all that is imported" in done.err
    assert "no required module provides package example.com/new" in done.err and "example.com/old" not in done.err
    assert not (tmp_path / "p.patch").exists()


VENDORED = {"vendor/modules.txt": "# example.com/old v1.0.0\n", "vendor/example.com/old/old.go": "package old\n"}
VENDOR = """
if verb == "mod" and arguments[1] == "vendor":
    target = Path(arguments[-1])
    (target / "example.com/old").mkdir(parents=True)
    (target / "example.com/old/old.go").write_text("package old\\n")
    (target / "modules.txt").write_text("# example.com/old v1.0.0\\n")
    if patched:
        (target / "example.com/new").mkdir()
        (target / "example.com/new/new.go").write_text("package new\\n")
        with open(target / "modules.txt", "a") as f: f.write("# example.com/new v1.0.0\\n")
"""


def test_vendored_packages(tidy: Tidy, make_repo: MakeRepo) -> None:
    repo = make_repo({**load(SCENARIO).input, **VENDORED, "vendor/example.com/mine.txt": "kept"}, "vendored")
    done = tidy(VENDOR, checkout=repo)
    assert done.code == 0, done.err
    assert "+# example.com/new v1.0.0\n" in done.out and "+package new\n" in done.out and "mine.txt" not in done.out
    assert "vendor/: 1 file added" in done.err and "vendor/: 1 file changed" in done.err
    applied(repo, done.out)


def test_a_vendor_folder_that_is_not_as_go_writes_it(tidy: Tidy, make_repo: MakeRepo) -> None:
    odd = {**VENDORED, "vendor/modules.txt": "# example.com/odd v1.0.0\n"}
    done = tidy(VENDOR, checkout=make_repo({**load(SCENARIO).input, **odd}, "odd"))
    assert done.code == 2 and "vendor/modules.txt: is not what `go mod vendor` writes" in done.err


def test_a_vendor_folder_that_git_ignores(tidy: Tidy, make_repo: MakeRepo) -> None:
    repo = make_repo({**load(SCENARIO).input, ".gitignore": "vendor/\n"}, "ignored")
    for path, text in VENDORED.items():
        (repo / path).parent.mkdir(parents=True, exist_ok=True)
        (repo / path).write_text(text)
    done = tidy(VENDOR, checkout=repo)
    assert done.code == 0 and "vendor/" not in done.out
    assert "git ignores it: run `go mod vendor` after the patch" in done.err.replace("\n", " ").replace("  ", " ")


def test_a_series_keeps_each_module_files_with_what_needs_them(tidy: Tidy, tmp_path: Path) -> None:
    done = tidy(NEEDED, "--split", "package", "-o", tmp_path / "series")
    assert done.code == 0, done.err
    first, second = sorted((tmp_path / "series").glob("*.patch"))
    assert "b/go.mod" in first.read_text() and "b/ships/ships.go" in second.read_text()
    assert os.path.basename(first).startswith("0001")


# -- a controller-runtime that is not required ------------------------------------------------------------------------

GET = """
if verb == "get":
    with open("go.mod", "a") as f: f.write("\\nrequire sigs.k8s.io/controller-runtime {}\\n")
    assert arguments[1:] == ["-x", "sigs.k8s.io/controller-runtime@v0.16"], arguments
"""


def test_a_controller_runtime_that_is_not_required_is_added(tidy: Tidy, make_repo: MakeRepo, tmp_path: Path) -> None:
    repo = make_repo(load("controller-runtime-missing").input, "missing")
    done = tidy(GET.format("v0.16.6"), "--report", tmp_path / "r.json", checkout=repo)
    assert done.code == 0, done.err
    assert "+require sigs.k8s.io/controller-runtime v0.16.6\n" in done.out
    assert "+\t\tcontrollerutil.AddFinalizer(ship, other)" in done.out
    assert "go.mod: requires sigs.k8s.io/controller-runtime v0.16.6" in done.err
    applied(repo, done.out)
    module = json.loads((tmp_path / "r.json").read_text())["modules"][0]
    assert (module["controller_runtime"], module["source"]) == ("v0.16", "added by --tidy")


def test_one_that_another_version_was_added_of_is_refused(tidy: Tidy, make_repo: MakeRepo, tmp_path: Path) -> None:
    repo = make_repo(load("controller-runtime-missing").input, "missing")
    done = tidy(GET.format("v0.6.5"), "-o", tmp_path / "p.patch", checkout=repo)
    assert done.code == 2 and "controller-runtime v0.6.5, not v0.16, which the code is written for" in done.err
    assert not (tmp_path / "p.patch").exists()


def test_one_that_cannot_be_added_is_refused(tidy: Tidy, make_repo: MakeRepo, tmp_path: Path) -> None:
    repo = make_repo(load("controller-runtime-missing").input, "missing")
    done = tidy('if verb == "get": complain("go: no such version"); exit(1)', "-o", tmp_path / "p.patch", checkout=repo)
    assert done.code == 2 and "`go get sigs.k8s.io/controller-runtime@v0.16` does not work there" in done.err
    assert "no such version" in done.err and not (tmp_path / "p.patch").exists()


def test_one_that_is_too_old_is_left_to_a_person(tidy: Tidy, make_repo: MakeRepo, tmp_path: Path) -> None:
    repo = make_repo(load("controller-runtime-too-old").input, "old")
    done = tidy("", "--report", tmp_path / "r.json", checkout=repo, go=False)
    assert (done.code, done.out) == (0, ""), done.err
    assert [c for c in json.loads((tmp_path / "r.json").read_text())["left"] if c["requirement"]]
