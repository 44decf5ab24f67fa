"""Writing a plan: what was there is kept or replaced as a whole, also when the process dies in the middle."""

from __future__ import annotations

import errno
import itertools
import json
import os
import shutil
import stat
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import MakeRepo

from gomigrate import journal
from gomigrate.apply import apply_changes, finish_interrupted
from gomigrate.errors import UserError
from gomigrate.git.patch import blob_id
from gomigrate.temporaries import PATTERN, begin, try_lock

Changes = dict[str, bytes | None]

ORIGINALS = {
    "a.go": b"old a\r\nno newline",
    "pkg/b.go": b"\xef\xbb\xbfold b\n",
    "pkg/gone.go": b"old gone\n",
    "z d/\u00e9.go": b"old z\n",
}
CHANGES: Changes = {
    "a.go": b"new a\r\nstill none",
    "pkg/b.go": b"\xef\xbb\xbfnew b\n\xff",
    "pkg/gone.go": None,
    "pkg/new/deep/n.go": b"new n\n",
    "z d/\u00e9.go": b"",
}
WANTED = {path: new for path, new in CHANGES.items() if new is not None}
LEFTOVER = ".gomigrate-0123456789abcdef.tmp"

root_only = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")


@pytest.fixture
def top(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    for name, content in ORIGINALS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def on_disk(top: Path) -> dict[str, bytes]:
    return {file.relative_to(top).as_posix(): file.read_bytes() for file in top.rglob("*") if file.is_file()}


def refused(top: Path, changes: Changes, originals: dict[str, bytes] = ORIGINALS) -> str:
    """The message of an apply that must fail and leave everything as it was."""
    before = on_disk(top)
    folders = sorted(path for path in top.rglob("*") if path.is_dir())
    with pytest.raises(UserError) as raised:
        apply_changes(top, originals, changes)
    assert on_disk(top) == before
    assert sorted(path for path in top.rglob("*") if path.is_dir()) == folders
    return str(raised.value)


def failing(name: str, at: int, error: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the call of os.<name> with this number fail, and only this one."""
    real: Callable[..., object] = getattr(os, name)
    calls = iter(range(10_000))

    def call(*args: object, **kwargs: object) -> object:
        if next(calls) == at:
            raise OSError(error, os.strerror(error))
        return real(*args, **kwargs)

    monkeypatch.setattr(os, name, call)


def test_everything_is_written(top: Path) -> None:
    assert apply_changes(top, ORIGINALS, CHANGES) == sorted(CHANGES)
    assert on_disk(top) == WANTED


def test_a_second_run_has_nothing_to_do(top: Path) -> None:
    apply_changes(top, ORIGINALS, CHANGES)
    inode = (top / "a.go").stat().st_ino
    assert apply_changes(top, ORIGINALS, CHANGES) == []
    assert (top / "a.go").stat().st_ino == inode
    assert on_disk(top) == WANTED


def test_a_run_finishes_what_another_began(top: Path) -> None:
    (top / "a.go").write_bytes(b"new a\r\nstill none")
    (top / "pkg/gone.go").unlink()
    assert apply_changes(top, ORIGINALS, CHANGES) == ["pkg/b.go", "pkg/new/deep/n.go", "z d/\u00e9.go"]
    assert on_disk(top) == WANTED


@pytest.mark.parametrize("mode", [0o644, 0o755, 0o600, 0o444, 0o640])
def test_the_mode_is_kept(top: Path, mode: int) -> None:
    (top / "a.go").chmod(mode)
    apply_changes(top, ORIGINALS, CHANGES)
    assert stat.S_IMODE((top / "a.go").stat().st_mode) == mode


def test_a_new_file_gets_the_usual_mode(top: Path) -> None:
    usual = top / "usual"
    usual.touch()
    apply_changes(top, ORIGINALS, CHANGES)
    assert (top / "pkg/new/deep/n.go").stat().st_mode == usual.stat().st_mode


@root_only
def test_root_keeps_the_owner(top: Path) -> None:
    for path in [top, top / "pkg", top / "a.go"]:
        os.chown(path, 1234, 2345)
    os.chown(top / "pkg/b.go", 3456, 4567)
    apply_changes(top, ORIGINALS, CHANGES)

    def owner(path: str) -> tuple[int, int]:
        return (top / path).stat().st_uid, (top / path).stat().st_gid

    assert owner("a.go") == (1234, 2345)
    assert owner("pkg/b.go") == (3456, 4567)
    assert owner("pkg/new") == owner("pkg/new/deep") == owner("pkg/new/deep/n.go") == (1234, 2345)


def test_every_file_that_changed_since_is_named(top: Path) -> None:
    (top / "a.go").write_bytes(b"edited")
    (top / "pkg/gone.go").write_bytes(b"edited")
    (top / "pkg/b.go").unlink()
    (top / "pkg/new/deep").mkdir(parents=True)
    (top / "pkg/new/deep/n.go").write_bytes(b"someone else's")
    message = refused(top, CHANGES)
    assert "nothing was written" in message
    assert "a.go: changed since" in message
    assert "pkg/gone.go: changed since" in message
    assert "pkg/b.go: is gone since" in message
    assert "pkg/new/deep/n.go: is there already and is not overwritten" in message


def test_a_symlink_in_place_of_a_file_is_refused(top: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(ORIGINALS["a.go"])
    (top / "a.go").unlink()
    (top / "a.go").symlink_to(outside)
    assert "a.go: is not a plain file" in refused(top, CHANGES)
    assert outside.read_bytes() == ORIGINALS["a.go"]


@pytest.mark.parametrize("inside", [True, False])
def test_a_symlink_in_place_of_a_folder_is_refused(top: Path, tmp_path: Path, inside: bool) -> None:
    real = (top if inside else tmp_path) / "real"
    (top / "pkg").rename(real)
    (top / "pkg").symlink_to(real, target_is_directory=True)
    message = refused(top, CHANGES)
    assert "pkg/b.go: leads through a symlink" in message
    assert "pkg/new/deep/n.go: leads through a symlink" in message
    assert sorted(file.name for file in real.iterdir()) == ["b.go", "gone.go"]


def test_a_dangling_symlink_is_refused(top: Path, tmp_path: Path) -> None:
    (top / "new.go").symlink_to(tmp_path / "nowhere")
    assert "new.go: is not a plain file" in refused(top, {"new.go": b"x"})
    (top / "folder").symlink_to(tmp_path / "nowhere")
    assert "leads through a symlink" in refused(top, {"folder/new.go": b"x"})
    assert not (tmp_path / "nowhere").exists()


def test_a_checkout_may_be_reached_through_a_symlink(top: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(top, target_is_directory=True)
    assert apply_changes(tmp_path / "link", ORIGINALS, CHANGES) == sorted(CHANGES)
    assert on_disk(top) == WANTED


def test_devices_and_folders_are_refused(top: Path) -> None:
    os.mkfifo(top / "fifo.go")
    assert "not a plain file" in refused(top, {"fifo.go": b"x"})
    assert "not a plain file" in refused(top, {"pkg": b"x"})
    assert "leads through" in refused(top, {"a.go/x.go": b"x"})


@pytest.mark.parametrize(
    "path",
    [
        "../out.go",
        "pkg/../../out.go",
        "/tmp/out.go",
        "",
        ".",
        "pkg//x",
        "./x",
        "x\0y",
        ".git/hooks/x",
        "pkg/.GIT/x",
        ".git. ./x",
        ".g\u200cit/x",
        "git~1/x",
        ".git::$INDEX_ALLOCATION/x",
    ],
)
def test_paths_that_lead_out_or_into_git_are_refused(top: Path, path: str) -> None:
    assert "never written" in refused(top, {"a.go": b"new", path: b"x"})


def test_names_in_messages_hold_no_control_bytes(top: Path) -> None:
    (top / "\x1b[31m.go").write_bytes(b"x")
    assert "\\x1b[31m.go: is there already" in refused(top, {"\x1b[31m.go": b"y"})


def test_leftovers_of_exactly_that_form_are_removed(top: Path) -> None:
    kept = [
        ".gomigrate-0123456789abcde.tmp",
        ".gomigrate-0123456789abcdef0.tmp",
        ".gomigrate-0123456789abcdeg.tmp",
        ".gomigrate-0123456789ABCDEF.tmp",
        ".gomigrate-0123456789abcdef.tmp2",
        "x.gomigrate-0123456789abcdef.tmp",
        ".gomigrate-.tmp",
        ".gomigrate-0123456789abcdef.tmp\n",
    ]
    (top / "elsewhere").mkdir()
    for name in [*kept, LEFTOVER, "pkg/" + LEFTOVER, "elsewhere/" + LEFTOVER]:
        (top / name).write_bytes(b"x")
    (top / "z d" / LEFTOVER).mkdir()
    apply_changes(top, ORIGINALS, CHANGES)
    assert set(on_disk(top)) == {*WANTED, *kept, "elsewhere/" + LEFTOVER}
    assert (top / "z d" / LEFTOVER).is_dir()


def test_a_leftover_that_is_a_symlink_is_left(top: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"x")
    (top / LEFTOVER).symlink_to(tmp_path / "outside")
    apply_changes(top, ORIGINALS, CHANGES)
    assert (top / LEFTOVER).is_symlink()
    assert (tmp_path / "outside").exists()


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EDQUOT, "free some space"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "permission denied"),
        (errno.EIO, "mend that"),
    ],
)
@pytest.mark.parametrize(
    ("call", "at", "path"),
    [
        ("write", 0, "a.go"),
        ("write", 2, "pkg/new/deep/n.go"),
        ("open", 2, "pkg/b.go"),
        ("fsync", 1, "pkg/b.go"),
        ("chmod", 1, "pkg/b.go"),
        ("mkdir", 1, "pkg/new/deep/n.go"),
        ("write", 3, ".gomigrate-apply.json"),
        ("replace", 0, ".gomigrate-apply.json"),
        ("replace", 1, "a.go"),
        ("replace", 4, "z d/\u00e9.go"),
        ("unlink", 0, "pkg/gone.go"),
    ],
)
def test_an_error_leaves_everything_as_it_was(
    top: Path, monkeypatch: pytest.MonkeyPatch, call: str, at: int, path: str, error: int, remedy: str
) -> None:
    (top / "a.go").chmod(0o755)
    failing(call, at, error, monkeypatch)
    message = refused(top, CHANGES)
    assert message.startswith(f"nothing was written: {path}: cannot be ")
    assert remedy in message
    assert (top / "a.go").stat().st_mode & 0o777 == 0o755


def test_what_cannot_be_taken_back_is_finished_later(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.replace
    calls = iter(range(100))

    def replace(source: Path, target: Path) -> None:
        if next(calls) >= 3:
            raise OSError(errno.EIO, "broken")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(UserError, match=r"pkg/new/deep/n\.go: cannot be replaced") as raised:
        apply_changes(top, ORIGINALS, CHANGES)
    assert "could not be taken back: .gomigrate-apply.json: cannot be written" in str(raised.value)
    assert "`gomigrate apply` finishes" in str(raised.value)
    monkeypatch.undo()
    assert (top / "a.go").read_bytes() == CHANGES["a.go"]
    with pytest.raises(UserError, match=r"apply-?\.?json: an earlier apply was cut off"):
        apply_changes(top, ORIGINALS, CHANGES)
    assert finish_interrupted(top) == sorted(CHANGES)
    assert on_disk(top) == WANTED


@pytest.mark.parametrize(
    ("call", "at"), [("write", 0), ("write", 3), *(("replace", n) for n in range(5)), ("unlink", 0)]
)
def test_an_interrupt_leaves_everything_as_it_was(
    top: Path, monkeypatch: pytest.MonkeyPatch, call: str, at: int
) -> None:
    real: Callable[..., object] = getattr(os, call)
    calls = iter(range(100))

    def interrupted(*args: object) -> object:
        result = real(*args)
        if next(calls) == at:
            raise KeyboardInterrupt
        return result

    monkeypatch.setattr(os, call, interrupted)
    with pytest.raises(KeyboardInterrupt):
        apply_changes(top, ORIGINALS, CHANGES)
    assert on_disk(top) == ORIGINALS
    assert not (top / "pkg/new").exists()


def test_a_short_write_is_continued(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, bytes(data)[:3]))
    apply_changes(top, ORIGINALS, CHANGES)
    monkeypatch.undo()
    assert on_disk(top) == WANTED


def test_a_file_that_may_not_grow_is_refused(top: Path) -> None:
    """The real thing instead of a patched call: a limit on the size of files."""
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from gomigrate.apply import apply_changes\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "apply_changes(Path(sys.argv[1]), {'a.go': b'old a\\r\\nno newline'}, {'a.go': b'x' * 9999})\n"
    )
    answer = subprocess.run([sys.executable, "-c", script, top], capture_output=True, check=False)
    assert b"UserError: nothing was written: a.go: cannot be written: the disk or the quota is full" in answer.stderr
    assert on_disk(top) == ORIGINALS


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused(top: Path) -> None:
    (top / "pkg").chmod(0o555)
    try:
        assert "pkg/b.go: cannot be written: permission denied" in refused(top, CHANGES)
    finally:
        (top / "pkg").chmod(0o755)


# Somebody else at work in the same checkout


def edits(name: str, at: int, action: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let something happen right before the call of os.<name> with this number."""
    real: Callable[..., object] = getattr(os, name)
    calls = iter(range(10_000))

    def call(*args: object, **kwargs: object) -> object:
        if next(calls) == at:
            action()
        return real(*args, **kwargs)

    monkeypatch.setattr(os, name, call)


@pytest.mark.parametrize("path", ["a.go", "z d/\u00e9.go", "pkg/gone.go"])
@pytest.mark.parametrize(
    ("call", "at"), [("fsync", 0), ("fsync", 3), ("replace", 0), ("replace", 1)], ids=lambda value: str(value)
)
def test_what_an_editor_saves_meanwhile_is_kept(
    top: Path, monkeypatch: pytest.MonkeyPatch, path: str, call: str, at: int
) -> None:
    """While contents are written beside their places, and while the files before it are replaced."""
    if (call, at, path) == ("replace", 1, "a.go"):
        pytest.skip("saved right between the last look and the move: the stated window")
    edits(call, at, lambda: (top / path).write_bytes(b"edited"), monkeypatch)
    with pytest.raises(UserError) as raised:
        apply_changes(top, ORIGINALS, CHANGES)
    monkeypatch.undo()
    assert str(raised.value).startswith(f"nothing was written: {path}: changed since it was read")
    assert on_disk(top) == {**ORIGINALS, path: b"edited"}


def test_what_an_editor_saves_over_a_change_is_not_taken_back(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def save() -> None:
        (top / "a.go").write_bytes(b"edited")
        (top / "z d/\u00e9.go").write_bytes(b"edited too")

    edits("replace", 2, save, monkeypatch)
    with pytest.raises(UserError, match=r"a\.go: was edited meanwhile, and is left as it is"):
        apply_changes(top, ORIGINALS, CHANGES)
    monkeypatch.undo()
    assert on_disk(top) == {**ORIGINALS, "a.go": b"edited", "z d/\u00e9.go": b"edited too"}


def test_a_folder_that_becomes_a_link_is_not_written_through(
    top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"

    def swap() -> None:
        (top / "z d").rename(outside)
        (top / "z d").symlink_to(outside)

    edits("fsync", 3, swap, monkeypatch)
    with pytest.raises(UserError, match="leads through a symlink"):
        apply_changes(top, ORIGINALS, CHANGES)
    monkeypatch.undo()
    assert (outside / "\u00e9.go").read_bytes() == ORIGINALS["z d/\u00e9.go"]
    assert (top / "a.go").read_bytes() == ORIGINALS["a.go"]


def test_two_at_once(top: Path) -> None:
    handle = os.open(top, os.O_RDONLY)
    try:
        assert try_lock(handle)
        assert "another `gomigrate apply` is at work here" in refused(top, CHANGES)
        write_journal(top, entry())
        with pytest.raises(UserError, match="at work here, and nothing was written"):
            finish_interrupted(top)
        (top / ".gomigrate-apply.json").unlink()
    finally:
        os.close(handle)
    assert apply_changes(top, ORIGINALS, CHANGES) == sorted(CHANGES)


def test_what_another_run_is_writing_is_no_leftover(top: Path) -> None:
    """As `patch -o` does, inside of the checkout."""
    other = begin(top / "x.patch")
    other.write(b"half")
    apply_changes(top, ORIGINALS, CHANGES)
    other.replace()
    other.discard()
    assert on_disk(top) == {**WANTED, "x.patch": b"half"}


# Crashes: a run that ends at any step, and the run after it

STEPS = ("open", "write", "fsync", "chmod", "mkdir", "rmdir", "replace", "unlink")


def dies(at: int, action: Callable[[], object]) -> bool:
    """Run the action in a process that ends at this step that touches the disk; False when it came to its end.

    A write is half done by then.
    """
    child = os.fork()
    if child:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code in (0, 9), "the run failed, see its traceback"
        return code == 9
    try:
        calls = itertools.count()
        for name in STEPS:
            setattr(os, name, dying(name, calls, at))
        action()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def dying(name: str, calls: itertools.count[int], at: int) -> Callable[..., object]:
    real: Callable[..., object] = getattr(os, name)

    def call(*args: object, **kwargs: object) -> object:
        if next(calls) == at:
            if name == "write":
                real(args[0], bytes(args[1])[:4])  # type: ignore[call-overload]
            os._exit(9)
        return real(*args, **kwargs)

    return call


def failing_late() -> None:
    """An apply whose last step fails, so that all the others are taken back."""
    real = os.unlink

    def unlink(file: Path) -> None:
        if Path(file).name == "gone.go":
            raise OSError(errno.EIO, "broken")
        real(file)

    os.unlink = unlink  # type: ignore[assignment]  # only ever in a process of its own
    with pytest.raises(UserError, match="nothing was written"):
        apply_changes(Path.cwd(), ORIGINALS, CHANGES)


def whole_run(top: Path) -> list[str]:
    """What `gomigrate apply` does: finish, then plan, which here must be as if nothing had happened."""
    finished = finish_interrupted(top)
    found = {path: data for path, data in on_disk(top).items() if not PATTERN.fullmatch(Path(path).name)}
    found.pop(".git/HEAD", None)
    assert found in (ORIGINALS, WANTED)
    if found == ORIGINALS:
        apply_changes(top, ORIGINALS, CHANGES)
    return finished


def assert_whole(top: Path, at: object) -> None:
    found = on_disk(top)
    found.pop(".git/HEAD", None)
    assert found == WANTED, at
    assert stat.S_IMODE((top / "a.go").stat().st_mode) == 0o755, at
    assert sorted(folder.name for folder in top.rglob("*") if folder.is_dir() and folder.name != ".git") == sorted(
        ["pkg", "new", "deep", "z d"]
    )


@pytest.fixture(params=["in git", "outside of git"])
def crashing(top: Path, request: pytest.FixtureRequest) -> Callable[[], Path]:
    """Makes fresh copies of the checkout."""
    (top / "a.go").chmod(0o755)
    if request.param == "in git":
        (top / ".git").mkdir()
        (top / ".git/HEAD").write_bytes(b"ref: refs/heads/main\n")
    copy = top.with_name("copy")

    def fresh() -> Path:
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(top, copy)
        return copy

    return fresh


def test_the_run_after_a_crash_finishes(crashing: Callable[[], Path]) -> None:
    finished = []
    for at in itertools.count():
        top = crashing()
        if not dies(at, lambda top=top: apply_changes(top, ORIGINALS, CHANGES)):  # type: ignore[misc]
            break
        finished.append(whole_run(top))
        assert_whole(top, at)
    # Some crashes come before the journal, and those after it leave something to finish.
    assert at > 30
    assert finished[0] == [] and finished.count(sorted(CHANGES)) > 10


def test_the_run_after_a_crash_may_crash_as_well(crashing: Callable[[], Path]) -> None:
    ends = 0
    for at in itertools.count():
        top = crashing()
        if not dies(at, lambda top=top: apply_changes(top, ORIGINALS, CHANGES)):  # type: ignore[misc]
            break
        for second in itertools.count():
            top = crashing()
            assert dies(at, lambda top=top: apply_changes(top, ORIGINALS, CHANGES))  # type: ignore[misc]
            if not journal.interrupted(top) or not dies(second, lambda top=top: finish_interrupted(top)):  # type: ignore[misc]
                break
            ends += 1
            whole_run(top)
            assert_whole(top, (at, second))
    assert ends > 50


def test_the_run_after_a_crash_while_taking_back_finishes(
    crashing: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in itertools.count():
        top = crashing()
        monkeypatch.chdir(top)
        if not dies(at, failing_late):
            break
        whole_run(top)
        assert_whole(top, at)
    assert at > 40
    found = on_disk(top)
    found.pop(".git/HEAD", None)
    assert found == ORIGINALS


CRASHING_COMMAND = """
import os, sys
from gomigrate.cli import main
real, left = os.replace, iter(range(int(sys.argv.pop(1))))

def replace(*args):
    if next(left, None) is None:
        os._exit(9)
    real(*args)

os.replace = replace
main()
"""


@pytest.mark.parametrize("crash_at", [0, 1, 3])
def test_the_command_finishes_after_a_crash(make_repo: MakeRepo, sample_dir: Path, crash_at: int) -> None:
    files = {file.relative_to(sample_dir).as_posix(): file.read_bytes() for file in sample_dir.rglob("*.*")}
    wanted, crashed = make_repo(files, "wanted"), make_repo(files, "crashed")

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)

    assert run("-m", "gomigrate", "apply", str(wanted)).returncode == 0
    assert run("-c", CRASHING_COMMAND, str(crash_at), "apply", str(crashed)).returncode == 9
    half = crash_at > 0
    patch = run("-m", "gomigrate", "patch", str(crashed))
    assert ("an apply was cut off in this checkout" in patch.stderr) is half
    assert ("an apply was cut off in this checkout" in run("-m", "gomigrate", "check", str(crashed)).stderr) is half
    again = run("-m", "gomigrate", "apply", str(crashed))
    assert again.returncode == 0, again.stderr
    assert ("these files are settled now: " in again.stderr) is half

    def work_tree(top: Path) -> dict[str, bytes]:
        return {path: data for path, data in on_disk(top).items() if not path.startswith(".git/")}

    assert work_tree(crashed) == work_tree(wanted)
    assert not [path for path in on_disk(crashed) if "gomigrate-" in path]
    assert run("-m", "gomigrate", "patch", str(crashed)).stdout == ""


# The journal lies in an untrusted checkout

TEMPORARY = ".gomigrate-00112233445566ff.tmp"


def entry(**changed: object) -> dict[str, object]:
    old, new = blob_id(ORIGINALS["a.go"]), blob_id(b"new")
    return {"path": "a.go", "temporary": TEMPORARY, "old": old, "new": new, "mode": 0o644} | changed


def write_journal(top: Path, *entries: object, **changed: object) -> Path:
    content = {"version": 1, "steps": list(entries)} | changed
    file = top / ".gomigrate-apply.json"
    file.write_text(json.dumps(content, indent=1) + "\n")
    return file


def not_finished(top: Path) -> str:
    before = on_disk(top)
    with pytest.raises(UserError) as raised:
        finish_interrupted(top)
    assert on_disk(top) == before
    message = str(raised.value)
    assert "cannot be finished; nothing was written" in message
    assert "remove .gomigrate-apply.json and the files .gomigrate-*.tmp" in message and "git restore" in message
    return message


@pytest.fixture
def half(top: Path) -> Path:
    """A checkout with a journal that is as it should be."""
    (top / TEMPORARY).write_bytes(b"new")
    (top / TEMPORARY).chmod(0o644)
    write_journal(top, entry())
    return top


def test_a_good_journal_is_finished(half: Path) -> None:
    assert finish_interrupted(half) == ["a.go"]
    assert on_disk(half) == {**ORIGINALS, "a.go": b"new"}
    assert finish_interrupted(half) == []


def test_no_journal_is_nothing_to_finish(top: Path) -> None:
    (top / LEFTOVER).write_bytes(b"x")
    assert finish_interrupted(top) == []
    assert (top / LEFTOVER).exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"path": 1},
        {"path": None},
        {"path": "\ud800.go"},
        {"temporary": None},
        {"temporary": ""},
        {"temporary": "pkg/b.go"},
        {"temporary": "../" + TEMPORARY},
        {"temporary": TEMPORARY + "\n"},
        {"path": TEMPORARY},
        {"new": ""},
        {"new": "x"},
        {"old": "0" * 39},
        {"old": blob_id(b"new")},
        {"mode": "0o644"},
        {"mode": True},
        {"mode": -1},
        {"mode": 0o100644},
        {"more": 1},
    ],
)
def test_a_step_that_no_apply_writes_is_refused(half: Path, changed: dict[str, object]) -> None:
    write_journal(half, entry(**changed))
    assert "is no journal" in not_finished(half)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        '{"version": 1}',
        '{"version": 1, "steps": 1}',
        '{"version": 1, "steps": [1]}',
        '{"version": 1, "steps": {}}',
        '{"version": 1, "steps": []}',
        '{"version": 1, "version": 1, "steps": []}',
        '{"version": 1, "steps": [], "more": 1}',
        "9" * 10_000,
        "\udcff",
    ],
)
def test_a_text_that_no_apply_writes_is_refused(top: Path, text: str) -> None:
    (top / ".gomigrate-apply.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert "is no journal" in not_finished(top)


def test_another_version_is_refused(half: Path) -> None:
    write_journal(half, entry(), version=2)
    assert "is no journal that this version" in not_finished(half)


def test_two_steps_do_not_share_a_file(half: Path) -> None:
    write_journal(half, entry(), entry())
    assert "is no journal" in not_finished(half)
    write_journal(half, entry(), entry(path="b.go", old=""))
    assert "is no journal" in not_finished(half)


@pytest.mark.parametrize(
    "path", ["../a.go", "/a.go", "pkg/../a.go", "", ".git/config", ".git/hooks/pre-commit", "x\0", "a.go/b.go"]
)
def test_a_journal_does_not_lead_out_of_the_checkout(half: Path, path: str) -> None:
    (half.parent / "a.go").write_bytes(ORIGINALS["a.go"])
    (half.parent / TEMPORARY).write_bytes(b"new")
    write_journal(half, entry(path=path))
    assert "never written" in not_finished(half)
    assert (half.parent / "a.go").read_bytes() == ORIGINALS["a.go"]


@pytest.mark.parametrize("temporary", [True, False])
def test_a_journal_does_not_delete_or_write_through_links(half: Path, tmp_path: Path, temporary: bool) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.go").write_bytes(ORIGINALS["a.go"])
    (outside / TEMPORARY).write_bytes(b"new")
    (half / "link").symlink_to(outside)
    write_journal(half, entry(path="link/a.go") if temporary else entry(path="link/a.go", temporary="", new="", mode=0))
    assert "link/a.go: leads through a symlink" in not_finished(half)
    (half / "a.go").unlink()
    (half / "a.go").symlink_to(outside / "a.go")
    write_journal(half, entry() if temporary else entry(temporary="", new="", mode=0))
    assert "a.go: is not a plain file" in not_finished(half)
    assert sorted(os.listdir(outside)) == sorted(["a.go", TEMPORARY])


def test_what_is_not_as_the_journal_says_is_refused(half: Path, tmp_path: Path) -> None:
    (half / "a.go").write_bytes(b"edited since")
    assert "a.go: is neither what it was" in not_finished(half)
    (half / "a.go").unlink()
    assert "a.go: is neither what it was" in not_finished(half)
    (half / "a.go").write_bytes(ORIGINALS["a.go"])
    (half / TEMPORARY).chmod(0o755)
    assert f"{TEMPORARY}: does not hold what a.go" in not_finished(half)
    (half / TEMPORARY).chmod(0o644)
    (half / TEMPORARY).write_bytes(b"evil")
    assert f"{TEMPORARY}: does not hold what a.go" in not_finished(half)
    (half / TEMPORARY).unlink()
    assert f"{TEMPORARY}: does not hold what a.go" in not_finished(half)
    (tmp_path / "new").write_bytes(b"new")
    (half / TEMPORARY).symlink_to(tmp_path / "new")
    assert f"{TEMPORARY}: is not a plain file" in not_finished(half)


def test_one_bad_step_stops_all(half: Path) -> None:
    write_journal(half, entry(), entry(path="pkg/b.go", temporary=LEFTOVER))
    assert "pkg/b.go" in not_finished(half)


@pytest.mark.parametrize("kind", ["symlink", "folder", "fifo", "huge"])
def test_a_journal_is_a_plain_file(top: Path, tmp_path: Path, kind: str) -> None:
    path = top / ".gomigrate-apply.json"
    if kind == "symlink":
        (top / TEMPORARY).write_bytes(b"new")
        write_journal(top, entry()).rename(tmp_path / "journal")
        path.symlink_to(tmp_path / "journal")
    elif kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.touch()
        os.truncate(path, journal.MAX_BYTES + 1)
        with pytest.raises(UserError, match="is larger than 16 MiB"):
            finish_interrupted(top)
        return
    assert "is not a plain file" in not_finished(top)


def test_names_in_a_journal_reach_no_terminal(half: Path) -> None:
    (half / "\x1b[31m.go").write_bytes(b"x")
    write_journal(half, entry(path="\x1b[31m.go", temporary="", new="", mode=0))
    assert "\\x1b[31m.go: is neither" in not_finished(half)


@pytest.mark.parametrize("kind", ["file", "symlink", "empty"])
def test_a_journal_is_never_written_outside(
    top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A `.git` that leads elsewhere is not followed, as a worktree's does or a hostile one."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other/HEAD").touch()
    if kind == "file":
        (top / ".git").write_text(f"gitdir: {tmp_path}/other\n")
    elif kind == "symlink":
        (top / ".git").symlink_to(tmp_path / "other")
    else:
        (top / ".git").mkdir()
    (tmp_path / "other/gomigrate-apply.json").write_text("not looked at")
    written = []
    real = os.replace
    monkeypatch.setattr(os, "replace", lambda source, target: (written.append(Path(target)), real(source, target)))
    apply_changes(top, ORIGINALS, CHANGES)
    assert written[0] == top / ".gomigrate-apply.json"
    assert (tmp_path / "other/gomigrate-apply.json").read_text() == "not looked at"


def test_a_journal_in_git_is_out_of_sight(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (top / ".git").mkdir()
    (top / ".git/HEAD").touch()
    written = []
    real = os.replace
    monkeypatch.setattr(os, "replace", lambda source, target: (written.append(Path(target)), real(source, target)))
    apply_changes(top, ORIGINALS, CHANGES)
    assert written[0] == top / ".git/gomigrate-apply.json"
