"""Checkouts that mean harm: each case tries something, and gomigrate must not notice, or refuse in words.

Every case is run twice: by the quick tests, which look at what comes out and at traps that went off, and under strace,
which shows what was really opened, written, started and called.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import MakeRepo
from fakego import make_go
from fleet import FILES, GO_MOD, SHIPS
from tracing import Traced, needs_strace, trace, within

from gomigrate.checkout import Checkout
from gomigrate.verify.runner import _WATCH

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs what Unix has: pipes, links, sockets")

GOMIGRATE = (sys.executable, "-m", "gomigrate")
SECRET = "this-is-only-known-outside"
LIMIT_SECONDS = 60
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


class Place(NamedTuple):
    """`repo` is the checkout, `outside` a folder beside it that holds a secret; `trap` is a program that leaves a mark
    in `marks` when it is run."""

    repo: Path
    outside: Path
    trap: Path
    marks: Path

    def git(self, *words: str) -> None:
        subprocess.run(["git", "-C", self.repo, *words], check=True, capture_output=True)

    @property
    def sprung(self) -> list[str]:
        return sorted(mark.name for mark in self.marks.iterdir())


class Done(NamedTuple):
    code: int
    out: bytes
    err: str


class Case(NamedTuple):
    """`prepare` makes the checkout hostile. Then the patch is that of the harmless checkout, unless `refused` is given:
    words of the message with which it is refused. `said` are words of a note. `git_leads_to` is what may be read of the
    folder outside, since .git names it."""

    prepare: Callable[[Place], None]
    said: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    git_leads_to: tuple[str, ...] = ()


def run(place: Place, *words: str | Path, cwd: Path | None = None) -> Done:
    done = subprocess.run(
        [*GOMIGRATE, *words],
        cwd=cwd or place.outside,
        env=environment(place),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=LIMIT_SECONDS,
    )
    err = done.stderr.decode()
    assert "Traceback" not in err, err
    return Done(done.returncode, done.stdout, err)


def environment(place: Place) -> dict[str, str]:
    """The user's own, with a home that has no settings of git."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    home = {"HOME": str(place.outside), "XDG_CONFIG_HOME": str(place.outside), "GIT_CONFIG_NOSYSTEM": "1"}
    return {**kept, **home, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "400", "MARKS": str(place.marks)}


