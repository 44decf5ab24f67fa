"""Writing a plan: what was there is kept or replaced as a whole, also when the process dies in the middle."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gomigrate.apply import apply_changes
from gomigrate.errors import UserError

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
    assert "pkg/new/deep/n.go: appeared since" in message


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
    ],
)
def test_paths_that_lead_out_or_into_git_are_refused(top: Path, path: str) -> None:
    assert "never written" in refused(top, {"a.go": b"new", path: b"x"})


def test_names_in_messages_hold_no_control_bytes(top: Path) -> None:
    (top / "\x1b[31m.go").write_bytes(b"x")
    assert "\\x1b[31m.go: appeared" in refused(top, {"\x1b[31m.go": b"y"})


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
        ("open", 1, "pkg/b.go"),
        ("fsync", 1, "pkg/b.go"),
        ("chmod", 1, "pkg/b.go"),
        ("mkdir", 1, "pkg/new/deep/n.go"),
        ("replace", 0, "a.go"),
        ("replace", 3, "z d/\u00e9.go"),
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


def test_what_cannot_be_taken_back_is_named(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.replace
    calls = iter(range(100))

    def replace(source: Path, target: Path) -> None:
        if next(calls) >= 2:
            raise OSError(errno.EIO, "broken")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(UserError, match=r"pkg/new/deep/n\.go: cannot be replaced") as raised:
        apply_changes(top, ORIGINALS, CHANGES)
    assert "the new content stays in pkg/b.go, a.go" in str(raised.value)
    monkeypatch.undo()
    assert set(on_disk(top)) == set(ORIGINALS)
    assert apply_changes(top, ORIGINALS, CHANGES) == ["pkg/gone.go", "pkg/new/deep/n.go", "z d/\u00e9.go"]
    assert on_disk(top) == WANTED


@pytest.mark.parametrize("call", ["write", "replace", "unlink"])
def test_an_interrupt_leaves_everything_as_it_was(top: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    real: Callable[..., object] = getattr(os, call)
    calls = iter(range(100))

    def interrupted(*args: object) -> object:
        result = real(*args)
        if next(calls) == 0:
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


CRASHING = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[4])
from test_apply import CHANGES, ORIGINALS
from gomigrate.apply import apply_changes

name, at = sys.argv[2], int(sys.argv[3])
real, calls = getattr(os, name), iter(range(10_000))

def call(*args, **kwargs):
    if next(calls) == at:
        if name == "write":
            real(args[0], bytes(args[1])[:4])
        os._exit(9)
    return real(*args, **kwargs)

setattr(os, name, call)
apply_changes(Path(sys.argv[1]), ORIGINALS, CHANGES)
"""


@pytest.mark.parametrize(("name", "calls"), [("write", 3), ("replace", 4), ("unlink", 1), ("fsync", 4), ("mkdir", 2)])
def test_a_crash_leaves_each_file_old_or_new(top: Path, name: str, calls: int) -> None:
    for at in range(calls + 1):
        for path in {*ORIGINALS, *CHANGES}:
            (top / path).unlink(missing_ok=True)
            if path in ORIGINALS:
                (top / path).write_bytes(ORIGINALS[path])
        for folder in ("pkg/new/deep", "pkg/new"):
            if (top / folder).exists():
                (top / folder).rmdir()
        command = [sys.executable, "-c", CRASHING, str(top), name, str(at), str(Path(__file__).parent)]
        ended = subprocess.run(command, check=False).returncode
        # More folders are synced than counted here; every other call must be one of those named.
        assert ended == (9 if at < calls or name == "fsync" else 0)
        found = on_disk(top)
        for path in {*ORIGINALS, *CHANGES}:
            assert found.pop(path, None) in (ORIGINALS.get(path), CHANGES[path]), (path, at)
        assert all(Path(path).name.startswith(".gomigrate-") for path in found)
        apply_changes(top, ORIGINALS, CHANGES)
        assert on_disk(top) == WANTED
