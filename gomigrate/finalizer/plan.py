"""From the analysis to the plan: which bytes change, and a diagnostic for everything found.

What cannot be written is handed back to the analysis with its reason, which then leaves whatever depends on it; the
plan is made anew until all of it holds together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from tree_sitter import Node

from gomigrate.catalogue import ARBITRARY_FIXTURE, DIRECTIVE
from gomigrate.checkout import is_generated
from gomigrate.errors import UserError
from gomigrate.finalizer import constants, diagnostics, stage_diagnostics
from gomigrate.finalizer.analysis import Analysis
from gomigrate.finalizer.blocking import is_addition
from gomigrate.finalizer.decision import Decision, Going, function_around
from gomigrate.finalizer.deleting import is_thin, offered
from gomigrate.finalizer.exported import deprecation, is_offered
from gomigrate.finalizer.fixtures import Fixture, find_fixtures, may_hold_fixtures
from gomigrate.finalizer.matrix import behaviour_before, upgrade_matrix
from gomigrate.finalizer.names import Declared, NameUses
from gomigrate.finalizer.placement import Placement, place
from gomigrate.finalizer.removal import removal_edits
from gomigrate.finalizer.rewrite import Namer, Refused, Rewrite, Rewriter
from gomigrate.finalizer.roles import is_harmless, is_test_code
from gomigrate.finalizer.rounds import run
from gomigrate.finalizer.stages import Left, Step, next_stage
from gomigrate.go.edits import Conflict
from gomigrate.go.format import align_value_groups, tidy, touches_layout
from gomigrate.go.imports import with_imports
from gomigrate.go.references import Reference, Symbol
from gomigrate.go.syntax import SourceFile, newline_of
from gomigrate.model import ConstantChoice, Diagnostic, Note, Operation, Stage, TextEdit, UpgradeMatrix
from gomigrate.packs import FinalizerName, Render

NARROWED = frozenset({Operation.HAS_ANY, Operation.CLEAR, Operation.SET_IF_EMPTY})
MAX_ROUNDS = 12


@dataclass(slots=True)
class Draft:
    """Everything that one round wants to change."""

    placements: dict[str, Placement] = field(default_factory=dict)
    rewrites: list[tuple[Decision, Rewrite]] = field(default_factory=list)
    references: list[tuple[NameUses, Reference, str]] = field(default_factory=list)
    fixtures: list[tuple[NameUses, Fixture, str]] = field(default_factory=list)
    left_fixtures: list[Fixture] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    left_stages: list[tuple[NameUses, Left]] = field(default_factory=list)
    edits: dict[str, list[TextEdit]] = field(default_factory=dict)
    imports: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    removed: dict[str, tuple[SourceFile, list[Node]]] = field(default_factory=dict)
    deprecated: dict[Symbol, TextEdit] = field(default_factory=dict)
    created: dict[str, bytes] = field(default_factory=dict)
    aligned: dict[str, list[str]] = field(default_factory=dict)
    tidied: set[str] = field(default_factory=set)

    def edit(self, edits: tuple[TextEdit, ...] | list[TextEdit]) -> None:
        for edit in edits:
            self.edits.setdefault(edit.path, []).append(edit)

    def need(self, path: str, imports: dict[str, str]) -> None:
        self.imports.setdefault(path, set()).update((alias, p) for p, alias in imports.items())

    def remove(self, file: SourceFile, node: Node) -> None:
        self.removed.setdefault(file.path, (file, []))[1].append(node)

    def remove_constant(self, declared: Declared) -> None:
        """Takes out a constant; what stands in its group is laid out anew."""
        self.remove(declared.file, declared.value.spec)
        beside = [v.name for v in declared.file.values.values() if v.spec.parent == declared.value.spec.parent]
        self.aligned.setdefault(declared.file.path, []).extend(beside)


class Outcome(NamedTuple):
    """The finished plan of one analysis, before anything outside of the code is known of it. `names` are those that are
    at the stage with it."""

    diagnostics: tuple[Diagnostic, ...]
    originals: dict[str, bytes]
    changes: dict[str, bytes | None]
    constants: tuple[ConstantChoice, ...]
    matrices: tuple[UpgradeMatrix, ...]
    module_changes: tuple[str, ...] = ()
    names: tuple[FinalizerName, ...] = ()
    notes: tuple[Note, ...] = ()

    def with_companions(
        self, found: Iterable[Diagnostic], originals: dict[str, bytes], changes: dict[str, bytes | None]
    ) -> Outcome:
        """This plan with what was found and changes beside the Go code."""
        return self._replace(
            diagnostics=tuple(sorted((*self.diagnostics, *found), key=lambda d: (d.path, d.line, d.column, d.rule.id))),
            originals=self.originals | originals,
            changes=self.changes | changes,
        )


def make_plan(analysis: Analysis, constant_package: str, render: Render) -> Outcome:
    """The plan for an analysis that has not run yet; `render` is that of its pack.

    Raises UserError when `constant_package` cannot be used.
    """
    for _ in range(MAX_ROUNDS):
        run(analysis)
        draft = _draft(analysis, render, constant_package)
        if draft is not None:
            break
    else:
        raise UserError("the findings depend on each other in a circle; nothing was written. Please report this.")
    originals, changes = _changes(analysis, draft)
    matrices = tuple(m for m in _matrices(analysis, draft) if m is not None)
    stages = stage_diagnostics.of_steps(draft.steps, draft.left_stages, changed=True)
    return Outcome(
        diagnostics.describe(analysis, draft, matrices, stages),
        originals,
        changes,
        tuple(_choice(analysis, p) for p in draft.placements.values() if p.create or not p.uses.migrated),
        matrices,
        tuple(_module_change(analysis, p, user) for p in draft.placements.values() for user in p.unseen),
        tuple(u.rule for u in analysis.names if _is_at_stage(analysis, draft, u)),
        tuple(_offered_names(analysis, draft)),
    )


def _offered_names(analysis: Analysis, draft: Draft) -> Iterator[Note]:
    """What becomes of exported constants in code of other checkouts, where it is no longer what it was."""
    changed = [
        d for p in draft.placements.values() if not p.uses.migrated for d in (p.declared, *p.beside, *p.twins) if d
    ]
    names = sorted({d.symbol.name for d in changed if is_offered(analysis.workspace, d.file, d.symbol)})
    if names and analysis.stage is not Stage.CLEANUP:
        listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
        yield Note(
            "",
            f"{listed}: exported, so that code of other repositories gets the new name with its next update; where it "
            "tests for or removes the finalizer, it must honour the legacy constant as well",
        )


def _is_at_stage(analysis: Analysis, draft: Draft, uses: NameUses) -> bool:
    left = any(u is uses for u, _ in draft.left_stages)
    return uses.present and uses.rule.old not in analysis.blocked and not left


def _module_change(analysis: Analysis, placement: Placement, user: str) -> str:
    workspace = analysis.workspace
    module = workspace.module_of(user)
    folder = module.directory if module is not None and module.directory else "."
    return (
        f"{folder}/go.mod and go.sum may have to change: {workspace.import_path(user)} now imports "
        f"{workspace.import_path(placement.key.folder)}. --tidy puts "
        f"that into the patch, or run `go mod tidy` in {folder} after it."
    )


def _draft(analysis: Analysis, render: Render, constant_package: str) -> Draft | None:
    """One round; None when something had to be handed back to the analysis."""
    draft = Draft()
    fixtures = _fixtures(analysis)
    for uses in analysis.names:
        if not uses.present or uses.rule.old in analysis.blocked:
            continue
        sites = [d for d in analysis.decisions if d.rewritten and d.uses is uses]
        if not sites and (uses.migrated or not (uses.old or uses.old_literals)):
            continue
        if not sites and not uses.old and all(is_test_code(r.file) for r in uses.old_literals):
            # Constants for them would make a second pass take code beside them to be about this name.
            analysis.blocked[uses.rule.old] = ("only tests name it: no code here adds it or looks for it", None)
            return None
        users = [d.site.file.directory for d in sites]
        if not uses.migrated:
            users += [r.file.directory for r in _remaining(analysis, uses)]
            users += [f.file.directory for f in fixtures.get(uses.rule.old, []) if not f.left]
        if not users:
            users = [d.symbol.folder for d in uses.old]
        placement = place(analysis, uses, users, constant_package)
        if isinstance(placement, str):
            analysis.blocked[uses.rule.old] = (placement, None)
            return None
        left_out = analysis.selection.left_out(placement.path) if placement.create else ""
        if left_out:
            analysis.blocked[uses.rule.old] = (f"its constant would go to {placement.path}, and {left_out}", None)
            return None
        draft.placements[uses.rule.old] = placement
    if not _rewrite_sites(analysis, render, draft):
        return None
    for placement in draft.placements.values():
        if not placement.uses.migrated and not _rename(analysis, render, draft, placement):
            return None
    _apply_fixtures(analysis, render, draft, fixtures)
    if not _next_stages(analysis, draft):
        return None
    _deprecate(analysis, draft)
    for file, node in (*analysis.gone_functions, *analysis.gone_tests):
        draft.remove(file, node)
    return draft


def _rewrite_sites(analysis: Analysis, render: Render, draft: Draft) -> bool:
    rewriter = Rewriter(analysis, render)
    fine = True
    for decision in analysis.decisions:
        if not decision.rewritten:
            continue
        placement = draft.placements.get(decision.uses.rule.old) if decision.uses is not None else None
        try:
            rewrite = rewriter.rewrite(decision, placement)
        except Refused as refused:
            analysis.refused[(decision.site.file.path, decision.site.start)] = str(refused)
            fine = False
            continue
        draft.rewrites.append((decision, rewrite))
        draft.edit(rewrite.edits)
        draft.need(decision.site.file.path, {p: a for a, p in rewrite.imports})
    return fine


def _deprecate(analysis: Analysis, draft: Draft) -> None:
    """Helpers that only other checkouts may still call, and that do nothing but call controllerutil."""
    for symbol, (file, node) in offered(analysis).items():
        kept = analysis.kept.get(symbol)
        if kept is None or not is_thin(analysis, kept.helper):
            continue
        edit = deprecation(file, node.start_byte, kept.helper.meaning.operation)
        if edit is not None:
            draft.deprecated[symbol] = edit
            draft.edit([edit])


def _next_stages(analysis: Analysis, draft: Draft) -> bool:
    """Takes names that are at a stage already to the one that is asked for."""
    for uses in analysis.names:
        old = uses.rule.old
        try:
            step = next_stage(analysis, uses)
        except Left as left:
            if old not in analysis.blocked and any(d.rewritten and d.uses is uses for d in analysis.decisions):
                analysis.blocked[old] = str(left), None
                return False
            draft.left_stages.append((uses, left))
            continue
        if step is None or old in analysis.blocked:
            continue
        draft.steps.append(step)
        draft.edit(step.edits)
        for path, imports in step.imports.items():
            draft.need(path, imports)
        draft.tidied |= {e.path for e in step.edits}
        for file, test in step.tests:
            draft.remove(file, test)
        for declared in step.constants:
            draft.remove_constant(declared)
    return True


def _remaining(analysis: Analysis, uses: NameUses) -> list[Reference]:
    """Uses of the old name that are neither part of a rewritten site nor of code that goes."""
    going = analysis.going()
    references = (*uses.old_references, *uses.old_literals)
    return [r for r in references if not going.holds(r.file, r.node)]


def _rename(analysis: Analysis, render: Render, draft: Draft, placement: Placement) -> bool:
    """The constants of a name and every use of it that is no site: fixtures, assertions, creations, messages."""
    uses, stage = placement.uses, analysis.stage
    rewriter = Rewriter(analysis, render)
    moved = bool(placement.moved) or placement.create
    needless = {(r.file.path, r.node.start_byte) for d in placement.needless for r in analysis.refs(d.symbol)}
    for reference in _remaining(analysis, uses):
        file, node = reference.file, reference.node
        literal = reference in uses.old_literals
        adds = is_test_code(file) or is_addition(analysis, reference) or _tells_of_addition(analysis, uses, reference)
        own = any(d.symbol.folder == file.directory for d in placement.beside)
        stays = (not moved or own) and (file.path, node.start_byte) not in needless
        if not literal and stays and not (stage is Stage.PREPARE and adds):
            continue
        namer = Namer(analysis.workspace)
        try:
            keys, added = rewriter.keys(namer, file, node, placement)
        except Refused as refused:
            line = file.position(node.start_byte)[0]
            analysis.blocked[uses.rule.old] = (f"{refused} ({file.path}:{line})", reference)
            return False
        text = added if adds else keys[0]
        draft.references.append((uses, reference, text))
        draft.edit([TextEdit(file.path, node.start_byte, node.end_byte, text.encode())])
        draft.need(file.path, namer.imports)
    for declared in (*([placement.declared] if placement.declared else []), *placement.beside):
        draft.edit(constants.value_edits(declared, uses.rule.new, uses.rule.old, stage))
        draft.aligned.setdefault(declared.file.path, []).append(declared.symbol.name)
    for declared in placement.twins:
        draft.edit(constants.value_edits(declared, uses.rule.new, uses.rule.old, stage, alone=True))
    for declared in (*placement.moved, *placement.needless):
        draft.remove_constant(declared)
    if placement.create:
        created = constants.new_file(analysis.workspace, render, placement, stage)
        before = draft.created.get(placement.path)
        both = created if before is None else before + b"\n" + created[created.index(b"const (") :]
        draft.created[placement.path] = both
    return True


def _tells_of_addition(analysis: Analysis, uses: NameUses, reference: Reference) -> bool:
    """Whether a log, or the like, stands in a function that adds the name: it says the name that objects get."""
    function = function_around(reference.node)
    if function is None or not is_harmless(analysis.types, reference.file, reference.node):
        return False
    return any(
        d.rewritten and d.uses is uses and d.site.meaning.operation in (Operation.ADD, Operation.SET_IF_EMPTY)
        and d.site.file is reference.file and function_around(d.site.nodes[0]) == function
        for d in analysis.decisions
    )  # fmt: skip


def _fixtures(analysis: Analysis) -> dict[str, list[Fixture]]:
    """Old name -> the fixtures of tests beside code whose meaning narrows."""
    folders: dict[str, set[str]] = {}
    for decision in analysis.decisions:
        narrowed = decision.site.meaning.operation in NARROWED
        if decision.rewritten and narrowed and decision.uses is not None and not decision.site.file.is_test:
            folders.setdefault(decision.site.file.directory, set()).add(decision.uses.rule.old)
    known = {n for u in analysis.names for n in (u.rule.old, u.rule.new)}
    gone = Going((), analysis.gone_tests)
    found: dict[str, list[Fixture]] = {}
    for folder, names in folders.items():
        if len(names) != 1:
            continue
        for path in analysis.workspace.checkout.go_files_in(folder):
            left_out = analysis.selection.left_out(path)
            for fixture in _fixtures_in(analysis, path, known):
                kept = analysis.suppressions.keeps(ARBITRARY_FIXTURE, fixture.file, *fixture.nodes)
                fixture = fixture._replace(left=left_out or kept or fixture.left)
                if not any(gone.holds(fixture.file, n) for n in fixture.nodes):
                    found.setdefault(next(iter(names)), []).append(fixture)
    return found


def _fixtures_in(analysis: Analysis, path: str, known: set[str]) -> list[Fixture]:
    """The fixtures of a file: looked for once, not in every round."""
    if path not in analysis.fixtures:
        data = analysis.workspace.checkout.read(path) or b""
        wanted = path.endswith("_test.go") and may_hold_fixtures(data) and not is_generated(data)
        file = analysis.workspace.file(path) if wanted else None
        analysis.fixtures[path] = find_fixtures(file, known) if file is not None else []
    return analysis.fixtures[path]


def _apply_fixtures(analysis: Analysis, render: Render, draft: Draft, fixtures: dict[str, list[Fixture]]) -> None:
    rewriter = Rewriter(analysis, render)
    for old, found in fixtures.items():
        placement = draft.placements.get(old)
        if placement is None:
            continue
        for fixture in found:
            if fixture.left:
                draft.left_fixtures.append(fixture)
                continue
            namer = Namer(analysis.workspace)
            try:
                _, added = rewriter.keys(namer, fixture.file, fixture.nodes[0], placement)
            except Refused as refused:
                draft.left_fixtures.append(Fixture(fixture.file, fixture.text, fixture.nodes, str(refused)))
                continue
            draft.fixtures.append((placement.uses, fixture, added))
            for node in fixture.nodes:
                draft.edit([TextEdit(fixture.file.path, node.start_byte, node.end_byte, added.encode())])
            draft.need(fixture.file.path, namer.imports)


def _changes(analysis: Analysis, draft: Draft) -> tuple[dict[str, bytes], dict[str, bytes | None]]:
    originals: dict[str, bytes] = {}
    changes: dict[str, bytes | None] = dict(draft.created)
    for path in sorted({*draft.edits, *draft.removed}):
        file = analysis.workspace.file(path)
        assert file is not None
        originals[path] = file.source
        edits = list(draft.edits.get(path, []))
        if path in draft.removed:
            removal = removal_edits(*draft.removed[path])
            if removal is None:
                changes[path] = None
                _must_keep_comments(path, file.source, b"")
                continue
            edits = [e for e in edits if not any(r.start <= e.start and e.end <= r.end for r in removal)]
            edits += removal
        try:
            changed = file.with_edits(edits)
        except Conflict as conflict:
            line, column = file.position(conflict.offset)
            raise UserError(
                f"{path}:{line}:{column}: two changes overlap here; nothing was written. Please report this."
            ) from None
        if path in draft.removed:
            changed = SourceFile(path, _with_end_of(file, changed.source))
        _must_parse(changed)
        changed = with_imports(file, changed, sorted(draft.imports.get(path, ())))
        if path in draft.aligned:
            changed = align_value_groups(changed, draft.aligned[path])
        if path in draft.tidied or touches_layout(file.source, edits):
            changed = tidy(file, changed)
        _must_parse(changed)
        changes[path] = changed.source
        _must_keep_comments(path, file.source, changed.source)
    return originals, {p: c for p, c in changes.items() if c != originals.get(p)}


def _with_end_of(file: SourceFile, source: bytes) -> bytes:
    """The source with one end of its last line, or with none where the file has none."""
    blanks = b"\r\n \t"
    has_end = b"\n" in file.source[len(file.source.rstrip(blanks)) :]
    return source.rstrip(blanks) + (newline_of(source) if has_end else b"")


def _must_parse(changed: SourceFile) -> None:
    """The changed file must have no syntax error: it had none before."""
    if changed.has_error:
        node = changed.first_error
        line, column = changed.position(node.start_byte if node is not None else 0)
        raise UserError(
            f"{changed.path}: the changed file would have a syntax error at {line}:{column}; nothing was written. "
            "Please report this."
        )


def _must_keep_comments(path: str, before: bytes, after: bytes) -> None:
    """The analysis sees to it; a person's word is kept even when it has a mistake."""
    if after.count(DIRECTIVE) < before.count(DIRECTIVE):
        raise UserError(
            f"{path}: a //{DIRECTIVE.decode()} comment would go; nothing was written. Please report this; until then "
            "take the comment out."
        )


