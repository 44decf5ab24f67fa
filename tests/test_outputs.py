"""What the commands write: all of it or nothing, where it was asked for and nowhere else, and as git takes it."""

from __future__ import annotations

import errno
import io
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result
from conftest import MakeRepo, with_pack

from gomigrate.apply import apply_changes
from gomigrate.cli import cli
from gomigrate.errors import UserError
from gomigrate.git import repository
from gomigrate.git.stored import as_stored
from gomigrate.outputs import STANDARD_OUTPUT, check_outputs, write_all
from gomigrate.temporaries import begin

CRLF, LF = b"\r\n", b"\n"


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The settings of whoever runs the tests must not matter."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "A")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "a@example.org")


@pytest.fixture
def files(sample_dir: Path) -> dict[str, bytes]:
    found = (file for file in sample_dir.rglob("*") if file.is_file())
    return {file.relative_to(sample_dir).as_posix(): file.read_bytes() for file in found}


@pytest.fixture
def top(make_repo: MakeRepo, files: dict[str, bytes]) -> Path:
    return make_repo(files, "checkout")


def git(top: Path, *args: str) -> bytes:
    answer = subprocess.run(["git", *args], cwd=top, capture_output=True, check=False)
    assert answer.returncode == 0, (args, answer.stderr)
    return answer.stdout


def run(*args: object) -> Result:
    result = CliRunner().invoke(cli, with_pack(*args))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def run_process(*args: object, **kwargs: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "gomigrate", *with_pack(*args)]
    return subprocess.run(command, check=False, **({"stderr": subprocess.PIPE} | kwargs))  # type: ignore[call-overload,no-any-return]


def on_disk(folder: Path) -> dict[str, bytes]:
    found = (file for file in folder.rglob("*") if file.is_file() and ".git" not in file.parts)
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in found}


# Line ends and modes as git stores them


@pytest.fixture
def converted(top: Path) -> Path:
    """A checkout whose files have CRLF, while git stores LF."""
    git(top, "config", "core.autocrlf", "true")
    for name in git(top, "ls-files").decode().split():
        (top / name).unlink()
    git(top, "checkout", "-q", "--", ".")
    assert b"package controller\r\n" in (top / "propeller/pkg/controller/handler.go").read_bytes()
    git(top, "update-index", "--refresh")
    assert git(top, "status", "--porcelain") == b""
    return top