@pytest.fixture
def place(make_repo: MakeRepo, tmp_path: Path) -> Iterator[Place]:
    outside, marks = tmp_path / "outside", tmp_path / "marks"
    outside.mkdir()
    marks.mkdir()
    trap = tmp_path / "trap"
    trap.write_text(f'#!/bin/sh\ntouch "{marks}/$(basename "$0")-$$"\ncat\n')
    trap.chmod(0o755)
    (outside / "secret.go").write_text(f"package outside\n\n// Finalizers: {SECRET}\n")
    (outside / "go.mod").write_text(f"module {SECRET}\n")
    (outside / "folder").mkdir()
    (outside / "folder/secret.go").write_text(f"package outside\n\n// Finalizers: {SECRET}\n")
    # What cannot be read lies in a package of its own: where it may use a name, the name rightly stays.
    yield Place(make_repo({**FILES, "bare/bare.go": "package bare\n"}), outside, trap, marks)
    # Some of it is too deep, or too much locked, for what cleans up after tests.
    subprocess.run(["chmod", "-R", "u+rwX", tmp_path / "repo"], capture_output=True)
    subprocess.run(["rm", "-rf", tmp_path / "repo"], check=True)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The patch of the harmless checkout."""
    top = tmp_path_factory.mktemp("harmless")
    for name, text in FILES.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    done = subprocess.run([*GOMIGRATE, "patch", top, "--pack", "flyte"], capture_output=True, check=True)
    assert done.stdout
    return done.stdout


# Links


def links_out(place: Place) -> None:
    (place.repo / "bare/out.go").symlink_to(place.outside / "secret.go")
    (place.repo / "bare/folder").symlink_to(place.outside / "folder")
    (place.repo / "linked").symlink_to(place.outside)
    (place.repo / "other").mkdir()
    (place.repo / "other/go.mod").symlink_to(place.outside / "go.mod")
    (place.repo / "other/vendor").symlink_to(place.outside)
    (place.repo / "go.work").symlink_to(place.outside / "go.mod")
    (place.repo / "CODEOWNERS").symlink_to(place.outside / "secret.go")


def links_in_loops(place: Place) -> None:
    (place.repo / "bare/again").symlink_to(".")
    (place.repo / "up").symlink_to("..")
    (place.repo / "a.go").symlink_to("b.go")
    (place.repo / "b.go").symlink_to("a.go")
    (place.repo / "self.go").symlink_to("self.go")
    (place.repo / "go.work").symlink_to("go.work")


def a_configuration_outside(place: Place) -> None:
    (place.outside / "x.toml").write_text(f'pack = "{SECRET}"\n')
    (place.repo / ".gomigrate.toml").symlink_to(place.outside / "x.toml")


def test_a_folder_that_becomes_a_link_is_not_read_through(place: Place) -> None:
    """Between the look at the folder and the look at its files."""
    (place.outside / "x.go").write_text("package outside\n")
    for folder in ("bare", "bare/deep"):
        (place.repo / folder).mkdir(exist_ok=True)
        (place.repo / folder / "x.go").write_text("package bare\n")
    checkout, another = Checkout(place.repo), Checkout(place.repo)
    assert another.read("bare/deep/x.go", keep=False) == b"package bare\n"
    (place.repo / "bare").rename(place.repo / "old")
    (place.repo / "bare").symlink_to(place.outside)
    (place.outside / "deep").symlink_to(place.outside)
    assert checkout.read("bare/x.go", keep=False) is None
    (note,) = (n.text for n in checkout.notes if n.path == "bare/x.go")
    assert note.startswith("cannot be read: ")
    assert checkout.read("bare/deep/x.go", keep=False) is None
    # A folder that was opened is read on, wherever it is now.
    for path in ("bare/x.go", "bare/deep/x.go"):
        assert another.read(path, keep=False) in (b"package bare\n", None)


# What is no file


def pipes_and_sockets(place: Place) -> None:
    for name in ("bare/x.go", "bare/x_test.go", "go.work", "CODEOWNERS", "bare/go.mod", "go.sum"):
        os.mkfifo(place.repo / name)
    here = os.getcwd()
    os.chdir(place.repo)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("y.go")
    finally:
        os.chdir(here)
    if ROOT:
        os.mknod(place.repo / "zero.go", 0o20666, os.makedev(1, 5))


def a_pipe_for_a_configuration(place: Place) -> None:
    os.mkfifo(place.repo / ".gomigrate.toml")


def folders_with_names_of_files(place: Place) -> None:
    for name in ("bare/x.go", "go.work", "CODEOWNERS", "bare/go.mod", "go.sum"):
        (place.repo / name).mkdir()


def what_may_not_be_read(place: Place) -> None:
    (place.repo / "locked").mkdir()
    (place.repo / "locked/x.go").write_text("package locked\n")
    (place.repo / "bare/x.go").write_text("package bare\n")
    (place.repo / "bare/x.go").chmod(0)
    (place.repo / "locked").chmod(0)


# Sizes


def a_file_with_a_hole(place: Place) -> None:
    with (place.repo / "bare/x.go").open("wb") as file:
        file.truncate(10 << 30)


def a_huge_go_mod(place: Place) -> None:
    (place.repo / "other").mkdir()
    (place.repo / "other/go.mod").write_bytes(
        b"module example.com/other\n" + b"require a.example/b v1.0.0\n" * 2_000_000
    )


def a_large_go_mod(place: Place) -> None:
    (place.repo / "other").mkdir()
    lines = (f"\ta.example/b{i} v1.0.0\n" for i in range(200_000))
    (place.repo / "other/go.mod").write_text(f"module example.com/other\nrequire (\n{''.join(lines)})\n")


def many_go_mods(place: Place, count: int = 1_000) -> None:
    """Each of a host of its own, with a workspace of all of them, and half of them with one of their own."""
    used = []
    for i in range(count):
        used.append(f"m{i % 100}/n{i}")
        folder = place.repo / used[-1]
        folder.mkdir(parents=True)
        (folder / "go.mod").write_text(f"module host{i}.example/m\n")
        if i % 2:
            (folder / "go.work").write_text("go 1.24\n\nuse .\n")
        else:
            (folder / "x.go").write_text('package x\n\nimport _ "fmt"\n')
    lines = "".join(f"\t./{folder}\n" for folder in used)
    (place.repo / "go.work").write_text(f"go 1.24\n\nuse (\n\t.\n{lines})\n")


def very_deep(place: Place) -> None:
    folder = place.repo / "deep"
    folder.mkdir()
    here = os.open(folder, os.O_RDONLY)
    for _ in range(3_000):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


# go.mod, go.work, vendor


def modules_outside(place: Place) -> None:
    replaced = "replace sigs.k8s.io/other => ../../../../../../etc\nreplace k8s.io/other => /etc\n"
    (place.repo / "go.mod").write_text(GO_MOD + replaced + f"replace example.com/x => {place.outside}\n")


def workspaces_in_a_circle(place: Place) -> None:
    (place.repo / "go.work").write_text("go 1.24\n\nuse (\n\t.\n\t./ships\n\t..\n\t../outside\n\t/etc\n)\n")
    (place.repo / "ships/go.work").write_text("go 1.24\n\nuse ..\nuse .\n")


def a_false_vendor_folder(place: Place) -> None:
    vendor = place.repo / "other/vendor"
    vendor.mkdir(parents=True)
    (place.repo / "other/go.mod").write_text("module example.com/other\n")
    (vendor / "modules.txt").write_text("# ../../../../etc v1.0.0\n## explicit\n../../../../etc\n" * 1000)
    (vendor / "sigs.k8s.io").symlink_to(place.outside)


API = 'package api\n\nimport metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"\n\ntype Boat struct{ metav1.ObjectMeta }\n'
BOATS = """package {0}

import "example.org/{0}"

