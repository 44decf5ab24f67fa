"""What a verification found: the plain values that reports and the terminal show."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from gomigrate.model import Diagnostic, Note


class Verdict(str, Enum):
    """What a check, or all of them together, say about the patch."""

    PROVEN = "proven"
    WORSE = "worse"
    UNVERIFIED = "unverified"


class Failure(NamedTuple):
    """One thing that a Go command says is wrong. `path` is "" and `line` 0 where it names no file of the checkout;
    `column` is 0 where it names none. `lines`: the first lines of what was printed."""

    text: str
    package: str = ""
    path: str = ""
    line: int = 0
    column: int = 0
    test: str = ""
    lines: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        return ":".join(str(part) for part in (self.path, self.line, self.column) if part)


class Check(NamedTuple):
    """One command, run on a module before and after the patch.

    `new`: what fails with the patch and did not before; `known`: what failed before already and still does; `open`: why
    nothing, or not all, is known. `packages` and `tests` count what ran with the patch.
    """

    name: str
    module: str
    command: str
    verdict: Verdict
    seconds_before: float
    seconds_after: float
    packages: int = 0
    tests: int = 0
    new: tuple[Failure, ...] = ()
    known: tuple[Failure, ...] = ()
    open: tuple[str, ...] = ()


class Compared(NamedTuple):
    """What Go shows about one change: equal, stated (differs as its evidence says) or worse. `text` is for people."""

    diagnostic: Diagnostic
    verdict: str
    text: str


class Verification(NamedTuple):
    """What the Go toolchain says about a patch. `problem`: why it could not be asked; `tests`: whose tests ran;
    `gone`: tests that the patch deletes; `compared`: the changes whose old and new code Go has run, of the `operations`
    that the patch rewrites or deletes."""

    verdict: Verdict
    tests: str
    go: str = ""
    problem: str = ""
    checks: tuple[Check, ...] = ()
    gone: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    seconds: float = 0.0
    compared: tuple[Compared, ...] = ()
    operations: int = 0