def _choice(analysis: Analysis, placement: Placement) -> ConstantChoice:
    rule = placement.uses.rule
    return ConstantChoice(
        old=rule.old,
        new=rule.new,
        key=placement.key.name,
        legacy_key=placement.legacy.name if placement.legacy is not None else "",
        package=analysis.workspace.import_path(placement.key.folder),
        path=placement.path,
        why=placement.why,
        moved_from=placement.moved[0].file.path if placement.moved else "",
        users=tuple(analysis.workspace.import_path(u) for u in placement.users),
    )


def _matrices(analysis: Analysis, draft: Draft) -> Iterator[UpgradeMatrix | None]:
    for placement in draft.placements.values():
        yield _matrix(analysis, draft, placement.uses)
    for step in draft.steps:
        if step.uses.rule.old not in draft.placements:
            yield upgrade_matrix(step.uses, step.before, analysis.stage, analysis.public.get(step.uses.rule.old, ""))


def _matrix(analysis: Analysis, draft: Draft, uses: NameUses) -> UpgradeMatrix | None:
    meanings = [
        d.site.meaning
        for d in analysis.decisions
        if d.uses is uses and not d.intended and not is_test_code(d.site.file)
    ]
    creates = []
    for reference in (*uses.old_references, *uses.old_literals):
        if not is_test_code(reference.file) and is_addition(analysis, reference):
            creates.append(uses.rule.old)
    adds_deleting = any(rewrite.guard for decision, rewrite in draft.rewrites if decision.uses is uses)
    before = behaviour_before(uses, meanings, creates, adds_deleting)
    return upgrade_matrix(uses, before, analysis.stage, analysis.public.get(uses.rule.old, ""))