func drop(boat *{0}.Boat) {{
\tboat.Finalizers = nil
}}
"""


def a_vendor_folder_that_leads_out(place: Place) -> None:
    """Each package that is asked for is a trap: by a link, by its size, by what stands for a file."""
    (place.outside / "api.go").write_text(f"{API}\n// {SECRET}\nconst Name = {SECRET!r}\n".replace("'", '"'))
    vendor = place.repo / "bare/vendor"
    packages = ("out", "file", "loop", "huge", "pipe", "deep", "broken", "etc")
    listed = "".join(f"example.org/{name}\n" for name in packages)
    go_mod = "module example.com/bare\n\ngo 1.21\n\nrequire example.org v1.0.0\n"
    for name in ("file", "huge", "pipe", "deep", "broken"):
        (vendor / "example.org" / name).mkdir(parents=True)
    (vendor / "modules.txt").write_text(f"# example.org v1.0.0\n## explicit\n{listed}../../../outside\n")
    (place.repo / "bare/go.mod").write_text(go_mod)
    (vendor / "example.org/out").symlink_to(place.outside)
    (vendor / "example.org/loop").symlink_to("loop")
    (vendor / "example.org/etc").symlink_to("/etc")
    (vendor / "example.org/file/api.go").symlink_to(place.outside / "api.go")
    with (vendor / "example.org/huge/api.go").open("wb") as file:
        file.truncate(10 << 30)
    os.mkfifo(vendor / "example.org/pipe/api.go")
    (vendor / "example.org/deep/api.go").write_text(f"{API}\nvar deep = {'(' * 50_000}1{')' * 50_000}\n")
    (vendor / "example.org/broken/api.go").write_text(f"{API}\nvar broken = {{{{\n")
    for name in packages:
        (place.repo / f"bare/{name}").mkdir()
        (place.repo / f"bare/{name}/{name}.go").write_text(BOATS.format(name))


# Manifests


def manifests_that_explode(place: Place) -> None:
    """A few lines of aliases that stand for more than there is room for: as a value, as a key, and in a patch."""
    laughs = "a0: &a0 [x]\n" + "".join(f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 10)}]\n" for i in range(30))
    named = "metadata:\n  finalizers: [flyte-finalizer]\n"
    (place.repo / "value.yaml").write_text(f"{laughs}{named}b: *a30\n")
    (place.repo / "key.yaml").write_text(f"{laughs}{named}? *a30\n: x\n")
    (place.repo / "patch.yaml").write_text(f"{laughs}{named}b:\n- op: *a30\n  path: *a30\n  value: *a30\n")
    (place.repo / "deep.yaml").write_text(f"# {']' * 20_000}\n{named}b: {'[' * 40_000}")
    (place.repo / "circle.yaml").write_text(f"{named}b: &b [*b, {{*b : *b}}]\n")
    (place.repo / "deep.py").write_text('x = "flyte-finalizer"\ny = ' + "(" * 60_000)


# git


def a_git_that_runs(place: Place) -> None:
    trap = place.trap
    for hook in ("post-index-change", "pre-commit", "post-checkout", "reference-transaction", "fsmonitor-watchman"):
        (place.repo / ".git/hooks").mkdir(exist_ok=True)
        shutil.copy(trap, place.repo / ".git/hooks" / hook)
    settings = {
        "core.fsmonitor": trap,
        "core.hooksPath": trap.parent,
        "core.sshCommand": trap,
        "core.pager": trap,
        "core.editor": trap,
        "core.gitProxy": trap,
        "core.askPass": trap,
        "core.alternateRefsCommand": trap,
        "pager.ls-files": trap,
        "alias.ls-files": f"!{trap}",
        "alias.ls-tree": f"!{trap}",
        "diff.external": trap,
        "diff.evil.textconv": trap,
        "diff.evil.command": trap,
        "filter.evil.clean": trap,
        "filter.evil.smudge": trap,
        "filter.evil.process": trap,
        "filter.evil.required": "true",
        "gpg.program": trap,
        "commit.gpgsign": "true",
        "credential.helper": f"!{trap}",
        "remote.origin.url": f"ext::{trap}",
        "remote.origin.promisor": "true",
        "protocol.ext.allow": "always",
        "extensions.partialClone": "origin",
        "core.repositoryFormatVersion": "1",
        "submodule.evil.update": f"!{trap}",
        "submodule.recurse": "true",
    }
    (place.outside / "included").write_text(f"[core]\n\tfsmonitor = {trap}\n")
    for key, value in settings.items():
        place.git("config", key, os.fspath(value))
    place.git("config", "include.path", os.fspath(place.outside / "included"))
    (place.repo / ".gitattributes").write_text("* filter=evil diff=evil merge=evil ident\n")
    (place.repo / ".gitmodules").write_text(
        f'[submodule "evil"]\n\tpath = ships\n\turl = ext::{trap}\n\tupdate = !{trap}\n'
    )


def a_work_tree_elsewhere(place: Place) -> None:
    place.git("config", "core.worktree", os.fspath(place.outside))


def objects_elsewhere(place: Place) -> None:
    info = place.repo / ".git/objects/info"
    info.mkdir(exist_ok=True)
    (info / "alternates").write_text(f"{place.outside}\n/dev/zero\n../../../../..\n")


def a_repository_inside(place: Place) -> None:
    (place.repo / "nested").mkdir()
    subprocess.run(["git", "init", "-q", place.repo / "nested"], check=True)
    (place.repo / "nested/x.go").write_text(SHIPS)


def a_submodule(place: Place) -> None:
    """Its .git is a file that leads into ours, and its files are a matter of its own repository."""
    theirs = place.outside / "theirs"
    subprocess.run(["git", "init", "-q", theirs], check=True)
    (theirs / "x.go").write_text(SHIPS)
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    subprocess.run(["git", "-C", theirs, "add", "-A"], check=True)
    subprocess.run(["git", "-C", theirs, *identity, "commit", "-qm", "theirs"], check=True)
    place.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", os.fspath(theirs), "sub")
    assert (place.repo / "sub/.git").is_file() and (place.repo / "sub/x.go").is_file()


def another_repository(place: Place) -> None:
    subprocess.run(["git", "init", "-q", place.outside / "other"], check=True)
    shutil.rmtree(place.repo / ".git")
    (place.repo / ".git").write_text(f"gitdir: {place.outside}/other/.git\n")


def a_git_that_is_a_pipe(place: Place) -> None:
    shutil.rmtree(place.repo / ".git")
    os.mkfifo(place.repo / ".git")


def a_git_that_never_ends(place: Place) -> None:
    shutil.rmtree(place.repo / ".git")
    (place.repo / ".git").symlink_to("/dev/zero")


def a_git_that_is_a_loop(place: Place) -> None:
    shutil.rmtree(place.repo / ".git")
    (place.repo / ".git").symlink_to(".git")


def a_git_that_names_itself(place: Place) -> None:
    shutil.rmtree(place.repo / ".git")
    (place.repo / ".git").write_text("gitdir: .git\n")


def pipes_in_git(place: Place) -> None:
    git = place.repo / ".git"
    (git / "sequencer").mkdir()
    for name in ("packed-refs", "commondir", "sequencer/todo", "MERGE_MSG"):
        os.mkfifo(git / name)


def a_pipe_for_the_commit(place: Place) -> None:
    (place.repo / ".git/HEAD").unlink()
    os.mkfifo(place.repo / ".git/HEAD")


# Settings


def deep_settings(place: Place) -> None:
    (place.repo / ".gomigrate.toml").write_text("x = " + "[" * 100_000)


def deep_keys(place: Place) -> None:
    (place.repo / ".gomigrate.toml").write_text(".".join("a" * 50_000) + " = 1\n")


def settings_with_a_late_mistake(place: Place) -> None:
    lines = 'GM001 = "off"\n' + "# unknown\n" * 20_000 + "unknown = 1\n"
    (place.repo / ".gomigrate.toml").write_text(f"[severities]\n{lines}")


def patterns_that_explode(place: Place) -> None:
    stars = "*a" * 40 + "b"
    deep = "**/a*/" * 20 + "b"
    (place.repo / ".gomigrate.toml").write_text(f'exclude = ["{stars}", "{deep}"]\n')
    folder = place.repo / ("a" * 200) / ("a" * 200)
    folder.mkdir(parents=True)
    (folder / ("a" * 200 + ".go")).write_text(SHIPS.replace("package ships", "package aa"))


CASES = {
    "links out": Case(links_out, ("bare/out.go: is a symbolic link; skipped",)),
    "links in loops": Case(links_in_loops, ("a.go: is a symbolic link; skipped",)),
    "a configuration outside": Case(a_configuration_outside, refused=("symlink that leads out of the checkout",)),
    "pipes, sockets and devices": Case(pipes_and_sockets, ("bare/x.go: is a special file; skipped",)),
    "a pipe for a configuration": Case(a_pipe_for_a_configuration, refused=(".gomigrate.toml: is no regular file",)),
    "folders with names of files": Case(folders_with_names_of_files),
    "a file with a hole": Case(a_file_with_a_hole, ("bare/x.go: is larger than 8 MiB; skipped",)),
    "a go.mod of 54 MB": Case(a_huge_go_mod, ("other/go.mod: is larger than 8 MiB; skipped",)),
    "a go.mod of 5 MB": Case(a_large_go_mod),
    "many go.mod files": Case(many_go_mods),
    "a very deep tree": Case(very_deep, ("File name too long; skipped",)),
    "modules outside": Case(modules_outside),
    "workspaces in a circle": Case(workspaces_in_a_circle),
    "a false vendor folder": Case(a_false_vendor_folder),
    "a vendor folder that leads out": Case(a_vendor_folder_that_leads_out),
    "manifests that explode": Case(manifests_that_explode),
    "a git that runs programs": Case(a_git_that_runs, git_leads_to=("included",)),
    "a work tree elsewhere": Case(a_work_tree_elsewhere),
    "objects elsewhere": Case(objects_elsewhere),
    "a repository inside": Case(a_repository_inside, ("nested: is a repository of its own; skipped",)),
    "a submodule": Case(a_submodule, ("sub: is a repository of its own; skipped",)),
    "another repository": Case(another_repository, git_leads_to=("other/.git",)),
    "a .git that is a pipe": Case(a_git_that_is_a_pipe, ("is no git repository that can be used",)),
    "a .git that never ends": Case(a_git_that_never_ends, ("is no git repository that can be used",)),
    "a .git that is a loop": Case(a_git_that_is_a_loop, ("is no git repository that can be used",)),
    "a .git that names itself": Case(a_git_that_names_itself, ("is no git repository that can be used",)),
    "pipes in .git": Case(pipes_in_git),
    "a pipe for the commit": Case(a_pipe_for_the_commit, ("is no git repository that can be used",)),
    "deep settings": Case(deep_settings, refused=(".gomigrate.toml", "nested too deeply")),
    "deep keys": Case(deep_keys, refused=(".gomigrate.toml",)),
    "settings with a late mistake": Case(settings_with_a_late_mistake, refused=(".gomigrate.toml", "is no rule")),
    "patterns that explode": Case(patterns_that_explode, refused=(".gomigrate.toml", "wildcards")),
}
HARMLESS = Case(lambda place: None)
if not ROOT:
    CASES["what may not be read"] = Case(what_may_not_be_read, ("locked: cannot be read",))


@pytest.mark.parametrize("name", CASES)
def test_the_patch_is_that_of_a_harmless_checkout(name: str, place: Place, wanted: bytes) -> None:
    case = CASES[name]
    case.prepare(place)
    before = seen(place.outside)
    done = run(place, "patch", place.repo, "--pack", "flyte")
    checked = run(place, "check", place.repo, "--pack", "flyte")
    for answer in (done, checked):
        assert SECRET not in answer.err and SECRET.encode() not in answer.out
    if case.refused:
        assert (done.code, done.out) == (2, b"") and checked.code == 2
        assert all(word in answer.err for word in case.refused for answer in (done, checked)), done.err
    else:
        assert (done.code, checked.code) == (0, 1), done.err
        assert done.out == wanted
    assert all(word in done.err for word in case.said), done.err
    assert place.sprung == []
    assert seen(place.outside) == before


@pytest.mark.slow
def test_ten_thousand_modules(place: Place, wanted: bytes) -> None:
    """To make and to remove them takes the system longer than gomigrate takes to read them."""
    many_go_mods(place, 10_000)
    started = time.monotonic()
    done = run(place, "patch", place.repo, "--pack", "flyte")
    checked = run(place, "check", place.repo / "ships/ships.go", "--pack", "flyte")
    assert time.monotonic() - started < LIMIT_SECONDS / 2
    assert (done.code, done.out, checked.code) == (0, wanted, 1)


def seen(folder: Path) -> dict[str, bytes]:
    """What a folder holds, pipes and the like left out."""
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in sorted(folder.rglob("*"))}


# Names and texts


NAMES = (
    *("-rf.go", "a\nb.go", "tab\t.go", "return\r.go", "\x1b[31mred\x07.go", "quotes\"'`.go", "back\\slash.go"),
    *("<script>alert(1)<!--.go", "](javascript:alert(1)).go", "|cell|.go", "\u202egpj.go", "::error file=x::boom.go"),
    *("\n::error::boom.go", "%0A::error::boom.go", "$(touch x).go", ";touch x;.go", "{{ 7*7 }}.go", "\u00e9.go"),
    *("Ships.go", "SHIPS.go", "ships .go", "\udcff\udcfe.go"),
)
# Packages of their own, so that each has all that it needs.
FOLDERS = ("-rf", "a\nb", "\x1b[31m", "$(touch x)", "SHIPS", "Ships", "\u202egpj", "{{ 7*7 }}", "a b", "\u00e9")
EVIL = "</script><img src=x onerror=alert(1)>|](javascript:alert(1))::error::boom\u202e\x1b[31m"


@pytest.fixture
def named(place: Place) -> Place:
    """A checkout in which every name has something to change, and a text that must not get out of its place."""
    for number, name in enumerate(NAMES):
        code = SHIPS.replace("drop", f"drop{number}")
        evil = f'\n// {EVIL}\nfunc also{number}(ship *v1.Ship) {{\n\tship.SetFinalizers(evil(ship, "{EVIL}"))\n}}\n'
        (place.repo / "ships" / name).write_text(code + evil.replace("\x1b", "\\x1b").replace("\u202e", "\\u202e"))
    place.git("config", "remote.origin.url", f"https://github.com/x/y{EVIL.splitlines()[0]}")
    return place


def test_every_name_gets_into_a_patch_that_git_takes(named: Place) -> None:
    done = run(named, "patch", named.repo, "--pack", "flyte", "-o", named.outside / "x.patch")
    assert done.code == 0, done.err
    subprocess.run(["git", "-C", named.repo, "apply", named.outside / "x.patch"], check=True)
    changed = [
        name for name in NAMES if b"controllerutil" in os.fsencode((named.repo / "ships" / name).read_bytes().decode())
    ]
    assert changed == list(NAMES)
    assert_terminal(done.err)


def test_folders_of_every_name_get_into_a_patch_that_git_takes(place: Place) -> None:
    for folder in FOLDERS:
        (place.repo / folder).mkdir()
        for name in ("ships.go", "helpers.go"):
            code = FILES[f"ships/{name}"].replace("flyte-finalizer", "flyte/array")
            (place.repo / folder / name).write_text(code)
    done = run(place, "patch", place.repo, "--pack", "flyte", "-o", place.outside / "x.patch")
    assert done.code == 0, done.err
    subprocess.run(["git", "-C", place.repo, "apply", place.outside / "x.patch"], check=True)
    assert [f for f in FOLDERS if "controllerutil" in (place.repo / f / "ships.go").read_text()] == list(FOLDERS)
    assert_terminal(done.err)


def test_reports_show_names_and_texts_and_do_nothing(named: Place) -> None:
    reports = {suffix: named.outside / f"report{suffix}" for suffix in (".html", ".md", ".json", ".sarif")}
    words = [word for report in reports.values() for word in ("--report", report)]
    done = run(named, "patch", named.repo, "--pack", "flyte", *words)
    assert done.code == 0, done.err
    assert_page(reports[".html"].read_text(), scripts=1)
    from markdown_it import MarkdownIt

    assert_page(MarkdownIt("gfm-like", {"linkify": False}).render(reports[".md"].read_text()), scripts=0)
    for report in (reports[".json"], reports[".sarif"]):
        assert json.loads(report.read_text())
    for report in reports.values():
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]", report.read_text())


@pytest.mark.parametrize("form", ["text", "github", "gitlab", "sarif"])
def test_findings_show_names_and_texts_and_do_nothing(named: Place, form: str) -> None:
    done = run(named, "check", named.repo, "--pack", "flyte", "--format", form)
    out = done.out.decode()
    assert done.code == 1
    if form in ("gitlab", "sarif"):
        assert json.loads(out)
    elif form == "github":
        lines = out.split("\n")[:-1]
        assert len(lines) >= 2 * len(NAMES)
        assert all(re.match("::(error|warning|notice) file=[^:,]*,", line) for line in lines), lines
    assert_terminal(out)
    assert_terminal(done.err)


def assert_terminal(text: str) -> None:
    """Nothing that a terminal acts on, or that turns text around."""
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


class Page(HTMLParser):
    """What a browser would make of a page: elements, and attributes that do something."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.acting: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)
        for name, value in attrs:
            address = name in ("href", "src", "action", "srcdoc", "data", "formaction")
            if name.startswith("on") or (address and not re.match("https://|#", value or "")):
                self.acting.append(f"{tag} {name}={value}")


