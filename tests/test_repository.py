"""Questions to git, on real repositories, with traps that a hostile checkout could lay."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gomigrate.errors import UserError
from gomigrate.git import repository
from gomigrate.git.folder import broken_git, find_top, in_progress
from gomigrate.git.patch import render_patch
from gomigrate.git.repository import (
    dirty,
    file_mode,
    head_commit,
    ignored,
    index_modes,
    stored_with_lf,
)

FILES = {"a.go": b"a\n", "pkg/b c.go": b"b\r\n", "é\t.go": b"x", "-n:*.go": b"n\n", "empty.go": b""}


def git(top: Path, *args: str, allowed: tuple[int, ...] = (0,)) -> str:
    answer = subprocess.run(["git", *args], cwd=top, capture_output=True, check=False)
    assert answer.returncode in allowed, (args, answer.stderr)
    return answer.stdout.decode().strip()


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The settings of whoever runs the tests must not matter."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "A")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "a@example.org")


def commit(top: Path, files: dict[str, bytes], message: str = "m") -> str:
    for name, content in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(content)
    git(top, "add", "-A", ".")
    git(top, "commit", "-qm", message)
    return git(top, "rev-parse", "HEAD")


@pytest.fixture
def top(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit(folder, FILES)
    return folder


def conflict(top: Path) -> None:
    """Two branches that edit the same line; main is checked out."""
    git(top, "checkout", "-qb", "other")
    commit(top, {"a.go": b"other\n"}, "other")
    git(top, "checkout", "-q", "main")
    commit(top, {"a.go": b"mine\n"}, "mine")


# find_top


def test_the_top_is_found_from_anywhere_inside(top: Path) -> None:
    assert find_top(top) == find_top(top / "pkg") == find_top(top / "pkg/b c.go") == find_top(top / "not/there")
    assert find_top(top) == top.resolve()


def test_no_top_outside_a_checkout(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()  # an empty folder is no repository, for git neither
    assert find_top(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"junk", b"gitdir: /nowhere", b"gitdir: \0", b"gitdir: " + b"x" * 9999])
def test_a_broken_git_file_is_no_checkout(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".git").write_bytes(content)
    assert find_top(tmp_path) is None
    assert broken_git(tmp_path) == tmp_path / ".git"
    assert in_progress(tmp_path) == ""


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_above_a_broken_git_no_other_checkout_is_taken(top: Path, kind: str) -> None:
    inner = top / "pkg/inner"
    (inner / "deep").mkdir(parents=True)
    assert broken_git(inner) is None
    if kind == "file":
        (inner / ".git").write_text("gitdir: ../nowhere\n")
    elif kind == "folder":
        (inner / ".git").mkdir()
    else:
        (inner / ".git").symlink_to("nowhere")
    assert find_top(inner) is find_top(inner / "deep") is None
    assert broken_git(inner / "deep") == inner / ".git"
    assert find_top(top / "pkg") == top


def test_a_device_called_git_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".git")
    assert find_top(tmp_path) is None


def test_the_top_is_found_without_git(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert find_top(top) == top.resolve()
    assert in_progress(top) == ""


# head_commit


@pytest.fixture
def no_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked from here on is answered without starting git."""

    def refused(*_: object, **__: object) -> bytes:
        raise AssertionError("git was started")

    monkeypatch.setattr(repository, "run_git", refused)


def test_the_commit(top: Path, no_git: None) -> None:
    assert head_commit(top) == head_commit(top / "pkg") == git(top, "rev-parse", "HEAD")
    git(top, "checkout", "-q", "--detach")
    assert head_commit(top) == git(top, "rev-parse", "HEAD")


