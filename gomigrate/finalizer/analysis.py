"""What is known of one checkout by now: names, helpers, sites, and what is decided on each.

Nothing is edited here. A site that may not be rewritten carries the reason; a reason that concerns a whole name or a
helper is carried over to everything that depends on it (`rounds.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING

from tree_sitter import Node

from gomigrate.catalogue import DIRECTIVE
from gomigrate.finalizer.calls import Call
from gomigrate.finalizer.decision import Decision, Going, Kept
from gomigrate.finalizer.effective_runtime import Runtime, effective_runtime
from gomigrate.finalizer.found import Found
from gomigrate.finalizer.helpers import Helper
from gomigrate.finalizer.names import NameUses
from gomigrate.finalizer.objects import type_of_free
from gomigrate.finalizer.places import Spot, spot
from gomigrate.finalizer.sites import Site, Unknown
from gomigrate.go.evaluator.values import Free
from gomigrate.go.references import Reference, References, Symbol
from gomigrate.go.syntax import SourceFile
from gomigrate.go.types import Type, Types
from gomigrate.go.workspace import Workspace
from gomigrate.model import NameProposal, Stage
from gomigrate.packs import Pack
from gomigrate.selection import Selection
from gomigrate.suppressions import Suppressions

if TYPE_CHECKING:
    from gomigrate.finalizer.fixtures import Fixture
    from gomigrate.index import Index

_EVERYTHING = Selection()


class Analysis:
    """All findings of one checkout, by its index; or, without one, of the files `focus` and what they use."""

    def __init__(
        self,
        workspace: Workspace,
        pack: Pack,
        stage: Stage = Stage.SWITCH,
        *,
        selection: Selection = _EVERYTHING,
        index: Index | None = None,
        focus: list[str] | None = None,
        tidy: bool = False,
        forced: Callable[[str], str] | None = None,
    ) -> None:
        self.workspace = workspace
        self.tidy = tidy
        self.pack = pack
        self.stage = stage
        self.selection = selection
        self.focus = focus
        self.index = index
        self._forced = cache(forced if forced is not None else pack.forced)
        self.suppressions = Suppressions()
        self.types = Types(workspace)
        self.references = References(self.types, index, focus)
        # Package, or None for all -> name of a method -> files that may declare an interface which wants it.
        self.wanting: dict[str | None, dict[str, list[str]]] = {}
        self.touched: list[tuple[SourceFile, Node, Node]] | None = None
        self.sites: dict[Spot, Site | Unknown] = {}
        # Path of a test file -> names in it that stand for any finalizer.
        self.fixtures: dict[str, list[Fixture]] = {}
        self.calls: dict[tuple[str, int], Call | None] = {}
        self._refs: dict[Symbol, list[Reference]] = {}
        self._callers: dict[Symbol, list[Reference]] = {}
        self._runtimes: dict[str, Runtime] = {}
        self.refused: dict[tuple[str, int], str] = {}
        self.blocked: dict[str, tuple[str, Reference | None]] = {}
        self.kept: dict[Symbol, Kept] = {}
        self.decisions: list[Decision] = []
        self.unknown: list[Unknown] = []
        self.gone: set[Symbol] = set()
        self.left_over: dict[Symbol, tuple[SourceFile, Node]] = {}
        self.gone_functions: list[tuple[SourceFile, Node]] = []
        self.gone_tests: list[tuple[SourceFile, Node]] = []
        read = workspace.checkout.read
        self.marked = index.marked if index is not None else [p for p in focus or [] if DIRECTIVE in (read(p) or b"")]
        self.files: list[SourceFile] = []
        # Files, tests aside, that have to do with finalizers and cannot be understood at all, with what they hold.
        self.unread: dict[str, bytes] = {}
        self.names: list[NameUses] = []
        self.found = Found()
        self.helpers: list[Helper] = []
        self.refused_names = dict(pack.refused)
        self._decided: tuple[list[Decision], dict[str, list[Decision]]] = ([], {})
        self._not_understood: tuple[list[Unknown], dict[str, list[Unknown]]] = ([], {})
        self._guarded: tuple[list[Unknown], dict[Spot, tuple[int, Unknown]]] = ([], {})
        self._going: tuple[object, ...] = ()
        # Old names that people write into manifests, and where: they are honoured for ever.
        self.public: Mapping[str, str] = {}

    @cached_property
    def proposals(self) -> tuple[NameProposal, ...]:
        """New names for those that were found and that the API server does not like; none where a pack has its own."""
        if not self.pack.finds_names:
            return ()
        from gomigrate.finalizer.proposal import propose

        return propose(self.types, self.references, self.found)

    def recognised(self) -> list[Site]:
        return [s for s in self.sites.values() if isinstance(s, Site)]

    def forced(self, path: str) -> str:
        """Why a file may delete by force, as the pack has it; "" where it does not say so."""
        return self._forced(path) if self.pack.may_be_forced(path) else ""

    def refs(self, symbol: Symbol) -> list[Reference]:
        if symbol not in self._refs:
            self._refs[symbol] = self.references.of(symbol)
        return self._refs[symbol]

    def callers(self, symbol: Symbol) -> list[Reference]:
        """As `refs`, those in test files left out: nothing then holds on to such a file."""
        found = self._refs.get(symbol)
        if found is not None:
            return [r for r in found if not r.file.is_test]
        if symbol not in self._callers:
            self._callers[symbol] = self.references.of(symbol, tests=False)
        return self._callers[symbol]

    def decisions_in(self, file: SourceFile) -> list[Decision]:
        """What is decided on the sites of one file."""
        if self._decided[0] is not self.decisions:
            by_file: dict[str, list[Decision]] = {}
            for decision in self.decisions:
                by_file.setdefault(decision.site.file.path, []).append(decision)
            self._decided = self.decisions, by_file
        return self._decided[1].get(file.path, [])

    def unknown_in(self, file: SourceFile) -> list[Unknown]:
        """The places of one file that are not understood."""
        if self._not_understood[0] is not self.unknown:
            by_file: dict[str, list[Unknown]] = {}
            for unknown in self.unknown:
                by_file.setdefault(unknown.file.path, []).append(unknown)
            self._not_understood = self.unknown, by_file
        return self._not_understood[1].get(file.path, [])

    def guarded_calls(self) -> dict[Spot, tuple[int, Unknown]]:
        """Where additions stand under a test of the finalizers that is none of the operations, numbered in order."""
        if self._guarded[0] is not self.unknown:
            found = ((spot(u.file, u.node), (i, u)) for i, u in enumerate(self.unknown) if u.guarded)
            self._guarded = self.unknown, dict(found)
        return self._guarded[1]

    def going(self) -> Going:
        """What goes as things are decided now."""
        now = self.decisions, self.gone_functions, self.gone_tests
        if not self._going or any(a is not b for a, b in zip(self._going, now, strict=False)):
            sites = (d.site for d in self.decisions if d.rewritten)
            self._going = *now, Going(sites, [*self.gone_functions, *self.gone_tests])
        going = self._going[-1]
        assert isinstance(going, Going)
        return going

    def type_of(self, free: Free) -> Type | None:
        return type_of_free(self.types, free)

    def runtime(self, folder: str) -> Runtime:
        module = self.workspace.module_of(folder)
        key = module.directory if module is not None else "-"
        if key not in self._runtimes:
            self._runtimes[key] = effective_runtime(self.types, module, self.tidy)
        return self._runtimes[key]

    def stays(self, file: SourceFile, declaration: Node) -> str:
        """Why a declaration may not go: by the configuration or by a comment. '' when it may."""
        return self.selection.left_out(file.path) or self.suppressions.keeps_whole(file, declaration)