def assert_page(text: str, *, scripts: int) -> None:
    page = Page()
    page.feed(text)
    assert page.found.count("script") == scripts
    assert not {"img", "iframe", "object", "embed", "base", "link"} & set(page.found)
    assert page.acting == []


# Packs


def pack_in(folder: Path, **files: str | None) -> Path:
    """A pack `evil`; a file of it that is None is a pipe."""
    pack = folder / "evil"
    pack.mkdir()
    text = """\
name = "evil"
title = "Evil"
[[finalizer]]
old = "flyte-finalizer"
new = "flyte.org/finalizer"
constant = "FinalizerKey"
legacy_constant = "LegacyFinalizerKey"
"""
    (pack / "pack.toml").write_text(text)
    for name, content in files.items():
        path = pack / name.replace("_toml", ".toml").replace("_scm", ".scm").replace("_go_j2", ".go.j2")
        path.unlink(missing_ok=True)
        if content is None:
            os.mkfifo(path)
        else:
            path.write_text(content)
    return pack


TEMPLATES = (
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ cycler.__init__.__globals__.os.popen('x') }}",
    "{{ object|attr('__class__') }}",
    "{{ lipsum.__globals__ }}",
    "{% for i in range(10**9) %}x{% endfor %}",
    "{{ 'x' * 10**10 }}",
    "{{ 10 ** 10 ** 10 }}",
    "{{ '%1000000000d' | format(1) }}",
    "{{ key | center(10**10) }}",
    "{% for a in keys %}{% for b in keys %}x{% endfor %}{% endfor %}",
    "{% for a in keys recursive %}{{ loop(keys) }}{% endfor %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% set x = 'x' %}{% set x = x ~ x %}{{ x }}",
    "{% include '../../secret.go' %}",
    "{% import '/etc/passwd' as x %}",
    "{% extends 'remove.go.j2' %}",
    "{{ " + "(" * 5000 + ")" * 5000 + " }}",
    "{% if true %}" * 5000,
    "{{ keys.append('x') }}",
    "{{ self }}{{ self._TemplateReference__context }}",
)


