"""A diagnostic for each finalizer name that the API server warns about and that no mapping renames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tree_sitter import Node

from gomigrate.catalogue import COMPUTED_NAME, UNQUALIFIED_NAME
from gomigrate.finalizer.analysis import Analysis
from gomigrate.finalizer.found import FoundName
from gomigrate.finalizer.places import at
from gomigrate.finalizer.qualified import Verdict, complaint
from gomigrate.finalizer.refusals import is_past
from gomigrate.go.references import Reference
from gomigrate.go.syntax import SourceFile
from gomigrate.model import Diagnostic, Note

if TYPE_CHECKING:
    from gomigrate.finalizer.sources import Source


def describe_names(analysis: Analysis) -> Iterator[Diagnostic]:
    """Names left as they are, with where each is declared and used, and names that are not known before the program
    runs."""
    if not analysis.pack.finds_names:
        return
    mapped = {u.rule.old for u in analysis.names}
    proposed = {p.old: p.new for p in analysis.proposals}
    for found in analysis.found.names:
        refused = analysis.refused_names.get(found.text, "")
        wanted = refused or found.verdict in (Verdict.UNQUALIFIED, Verdict.INVALID)
        if wanted and found.text not in mapped and (refused or not is_past(analysis.references, found)):
            yield from _left(analysis, found, refused, proposed.get(found.text, ""))
    for _, source in analysis.found.unknown:
        if not source.file.is_test:
            yield at(
                COMPUTED_NAME, source.file, source.node, "the finalizer's name is only known as the program runs",
                left_because=source.reason, next_step="see that every name that it can get is domain-qualified",
            )  # fmt: skip


def unmatched(analysis: Analysis) -> tuple[Note, ...]:
    """A note for each old name of the mapping that this checkout does not have."""
    if not analysis.pack.finds_names:
        return ()
    known = {f.text for f in analysis.found.names if f.verdict is not Verdict.STANDARD}
    known |= {name for u in analysis.names if u.present for name in (u.rule.old, u.rule.new)}
    missing = {f.old: "no finalizer of this name was found in the checkout" for f in analysis.pack.finalizers}
    asked = {**missing, **analysis.pack.refused}
    return tuple(Note("", f"[names] {old!r}: {why}") for old, why in asked.items() if old not in known)


def _left(analysis: Analysis, found: FoundName, refused: str, proposed: str) -> Iterator[Diagnostic]:
    places: list[tuple[SourceFile, Node, str]] = [
        *((d.file, d.value.spec, f"{d.symbol} holds") for d in found.declared),
        *((s.file, s.node, "here stands") for s in found.literals),
        *((s.file, s.node, _gives(s)) for s in found.computed),
    ]
    focus = analysis.focus
    if focus is not None and not any(f.path in focus for f, _, _ in places):
        places = [(f.file, f.node, f"{f.file.text(f.node)} is") for f in found.flows]
    first, *others = places
    file, node, holds = first
    elsewhere = [(f, n) for f, n, _ in others] + [(r.file, r.node) for r in _uses(analysis, found)]
    used = _listed([(f, n) for f, n in elsewhere if not f.is_test])
    tests = len({(f.path, n.start_byte) for f, n in elsewhere if f.is_test})
    words = f'{holds} "{found.text}", {_warned(found)}'
    words += f"; used at {used}" if used else ""
    words += f"; in tests {tests} more time{'s' if tests > 1 else ''}" if tests else ""
    such = f", such as {proposed!r}," if proposed else ""
    given = "change the code or the name in [names]" if refused else f"give it a new name{such} in [names]"
    yield at(
        UNQUALIFIED_NAME, file, node, words, name=found.text, left_because=refused or "no new name is given for it",
        next_step=f"{given}, then run again",
    )  # fmt: skip


def _uses(analysis: Analysis, found: FoundName) -> list[Reference]:
    """References of its constants, and the places where it flows otherwise."""
    uses = [r for declared in found.declared for r in analysis.refs(declared.symbol)]
    seen = {(r.file.path, r.node.start_byte) for r in uses}
    flows = [Reference(f.file, f.node) for f in found.flows if (f.file.path, f.node.start_byte) not in seen]
    literals = {(s.file.path, s.node.start_byte) for s in found.literals}
    return uses + [r for r in flows if (r.file.path, r.node.start_byte) not in literals]


def _gives(source: Source) -> str:
    one = source.declared is not None and len(source.texts) == 1
    return f"{source.declared.symbol} holds" if one and source.declared is not None else "this can be"


def _warned(found: FoundName) -> str:
    if found.verdict is Verdict.UNQUALIFIED:
        return "which is not domain-qualified: the API server warns about it"
    if found.verdict is Verdict.INVALID:
        return f"which the API server refuses: {complaint(found.text)}"
    return "which is to be renamed"


def _listed(places: Iterable[tuple[SourceFile, Node]]) -> str:
    """`a.go:3, 9; b.go:4`."""
    lines: dict[str, set[int]] = {}
    for file, node in places:
        lines.setdefault(file.path, set()).add(file.position(node.start_byte)[0])
    return "; ".join(f"{path}:{', '.join(map(str, sorted(lines[path])))}" for path in sorted(lines))
