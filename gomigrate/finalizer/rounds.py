"""Decides what becomes of all that was found, in rounds, until nothing changes any more."""

from __future__ import annotations

from gomigrate.finalizer.analysis import Analysis
from gomigrate.finalizer.blocking import block_names
from gomigrate.finalizer.deleting import delete
from gomigrate.finalizer.looking import look


def run(analysis: Analysis) -> None:
    """Decides every site; repeated while a blocked name or a kept helper changes what others may do."""
    for _ in range(8):
        kept, before = len(analysis.kept), _known(analysis)
        look(analysis)
        delete(analysis)
        if len(analysis.kept) > kept:
            # What a helper that stays does is looked at before it can speak against a name.
            continue
        block_names(analysis)
        if _known(analysis) == before:
            return


def _known(analysis: Analysis) -> tuple[int, ...]:
    return len(analysis.blocked), len(analysis.kept), len(analysis.gone_tests), len(analysis.gone_functions)
