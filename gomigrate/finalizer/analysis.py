"""What the checkout holds: names, helpers and sites, and for each site whether it may be rewritten.

Nothing is edited here. A site that may not be rewritten carries the reason; a reason that concerns a whole name or a
helper is carried over to everything that depends on it, so the analysis is repeated until nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import NamedTuple

from tree_sitter import Node, Query, QueryCursor, QueryError

from gomigrate.catalogue import (
    DIRECTIVE,
    HAND_WRITTEN_CALL,
    INLINE_FINALIZER_CODE,
    UNQUALIFIED_NAME,
    Rule,
)
from gomigrate.errors import UserError
from gomigrate.finalizer.adders import Use, added_by
from gomigrate.finalizer.calls import Call, find_call
from gomigrate.finalizer.effective_runtime import MODULE, Obstacle, Runtime, effective_runtime
from gomigrate.finalizer.exported import MAY_BE_CALLED, is_offered
from gomigrate.finalizer.found import Found, group
from gomigrate.finalizer.helpers import Helper, find_helpers, only_about
from gomigrate.finalizer.names import NameUses, find_names
from gomigrate.finalizer.objectmodel import CONTROLLERUTIL
from gomigrate.finalizer.objects import Verdict, judge, type_of_free
from gomigrate.finalizer.operations import Meaning
from gomigrate.finalizer.runtime_versions import Calls, needs_sets
from gomigrate.finalizer.sites import WRITES, Site, Unknown, find_site
from gomigrate.finalizer.wording import Wording, name_at, text_at
from gomigrate.go.evaluator.kinds import SETS
from gomigrate.go.evaluator.values import Free
from gomigrate.go.references import Reference, References, Symbol
from gomigrate.go.syntax import FUNCTIONS, GO, SourceFile, ancestors, descend, is_generated, statements
from gomigrate.go.types import Pointer, Type, Types
from gomigrate.go.workspace import Workspace
from gomigrate.index import Index
from gomigrate.model import Exported, NameProposal, Operation, Requirement, Stage
from gomigrate.packs import Pack
from gomigrate.selection import Selection
from gomigrate.suppressions import Suppressions

NEEDLES = (b"Finalizers", b"AddFinalizer", b"RemoveFinalizer", b"ContainsFinalizer")
KEYLESS = frozenset({Operation.HAS_ANY, Operation.CLEAR, Operation.IS_DELETING, Operation.SAME_COUNT})
_ASSERTIONS = frozenset(
    ("github.com/onsi/gomega", "github.com/stretchr/testify/assert", "github.com/stretchr/testify/require")
)
_HARMLESS_PACKAGES = (
    "log", "log/slog", "fmt", "errors", "k8s.io/klog", "github.com/go-logr/logr", "github.com/sirupsen/logrus",
    "go.uber.org/zap", "github.com/pkg/errors", "sigs.k8s.io/controller-runtime/pkg/log",
)  # fmt: skip


_EVERYTHING = Selection()


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
        return ", ".join(o.text or o.name for o in self.others)

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
    ) -> None:
        self.workspace = workspace
        self.tidy = tidy
        self.pack = pack
        self.stage = stage
        self.selection = selection
        self.focus = focus
        self.suppressions = Suppressions()
        self.types = Types(workspace)
        self.references = References(self.types, index, focus)
        self._query = candidates(pack)
        self._sites: dict[tuple[str, int, int], Site | Unknown] = {}
        self._calls: dict[tuple[str, int], Call | None] = {}
        self._refs: dict[Symbol, list[Reference]] = {}
        self._runtimes: dict[str, Runtime] = {}
        self.refused: dict[tuple[str, int], str] = {}
        self.blocked: dict[str, tuple[str, Reference | None]] = {}
        self.kept: dict[Symbol, Kept] = {}
        self.decisions: list[Decision] = []
        self.unknown: list[Unknown] = []
        self.gone: set[Symbol] = set()
        self._left_over: dict[Symbol, tuple[SourceFile, Node]] = {}
        self.gone_functions: list[tuple[SourceFile, Node]] = []
        self.gone_tests: list[tuple[SourceFile, Node]] = []
        paths = index.holding if index is not None else focus or []
        self.marked = [p for p in paths if DIRECTIVE in (workspace.checkout.read(p) or b"")]
        self.files = self._hot_files(paths)
        self.names: list[NameUses] = []
        self.found = Found()
        files = self._helper_files(focus)
        self.helpers = find_helpers(self.types, files)
        if pack.finds_names:
            from gomigrate.finalizer.flows import find_flows

            self._decide()
            self.found = group(find_flows(self.types, self.references, self.files, self._recognised()))
        names = find_names(pack.finalizers, *self._named(index, files))
        self.refused_names = dict(pack.refused)
        if pack.finds_names:
            from gomigrate.finalizer.refusals import refusals

            self.refused_names |= refusals(self.references, self.found, names)
        self.names = [u for u in names if u.rule.old not in self.refused_names]
        # Most helpers go, and their tests with them: then there is nothing to look at in these tests.
        self.gone_tests = self._tests_of({h.symbol for h in self.helpers})

    # -- finding ---------------------------------------------------------------------------------------------

    def _hot_files(self, paths: Iterable[str]) -> list[SourceFile]:
        """Files to look into. Of a test only the names count; what else of it matters is found by references."""
        names = [n.encode() for f in self.pack.finalizers for n in (f.old, f.new)]
        files = []
        for path in paths:
            data = self.workspace.checkout.read(path) or b""
            wanted = names if path.endswith("_test.go") else (*NEEDLES, *names)
            if any(n in data for n in wanted) and not is_generated(data) and not self._is_runtime(path):
                files.append(self.workspace.file(path))
        return [f for f in files if f is not None]

    def _is_runtime(self, path: str) -> bool:
        """Whether a file belongs to a copy of controller-runtime: its AddFinalizer is not hand-written code."""
        module = self.workspace.module_of(path.rpartition("/")[0])
        return module is not None and module.path == MODULE

    def _helper_files(self, focus: list[str] | None) -> list[SourceFile]:
        """The files to look into; with a focus also those of the packages that it lies in or imports."""
        if focus is None:
            return self.files
        near = [p for p in self._around(focus) if p not in focus]
        read, needles = self.workspace.checkout.read, self.pack.needles
        found = self._hot_files(p for p in near if any(n in (read(p) or b"") for n in needles))
        return sorted([*self.files, *found], key=lambda f: f.path)

    def _named(self, index: Index | None, files: list[SourceFile]) -> tuple[list[SourceFile], References]:
        """Where names are looked for: what a place is about may be told by the rest of its package."""
        if self.focus is None:
            return self.files, self.references
        folders = dict.fromkeys(p.rpartition("/")[0] for p in self.focus)
        package = [p for f in folders for p in self.workspace.checkout.go_files_in(f) if not p.endswith("_test.go")]
        return files, References(self.types, index, list(dict.fromkeys([*self.focus, *package])))

    def _around(self, focus: list[str]) -> list[str]:
        """The files, tests aside, of the packages that the focus lies in or imports."""
        folders: dict[str, None] = {}
        for path in focus:
            folders[path.rpartition("/")[0]] = None
            file = self.workspace.file(path)
            for found in file.imports if file is not None else ():
                folder = self.workspace.folder_of(found.path, path.rpartition("/")[0])
                if folder is not None:
                    folders[folder] = None
        paths = (p for folder in folders for p in self.workspace.checkout.go_files_in(folder))
        return [p for p in paths if not p.endswith("_test.go")]

    def look(self) -> None:
        """Decides every site by itself: enough to report what there is."""
        self._decide()

    def run(self) -> None:
        """Decides every site; repeated while a blocked name or a kept helper changes what others may do."""
        for _ in range(8):
            before = (len(self.blocked), len(self.kept), len(self.gone_tests), len(self.gone_functions))
            self._decide()
            self._delete()
            if len(self.kept) > before[1]:
                # What a helper that stays does is looked at before it can speak against a name.
                continue
            self._block_names()
            after = (len(self.blocked), len(self.kept), len(self.gone_tests), len(self.gone_functions))
            if after == before:
                return

    @cached_property
    def proposals(self) -> tuple[NameProposal, ...]:
        """New names for those that were found and that the API server does not like; none where a pack has its own."""
        if not self.pack.finds_names:
            return ()
        from gomigrate.finalizer.proposal import propose

        return propose(self.types, self.found)

    def _recognised(self) -> list[Site]:
        return [s for s in self._sites.values() if isinstance(s, Site)]

    def refs(self, symbol: Symbol) -> list[Reference]:
        if symbol not in self._refs:
            self._refs[symbol] = self.references.of(symbol)
        return self._refs[symbol]

    def _accesses(self) -> list[tuple[SourceFile, Node, bool]]:
        """(file, node, writes) of every place to look at, in the order of the files."""
        helper_spans = {(h.file.path, h.node.start_byte): h for h in self.helpers if h.symbol not in self.kept}
        found: list[tuple[SourceFile, Node, bool]] = []
        for file in self.files:
            if file.is_generated or file.is_test:
                continue
            for node in QueryCursor(self._query).captures(file.root).get("access", []):
                function = self._function_around(node)
                if function is None or (file.path, function.start_byte) in helper_spans:
                    continue
                if self._is_own_function(file, node):
                    continue
                found.append((file, node, True))
        for helper in self.helpers:
            writes = helper.meaning.operation in WRITES
            for reference in self.refs(helper.symbol):
                call = reference.call
                function = self._function_around(reference.node)
                if call is None or not reference.sure or function is None or reference.file.is_generated:
                    continue
                if (reference.file.path, function.start_byte) not in helper_spans:
                    found.append((reference.file, call, writes))
        return found

    def _is_own_function(self, file: SourceFile, node: Node) -> bool:
        """A call named AddFinalizer and the like that is not controllerutil's: helpers are found by reference."""
        if node.type != "call_expression":
            return False
        function = node.child_by_field_name("function")
        field_node = function.child_by_field_name("field") if function is not None else None
        if field_node is None or file.text(field_node) in ("GetFinalizers", "SetFinalizers"):
            return False
        operand = function.child_by_field_name("operand")  # type: ignore[union-attr]
        return operand is None or self.types.package_of(file, operand) != CONTROLLERUTIL

    @staticmethod
    def _function_around(node: Node) -> Node | None:
        return next((a for a in ancestors(node) if a.type in FUNCTIONS), None)

    # -- deciding --------------------------------------------------------------------------------------------

    def _decide(self) -> None:
        sites: list[Site] = []
        unknown: list[Unknown] = []
        sites += [*self._wrapped(), *self._bodies()]
        accesses = self._accesses()
        gone = {(f.path, n.start_byte) for f, n in (*self.gone_tests, *self.gone_functions)}
        for file, node, _ in sorted(accesses, key=lambda a: not self._writes(*a)):
            function = self._function_around(node)
            if function is not None and (file.path, function.start_byte) in gone:
                continue
            if any(s.file is file and s.covers(node) for s in sites):
                continue
            key = (file.path, node.start_byte, node.end_byte)
            if key not in self._sites:
                self._sites[key] = find_site(self.types, file, node)
            site = self._sites[key]
            if isinstance(site, Unknown):
                unknown.append(site)
                continue
            sites = [s for s in sites if not (s.file is file and _inside(s, site))]
            sites.append(site)
        self.unknown = [u for u in unknown if not any(s.file is u.file and s.covers(u.node) for s in sites)]
        sites.sort(key=lambda s: (s.file.path, s.start))
        self.decisions = [self._selected(self._decision(s)) for s in sites]

    def _wrapped(self) -> Iterator[Site]:
        """Calls of functions that do with the name that they are given what one of controllerutil does. They stay,
        and are called for each name."""
        helpers = {(h.symbol.folder, h.symbol.receiver, h.symbol.name) for h in self.helpers}
        for uses in self.names:
            references = () if uses.migrated else (*uses.old_references, *uses.old_literals)
            for reference in references:
                if is_test_code(reference.file) or reference.file.is_generated:
                    continue
                key = (reference.file.path, reference.node.start_byte)
                if key not in self._calls:
                    self._calls[key] = find_call(self.types, uses, reference, new=False)
                call = self._calls[key]
                if call is not None and call.is_wrapped and not call.idle and not helpers & set(call.meaning.functions):
                    yield Site(call.file, (call.node,), call.meaning._replace(functions={}), key=call.key)

    def _bodies(self) -> Iterator[Site]:
        """All that a helper does which stays: one call will do it. What comments stand in it is looked at in parts."""
        for kept in self.kept.values():
            helper = kept.helper
            body = helper.node.child_by_field_name("body")
            nodes = tuple(statements(body)) if body is not None else ()
            whole = helper.meaning.operation not in (Operation.IS_DELETING, Operation.SAME_COUNT)
            if whole and nodes and not helper.file.is_test and not descend(helper.node, "comment"):
                yield Site(helper.file, nodes, helper.meaning, whole=True)

    def _selected(self, decision: Decision) -> Decision:
        """The decision, unless the configuration leaves the file out or a comment keeps the place: then nothing there
        changes."""
        if decision.already:
            return decision
        reason = self.selection.left_out(decision.site.file.path)
        if reason:
            return decision._replace(left=reason, next_step="")
        reason = self._kept_by_comment(decision.site)
        if reason:
            return decision._replace(left=reason, next_step="")
        reason = self._narrows_for_left_out(decision.site) or self._guards_kept(decision.site)
        next_step = "migrate that use by hand, then run again"
        return decision._replace(left=reason, next_step=next_step) if reason and not decision.left else decision

    def _narrows_for_left_out(self, site: Site) -> str:
        """Why the body of a helper may not narrow to one name: a file that is left out uses it, for whatever name."""
        function = self._function_around(site.nodes[0])
        if function is None or site.meaning.operation not in (Operation.HAS_ANY, Operation.CLEAR):
            return ""
        symbol = Symbol(site.file.directory, site.file.receiver_type(function), site.file.name_of(function))
        if symbol not in self.kept:
            return ""
        for reference in self.refs(symbol):
            left_out = self._left_alone(HAND_WRITTEN_CALL, reference)
            if left_out:
                line = reference.file.position(reference.node.start_byte)[0]
                return f"{reference.file.path}:{line} uses this helper, and {left_out}"
        return ""

    def _guards_kept(self, site: Site) -> str:
        """Why a test for any finalizer may not narrow: a comment keeps a place in its function that may hang on it."""
        function = self._function_around(site.nodes[0])
        if function is None or site.meaning.operation is not Operation.HAS_ANY or not self.suppressions.of(site.file):
            return ""
        for other in self._recognised():
            kept = other.file is site.file and _inside_node(other.nodes[0], function) and self._kept_by_comment(other)
            if kept:
                return f"what stands under this test must stay: {kept}"
        return ""

    def _kept_by_comment(self, site: Site) -> str:
        return self.suppressions.keeps(INLINE_FINALIZER_CODE, site.file, *site.nodes, *site.dead)

    def _left_alone(self, rule: Rule, reference: Reference) -> str:
        """Why a use is not edited, whatever it means: by the configuration or by a comment. '' when it may be."""
        file, node = reference.file, reference.node
        sites = self._recognised() if self.suppressions.of(file) else []
        around = (s for s in sites if s.file is file and s.covers(node))
        reason = self.selection.left_out(file.path) or self.suppressions.keeps(rule, file, node)
        return reason or next(filter(None, map(self._kept_by_comment, around)), "")

    @staticmethod
    def _writes(file: SourceFile, node: Node, writes: bool) -> bool:
        return writes and not (node.type == "call_expression" and file.text(node).endswith("GetFinalizers()"))

    def _decision(self, site: Site) -> Decision:
        meaning = site.meaning
        decision = Decision(site)
        if meaning.operation is Operation.SAME_COUNT:
            return decision._replace(
                left="compares how many finalizers two objects have, which controllerutil has no call for",
                next_step="decide what the comparison is for; often it can go",
            )
        forced = self.pack.forced(site.file.path) if meaning.operation is Operation.CLEAR else None
        if forced is not None:
            object_text = text_at(site.file, site.nodes, meaning.objects[0])
            return decision._replace(object=object_text, left=forced.why, intended=True)
        free = meaning.objects[0]
        object_text = text_at(site.file, site.nodes, free)
        kind = self.type_of(free)
        verdict = judge(self.types, kind)
        calls = self.runtime(site.file.directory).calls
        decision = Decision(site, object=object_text, address=verdict.address, verdict=verdict, type=kind, calls=calls)
        decision = self._with_name(decision)
        if decision.already:
            return decision
        uses = decision.uses
        if self._is_already(decision) and (uses is None or uses.migrated or not self._old(uses)):
            return decision._replace(already=True, left="")
        if site.file.is_test and self._is_test_of_kept(site):
            return decision._replace(already=True, left="")
        if decision.left:
            return decision
        obstacle = self._obstacle(decision)
        if obstacle is None:
            return decision
        return decision._replace(left=obstacle.reason, next_step=obstacle.next_step, requirement=obstacle.requirement)

    def _is_test_of_kept(self, site: Site) -> bool:
        """Whether a place in a test uses a helper that stays. One that stays for others' sake alone is only used by
        the tests of its own package."""
        return any(
            (s.folder, s.receiver, s.name) in site.meaning.functions
            and (kept.reason != MAY_BE_CALLED or s.folder == site.file.directory)
            for s, kept in self.kept.items()
        )

    def _obstacle(self, decision: Decision) -> Obstacle | None:
        """Why a site may not be rewritten; None when it may."""
        site, meaning = decision.site, decision.site.meaning
        if not decision.object:
            return Obstacle("the object has no name at this place", "give it to a variable first")
        takes_meta = decision.calls is not None and decision.calls.takes_meta
        any_meta = takes_meta or meaning.operation is Operation.IS_DELETING
        if decision.verdict.level not in (("object", "meta") if any_meta else ("object",)):
            return Obstacle(
                f"{decision.object} is not known to be a client.Object: {decision.verdict.text}",
                "declare it with its API type or as client.Object, then run again",
            )
        refused = [d for d in meaning.difference_names if d not in self.pack.accept]
        if refused:
            return Obstacle(
                f"differs from controllerutil ({', '.join(refused)}), and the pack does not accept that",
                "decide whether the difference matters, then change it by hand or add it to the pack's [accept]",
            )
        if (site.file.path, site.start) in self.refused:
            return Obstacle(self.refused[(site.file.path, site.start)], "change it by hand")
        if meaning.operation is Operation.HAS_ANY and self._read_again(site):
            return Obstacle("the list is read again under this condition", "ask for what is really wanted there")
        if meaning.operation is Operation.IS_DELETING:
            return None if self._is_helper_call(site) else Obstacle("reads the deletion timestamp directly", "")
        if meaning.result not in ("none", "value", "changed", "unchanged"):
            return Obstacle(f"gives its result back as {meaning.result}", "change it by hand")
        obstacle = self._runtime_obstacle(decision)
        if obstacle is not None:
            return obstacle
        if decision.uses is not None and decision.uses.rule.old in self.blocked:
            return Obstacle(self.blocked[decision.uses.rule.old][0], "make that use clear first, then run again")
        return None

    def _runtime_obstacle(self, decision: Decision) -> Obstacle | None:
        """Why what is needed cannot be called with the controller-runtime in use; None when it can."""
        calls = decision.calls
        if decision.site.key is not None:
            return None
        runtime = self.runtime(decision.site.file.directory)
        if calls is None:
            return runtime.obstacle
        asks = decision.asks_before and needs_sets(Operation.CONTAINS, decision.verdict.level, calls)
        if (asks or decision.by_sets) and runtime.sets is not None:
            return runtime.sets
        if decision.removed_by_sets and not {"sorted", "dedup"} <= self.pack.accept.keys():
            return Obstacle(
                f"RemoveFinalizer of controller-runtime {runtime.version} panics when a name is there twice, and the "
                "pack does not accept that others come out sorted",
                "require controller-runtime 0.5.3 or later, then run again",
            )
        return None

    def _read_again(self, site: Site) -> bool:
        """Whether the code under a condition reads the list in a way that is not understood."""
        outer = next((a for a in ancestors(site.nodes[0]) if a.type == "if_statement"), None)
        return outer is not None and any(
            u.file is site.file and not u.writes and _inside_node(u.node, outer) for u in self.unknown
        )

    def _with_name(self, decision: Decision) -> Decision:
        """The finalizer name that a site is about: by its keys, or for a site without keys by its surroundings."""
        site, meaning = decision.site, decision.site.meaning
        if meaning.operation in (Operation.IS_DELETING, Operation.SAME_COUNT):
            return decision
        if meaning.operation in KEYLESS and self.pack.finds_names:
            if site.file.directory not in self.found.folders:
                # Other people's finalizers, in a package that has none of its own, are nobody's business here.
                return decision._replace(already=True)
            return decision._replace(
                left="it is about every finalizer of the object, not only about this controller's",
                next_step="say by name which finalizer is meant, if it is one",
            )
        if meaning.operation in KEYLESS:
            uses = self._name_nearby(site, decision.type)
            if uses is None:
                return decision._replace(
                    left="it is not clear which finalizer is meant: none of the pack's names is used nearby",
                    next_step="name the finalizer at this place",
                )
            return decision._replace(uses=uses)
        known = [(k, self._rule_of(k)) for k in meaning.keys]
        rules = {u.rule.old for _, u in known if u is not None}
        local = next((k for k, u in known if u is not None and k.local is not None), None)
        if local is not None:
            return decision._replace(
                left=f"the name is held by the local variable {_shown_name(local)}",
                next_step="make it a constant of the package, then run again",
            )
        if len(rules) == 1 and all(u is not None for _, u in known):
            return decision._replace(uses=known[0][1])
        if not rules and not self._depends_on_name(meaning):
            others = [name_at(self.types, site.file, site.nodes, k) for k in meaning.keys]
            if None not in others:
                return decision._replace(others=tuple(o for o in others if o is not None))
        if rules and all(k.constant is not None for k in meaning.keys):
            return decision._replace(left="it is about two finalizers at once", next_step="ask for each by itself")
        if all(k.constant is not None for k in meaning.keys):
            return decision._replace(
                left=f"the constant that holds {_shown(meaning.keys[0])!r} cannot be named at this place",
                next_step="change it by hand",
            )
        return decision._replace(
            left=f"the name is {', '.join(repr(_shown(k)) for k in meaning.keys)}, whose value is not known here",
            next_step="name the finalizer by a constant at this place",
        )

    def _depends_on_name(self, meaning: Meaning) -> bool:
        """Whether what is done changes in a way that only those who know the name can take."""
        overwrites = "overwrites" in meaning.difference_names and "overwrites" in self.pack.accept
        known = all(k.constant is not None for k in meaning.keys)
        return not known and (overwrites or meaning.operation is Operation.SET_IF_EMPTY)

    def _rule_of(self, key: Free) -> NameUses | None:
        return next((u for u in self.names if key.constant in (u.rule.old, u.rule.new)), None)

    def _name_nearby(self, site: Site, kind: Type | None) -> NameUses | None:
        """The one name used in the same file, else in the same package, else the one that objects of this type get."""
        same_file = [u for u in self.names if any(f is site.file for f in self.places(u))]
        folder = site.file.directory
        same_package = [u for u in self.names if any(f.directory == folder and not f.is_test for f in self.places(u))]
        for found in (same_file, same_package):
            if len(found) == 1:
                return found[0]
            if found:
                return None
        if not isinstance(kind, Pointer):
            return None
        carried = set()
        for other in self._sites.values():
            adds = isinstance(other, Site) and other.meaning.operation in (Operation.ADD, Operation.SET_IF_EMPTY)
            if isinstance(other, Site) and adds and self.type_of(other.meaning.objects[0]) == kind:
                carried |= {u.rule.old for k in other.meaning.keys if (u := self._rule_of(k)) is not None}
        return next((u for u in self.names if {u.rule.old} == carried), None)

    @staticmethod
    def places(uses: NameUses) -> list[SourceFile]:
        """The files that hold a name or use a constant that does, once for each use."""
        references = (*uses.old_literals, *uses.new_literals, *uses.old_references, *uses.new_references)
        return [*(d.file for d in (*uses.old, *uses.new)), *(r.file for r in references)]

    def type_of(self, free: Free) -> Type | None:
        return type_of_free(self.types, free)

    def runtime(self, folder: str) -> Runtime:
        module = self.workspace.module_of(folder)
        key = module.directory if module is not None else "-"
        if key not in self._runtimes:
            self._runtimes[key] = effective_runtime(self.types, module, self.tidy)
        return self._runtimes[key]

    @staticmethod
    def _old(uses: NameUses) -> bool:
        return bool(uses.old or uses.old_literals)

    def _is_already(self, decision: Decision) -> bool:
        """Whether the unit is written with controllerutil only, or with the sets that stand in for it."""
        site = decision.site
        if site.meaning.functions:
            return False
        called = 0
        for node in site.nodes:
            for call in descend(node, "call_expression", "selector_expression"):
                if call.type == "selector_expression":
                    named_field = call.child_by_field_name("field")
                    name = site.file.text(named_field) if named_field is not None else ""
                    if name in ("Finalizers", "SetFinalizers") and not decision.by_sets:
                        return False
                    continue
                function = call.child_by_field_name("function")
                operand = function.child_by_field_name("operand") if function is not None else None
                package = self.types.package_of(site.file, operand) if operand is not None else None
                called += package == CONTROLLERUTIL or (decision.by_sets and package == SETS)
        return called > 0

    def is_controllerutil(self, unknown: Unknown) -> bool:
        """Whether a place that is not understood is a call of controllerutil: nothing there is hand-written."""
        function = unknown.node.child_by_field_name("function")
        operand = function.child_by_field_name("operand") if function is not None else None
        return operand is not None and self.types.package_of(unknown.file, operand) == CONTROLLERUTIL

    def _is_helper_call(self, site: Site) -> bool:
        return bool(site.meaning.functions)

    # -- deleting --------------------------------------------------------------------------------------------

    def _delete(self) -> None:
        """Helpers and functions that nothing uses any more once the sites are rewritten, and the tests of these.

        A helper that nothing used before goes only with its family: when migrated code used another helper of its file.
        Else it is somebody's interface, and stays.
        """
        rewritten = [d.site for d in self.decisions if d.rewritten]
        helpers = {h.symbol: h for h in self.helpers}
        functions: dict[Symbol, tuple[SourceFile, Node]] = {h.symbol: (h.file, h.node) for h in self.helpers}
        for site in rewritten:
            for (folder, receiver, name), declared in site.meaning.functions.items():
                functions.setdefault(Symbol(folder, receiver, name), declared)
        functions = {
            s: f for s, f in functions.items() if s not in self.kept and not f[0].is_generated and not self._stays(*f)
        }
        used = {f for site in rewritten for f in site.meaning.functions}
        families = {functions[s][0].path for s in functions if (s.folder, s.receiver, s.name) in used}
        gone = {
            s
            for s in functions
            if (s.folder, s.receiver, s.name) in used or (s in helpers and functions[s][0].path in families)
        }
        reasons: dict[Symbol, tuple[Reference | None, str]] = {}
        if self.pack.exported is Exported.DEPRECATE:
            reasons |= {s: (None, MAY_BE_CALLED) for s in gone if is_offered(self.workspace, functions[s][0], s)}
        gone -= reasons.keys()
        while True:
            tests = self._tests_of(gone)
            spans = [(functions[s][0].path, functions[s][1]) for s in gone] + [(f.path, n) for f, n in tests]
            staying = set()
            for symbol in gone:
                blind = self.references.blind.get(symbol)
                if blind is not None:
                    staying.add(symbol)
                    reasons[symbol] = (None, f"{blind} could not be read and may use it")
                    continue
                for reference in self.refs(symbol):
                    if self.is_gone(reference, rewritten, spans):
                        continue
                    staying.add(symbol)
                    reasons[symbol] = (reference, self._why_kept(reference))
                    break
                else:
                    if symbol.receiver and self._in_interface(symbol):
                        staying.add(symbol)
                        reasons[symbol] = (None, "an interface of the checkout wants a method of this name")
            if not staying:
                break
            gone -= staying
        staying_helpers = {s: h for s, h in helpers.items() if s not in gone and s not in self.kept}
        offered = {s for s, (_, why) in reasons.items() if why == MAY_BE_CALLED}
        last_uses = {s: self._last_use(s, rewritten, spans, s in offered) for s in (*staying_helpers, *reasons)}
        # What only other helpers use that stay is looked at once these are migrated where they stand.
        inner = {s for s, use in last_uses.items() if use is not None and self._is_in(use, s, staying_helpers)}
        for symbol, helper in staying_helpers.items():
            if symbol in inner and not inner >= staying_helpers.keys():
                continue
            remaining = last_uses[symbol]
            left_out = self._stays(helper.file, helper.node)
            unused = left_out or "nothing in this checkout uses it; other code may"
            why = self._why_kept(remaining) if remaining is not None else unused
            speaking, reason = reasons.get(symbol, (None, ""))
            spoken = reason and (speaking is not None or remaining is None)
            self.kept[symbol] = Kept(helper, speaking, reason) if spoken else Kept(helper, remaining, why)
        self._left_over |= {s: functions[s] for s in offered if (s.folder, s.receiver, s.name) in used}
        self.gone = gone
        self.gone_functions = [functions[s] for s in sorted(gone, key=str)]
        self.gone_tests = self._tests_of(gone)

    def _last_use(
        self, symbol: Symbol, rewritten: list[Site], spans: list[tuple[str, Node]], offered: bool
    ) -> Reference | None:
        """A use of a function that stays; of one that is offered to others, its own tests do not count."""
        left = (r for r in self.refs(symbol) if not self.is_gone(r, rewritten, spans))
        return next((r for r in left if not (offered and r.file.is_test and r.file.directory == symbol.folder)), None)

    @property
    def offered(self) -> dict[Symbol, tuple[SourceFile, Node]]:
        """Functions that would go, but that code outside of the checkout may call."""
        rewritten = [d.site for d in self.decisions if d.rewritten]
        spans = [(f.path, n) for f, n in (*self.gone_functions, *self.gone_tests)]
        return {s: f for s, f in self._left_over.items() if self._last_use(s, rewritten, spans, offered=True) is None}

    def is_thin(self, helper: Helper) -> bool:
        """Whether all that a helper does is, or will be, done by a call of controllerutil."""
        if helper.meaning.operation is Operation.IS_DELETING:
            return True
        found = [d for d in self.decisions if d.site.whole and d.site.file is helper.file]
        done = [d for d in found if d.rewritten or (d.already and (d.others or d.uses is not None))]
        return any(_inside_node(d.site.nodes[0], helper.node) for d in done)

    @staticmethod
    def _is_in(reference: Reference, symbol: Symbol, helpers: Mapping[Symbol, Helper]) -> bool:
        """Whether a use of one helper stands in another one of these."""
        return any(
            other != symbol and helper.file is reference.file and _inside_node(reference.node, helper.node)
            for other, helper in helpers.items()
        )

    @staticmethod
    def is_gone(reference: Reference, rewritten: list[Site], spans: list[tuple[str, Node]]) -> bool:
        """Whether a reference is part of a rewritten site, or of one of these declarations that go."""
        node = reference.node
        if any(s.file is reference.file and s.covers(node) for s in rewritten):
            return True
        return any(
            path == reference.file.path and n.start_byte <= node.start_byte and node.end_byte <= n.end_byte
            for path, n in spans
        )

    def _why_kept(self, reference: Reference) -> str:
        line = reference.file.position(reference.node.start_byte)[0]
        where = f"{reference.file.path}:{line}"
        if not reference.sure:
            return f"{where} may use it (its package or type cannot be told there)"
        if reference.call is None:
            return f"{where} uses it as a value"
        decision = next(
            (d for d in self.decisions if d.site.file is reference.file and d.site.covers(reference.node)), None
        )
        if decision is not None and decision.left:
            return f"its use at {where} is left: {decision.left}"
        found = next((u for u in self.unknown if u.file is reference.file and _overlaps(u.node, reference.node)), None)
        return f"its use at {where} is left: {found.reason}" if found else f"{where} still uses it"

    def _tests_of(self, gone: set[Symbol]) -> list[tuple[SourceFile, Node]]:
        """Test functions that are about nothing but functions in `gone`, and what only these tests use."""
        candidates: dict[str, SourceFile] = {}
        for symbol in gone:
            for reference in self.refs(symbol):
                file = reference.file
                if file.is_test and not file.is_generated and not self.selection.left_out(file.path):
                    candidates[file.path] = file
        found = []
        for file in candidates.values():
            tests = [
                n
                for n in file.functions
                if file.name_of(n).startswith(("Test", "Benchmark", "Fuzz", "Example"))
                and only_about(self.types, file, n, gone)
                and not self._stays(file, n)
            ]
            found += [(file, n) for n in tests]
            if tests:
                found += self._only_used_by(file, tests)
        return found

    def _stays(self, file: SourceFile, declaration: Node) -> str:
        """Why a declaration may not go: by the configuration or by a comment. '' when it may."""
        return self.selection.left_out(file.path) or self.suppressions.keeps_whole(file, declaration)

    def _only_used_by(self, file: SourceFile, tests: list[Node]) -> list[tuple[SourceFile, Node]]:
        spans = [(file.path, n) for n in tests]
        found: list[tuple[SourceFile, Node]] = []
        package = self.workspace.checkout.go_files_in(file.directory)
        references = self.references if self.focus is None else References(self.types, None, package)
        for node in file.functions:
            name = file.name_of(node)
            if node.type != "function_declaration" or node in tests or name[:1].isupper() or name in ("init", "main"):
                continue
            uses = references.of(Symbol(file.directory, "", name))
            gone = uses and all(self.is_gone(r, [], [*spans, (file.path, node)]) for r in uses)
            if gone and not self._stays(file, node):
                found.append((file, node))
        return found

    def _in_interface(self, symbol: Symbol) -> bool:
        for path, _ in self.workspace.checkout.holding([f"\t{symbol.name}(".encode()]):
            file = self.workspace.file(path)
            if file is not None and any(file.name_of(m) == symbol.name for m in descend(file.root, "method_elem")):
                return True
        return False

    # -- names that may not change ---------------------------------------------------------------------------

    def _block_names(self) -> None:
        """A name whose value would change while a use of it is not understood may not change at all."""
        for uses in self.names:
            if uses.migrated or uses.rule.old in self.blocked:
                continue
            for reference in (*uses.old_references, *uses.old_literals):
                reason = self._unclear(reference)
                if reason:
                    self.blocked[uses.rule.old] = (reason, reference)
                    break
            blind = next((b for d in uses.old if (b := self.references.blind.get(d.symbol)) is not None), None)
            if blind is not None:
                self.blocked[uses.rule.old] = (f"{blind} could not be read and may use the name", None)
            for declared in uses.old:
                spec = declared.value.spec
                left_out = self._stays(declared.file, spec)
                if left_out:
                    self.blocked[uses.rule.old] = (f"{declared.file.path} declares the name, and {left_out}", None)
            variables = [d for d in uses.old if d.value.kind == "var"]
            if variables and uses.rule.old not in self.blocked and self.is_assigned(variables[0].symbol):
                self.blocked[uses.rule.old] = (f"{variables[0].symbol} is a variable that is assigned elsewhere", None)

    def is_assigned(self, symbol: Symbol) -> bool:
        """Whether a variable gets another value anywhere, or its address is taken."""
        for reference in self.refs(symbol):
            parent = reference.node.parent
            if parent is not None and parent.type == "expression_list" and parent.parent is not None:
                left = parent.parent.child_by_field_name("left")
                if parent.parent.type == "assignment_statement" and left is not None and left.id == parent.id:
                    return True
            if parent is not None and parent.type == "unary_expression" and reference.file.text(parent)[:1] == "&":
                return True
        return False

    def _unclear(self, reference: Reference) -> str:
        """Why a use of a name keeps the name from changing; '' when it is understood."""
        file, node = reference.file, reference.node
        line = file.position(node.start_byte)[0]
        where = f"{file.path}:{line}"
        left_out = self._left_alone(UNQUALIFIED_NAME, reference)
        if left_out:
            return f"{where} uses the name, and {left_out}"
        if not reference.sure:
            return f"{where} may use the name by a dot import"
        if file.is_generated:
            return f"{where} is generated and holds the name"
        if is_test_code(file) or self.is_addition(reference) or self.is_harmless(file, node):
            return ""
        for decision in self.decisions:
            if decision.site.file is file and decision.site.covers(node):
                if not decision.left or decision.intended:
                    return ""
                return f"the use of the name at {where} is left: {decision.left}"
        spans = [(f.path, n) for f, n in (*self.gone_functions, *self.gone_tests)]
        if self.is_gone(reference, [], spans):
            return ""
        found = next((u for u in self.unknown if u.file is file and _overlaps(u.node, node)), None)
        reason = found.reason if found is not None else "what becomes of the name there is not understood"
        return f"the use of the name at {where} is left: {reason}"

    def is_addition(self, reference: Reference) -> bool:
        """Whether a name stands where it gets onto an object: in its composite literal, or given to what adds it."""
        return is_creation(reference.file, reference.node) or bool(added_by(self.types, reference, self._migrated))

    def _migrated(self, file: SourceFile, node: Node) -> Use | None:
        """What the hand-written code around the use of some name will do by controllerutil."""
        for decision in self.decisions:
            site = decision.site
            if site.file is file and decision.others and decision.rewritten and site.covers(node):
                return Use(site.meaning.operation, site.nodes[0], decision.object, site.meaning.negated)
        return None

    def is_harmless(self, file: SourceFile, node: Node) -> bool:
        """An argument of a call that only writes text."""
        for outer in ancestors(node):
            if outer.type == "call_expression":
                function = outer.child_by_field_name("function")
                operand = function.child_by_field_name("operand") if function is not None else None
                package = self.types.package_of(file, operand) if operand is not None else None
                field_node = function.child_by_field_name("field") if function is not None else None
                if package == "fmt" and field_node is not None and file.text(field_node) == "Sprintf":
                    return False
                if package is not None and any(package == p or package.startswith(p + "/") for p in _HARMLESS_PACKAGES):
                    return True
                return package is not None and package.endswith("/logger")
            if outer.type not in ("argument_list", "binary_expression"):
                return False
        return False


