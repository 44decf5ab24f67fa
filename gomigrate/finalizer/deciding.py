"""For one site, whether it may be rewritten, and under which name; else why not."""

from __future__ import annotations

from functools import partial
from operator import itemgetter
from typing import NamedTuple

from gomigrate.catalogue import (
    HAND_WRITTEN_CALL,
    INLINE_FINALIZER_CODE,
    Rule,
)
from gomigrate.finalizer.analysis import Analysis
from gomigrate.finalizer.decision import Decision, function_around, is_inside_node
from gomigrate.finalizer.effective_runtime import Obstacle
from gomigrate.finalizer.exported import MAY_BE_CALLED
from gomigrate.finalizer.names import NameUses
from gomigrate.finalizer.objectmodel import CONTROLLERUTIL
from gomigrate.finalizer.objects import judge
from gomigrate.finalizer.operations import Meaning
from gomigrate.finalizer.places import place, spot
from gomigrate.finalizer.runtime_versions import needs_sets
from gomigrate.finalizer.sites import Site, Unknown
from gomigrate.finalizer.wording import name_at, text_at
from gomigrate.go.evaluator.kinds import SETS
from gomigrate.go.evaluator.values import Free
from gomigrate.go.nodes import ancestors, descend
from gomigrate.go.references import Reference, Symbol, symbol_of
from gomigrate.go.types import Pointer, Type
from gomigrate.model import Operation

# What is about every finalizer of an object, and not about one name.
OF_ALL = frozenset({Operation.HAS_ANY, Operation.CLEAR})
KEYLESS = frozenset({*OF_ALL, Operation.IS_DELETING, Operation.SAME_COUNT})


class UserOfAll(NamedTuple):
    """A place that needs a helper to be about every finalizer. `on_purpose`: the pack says so."""

    why: str
    on_purpose: bool = False


def decide(analysis: Analysis, site: Site) -> Decision:
    """The decision on a site, as far as names and helpers are known by now."""
    return _selected(analysis, _decision(analysis, site))


def _selected(analysis: Analysis, decision: Decision) -> Decision:
    """The decision, unless the configuration leaves the file out or a comment keeps the place: then nothing there
    changes."""
    if decision.already:
        return decision
    reason = analysis.selection.left_out(decision.site.file.path)
    if reason:
        return decision._replace(left=reason, next_step="")
    reason = _kept_by_comment(analysis, decision.site)
    if reason:
        return decision._replace(left=reason, next_step="")
    if decision.intended:
        return decision
    user = _user_of_all(analysis, decision.site)
    if user is not None and user.on_purpose:
        return decision._replace(left=user.why, next_step="", intended=True)
    reason = user.why if user is not None else _guards_kept(analysis, decision.site)
    next_step = "migrate that use by hand, then run again"
    return decision._replace(left=reason, next_step=next_step) if reason and not decision.left else decision


def _user_of_all(analysis: Analysis, site: Site) -> UserOfAll | None:
    """As `user_of_all`, when a site is the body of a helper that stays."""
    function = function_around(site.nodes[0])
    if function is None or site.meaning.operation not in OF_ALL:
        return None
    symbol = symbol_of(site.file, function)
    return user_of_all(analysis, symbol) if symbol in analysis.kept else None


def user_of_all(analysis: Analysis, symbol: Symbol) -> UserOfAll | None:
    """Why a helper may not narrow to one name: a place that stays as it is uses it, itself or through other helpers,
    for whatever name."""
    helpers = {h.symbol for h in analysis.helpers}
    found = [symbol]
    for one in found:
        for reference in analysis.refs(one):
            file = reference.file
            where = f"{file.path}:{file.position(reference.node.start_byte)[0]} uses this helper"
            left_out = left_alone(analysis, HAND_WRITTEN_CALL, reference)
            if left_out:
                return UserOfAll(f"{where}, and {left_out}")
            forced = analysis.forced(file.path)
            if forced:
                return UserOfAll(f"{where}, and is meant for every finalizer ({forced})", on_purpose=True)
            function = function_around(reference.node)
            if function is not None:
                caller = symbol_of(file, function)
                found += [caller] if caller in helpers and caller not in found else []
    return None


def _guards_kept(analysis: Analysis, site: Site) -> str:
    """Why a test for any finalizer may not narrow: a comment keeps a place in its function that may hang on it."""
    function = function_around(site.nodes[0])
    if function is None or site.meaning.operation is not Operation.HAS_ANY or not analysis.suppressions.of(site.file):
        return ""
    for other in analysis.recognised():
        kept = (
            other.file is site.file and is_inside_node(other.nodes[0], function) and _kept_by_comment(analysis, other)
        )
        if kept:
            return f"what stands under this test must stay: {kept}"
    return ""


