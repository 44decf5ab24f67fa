"""The one model that every report is rendered from: plain values that JSON can hold, in a fixed order."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from gomigrate import __version__
from gomigrate.fingerprints import fingerprints
from gomigrate.model import (
    Confidence,
    ConstantChoice,
    Diagnostic,
    Evidence,
    MatrixCell,
    Note,
    Operation,
    Plan,
    Stage,
    UpgradeMatrix,
)
from gomigrate.report.verification import verification_view

if TYPE_CHECKING:
    from gomigrate.verify.results import Compared

STAGES = {
    Stage.PREPARE: "adds the old name, and honours the old and the new one",
    Stage.SWITCH: "adds the new name, and honours the new and the old one",
    Stage.CLEANUP: "adds the new name, and no longer knows the old one",
}

NARROWED = {
    Operation.HAS_ANY: "was true when the object had any finalizer; is now true only when it has ours",
    Operation.CLEAR: "removed every finalizer, those of other controllers too; now removes only ours",
    Operation.SET_IF_EMPTY: "added ours only to an empty list; now adds it beside those of others too",
}

# Written into the report when a stage forgot to say why a change may be believed: never counted as proven.
UNPROVEN = Evidence(Confidence.ASSUMED, "no evidence was recorded for this change")

SAFE_WHEN = (
    "The old name may go (stage cleanup) once this lists no object and prints no line with INCOMPLETE, in every "
    "cluster, after the last release that still adds the old name is gone. An object keeps the old name until the"
    " code removes its finalizers, as a rule when it is deleted: one that lives on keeps it. Wait for the last of"
    " them, or take the old name off by hand once the new one is there."
)


def build_view(
    plan: Plan,
    *,
    versions: dict[str, str] | None = None,
    timings: Iterable[tuple[str, float]] | None = None,
) -> dict[str, Any]:
    """Everything a report says about a plan.

    `versions` and `timings` replace the measured ones where a report must be the same on every machine.
    """
    changed = sorted(plan.changed, key=_place)
    left = sorted(plan.left, key=_place)
    intended = sorted(plan.intended, key=_place)
    files = [
        {"path": path, "change": _file_change(plan, path)}
        for path in sorted(plan.changes)
        if plan.changes[path] != plan.originals.get(path)
    ]
    marks = fingerprints(plan.diagnostics)
    compared = {c.diagnostic: c for c in plan.verification.compared} if plan.verification else {}
    view = {
        "checkout": os.path.basename(plan.checkout.rstrip("/\\")),
        "commit": plan.commit,
        "web": plan.web,
        "pack": plan.pack,
        "stage": {"name": plan.stage.value, "meaning": STAGES[plan.stage]},
        "summary": _summary(plan, changed, left, intended, files),
        "names": [_name(choice, plan.matrices) for choice in plan.constants],
        "files": files,
        "changes": [_change(d, marks[d], compared.get(d)) for d in changed],
        "meaning": _meaning(changed),
        "constants": [_constant(choice) for choice in plan.constants],
        "left": [_left(d, marks[d]) for d in left],
        "intended": [_left(d, marks[d]) for d in intended],
        "matrices": [_matrix(matrix) for matrix in plan.matrices],
        "live_objects": _live_objects(plan.constants),
        "modules": [
            {
                "path": m.path,
                "directory": m.directory,
                "controller_runtime": m.controller_runtime,
                "source": m.source,
                "touched": m.touched,
            }
            for m in sorted(plan.modules, key=lambda m: (m.directory, m.path))
        ],
        "module_changes": list(plan.module_changes),
        "verification": verification_view(plan.verification) if plan.verification else None,
        "notes": note_values(plan.notes),
        "counts": [{"name": name, "value": plan.counts[name]} for name in sorted(plan.counts)],
        "versions": dict(versions) if versions is not None else read_versions(),
        "timings": [
            {"name": name, "seconds": round(float(seconds), 6)}
            for name, seconds in (plan.timings if timings is None else timings)
        ],
    }
    result = encodable(view)
    assert isinstance(result, dict)
    return result


def read_versions() -> dict[str, str]:
    """The versions that a result may depend on."""
    return {
        "gomigrate": __version__,
        "python": ".".join(map(str, sys.version_info[:3])),
        "tree-sitter": _distribution_version("tree_sitter"),
        "tree-sitter-go": _distribution_version("tree_sitter_go"),
    }


def _distribution_version(module: str) -> str:
    # importlib.metadata costs as much time as the whole report; an installed wheel says its version in the
    # name of the folder beside the module.
    spec = find_spec(module)
    if spec is None or not spec.origin:
        return "not installed"
    for entry in os.listdir(os.path.dirname(os.path.dirname(spec.origin))):
        if entry.startswith(module + "-") and entry.endswith(".dist-info"):
            return entry[len(module) + 1 : -len(".dist-info")]
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(module.replace("_", "-"))
    except PackageNotFoundError:
        return "unknown"


def _place(diagnostic: Diagnostic) -> tuple[str, int, int, str]:
    return diagnostic.path, diagnostic.line, diagnostic.column, diagnostic.rule.id


def _file_change(plan: Plan, path: str) -> str:
    if plan.changes[path] is None:
        return "deleted"
    return "changed" if path in plan.originals else "added"


def _evidence(diagnostic: Diagnostic) -> Evidence:
    return diagnostic.evidence or UNPROVEN


def finding_values(diagnostics: Sequence[Diagnostic]) -> list[dict[str, Any]]:
    """Findings of `check`, in the order given: what a report says of places that are left."""
    marks = fingerprints(diagnostics)
    found = [encodable(_left(d, marks[d])) for d in diagnostics]
    assert isinstance(found, list)
    return found


def note_values(notes: Sequence[Note]) -> list[dict[str, str]]:
    """What a reader must know that is no finding."""
    found = [encodable({"path": n.path, "text": n.text}) for n in notes]
    assert isinstance(found, list)
    return found


def _finding(d: Diagnostic, fingerprint: str) -> dict[str, Any]:
    return {
        "fingerprint": fingerprint,
        "rule": d.rule.id,
        "rule_name": d.rule.name,
        "severity": d.rule.severity.value,
        "where": d.where,
        "path": d.path,
        "line": d.line,
        "column": d.column,
        "end_line": d.end_line,
        "message": d.message,
        "operation": d.operation.value if d.operation else None,
        "name": d.name,
        "before": d.before,
    }


def _change(d: Diagnostic, fingerprint: str, run: Compared | None) -> dict[str, Any]:
    evidence = _evidence(d)
    assert d.fix is not None
    rest = "assumed" if evidence.confidence is Confidence.ASSUMED else "evaluated"
    return _finding(d, fingerprint) | {
        "fix": d.fix.message,
        "after": d.fix.after,
        "edits": [
            {
                "path": e.path,
                "start": e.start,
                "end": e.end,
                "new_text": e.new_text.decode(errors="backslashreplace"),
            }
            for e in d.fix.edits
        ],
        "confidence": evidence.confidence.value,
        "evidence": f"{evidence.how}; {run.text}" if run else evidence.how,
        "proof": ("differs in Go" if run.verdict == "worse" else "run in Go") if run else rest,
        "object_type": evidence.object_type,
        "differences": [{"name": x.name, "text": x.text, "example": x.example} for x in evidence.differences],
    }


def _left(d: Diagnostic, fingerprint: str) -> dict[str, Any]:
    requirement = d.requirement._asdict() if d.requirement is not None else None
    left = {"reason": d.left_because, "next_step": d.next_step, "suppressed": d.suppressed, "requirement": requirement}
    return _finding(d, fingerprint) | left


def _meaning(changed: Sequence[Diagnostic]) -> list[dict[str, Any]]:
    """What does not stay as it was, or is not proven to: one entry for each kind, with all its places."""
    groups: dict[tuple[str, str, str, str], dict[str, Any]] = {}

    def note(d: Diagnostic, kind: str, name: str, text: str, example: str) -> None:
        operation = d.operation.value if d.operation else None
        group = groups.setdefault(
            (kind, operation or "", name, text),
            {
                "kind": kind,
                "operation": operation,
                "name": name,
                "text": text,
                "example": example,
                "places": [],
            },
        )
        if d.where not in group["places"]:
            group["places"].append(d.where)

    for d in changed:
        evidence = _evidence(d)
        narrowed = evidence.confidence is Confidence.NARROWED
        for x in evidence.differences:
            note(d, "narrowed" if narrowed else "difference", x.name, x.text, x.example)
        if narrowed and not evidence.differences:
            text = NARROWED.get(d.operation) if d.operation else None
            note(d, "narrowed", "", text or "concerned the finalizers of others too; now only ours", "")
        if evidence.confidence is Confidence.ASSUMED:
            note(d, "assumed", "", evidence.object_type or "not known", "")
    order = {"narrowed": 0, "difference": 1, "assumed": 2}
    return sorted(groups.values(), key=lambda g: (order[g["kind"]], g["operation"] or "", g["name"]))


def _name(choice: ConstantChoice, matrices: Sequence[UpgradeMatrix]) -> dict[str, Any]:
    matrix = next((m for m in matrices if m.name in (choice.old, choice.new)), None)
    existing, rollback = (_upgrade(matrix.cells), _rollback(matrix.cells)) if matrix else ([], [])
    return {
        "old": choice.old,
        "new": choice.new,
        "key": choice.key,
        "legacy_key": choice.legacy_key,
        "existing_objects": _fate(existing),
        "rollback": _fate(rollback),
    }


def _constant(choice: ConstantChoice) -> dict[str, Any]:
    return {
        "key": choice.key,
        "legacy_key": choice.legacy_key,
        "package": choice.package,
        "path": choice.path,
        "why": choice.why,
        "moved_from": choice.moved_from,
        "users": sorted(choice.users),
    }


def _upgrade(cells: Iterable[MatrixCell]) -> list[MatrixCell]:
    return [c for c in cells if c.handled_by and c.handled_by[-1] == "new"]


def _rollback(cells: Iterable[MatrixCell]) -> list[MatrixCell]:
    """Cells that end in the old code after the new code had the object in its hands."""
    return [c for c in cells if c.handled_by and c.handled_by[-1] == "old" and "new" in (c.created_by, *c.handled_by)]


def _fate(cells: Sequence[MatrixCell]) -> str:
    if not cells:
        return "unknown"
    return "freed" if all(c.freed for c in cells) else "stuck"


def _matrix(matrix: UpgradeMatrix) -> dict[str, Any]:
    return {
        "name": matrix.name,
        "before": list(matrix.before),
        "after": list(matrix.after),
        "cells": [
            {
                "created_by": c.created_by,
                "handled_by": list(c.handled_by),
                "freed": c.freed,
                "left": list(c.left),
                "certain": c.certain,
                "why": c.why,
            }
            for c in matrix.cells
        ],
        "advice": matrix.advice,
    }


def _summary(
    plan: Plan,
    changed: Sequence[Diagnostic],
    left: Sequence[Diagnostic],
    intended: Sequence[Diagnostic],
    files: Sequence[dict[str, str]],
) -> dict[str, Any]:
    confidences = [_evidence(d).confidence for d in changed]
    kinds = [f["change"] for f in files]
    return {
        "verdict": _verdict(plan, bool(changed or files), len(left)),
        "changes": len(changed),
        "exact": confidences.count(Confidence.EXACT),
        "narrowed": confidences.count(Confidence.NARROWED),
        "assumed": confidences.count(Confidence.ASSUMED),
        "files_changed": kinds.count("changed"),
        "files_added": kinds.count("added"),
        "files_deleted": kinds.count("deleted"),
        "left": len(left),
        "intended": len(intended),
    }


def _verdict(plan: Plan, changes: bool, left: int) -> str:
    if left:
        rest = "1 place is left to you" if left == 1 else f"{left} places are left to you"
    else:
        rest = "nothing is left to you"
    if not changes:
        return f"The patch is empty: {rest}."
    cells = [c for matrix in plan.matrices for c in matrix.cells]
    upgrade, rollback = _fate(_upgrade(cells)), _fate(_rollback(cells))
    renamed = {c.old for c in plan.constants if c.old and c.old != c.new}
    if upgrade == "stuck" and plan.stage is Stage.CLEANUP:
        objects = "Release this only when no live object carries an old name any more (the command is below)"
    elif upgrade == "stuck":
        objects = "Do not release this as it is: some live objects would be stuck for ever"
    elif upgrade == "freed" and rollback == "stuck":
        objects = "Live objects are still freed, but after a rollback some would be stuck for ever"
    elif upgrade == "freed" and rollback == "freed":
        objects = "Live objects are still freed, after a rollback too"
    elif upgrade == "freed":
        objects = "Live objects are still freed"
    elif renamed:
        objects = "A finalizer name changes, and what happens to live objects could not be computed"
    else:
        objects = "No finalizer name changes"
    if cells and renamed - {m.name for m in plan.matrices}:
        objects += " (not computed for every name)"
    return f"{objects}; {rest}."


def _live_objects(constants: Iterable[ConstantChoice]) -> dict[str, Any]:
    names = sorted({encodable(c.old) for c in constants if c.old and c.old != c.new})
    return {
        "names": names,
        "command": live_objects_command(names) if names else "",
        "commands": [{"name": name, "command": live_objects_command([name])} for name in names],
        "safe_when": SAFE_WHEN if names else "",
    }


def live_objects_command(names: Sequence[str]) -> str:
    """A shell command that lists the live objects, of whatever kind, that carry one of these finalizers.

    It prints `Kind namespace/name finalizer`. A kind that cannot be listed says so: silence must mean none.
    """
    wanted = " ".join(_go_string(name) for name in names)
    template = (
        "{{range .items}}{{$o := .}}{{range .metadata.finalizers}}{{if eq . " + wanted + "}}"
        "{{$o.kind}} {{with $o.metadata.namespace}}{{.}}/{{end}}{{$o.metadata.name}} {{.}}"
        '{{"\\n"}}{{end}}{{end}}{{end}}'
    )
    return (
        "{ kubectl api-resources --verbs=list -o name ||\n"
        "  echo 'INCOMPLETE: not every API answered' >&2; } | sort -u |\n"
        "while read -r resource; do\n"
        f"  kubectl get \"$resource\" -A -o go-template='{template}' </dev/null ||\n"
        '    echo "INCOMPLETE: $resource could not be listed" >&2\n'
        "done"
    )


def _go_string(name: str) -> str:
    """A Go string literal of harmless characters only: people paste it into a shell, inside single quotes."""
    return '"' + "".join(ch if ch.isascii() and (ch.isalnum() or ch in "./-_") else _go_char(ch) for ch in name) + '"'


def _go_char(ch: str) -> str:
    return f"\\u{ord(ch):04x}" if ord(ch) < 0x10000 else f"\\U{ord(ch):08x}"


def encodable(value: Any) -> Any:
    """The value with what is no Unicode (stray bytes in a path come as lone surrogates) written out."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return "".join(_surrogate(ch) if "\ud800" <= ch <= "\udfff" else ch for ch in value)
        return value
    if isinstance(value, dict):
        return {key: encodable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [encodable(item) for item in value]
    return value


def _surrogate(ch: str) -> str:
    return f"\\x{ord(ch) - 0xDC00:02x}" if "\udc80" <= ch <= "\udcff" else f"\\u{ord(ch):04x}"
