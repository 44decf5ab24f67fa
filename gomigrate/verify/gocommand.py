"""Running `go` in one module of a tree, and telling a fault of the machine from one of the code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from gomigrate.errors import UserError, printable
from gomigrate.verify.runner import Done, run
from gomigrate.verify.toolchain import Toolchain, trouble

# How `go list -x` announces a download; when it has come it says so again, with the time that it took.
_GET = "# get "


class Progress(Protocol):
    """Is told what runs now, what of it is under way, and what a person has to know at once."""

    def begin(self, text: str) -> None: ...

    def detail(self, text: str) -> None: ...

    def say(self, text: str) -> None: ...


class GoCommand(NamedTuple):
    """`go` in a folder; `where` names that folder to people. `work` is the go.work in use, or "off"; `temporary` is for
    Go's own files; `limit` in seconds is the longest that a command may say nothing."""

    toolchain: Toolchain
    folder: Path
    where: str
    work: str
    temporary: Path
    limit: float
    progress: Progress

    def run(self, *arguments: str, listener: Callable[[str], None] | None = None) -> Done:
        # Go ends the tests of a package at the limit itself; only what does not listen to it is killed here.
        return run((self.toolchain.go, *arguments), self.folder, self._environment, self.limit * 1.25 + 2, listener)

    def fetch(self, *arguments: str) -> Done:
        """A command that may download modules and takes -x: a proxy that does not answer is known by its silence.

        Raises UserError when that is so.
        """
        done = self.run(*arguments, listener=self._downloading)
        if done.stopped:
            asked = [line.removeprefix(_GET) for line in done.errors if line.startswith(_GET)]
            address = asked[-1] if asked else self.toolchain.proxy
            raise UserError(
                f"Go waits for an answer from {address} and gets none; see whether the network and the proxy in "
                "GOPROXY work, or give more time by --timeout."
            )
        return done._replace(errors=tuple(line for line in done.errors if not line.startswith(_GET)))

    def blame_the_machine(self, lines: Iterable[str]) -> None:
        """Raises UserError, with what to do, when Go says here that the fault is not the code's."""
        for line in lines:
            found = trouble(line)
            if found is not None:
                said = printable(line.strip())
                raise UserError(f"{self.where}: {found.what}; {found.remedy}. Go says: {said}")

    @property
    def _environment(self) -> Mapping[str, str]:
        own = {"GOTMPDIR": str(self.temporary), "GOWORK": self.work, "PWD": str(self.folder)}
        return {**self.toolchain.environment, **own}

    def _downloading(self, line: str) -> None:
        if line.startswith(_GET) and not line.endswith("s)"):
            self.progress.detail(line.removeprefix(_GET))