@pytest.mark.parametrize("template", TEMPLATES, ids=range(len(TEMPLATES)))
def test_a_template_does_no_more_than_render(place: Place, template: str) -> None:
    pack = pack_in(place.outside, remove_go_j2=template)
    done = run(place, "patch", place.repo, "--rules", pack, "--pack", "evil")
    assert (done.code, done.out) == (2, b""), done.err
    assert "remove.go.j2: is no valid template: " in done.err


QUERIES = (
    "(statement_list (_)* @a (_)* @access)",
    "(statement_list (_) @a (_) @b (_) @c (_) @d (_) @access)",
    '((identifier) @access (#match? @access "^(a+)+$"))',
    "(" * 100_000,
    "(call_expression) @access " * 1_000_000,
)


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_a_query_ends(place: Place, query: str) -> None:
    calls = "".join(f"\tdrop(ship{i})\n" for i in range(3_000))
    (place.repo / "ships/long.go").write_text(f"package ships\n\nfunc Finalizers() {{\n{calls}}}\n")
    pack = pack_in(place.outside, candidates_scm=query)
    done = run(place, "patch", place.repo, "--rules", pack, "--pack", "evil")
    assert (done.code, done.out) == (2, b""), done.err
    assert "candidates.scm: " in done.err


@pytest.mark.parametrize(
    "files",
    [
        {"pack_toml": None},
        {"candidates_scm": None},
        {"remove_go_j2": None},
        {"pack_toml": "x = " + "[" * 100_000},
        {"pack_toml": "a." * 100_000 + "a = 1"},
        {"pack_toml": 'name = "' + "x" * 10_000_000},
    ],
    ids=("pipe", "pipe for a query", "pipe for a template", "deep", "deep key", "large"),
)
def test_a_pack_is_a_folder_of_small_plain_files(place: Place, files: dict[str, str | None]) -> None:
    pack = pack_in(place.outside, **files)
    done = run(place, "patch", place.repo, "--rules", pack, "--pack", "evil")
    assert (done.code, done.out) == (2, b""), done.err
    assert "evil" in done.err and len(done.err) < 1000


