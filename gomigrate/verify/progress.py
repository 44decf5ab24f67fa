"""What runs now, on standard error: one line that changes on a terminal, else a line for each step."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType

import click

from gomigrate.errors import printable


class Progress:
    """`color` as in `gomigrate.terminal.Terminal`; with `quiet` nothing is shown."""

    def __init__(self, color: str = "auto", *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._step = ""
        self._started = 0.0
        self._shown = 0.0
        self._live = not quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._status = self._make_status(color) if self._live else None

    def begin(self, text: str) -> None:
        """A new step, unless it is the one that runs already."""
        if printable(text) == self._step:
            return
        self._end()
        self._step, self._started = printable(text), time.monotonic()
        self._show("")

    def detail(self, text: str) -> None:
        """What the step is at. Shown on a terminal only, ten times in a second at most."""
        now = time.monotonic()
        if self._live and now - self._shown > 0.1:
            self._shown = now
            self._show(printable(text))

    def say(self, text: str) -> None:
        """Something that is shown in any case."""
        click.echo(f"gomigrate: {printable(text)}", err=True)

    def __enter__(self) -> Progress:
        if self._status:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._end()
        if self._status:
            self._status.stop()

    def _make_status(self, color: str):  # type: ignore[no-untyped-def]
        from rich.console import Console

        console = Console(stderr=True, no_color=True if color == "never" else None)
        return console.status("", spinner="line")

    def _show(self, detail: str) -> None:
        if self._status:
            from rich.text import Text

            line = Text(f"{self._step}  {detail}", overflow="ellipsis", no_wrap=True)
            self._status.update(line)

    def _end(self) -> None:
        if self._step and not self._quiet:
            click.echo(f"  {self._step}: {time.monotonic() - self._started:.1f} s", err=True)
        self._step = ""
