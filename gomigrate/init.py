"""`gomigrate init`: a first configuration for a checkout, from what is found in it."""

from __future__ import annotations

import json
import os
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from gomigrate import packs
from gomigrate.catalogue import RULES
from gomigrate.choice import choose
from gomigrate.configuration import OWN_NAME, find
from gomigrate.errors import UserError, printable
from gomigrate.finalizer.mapping import with_mapping
from gomigrate.git.folder import top_of
from gomigrate.interrupts import held_back
from gomigrate.model import Plan, Stage, UpgradeMatrix
from gomigrate.packs import Pack
from gomigrate.pipeline import Options, plan_checkout
from gomigrate.temporaries import begin, clean
from gomigrate.terminal import plural

_STATES = {
    Stage.PREPARE: "the old name is added, both are honoured",
    Stage.SWITCH: "the new name is added, both are honoured",
    Stage.CLEANUP: "the new name only",
}


class Written(NamedTuple):
    """The file that was written, and what was found, a line each."""

    path: Path
    found: tuple[str, ...]


def write_configuration(checkout: Path, pack: str | None, rules: Path | None, stage: str | None) -> Written:
    """Looks at a checkout and writes a `.gomigrate.toml` at its top.

    What is None is chosen. Raises UserError, with nothing written, when there are settings already.
    """
    top = top_of(checkout)
    path = top / OWN_NAME
    clean(path)
    if os.path.lexists(path):
        raise _there_already(path)
    configured = find(top, top)
    if configured.source:
        raise _there_already(top / configured.source)
    loaded = packs.load(pack, rules) if pack else choose(top, top, rules).pack
    plan = plan_checkout(checkout, loaded, Options(Stage(stage or Stage.SWITCH)))
    if plan.proposals:
        # What the stage must be shows only when the names are to be renamed.
        mapped = with_mapping(loaded, {p.old: p.new for p in plan.proposals if p.new})
        plan = plan_checkout(checkout, mapped, Options(plan.stage))
    advised = Stage(stage) if stage else _advised(plan)
    _write_new(path, configuration_text(plan, loaded, advised))
    return Written(path, tuple(_found(plan, loaded, advised)))


def _there_already(path: Path) -> UserError:
    return UserError(f"{printable(str(path))}: holds settings already and is not overwritten. Edit or remove it.")


def _advised(plan: Plan) -> Stage:
    """Prepare, where a release and its rollback would leave objects stuck without it."""
    stuck = any(not cell.freed for matrix in plan.matrices for cell in matrix.cells)
    return Stage.PREPARE if stuck else plan.stage


def _names(plan: Plan, pack: Pack, none: str) -> str:
    """The old names that the code speaks of, in a row, or what to say when there is `none` of the pack's own."""
    if pack.finds_names:
        return ", ".join(p.old for p in plan.proposals) or "none that needs another"
    there = {d.name for d in plan.diagnostics}
    return ", ".join(f.old for f in pack.finalizers if f.old in there) or none


def _found(plan: Plan, pack: Pack, stage: Stage) -> list[str]:
    names = _names(plan, pack, "none of the pack's names")
    lines = [
        f"{plural(plan.counts['go_files'], 'Go file')} in {plural(plan.counts['modules'], 'module')}",
        f"finalizer names (pack {pack.name}): {names}",
        f"places: {len(plan.changed)} to change, {len(plan.left)} left for you, {len(plan.intended)} left on purpose",
        f"stage {stage.value}: {_STATES[stage]}",
    ]
    return lines


def configuration_text(plan: Plan, pack: Pack, stage: Stage) -> str:
    """The file: what is chosen, and as comments what can be chosen and why one would."""
    count = Counter(d.rule.name for d in plan.diagnostics)
    names = _names(plan, pack, "none of its names")
    parts = [
        *_comment(
            "Settings of gomigrate for this project. Each may be left out; an option on the command line beats it."
        ),
        "",
        *_comment(f"What is known of the project: see `gomigrate rules show {pack.name}`. Found here: {names}."),
        f'pack = "{pack.name}"',
        "",
        *_comment("What the resulting code does:"),
        *(f"#   {s.value:8} {text}" for s, text in _STATES.items()),
        *(line for m in plan.matrices for line in _comment(_verdict(m))),
        f'stage = "{stage.value}"',
        "",
        *_comment("Where new constants go, a folder or an import path. Without it, this is chosen:"),
        *(line for c in plan.constants for line in _comment(f"{c.key} in {c.path}: {c.why}", "  ")),
        '# constant-package = "api/v1"',
        "",
        *_comment(
            "Files to look after, and files to leave alone, in git's ignore language. What is left alone is still "
            "read, and what it uses stays."
        ),
        '# include = ["/pkg/"]',
        '# exclude = ["/legacy/"]',
        "",
        *(_mapping(plan) if pack.finds_names else ()),
        *_comment(
            "How `check` reports a rule: error, warning, note (shown, but no failure) or off. Places found here:"
        ),
        "[severities]",
        *(
            f"# {f'{r.name} = ' + chr(34) + r.severity.value + chr(34):36} # {count[r.name]}"
            for r in RULES
            if count[r.name]
        ),
    ]
    return "\n".join(parts) + "\n"


def _mapping(plan: Plan) -> Iterator[str]:
    yield from _comment(
        "Finalizer names to change, old = new. These are proposals: edit them before the first patch, since objects "
        "keep a name once it was released. A name that stands here as a comment, or not at all, stays as it is."
    )
    yield "[names]"
    for proposal in plan.proposals:
        yield from _comment(proposal.why, "  ")
        new = proposal.new or "your.domain/name"
        # A TOML string is written as JSON writes one.
        yield f"{'' if proposal.new else '# '}{_quoted(proposal.old)} = {_quoted(new)}"
    yield ""


def _quoted(text: str) -> str:
    return json.dumps(printable(text))


def _verdict(matrix: UpgradeMatrix) -> str:
    stuck = sum(not cell.freed for cell in matrix.cells)
    if not stuck:
        return f"{matrix.name}: safe in one step, and can be rolled back."
    return (
        f"{matrix.name}: {stuck} of {len(matrix.cells)} orders of upgrade and rollback would leave objects stuck, were "
        "it done in one step. Release prepare, switch and cleanup one after the other."
    )


def _comment(text: str, indent: str = "") -> Iterable[str]:
    wrapped = textwrap.wrap(printable(text), 96 - len(indent), break_long_words=False, break_on_hyphens=False)
    return (f"# {indent}{line}" for line in wrapped)


def _write_new(path: Path, text: str) -> None:
    try:
        with held_back(done=True):
            new = begin(path)
            try:
                new.write(text.encode())
                new.place_new()
            finally:
                new.discard()
    except FileExistsError:
        raise _there_already(path) from None
    except OSError as error:
        raise UserError(f"{printable(str(path))}: cannot be written: {error.strerror}. Nothing was written.") from None
