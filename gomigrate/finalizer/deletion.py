"""Whether a finalizer may be added to an object that is being deleted, under a name that it does not carry.

The API server refuses each write that does so (k8s.io/apimachinery pkg/api/validation, ValidateNoNewFinalizers: "no new
finalizers can be added if the object is being deleted"). As long as code knows one name only, an object that is being
deleted carries it, and adding it changes nothing. Once a second name is in play the object may carry the other one:
then the write is refused each time, and the removal further on is never reached. So each place that adds a name which
has another one beside it needs a proof that this cannot be, or a guard.
"""

from __future__ import annotations

from typing import NamedTuple

from tree_sitter import Node

from gomigrate.finalizer.adders import Addition
from gomigrate.finalizer.analysis import Analysis
from gomigrate.finalizer.deleting import in_interface
from gomigrate.finalizer.fresh import is_created, is_fresh, is_written_over
from gomigrate.finalizer.identity import Path, changes_between, is_same, origins, path_of
from gomigrate.finalizer.names import NameUses
from gomigrate.finalizer.operations import Meaning, classify_unit
from gomigrate.finalizer.places import spot
from gomigrate.finalizer.roles import is_test_code
from gomigrate.go.dominance import Fact, facts
from gomigrate.go.evaluator.values import Free
from gomigrate.go.nodes import FUNCTION_LIKE, FUNCTIONS, ancestors, arguments_of
from gomigrate.go.references import Reference, Symbol, symbol_of
from gomigrate.go.scope import lookup, parameters
from gomigrate.go.syntax import SourceFile, called
from gomigrate.model import Exported, Operation

_DEPTH = 3
REFUSED = "the API server refuses a new finalizer on an object that is being deleted"


class Proof(NamedTuple):
    """Why a place adds nothing to an object that is being deleted; `why` is '' when that is not known. With
    `hopeless` a guard at that place would not help either: that text says why."""

    why: str = ""
    hopeless: str = ""


