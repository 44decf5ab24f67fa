"""From a checkout to its analysis: what is found there, and what each place by itself may become."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from tree_sitter import Node

from gomigrate.finalizer.analysis import Analysis
from gomigrate.finalizer.deciding import decide
from gomigrate.finalizer.decision import function_around
from gomigrate.finalizer.deleting import tests_of
from gomigrate.finalizer.finding import (
    accesses,
    bodies,
    helper_files,
    hot_files,
    is_write,
    named_places,
    touching,
    wrapped_calls,
)
from gomigrate.finalizer.found import computed_constants, group
from gomigrate.finalizer.helpers import find_helpers
from gomigrate.finalizer.names import find_names
from gomigrate.finalizer.operations import forget
from gomigrate.finalizer.places import spot
from gomigrate.finalizer.sites import Site, Unknown, find_site
from gomigrate.go.syntax import SourceFile
from gomigrate.model import Operation

# Places of a file are compared with each other. Nobody writes that many into one file.
MAX_PLACES = 500


class _Covering(NamedTuple):
    """A site with the bytes that it covers, its own before those that go with it; without one code that only hands
    names on."""

    site: Site | None
    spans: list[tuple[int, int]]


def begin(analysis: Analysis) -> Analysis:
    """Finds the files, helpers and names of a checkout, by its index; without one, of the files `focus` and what they
    use."""
    forget()
    pack = analysis.pack
    found = analysis.index.touching if analysis.index is not None else touching(analysis, analysis.focus or [])
    analysis.files = hot_files(analysis, found)
    files = helper_files(analysis)
    helpers = find_helpers(analysis.types, files)
    kept = frozenset() if pack.deletion_tests else frozenset({Operation.IS_DELETING})
    analysis.helpers = [h for h in helpers if h.meaning.operation not in kept]
    if pack.finds_names:
        from gomigrate.finalizer.flows import find_flows

        look(analysis)
        flows = find_flows(analysis.types, analysis.references, analysis.files, analysis.recognised())
        analysis.found = group(flows)
    names = find_names(pack.finalizers, *named_places(analysis, files), computed_constants(analysis.found))
    if pack.finds_names:
        from gomigrate.finalizer.refusals import leave_others_out, refusals

        for uses in names:
            leave_others_out(analysis.references, analysis.found, uses)
        analysis.refused_names |= refusals(analysis.references, analysis.found, names)
    analysis.names = [u for u in names if u.rule.old not in analysis.refused_names]
    # Most helpers go, and their tests with them: then there is nothing to look at in these tests.
    analysis.gone_tests = tests_of(analysis, {h.symbol for h in analysis.helpers})
    return analysis


def look(analysis: Analysis) -> None:
    """Decides every site by itself: enough to report what there is."""
    unknown: list[Unknown] = []
    found: dict[str, list[_Covering]] = {}
    for site in (*wrapped_calls(analysis), *bodies(analysis)):
        found.setdefault(site.file.path, []).append(_Covering(site, site.spans))
    gone = {(f.path, n.start_byte) for f, n in (*analysis.gone_tests, *analysis.gone_functions)}
    places = accesses(analysis)
    counts = Counter(file.path for file, _, _ in places)
    for file, node, writes in sorted(places, key=lambda a: not is_write(*a)):
        if counts[file.path] > MAX_PLACES:
            unknown.append(Unknown(file, node, f"this file has more than {MAX_PLACES} such places", writes))
            continue
        function = function_around(node)
        if function is not None and (file.path, function.start_byte) in gone:
            continue
        if _covered(found, file, node):
            continue
        key = spot(file, node)
        if key not in analysis.sites:
            analysis.sites[key] = find_site(analysis.types, file, node)
        seen = analysis.sites[key]
        if isinstance(seen, Unknown):
            if seen.taken_over:
                found.setdefault(file.path, []).append(_Covering(None, list(seen.taken_over)))
            else:
                unknown.append(seen)
            continue
        whole = _Covering(seen, seen.spans)
        found[file.path] = [*(c for c in found.get(file.path, ()) if not _holds([whole], *c.spans[0])), whole]
    analysis.unknown = [u for u in unknown if not _covered(found, u.file, u.node)]
    sites = sorted(
        (c.site for in_file in found.values() for c in in_file if c.site is not None),
        key=lambda s: (s.file.path, s.start),
    )
    analysis.decisions = [decide(analysis, s) for s in sites]


def _covered(found: dict[str, list[_Covering]], file: SourceFile, node: Node) -> bool:
    return _holds(found.get(file.path, ()), node.start_byte, node.end_byte)


def _holds(found: Iterable[_Covering], start: int, end: int) -> bool:
    return any(first <= start and end <= last for c in found for first, last in c.spans)
