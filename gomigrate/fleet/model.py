"""The plain values of a fleet: what is to be done with a repository, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

# Faults that may pass: of the network, which are worth another try at once, and of the process, by time or memory.
NETWORK, PROCESS = "network", "process"


@dataclass(frozen=True)
class Job:
    """One repository at one commit, with all that its outcome depends on: two jobs that are the same have the same one.

    `source` is an address for git or a folder, `versions` those of gomigrate and of what its packs hold. With
    `proposed` the names of `gomigrate init` are taken. `error` is why no commit is known.
    """

    name: str
    source: str
    commit: str = ""
    pack: str = ""
    stage: str = ""
    names: dict[str, str] = field(default_factory=dict)
    proposed: bool = False
    rules: str = ""
    versions: str = ""
    error: str = ""


class Row(NamedTuple):
    """What came of one repository.

    `names` counts the finalizer names that have a new one, `checks` says what did not hold when the patch was tried,
    and `seconds` are those of planning and making the patch. An `error` is why there is nothing else; with a `fault` it
    is one that may be gone next time.
    """

    name: str
    source: str
    commit: str = ""
    date: str = ""
    web: str = ""
    pack: str = ""
    stage: str = ""
    names: int = 0
    files: int = 0
    exact: int = 0
    narrowed: int = 0
    assumed: int = 0
    left: int = 0
    reasons: tuple[tuple[str, int], ...] = ()
    checks: tuple[str, ...] = ()
    seconds: float = 0.0
    error: str = ""
    fault: str = ""

    @property
    def state(self) -> str:
        """What a person has to do: look why it failed, not use the patch, decide what is left, review, or nothing."""
        if self.error:
            return "failed"
        if self.checks:
            return "refused"
        if self.left:
            return "left"
        return "ready" if self.files else "clean"
