"""What is to become of each site, and of each helper that stays: plain values."""

from collections.abc import Iterable
from typing import NamedTuple

from tree_sitter import Node

from gomigrate.finalizer.helpers import Helper
from gomigrate.finalizer.names import NameUses
from gomigrate.finalizer.objects import Verdict
from gomigrate.finalizer.runtime_versions import Calls, needs_sets
from gomigrate.finalizer.sites import Site
from gomigrate.finalizer.wording import Wording
from gomigrate.go.nodes import FUNCTIONS, ancestors
from gomigrate.go.references import Reference
from gomigrate.go.syntax import SourceFile
from gomigrate.go.types import Type
from gomigrate.model import Operation, Requirement


class Decision(NamedTuple):
    """What is to become of one site. `left` is the reason when it is left to a person."""

    site: Site
    uses: NameUses | None = None
    others: tuple[Wording, ...] = ()
    object: str = ""
    address: bool = False
    verdict: Verdict = Verdict("unknown", "")
    type: Type | None = None
    calls: Calls | None = None
    left: str = ""
    next_step: str = ""
    requirement: Requirement | None = None
    intended: bool = False
    already: bool = False

    @property
    def rewritten(self) -> bool:
        return not self.left and not self.already

    @property
    def other_name(self) -> str:
        """The finalizers' names that are none of those that change, as they are written in the code."""
        return ", ".join(o.shown for o in self.others)

    @property
    def by_sets(self) -> bool:
        """Whether it is to be written with apimachinery's sets, as the controller-runtime in use has no fit call."""
        return self.calls is not None and needs_sets(self.site.meaning.operation, self.verdict.level, self.calls)

    @property
    def asks_before(self) -> bool:
        """Whether it is a change whose result is wanted, while the calls of the controller-runtime in use give none."""
        wanted = self.site.meaning.result in ("changed", "unchanged") and self.site.key is None
        return wanted and self.calls is not None and not self.calls.result

    @property
    def removed_by_sets(self) -> bool:
        return self.by_sets and self.site.meaning.operation in (Operation.REMOVE, Operation.CLEAR)


class Kept(NamedTuple):
    """A helper that stays, with the first use that keeps it and why."""

    helper: Helper
    reference: Reference | None
    reason: str


class Going:
    """What goes: sites that are rewritten, and declarations. Looked up by file, for there may be thousands."""

    def __init__(self, sites: Iterable[Site], declarations: Iterable[tuple[SourceFile, Node]]) -> None:
        self._spans: dict[str, list[tuple[int, int]]] = {}
        for site in sites:
            self._spans.setdefault(site.file.path, []).extend(site.spans)
        for file, node in declarations:
            self._spans.setdefault(file.path, []).append((node.start_byte, node.end_byte))

    def holds(self, file: SourceFile, node: Node) -> bool:
        spans = self._spans.get(file.path, ())
        return any(start <= node.start_byte and node.end_byte <= end for start, end in spans)


def function_around(node: Node) -> Node | None:
    return next((a for a in ancestors(node) if a.type in FUNCTIONS), None)


def is_inside_node(inner: Node, outer: Node) -> bool:
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte


def overlaps(a: Node, b: Node) -> bool:
    return a.start_byte <= b.end_byte and b.start_byte <= a.end_byte
