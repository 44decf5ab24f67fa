"""Where to look: the files, the places in them that touch finalizers, and the calls that are given a name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from tree_sitter import Node, Query, QueryCursor, QueryError

from gomigrate.checkout import is_generated
from gomigrate.errors import UserError, printable
from gomigrate.finalizer.analysis import Analysis
from gomigrate.finalizer.calls import find_call
from gomigrate.finalizer.decision import function_around
from gomigrate.finalizer.effective_runtime import MODULE
from gomigrate.finalizer.objectmodel import CONTROLLERUTIL
from gomigrate.finalizer.roles import is_test_code
from gomigrate.finalizer.sites import WRITES, Site
from gomigrate.go.nodes import descend, in_order, statements
from gomigrate.go.references import References
from gomigrate.go.syntax import SourceFile, captured_near, is_text
from gomigrate.go.trees import GO
from gomigrate.model import Note, Operation
from gomigrate.packs import Pack
from gomigrate.touching import TOUCHING, touches

# Of the language of queries only what always ends soon is for packs: matches of quantified siblings grow without
# bounds, and so may regular expressions.
_PREDICATES = frozenset(("#eq?", "#not-eq?", "#any-eq?", "#any-not-eq?", "#any-of?", "#not-any-of?"))
_NO_CODE = re.compile(r'"(?:[^"\\\n]|\\.)*"|;[^\n]*')
_PREDICATE = re.compile(r"#[^\s()\[\]]+")
_QUANTIFIER = re.compile(r"[*+?]")
_BRACKET = re.compile(r"[()\[\]]")
_MAX_MATCHES = 4096
# What compiles queries calls itself for each level, and has no limit of its own.
_MAX_DEPTH = 64

_QUERY = "candidates.scm"
# Each pattern of the query that comes with gomigrate asks for a name that holds this; those of a pack may not.
_IN_QUERY = (b"Finalizer",)
# What is found in a file is compared with each other. Nobody writes that much of it into one file.
MAX_MENTIONS = 2000


def touching(analysis: Analysis, paths: Iterable[str]) -> list[str]:
    """Those of these files that may do something with finalizers, generated ones aside, where no index tells."""
    needles, names, read = analysis.pack.needles, analysis.pack.names, analysis.workspace.checkout.read
    found = ((path, data) for path in paths if any(needle in (data := read(path) or b"") for needle in needles))
    return [path for path, data in found if not is_generated(data) and touches(names, path, data)]


def hot_files(analysis: Analysis, paths: Iterable[str]) -> list[SourceFile]:
    """Of these files, which may do something with finalizers, those to look into. Of a test only the names count; what
    else of it matters is found by references."""
    files = []
    for path in paths:
        if _is_runtime(analysis, path):
            continue
        data = analysis.workspace.checkout.read(path) or b""
        file = analysis.workspace.file(path)
        mentions = sum(map(data.count, (*(() if path.endswith("_test.go") else TOUCHING), *analysis.pack.names)))
        if mentions > MAX_MENTIONS:
            analysis.workspace.checkout.notes.append(
                Note(path, f"speaks of finalizers more than {MAX_MENTIONS} times; the file is skipped")
            )
            analysis.unread[path] = data
        elif file is not None:
            files.append(file)
        elif not path.endswith("_test.go"):
            analysis.unread[path] = data
    return files


def early(path: str, data: bytes) -> SourceFile | None:
    """A file that `hot_files` will look into. Whoever parses it while this one is kept has the tree."""
    if not is_text(data):
        return None
    file = SourceFile(path, data)
    file.parse()
    return file


def _is_runtime(analysis: Analysis, path: str) -> bool:
    """Whether a file belongs to a copy of controller-runtime: its AddFinalizer is not hand-written code."""
    module = analysis.workspace.module_of(path.rpartition("/")[0])
    return module is not None and module.path == MODULE


def helper_files(analysis: Analysis) -> list[SourceFile]:
    """The files to look into; with a focus also those of the packages that it lies in or imports."""
    focus = analysis.focus
    if focus is None:
        return analysis.files
    near = [p for p in _around(analysis, focus) if p not in focus]
    found = hot_files(analysis, touching(analysis, near))
    return sorted([*analysis.files, *found], key=lambda f: f.path)


def named_places(analysis: Analysis, files: list[SourceFile]) -> tuple[list[SourceFile], References]:
    """Where names are looked for: what a place is about may be told by the rest of its package."""
    if analysis.focus is None:
        return analysis.files, analysis.references
    folders = dict.fromkeys(p.rpartition("/")[0] for p in analysis.focus)
    package = [p for f in folders for p in analysis.workspace.checkout.go_files_in(f) if not p.endswith("_test.go")]
    return files, References(analysis.types, analysis.index, list(dict.fromkeys([*analysis.focus, *package])))


def _around(analysis: Analysis, focus: list[str]) -> list[str]:
    """The files, tests aside, of the packages that the focus lies in or imports."""
    folders: dict[str, None] = {}
    for path in focus:
        folders[path.rpartition("/")[0]] = None
        file = analysis.workspace.file(path)
        for found in file.imports if file is not None else ():
            folder = analysis.workspace.folder_of(found.path, path.rpartition("/")[0])
            if folder is not None:
                folders[folder] = None
    paths = (p for folder in folders for p in analysis.workspace.checkout.go_files_in(folder))
    return [p for p in paths if not p.endswith("_test.go")]


def accesses(analysis: Analysis) -> list[tuple[SourceFile, Node, bool]]:
    """(file, node, writes) of every place to look at, in the order of the files."""
    helper_spans = {(h.file.path, h.node.start_byte): h for h in analysis.helpers if h.symbol not in analysis.kept}
    found: list[tuple[SourceFile, Node, bool]] = []
    if analysis.touched is None:
        analysis.touched = list(_touched(analysis))
    for file, node, around in analysis.touched:
        if (file.path, around.start_byte) not in helper_spans:
            found.append((file, node, True))
    for helper in analysis.helpers:
        writes = helper.meaning.operation in WRITES
        for reference in analysis.refs(helper.symbol):
            call = reference.call
            function = function_around(reference.node)
            if call is None or not reference.sure or function is None or reference.file.is_generated:
                continue
            if (reference.file.path, function.start_byte) not in helper_spans:
                found.append((reference.file, call, writes))
    return found


def _touched(analysis: Analysis) -> Iterator[tuple[SourceFile, Node, Node]]:
    """(file, node, function around it) of every place that the pack's query finds: asked for once, not every round."""
    query = candidates(analysis.pack)
    for file in analysis.files:
        if file.is_generated or file.is_test:
            continue
        for node in _captured(query, file, analysis.pack):
            function = function_around(node)
            if function is not None and not _is_own_function(analysis, file, node):
                yield file, node, function