def test_a_pack_is_not_read_through_links_that_lead_out(place: Place) -> None:
    pack = pack_in(place.repo)
    (pack / "remove.go.j2").symlink_to(place.outside / "secret.go")
    done = run(place, "patch", place.repo, "--rules", pack, "--pack", "evil")
    assert (done.code, done.out) == (2, b"") and "leads out of the pack" in done.err and SECRET not in done.err


# What a person names


def test_a_pipe_is_no_baseline(place: Place) -> None:
    os.mkfifo(place.repo / "baseline.json")
    done = run(place, "check", place.repo, "--pack", "flyte", "--baseline", place.repo / "baseline.json")
    assert done.code == 2 and "baseline.json: is no regular file" in done.err


def test_owners_do_not_take_for_ever(place: Place) -> None:
    (place.repo / "CODEOWNERS").write_text("*a" * 50 + " @a\n")
    done = run(place, "patch", place.repo, "--pack", "flyte", "--split", "codeowners", "-o", place.outside / "series")
    assert done.code == 2 and "CODEOWNERS:1: the pattern has too many wildcards" in done.err


def test_python_files_of_the_checkout_are_not_imported(place: Place) -> None:
    """As the installed program, which is how people run it. `python -m` itself looks into the working folder first."""
    program = shutil.which("gomigrate", path=Path(sys.executable).parent)
    assert program, "gomigrate is not installed beside this Python"
    trap = f"open({str(place.marks / 'imported')!r}, 'w').write(__name__)\n"
    for name in ("click", "jinja2", "rich", "sitecustomize", "usercustomize", "tomllib", "pathspec", "encodings"):
        (place.repo / f"{name}.py").write_text(trap)
    (place.repo / "gomigrate").mkdir()
    (place.repo / "gomigrate/__init__.py").write_text(trap)
    kept = {name: value for name, value in environment(place).items() if name != "PYTHONPATH"}
    for words in (["patch", ".", "--report", "/dev/null/x.md"], ["patch"], ["check"], ["explain", "GM001"], ["init"]):
        subprocess.run([program, *words], cwd=place.repo, env=kept, capture_output=True, timeout=LIMIT_SECONDS)
    assert (place.repo / ".gomigrate.toml").is_file()
    assert place.sprung == []