def candidates(pack: Pack) -> Query:
    """The pack's query for places that touch finalizers. Raises UserError when it is broken."""
    path = pack.path("candidates.scm")
    try:
        query = _compiled(path.read_text(encoding="utf-8"))
    except (QueryError, ValueError) as error:
        raise UserError(f"{path}: is no valid tree-sitter query: {' '.join(str(error).split())}.") from None
    if "access" not in (query.capture_name(i) for i in range(query.capture_count)):
        raise UserError(f"{path}: captures nothing as @access, which marks a place that touches finalizers.")
    return query


@lru_cache(maxsize=1)
def _compiled(text: str) -> Query:
    return Query(GO, text)


def is_test_code(file: SourceFile) -> bool:
    """Whether a file is a test, or support for tests: production code has no use for a library of assertions."""
    return file.is_test or any(i.path in _ASSERTIONS for i in file.imports)


def is_creation(file: SourceFile, node: Node) -> bool:
    """Whether a name stands in `Finalizers: []string{…}` of a composite literal: an object made with it."""
    element = node.parent
    if element is None or element.type != "literal_element" or element.parent is None:
        return False
    literal = element.parent.parent
    if literal is None or literal.type != "composite_literal":
        return False
    value = literal.parent
    keyed = value.parent if value is not None and value.type == "literal_element" else None
    if keyed is None or keyed.type != "keyed_element":
        return False
    key = keyed.child_by_field_name("key")
    return key is not None and file.text(key) == "Finalizers"


def _shown(free: Free) -> str:
    return free.constant if free.constant is not None else _shown_name(free)


def _shown_name(free: Free) -> str:
    text: str = free.file.text(free.node)
    return text


def _inside(inner: Site, outer: Site) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _inside_node(inner: Node, outer: Node) -> bool:
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte


def _overlaps(a: Node, b: Node) -> bool:
    return a.start_byte <= b.end_byte and b.start_byte <= a.end_byte
