"""What goes with the sites that are rewritten: helpers that nothing uses any more, and their tests; why others stay."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tree_sitter import Node

from gomigrate.finalizer.analysis import Analysis
from gomigrate.finalizer.decision import Going, Kept, function_around, is_inside_node, overlaps
from gomigrate.finalizer.exported import MAY_BE_CALLED, is_offered
from gomigrate.finalizer.helpers import Helper, only_about
from gomigrate.go.nodes import descend
from gomigrate.go.references import Reference, References, Symbol, symbol_of
from gomigrate.go.syntax import SourceFile
from gomigrate.model import Exported, Operation

_IN_INTERFACE = rb"(?m)(?:^|[{;])[ \t]*%b[ \t]*\("


def delete(analysis: Analysis) -> None:
    """Helpers and functions that nothing uses any more once the sites are rewritten, and the tests of these.

    A helper that nothing used before goes only with its family: when migrated code used another helper of its file.
    Else it is somebody's interface, and stays.
    """
    rewritten = [d.site for d in analysis.decisions if d.rewritten]
    helpers = {h.symbol: h for h in analysis.helpers}
    functions: dict[Symbol, tuple[SourceFile, Node]] = {h.symbol: (h.file, h.node) for h in analysis.helpers}
    for site in rewritten:
        for (folder, receiver, name), declared in site.meaning.functions.items():
            functions.setdefault(Symbol(folder, receiver, name), declared)
    asked = {
        Symbol(o.folder or "", "", o.name) for d in analysis.decisions if d.rewritten for o in d.others if o.called
    }
    functions = {
        s: f
        for s, f in functions.items()
        if s not in analysis.kept and s not in asked and not f[0].is_generated and not analysis.stays(*f)
    }
    used = {f for site in rewritten for f in site.meaning.functions}
    families = {functions[s][0].path for s in functions if (s.folder, s.receiver, s.name) in used}
    gone = {
        s
        for s in functions
        if (s.folder, s.receiver, s.name) in used or (s in helpers and functions[s][0].path in families)
    }
    reasons: dict[Symbol, tuple[Reference | None, str]] = {}
    if analysis.pack.exported is Exported.DEPRECATE:
        reasons |= {s: (None, MAY_BE_CALLED) for s in gone if is_offered(analysis.workspace, functions[s][0], s)}
    gone -= reasons.keys()
    while True:
        tests = tests_of(analysis, gone)
        going = Going(rewritten, [*(functions[s] for s in gone), *tests])
        staying = set()
        for symbol in gone:
            blind = analysis.references.blind.get(symbol)
            if blind is not None:
                staying.add(symbol)
                reasons[symbol] = (None, f"{blind} could not be read and may use it")
                continue
            for reference in analysis.refs(symbol):
                if going.holds(reference.file, reference.node):
                    continue
                staying.add(symbol)
                reasons[symbol] = (reference, _why_kept(analysis, reference))
                break
            else:
                if symbol.receiver and in_interface(analysis, symbol, gone):
                    staying.add(symbol)
                    reasons[symbol] = (None, "an interface of the checkout wants a method of this name")
        if not staying:
            break
        gone -= staying
    staying_helpers = {s: h for s, h in helpers.items() if s not in gone and s not in analysis.kept}
    offered = {s for s, (_, why) in reasons.items() if why == MAY_BE_CALLED}
    last_uses = {s: _last_use(analysis, s, going, s in offered) for s in (*staying_helpers, *reasons)}
    # What only other helpers use that stay is looked at once these are migrated where they stand.
    inner = {s for s, use in last_uses.items() if use is not None and _is_in(use, s, staying_helpers)}
    for symbol, helper in staying_helpers.items():
        if symbol in inner and not inner >= staying_helpers.keys():
            continue
        remaining = last_uses[symbol]
        left_out = analysis.stays(helper.file, helper.node)
        unused = left_out or "nothing in this checkout uses it; other code may"
        why = _why_kept(analysis, remaining) if remaining is not None else unused
        speaking, reason = reasons.get(symbol, (None, ""))
        spoken = reason and (speaking is not None or remaining is None)
        analysis.kept[symbol] = Kept(helper, speaking, reason) if spoken else Kept(helper, remaining, why)
    analysis.left_over |= {s: functions[s] for s in offered if (s.folder, s.receiver, s.name) in used}
    analysis.gone = gone
    analysis.gone_functions = [functions[s] for s in sorted(gone, key=str)]
    analysis.gone_tests = tests_of(analysis, gone)


def _last_use(analysis: Analysis, symbol: Symbol, going: Going, offered: bool) -> Reference | None:
    """A use of a function that stays; of one that is offered to others, its own tests do not count."""
    left = (r for r in analysis.refs(symbol) if not going.holds(r.file, r.node))
    return next((r for r in left if not (offered and r.file.is_test and r.file.directory == symbol.folder)), None)


def offered(analysis: Analysis) -> dict[Symbol, tuple[SourceFile, Node]]:
    """Functions that would go, but that code outside of the checkout may call."""
    going = analysis.going()
    return {s: f for s, f in analysis.left_over.items() if _last_use(analysis, s, going, offered=True) is None}


def is_thin(analysis: Analysis, helper: Helper) -> bool:
    """Whether all that a helper does is, or will be, done by a call of controllerutil."""
    if helper.meaning.operation is Operation.IS_DELETING:
        return True
    found = [d for d in analysis.decisions_in(helper.file) if d.site.whole]
    done = [d for d in found if d.rewritten or (d.already and (d.others or d.uses is not None))]
    return any(is_inside_node(d.site.nodes[0], helper.node) for d in done)


def _is_in(reference: Reference, symbol: Symbol, helpers: Mapping[Symbol, Helper]) -> bool:
    """Whether a use of one helper stands in another one of these."""
    function = function_around(reference.node)
    other = symbol_of(reference.file, function) if function is not None else symbol
    return other != symbol and other in helpers and helpers[other].file is reference.file


def _why_kept(analysis: Analysis, reference: Reference) -> str:
    line = reference.file.position(reference.node.start_byte)[0]
    where = f"{reference.file.path}:{line}"
    if not reference.sure:
        return f"{where} may use it (its package or type cannot be told there)"
    if reference.call is None:
        return f"{where} uses it as a value"
    decision = next((d for d in analysis.decisions_in(reference.file) if d.site.covers(reference.node)), None)
    if decision is not None and decision.left:
        return f"its use at {where} is left: {decision.left}"
    found = next((u for u in analysis.unknown_in(reference.file) if overlaps(u.node, reference.node)), None)
    return f"its use at {where} is left: {found.reason}" if found else f"{where} still uses it"


def tests_of(analysis: Analysis, gone: set[Symbol]) -> list[tuple[SourceFile, Node]]:
    """Test functions that are about nothing but functions in `gone`, and what only these tests use."""
    candidates: dict[str, SourceFile] = {}
    for symbol in gone:
        for reference in analysis.refs(symbol):
            file = reference.file
            if file.is_test and not file.is_generated and not analysis.selection.left_out(file.path):
                candidates[file.path] = file
    found = []
    for file in candidates.values():
        tests = [
            n
            for n in file.functions
            if file.name_of(n).startswith(("Test", "Benchmark", "Fuzz", "Example"))
            and only_about(analysis.types, file, n, gone)
            and not analysis.stays(file, n)
        ]
        found += [(file, n) for n in tests]
        if tests:
            found += _only_used_by(analysis, file, tests)
    return found


def _only_used_by(analysis: Analysis, file: SourceFile, tests: list[Node]) -> list[tuple[SourceFile, Node]]:
    found: list[tuple[SourceFile, Node]] = []
    package = analysis.workspace.checkout.go_files_in(file.directory)
    references = analysis.references if analysis.focus is None else References(analysis.types, None, package)
    for node in file.functions:
        name = file.name_of(node)
        if node.type != "function_declaration" or node in tests or name[:1].isupper() or name in ("init", "main"):
            continue
        uses = references.of(Symbol(file.directory, "", name))
        going = Going((), [(file, n) for n in (*tests, node)])
        gone = uses and all(going.holds(r.file, r.node) for r in uses)
        if gone and not analysis.stays(file, node):
            found.append((file, node))
    return found


def in_interface(analysis: Analysis, symbol: Symbol, gone: set[Symbol]) -> bool:
    """Whether an interface of the checkout wants a method of this name; `gone` are all that are asked for."""
    for path in _files_wanting(analysis, symbol, gone):
        file = analysis.workspace.file(path)
        if file is None or any(file.name_of(m) == symbol.name for m in descend(file.root, "method_elem")):
            return True
    return False


def _files_wanting(analysis: Analysis, symbol: Symbol, gone: set[Symbol]) -> list[str]:
    """Files that may declare an interface with such a method. All of the checkout is read for it, and once for all
    methods that may go; a method that is not exported is known to its own package only."""
    where, checkout = _where(symbol), analysis.workspace.checkout
    known = analysis.wanting.setdefault(where, {})
    if symbol.name not in known:
        names = {s.name for s in (symbol, *gone) if s.receiver and _where(s) == where} - known.keys()
        patterns = {name.encode(): _IN_INTERFACE % re.escape(name.encode()) for name in sorted(names)}
        found = checkout.holding(patterns, None if where is None else checkout.go_files_in(where))
        known |= {word.decode(): paths for word, paths in found.items()}
    return known[symbol.name]


def _where(method: Symbol) -> str | None:
    """The package whose interfaces can want a method; None for those of all packages."""
    return None if method.exported else method.folder
