"""A second process that works ahead of this one.

It reads the checkout while this one imports what understands Go, and loads and runs jinja2 while this one understands.
It saves time and does nothing else: where there is no fork, in a program with threads, or when anything goes wrong in
it, the work is done here. What may be needed later it does while nothing is asked for.
"""

from __future__ import annotations

import marshal
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NoReturn

Task = Callable[..., Any]
_SIZE = 8
_SMALL = 1024
_WIDE = 1 << 20


class Parts:
    """Numbers up to `count`, 255 at most, that this process and those forked from it take in turns: each number is
    taken once, by whoever is free."""

    def __init__(self, count: int) -> None:
        self._left, given = os.pipe()
        os.write(given, bytes(range(count)))
        os.close(given)

    def take(self) -> int | None:
        """A number that nobody has taken; None when there is none left."""
        number = os.read(self._left, 1)
        return number[0] if number else None

    def __del__(self) -> None:
        with suppress(AttributeError, OSError):
            os.close(self._left)


class Background:
    """Runs `tasks`, in the order in which they are asked for. Their arguments and results are of the plain types that
    marshal takes; one that gives another result, or raises, is run in this process."""

    def __init__(self, tasks: Mapping[str, Task]) -> None:
        self._tasks = tasks
        self._asked = 0
        self._answers: list[tuple[bool, Any]] = []
        self._child = 0
        # A copy of a process with threads may hold a lock that nobody in it will open.
        if hasattr(os, "fork") and threading.active_count() == 1:
            requests, self._requests = os.pipe()
            self._replies, replies = os.pipe()
            _widen(replies)
            self._child = os.fork()
            if not self._child:
                os.close(self._requests)
                os.close(self._replies)
                self._serve(requests, replies)
            os.close(requests)
            os.close(replies)

    def ask(self, name: str, *args: Any) -> Callable[[], Any]:
        """Begins a task, and gives a function that waits for its result. Raises what the task raises."""
        number = self._asked
        sent = bool(self._child) and self._send((name, args, True))
        self._asked += sent

        def result() -> Any:
            while sent and len(self._answers) <= number:
                self._answers.append(_received(self._replies) or (False, None))
            done, value = self._answers[number] if sent else (False, None)
            return value if done else self._tasks[name](*args)

        return result

    def prepare(self, name: str, *args: Any) -> None:
        """Has a task done for what it leaves behind, once nothing is asked for, and again for as long as it gives True.
        Nothing is done where it would have to be in this process."""
        if self._child:
            self._send((name, args, False))

    def run(self, name: str, *args: Any) -> Any:
        """The result of a task."""
        return self.ask(name, *args)()

    def close(self) -> None:
        """Ends the process. What is asked for afterwards is done in this one."""
        if self._child:
            os.close(self._requests)
            os.close(self._replies)
            # The end of its pipe does not reach it while a later child holds a copy of the other end.
            os.kill(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)
            self._child = 0

    def __del__(self) -> None:
        with suppress(AttributeError, OSError):
            self.close()

    def _send(self, request: tuple[str, tuple[Any, ...], bool]) -> bool:
        try:
            data = marshal.dumps(request)
            if len(data) > _SMALL:
                # Both pipes full would be the end of both processes' work.
                while len(self._answers) < self._asked:
                    self._answers.append(_received(self._replies) or (False, None))
            _write(self._requests, data)
        except (OSError, ValueError):
            return False
        return True

    def _serve(self, requests: int, replies: int) -> NoReturn:
        """The child: whatever happens, it ends here."""
        later: deque[tuple[str, tuple[Any, ...]]] = deque()
        try:
            while True:
                if later and not _is_waiting(requests):
                    name, args = later.popleft()
                    with suppress(Exception):
                        if self._tasks[name](*args) is True:
                            later.append((name, args))
                    continue
                request = _received(requests)
                if request is None:
                    break
                name, args, wanted = request
                if not wanted:
                    later.append((name, args))
                    continue
                try:
                    answer = marshal.dumps((True, self._tasks[name](*args)))
                except Exception:
                    answer = marshal.dumps((False, None))
                _write(replies, answer)
        finally:
            os._exit(0)


def _is_waiting(pipe: int) -> bool:
    """Whether something is there to be read, if only the end."""
    from select import select

    return bool(select([pipe], [], [], 0)[0])


def _widen(pipe: int) -> None:
    """Lets a result wait in the pipe while the next task is done, where the system has pipes of another size."""
    with suppress(ImportError, AttributeError, OSError):
        from fcntl import F_SETPIPE_SZ, fcntl

        fcntl(pipe, F_SETPIPE_SZ, _WIDE)


def _write(pipe: int, data: bytes) -> None:
    rest = memoryview(len(data).to_bytes(_SIZE, "big") + data)
    while rest:
        rest = rest[os.write(pipe, rest) :]


def _received(pipe: int) -> Any:
    """The next value in a pipe; None when it has come to its end."""
    with suppress(OSError, EOFError):
        return marshal.loads(_read(pipe, int.from_bytes(_read(pipe, _SIZE), "big")))
    return None


def _read(pipe: int, size: int) -> bytes:
    parts = []
    while size:
        part = os.read(pipe, min(size, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