# What the system sees

_READABLE = (
    *("/usr", "/lib", "/lib64", "/proc", "/sys", "/dev/null", "/dev/urandom"),
    *("/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/localtime", "/etc/locale.alias", "/etc/ssl/openssl.cnf"),
)
_GIT = re.compile(r"(rev-parse|ls-files|ls-tree|check-ignore|var|config) ")
WORDS = {
    "patch": ("patch", "{repo}", "--pack", "flyte", "-o", "{out}/x.patch", "--report", "{out}/x.html"),
    "patch --split": ("patch", "{repo}", "--pack", "flyte", "--split", "package", "-o", "{out}/series"),
    "check": ("check", "{repo}", "--pack", "flyte", "--format", "sarif"),
    "check FILE": ("check", "{repo}/ships/ships.go", "--pack", "flyte"),
    "baseline write": ("baseline", "write", "{out}/b.json", "{repo}", "--pack", "flyte"),
    "init": ("init", "{repo}"),
    "explain": ("explain", "GM001"),
    "rules": ("rules", "list"),
    "apply": ("apply", "{repo}", "--pack", "flyte"),
}
# What each command may change, beside {out}.
CHANGES = {
    "init": r"{repo}/\.gomigrate(\.toml|-[0-9a-f]{{16}}\.tmp)",
    "apply": r"{repo}/((ships/|\.git/)?\.gomigrate-[0-9a-f]{{16}}\.tmp|ships/(helpers|helpers_test|ships)\.go"
    r"|(\.git/|\.)gomigrate-apply\.json)",
}


