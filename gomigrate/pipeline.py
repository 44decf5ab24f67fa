"""The one straight way: checkout → index → candidates → operations → plan → edits."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gomigrate.ahead import Ahead
from gomigrate.checkout import Checkout
from gomigrate.errors import UserError, printable
from gomigrate.index import opened, searched, wanted_names
from gomigrate.model import ModuleFacts, Note, Plan, Requirement, Stage
from gomigrate.packs import Pack
from gomigrate.selection import Selection

if TYPE_CHECKING:
    from gomigrate.finalizer.analysis import Analysis
    from gomigrate.go.modules import Module
    from gomigrate.go.syntax import SourceFile
    from gomigrate.go.workspace import Workspace


class Options(NamedTuple):
    """`note` is what a reader is to know of how these were chosen; with `tidy` the module files follow the plan,
    with `companions` files beside the Go code that hold a name that changes."""

    stage: Stage = Stage.SWITCH
    constant_package: str = ""
    selection: Selection = Selection()
    note: str = ""
    tidy: bool = False
    companions: bool = False


_DEFAULTS = Options()


def plan_checkout(path: Path, pack: Pack, options: Options = _DEFAULTS, ahead: Ahead | None = None) -> Plan:
    """Everything that would change in a checkout, and everything found. Reads only; raises UserError."""
    if ahead is None:
        ahead = Ahead(path)
        ahead.search(pack)
        try:
            return plan_checkout(path, pack, options, ahead)
        finally:
            ahead.background.close()
    started = time.perf_counter()
    # What is imported here is so while the checkout is read.
    from gomigrate.finalizer.analysis import Analysis
    from gomigrate.finalizer.finding import candidates, early
    from gomigrate.finalizer.looking import begin
    from gomigrate.finalizer.name_diagnostics import unmatched
    from gomigrate.finalizer.plan import make_plan
    from gomigrate.git.folder import origin
    from gomigrate.git.web import web_folder
    from gomigrate.go.workspace import Workspace

    candidates(pack)
    asked = ahead.background.ask("companions", wanted_names(pack.finalizers, options.stage))
    checkout = opened(ahead.walked())
    checkout.elsewhere = ahead.background.run
    workspace = Workspace(checkout)
    # What is known to be looked into is parsed while the other process reads on.
    parsed: list[SourceFile | None] = []
    index = searched(
        checkout, ahead.scan, pack.needles, pack.names, ahead.searched, lambda *file: parsed.append(early(*file))
    )
    ahead.foresee(index.touching)
    ahead.prepare()
    read = time.perf_counter()
    analysis = begin(
        Analysis(
            workspace,
            pack,
            options.stage,
            selection=options.selection,
            index=index,
            tidy=options.tidy,
            forced=ahead.forced,
        )
    )
    parsed.clear()
    if analysis.names:
        ahead.list_methods()
    beside = asked()
    if beside:
        from gomigrate.companions.search import public_names

        analysis.public = public_names(checkout, beside, pack.finalizers, options.selection)
    found = time.perf_counter()
    outcome = make_plan(analysis, options.constant_package, ahead.render)
    planned = time.perf_counter()
    if outcome.names and beside:
        from gomigrate.companions.describe import companions

        told = companions(checkout, beside, outcome.names, options.stage, options.selection, write=options.companions)
        outcome = outcome.with_companions(told.diagnostics, told.originals, told.changes)
    _refuse_overwriting(checkout, outcome.originals, outcome.changes)
    _refuse_left_out(options.selection, outcome.changes)
    chosen = [Note("", options.note)] if options.note else []
    notes = [
        *chosen,
        *_git_notes(checkout),
        *_module_notes(workspace),
        *checkout.notes,
        *unmatched(analysis),
        *outcome.notes,
    ]
    commit = _commit(checkout.top)
    return Plan(
        checkout=checkout.top.name or str(checkout.top),
        commit=commit,
        web=web_folder(origin(checkout.top), commit),
        pack=pack.name,
        stage=options.stage,
        diagnostics=outcome.diagnostics,
        originals=outcome.originals,
        changes=outcome.changes,
        constants=outcome.constants,
        matrices=outcome.matrices,
        modules=_modules(analysis, outcome.changes),
        module_changes=outcome.module_changes,
        requirements=_requirements(analysis, outcome.changes),
        notes=tuple(dict.fromkeys(notes)),
        timings=(("read", read - started), ("parse", found - read), ("plan", planned - found)),
        counts={
            "go_files": len(checkout.go_files),
            "parsed_files": len(analysis.files),
            "modules": len(workspace.modules),
        },
        proposals=analysis.proposals,
    )


def _modules(analysis: Analysis, changes: Iterable[str]) -> tuple[ModuleFacts, ...]:
    facts = []
    for module in _touched(analysis, changes):
        runtime = analysis.runtime(module.directory)
        facts.append(ModuleFacts(module.path, module.directory, runtime.version, runtime.source, touched=True))
    return tuple(facts)


def _requirements(analysis: Analysis, changes: Mapping[str, bytes | None]) -> tuple[Requirement, ...]:
    from gomigrate.finalizer.objectmodel import CONTROLLERUTIL

    calling = [path for path, new in changes.items() if new is not None and CONTROLLERUTIL.encode() in new]
    added = (analysis.runtime(module.directory).adds for module in _touched(analysis, calling))
    return tuple(requirement for requirement in added if requirement is not None)


def _touched(analysis: Analysis, changes: Iterable[str]) -> list[Module]:
    workspace = analysis.workspace
    found = {m.directory: m for p in changes if (m := workspace.module_of(p.rpartition("/")[0])) is not None}
    return [found[directory] for directory in sorted(found)]


def _commit(top: Path) -> str:
    """The commit that the plan is made from; "" when there is none, or git cannot say."""
    from gomigrate.git.folder import find_top
    from gomigrate.git.repository import head_commit

    try:
        return head_commit(top) if find_top(top) is not None else ""
    except UserError:
        return ""


def _refuse_overwriting(checkout: Checkout, originals: dict[str, bytes], changes: dict[str, bytes | None]) -> None:
    """A new file never takes the place of one that was not read: a link, a huge one, one that no name was left for."""
    for path in changes:
        if path not in originals and checkout.exists(path):
            raise UserError(
                f"{printable(path)}: a new file is to go here, and there is something already. Move it away, or choose "
                "another package by --constant-package."
            )


def _refuse_left_out(selection: Selection, changes: dict[str, bytes | None]) -> None:
    """The analysis sees to it; a person's word is kept even when it has a mistake."""
    for path in changes:
        reason = selection.left_out(path)
        if reason:
            raise UserError(f"{printable(path)}: would change, but {reason}; nothing was written. Please report this.")


def _module_notes(workspace: Workspace) -> list[Note]:
    said = "no go.mod in this checkout: its own packages cannot be told from others, and what needs them is left"
    return [] if workspace.modules else [Note("", f"{said}; run `go mod init` first")]


def _git_notes(checkout: Checkout) -> list[Note]:
    from gomigrate.git.folder import in_progress

    running = in_progress(checkout.top)
    return [Note("", f"a {running} is in progress in this checkout")] if running else []
