"""The second process: it gives what the task gives, and when it cannot, the task is run here."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gomigrate.background import Background

BIG = 3_000_000

forked = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


def where(_: object = None) -> int:
    return os.getpid()


def fail() -> None:
    raise ValueError(f"in {os.getpid()}")


def doubled(text: str) -> str:
    return text * 2


@pytest.fixture
def background() -> Iterator[Background]:
    tasks = {"where": where, "fail": fail, "path": Path.cwd, "doubled": doubled, "sleep": time.sleep}
    background = Background(tasks)
    yield background
    background.close()


@forked
def test_runs_elsewhere(background: Background) -> None:
    assert background.run("where") != os.getpid()


def test_what_a_task_raises_is_raised_here(background: Background) -> None:
    with pytest.raises(ValueError, match=str(os.getpid())):
        background.run("fail")


def test_what_cannot_be_sent_is_done_here(background: Background) -> None:
    assert background.run("path") == Path.cwd()
    assert background.run("where", Path()) == os.getpid()


def test_big_values_while_nobody_reads(background: Background) -> None:
    # More than a pipe holds, in both directions: neither may wait for the other.
    first = background.ask("doubled", "x" * BIG)
    second = background.ask("doubled", "y" * BIG)
    assert second() == "y" * 2 * BIG
    assert first() == "x" * 2 * BIG


@forked
def test_one_that_dies_is_replaced(background: Background) -> None:
    other = background.run("where")
    asked = background.ask("sleep", 60)
    background._tasks = {**background._tasks, "sleep": where}
    os.kill(other, signal.SIGKILL)
    assert asked() == os.getpid()
    assert background.run("where") == os.getpid()


@forked
def test_what_is_prepared_is_done_when_nothing_is_asked_for(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def note(text: str) -> str:
        with log.open("a") as out:
            out.write(f"{text}\n")
        return text

    def slow(text: str) -> str:
        time.sleep(0.2)
        return note(text)

    turns = iter((True, True, False))

    def turn() -> bool:
        note("a turn")
        return next(turns)

    background = Background({"note": note, "slow": slow, "fail": fail, "turn": turn})
    first = background.ask("slow", "asked first")
    background.prepare("fail")
    background.prepare("turn")
    background.prepare("note", "prepared")
    last = background.ask("note", "asked last")
    assert (first(), last()) == ("asked first", "asked last")
    wanted = ["asked first", "asked last", "a turn", "prepared", "a turn", "a turn"]
    while len(log.read_text().split()) < len(" ".join(wanted).split()):
        time.sleep(0.01)
    assert log.read_text().splitlines() == wanted
    background.close()
    background.prepare("note", "after its end")
    assert "after" not in log.read_text()


def test_after_close(background: Background) -> None:
    background.close()
    assert background.run("where") == os.getpid()
