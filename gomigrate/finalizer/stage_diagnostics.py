"""A diagnostic for every place that goes from one stage to the next, and for what keeps a name at its stage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gomigrate.catalogue import LEGACY_LEFT_OVER
from gomigrate.finalizer.analysis import Analysis
from gomigrate.finalizer.calls import Call
from gomigrate.finalizer.diagnostics import NOT_WHEN_DELETING, SAFE, WHAT, removal
from gomigrate.finalizer.names import NameUses
from gomigrate.finalizer.places import at, spot
from gomigrate.finalizer.stages import Left, Step, next_stage
from gomigrate.go.references import Reference
from gomigrate.model import Confidence, Diagnostic, Evidence, SuggestedFix, TextEdit


def of_steps(steps: Iterable[Step], left: Iterable[tuple[NameUses, Left]], *, changed: bool) -> Iterator[Diagnostic]:
    """Names that people or this tool left at a stage, and what takes them to the one that is asked for."""
    for step in steps:
        old = step.uses.rule.old
        for place, text in step.changed:
            yield _step(step, place, text, changed)
        for declared in step.constants:
            exported = " (exported: code outside of this checkout that uses it will no longer compile)"
            message = f"{declared.symbol.name} goes: nothing uses the old name any more"
            message += exported if declared.symbol.exported else ""
            spec = declared.value.spec
            edit = TextEdit(declared.file.path, spec.start_byte, spec.end_byte, b"")
            evidence = Evidence(Confidence.EXACT, "every use of the constant in the checkout goes as well")
            fix = SuggestedFix("delete the constant", (edit,)) if changed else None
            yield at(LEGACY_LEFT_OVER, declared.file, spec, message, name=old, evidence=evidence, fix=fix)
        for file, test in step.tests:
            evidence = Evidence(Confidence.EXACT, "no use of the new name is in it")
            fix = removal(file, test, "delete the test") if changed else None
            message = f"{file.name_of(test)} goes: it says that objects under the old name are freed"
            yield at(LEGACY_LEFT_OVER, file, test, message, name=old, evidence=evidence, fix=fix)
        for file, comment in step.stale:
            yield at(
                LEGACY_LEFT_OVER, file, comment, "the comment may speak of the old name", name=old,
                left_because="it also says something else", next_step="look whether it still holds",
            )  # fmt: skip
    for uses, why in left:
        message = f'the finalizer "{uses.rule.old}" stays at its stage'
        yield at(
            LEGACY_LEFT_OVER,
            why.file,
            why.node,
            message,
            name=uses.rule.old,
            left_because=str(why),
            next_step=why.next_step,
        )


def _step(step: Step, place: Call | Reference, text: str, changed: bool) -> Diagnostic:
    old, new = step.uses.rule.old, step.uses.rule.new
    operation = place.operation if isinstance(place, Call) else None
    if operation is not None:
        does = WHAT[operation]
    else:
        does = "a test uses the finalizer" if place.file.is_test else "makes an object that carries the finalizer"
    if place.file.is_test and text:
        message, how = f"{does}: it follows the code", "the two names change places in the code that adds one"
    elif text:
        message, how = f'{does} under the old name "{old}": now "{new}"', "every test and removal honours both names"
    else:
        message = f'{does} under the old name "{old}", which no live object carries any more'
        how = "on an object without the old name it does nothing and is never true"
    if place.file.is_test and not text:
        how = "the same stands beside it for the new name, or it speaks of the past"
    if isinstance(place, Call):
        how = f"run on {place.meaning.samples} samples: equal to {place.operation.value}; {how}"
    fix = SuggestedFix("next stage", _edits_of(step, place), text) if changed else None
    where = spot(place.file, place.node)
    if where in step.proofs:
        how += f"; {SAFE}: {step.proofs[where]}"
    evidence = Evidence(Confidence.EXACT, how)
    if where in step.guarded:
        evidence = Evidence(Confidence.NARROWED, how, (NOT_WHEN_DELETING,))
    return at(
        LEGACY_LEFT_OVER, place.file, place.node, message, operation=operation, name=old, evidence=evidence, fix=fix
    )


def _edits_of(step: Step, place: Call | Reference) -> tuple[TextEdit, ...]:
    """The edits that touch a place, or the statement around it."""
    node = place.node
    start = node.start_byte
    near = [e for e in step.edits if e.path == place.file.path]
    inside = [e for e in near if e.start < node.end_byte and start < e.end]
    if spot(place.file, node) in step.guarded:
        # The guard is written before and behind the call.
        inside = [e for e in near if (start <= e.start and e.end <= node.end_byte) or e in inside]
    return tuple(inside)


def of_analysis(analysis: Analysis) -> Iterator[Diagnostic]:
    """What stands at another stage than the analysis is asked for; nothing of it carries a fix."""
    for uses in analysis.names:
        try:
            step = next_stage(analysis, uses)
        except Left as left:
            yield from of_steps((), ((uses, left),), changed=False)
        else:
            yield from of_steps((step,) if step is not None else (), (), changed=False)
