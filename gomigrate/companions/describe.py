"""A diagnostic for each place in a companion, and the new bytes of those that are changed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from gomigrate.catalogue import NAME_IN_COMPANION
from gomigrate.checkout import Checkout
from gomigrate.companions.places import Place, Role
from gomigrate.companions.search import is_generated, is_script, places_in
from gomigrate.go.edits import apply_edits
from gomigrate.model import Confidence, Diagnostic, Evidence, Stage, SuggestedFix, TextEdit
from gomigrate.packs import FinalizerName
from gomigrate.selection import Selection

_ASKED = "companions are changed when asked to"
_ASK = "say --companions to have it changed"
_LOOK = "look whether it must name the new finalizer"
_WHY = {
    Role.MANIFEST: "it is an item of metadata.finalizers, and nothing else is",
    Role.ADDS: "every place of the script that holds the name is understood",
    Role.TESTS: "every place of the script that holds the name is understood",
    Role.CONSTANT: "every place of the script that holds the name is understood",
    Role.TEXT: "",
}


class Companions(NamedTuple):
    """What was found in companions; `changes` maps paths to new bytes."""

    diagnostics: tuple[Diagnostic, ...]
    originals: dict[str, bytes]
    changes: dict[str, bytes | None]


class _Told(NamedTuple):
    """`text` takes the place of what is there; `doubt` says why it does not."""

    place: Place
    text: str
    doubt: str
    edits: tuple[TextEdit, ...]


def companions(
    checkout: Checkout,
    paths: Iterable[str],
    names: tuple[FinalizerName, ...],
    stage: Stage,
    selection: Selection,
    *,
    write: bool,
) -> Companions:
    """What becomes of these files at a stage of these names. Without `write` they are only told of."""
    diagnostics: list[Diagnostic] = []
    originals: dict[str, bytes] = {}
    changes: dict[str, bytes | None] = {}
    for path in paths:
        source = checkout.read(path)
        if source is None or selection.left_out(path) or not names:
            continue
        if is_script(path):
            told, edits = _script(checkout, path, source, names, stage)
        else:
            told, edits = _other(path, source, names, stage)
        diagnostics += [_diagnostic(source, t, write) for t in told]
        if edits and write:
            originals[path] = source
            changes[path] = apply_edits(source, edits)
    return Companions(tuple(diagnostics), originals, changes)


def _other(
    path: str, source: bytes, names: tuple[FinalizerName, ...], stage: Stage
) -> tuple[list[_Told], list[TextEdit]]:
    """Manifests and texts: what carries the name carries the new one, once it is the one that is added."""
    if stage is Stage.PREPARE:
        return [], []
    told = []
    for place in places_in(path, source, names):
        edits = () if place.doubt else (TextEdit(path, place.start, place.end, place.name.new.encode()),)
        told.append(_Told(place, place.name.new, place.doubt, edits))
    return told, [e for t in told for e in t.edits]


def _script(
    checkout: Checkout, path: str, source: bytes, names: tuple[FinalizerName, ...], stage: Stage
) -> tuple[list[_Told], list[TextEdit]]:
    if not any(name.old.encode() in source for name in names):
        return [], []
    from gomigrate.companions.rewriting import rewrite
    from gomigrate.companions.scripts import read_script
    from gomigrate.companions.texts import read_text

    script = read_script(path, source, names)
    if isinstance(script, str):
        found = read_text(path, source, names, script) if stage is not Stage.PREPARE else ()
        return [_Told(p, "", p.doubt, ()) for p in found], []
    rewriting = rewrite(path, script, stage, lambda word: _mentioned(checkout, path, word))
    doubt = "the file is generated" if is_generated(source) else rewriting.doubt
    edits = () if doubt else rewriting.edits
    return [_Told(u.place, text, u.place.doubt or doubt, edits) for u, text in rewriting.told], list(edits)


def _mentioned(checkout: Checkout, path: str, word: str) -> bool:
    """Whether another script of the checkout holds a word."""
    wanted = re.compile(rb"\b%b\b" % re.escape(word.encode()))
    others = (p for p in checkout.companion_files if is_script(p) and p != path)
    return any(wanted.search(checkout.read(p) or b"") for p in others)


def _diagnostic(source: bytes, told: _Told, write: bool) -> Diagnostic:
    place = told.place
    line_start = source.rfind(b"\n", 0, place.start) + 1
    line = source.count(b"\n", 0, place.start) + 1
    line_end = source.find(b"\n", place.end)
    before = source[line_start : len(source) if line_end < 0 else line_end].decode("utf-8", "replace").strip()
    written = " that people write" if place.public else ""
    message = f'"{place.name.old}" {place.role.value}{written}'
    changed = write and not told.doubt
    return Diagnostic(
        NAME_IN_COMPANION, place.path, line, place.start - line_start + 1, line, message, before,
        name=place.name.old,
        evidence=Evidence(Confidence.EXACT, _WHY[place.role]) if changed else None,
        fix=SuggestedFix("use the new name", told.edits, told.text) if changed else None,
        left_because="" if changed else told.doubt or _ASKED,
        next_step="" if changed else _LOOK if told.doubt else _ASK,
    )  # fmt: skip
