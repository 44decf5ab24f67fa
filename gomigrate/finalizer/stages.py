"""From one stage to the next, in code that honours both names already: by this tool, or by people.

prepare → switch: what adds the old name adds the new one. switch → cleanup: what only serves the old name goes, and
its constants with it. Before anything changes, every test and every removal must be known to serve both names; else
the name is left as it is, everywhere, with the place that speaks against it.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field

from tree_sitter import Node

from gomigrate.catalogue import LEGACY_LEFT_OVER
from gomigrate.finalizer import constants
from gomigrate.finalizer.analysis import Analysis
from gomigrate.finalizer.blocking import addition_of, honoured_for_ever, is_addition, is_assigned
from gomigrate.finalizer.calls import Call, find_call, is_part_of_addition, moves_over, only_asks, partner
from gomigrate.finalizer.decision import function_around
from gomigrate.finalizer.deletion import REFUSED, Deletion, path_in
from gomigrate.finalizer.guard import around
from gomigrate.finalizer.matrix import Behaviour
from gomigrate.finalizer.names import Declared, NameUses
from gomigrate.finalizer.placement import Constant, sees
from gomigrate.finalizer.places import Spot, spot
from gomigrate.finalizer.removal import shares_declaration
from gomigrate.finalizer.rewrite import Namer, Refused
from gomigrate.finalizer.roles import is_harmless, is_test_code
from gomigrate.finalizer.stage_tests import retire
from gomigrate.go.fold import Fold, Kept, comment_above, legacy_comment, merged, speaks_of_the_past, within
from gomigrate.go.nodes import STRINGS, statement_around
from gomigrate.go.references import Reference
from gomigrate.go.syntax import SourceFile
from gomigrate.model import Operation, Stage, TextEdit

_OLD_NAME = (
    r"(?i)\b((old|older|earlier|previous|former)( \w+)? (finalizers?|names?|keys?|marks?|ones?)|legacy|deprecated|both"
    r"|backwards?|compat\w*|no longer|eventually|unqualified|non-domain\w*|migrat\w*|short-?\s?circuit\w*)\b"
)
_QUIET = frozenset({"GetFinalizers", "GetDeletionTimestamp", "GetName", "GetNamespace", "IsZero", "len"})


class Left(Exception):
    """The name stays at its stage: the reason, and the place that speaks against it."""

    def __init__(self, reason: str, file: SourceFile, node: Node, next_step: str) -> None:
        super().__init__(reason)
        self.file = file
        self.node = node
        self.next_step = next_step


@dataclass(slots=True)
class Step:
    """What takes one name to the stage. `changed` are the places with what they become ("" when they go), `constants`
    and `tests` are declarations that go, `stale` are comments that speak of the past and stay. By where they
    stand, `guarded` has the conditions that keep additions from objects that are being deleted, `proofs` why others
    need none."""

    uses: NameUses
    before: Behaviour
    changed: list[tuple[Call | Reference, str]] = field(default_factory=list)
    guarded: dict[Spot, str] = field(default_factory=dict)
    proofs: dict[Spot, str] = field(default_factory=dict)
    edits: list[TextEdit] = field(default_factory=list)
    constants: list[Declared] = field(default_factory=list)
    tests: list[tuple[SourceFile, Node]] = field(default_factory=list)
    stale: list[tuple[SourceFile, Node]] = field(default_factory=list)
    imports: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(slots=True)
class _Places:
    """Every place in production code that uses one of the two names: `others` are uses of the old one that are no
    call. `tests` are all uses in tests, with whether it is the new name, and `test_calls` those that are calls."""

    calls: list[Call]
    others: list[Reference]
    tests: list[tuple[Reference, bool]]
    test_calls: list[Call]

    def of(self, operation: Operation, *, new: bool) -> list[Call]:
        return [c for c in self.calls if c.operation is operation and c.new is new]


def next_stage(analysis: Analysis, uses: NameUses) -> Step | None:
    """What takes a name whose both names are in the code to the stage of the analysis; None when it is there.

    Raises Left.
    """
    step = _next_stage(analysis, uses)
    if step is None:
        return None
    gone = [*step.tests, *((d.file, d.value.spec) for d in step.constants)]
    for file, node in (*((p.file, p.node) for p, _ in step.changed), *gone):
        kept = analysis.suppressions.keeps(LEGACY_LEFT_OVER, file, node)
        if (file, node) in gone:
            kept = analysis.suppressions.keeps_whole(file, node)
        left_out = analysis.selection.left_out(file.path) or kept
        if left_out:
            raise Left(left_out, file, node, "take it in, or change it by hand first")
    for place, _ in step.changed:
        for found in analysis.suppressions.of(place.file):
            if any(e.path == found.path and e.start <= found.node.start_byte < e.end for e in step.edits):
                raise Left(found.why, place.file, found.node, "take the comment out, or change it by hand first")
    return step


def _next_stage(analysis: Analysis, uses: NameUses) -> Step | None:
    if not uses.has_next_stage:
        return None
    if analysis.stage is Stage.CLEANUP and uses.rule.old in analysis.public:
        held = [*((d.file, d.value.spec) for d in uses.old), *((r.file, r.node) for r in uses.old_literals)]
        raise Left(honoured_for_ever(analysis, uses), *held[0], "nothing: it stays at this stage")
    places = _places(analysis, uses)
    adds = [*places.of(Operation.ADD, new=False)]
    created = [r for r in places.others if is_addition(analysis, r)]
    if analysis.stage is Stage.PREPARE:
        later = places.of(Operation.ADD, new=True)
        if later and not adds and not created:
            raise Left(
                f'adds "{uses.rule.new}" already: this is a later stage than prepare',
                later[0].file,
                later[0].node,
                "a release that adds the new name may be out: to go back, revert the change that brought it",
            )
        return None
    _must_be_followed(analysis, uses)
    if analysis.stage is Stage.SWITCH:
        # Code that adds neither name tells its stage only by what stands above the constant.
        prepared = adds or created or any(constants.next_comment(d) for d in uses.old)
        return _switch(analysis, uses, places, adds, created) if prepared else None
    first = next(iter([*((c.file, c.node) for c in adds), *((r.file, r.node) for r in created)]), None)
    if first is not None:
        raise Left(
            f'still adds "{uses.rule.old}": live objects carry it',
            *first,
            "run --stage switch and release that first; clean up when no live object carries the old name",
        )
    return _cleanup(analysis, uses, places)


def _places(analysis: Analysis, uses: NameUses) -> _Places:
    places = _Places([], [], [], [])
    going = analysis.going()
    for new, references in (
        (False, (*uses.old_references, *uses.old_literals)),
        (True, (*uses.new_references, *uses.new_literals)),
    ):
        for reference in references:
            if going.holds(reference.file, reference.node):
                continue
            call = find_call(analysis.types, uses, reference, new)
            if is_test_code(reference.file):
                places.tests.append((reference, new))
            if call is not None:
                (places.test_calls if is_test_code(reference.file) else places.calls).append(call)
            elif not new and not is_test_code(reference.file):
                places.others.append(reference)
    return places


def _must_be_followed(analysis: Analysis, uses: NameUses) -> None:
    for declared in uses.old:
        blind = analysis.references.blind.get(declared.symbol)
        if blind is not None:
            raise Left(f"{blind} could not be read and may use the name", declared.file, declared.value.spec, "mend it")
        if declared.value.kind == "var" and is_assigned(analysis, declared.symbol):
            raise Left(
                f"{declared.symbol} is a variable that is assigned elsewhere",
                declared.file,
                declared.value.spec,
                "make it a constant",
            )


def _must_serve_both(places: _Places, gone: dict[str, list[tuple[int, int]]]) -> None:
    """Every test and removal of one name has its partner for the other one, or goes."""
    for call in places.calls:
        if call.operation is Operation.ADD or _is_in(gone, call.file, call.node):
            continue
        if is_part_of_addition(call, places.calls):
            continue
        if partner(call, places.calls) is None and (call.new or moves_over(call, places.calls) is None):
            there, missing = ("new", "old") if call.new else ("old", "new")
            raise Left(
                f"honours only the {there} name here: there is nothing for the {missing} one beside it",
                call.file,
                call.node,
                "let it honour both names, then run again",
            )


def _is_in(spans: dict[str, list[tuple[int, int]]], file: SourceFile, node: Node) -> bool:
    return within(spans.get(file.path, ()), node)


# -- prepare → switch -------------------------------------------------------------------------------------------------


def _switch(analysis: Analysis, uses: NameUses, places: _Places, adds: list[Call], created: list[Reference]) -> Step:
    inside: dict[str, list[tuple[int, int]]] = {}
    for call in places.calls:
        if moves_over(call, places.calls) is not None and call.statement is not None:
            inside.setdefault(call.file.path, []).append((call.statement.start_byte, call.statement.end_byte))
    _must_serve_both(places, inside)
    step = Step(uses, _behaviour(uses, places))
    for call in adds:
        if partner(call, places.calls) is not None:
            raise Left("adds both names", call.file, call.node, "leave one of the two")
        _name(analysis, step, call, new=True)
        _guard(analysis, step, call)
    step.before = step.before._replace(adds_deleting=bool(step.guarded))
    for call in places.of(Operation.CONTAINS, new=False):
        if is_part_of_addition(call, places.calls):
            _name(analysis, step, call, new=True)
    for reference in places.others:
        if reference in created:
            added = addition_of(analysis, reference)
            unsafe = Deletion(analysis).unsafe_addition(reference, added, uses) if added is not None else ""
            if unsafe:
                raise Left(unsafe, reference.file, reference.node, "let it test the deletion timestamp, then run again")
            _name(analysis, step, reference, new=True)
        elif not is_harmless(analysis.types, reference.file, reference.node):
            raise _not_understood(reference)
        elif any(c.file is reference.file and function_around(c.node) == function_around(reference.node) for c in adds):
            # A log of what is added.
            _name(analysis, step, reference, new=True)
    folders = {r.file.directory for r, new in places.tests if not new}
    alike = {spot(c.file, c.key) for c in places.test_calls if partner(c, places.test_calls) is not None}
    for reference, new in places.tests:
        if reference.file.directory in folders and spot(reference.file, reference.node) not in alike:
            _name(analysis, step, reference, new=not new)
    for declared in uses.old:
        step.edits += constants.next_comment(declared)
    return step


def _guard(analysis: Analysis, step: Step, call: Call) -> None:
    """Keeps the other name off objects that are being deleted: they may carry the one that was added before."""
    file, node = call.file, call.node
    proof = Deletion(analysis).proof(file, node, path_in(file, call.meaning.objects[0]), step.uses)
    if proof.why:
        step.proofs[spot(file, node)] = proof.why
        return
    guard = f"{call.object}.GetDeletionTimestamp().IsZero()"
    found = around(file, node, guard) if call.object and not proof.hopeless else None
    if found is None:
        reason = proof.hopeless or f"{REFUSED}, and there is no room for a test of its deletion timestamp here"
        raise Left(reason, file, node, "let it test the deletion timestamp, then run again")
    step.guarded[spot(file, node)] = guard
    for offset, text in ((node.start_byte, found.before), (found.end, found.behind)):
        if text:
            step.edits.append(TextEdit(file.path, offset, offset, text.encode()))


def _name(analysis: Analysis, step: Step, place: Call | Reference, *, new: bool) -> None:
    """The other name at a place: by its constant, or as a literal where a literal stands."""
    file, node = place.file, place.key if isinstance(place, Call) else place.node
    if not isinstance(place, Call) and not place.sure:
        raise _not_understood(place)
    namer = Namer(analysis.workspace)
    rule = step.uses.rule
    candidates = step.uses.new if new else step.uses.old
    named = _package_named(analysis, file, node)
    declared = sorted(
        candidates, key=lambda d: (d.symbol.folder != named, d.symbol.folder != file.directory, d.file.is_test)
    )
    symbol = next((d.symbol for d in declared if _visible(analysis, d, file)), None)
    try:
        if symbol is not None:
            text = namer.constant(file, node, Constant(symbol.folder, symbol.name))
        elif node.type in STRINGS:
            text = f'"{rule.new if new else rule.old}"'
        else:
            raise Refused("no constant that holds the other name can be used here")
    except Refused as refused:
        raise Left(str(refused), file, node, "change it by hand") from None
    step.edits.append(TextEdit(file.path, node.start_byte, node.end_byte, text.encode()))
    step.imports.setdefault(file.path, {}).update(namer.imports)
    step.changed.append((place, text))


def _package_named(analysis: Analysis, file: SourceFile, node: Node) -> str | None:
    """The folder of the package whose constant stands at a place; None for a constant of the file's own package."""
    operand = node.child_by_field_name("operand") if node.type == "selector_expression" else None
    package = analysis.types.package_of(file, operand) if operand is not None else None
    return analysis.workspace.folder_of(package, file.directory) if package is not None else None


