"""Names that may not change, because a use of them is not understood."""

from __future__ import annotations

from functools import partial

from tree_sitter import Node

from gomigrate.catalogue import (
    UNQUALIFIED_NAME,
)
from gomigrate.finalizer.adders import Addition, Use, addition
from gomigrate.finalizer.analysis import Analysis
from gomigrate.finalizer.deciding import is_controllerutil, left_alone
from gomigrate.finalizer.decision import Going, overlaps
from gomigrate.finalizer.deletion import Deletion
from gomigrate.finalizer.names import Mention, NameUses
from gomigrate.finalizer.places import place
from gomigrate.finalizer.removal import repeated_below
from gomigrate.finalizer.roles import (
    compares_lists,
    is_conversion,
    is_creation,
    is_harmless,
    is_test_code,
    use_in_words,
)
from gomigrate.finalizer.sites import Unknown
from gomigrate.go.references import Reference, Symbol
from gomigrate.go.syntax import SourceFile
from gomigrate.model import Stage


def block_names(analysis: Analysis) -> None:
    """A name whose value would change while a use of it is not understood may not change at all."""
    gone = Going((), [*analysis.gone_functions, *analysis.gone_tests])
    for uses in analysis.names:
        if uses.migrated or uses.rule.old in analysis.blocked:
            continue
        if analysis.stage is Stage.CLEANUP and uses.rule.old in analysis.public:
            analysis.blocked[uses.rule.old] = (honoured_for_ever(analysis, uses), None)
            continue
        for reference in (*uses.old_references, *uses.old_literals):
            reason = _unclear(analysis, uses, reference, gone)
            if reason:
                analysis.blocked[uses.rule.old] = (reason, reference)
                break
        patched = next((m for m in uses.mentions if _is_in_patch(analysis, m, uses.rule.old)), None)
        if patched is not None:
            reason = f"{place(patched.file, patched.node)} holds it in a text that speaks of finalizers, and may set it"
            analysis.blocked[uses.rule.old] = (reason, None)
        staying = (u for u in analysis.unknown if not gone.holds(u.file, u.node))
        opaque = next((u for u in staying if _may_hang_on(analysis, u, uses)), None)
        if opaque is not None and uses.rule.old not in analysis.blocked:
            where = place(opaque.file, opaque.node)
            reason = f"{where} looks at the finalizers of its objects in a way that is not understood: {opaque.reason}"
            analysis.blocked[uses.rule.old] = (reason, None)
        blind = next((b for d in uses.old if (b := analysis.references.blind.get(d.symbol)) is not None), None)
        blind = blind or next((p for p, data in analysis.unread.items() if _quotes(data, uses.rule.old)), None)
        if blind is not None:
            analysis.blocked[uses.rule.old] = (f"{blind} could not be read and may use the name", None)
        for declared in uses.old:
            spec = declared.value.spec
            left_out = analysis.stays(declared.file, spec)
            if left_out:
                analysis.blocked[uses.rule.old] = (f"{declared.file.path} declares the name, and {left_out}", None)
            below = repeated_below(declared.file, spec)
            if below and uses.rule.old not in analysis.blocked:
                where = place(declared.file, spec)
                analysis.blocked[uses.rule.old] = (f"{below} repeats the value of the constant at {where}", None)
        variables = (d for d in uses.old if d.value.kind == "var" and is_assigned(analysis, d.symbol))
        assigned = next(variables, None)
        if assigned is not None and uses.rule.old not in analysis.blocked:
            analysis.blocked[uses.rule.old] = (f"{assigned.symbol} is a variable that is assigned elsewhere", None)


def _may_hang_on(analysis: Analysis, unknown: Unknown, uses: NameUses) -> bool:
    """Whether code beside that which uses a name counts the finalizers, takes some by their number or by a part of
    their text: once objects carry another name, or two, it may do something else."""
    file, node = unknown.file, unknown.node
    if unknown.writes or is_test_code(file) or file.is_generated or is_controllerutil(analysis, unknown):
        return False
    if is_harmless(analysis.types, file, node) or compares_lists(file, node):
        return False
    if not file.text(node).endswith(("Finalizers", "GetFinalizers()")):
        # A call of a helper that does something else as well: what is looked at is known.
        return False
    return any(f.directory == file.directory and not is_test_code(f) for f in uses.places)