def _kept_by_comment(analysis: Analysis, site: Site) -> str:
    return analysis.suppressions.keeps(INLINE_FINALIZER_CODE, site.file, *site.nodes, *site.dead)


def left_alone(analysis: Analysis, rule: Rule, reference: Reference) -> str:
    """Why a use is not edited, whatever it means: by the configuration or by a comment. '' when it may be."""
    file, node = reference.file, reference.node
    sites = analysis.recognised() if analysis.suppressions.of(file) else []
    around = (s for s in sites if s.file is file and s.covers(node))
    reason = analysis.selection.left_out(file.path) or analysis.suppressions.keeps(rule, file, node)
    return reason or next(filter(None, map(partial(_kept_by_comment, analysis), around)), "")


def _decision(analysis: Analysis, site: Site) -> Decision:
    meaning = site.meaning
    decision = Decision(site)
    if meaning.operation is Operation.SAME_COUNT:
        return decision._replace(
            left="compares how many finalizers two objects have, which controllerutil has no call for",
            next_step="decide what the comparison is for; often it can go",
        )
    forced = analysis.forced(site.file.path) if meaning.operation in OF_ALL else ""
    if forced:
        object_text = text_at(site.file, site.nodes, meaning.objects[0])
        return decision._replace(object=object_text, left=forced, intended=True)
    free = meaning.objects[0]
    object_text = text_at(site.file, site.nodes, free)
    kind = analysis.type_of(free)
    verdict = judge(analysis.types, kind)
    calls = analysis.runtime(site.file.directory).calls
    decision = Decision(site, object=object_text, address=verdict.address, verdict=verdict, type=kind, calls=calls)
    if _is_given(analysis, decision):
        # It is handed over as it is now: by its address, or as the pointer or interface that it is.
        shown = (site.file.text(n) for node in site.nodes for n in descend(node, "unary_expression"))
        decision = decision._replace(address=f"&{object_text}" in shown)
    decision = _with_name(analysis, decision)
    if decision.already:
        return decision
    uses = decision.uses
    if _is_already(analysis, decision) and (uses is None or uses.migrated or not _old(uses)):
        return decision._replace(already=True, left="")
    if site.file.is_test and _is_test_of_kept(analysis, site):
        return decision._replace(already=True, left="")
    if decision.left:
        return decision
    obstacle = _obstacle(analysis, decision)
    if obstacle is None:
        return decision
    return decision._replace(left=obstacle.reason, next_step=obstacle.next_step, requirement=obstacle.requirement)


def _is_test_of_kept(analysis: Analysis, site: Site) -> bool:
    """Whether a place in a test uses a helper that stays. One that stays for others' sake alone is only used by
    the tests of its own package."""
    return any(
        (s.folder, s.receiver, s.name) in site.meaning.functions
        and (kept.reason != MAY_BE_CALLED or s.folder == site.file.directory)
        for s, kept in analysis.kept.items()
    )


def _obstacle(analysis: Analysis, decision: Decision) -> Obstacle | None:
    """Why a site may not be rewritten; None when it may."""
    site, meaning = decision.site, decision.site.meaning
    if not decision.object:
        return Obstacle("the object has no name at this place", "give it to a variable first")
    takes_meta = decision.calls is not None and decision.calls.takes_meta
    any_meta = takes_meta or meaning.operation is Operation.IS_DELETING
    if not _is_given(analysis, decision) and decision.verdict.level not in (
        ("object", "meta") if any_meta else ("object",)
    ):
        return Obstacle(
            f"{decision.object} is not known to be a client.Object: {decision.verdict.text}",
            "declare it with its API type or as client.Object, then run again",
        )
    refused = [d for d in meaning.difference_names if d not in analysis.pack.accept]
    if refused:
        return Obstacle(
            f"differs from controllerutil ({', '.join(refused)}), and the pack does not accept that",
            "decide whether the difference matters, then change it by hand or add it to the pack's [accept]",
        )
    guarded = _guarded_call(analysis, site)
    if guarded is not None:
        return Obstacle(f"its call at {place(guarded.file, guarded.node)} {guarded.reason}", "change it by hand")
    if (site.file.path, site.start) in analysis.refused:
        return Obstacle(analysis.refused[(site.file.path, site.start)], "change it by hand")
    if meaning.operation is Operation.HAS_ANY and _read_again(analysis, site):
        return Obstacle("the list is read again under this condition", "ask for what is really wanted there")
    if meaning.operation is Operation.IS_DELETING:
        return None if site.meaning.functions else Obstacle("reads the deletion timestamp directly", "")
    if meaning.result not in ("none", "value", "changed", "unchanged"):
        return Obstacle(f"gives its result back as {meaning.result}", "change it by hand")
    obstacle = _runtime_obstacle(analysis, decision)
    if obstacle is not None:
        return obstacle
    if decision.uses is not None and decision.uses.rule.old in analysis.blocked:
        return Obstacle(analysis.blocked[decision.uses.rule.old][0], "make that use clear first, then run again")
    return None


