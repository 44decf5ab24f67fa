"""Running one command to its end, or to its time limit, with all that it started."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

from gomigrate.errors import UserError, printable

MAX_KEPT = 16 * 1024 * 1024
_MAX_LINE = 1024 * 1024
_GRACE_SECONDS = 2.0
# Waits for a line, or for the end of the pipe, which only the end of the process that holds it brings before.
_WATCH = 'read -r _ || kill -s KILL -- "-$0"'

Listener = Callable[[str], None]


class Done(NamedTuple):
    """How a command ended. `lines` and `errors` are its standard output and standard error, the first 16 MiB of each.
    `stopped` says that it was silent for longer than its limit, and was killed."""

    code: int
    lines: tuple[str, ...]
    errors: tuple[str, ...]
    seconds: float
    stopped: bool = False


def run(
    command: Sequence[str | Path],
    folder: Path,
    environment: Mapping[str, str],
    limit: float,
    listener: Listener | None = None,
) -> Done:
    """Runs a command in `folder`; `listener` is given every line of both streams as it comes.

    When nothing comes for `limit` seconds it is stopped. However it ends, also by Ctrl-C, no process of its group
    outlives it, nor this process, be that killed. Raises UserError when it cannot be started.
    """
    started = time.monotonic()
    try:
        process = subprocess.Popen(
            [os.fspath(part) for part in command],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        name = printable(str(command[0]))
        raise UserError(f"{name}: cannot be run: {error.strerror}; mend its installation.") from error
    try:
        with _not_outliving_us(process):
            out, err, stopped = _listen(process, limit, listener or (lambda line: None))
            if not stopped:
                # The pipes are closed; what is left to do is only to end.
                with suppress(subprocess.TimeoutExpired):
                    process.wait(limit)
                stopped = process.returncode is None
    finally:
        _kill(process)
    return Done(process.returncode, out, err, time.monotonic() - started, stopped)


@contextmanager
def _not_outliving_us(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Has a shell kill the group of a process when this process is gone without a word. Without a shell nobody does."""
    watch = None
    with suppress(OSError):
        watch = subprocess.Popen(
            ["/bin/sh", "-c", _WATCH, str(process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        yield
    finally:
        if watch is not None:
            watch.communicate(b"\n")


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Makes a polite end (SIGTERM, SIGHUP) the same as Ctrl-C, so that what is scratch is removed."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signals = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = [(number, signal.signal(number, interrupt)) for number in signals]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


class _Stream:
    """The lines of one pipe, kept up to a limit."""

    def __init__(self, pipe: IO[bytes], listener: Listener) -> None:
        self.pipe = pipe
        self.lines: list[str] = []
        self._listener = listener
        self._rest = b""
        self._room = MAX_KEPT

    def take(self, data: bytes) -> None:
        *whole, self._rest = (self._rest + data).split(b"\n")
        for line in whole:
            self._line(line)
        if len(self._rest) > _MAX_LINE:
            self.end()

    def end(self) -> tuple[str, ...]:
        if self._rest:
            self._line(self._rest)
            self._rest = b""
        return tuple(self.lines)

    def _line(self, data: bytes) -> None:
        text = data.decode("utf-8", "replace").rstrip("\r")
        self._room -= len(data) + 1
        if self._room >= 0:
            self.lines.append(text)
        self._listener(text)


def _listen(
    process: subprocess.Popen[bytes], limit: float, listener: Listener
) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """The lines of both streams, and whether the silence became too long."""
    assert process.stdout is not None and process.stderr is not None
    streams = _Stream(process.stdout, listener), _Stream(process.stderr, listener)
    stopped = False
    with selectors.DefaultSelector() as selector:
        for stream in streams:
            selector.register(stream.pipe, selectors.EVENT_READ, stream)
        while selector.get_map() and not stopped:
            ready: list[Any] = selector.select(limit)
            stopped = not ready
            for key, _ in ready:
                data = os.read(key.fd, 1 << 16)
                key.data.take(data)
                if not data:
                    selector.unregister(key.fileobj)
    return streams[0].end(), streams[1].end(), stopped


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends the group: politely at first, so that Go can remove its temporary files."""
    if process.poll() is None:
        _signal(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
    _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