def _visible(analysis: Analysis, declared: Declared, file: SourceFile) -> bool:
    folder = declared.symbol.folder
    if declared.file.is_test:
        return file.is_test and folder == file.directory and declared.file.package_name == file.package_name
    return folder == file.directory or (declared.symbol.exported and sees(analysis, file.directory, folder))


def _not_understood(reference: Reference) -> Left:
    return Left(
        "what becomes of the old name here is not understood", reference.file, reference.node, "change it by hand first"
    )


# -- switch → cleanup -------------------------------------------------------------------------------------------------


def _cleanup(analysis: Analysis, uses: NameUses, places: _Places) -> Step:
    step = Step(uses, _behaviour(uses, places))
    gone: dict[str, list[tuple[int, int]]] = {}
    for file in dict.fromkeys(c.file for c in places.calls if not c.new):
        gone[file.path] = _fold(analysis, step, places.calls, file)
        step.edits += [TextEdit(file.path, start, end, b"") for start, end in gone[file.path]]
    for call in places.calls:
        if not call.new and not _is_in(gone, call.file, call.node):
            raise Left(
                "honours only the old name here: there is nothing for the new one beside it",
                call.file,
                call.node,
                "let it honour both names, and release that first",
            )
    for reference in places.others:
        if not _is_in(gone, reference.file, reference.node):
            raise _not_understood(reference)
    for file in dict.fromkeys(r.file for r, new in places.tests if not new):
        _retire(analysis, step, file, places)
    step.constants = [d for d in uses.old if not d.file.is_generated]
    for declared in step.constants:
        shared = shares_declaration(declared.file, declared.value.spec)
        if shared:
            reason = f"{declared.symbol.name} would go, and {shared}"
            raise Left(reason, declared.file, declared.value.spec, "declare it by itself, then run again")
    return step