def _guarded_call(analysis: Analysis, site: Site) -> Unknown | None:
    """The call of a helper that adds a second copy, under a test of the finalizers that is none of the operations: if
    the helper added none, the test with the call in it would come to mean something else."""
    function = function_around(site.nodes[0])
    if function is None or "duplicate" not in site.meaning.difference_names:
        return None
    calls = analysis.guarded_calls()
    uses = analysis.refs(symbol_of(site.file, function)) if calls else []
    places = (spot(r.file, node) for r in uses for node in (r.node, *ancestors(r.node)))
    found = [calls[p] for p in places if p in calls]
    return min(found, key=itemgetter(0))[1] if found else None


def _runtime_obstacle(analysis: Analysis, decision: Decision) -> Obstacle | None:
    """Why what is needed cannot be called with the controller-runtime in use; None when it can."""
    calls = decision.calls
    if decision.site.key is not None:
        return None
    runtime = analysis.runtime(decision.site.file.directory)
    if calls is None:
        return runtime.obstacle
    asks = decision.asks_before and needs_sets(Operation.CONTAINS, decision.verdict.level, calls)
    if (asks or decision.by_sets) and runtime.sets is not None:
        return runtime.sets
    if decision.by_sets and (decision.uses is None or decision.uses.rule.old in analysis.blocked):
        return Obstacle(
            f"controller-runtime {runtime.version} has no call for it that could be used, and the name does not change",
            "require controller-runtime 0.5.6 or later, then run again",
        )
    if decision.removed_by_sets and not {"sorted", "dedup"} <= analysis.pack.accept.keys():
        return Obstacle(
            f"RemoveFinalizer of controller-runtime {runtime.version} panics when a name is there twice, and the "
            "pack does not accept that others come out sorted",
            "require controller-runtime 0.5.3 or later, then run again",
        )
    return None


def _is_given(analysis: Analysis, decision: Decision) -> bool:
    """Whether controllerutil is given an object of unknown type already: the code compiles, so that it takes it."""
    return decision.verdict.level == "unknown" and _is_already(analysis, decision)


def _read_again(analysis: Analysis, site: Site) -> bool:
    """Whether the code under a condition reads the list in a way that is not understood."""
    outer = next((a for a in ancestors(site.nodes[0]) if a.type == "if_statement"), None)
    return outer is not None and any(
        u.file is site.file and not u.writes and is_inside_node(u.node, outer) for u in analysis.unknown
    )


def _with_name(analysis: Analysis, decision: Decision) -> Decision:
    """The finalizer name that a site is about: by its keys, or for a site without keys by its surroundings."""
    site, meaning = decision.site, decision.site.meaning
    if meaning.operation in (Operation.IS_DELETING, Operation.SAME_COUNT):
        return decision
    if meaning.operation in KEYLESS and analysis.pack.finds_names:
        if site.file.directory not in analysis.found.folders:
            # Other people's finalizers, in a package that has none of its own, are nobody's business here.
            return decision._replace(already=True)
        return decision._replace(
            left="it is about every finalizer of the object, not only about this controller's",
            next_step="say by name which finalizer is meant, if it is one",
        )
    if meaning.operation in KEYLESS:
        uses = _name_nearby(analysis, site, decision.type)
        if uses is None:
            return decision._replace(
                left="it is not clear which finalizer is meant: none of the pack's names is used nearby",
                next_step="name the finalizer at this place",
            )
        return decision._replace(uses=uses)
    # Code under a name that does not change is migrated all the same, with the name as it stands. Where two names are
    # why one does not change, a second pass would find each by itself, and nothing that speaks against it.
    known = [
        (k, u if u is None or u.rule.old not in analysis.blocked or _speaks_against(analysis, site, u) else None)
        for k, u in ((k, _rule_of(analysis, k)) for k in meaning.keys)
    ]
    rules = {u.rule.old for _, u in known if u is not None}
    local = next((k for k, u in known if u is not None and k.local is not None), None)
    if local is not None:
        return decision._replace(
            left=f"the name is held by the local variable {_shown_name(local)}",
            next_step="make it a constant of the package, then run again",
        )
    if len(rules) == 1 and all(u is not None for _, u in known):
        return decision._replace(uses=known[0][1])
    if not rules and not _depends_on_name(analysis, meaning):
        others = [name_at(analysis.types, site.file, site.nodes, k) for k in meaning.keys]
        if None not in others:
            return decision._replace(others=tuple(o for o in others if o is not None))
    if len(rules) == 1 and meaning.operation in (Operation.CONTAINS, Operation.REMOVE):
        # Beside a name that changes one that does not: what is asked for each is asked by itself.
        beside = [name_at(analysis.types, site.file, site.nodes, k) for k, u in known if u is None]
        uses = next(u for _, u in known if u is not None)
        plain = meaning.result in ("none", "value") and not _is_already(analysis, decision)
        if plain and None not in beside:
            return decision._replace(uses=uses, others=tuple(o for o in beside if o is not None))
    if rules and all(k.constant is not None for k in meaning.keys):
        return decision._replace(left="it is about two finalizers at once", next_step="ask for each by itself")
    if all(k.constant is not None for k in meaning.keys):
        return decision._replace(
            left=f"the constant that holds {_shown(meaning.keys[0])!r} cannot be named at this place",
            next_step="change it by hand",
        )
    return decision._replace(
        left=f"the name is {', '.join(repr(_shown(k)) for k in meaning.keys)}, whose value is not known here",
        next_step="name the finalizer by a constant at this place",
    )


