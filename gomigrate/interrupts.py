"""Ctrl-C while something is half done: it waits until that is done, or until a place where it can be undone."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def held_back(*, done: bool = False) -> Iterator[Callable[[], None]]:
    """Keeps Ctrl-C back within the block, and gives a function that lets it through where that does no harm.

    One that came after the last such place is let through at the end of the block, or forgotten when all is `done` by
    then.
    """
    pending = False

    def remember(number: int, frame: object) -> None:
        nonlocal pending
        pending = True

    def let_through() -> None:
        nonlocal pending
        if pending:
            pending = False
            raise KeyboardInterrupt

    # Only the first thread of a program is told of signals.
    if threading.current_thread() is not threading.main_thread():
        yield let_through
        return
    before = signal.signal(signal.SIGINT, remember)
    try:
        yield let_through
    finally:
        signal.signal(signal.SIGINT, before)
    if not done:
        let_through()
