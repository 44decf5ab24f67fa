"""The message of the commit that the patch makes, for `git am`."""

from __future__ import annotations

import textwrap

from gomigrate.model import Plan, Stage

_SUBJECTS = {
    Stage.PREPARE: "Honour domain-qualified finalizers beside the old ones",
    Stage.SWITCH: "Use domain-qualified finalizers and controllerutil",
    Stage.CLEANUP: "Use domain-qualified finalizers only",
}


def commit_message(plan: Plan) -> tuple[str, str]:
    """Subject and body, wrapped at 72 columns."""
    paragraphs = [
        "Kubernetes warns about finalizers that are not domain-qualified. The names change, and hand-written code "
        "gives way to controllerutil's AddFinalizer, RemoveFinalizer and ContainsFinalizer."
    ]
    for choice in plan.constants:
        kept = {
            Stage.PREPARE: f"{choice.old} is still the one that is added; both are honoured.",
            Stage.SWITCH: f"{choice.old} is still honoured, but no longer added.",
            Stage.CLEANUP: f"{choice.old} is no longer honoured: no live object may carry it.",
        }[plan.stage]
        paragraphs.append(f"{choice.old} becomes {choice.new} ({choice.key} in {choice.path}). {kept}")
    for matrix in plan.matrices:
        paragraphs.append(f"{matrix.name}: {matrix.advice}")
    for diagnostic in (*plan.left, *plan.intended):
        paragraphs.append(f"Left: {diagnostic.where}: {diagnostic.message}: {diagnostic.left_because}.")
    body = "\n\n".join(textwrap.fill(p, 72, break_long_words=False, break_on_hyphens=False) for p in paragraphs)
    return _SUBJECTS[plan.stage], body