def _retire(analysis: Analysis, step: Step, file: SourceFile, places: _Places) -> None:
    """Takes the old name out of a test file."""
    old, new = ([r for r, is_new in places.tests if r.file is file and is_new is name] for name in (False, True))
    unsure = next((r for r in old if not r.sure or file.is_generated), None)
    if unsure is not None:
        raise _not_understood(unsure)
    spans: list[tuple[int, int]] = []
    with suppress(Left):
        spans = _fold(analysis, step, places.test_calls, file)
    rest = [r for r in old if not _is_in({file.path: spans}, file, r.node)]
    both = {spot(c.file, c.key) for c in places.test_calls if partner(c, places.test_calls) is not None}
    try:
        found = retire(file, [r.node for r in rest], [r.node for r in new if spot(file, r.node) not in both])
    except Kept as kept:
        raise Left(str(kept), file, kept.node, "take the old name out of this test, then run again") from None
    step.edits += [TextEdit(file.path, start, end, b"") for start, end in merged([*spans, *found.spans])]
    step.changed += [(Reference(file, place), "") for place in found.places]
    step.tests += [(file, f) for f in found.functions]
    for reference in rest:
        if any(n.id == reference.node.id for n in found.renamed):
            _name(analysis, step, reference, new=True)


def _fold(analysis: Analysis, step: Step, calls: list[Call], file: SourceFile) -> list[tuple[int, int]]:
    """What goes from a file because it only serves the old name: on no object that is alive has it any effect."""
    fold = Fold(file, lambda call: _is_quiet(analysis, file, call))
    mine = [c for c in calls if c.file is file]
    pairs = [
        (call, beside)
        for call in mine
        if not call.new and call.operation is not Operation.ADD
        if (beside := partner(call, mine) or moves_over(call, mine)) is not None
    ]
    try:
        for call, _ in pairs:
            fold.know(call.node, call.idle)
        spans = fold.spans()
    except Kept as kept:
        raise Left(str(kept), file, kept.node, "change it by hand") from None
    for statement in _statements_around([*(c.node for pair in pairs for c in pair), *fold.shorter]):
        comment = legacy_comment(file, statement)
        if comment and (_is_in({file.path: spans}, file, statement) or _names_the_old(step.uses, file, comment)):
            start = file.source.rfind(b"\n", 0, comment[0].start_byte) + 1
            spans.append((start, file.source.find(b"\n", comment[-1].end_byte) + 1))
        elif not _is_in({file.path: spans}, file, statement):
            lines = comment_above(file, statement)
            step.stale += [(file, c) for c in lines if speaks_of_the_past(file.text(c))]
    step.changed += [(call, "") for call, _ in pairs]
    return merged(spans)