def assert_harmless(traced: Traced, place: Place, out: Path, command: str, named: tuple[str, ...]) -> None:
    """That it read nothing beside the checkout, itself, the system and what .git has `named` outside, started nothing
    but git with questions, changed nothing but what was asked for, and spoke to nobody."""
    repo = os.fspath(place.repo)
    # A link shows here as what it leads to. The folders above the checkout are looked at for a .git, and not opened.
    allowed = (*_READABLE, *filter(None, sys.path), sys.prefix, sys.base_prefix, repo, out)
    allowed += tuple(place.outside / name for name in named)
    assert [path for path in traced.read if path != "/" and not within(path, allowed)] == []
    for words in traced.programs:
        shown = " ".join(words)
        assert os.path.basename(words[0]) == "git" and place.trap.name not in shown
        question = words[words.index("-C") + 2 :]
        assert _GIT.match(" ".join(question) + " ") and "core.fsmonitor=false" in words, words
    may = re.compile(CHANGES.get(command, r"(?!)").format(repo=re.escape(repo)))
    changed = [path for path in traced.written if not within(path, (out, *_STREAMS))]
    assert [path for path in changed if not may.fullmatch(path)] == []
    assert traced.internet == []


_STREAMS = ("/dev/null",)


# Every case with these, and a few with all.
OFTEN = ("patch", "check", "apply")
SEEN = [
    (name, command)
    for name in ("harmless", *CASES)
    for command in (WORDS if name in ("harmless", "links out", "a git that runs programs") else OFTEN)
]


@pytest.mark.slow
@needs_strace
@pytest.mark.parametrize(("name", "command"), SEEN)
def test_what_the_system_sees(name: str, command: str, place: Place, tmp_path: Path) -> None:
    case = CASES.get(name, HARMLESS)
    case.prepare(place)
    out = tmp_path / "out"
    out.mkdir()
    before = seen(place.outside)
    words = [word.format(repo=place.repo, out=out) for word in WORDS[command]]
    traced = trace([*GOMIGRATE, *words], out, tmp_path / "logs", environment(place))
    assert traced.code in (0, 1, 2) and "Traceback" not in traced.err, traced.err
    assert len(traced.calls) > 500
    assert_harmless(traced, place, out, command, case.git_leads_to)
    assert place.sprung == []
    assert seen(place.outside) == before


def test_a_folder_beside_is_not_inside() -> None:
    assert within("/a/out/x", ("/b", Path("/a/out"))) and within("/a/out", ("/a/out",)) and within("/a", ("/",))
    assert not within("/a/outside/x", ("/a/out",))
    assert not within("/a/out/../outside", ("/a/out",))


# The entry point, but for the Go that the tests' own environment brings.
VERIFY = """
from gomigrate import cli
from gomigrate.verify import toolchain
toolchain._bundled = lambda: None
cli.main()
"""
_GIT_IN_SCRATCH = re.compile(
    r"(init -q --template=|read-tree [0-9a-f]{40}$|apply --check -$|config core\.(autocrlf|eol) )"
)


@pytest.mark.slow
@needs_strace
def test_what_git_is_asked_by_verify(place: Place, tmp_path: Path) -> None:
    """With a Go that does nothing: what the real one runs is its own matter, see SECURITY.md."""
    a_git_that_runs(place)
    scratch, programs = tmp_path / "scratch", make_go(tmp_path / "goroot")
    scratch.mkdir()
    env = {**environment(place), "PATH": f"{programs}:/usr/bin:/bin", "TMPDIR": os.fspath(scratch)}
    words = [sys.executable, "-c", VERIFY, "verify", place.repo, "--pack", "flyte", "-o", scratch / "x.patch"]
    traced = trace(words, scratch, tmp_path / "logs", env)
    assert traced.code == 0, traced.err
    asked = 0
    for started in traced.programs:
        name = Path(started[0]).name
        if name in ("go", "gofmt"):
            assert Path(started[0]).parent == programs
        elif name == "sh":
            assert started[:3] == ["/bin/sh", "-c", _WATCH] and started[3].isdigit() and len(started) == 4
        elif name != Path(sys.executable).name:
            question = " ".join(started[started.index("-C") + 2 :])
            assert name == "git" and {"core.fsmonitor=false", f"core.hooksPath={os.devnull}"} <= set(started)
            assert _GIT.match(question + " ") or _GIT_IN_SCRATCH.match(question), question
            asked += 1
    assert asked > 3
    changed = [path for path in traced.written if not within(path, (scratch, *_STREAMS))]
    assert changed == []
    assert traced.internet == [] and place.sprung == []


def test_each_promise_has_its_test() -> None:
    project = Path(__file__).parents[1]
    named = re.findall(r"`(tests/\w+\.py)::(\w+)`", (project / "SECURITY.md").read_text())
    assert len(named) > 20
    for file, test in named:
        assert f"\ndef {test}(" in (project / file).read_text(), f"{file}::{test}"