def _is_in_patch(analysis: Analysis, mention: Mention, name: str) -> bool:
    """Whether production code may send a text with the name to the API server: a patch or a manifest, that is."""
    file, node = mention.file, mention.node
    if is_test_code(file) or file.is_generated or is_harmless(analysis.types, file, node):
        return False
    return "finalizers" in file.text(node).replace(name, "")


def honoured_for_ever(analysis: Analysis, uses: NameUses) -> str:
    """Why a name that people write into manifests is never cleaned up."""
    where = analysis.public[uses.rule.old]
    return f"people write it into manifests ({where}), so that it is honoured for ever: switch is its last stage"


def _quotes(data: bytes, name: str) -> bool:
    return any(quote + name.encode() + quote in data for quote in (b'"', b"`"))


def is_assigned(analysis: Analysis, symbol: Symbol) -> bool:
    """Whether a variable gets another value anywhere, or its address is taken."""
    for reference in analysis.refs(symbol):
        parent = reference.node.parent
        if parent is not None and parent.type == "expression_list" and parent.parent is not None:
            left = parent.parent.child_by_field_name("left")
            if parent.parent.type == "assignment_statement" and left is not None and left.id == parent.id:
                return True
        if parent is not None and parent.type == "unary_expression" and reference.file.text(parent)[:1] == "&":
            return True
    return False


def _unclear(analysis: Analysis, uses: NameUses, reference: Reference, gone: Going) -> str:
    """Why a use of a name keeps the name from changing; '' when it is understood."""
    file, node = reference.file, reference.node
    line = file.position(node.start_byte)[0]
    where = f"{file.path}:{line}"
    left_out = left_alone(analysis, UNQUALIFIED_NAME, reference)
    if left_out:
        return f"{where} uses the name, and {left_out}"
    if gone.holds(file, node):
        return ""
    if not reference.sure:
        return f"{where} may use the name: what it means cannot be told there"
    if file.is_generated:
        return f"{where} is generated and holds the name"
    if is_test_code(file) or is_creation(file, node) or is_harmless(analysis.types, file, node):
        return ""
    if is_conversion(file, node):
        return f"{where} converts the name from one version of the API to another: decide which name each one speaks"
    added = addition_of(analysis, reference)
    if added is not None:
        # A call that is a site of its own gets its guard there.
        site = any(d.rewritten and d.site.covers(node) for d in analysis.decisions_in(file))
        unsafe = "" if site else Deletion(analysis).unsafe_addition(reference, added, uses)
        return f"the use of the name at {where} is left: {unsafe}" if unsafe else ""
    for decision in analysis.decisions_in(file):
        if decision.site.covers(node):
            if decision.already:
                return f"the use of the name at {where} is left: what stands there also does it to other names"
            if not decision.left or decision.intended:
                return ""
            return f"the use of the name at {where} is left: {decision.left}"
    found = next((u for u in analysis.unknown_in(file) if overlaps(u.node, node)), None)
    reason = found.reason if found is not None else use_in_words(analysis.types, file, node)
    return f"the use of the name at {where} is left: {reason}"


def is_addition(analysis: Analysis, reference: Reference) -> bool:
    """Whether a name stands where it gets onto an object: in its composite literal, or given to what adds it."""
    return is_creation(reference.file, reference.node) or addition_of(analysis, reference) is not None


def addition_of(analysis: Analysis, reference: Reference) -> Addition | None:
    """The call of a function that only adds the name to an object; None when there is none."""
    return addition(analysis.types, reference, partial(_migrated, analysis))


def _migrated(analysis: Analysis, file: SourceFile, node: Node) -> Use | None:
    """What the hand-written code around the use of some name will do by controllerutil."""
    for decision in analysis.decisions_in(file):
        site = decision.site
        if decision.uses is None and decision.others and decision.rewritten and site.covers(node):
            return Use(site.meaning.operation, site.nodes[0], decision.object, site.meaning.negated)
    return None