class Deletion:
    """The proofs for one analysis, whose sites are decided."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self.types = analysis.types
        self._asked: dict[tuple[str, int, int], Meaning | None] = {}

    def proof(self, file: SourceFile, place: Node, path: Path | None, uses: NameUses) -> Proof:
        """Of a place that adds a name to the object that `path` means."""
        if path is None:
            return Proof()
        if is_fresh(self.types, path, place) and is_written_over(self.types, path):
            name = file.text(path.root)
            return Proof(hopeless=f"{name} is made here and written over the object that is there, and {REFUSED}")
        return Proof(self._why(file, place, path, uses, ()))

    def _why(
        self, file: SourceFile, place: Node, path: Path, uses: NameUses, callers: tuple[tuple[str, int], ...]
    ) -> str:
        return (
            self._tested(file, place, path, uses)
            or self._made(place, path)
            or self._by_callers(file, place, path, uses, callers)
        )

    # -- a test before the place ---------------------------------------------------------------------------------

    def _tested(self, file: SourceFile, place: Node, path: Path, uses: NameUses) -> str:
        absent: set[str] = set()
        for fact in facts(file, place):
            meaning = self._meaning(file, fact)
            if meaning is None or not self._is_about(file, fact, place, path, meaning):
                continue
            is_false = fact.holds == meaning.negated
            line = file.position(fact.condition.start_byte)[0]
            if meaning.operation is Operation.IS_DELETING and is_false:
                return f"{file.path}:{line} tests its deletion timestamp"
            if meaning.operation in (Operation.CONTAINS, Operation.HAS_ANY) and is_false:
                absent |= self._names(file, fact, meaning, uses)
                if {uses.rule.old, uses.rule.new} <= absent:
                    return f"{file.path}:{line} tests that it carries neither name"
        return ""

    def _meaning(self, file: SourceFile, fact: Fact) -> Meaning | None:
        """What a condition asks, if it is a question about one object."""
        node = fact.condition
        if node.type not in ("call_expression", "binary_expression", "unary_expression"):
            return None
        key = spot(file, node)
        if key not in self._asked:
            # `err != nil` and its like are no questions about an object: nothing is run for them.
            asks = "(" in file.text(node) or "DeletionTimestamp" in file.text(node)
            found = classify_unit(self.types, file, [], [node]) if asks else None
            self._asked[key] = found if isinstance(found, Meaning) and len(found.objects) == 1 else None
        return self._asked[key]

    def _is_about(self, file: SourceFile, fact: Fact, place: Node, path: Path, meaning: Meaning) -> bool:
        asked = path_of_free(meaning.objects[0])
        if asked is None or not is_same(self.types, asked, path):
            return False
        mine = origins(self.types, path)
        return not any(changes_between(self.types, p, fact.condition, place) for p in (*mine, asked) if p.file is file)

    def _names(self, file: SourceFile, fact: Fact, meaning: Meaning, uses: NameUses) -> set[str]:
        """The names that a test finds to be absent; one that is migrated asks for both."""
        both = {uses.rule.old, uses.rule.new}
        if meaning.operation is Operation.HAS_ANY:
            return both
        asked = {k.constant for k in meaning.keys if k.constant is not None}
        if len(asked) != len(meaning.keys) or not asked <= both:
            return set()
        migrated = any(
            d.rewritten and d.uses is uses and d.site.covers(fact.condition) for d in self.analysis.decisions_in(file)
        )
        return both if migrated else asked

    # -- an object that is on no server yet ----------------------------------------------------------------------

    def _made(self, place: Node, path: Path) -> str:
        name = path.file.text(path.root)
        line = path.file.position(place.start_byte)[0]
        if is_fresh(self.types, path, place):
            return f"{name} is made by the code itself ({path.file.path}:{line})"
        if is_created(self.types, path):
            return f"{name} is only ever created ({path.file.path}:{line})"
        return ""

    # -- the callers ---------------------------------------------------------------------------------------------

    def _by_callers(
        self, file: SourceFile, place: Node, path: Path, uses: NameUses, callers: tuple[tuple[str, int], ...]
    ) -> str:
        """The proof of every caller for what it hands over, when all callers are known."""
        path = next((p for p in origins(self.types, path) if p.local is not None and _is_given(p)), path)
        function = next((a for a in ancestors(place) if a.type in FUNCTION_LIKE), None)
        if function is None or function.type not in FUNCTIONS or path.local is None or not _is_given(path):
            return ""
        key = (file.path, function.start_byte)
        if key in callers or len(callers) >= _DEPTH or changes_between(self.types, path, path.local.name, place):
            return ""
        symbol = symbol_of(file, function)
        references = [r for r in self.analysis.callers(symbol) if not is_test_code(r.file)]
        if not references or not self._is_closed(file, symbol):
            return ""
        found = ""
        for reference in references:
            call = reference.call if reference.sure else None
            given = self._argument(reference.file, call, function, path) if call is not None else None
            why = self._why(reference.file, call, given, uses, (*callers, key)) if call is not None and given else ""
            if not why:
                return ""
            found = found or why
        more = len(references) - 1
        return found + (f", and so with {more} more call{'s' if more > 1 else ''}" if more else "")

    def _is_closed(self, file: SourceFile, symbol: Symbol) -> bool:
        """Whether nobody but this checkout's code, by name, can call a function."""
        analysis = self.analysis
        if symbol in analysis.references.blind or (symbol.receiver and in_interface(analysis, symbol, {symbol})):
            return False
        if not symbol.exported or file.package_name == "main" or "internal" in file.directory.split("/"):
            return True
        return not symbol.receiver and analysis.pack.exported is Exported.DELETE

    def unsafe_addition(self, reference: Reference, added: Addition, uses: NameUses) -> str:
        """Why a name may not change that a function adds which is given it; '' when it may."""
        for use in added.adds:
            root, *fields = use.object.split(".")
            local = lookup(added.file, root, use.node)
            path = Path(added.file, local.name, local, tuple(f for f in fields if f != "ObjectMeta")) if local else None
            if path is not None and (self._tested(added.file, use.node, path, uses) or self._made(use.node, path)):
                continue
            given = self._argument(reference.file, added.call, added.function, path) if path is not None else None
            if given is None or not self._why(reference.file, added.call, given, uses, ()):
                name = added.file.name_of(added.function)
                return f"{name} may be reached while the object is being deleted, and {REFUSED}"
        return ""

    def _argument(self, file: SourceFile, call: Node, function: Node, path: Path) -> Path | None:
        """What a call gives to the parameter or receiver at the root of a path."""
        if path.local is None or not _is_given(path):
            return None
        if path.local.kind == "receiver":
            return path_of(file, called(file, call)[0], path.fields)
        given = parameters(function)
        index = next((i for i, (n, _) in enumerate(given) if n.start_byte == path.local.name.start_byte), -1)
        arguments = arguments_of(call)
        if index < 0 or len(arguments) != len(given) or any(d.type != "parameter_declaration" for _, d in given):
            return None
        return path_of(file, arguments[index], path.fields)


def _is_given(path: Path) -> bool:
    return path.local is not None and path.local.kind in ("parameter", "receiver")


def path_of_free(free: Free) -> Path | None:
    """The path of an object that the evaluator found."""
    fields: tuple[str, ...] = ()
    while free.parent is not None:
        fields = fields if free.field == "ObjectMeta" else (free.field, *fields)
        free = free.parent
    return path_of(free.file, free.node, fields)


def path_in(file: SourceFile, free: Free) -> Path | None:
    """The path of a unit's object as its file has it: what a called helper names is seen from the call."""
    found = path_of_free(free)
    return found if found is not None and found.file is file else None