def _is_own_function(analysis: Analysis, file: SourceFile, node: Node) -> bool:
    """A call named AddFinalizer and the like that is not controllerutil's: helpers are found by reference."""
    if node.type != "call_expression":
        return False
    function = node.child_by_field_name("function")
    field_node = function.child_by_field_name("field") if function is not None else None
    if field_node is None or file.text(field_node) in ("GetFinalizers", "SetFinalizers"):
        return False
    operand = function.child_by_field_name("operand")  # type: ignore[union-attr]
    return operand is None or analysis.types.package_of(file, operand) != CONTROLLERUTIL


def wrapped_calls(analysis: Analysis) -> Iterator[Site]:
    """Calls of functions that do with the name that they are given what one of controllerutil does. They stay,
    and are called for each name."""
    helpers = {(h.symbol.folder, h.symbol.receiver, h.symbol.name) for h in analysis.helpers}
    for uses in analysis.names:
        stays = uses.migrated or uses.rule.old in analysis.blocked
        references = () if stays else (*uses.old_references, *uses.old_literals)
        for reference in references:
            if is_test_code(reference.file) or reference.file.is_generated:
                continue
            key = (reference.file.path, reference.node.start_byte)
            if key not in analysis.calls:
                analysis.calls[key] = find_call(analysis.types, uses, reference, new=False)
            call = analysis.calls[key]
            if call is not None and call.is_wrapped and not call.idle and not helpers & set(call.meaning.functions):
                yield Site(call.file, (call.node,), call.meaning._replace(functions={}), key=call.key)


def bodies(analysis: Analysis) -> Iterator[Site]:
    """All that a helper does which stays: one call will do it. What comments stand in it is looked at in parts, and
    so is one that does something else with an empty name."""
    for kept in analysis.kept.values():
        helper = kept.helper
        body = helper.node.child_by_field_name("body")
        nodes = tuple(statements(body)) if body is not None else ()
        meaning = helper.meaning
        whole = meaning.operation not in (Operation.IS_DELETING, Operation.SAME_COUNT) and not meaning.named
        if whole and nodes and not helper.file.is_test and not descend(helper.node, "comment"):
            yield Site(helper.file, nodes, meaning, whole=True)


def is_write(file: SourceFile, node: Node, writes: bool) -> bool:
    """Whether a place to look at writes finalizers; `writes` as `accesses` says."""
    return writes and not (node.type == "call_expression" and file.text(node).endswith("GetFinalizers()"))


def candidates(pack: Pack) -> Query:
    """The pack's query for places that touch finalizers. Raises UserError when it is broken."""
    path = pack.path(_QUERY)
    try:
        query = _compiled(_plain(pack.text(_QUERY)))
    except (QueryError, ValueError) as error:
        raise UserError(f"{path}: is no valid tree-sitter query: {' '.join(str(error).split())}.") from None
    if "access" not in (query.capture_name(i) for i in range(query.capture_count)):
        raise UserError(f"{path}: captures nothing as @access, which marks a place that touches finalizers.")
    return query


def _plain(text: str) -> str:
    """The query, when it is of the part of the language that always ends soon. Raises ValueError when it is not."""
    code = _NO_CODE.sub(" ", text)
    for predicate in _PREDICATE.findall(code):
        if predicate not in _PREDICATES:
            raise ValueError(f"{predicate} is none of {', '.join(sorted(_PREDICATES))}")
    depth = deepest = 0
    for bracket in _BRACKET.findall(code):
        depth += 1 if bracket in "([" else -1
        deepest = max(deepest, depth)
    if deepest > _MAX_DEPTH:
        raise ValueError(f"it is nested more than {_MAX_DEPTH} deep")
    found = _QUANTIFIER.search(_PREDICATE.sub(" ", code))
    if found:
        raise ValueError(f"a pack's query may not use the quantifier {found[0]}")
    return text


def _captured(query: Query, file: SourceFile, pack: Pack) -> list[Node]:
    if pack.path(_QUERY).parent == pack.base:
        return in_order(captured_near(query, file, _IN_QUERY).get("access", []))
    cursor = QueryCursor(query, match_limit=_MAX_MATCHES)
    found = in_order(cursor.captures(file.root).get("access", []))
    if cursor.did_exceed_match_limit:
        raise UserError(
            f"{pack.path('candidates.scm')}: has too many matches under way at once in {printable(file.path)}; let a "
            "pattern name fewer nodes side by side."
        )
    return found


@lru_cache(maxsize=1)
def _compiled(text: str) -> Query:
    return Query(GO, text)
