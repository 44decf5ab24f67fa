"""What becomes of a script at a stage: a constant for each name, and both names honoured where it looks for one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from gomigrate.companions.places import Place, Role
from gomigrate.companions.scripts import Constant, Script, Use
from gomigrate.model import Stage, TextEdit
from gomigrate.packs import FinalizerName

_ELSEWHERE = "another place of this script cannot be changed for certain"


class Rewriting(NamedTuple):
    """`told` are the uses that matter at this stage, each with the text that takes its place. `doubt` says why nothing
    is changed after all; `edits` are then for nobody."""

    told: tuple[tuple[Use, str], ...]
    edits: tuple[TextEdit, ...]
    doubt: str = ""


def rewrite(path: str, script: Script, stage: Stage, used_elsewhere: Callable[[str], bool]) -> Rewriting:
    """The edits of a script. `used_elsewhere` says whether another script may use a constant by this name."""
    told: list[tuple[Use, str]] = []
    edits: list[TextEdit] = []
    doubt = ""
    declared: list[str] = []
    for name in dict.fromkeys(u.place.name for u in script.uses):
        uses = [u for u in script.uses if u.place.name == name]
        rewriter = _Name(path, script, name, uses, stage)
        told += rewriter.told
        edits += rewriter.edits
        declared += rewriter.declared
        changed = rewriter.renamed
        if changed is not None and not changed.text.startswith("_") and used_elsewhere(changed.text):
            doubt = doubt or f"another script may use its constant {changed.text}"
        doubt = doubt or rewriter.doubt
    if declared:
        lines = "".join(f"{line}{script.newline}" for line in declared)
        edits.append(TextEdit(path, script.header, script.header, (script.newline + lines).encode()))
    uncertain = any(use.place.doubt and not use.idle for use, _ in told)
    return Rewriting(tuple(told), tuple(edits), doubt or (_ELSEWHERE if uncertain else ""))


class _Name:
    """One name in one script."""

    def __init__(self, path: str, script: Script, name: FinalizerName, uses: list[Use], stage: Stage) -> None:
        self.path, self.script, self.stage = path, script, stage
        self.told: list[tuple[Use, str]] = []
        self.edits: list[TextEdit] = []
        self.declared: list[str] = []
        self.renamed: Constant | None = None
        self.doubt = ""
        new = next((c for c in script.constants if c.value == name.new), None)
        old = next((c for c in script.constants if c.value == name.old), None)
        if new is not None and old is not None:
            self._migrated(uses, new.text, old.text)
        else:
            self._first(name, uses, new, old)

    def _migrated(self, uses: list[Use], key: str, legacy: str) -> None:
        """A script that knows both names: what puts the old one on objects is taken to the next stage."""
        if self.stage is Stage.CLEANUP:
            self.told = [(u, "") for u in uses if u.constant == legacy]
            self.doubt = "it honours both names: take the old one out by hand"
        elif self.stage is Stage.SWITCH:
            for use in uses:
                if use.place.role is Role.ADDS and use.constant in (legacy, ""):
                    self._replace(use, key)

    def _first(self, name: FinalizerName, uses: list[Use], new: Constant | None, old: Constant | None) -> None:
        tests = [u for u in uses if u.test is not None]
        if self.stage is Stage.PREPARE and not tests:
            return
        both = bool(tests) and self.stage is not Stage.CLEANUP
        key = new.text if new is not None else old.text if old is not None else self._free(_constant(name))
        legacy = self._free(f"_LEGACY{key}" if key.startswith("_") else f"LEGACY_{key}")
        for use in uses:
            if use.constant == key and old is None:
                continue
            if use.place.doubt:
                self.told.append((use, ""))
            elif use.test is not None and both:
                self._both(use, key, legacy)
            else:
                text = legacy if self.stage is Stage.PREPARE else key
                if use.constant != text:
                    self._replace(use, text)
        if old is not None:
            self.renamed = old
            place = Place(self.path, name, old.start, old.end, Role.CONSTANT)
            quoted = f'"{name.new}"'
            self.told.append((Use(place, old.text), quoted))
            self.edits.append(TextEdit(self.path, old.start, old.end, quoted.encode()))
            if both:
                line = f'{self.script.newline}{legacy} = "{name.old}"'
                self.edits.append(TextEdit(self.path, old.end, old.end, line.encode()))
        elif self.told:
            self.declared += [f'{key} = "{name.new}"'] if new is None else []
            self.declared += [f'{legacy} = "{name.old}"'] if both else []

    def _replace(self, use: Use, text: str) -> None:
        self.told.append((use, text))
        self.edits.append(TextEdit(self.path, use.place.start, use.place.end, text.encode()))

    def _both(self, use: Use, key: str, legacy: str) -> None:
        test = use.test
        assert test is not None
        if test.form in ("in", "not in"):
            joined = "or" if test.form == "in" else "and"
            text = f"{key} {test.form} {test.other} {joined} {legacy} {test.form} {test.other}"
            text = text if test.alone else f"({text})"
        else:
            text = f"{test.other} {'in' if test.form == '==' else 'not in'} ({key}, {legacy})"
        self.told.append((use, text))
        self.edits.append(TextEdit(self.path, test.start, test.end, text.encode()))

    def _free(self, name: str) -> str:
        while name in self.script.taken:
            name += "_NAME"
        return name


def _constant(name: FinalizerName) -> str:
    """FINALIZER for example.org/finalizer, MACHINE_FINALIZER for example.org/machine."""
    text = re.sub(r"[^A-Z0-9]+", "_", name.new.rpartition("/")[2].upper()).strip("_")
    text = text if "FINALIZER" in text else f"{text}_FINALIZER"
    return f"_{text}" if text[:1].isdigit() else text
