"""A series of patches: in order it gives what the one patch gives, and no state in between lacks a declaration."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import MakeRepo

from gomigrate.cli import cli
from gomigrate.errors import UserError
from gomigrate.series import split_changes


def parts(
    top: Path, before: Mapping[str, str], after: Mapping[str, str | None], by: str = "package"
) -> list[tuple[str, tuple[str, ...]]]:
    """The series for a small checkout of one module, example.org/m."""
    for path, text in {"go.mod": "module example.org/m\n", **before}.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)
    originals = {path: before[path].encode() for path in after if path in before}
    changes = {path: None if text is None else text.encode() for path, text in after.items()}
    return [(name.removeprefix("example.org/m/"), paths) for name, paths in split_changes(top, originals, changes, by)]


def use(package: str, name: str, imported: str = "a") -> str:
    return f'package {package}\n\nimport "example.org/m/{imported}"\n\nvar _ = {imported}.{name}\n'


def test_a_new_declaration_comes_before_its_users(tmp_path: Path) -> None:
    found = parts(
        tmp_path,
        {"a/a.go": "package a\n", "b/b.go": use("b", "Old"), "z/z.go": "package z\n"},
        {"z/z.go": "package z\n\nconst New = 1\n", "b/b.go": use("b", "New", "z")},
    )
    assert found == [("z", ("z/z.go",)), ("b", ("b/b.go",))]


def test_a_declaration_goes_after_its_users(tmp_path: Path) -> None:
    found = parts(
        tmp_path,
        {"a/a.go": "package a\n\nfunc Old() {}\n", "b/b.go": use("b", "Old")},
        {"a/a.go": "package a\n", "b/b.go": "package b\n"},
    )
    assert [name for name, _ in found] == ["b", "a"]


def test_a_name_of_another_package_is_another_name(tmp_path: Path) -> None:
    found = parts(
        tmp_path,
        {"a/a.go": "package a\n\nfunc Old() {}\n", "c/c.go": "package c\n", "b/b.go": use("b", "Old", "c")},
        {"a/a.go": "package a\n", "b/b.go": "package b\n"},
    )
    assert [name for name, _ in found] == ["a", "b"]


def test_a_method_goes_after_whoever_may_call_it(tmp_path: Path) -> None:
    found = parts(
        tmp_path,
        {"a/a.go": "package a\n\ntype T int\n\nfunc (T) Old() {}\n", "b/b.go": "package b\n\nvar _ = x.Old\n"},
        {"a/a.go": "package a\n\ntype T int\n", "b/b.go": "package b\n"},
    )
    assert [name for name, _ in found] == ["b", "a"]


def test_parts_that_wait_for_each_other_are_one(tmp_path: Path) -> None:
    found = parts(
        tmp_path,
        {"a/a.go": "package a\n\nfunc Old() {}\n", "b/b.go": use("b", "Old"), "c/c.go": "package c\n"},
        {"a/a.go": "package a\n\nconst New = 1\n", "b/b.go": use("b", "New"), "c/c.go": "package c // too\n"},
    )
    assert found == [("a and example.org/m/b", ("a/a.go", "b/b.go")), ("c", ("c/c.go",))]


def test_what_moves_within_a_package_moves_in_one_patch(tmp_path: Path) -> None:
    owners = "/a/one.go @one\n/a/two.go @two\n"
    found = parts(
        tmp_path,
        {"CODEOWNERS": owners, "a/one.go": "package a\n\nconst K = 1\n", "a/two.go": "package a\n"},
        {"a/one.go": "package a\n", "a/two.go": "package a\n\nconst K = 1\n"},
        "codeowners",
    )
    assert found == [("@one and @two", ("a/one.go", "a/two.go"))]


def test_owners_are_those_of_the_last_line_that_matches(tmp_path: Path) -> None:
    owners = "* @all\n/b/ @org/team b@example.org\n/c/\n"
    before = {f"{name}/x.go": f"package {name}\n" for name in "abc"}
    found = parts(
        tmp_path, {".github/CODEOWNERS": owners, **before}, {p: f"// x\n{t}" for p, t in before.items()}, "codeowners"
    )
    assert found == [("@all", ("a/x.go",)), ("@org/team b@example.org", ("b/x.go",)), ("no owner", ("c/x.go",))]


def test_no_owners_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no CODEOWNERS file to read .*--split module"):
        parts(tmp_path, {"a/a.go": "package a\n"}, {"a/a.go": None}, "codeowners")


# -- the command --------------------------------------------------------------------------------------------------


def run(*args: object) -> tuple[int, str]:
    answer = CliRunner().invoke(cli, ["patch", "--pack", "flyte", *map(str, args)])
    return answer.exit_code, answer.stderr


def git(top: Path, *args: str) -> str:
    done = subprocess.run(["git", *args], cwd=top, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def sample(make_repo: MakeRepo, sample_dir: Path) -> Path:
    return make_repo(
        {p.relative_to(sample_dir).as_posix(): p.read_bytes() for p in sample_dir.rglob("*") if p.is_file()}
    )


@pytest.mark.parametrize("by", ["module", "package"])
def test_the_series_gives_what_the_one_patch_gives(sample: Path, tmp_path: Path, by: str) -> None:
    assert run(sample, "-o", tmp_path / "one.patch")[0] == 0
    git(sample, "apply", str(tmp_path / "one.patch"))
    git(sample, "add", "-A")
    whole = git(sample, "write-tree")
    git(sample, "reset", "-q", "--hard")
    assert run(sample, "--split", by, "-o", tmp_path / "series", "--format", "mbox")[0] == 0
    names = sorted(p.name for p in (tmp_path / "series").iterdir())
    assert names[0] == "0000-cover-letter.md"
    assert [n[:4] for n in names[1:]] == [f"{i:04d}" for i in range(1, len(names))]
    git(
        sample, "-c", "user.name=C", "-c", "user.email=c@example.org", "am", "-q",
        *(str(tmp_path / "series" / n) for n in names[1:]),
    )  # fmt: skip
    assert git(sample, "rev-parse", "HEAD^{tree}") == whole
    assert int(git(sample, "rev-list", "--count", "HEAD")) == len(names)


def test_the_cover_letter_holds_the_report_and_names_every_patch(sample: Path, tmp_path: Path) -> None:
    run(sample, "--split", "module", "-o", tmp_path / "series", "--report", tmp_path / "report.md")
    letter = (tmp_path / "series" / "0000-cover-letter.md").read_text()
    assert letter.endswith((tmp_path / "report.md").read_text())
    assert all(f"`{p.name}`" in letter for p in (tmp_path / "series").glob("*.patch"))


def test_a_series_goes_to_a_folder_without_older_patches(sample: Path, tmp_path: Path) -> None:
    folder = tmp_path / "series"
    assert run(sample, "--split", "module") == (2, "gomigrate: --split: say by -o which folder the patches go to.\n")
    folder.mkdir()
    assert run(sample, "--split", "module", "-o", folder)[0] == 0
    code, said = run(sample, "--split", "package", "-o", folder)
    assert code == 2 and "is not empty" in said
    code, said = run(sample, "--split", "module", "-o", tmp_path / "none" / "series")
    assert code == 2 and "there is no folder" in said
    (tmp_path / "file").touch()
    code, said = run(sample, "--split", "module", "-o", tmp_path / "file")
    assert code == 2 and "is no folder" in said


def test_no_folder_stays_when_it_cannot_be_done(sample: Path, tmp_path: Path) -> None:
    code, _ = run(sample, "--split", "codeowners", "-o", tmp_path / "series")
    assert code == 2 and not (tmp_path / "series").exists()


@pytest.mark.go
def test_every_state_of_the_sample_compiles(go: Path, sample_dir: Path, tmp_path: Path) -> None:
    top = tmp_path / "sample"
    shutil.copytree(sample_dir, top)
    assert run(top, "--split", "package", "-o", tmp_path / "series")[0] == 0
    environment = {**os.environ, "GOWORK": "off", "GO111MODULE": "on", "GOFLAGS": "-mod=readonly"}
    for patch in sorted((tmp_path / "series").glob("*.patch")):
        git(top, "apply", str(patch))
        for module in sorted(p.parent for p in top.glob("*/go.mod")):
            done = subprocess.run([go, "vet", "./..."], cwd=module, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, f"after {patch.name}, in {module.name}:\n{done.stderr}"
