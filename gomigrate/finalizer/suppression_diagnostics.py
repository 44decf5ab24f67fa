"""A diagnostic for each suppression that is not well-formed, or that suppresses nothing."""

from __future__ import annotations

from collections.abc import Iterator

from gomigrate.catalogue import (
    ARBITRARY_FIXTURE,
    FORCE_CLEAR,
    HELPER_TEST,
    INVALID_SUPPRESSION,
    LEGACY_LEFT_OVER,
    NAME_IN_TEXT,
    UNSAFE_UPGRADE,
    UNUSED_SUPPRESSION,
)
from gomigrate.finalizer.analysis import Analysis
from gomigrate.finalizer.places import at
from gomigrate.model import Diagnostic
from gomigrate.suppressions import Suppression

# Only a plan finds these, and the last two come and go with the stage.
_PLANNED = frozenset({ARBITRARY_FIXTURE.id, FORCE_CLEAR.id, HELPER_TEST.id, NAME_IN_TEXT.id})
_STAGED = frozenset({LEGACY_LEFT_OVER.id, UNSAFE_UPGRADE.id})


def describe_suppressions(analysis: Analysis, *, planned: bool) -> Iterator[Diagnostic]:
    """To be asked last, when everything else has been told. `planned`: a plan was made, not only looked."""
    for file in filter(None, map(analysis.workspace.file, sorted(analysis.marked))):
        if file.is_generated or analysis.selection.left_out(file.path):
            continue
        for found in analysis.suppressions.of(file):
            if found.problem:
                yield at(
                    INVALID_SUPPRESSION, file, found.node, f"this suppression {found.problem}",
                    left_because="it is a person's word", next_step="write `//gomigrate:ignore RULE reason`",
                )  # fmt: skip
            elif not analysis.suppressions.needed(found) and _judged(found, planned):
                rules = ", ".join(r.id for r in found.rules)
                yield at(
                    UNUSED_SUPPRESSION, file, found.node, f"nothing here is a finding of {rules}",
                    left_because="it is a person's word", next_step="take the comment out",
                )  # fmt: skip


def _judged(found: Suppression, planned: bool) -> bool:
    """Whether a finding of one of its rules would have come up by now."""
    unknown = _STAGED if planned else _STAGED | _PLANNED
    return not any(r.id in unknown for r in found.rules)
