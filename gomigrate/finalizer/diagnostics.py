"""A diagnostic, in plain words, for everything that was found: changed, left to a person, or left on purpose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tree_sitter import Node

from gomigrate.catalogue import (
    ARBITRARY_FIXTURE,
    FORCE_CLEAR,
    HAND_WRITTEN_CALL,
    HAND_WRITTEN_HELPER,
    HELPER_TEST,
    INLINE_FINALIZER_CODE,
    NAME_IN_TEXT,
    NOT_UNDERSTOOD,
    UNQUALIFIED_NAME,
    UNSAFE_UPGRADE,
)
from gomigrate.finalizer.analysis import Analysis
from gomigrate.finalizer.deciding import OF_ALL, is_controllerutil, user_of_all
from gomigrate.finalizer.decision import Decision
from gomigrate.finalizer.deleting import is_thin, offered
from gomigrate.finalizer.exported import MAY_BE_CALLED
from gomigrate.finalizer.helpers import Helper
from gomigrate.finalizer.name_diagnostics import describe_names
from gomigrate.finalizer.names import NameUses
from gomigrate.finalizer.operations import Meaning
from gomigrate.finalizer.places import at
from gomigrate.finalizer.roles import asks_for_name, compares_lists, is_harmless, is_test_code
from gomigrate.finalizer.suppression_diagnostics import describe_suppressions
from gomigrate.go.nodes import FUNCTIONS, ancestors
from gomigrate.go.syntax import SourceFile, string_value
from gomigrate.go.types import Named, Pointer
from gomigrate.model import (
    Confidence,
    Diagnostic,
    Difference,
    Evidence,
    ObjectInCode,
    Operation,
    Stage,
    SuggestedFix,
    TextEdit,
    UpgradeMatrix,
)

if TYPE_CHECKING:
    from gomigrate.finalizer.plan import Draft
    from gomigrate.finalizer.rewrite import Rewrite

_HARMLESS = frozenset({"nil-empty", "zero-time"})
NOT_WHEN_DELETING = Difference(
    "not-when-deleting",
    "adds nothing to an object that is being deleted: the API server refuses a name that such an object does not carry "
    "yet, and it may carry the other one",
)
SAFE = "adds nothing to an object that is being deleted"
WHAT = {
    Operation.CONTAINS: "asks whether the finalizer is there",
    Operation.ADD: "adds the finalizer",
    Operation.SET_IF_EMPTY: "sets the finalizer when there is none",
    Operation.REMOVE: "removes the finalizer",
    Operation.HAS_ANY: "asks whether there is any finalizer",
    Operation.CLEAR: "clears all finalizers",
    Operation.SAME_COUNT: "compares how many finalizers two objects have",
    Operation.IS_DELETING: "asks whether the object is being deleted",
}
_NARROWED = {
    Operation.HAS_ANY: (
        "own-name",
        "asks for its own finalizer, under both names, instead of any: other controllers' finalizers no longer count",
    ),
    Operation.CLEAR: (
        "own-name",
        "removes its own finalizer, under both names, instead of all: other controllers' finalizers stay",
    ),
    Operation.SET_IF_EMPTY: (
        "beside-others",
        "adds its finalizer also to an object that carries others (the legacy name among them) already",
    ),
}


def describe(
    analysis: Analysis, draft: Draft, matrices: tuple[UpgradeMatrix, ...], more: Iterable[Diagnostic]
) -> tuple[Diagnostic, ...]:
    """All diagnostics, with those found elsewhere (`more`), in the order of files and lines."""
    found = [
        *_sites(analysis, draft),
        *_helpers(analysis, draft),
        *_names(analysis, draft),
        *describe_names(analysis),
        *_fixtures(draft),
        *_unknown(analysis),
        *more,
        *_unsafe(analysis, matrices),
    ]
    found = [_selected(analysis, d) for d in found]
    return _sorted([*found, *describe_suppressions(analysis, planned=True)])


def findings(analysis: Analysis, more: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """What `check` reports of an analysis that has run, with `more`: no plan is made, so nothing carries a fix."""
    found = []
    for decision in analysis.decisions:
        if not decision.already and not decision.intended and decision.verdict.level != "no":
            found.append(_site(analysis, decision, None))
    for helper in analysis.helpers:
        if any(f is helper.file for f in analysis.files) and not _is_meant_for_all(analysis, helper):
            found.append(
                at(
                    HAND_WRITTEN_HELPER, helper.file, helper.node, f"{helper.symbol} is a hand-written helper: it "
                    f"{WHAT[helper.meaning.operation]}", operation=helper.meaning.operation,
                )
            )  # fmt: skip
    for uses in analysis.names:
        for declared in uses.old:
            if not any(d.symbol.folder == declared.symbol.folder for d in uses.new):
                found.append(_unqualified(declared.file, declared.value.spec, declared.symbol.name, uses))
        for reference in uses.old_literals:
            covered = any(d.site.covers(reference.node) for d in analysis.decisions_in(reference.file))
            if not covered and not uses.migrated:
                found.append(_unqualified(reference.file, reference.node, "the name", uses))
    found += [*describe_names(analysis), *_unknown(analysis), *more]
    found = [_selected(analysis, d) for d in found if not analysis.selection.left_out(d.path)]
    return _sorted([*found, *describe_suppressions(analysis, planned=False)])


def _is_meant_for_all(analysis: Analysis, helper: Helper) -> bool:
    """Whether a helper is for every finalizer on purpose, as the pack says of a place that uses it."""
    if helper.meaning.operation not in OF_ALL or not analysis.pack.force_delete:
        return False
    user = user_of_all(analysis, helper.symbol)
    return bool(analysis.forced(helper.file.path)) or (user is not None and user.on_purpose)


def _sorted(found: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(sorted(set(found), key=lambda d: (d.path, d.line, d.column, d.rule.id)))


def _selected(analysis: Analysis, diagnostic: Diagnostic) -> Diagnostic:
    """What the configuration leaves out, or a comment suppresses, is left on purpose."""
    reason = analysis.selection.left_out(diagnostic.path)
    if reason:
        return diagnostic._replace(left_because=reason, next_step="", intended=True)
    file = analysis.workspace.file(diagnostic.path)
    if file is None or diagnostic.fix is not None:
        return diagnostic
    found = analysis.suppressions.match(diagnostic.rule, file, diagnostic.line, diagnostic.end_line)
    if found is None:
        return diagnostic
    return diagnostic._replace(left_because=found.why, next_step="", intended=True, suppressed=True)


def _unqualified(file: SourceFile, node: Node, what: str, uses: NameUses) -> Diagnostic:
    return at(
        UNQUALIFIED_NAME,
        file,
        node,
        f'{what} holds "{uses.rule.old}", which is not domain-qualified: "{uses.rule.new}"',
        name=uses.rule.old,
    )


# -- sites ----------------------------------------------------------------------------------------------------


def _sites(analysis: Analysis, draft: Draft) -> Iterator[Diagnostic]:
    rewrites = {(d.site.file.path, d.site.start): r for d, r in draft.rewrites}
    for decision in analysis.decisions:
        if decision.already:
            continue
        rewrite = rewrites.get((decision.site.file.path, decision.site.start))
        yield _site(analysis, decision, rewrite)


def _site(analysis: Analysis, decision: Decision, rewrite: Rewrite | None) -> Diagnostic:
    site, meaning = decision.site, decision.site.meaning
    fix = SuggestedFix("use controllerutil", rewrite.edits, rewrite.after) if rewrite is not None else None
    text = "".join(site.file.text(n) for n in site.nodes)
    helper = ", ".join(sorted({name for _, _, name in meaning.functions if f"{name}(" in text or f"{name}[" in text}))
    rule = FORCE_CLEAR if decision.intended else HAND_WRITTEN_CALL if helper else INLINE_FINALIZER_CODE
    negated = " (negated)" if meaning.negated else ""
    by = f" by the hand-written {helper}" if helper else ""
    on = f" on {decision.object}" if decision.object else ""
    # A statement before the site that would go with it may be what the comment speaks for.
    suppressed = bool(decision.left) and analysis.suppressions.suppresses(rule, site.file, *site.nodes, *site.dead)
    return at(
        rule,
        site.file,
        site.nodes[0],
        f"{WHAT[meaning.operation]}{negated}{on}{by}",
        operation=meaning.operation,
        name=decision.uses.rule.old if decision.uses is not None else decision.other_name,
        evidence=_evidence(analysis, decision, rewrite),
        fix=fix,
        left_because="" if fix is not None else decision.left,
        next_step="" if fix is not None else decision.next_step,
        requirement=None if fix is not None else decision.requirement,
        intended=decision.intended or suppressed,
        suppressed=suppressed,
    )


def _evidence(analysis: Analysis, decision: Decision, rewrite: Rewrite | None) -> Evidence:
    meaning = decision.site.meaning
    proof = rewrite.proof if rewrite is not None else ""
    differences = [
        Difference(name, analysis.pack.accept.get(name, "the pack does not accept this difference"), example)
        for name, example in meaning.differences
    ]
    narrowed = _NARROWED.get(meaning.operation)
    if narrowed is not None and not decision.intended and not (decision.left and not decision.uses):
        name, text = narrowed
        if analysis.stage is Stage.CLEANUP:
            text = text.replace(", under both names,", "")
        differences.insert(0, Difference(name, text))
    if decision.removed_by_sets:
        differences.append(
            Difference("sorted", "the names that stay come out sorted, each once: RemoveFinalizer of this "
            "controller-runtime panics when a name is there twice")
        )  # fmt: skip
    if rewrite is not None and rewrite.guard:
        differences.append(NOT_WHEN_DELETING)
    harmless = all(d.name in _HARMLESS for d in differences)
    return Evidence(
        Confidence.EXACT if harmless else Confidence.NARROWED,
        _how(meaning) + (f"; {SAFE}: {proof}" if proof else ""),
        tuple(differences),
        decision.verdict.text,
        _object(decision),
    )


def _object(decision: Decision) -> ObjectInCode | None:
    kind, pointer = decision.type, isinstance(decision.type, Pointer)
    named = kind.to if isinstance(kind, Pointer) else kind
    if not decision.object or not isinstance(named, Named):
        return None
    value = not pointer and decision.verdict.address
    return ObjectInCode(decision.object, f"{named.package}.{named.name}" if pointer or value else "", value)


def _how(meaning: Meaning) -> str:
    equal = "equal" if not meaning.differences else "equal but for the stated differences"
    return f"run on {meaning.samples} samples: {equal} to {meaning.operation.value}"


# -- helpers and tests ------------------------------------------------------------------------------------------


def _helpers(analysis: Analysis, draft: Draft) -> Iterator[Diagnostic]:
    by_place = {(h.file.path, h.node.start_byte): h for h in analysis.helpers}
    for file, node in analysis.gone_functions:
        helper = by_place.get((file.path, node.start_byte))
        name = file.name_of(node)
        what = f"it {WHAT[helper.meaning.operation]}" if helper is not None else "only migrated code used it"
        exported = " (exported: code outside of this checkout that calls it will no longer compile)"
        message = f"{name} goes: {what}, and nothing uses it any more{exported if name[:1].isupper() else ''}"
        evidence = Evidence(Confidence.EXACT, "every reference in the checkout is migrated or goes as well")
        yield at(
            HAND_WRITTEN_HELPER, file, node, message,
            operation=helper.meaning.operation if helper is not None else None,
            evidence=evidence, fix=removal(file, node, "delete the helper"),
        )  # fmt: skip
    for file, node in analysis.gone_tests:
        evidence = Evidence(Confidence.EXACT, "it calls nothing of its package but helpers that go")
        message = f"{file.name_of(node)} goes with the helpers that it tests"
        yield at(HELPER_TEST, file, node, message, evidence=evidence, fix=removal(file, node, "delete the test"))
    for symbol, (file, node) in offered(analysis).items():
        edit = draft.deprecated.get(symbol)
        fix = SuggestedFix("mark it as deprecated", (edit,)) if edit is not None else None
        thin = fix is not None or (symbol in analysis.kept and is_thin(analysis, analysis.kept[symbol].helper))
        if fix is not None or not thin:
            yield at(
                HAND_WRITTEN_HELPER, file, node,
                f"{symbol} {'is deprecated' if fix else 'stays'}: nothing in this checkout calls it any more",
                evidence=Evidence(Confidence.EXACT, MAY_BE_CALLED) if fix is not None else None, fix=fix,
                left_because="" if fix is not None else f"{MAY_BE_CALLED} (--exported delete takes it away)",
                intended=fix is None,
            )  # fmt: skip
    for symbol, kept in analysis.kept.items():
        helper = kept.helper
        if symbol in offered(analysis):
            continue
        inside = [d for d in analysis.decisions_in(helper.file) if _within(d.site.nodes[0], helper.node)]
        if inside and all(d.rewritten or d.already or d.intended for d in inside):
            # What it does is migrated where it stands, or stays on purpose: that is told there.
            continue
        yield at(
            HAND_WRITTEN_HELPER,
            helper.file,
            helper.node,
            f"{helper.symbol} stays: it {WHAT[helper.meaning.operation]}, and is still used",
            operation=helper.meaning.operation,
            left_because=kept.reason,
            next_step="migrate that use by hand, then run again",
        )


def _within(inner: Node, outer: Node) -> bool:
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte


def removal(file: SourceFile, node: Node, message: str) -> SuggestedFix:
    return SuggestedFix(message, (TextEdit(file.path, node.start_byte, node.end_byte, b""),))


# -- names ------------------------------------------------------------------------------------------------------


def _names(analysis: Analysis, draft: Draft) -> Iterator[Diagnostic]:
    for uses in analysis.names:
        rule = uses.rule
        placement = draft.placements.get(rule.old)
        blocked = analysis.blocked.get(rule.old)
        told = any(u is uses for u, _ in draft.left_stages)
        for declared in uses.old:
            if uses.migrated and (blocked is None or told or any(d.file is declared.file for d in uses.new)):
                continue
            if blocked is not None:
                yield _blocked(declared.file, declared.value.spec, declared.symbol.name, uses, blocked[0])
            elif placement is not None:
                moves = declared in placement.moved
                where = f"moves to {placement.path}" if moves else "keeps its place"
                if declared in placement.needless:
                    where = f"goes, for {placement.key.name} is used in its place"
                evidence = Evidence(Confidence.EXACT, "every use of the constant in the checkout is understood")
                edit = TextEdit(declared.file.path, declared.value.spec.start_byte, declared.value.spec.end_byte, b"")
                fix = SuggestedFix("use the domain-qualified name", (edit,), f'{placement.key.name} = "{rule.new}"')
                message = f'{declared.symbol.name} = "{rule.old}" is not domain-qualified; the constant {where}'
                yield at(
                    UNQUALIFIED_NAME,
                    declared.file,
                    declared.value.spec,
                    message,
                    name=rule.old,
                    evidence=evidence,
                    fix=fix,
                )
        for mention in uses.mentions:
            if mention.file.is_generated:
                continue
            message, why = f'"{rule.old}" stands inside of a longer text', "text is not followed"
            if string_value(mention.file, mention.node) == rule.old:
                message = f'"{rule.old}" may be something else than the finalizer'
                why = "nothing says that this test means the finalizer"
            yield at(
                NAME_IN_TEXT, mention.file, mention.node, message, name=rule.old, left_because=why,
                next_step="look whether it must name the new finalizer",
            )  # fmt: skip
        if blocked is not None and not uses.old:
            for reference in uses.old_literals if not told else ():
                yield _blocked(reference.file, reference.node, "the name", uses, blocked[0])
    for uses, reference, text in draft.references:
        evidence = Evidence(Confidence.EXACT, "the same name, by its constant")
        fix = SuggestedFix(
            "use the constant",
            (TextEdit(reference.file.path, reference.node.start_byte, reference.node.end_byte, text.encode()),),
            text,
        )
        message = f"names the finalizer {uses.rule.old}: by its constant"
        yield at(
            UNQUALIFIED_NAME, reference.file, reference.node, message, name=uses.rule.old, evidence=evidence, fix=fix
        )


def _blocked(file: SourceFile, node: Node, what: str, uses: NameUses, reason: str) -> Diagnostic:
    return at(
        UNQUALIFIED_NAME, file, node, f'{what} holds "{uses.rule.old}", which is not domain-qualified',
        name=uses.rule.old, left_because=reason,
        next_step="a changed name there could leave objects that are never freed: clear that use, then run again",
    )  # fmt: skip


def _fixtures(draft: Draft) -> Iterator[Diagnostic]:
    for uses, fixture, text in draft.fixtures:
        for node in fixture.nodes:
            evidence = Evidence(
                Confidence.EXACT,
                f"every {fixture.text!r} of this test is a finalizer, and all of them change alike",
            )
            edit = TextEdit(fixture.file.path, node.start_byte, node.end_byte, text.encode())
            fix = SuggestedFix("carry the key", (edit,), text)
            message = f"the arbitrary finalizer {fixture.text!r} stood for any; the code now looks for its own"
            yield at(ARBITRARY_FIXTURE, fixture.file, node, message, name=uses.rule.old, evidence=evidence, fix=fix)
    for fixture in draft.left_fixtures:
        yield at(
            ARBITRARY_FIXTURE, fixture.file, fixture.nodes[0],
            f"the fixture's finalizer {fixture.text!r} stood for any",
            left_because=fixture.left, next_step="decide whether this object should carry the key",
        )  # fmt: skip


# -- what is not understood ---------------------------------------------------------------------------------------


def _unknown(analysis: Analysis) -> Iterator[Diagnostic]:
    told = {_function(u.file, u.node) for u in analysis.unknown if u.writes}
    told |= {_function(d.site.file, d.site.nodes[0]) for d in analysis.decisions if d.left}
    helpers = {(h.file.path, h.node.start_byte) for h in analysis.helpers}
    # Reading other people's finalizers, in a package that uses none of the names, is nobody's business here.
    ours = {file.directory for uses in analysis.names for file in uses.files}
    for unknown in analysis.unknown:
        function = _function(unknown.file, unknown.node)
        reads = not unknown.writes
        theirs = unknown.file.directory not in ours and not asks_for_name(unknown.file, unknown.node)
        if function in helpers or (reads and (function in told or theirs)) or is_controllerutil(analysis, unknown):
            # The helper as a whole is reported, or the place that the reading leads to.
            continue
        if reads and compares_lists(unknown.file, unknown.node):
            continue
        if not is_test_code(unknown.file) and not is_harmless(analysis.types, unknown.file, unknown.node):
            does = "writes" if unknown.writes else "reads"
            yield at(
                NOT_UNDERSTOOD, unknown.file, unknown.node, f"{does} finalizers in a way that is not understood",
                left_because=unknown.reason, next_step="look at it; use controllerutil where it fits",
            )  # fmt: skip


def _function(file: SourceFile, node: Node) -> tuple[str, int]:
    """The place of the declared function around a node."""
    around = [a for a in ancestors(node) if a.type in FUNCTIONS]
    return file.path, around[-1].start_byte if around else -1


def _unsafe(analysis: Analysis, matrices: tuple[UpgradeMatrix, ...]) -> Iterator[Diagnostic]:
    """One for each name whose objects would be stuck after some order of releases, where the name is declared."""
    for matrix in matrices:
        stuck = [c for c in matrix.cells if not c.freed]
        uses = next((u for u in analysis.names if u.rule.old == matrix.name), None)
        if not stuck or uses is None:
            continue
        places = [(d.file, d.value.spec) for d in uses.old] or [(r.file, r.node) for r in uses.old_literals]
        for file, node in sorted(places, key=lambda p: (p[0].is_test, p[0].path, p[1].start_byte))[:1]:
            first = stuck[0]
            message = (
                f'objects of "{matrix.name}" can get stuck ({len(stuck)} of {len(matrix.cells)} orders of releases): '
                f"created by {first.created_by} code, handled by {' then '.join(first.handled_by)}: {first.why}"
            )
            yield at(
                UNSAFE_UPGRADE, file, node, message, name=matrix.name,
                left_because="the order of releases is yours to choose", next_step=matrix.advice,
            )  # fmt: skip
