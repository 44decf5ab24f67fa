"""`gomigrate check` of single files: it says what it says of the whole checkout, and reads nothing outside of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from conftest import MakeRepo, Run
from test_scenarios import load, names

from gomigrate.catalogue import COMPUTED_NAME, UNQUALIFIED_NAME
from gomigrate.check import check_paths
from gomigrate.settings import Given, settle

SETTLE = partial(settle, Given(pack="flyte"))


def findings(*paths: Path) -> list[tuple[str, str, str]]:
    found, _ = check_paths(paths, SETTLE)
    return [(d.where, d.rule.name, d.message) for d in found]


# That the code is at a stage already is told only by a package that the file does not import.
NOT_KNOWN_ALONE = {"next-stage-switch": "docks/docks.go"}
# That a place of another package needs a helper for every finalizer, on purpose.
NOT_EXCUSED_ALONE = {"force-delete": "ships/helpers.go"}


def _plain() -> list[str]:
    # Other packs read the use of a name across the checkout into their messages.
    return [n for n in names() if "pack" not in load(n).options and "xfail" not in load(n).options]


@pytest.mark.parametrize("name", _plain())
def test_a_file_alone_has_the_findings_that_it_has_in_the_whole(name: str, make_repo: MakeRepo) -> None:
    repo = make_repo(load(name).input)
    whole = findings(repo)
    for path in load(name).input:
        if path.endswith(".go"):
            if NOT_KNOWN_ALONE.get(name) == path:
                assert [f[0] for f in findings(repo / path)] == [f[0] for f in whole if f[0].startswith(f"{path}:")]
                continue
            if NOT_EXCUSED_ALONE.get(name) == path:
                assert not [f for f in whole if f[0].startswith(f"{path}:")]
                continue
            assert findings(repo / path) == [f for f in whole if f[0].startswith(f"{path}:")], path


# That a name is not to change is told by another module, or by the other uses of the name.
REFUSED_ELSEWHERE = {"operators-refused": ("docks/docks.go", "ships/ships.go")}
_NAMES = (UNQUALIFIED_NAME.name, COMPUTED_NAME.name)


@pytest.mark.parametrize("name", [n for n in names() if load(n).options.get("pack") == "operators"])
def test_with_found_names_a_file_alone_has_the_code_that_it_has_in_the_whole(name: str, make_repo: MakeRepo) -> None:
    """A name is judged where it is used, so that its findings hang on what else is looked at; those of code do not."""
    scenario = load(name)
    repo = make_repo(scenario.input)
    settled = SETTLE(repo, repo)._replace(pack=scenario.rules)

    def code(path: Path) -> list[tuple[str, str, str]]:
        found, _ = check_paths((path,), lambda folder, top: settled)
        return [(d.where, d.rule.name, d.message) for d in found if d.rule.name not in _NAMES]

    whole = code(repo)
    for path in scenario.input:
        if path in REFUSED_ELSEWHERE.get(name, ()):
            assert set(code(repo / path)) > {f for f in whole if f[0].startswith(f"{path}:")}
        elif path.endswith(".go"):
            assert code(repo / path) == [f for f in whole if f[0].startswith(f"{path}:")], path


def test_a_list_of_files_in_several_calls_says_the_same(make_repo: MakeRepo) -> None:
    repo = make_repo(load("fixtures-narrowed").input | load("go-work").input)
    files = sorted(p for p in repo.rglob("*.go"))
    whole = findings(repo)
    assert len(whole) > 3
    for size in (1, 2, len(files)):
        calls = [files[i : i + size] for i in range(0, len(files), size)]
        assert sorted(f for call in calls for f in findings(*call)) == sorted(whole)


def test_the_sample_says_the_same_file_by_file(sample_dir: Path, tmp_path: Path) -> None:
    repo = tmp_path / "sample"
    shutil.copytree(sample_dir, repo)
    subprocess.run(["git", "init", "-q", repo], check=True)
    whole = findings(repo)
    assert len(whole) > 10
    for path in repo.rglob("*.go"):
        name = path.relative_to(repo).as_posix()
        assert findings(path) == [f for f in whole if f[0].startswith(f"{name}:")], name


def test_folders_that_are_not_searched(run: Run, make_repo: MakeRepo) -> None:
    text = 'package old\n\nconst Name = "flyte/array"\n'
    repo = make_repo(
        {"go.mod": "module example.com/a\n", "testdata/a.go": text, "vendor/x/a.go": text, "_x/a.go": text}
    )
    done = run("check", "testdata/a.go", "vendor/x/a.go", "_x/a.go", cwd=repo)
    assert (done.code, done.out) == (0, "")
    assert "note: 3 of the files lie in vendor, testdata or hidden folders" in done.err


@pytest.mark.parametrize("way", ["replace", "use"])
@pytest.mark.parametrize("to", ["link", "../outside"])
def test_nothing_outside_is_read(make_repo: MakeRepo, tmp_path: Path, way: str, to: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "go.mod").write_text("module example.com/lib\n")
    (outside / "lib.go").write_text('package lib\n\nconst Name = "flyte/array"\n')
    files = load("stage-prepare").input
    ships = (
        files["ships/ships.go"]
        .replace(b'"flyte-finalizer"', b"lib.Name")
        .replace(b"import (\n", b'import (\n\t"example.com/lib"\n')
    )
    more = f"\nreplace example.com/lib => ./{to}\n" if way == "replace" else ""
    files = {**files, "ships/ships.go": ships, "go.mod": files["go.mod"] + more.encode()}
    if way == "use":
        files["go.work"] = f"go 1.21\n\nuse .\nuse ./{to}\n".encode()
    repo = make_repo(files)
    (repo / "link").symlink_to(outside)
    opened: list[str] = []

    def hook(event: str, args: tuple[object, ...]) -> None:
        if event in ("open", "os.scandir") and active:
            opened.append(os.path.realpath(os.fspath(args[0])) if isinstance(args[0], str) else "")

    active = True
    sys.addaudithook(hook)
    try:
        findings(repo / "ships" / "ships.go")
        findings(repo)
    finally:
        active = False
    assert any(p.startswith(str(repo)) for p in opened)
    assert [p for p in opened if p.startswith(str(outside))] == []


# A hook starts for every commit: what one file does not need would be most of its time.
NOT_FOR_A_FILE = {
    *("hashlib", "jinja2", "libcst", "pathspec", "rich", "subprocess"),
    *("gomigrate.background", "gomigrate.index", "gomigrate.report", "gomigrate.verify"),
    *("gomigrate.finalizer.blocking", "gomigrate.finalizer.plan", "gomigrate.finalizer.stages"),
}


def test_a_file_loads_only_what_it_needs(make_repo: MakeRepo) -> None:
    repo = make_repo(load("helpers-side-by-side").input)
    script = f"""\
import sys
from gomigrate.api import check
found, _ = check(sys.argv[1:], pack="flyte")
print(len(found), *(set(sys.modules) & {NOT_FOR_A_FILE}))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, repo / "ships/ships.go"], capture_output=True, text=True, check=True
    )
    count, *loaded = done.stdout.split()
    assert int(count) > 0 and loaded == []