def _names_the_old(uses: NameUses, file: SourceFile, comment: list[Node]) -> bool:
    """Whether a comment above code that stays speaks of the old name, and of no other thing that is old."""
    text = " ".join(file.text(c) for c in comment)
    known = (uses.rule.old, *(d.symbol.name for d in uses.old))
    return any(name in text for name in known) or bool(re.search(_OLD_NAME, text))


def _statements_around(nodes: list[Node]) -> list[Node]:
    found: dict[int, Node] = {}
    for node in nodes:
        statement = statement_around(node)
        if statement is not None:
            found[statement.id] = statement
    return list(found.values())


def _is_quiet(analysis: Analysis, file: SourceFile, call: Node) -> bool:
    function = call.child_by_field_name("function")
    if function is None:
        return False
    name = function.child_by_field_name("field") or function
    text = file.text(name)
    return text in _QUIET or only_asks(analysis.types, file, call)


def _behaviour(uses: NameUses, places: _Places) -> Behaviour:
    """What the code does before the step; that every test and removal serves both names is seen to elsewhere."""
    added = {c.new for c in places.calls if c.operation is Operation.ADD}
    names = frozenset({uses.rule.old, uses.rule.new})
    removes = any(c.operation is Operation.REMOVE for c in places.calls)
    return Behaviour(
        frozenset(uses.rule.new if new else uses.rule.old for new in added),
        False,
        names,
        names if removes else frozenset(),
    )