def test_the_commit_of_a_branch_that_is_packed(top: Path, no_git: None) -> None:
    git(top, "checkout", "-qb", "a/b.c+d")
    nothing = git(top, "commit-tree", "-m", "nothing", "HEAD^{tree}")
    for name in ("a/b-cd", "a/b.c+d2", "x/refs/heads/a/b.c+d"):
        git(top, "branch", name, nothing)
    git(top, "pack-refs", "--all")
    assert not (top / ".git/refs/heads/a/b.c+d").exists()
    assert head_commit(top) == git(top, "rev-parse", "HEAD")
    packed = head_commit(top)
    assert commit(top, {"a.go": b"later\n"}) == head_commit(top) != packed


@pytest.mark.parametrize("packed", [False, True])
def test_the_commit_of_a_worktree_and_of_a_submodule(top: Path, no_git: None, packed: bool) -> None:
    worktree = top.parent / "worktree"
    git(top, "worktree", "add", "-q", str(worktree), "-b", "other")
    wanted = commit(worktree, {"a.go": b"other\n"})
    git(top, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(top), "sub")
    commit(top / "sub", {"a.go": b"sub\n"})
    if packed:
        git(top, "pack-refs", "--all")
        git(top / "sub", "pack-refs", "--all")
    assert head_commit(worktree) == wanted
    assert head_commit(top / "sub") == git(top / "sub", "rev-parse", "HEAD")
    assert len({head_commit(top), head_commit(worktree), head_commit(top / "sub")}) == 3