@pytest.mark.parametrize("options", [(), ("--index",), ("--3way",), ("am",)])
def test_a_converted_checkout_takes_its_patch(converted: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    patch = tmp_path / "out.patch"
    form = "mbox" if options == ("am",) else "diff"
    assert run("patch", converted, "-o", patch, "--format", form).exit_code == 0
    assert patch.stat().st_size > 1000 and CRLF not in patch.read_bytes()
    git(converted, *(("am", "-q") if form == "mbox" else ("apply", *options)), str(patch))
    if options:
        assert git(converted, "diff", "--stat") == b""
    changed = (converted / "propeller/pkg/controller/handler.go").read_bytes()
    assert b"controllerutil" in changed and changed.count(LF) == changed.count(CRLF)


def test_apply_keeps_the_line_ends_of_a_converted_checkout(converted: Path, tmp_path: Path) -> None:
    patch = tmp_path / "out.patch"
    run("patch", converted, "-o", patch)
    assert run("apply", converted).exit_code == 0
    changed = (converted / "propeller/pkg/controller/handler.go").read_bytes()
    assert b"controllerutil" in changed and changed.count(LF) == changed.count(CRLF)
    git(converted, "add", "-A")
    applied = git(converted, "write-tree")
    git(converted, "reset", "-q", "--hard")
    git(converted, "apply", "--index", str(patch))
    assert git(converted, "write-tree") == applied


def test_what_git_stores_with_crlf_stays_so(make_repo: MakeRepo) -> None:
    top = make_repo({"crlf.go": b"a\r\nb\r\n", "lf.go": b"a\nb\n"})
    originals = {"crlf.go": b"a\r\nb\r\n", "lf.go": b"a\nb\n"}
    changes: dict[str, bytes | None] = {"crlf.go": b"a\r\nB\r\n", "lf.go": None, "new.go": b"n\r\n"}
    assert (as_stored(top, originals, changes).originals, as_stored(top, originals, changes).changes) == (
        originals,
        changes,
    )
    git(top, "config", "core.autocrlf", "true")
    (top / "lf.go").unlink()
    git(top, "checkout", "-q", "lf.go")
    originals["lf.go"] = b"a\r\nb\r\n"
    stored = as_stored(top, originals, changes)
    assert stored.originals == {"crlf.go": b"a\r\nb\r\n", "lf.go": b"a\nb\n"}
    assert stored.changes == {"crlf.go": b"a\r\nB\r\n", "lf.go": None, "new.go": b"n\n"}
    assert stored.note == ""


def test_without_git_the_patch_fits_the_files(converted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    result = run("patch", converted, "-o", tmp_path / "out.patch")
    assert result.exit_code == 0
    assert "whether git stores CRLF as LF is not known" in result.stderr and "install git" in result.stderr
    assert CRLF in (tmp_path / "out.patch").read_bytes()
    monkeypatch.undo()
    git(converted, "apply", str(tmp_path / "out.patch"))


@pytest.mark.parametrize("options", [("apply",), ("apply", "--index"), ("apply", "--3way"), ("am", "-q")])
@pytest.mark.parametrize("on_the_disk", [0o644, 0o755])
def test_a_file_system_without_modes_does_not_matter(
    top: Path, tmp_path: Path, options: tuple[str, ...], on_the_disk: int
) -> None:
    """What the index knows counts, in git's eyes and in ours."""
    executable = "propeller/pkg/controller/handler.go"
    git(top, "update-index", "--chmod=+x", executable, "propeller/pkg/controller/finalizer_test.go")
    git(top, "commit", "-qm", "modes")
    git(top, "config", "core.fileMode", "false")
    for name in git(top, "ls-files").decode().split():
        (top / name).chmod(on_the_disk)
    git(top, "update-index", "--refresh")  # `git apply --index` goes by the times of the files
    patch = tmp_path / "out.patch"
    assert run("patch", top, "-o", patch, "--format", "mbox" if options[0] == "am" else "diff").exit_code == 0
    git(top, *options, str(patch))
    git(top, "add", "-A")
    modes = dict(line.split()[::-3] for line in git(top, "ls-files", "--stage").decode().splitlines())
    assert modes.pop(executable) == "100755"
    assert set(modes.values()) == {"100644"}


def test_modes_come_from_the_index_where_the_disk_is_in_doubt(make_repo: MakeRepo, tmp_path: Path) -> None:
    top = make_repo({"a.go": "a", "b.go": "b"})
    git(top, "config", "core.fileMode", "false")
    for name in ("a.go", "b.go"):
        (top / name).chmod(0o755)
    git(top, "update-index", "--chmod=+x", "b.go")
    assert as_stored(top, {"a.go": b"a", "b.go": b"b"}, {"a.go": None, "b.go": b""}).modes == {
        "a.go": 0o100644,
        "b.go": 0o100755,
    }
    (tmp_path / "c.go").touch(0o755)
    (tmp_path / "c.go").chmod(0o755)
    assert as_stored(tmp_path, {"c.go": b""}, {"c.go": None}).modes == {"c.go": 0o100755}


# How the checkout's git is used


def test_a_patch_starts_no_git(top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = git(top, "rev-parse", "HEAD").decode().strip()

    def refused(*_: object, **__: object) -> bytes:
        raise AssertionError("git was started")

    monkeypatch.setattr(repository, "run_git", refused)
    report = tmp_path / "report.md"
    assert run("patch", top, "-o", tmp_path / "out.patch", "--report", report).exit_code == 0
    assert commit in report.read_text()


def test_a_commit_that_nobody_can_tell_is_left_out(top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (top / ".git/HEAD").write_text("ref: refs/heads/none\n")
    monkeypatch.setenv("PATH", "")
    assert run("patch", top, "--report", tmp_path / "report.md").exit_code == 0
    assert "Made from commit" not in (tmp_path / "report.md").read_text()


@pytest.mark.parametrize("kind", ["dangling", "folder", "junk", "only HEAD"])
def test_a_broken_git_is_as_none_and_is_said(
    make_repo: MakeRepo, files: dict[str, bytes], tmp_path: Path, kind: str
) -> None:
    top = tmp_path / "repo" / "inner"
    make_repo({"inner/" + path: data for path, data in files.items()})
    wanted = run("patch", top.parent).stdout.replace("/inner/", "/")
    if kind in ("dangling", "junk"):
        (top / ".git").write_text("gitdir: /nowhere\n" if kind == "dangling" else "junk")
    else:
        (top / ".git").mkdir()
    if kind == "only HEAD":
        (top / ".git/HEAD").write_text("ref: refs/heads/main\n")
    outputs = ("-o", top / "out.patch", "--report", tmp_path / "report.md", "--format", "diff")
    result = run("patch", top, *outputs)
    assert result.exit_code == 0, result.stderr
    assert "out.patch lies inside the checkout" in result.stderr
    if kind != "only HEAD":
        assert "inner/.git is no git repository that can be used" in result.stderr
        assert "not a git checkout" in result.stderr
    assert (top / "out.patch").read_text() == wanted != ""
    assert run("patch", top, "--format", "mbox").stdout.startswith("From 0000")
    assert run("apply", top).exit_code == 0
    assert run("patch", top).stdout == ""


@pytest.mark.parametrize("kind", ["file", "dangling link", "folder"])
def test_a_new_file_overwrites_nothing(top: Path, tmp_path: Path, kind: str) -> None:
    """All names that the new file could have are taken, by what git does not know."""
    (wanted,) = [
        line for line in run("patch", top).stdout.splitlines() if line.startswith("+++ b/") and "v1alpha1" in line
    ]
    folder = (top / wanted.removeprefix("+++ b/")).parent
    for name in ("finalizer.go", "finalizers.go", "finalizer_names.go"):
        if kind == "file":
            # Too large to be read, so that its own constants are no reason to go elsewhere.
            (folder / name).write_bytes(b"package v1alpha1\n" + b"//" * (4 << 20))
        elif kind == "folder":
            (folder / name).mkdir()
        else:
            (folder / name).symlink_to(tmp_path / "outside.go")
    before = on_disk(top)
    for command in (("patch",), ("apply",), ("apply", "--allow-dirty")):
        result = run(*command, top)
        assert result.exit_code == 2 and result.stdout == ""
        assert "a new file is to go here, and there is something already" in result.stderr
    assert on_disk(top) == before and not (tmp_path / "outside.go").exists()


def test_a_new_file_that_appears_meanwhile_is_kept(top: Path) -> None:
    (top / "new.go").write_bytes(b"mine")
    with pytest.raises(UserError, match=r"new\.go: is there already and is not overwritten"):
        apply_changes(top, {}, {"new.go": b"theirs"})
    assert (top / "new.go").read_bytes() == b"mine"


def test_names_of_dirty_files_reach_no_terminal(make_repo: MakeRepo, files: dict[str, bytes]) -> None:
    evil = "propeller/pkg/\x1b[31mevil\nname"
    moved = {path.replace("propeller/pkg/controller", evil, 1): data for path, data in files.items()}
    top = make_repo({p: d for p, d in moved.items() if "/plugin/" not in p and "/store/" not in p} | files)
    for path in top.rglob("finalizer.go"):
        path.write_bytes(path.read_bytes() + b"// mine\n")
    result = run("apply", top)
    assert result.exit_code == 2 and "uncommitted changes" in result.stderr
    assert "\x1b" not in result.stderr and "\\x1b[31mevil\\nname/finalizer.go" in result.stderr
    result = run("apply", f"{top}/\x1b[31mnone")
    assert result.exit_code == 2 and "\x1b" not in result.stderr and "\\x1b[31mnone" in result.stderr


def test_apply_with_nothing_to_do_needs_no_clean_state(top: Path) -> None:
    assert run("apply", top).exit_code == 0
    (top / ".git/MERGE_HEAD").write_text(git(top, "rev-parse", "HEAD").decode())
    assert run("apply", top).exit_code == 0
    git(top, "checkout", "-q", "--", ".")
    result = run("apply", top)
    assert result.exit_code == 2 and "a merge is in progress" in result.stderr


# Where outputs may go


def test_all_outputs_of_one_run(top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative names count from where the command is called, wherever the checkout is."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    before = on_disk(top)
    result = run("patch", "../checkout", "-o", "out.patch", "--report", "../report.md", "--report", "report.json")
    assert result.exit_code == 0 and result.stdout == "" and "lies inside" not in result.stderr
    assert sorted(on_disk(tmp_path / "elsewhere")) == ["out.patch", "report.json"]
    assert (tmp_path / "report.md").exists()
    assert on_disk(top) == before
    assert run("patch", "../checkout").stdout == (tmp_path / "elsewhere/out.patch").read_text()


def refused(top: Path, *args: object) -> str:
    """The message of a run that must write nothing."""
    folder = top.parent
    before = on_disk(folder)
    result = run("patch", top, *args)
    assert result.exit_code == 2 and result.stdout == ""
    assert on_disk(folder) == before
    return result.stderr


def test_one_bad_output_stops_all(top: Path, tmp_path: Path) -> None:
    good = tmp_path / "out.patch"
    assert "there is no folder" in refused(top, "-o", good, "--report", tmp_path / "none/report.md")
    (tmp_path / "folder.md").mkdir()
    assert "is a folder" in refused(top, "-o", good, "--report", tmp_path / "folder.md")
    assert "ending says" in refused(top, "-o", good, "--report", tmp_path / "report.txt")
    good.write_bytes(b"mine")
    assert "there is no folder" in refused(top, "-o", good, "--report", good / "report.md")


@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_may_not_be_written_is_refused(
    top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    (tmp_path / "report.md").touch()
    forbidden = tmp_path / "report.md" if what == "file" else tmp_path
    real = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: (mode, Path(path)) != (os.W_OK, forbidden) and real(path, mode)
    )
    assert "report.md: cannot be written: permission denied" in refused(top, "--report", tmp_path / "report.md")


@pytest.mark.parametrize("pair", [("r.md", "r.md"), ("r.md", "x/../r.md"), ("link.md", "r.md"), ("hard.md", "r.md")])
@pytest.mark.parametrize("existing", [True, False])
def test_the_same_file_twice_is_refused(top: Path, tmp_path: Path, pair: tuple[str, str], existing: bool) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "link.md").symlink_to("r.md")
    if existing or "hard" in pair[0]:
        (tmp_path / "r.md").write_bytes(b"old")
        os.link(tmp_path / "r.md", tmp_path / "hard.md")
    reports = [option for name in pair for option in ("--report", f"{tmp_path}/{name}")]
    assert "the same file" in refused(top, *reports)


def test_outputs_in_the_checkout(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (top / ".gitignore").write_text("*.patch\n")
    (top / "docs").mkdir()
    monkeypatch.chdir(top / "docs")
    note = "lies inside the checkout and git does not ignore it"
    assert check_outputs([Path("out.patch"), Path("../out.patch"), top / "docs/out.patch"][:1], top) == []
    assert check_outputs([Path("report.md")], top) == [f"docs/report.md {note}; it is not part of the patch"]
    result = run("patch", top, "-o", "out.patch", "--report", "report.md")
    assert result.exit_code == 0
    assert f"docs/report.md {note}" in result.stderr and "docs/out.patch lies" not in result.stderr


@pytest.mark.parametrize(
    "name",
    [
        "admin/go.mod",
        "admin/go.sum",
        "go.work",
        "GO.SUM",
        "new.go",
        "NEW.GO",
        "admin/pkg/engine/submit.go",
        ".git/x.patch",
    ],
)
def test_sources_of_the_checkout_are_never_overwritten(top: Path, name: str) -> None:
    assert "is a source file of the checkout" in refused(top, "-o", top / name)


def test_sources_elsewhere_are_the_users_own_matter(top: Path, tmp_path: Path) -> None:
    assert check_outputs([tmp_path / "x.go"], top) == []


# Symlinks


def test_a_link_outside_is_followed(top: Path, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far/out").write_bytes(b"old")
    (tmp_path / "far/out").chmod(0o600)
    (tmp_path / "out.patch").symlink_to("far/out")
    (tmp_path / "report.md").symlink_to("far/new.md")
    assert run("patch", top, "-o", tmp_path / "out.patch", "--report", tmp_path / "report.md").exit_code == 0
    assert (tmp_path / "out.patch").is_symlink() and (tmp_path / "report.md").is_symlink()
    assert sorted(on_disk(tmp_path / "far")) == ["new.md", "out"]
    assert (tmp_path / "far/out").read_bytes().startswith(b"diff --git")
    assert stat.S_IMODE((tmp_path / "far/out").stat().st_mode) == 0o600


def test_a_link_to_nowhere_is_refused(top: Path, tmp_path: Path) -> None:
    (tmp_path / "out.patch").symlink_to("none/out.patch")
    assert "there is no folder" in refused(top, "-o", tmp_path / "out.patch")
    (tmp_path / "loop").symlink_to("loop")
    assert run("patch", top, "-o", tmp_path / "loop").exit_code == 2


@pytest.mark.parametrize("entry", ["link.md", "folder/x.md", "inner/link.md"])
def test_a_link_of_the_checkout_is_not_followed(
    top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    """A hostile checkout would have it write where the user did not say."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.md").write_bytes(b"mine")
    (top / "inner").mkdir()
    (top / "link.md").symlink_to(outside / "x.md")
    (top / "folder").symlink_to(outside)
    (top / "inner/link.md").symlink_to("../admin/go.mod")
    message = "leads through a symlink in or into the checkout"
    assert message in refused(top, "--report", top / entry)
    monkeypatch.chdir(top)
    assert message in refused(top, "--report", entry)
    (tmp_path / "way").symlink_to(top)
    assert message in refused(top, "--report", tmp_path / "way" / entry)
    assert message in refused(top, "--report", f"admin/../{entry}")


def test_a_link_into_the_checkout_is_not_followed(top: Path, tmp_path: Path) -> None:
    (top / "report.md").write_bytes(b"old")
    (tmp_path / "report.md").symlink_to(top / "report.md")
    assert "leads through a symlink in or into" in refused(top, "--report", tmp_path / "report.md")
    (tmp_path / "way").symlink_to(top)
    assert run("patch", top, "--report", tmp_path / "way/report.md").exit_code == 0


# Pipes and devices


def test_the_name_of_standard_output(top: Path, tmp_path: Path) -> None:
    """A shell's redirection keeps what is there, also when the output goes there by name."""
    wanted = run("patch", top).stdout_bytes
    for name in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
        with (tmp_path / "log").open("wb") as log:
            log.write(b"before\n")
            log.flush()
            assert run_process("patch", top, "-o", name, stdout=log).returncode == 0
        with (tmp_path / "log").open("ab") as log:
            assert run_process("patch", top, "-o", name, stdout=log).returncode == 0
        assert (tmp_path / "log").read_bytes() == b"before\n" + wanted * 2
        piped = run_process("patch", top, "-o", name, stdout=subprocess.PIPE)
        assert piped.stdout == wanted
    assert Path("/dev/stdout").is_symlink()


def test_pipes_and_devices(top: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.md")
    with subprocess.Popen(["cat", str(tmp_path / "fifo.md")], stdout=subprocess.PIPE) as reader:
        result = run("patch", top, "-o", "/dev/null", "--report", tmp_path / "fifo.md")
        assert result.exit_code == 0, result.stderr
        assert reader.communicate(timeout=20)[0].startswith(b"#")
    assert stat.S_ISFIFO((tmp_path / "fifo.md").stat().st_mode)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("output", [(), ("-o", "/dev/full"), ("-o", "/dev/stdout")])
def test_a_full_device_takes_the_files_back(top: Path, tmp_path: Path, output: tuple[str, ...]) -> None:
    (tmp_path / "old.md").write_bytes(b"old")
    reports = ("--report", tmp_path / "old.md", "--report", tmp_path / "new.json")
    with open("/dev/full", "wb") as full:
        ended = run_process("patch", top, *output, *reports, stdout=full)
    assert ended.returncode == 2
    assert b"cannot be written: No space left" in ended.stderr and b"Traceback" not in ended.stderr
    assert b"Exception ignored" not in ended.stderr
    assert (tmp_path / "old.md").read_bytes() == b"old" and not (tmp_path / "new.json").exists()


def test_what_fits_the_buffer_of_standard_output_may_fail_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.BytesIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=Full()))
    with pytest.raises(UserError, match="standard output: cannot be written: full"):
        write_all({tmp_path / "report.md": b"x", STANDARD_OUTPUT: b"x"})
    assert on_disk(tmp_path) == {}


@pytest.mark.parametrize("output", [(), ("-o", "/dev/stdout")])
def test_a_reader_that_leaves_is_no_error_of_the_report(top: Path, tmp_path: Path, output: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = run_process("patch", top, *output, "--report", tmp_path / "report.md", stdout=writing)
    checked = run_process("check", top, stdout=writing)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (checked.returncode, checked.stderr) == (2, b"")
    assert (tmp_path / "report.md").exists()


# All or nothing


def outputs_of(folder: Path) -> dict[Path, bytes]:
    return {folder / "a": b"new a", folder / "b": b"new b", folder / "c": b"new c"}


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
@pytest.mark.parametrize(
    ("call", "at"),
    [("replace", 0), ("replace", 1), ("replace", 2), ("open", 1), ("write", 1), ("chmod", 0)],
)
def test_an_error_leaves_all_outputs_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, at: int, error: BaseException
) -> None:
    (tmp_path / "a").write_bytes(b"old a")
    (tmp_path / "c").write_bytes(b"old c")
    before = on_disk(tmp_path)
    real: Callable[..., object] = getattr(os, call)
    calls = iter(range(100))

    def failing(*args: object, **kwargs: object) -> object:
        if next(calls) == at:
            raise error
        return real(*args, **kwargs)

    monkeypatch.setattr(os, call, failing)
    with pytest.raises(UserError if isinstance(error, OSError) else KeyboardInterrupt):
        write_all(outputs_of(tmp_path))
    assert on_disk(tmp_path) == before


def test_written_outputs_keep_their_mode(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "a").chmod(0o640)
    (tmp_path / "usual").touch()
    write_all(outputs_of(tmp_path))
    assert on_disk(tmp_path) == {"a": b"new a", "b": b"new b", "c": b"new c", "usual": b""}
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640
    assert (tmp_path / "b").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_name_of_the_greatest_length(tmp_path: Path) -> None:
    write_all({tmp_path / ("n" * 255): b"x"})
    assert on_disk(tmp_path) == {"n" * 255: b"x"}


def test_what_a_killed_run_left_goes_with_the_next(tmp_path: Path) -> None:
    left = begin(tmp_path / "a")
    left.write(b"half")
    left._close()
    write_all({tmp_path / "a": b"new"})
    assert on_disk(tmp_path) == {"a": b"new"}


def test_two_runs_do_not_write_the_same_file(tmp_path: Path) -> None:
    other = begin(tmp_path / "a")
    with pytest.raises(UserError, match="another gomigrate is writing a"):
        write_all({tmp_path / "b": b"b", tmp_path / "a": b"new"})
    other.discard()
    assert on_disk(tmp_path) == {}
    write_all({tmp_path / "a": b"new"})
    assert on_disk(tmp_path) == {"a": b"new"}


def test_a_series_comes_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    series = tmp_path / "series"
    files = {series / "0001.patch": b"1", series / "0002.patch": b"2"}

    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match="full"):
        write_all(files, folder=series)
    assert on_disk(tmp_path) == {}
    monkeypatch.undo()
    write_all(files, folder=series)
    assert on_disk(tmp_path) == {"series/0001.patch": b"1", "series/0002.patch": b"2"}


def test_nothing_of_somebody_else_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that appears at the place of the series while it is written."""
    series = tmp_path / "series"
    real = os.replace

    def late(source: Path, target: Path) -> None:
        series.mkdir()
        (series / "theirs").write_bytes(b"theirs")
        real(source, target)

    monkeypatch.setattr(os, "replace", late)
    with pytest.raises(UserError, match="series: cannot be written"):
        write_all({series / "0001.patch": b"1"}, folder=series)
    assert on_disk(tmp_path) == {"series/theirs": b"theirs"}