def _speaks_against(analysis: Analysis, site: Site, uses: NameUses) -> bool:
    """Whether code that is about two names is what keeps one of them from changing."""
    reference = analysis.blocked[uses.rule.old][1]
    mine = reference is not None and reference.file is site.file and site.covers(reference.node)
    return mine and len(site.meaning.keys) > 1


def _depends_on_name(analysis: Analysis, meaning: Meaning) -> bool:
    """Whether what is done changes in a way that only those who know the name can take."""
    overwrites = "overwrites" in meaning.difference_names and "overwrites" in analysis.pack.accept
    known = all(k.constant is not None for k in meaning.keys)
    return not known and (overwrites or meaning.operation is Operation.SET_IF_EMPTY)


def _rule_of(analysis: Analysis, key: Free) -> NameUses | None:
    return next((u for u in analysis.names if key.constant in (u.rule.old, u.rule.new)), None)


def _name_nearby(analysis: Analysis, site: Site, kind: Type | None) -> NameUses | None:
    """The one name used in the same file, else in the same package, else the one that objects of this type get."""
    same_file = [u for u in analysis.names if site.file in u.files]
    same_package = [u for u in analysis.names if site.file.directory in u.packages]
    for found in (same_file, same_package):
        if len(found) == 1:
            return found[0]
        if found:
            return None
    if not isinstance(kind, Pointer):
        return None
    carried = set()
    for other in analysis.sites.values():
        adds = isinstance(other, Site) and other.meaning.operation in (Operation.ADD, Operation.SET_IF_EMPTY)
        if isinstance(other, Site) and adds and analysis.type_of(other.meaning.objects[0]) == kind:
            carried |= {u.rule.old for k in other.meaning.keys if (u := _rule_of(analysis, k)) is not None}
    return next((u for u in analysis.names if {u.rule.old} == carried), None)


def _is_already(analysis: Analysis, decision: Decision) -> bool:
    """Whether the unit is written with controllerutil only, or with the sets that stand in for it."""
    site = decision.site
    if any("Finalizers" in file.text(node) for file, node in site.meaning.functions.values()):
        return False
    called = 0
    for node in site.nodes:
        for call in descend(node, "call_expression", "selector_expression"):
            if call.type == "selector_expression":
                named_field = call.child_by_field_name("field")
                name = site.file.text(named_field) if named_field is not None else ""
                if name in ("Finalizers", "SetFinalizers") and not decision.by_sets:
                    return False
                continue
            function = call.child_by_field_name("function")
            operand = function.child_by_field_name("operand") if function is not None else None
            package = analysis.types.package_of(site.file, operand) if operand is not None else None
            called += package == CONTROLLERUTIL or (decision.by_sets and package == SETS)
    return called > 0


def is_controllerutil(analysis: Analysis, unknown: Unknown) -> bool:
    """Whether a place that is not understood is a call of controllerutil: nothing there is hand-written."""
    function = unknown.node.child_by_field_name("function")
    operand = function.child_by_field_name("operand") if function is not None else None
    return operand is not None and analysis.types.package_of(unknown.file, operand) == CONTROLLERUTIL


def _old(uses: NameUses) -> bool:
    return bool(uses.old or uses.old_literals)


def _shown(free: Free) -> str:
    return free.constant if free.constant is not None else _shown_name(free)


def _shown_name(free: Free) -> str:
    text: str = free.file.text(free.node)
    return text