def test_no_commit_yet(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert head_commit(tmp_path) == ""


def test_a_symbolic_branch_is_left_to_git(top: Path) -> None:
    git(top, "symbolic-ref", "refs/heads/alias", "refs/heads/main")
    git(top, "symbolic-ref", "HEAD", "refs/heads/alias")
    assert head_commit(top) == git(top, "rev-parse", "main")


@pytest.mark.parametrize(
    "head",
    [
        "ref: refs/heads/../../../outside",
        "ref: refs/heads/link",
        "ref: refs/heads/fifo",
        "ref: /etc/passwd",
        "ref: refs/heads/.hidden",
        "ref: refs/remotes/origin/main",
        "ref: refs/heads/main\0",
        "ref: refs/heads/none",
        "ref: refs/heads/mai",
        "1234",
        "z" * 40,
        "",
    ],
)
def test_a_hostile_head_leads_nowhere(top: Path, no_git: None, head: str) -> None:
    for file in (top.parent / "outside", top / "outside", top / ".git/refs/heads/.hidden"):
        file.write_text("1" * 40 + "\n")
    (top / ".git/refs/heads/link").symlink_to(top.parent / "outside")
    os.mkfifo(top / ".git/refs/heads/fifo")
    (top / ".git/packed-refs").write_text(f"{'1' * 40} refs/heads/main\n")
    (top / ".git/HEAD").write_text(head + "\n")
    with pytest.raises(AssertionError, match="git was started"):
        head_commit(top)


# dirty


def test_a_fresh_checkout_is_clean(top: Path) -> None:
    assert dirty(top, FILES) == []
    assert dirty(top, [*FILES, "not/there.go"]) == []
    assert dirty(top, []) == []


def test_every_kind_of_dirt(top: Path) -> None:
    commit(top, dict.fromkeys(["edited", "staged", "both", "gone", "removed", "kept", "linked", "folder"], b"1\n"))
    (top / "edited").write_bytes(b"2\n")
    (top / "staged").write_bytes(b"2\n")
    (top / "both").write_bytes(b"2\n")
    git(top, "add", "staged", "both")
    (top / "both").write_bytes(b"1\n")  # back as in HEAD, but the index differs
    (top / "gone").unlink()
    git(top, "rm", "-q", "--cached", "removed")
    (top / "linked").unlink()
    (top / "linked").symlink_to("kept")
    (top / "folder").unlink()
    (top / "folder").mkdir()
    (top / "untracked").write_bytes(b"")
    (top / "dangling").symlink_to("nowhere")
    (top / "added").write_bytes(b"")
    git(top, "add", "added")
    names = [path.name for path in top.iterdir()] + ["gone"]
    wanted = ["added", "both", "dangling", "edited", "folder", "gone", "linked", "removed", "staged", "untracked"]
    assert dirty(top, sorted(set(names) - {".git", "pkg"})) == wanted


def test_a_touched_file_is_clean(top: Path) -> None:
    (top / "a.go").write_bytes(b"a\n")
    os.utime(top / "a.go", (1, 1))
    assert dirty(top, ["a.go"]) == []


def test_a_change_of_the_same_size_and_time_is_seen(top: Path) -> None:
    times = (top / "a.go").stat()
    (top / "a.go").write_bytes(b"b\n")
    os.utime(top / "a.go", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert dirty(top, ["a.go"]) == ["a.go"]


def test_a_file_that_git_was_told_to_overlook_is_seen(top: Path) -> None:
    git(top, "update-index", "--assume-unchanged", "a.go")
    git(top, "update-index", "--skip-worktree", "empty.go")
    (top / "a.go").write_bytes(b"edited\n")
    (top / "empty.go").write_bytes(b"edited\n")
    assert dirty(top, FILES) == ["a.go", "empty.go"]


def test_everything_is_dirty_before_the_first_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "b").write_bytes(b"")
    git(tmp_path, "add", "a")
    assert dirty(tmp_path, ["a", "b", "c"]) == ["a", "b"]


@pytest.mark.parametrize("setting", ["core.autocrlf", "eol"])
def test_a_checkout_with_converted_line_ends_is_clean(top: Path, setting: str) -> None:
    if setting == "eol":
        commit(top, {".gitattributes": b"*.txt text eol=crlf\n"})
    else:
        git(top, "config", setting, "true")
    commit(top, {"lf.txt": b"a\r\nb\r\n", "plain.bin": b"a\n"})
    assert git(top, "cat-file", "-s", "HEAD:lf.txt") == "4"
    assert dirty(top, ["lf.txt", "plain.bin"]) == []
    assert stored_with_lf(top, ["lf.txt", "plain.bin", "a.go", "pkg/b c.go", "none"]) == {"lf.txt"}
    (top / "lf.txt").write_bytes(b"a\r\nB\r\n")
    assert dirty(top, ["lf.txt", "plain.bin"]) == ["lf.txt"]
    assert stored_with_lf(top, ["lf.txt"]) == set()


@pytest.mark.parametrize("options", [(), ("--index",), ("--3way",)])
def test_a_patch_of_what_is_stored_applies_to_a_converted_checkout(top: Path, options: tuple[str, ...]) -> None:
    git(top, "config", "core.autocrlf", "true")
    commit(top, {"crlf.go": b"a\r\nb\r\n"})
    stored = {name: (top / name).read_bytes().replace(b"\r\n", b"\n") for name in stored_with_lf(top, ["crlf.go"])}
    patch = top.parent / "patch"
    patch.write_bytes(render_patch(stored, {"crlf.go": b"a\nB\n"}))
    git(top, "apply", *options, str(patch))
    assert (top / "crlf.go").read_bytes() == b"a\r\nB\r\n"


def test_a_folder_inside_the_checkout_may_be_asked_about(top: Path) -> None:
    commit(top, {"pkg/deep/c.go": b"1\n", "deep/c.go": b"2\n"})
    assert dirty(top / "pkg", ["b c.go", "deep/c.go"]) == []
    (top / "pkg/deep/c.go").write_bytes(b"2\n")
    assert dirty(top / "pkg", ["b c.go", "deep/c.go"]) == ["deep/c.go"]


def test_more_paths_than_a_command_line_holds(top: Path) -> None:
    names = [f"many/{'n' * 150}{number}.go" for number in range(1_000)]
    batches = list(repository._batches(names))
    assert [name for batch in batches for name in batch] == names
    assert max(sum(len(name) + 1 for name in batch) for batch in batches) <= 60_000
    commit(top, dict.fromkeys(names, b"x\n"))
    (top / names[7]).write_bytes(b"y\n")
    assert dirty(top, [*names, "a.go"]) == [names[7]]
    assert ignored(top, names) == set()


def test_repositories_with_sha256_work(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256")
    commit(tmp_path, FILES)
    assert len(head_commit(tmp_path)) == 64
    assert dirty(tmp_path, FILES) == []
    (tmp_path / "a.go").write_bytes(b"edited")
    assert dirty(tmp_path, FILES) == ["a.go"]


def test_names_that_mean_something_to_git_are_taken_as_they_are(top: Path) -> None:
    names = ["*", "?.go", ":(top)a.go", ":!a.go", "[a].go", "--all", "a\\.go", "new\nline", "by\udcfftes"]
    commit(top, dict.fromkeys(names, b"x"))
    assert dirty(top, names) == []
    (top / "*").write_bytes(b"edited")
    (top / ":!a.go").write_bytes(b"edited")
    (top / "by\udcfftes").write_bytes(b"edited")
    assert dirty(top, names) == ["*", ":!a.go", "by\udcfftes"]


# ignored


def test_ignored_paths(top: Path) -> None:
    commit(top, {".gitignore": b"*.log\n/out/\nby\xfftes\n[[]x]\n", "pkg/.gitignore": b"c.go\n!keep.log\n"})
    (top / ".git/info/exclude").write_text("private\n")
    (top / "tracked.log").write_bytes(b"")
    git(top, "add", "-f", "tracked.log")
    paths = [
        "x.log",
        "pkg/x.log",
        "pkg/keep.log",
        "out/deep/x.go",
        "pkg/c.go",
        "c.go",
        "private",
        "tracked.log",
        "a.go",
    ]
    paths += ["by\udcfftes", "new\nline.log", "--x.log", ":!x.log", "[x]"]
    assert ignored(top, paths) == {
        *("x.log", "pkg/x.log", "out/deep/x.go", "pkg/c.go", "private"),
        *("by\udcfftes", "new\nline.log", "--x.log", ":!x.log", "[x]"),
    }
    assert ignored(top, []) == set()
    assert ignored(top / "pkg", ["c.go", "x.log", "keep.log"]) == {"c.go", "x.log"}


def test_submodules_and_symlinks_do_not_stop_the_answer(top: Path, tmp_path: Path) -> None:
    commit(top, {".gitignore": b"*.log\n"})
    git(top, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(top), "sub")
    (top / "link").symlink_to("pkg")
    commit(top, {})
    paths = ["x.log", "sub/x.log", "link/x.log", "sub/a.go", "sub", "link", "a.go", "pkg/y.log"]
    assert ignored(top, paths) == {"x.log", "pkg/y.log"}
    assert dirty(top, ["a.go", "sub/a.go"]) == ["sub/a.go"]
    assert find_top(top / "sub/pkg") == top / "sub"
    assert dirty(top / "sub", ["a.go"]) == []


# in_progress and conflicts


def begin(top: Path, operation: str) -> None:
    if operation == "bisect":
        git(top, "bisect", "start")
    elif operation == "am":
        patch = git(top, "format-patch", "-1", "--stdout", "other")
        (top.parent / "mail").write_text(patch + "\n")
        git(top, "am", str(top.parent / "mail"), allowed=(128,))
    elif operation == "cherry-picks":
        git(top, "cherry-pick", "other~1..other", allowed=(1,))
    elif operation == "revert":
        git(top, "revert", "--no-edit", "HEAD~1", allowed=(1,))
    else:
        git(top, *operation.split(), "other", allowed=(1,))


OPERATIONS = [
    ("merge", "merge"),
    ("rebase", "rebase"),
    ("rebase --apply", "rebase"),
    ("cherry-pick", "cherry-pick"),
    ("cherry-picks", "cherry-pick"),
    ("revert", "revert"),
    ("bisect", "bisect"),
    ("am", "am"),
]


@pytest.mark.parametrize(("operation", "name"), OPERATIONS)
@pytest.mark.parametrize("worktree", [False, True])
def test_what_is_in_progress(top: Path, operation: str, name: str, worktree: bool) -> None:
    conflict(top)
    commit(top, {"a.go": b"mine again\n"})
    where = top
    if worktree:
        where = top.parent / "worktree"
        git(top, "worktree", "add", "-q", str(where), "-b", "third")
    assert in_progress(where) == ""
    begin(where, operation)
    assert in_progress(where) == name
    assert in_progress(where / "pkg") == name
    if worktree:
        assert in_progress(top) == ""


def test_between_two_picks_of_a_sequence(top: Path) -> None:
    conflict(top)
    git(top, "checkout", "-q", "other")
    commit(top, {"a.go": b"other again\n"})
    git(top, "checkout", "-q", "main")
    git(top, "cherry-pick", "other~2..other", allowed=(1,))
    git(top, "commit", "-qam", "resolved")
    assert not (top / ".git/CHERRY_PICK_HEAD").exists()
    assert in_progress(top) == "cherry-pick"


def test_a_path_in_conflict_is_dirty(top: Path) -> None:
    conflict(top)
    assert dirty(top, FILES) == []
    begin(top, "merge")
    assert dirty(top, FILES) == ["a.go"]


# modes


def test_modes(top: Path) -> None:
    (top / "run.sh").write_bytes(b"x")
    (top / "run.sh").chmod(0o755)
    commit(top, {})
    assert file_mode(top / "run.sh") == 0o100755
    assert file_mode(top / "a.go") == 0o100644
    assert index_modes(top, ["run.sh", "a.go", "none"]) == {"run.sh": 0o100755, "a.go": 0o100644}


@pytest.mark.parametrize("kind", ["symlink", "folder", "fifo", "nothing"])
def test_only_plain_files_have_a_mode(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    make: dict[str, Callable[[], object]] = {
        "symlink": lambda: path.symlink_to(__file__),
        "folder": path.mkdir,
        "fifo": lambda: os.mkfifo(path),
        "nothing": lambda: None,
    }
    make[kind]()
    with pytest.raises(UserError, match="x: "):
        file_mode(path)


# errors and traps


def ask_everything(top: Path) -> None:
    head_commit(top)
    dirty(top, FILES)
    ignored(top, FILES)
    index_modes(top, FILES)
    stored_with_lf(top, FILES)
    in_progress(top)


@pytest.mark.parametrize("path", ["", "/nonexistent", ".", "relative/bin"])
def test_a_missing_git_is_said(top: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    for folder in (top, top / "relative/bin"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "git").write_text("#!/bin/sh\nexit 0\n")
        (folder / "git").chmod(0o755)
    monkeypatch.chdir(top)
    monkeypatch.setenv("PATH", path)
    with pytest.raises(UserError, match="install git"):
        dirty(top, FILES)


def test_a_git_in_the_checkout_is_passed_over(top: Path, monkeypatch: pytest.MonkeyPatch, trap: Path) -> None:
    (top / "git").symlink_to(trap)
    monkeypatch.chdir(top)
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.environ['PATH']}")
    assert dirty(top, FILES) == []
    assert not (top / "git.sprung").exists() and not sprung(trap)


def test_a_checkout_of_someone_else_is_explained(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with pytest.raises(UserError, match=r"safe\.directory"):
        dirty(top, FILES)


def test_no_checkout_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no git checkout"):
        dirty(tmp_path, ["a"])


def test_another_refusal_is_passed_on_without_control_bytes(top: Path) -> None:
    (top / ".git/index").write_bytes(b"\x1b[31m junk")
    with pytest.raises(UserError, match=r"`git ls-files` failed: .*index"):
        dirty(top, FILES)


def test_no_answer_in_time_is_said(top: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    slow = tmp_path / "bin"
    slow.mkdir()
    (slow / "git").write_text("#!/bin/sh\nexec sleep 5\n")
    (slow / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(repository, "_TIMEOUT_SECONDS", 0.2)
    with pytest.raises(UserError, match="no answer"):
        dirty(top, FILES)


def test_variables_of_a_hook_do_not_mislead(top: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    wanted = head_commit(top)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other / ".git/objects"))
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "0")
    assert head_commit(top) == wanted
    assert dirty(top, FILES) == []


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A program that leaves a mark when it is run: give its path to git, then look for the mark beside it."""
    program = tmp_path / "trap"
    program.write_text('#!/bin/sh\ntouch "$0.sprung"\nexit 1\n')
    program.chmod(0o755)
    return program


def sprung(trap: Path) -> bool:
    mark = trap.with_name("trap.sprung")
    found = mark.exists()
    mark.unlink(missing_ok=True)
    return found


def test_nothing_of_a_hostile_checkout_is_run(top: Path, trap: Path) -> None:
    commit(top, {".gitattributes": b"* filter=evil diff=evil merge=evil text\n"})
    hooks = top / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for name in ["post-index-change", "post-checkout", "pre-commit", "fsmonitor-watchman", "reference-transaction"]:
        (hooks / name).unlink(missing_ok=True)
        (hooks / name).symlink_to(trap)
    for setting in [
        *("core.fsmonitor", "core.pager", "core.sshCommand", "core.gitProxy", "core.askPass", "core.editor"),
        *("core.alternateRefsCommand", "diff.external", "diff.evil.command", "diff.evil.textconv", "gpg.program"),
        *("filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "merge.evil.driver", "credential.helper"),
        *("uploadpack.packObjectsHook", "interactive.diffFilter", "alias.ls-files", "alias.rev-parse"),
    ]:
        git(top, "config", setting, ("!" if setting.startswith("alias") else "") + str(trap))
    git(top, "config", "filter.evil.required", "true")
    git(top, "config", "log.showSignature", "true")
    (top / "a.go").write_bytes(b"b\n")
    ask_everything(top)
    assert not sprung(trap)
    assert dirty(top, FILES) == ["a.go"]
    git(top, "status", allowed=(0, 1, 128))
    assert sprung(trap), "the trap must be one that git walks into"


def test_missing_objects_are_not_fetched(top: Path, trap: Path) -> None:
    """A partial clone may name programs that hand over what is missing."""
    tree = git(top, "rev-parse", "HEAD:pkg")
    (top / ".git/objects" / tree[:2] / tree[2:]).unlink()
    for name, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.url": str(top),
        "remote.origin.promisor": "true",
        "remote.origin.uploadPack": str(trap),
        "remote.origin.vcs": "",
        "protocol.allow": "always",
        "protocol.file.allow": "always",
    }.items():
        if value:
            git(top, "config", name, value)
    with pytest.raises(UserError, match="ls-tree"):
        dirty(top, ["pkg/b c.go"])
    for url in (f"ext::{trap}", f"ssh://localhost/{top}", "evil://x"):
        git(top, "config", "remote.origin.url", url)
        with pytest.raises(UserError, match="ls-tree"):
            dirty(top, ["pkg/b c.go"])
    assert not sprung(trap)
    git(top, "config", "remote.origin.url", str(top))
    git(top, "ls-tree", "-r", "HEAD", allowed=(0, 1, 128))
    assert sprung(trap), "the trap must be one that git walks into"


def test_nothing_is_written_to_the_repository(top: Path) -> None:
    os.utime(top / "a.go", (1, 1))  # `git status` would now refresh the index
    before = {path: path.stat().st_mtime_ns for path in (top / ".git").rglob("*")}
    ask_everything(top)
    assert {path: path.stat().st_mtime_ns for path in (top / ".git").rglob("*")} == before
