"""What a person sees: colours, widths, completion, versions and times, on a real (pseudo-)terminal and without one."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from conftest import MakeRepo, Run
from test_scenarios import load

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def on_terminal(*args: object, columns: int = 80, **env: str) -> str:
    """What gomigrate shows on a terminal of this width."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "gomigrate", *map(str, args)],
        stdin=child, stdout=child, stderr=child, env={**environment, "TERM": "xterm", **env}, close_fds=True,
    )  # fmt: skip
    os.close(child)
    shown = b""
    while True:
        try:
            data = os.read(parent, 65536)
        except OSError:
            break
        if not data:
            break
        shown += data
    os.close(parent)
    process.wait()
    return shown.decode().replace("\r\n", "\n")


@pytest.fixture
def repo(make_repo: MakeRepo) -> Path:
    return make_repo(load("kubebuilder-pair").input)


@pytest.mark.parametrize("command", ["check", "apply"])
def test_messages_fit_the_terminal_and_say_the_same(run: Run, repo: Path, command: str) -> None:
    shown = ESCAPE.sub("", on_terminal(command, "--pack", "flyte", repo))
    too_long = [line for line in shown.splitlines() if len(line) > 80]
    # Only a word that cannot be parted is longer, such as a path.
    assert [line for line in too_long if " " in line.strip()] == []
    assert len([line for line in shown.splitlines() if len(line) > 60]) > 2, "nothing was long"
    subprocess.run(["git", "checkout", "-q", "."], cwd=repo, check=True)
    plain = run(command, "--pack", "flyte", repo)
    assert shown.split() == (plain.out + plain.err).split()


def test_an_error_fits_the_terminal() -> None:
    shown = on_terminal("explain", "no-such-rule-at-all-and-so-on", columns=40)
    assert max(map(len, shown.splitlines())) <= 40 and "gomigrate explain" in " ".join(shown.split())


def test_wide_characters_count_twice(make_repo: MakeRepo) -> None:
    files = {p.replace("ships/", "船船 船船 船船 船船 船船 船船/"): d for p, d in load("stage-prepare").input.items()}
    lines = ESCAPE.sub("", on_terminal("check", make_repo(files), columns=40)).splitlines()
    wide = [sum(2 if ord(c) > 0x2E7F else 1 for c in line) for line in lines if "船" in line]
    assert wide and max(wide) <= 40


def test_lines_are_not_broken_without_a_terminal(run: Run, repo: Path) -> None:
    out = run("check", repo, COLUMNS="20").out
    assert all(re.match(r"\S+:\d+:\d+: GM\d+ ", line) for line in out.splitlines())


def test_the_same_advice_is_given_once(run: Run, make_repo: MakeRepo) -> None:
    said = run("patch", make_repo(load("kubebuilder-pair").input), "--stage", "switch").err
    assert said.count("Release in three steps") == 1
    assert "orders of releases leave objects stuck" in said and "next: as said above" in said


def test_colours_are_for_terminals(run: Run, repo: Path) -> None:
    assert ESCAPE.search(on_terminal("check", repo))
    assert not ESCAPE.search(on_terminal("check", repo, NO_COLOR="1"))
    assert not ESCAPE.search(on_terminal("check", repo, "--color", "never"))
    assert not ESCAPE.search(run("check", repo, NO_COLOR="").out)
    assert ESCAPE.search(run("check", repo, "--color", "always").out)


def test_times_are_said_when_asked_for(run: Run, repo: Path) -> None:
    times = r"\n  time: (\w+ \d+ ms(, |\n))+"
    for command, stages in (
        (("patch", repo), ("read", "parse", "plan")),
        (("check", repo), ("load", "read", "parse", "understand")),
        (("check", next(repo.rglob("*.go"))), ("load", "parse", "understand")),
    ):
        found = re.search(times, "\n" + run(*command, "-v").err)
        assert found and re.findall(r"(\w+) \d+ ms", found[0]) == list(stages)
        assert "ms" not in run(*command).err
    assert re.search(times, "\n" + run("check", repo, "-v", "--format", "sarif").err)


def test_versions(run: Run) -> None:
    done = run("--version")
    assert done.code == 0
    python = ".".join(map(str, sys.version_info[:3]))
    words = (
        r"gomigrate \d+\.\d+\S*\nPython %s\ntree-sitter \d\S*\ntree-sitter-go \(the grammar\) \d\S*\npacks: .*flyte.*\n"
    )
    assert re.fullmatch(words % re.escape(python), done.out)


# -- completion ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_for_each_shell(run: Run, shell: str) -> None:
    done = run(_GOMIGRATE_COMPLETE=f"{shell}_source")
    assert done.code == 0 and "gomigrate" in done.out and done.err == ""


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("gomigrate che", {"check"}),
        ("gomigrate patch --st", {"--stage", "--strict"}),
        ("gomigrate patch --stage ", {"prepare", "switch", "cleanup"}),
        ("gomigrate patch --pack fl", {"flyte"}),
        ("gomigrate rules show fl", {"flyte"}),
        ("gomigrate explain unq", {"unqualified-name"}),
        ("gomigrate explain GM00", {f"GM00{n}" for n in range(1, 10)}),
    ],
)
def test_what_is_offered(run: Run, words: str, wanted: set[str]) -> None:
    parts = words.split(" ")
    done = run(_GOMIGRATE_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(len(parts) - 1))
    assert {line.partition(",")[2] for line in done.out.splitlines()} == wanted


def test_completion_in_a_real_bash(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    tool = folder / "gomigrate"
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gomigrate "$@"\n')
    tool.chmod(0o755)
    script = (
        'eval "$(_GOMIGRATE_COMPLETE=bash_source gomigrate)"\n'
        "COMP_WORDS=(gomigrate exp) COMP_CWORD=1\n"
        "$(complete -p gomigrate | sed 's/.*-F \\([^ ]*\\) .*/\\1/') gomigrate\n"
        'echo "${COMPREPLY[@]}"\n'
    )
    env = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=env, capture_output=True, text=True)
    assert done.stdout.split() == ["explain"], done.stderr
