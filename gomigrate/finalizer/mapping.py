"""Old finalizer names and their new ones, as a checkout's owner gives them; and which of them cannot be followed.

Nothing is renamed without such a mapping. A refusal is for one name, the others go on.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from tree_sitter import Node

from gomigrate.finalizer.found import Found, FoundName
from gomigrate.finalizer.names import NameUses
from gomigrate.finalizer.places import place
from gomigrate.finalizer.qualified import STANDARD, complaint
from gomigrate.go.references import References
from gomigrate.go.syntax import SourceFile, ancestors
from gomigrate.packs import FinalizerName, Pack

_CONTROLLER_CALLS = frozenset(
    ("Named", "WithName", "GetEventRecorderFor", "GetEventRecorder", "FieldOwner", "ForceOwnership", "NewUnmanaged")
)


def with_mapping(pack: Pack, mapping: Mapping[str, str]) -> Pack:
    """The pack with the names of a mapping, old -> new. What no code is needed to refuse stands in `refused`."""
    targets = Counter(mapping.values())
    refused: dict[str, str] = {}
    rules: list[FinalizerName] = []
    for old, new in mapping.items():
        reason = _flaw(old, new)
        if not reason and targets[new] > 1:
            others = " and ".join(repr(o) for o, n in mapping.items() if n == new and o != old)
            reason = f"{others} would become {new!r} as well: each finalizer needs a name of its own"
        if not reason and new in mapping:
            reason = f"{new!r} is itself a name that is to be renamed"
        if reason:
            refused[old] = reason
        else:
            rules.append(FinalizerName(old, new, *_constants(new, {r.constant for r in rules})))
    return pack._replace(finalizers=tuple(rules), refused=refused)


def _flaw(old: str, new: str) -> str:
    """Why a pair of names cannot be right, whatever the code is; '' when it can."""
    if old in STANDARD:
        return f"{old!r} is one of Kubernetes' own finalizers"
    if new == old:
        return "the new name is the same as the old one"
    if not old or any(c in old for c in '"\\\n'):
        return "the old name is empty, or holds a quote, backslash or newline"
    flaw = complaint(new)
    if not flaw and "/" not in new:
        flaw = "there is no domain before it, as in example.org/finalizer"
    return f"the new name {new!r} is no domain-qualified one: {flaw}" if flaw else ""


def _constants(new: str, taken: set[str]) -> tuple[str, str]:
    """What to call the constants of a name in code that has none: `example.org/machine` gives MachineFinalizer."""
    domain, _, name = new.partition("/")
    words = [w for w in re.findall(r"[A-Za-z0-9]+", name) if w.lower() not in ("finalizer", "finalizers")]
    stem = "".join(w[:1].upper() + w[1:] for w in words)
    label = re.sub(r"[^a-z0-9]", "", domain.partition(".")[0]).capitalize()
    for known in (stem, f"{label}{stem}", *(f"{label}{stem}{n}" for n in range(2, 1000))):
        constant = f"{'X' if known[:1].isdigit() else ''}{known}Finalizer"
        if constant not in taken:
            return constant, f"Legacy{constant}"
    raise AssertionError("a mapping of a thousand like names")


def refusals(references: References, found: Found, names: list[NameUses]) -> dict[str, str]:
    """Old name -> why its mapping cannot be followed in this code."""
    by_text = {n.text: n for n in found.names}
    refused = {}
    for uses in names:
        reason = next(_reasons(references, by_text, uses), None)
        if reason is not None:
            refused[uses.rule.old] = reason
    return refused


def _reasons(references: References, by_text: Mapping[str, FoundName], uses: NameUses) -> Iterator[str]:
    old, new = by_text.get(uses.rule.old), by_text.get(uses.rule.new)
    if new is not None and new.added and old is not None and old.added:
        flow = new.flows[0]
        yield f"{uses.rule.new!r} is a finalizer of this checkout already ({place(flow.file, flow.node)})"
    for source in old.computed if old is not None else ():
        yield f"it is computed at {place(source.file, source.node)}: write the name there as one plain text"
    yield from _two_modules(references, uses)
    for reference in (*uses.old_references, *uses.old_literals):
        file, node = reference.file, reference.node
        if file.is_test or file.is_generated:
            continue
        role = _role(file, node)
        if role:
            what = f"{file.text(node)}, which holds it," if reference in uses.old_references else "the same text"
            yield f"{what} is also {role} at {place(file, node)}: give that a constant of its own"


def _two_modules(references: References, uses: NameUses) -> Iterator[str]:
    """A name that two modules write down each for itself, or that one takes from a released version of the other."""
    workspace = references.workspace
    written: dict[str, str] = {}
    places = [(d.file, d.value.spec) for d in uses.old] + [(r.file, r.node) for r in uses.old_literals]
    for file, node in places:
        module = workspace.module_of(file.directory)
        if module is not None and not file.is_test:
            written.setdefault(module.path, place(file, node))
    if len(written) > 1:
        each = " and ".join(f"{path} ({where})" for path, where in sorted(written.items()))
        yield f"several modules write it down, each for itself: {each}; they may be different controllers"
    for declared in uses.old:
        for path in references.importers(declared.symbol.folder):
            folder = path.rpartition("/")[0]
            if workspace.folder_of(workspace.import_path(declared.symbol.folder), folder) is not None:
                continue
            importer = workspace.file(path)
            if importer is not None and declared.symbol.exported and declared.symbol.name.encode() in importer.source:
                yield f"{path} takes {declared.symbol} from a released version of its module, with the old name"


def _role(file: SourceFile, node: Node) -> str:
    """What a use of a name is when it is clearly no finalizer; '' when it may be one."""
    child = node
    for outer in ancestors(node):
        if outer.type == "index_expression":
            index = outer.child_by_field_name("index")
            return "a key (a label or an annotation)" if index is not None and index.id == child.id else ""
        if outer.type == "keyed_element":
            return _keyed_role(file, outer, child)
        if outer.type == "call_expression":
            function = outer.child_by_field_name("function")
            field = function.child_by_field_name("field") if function is not None else None
            name = file.text(field) if field is not None else file.text(function) if function is not None else ""
            return f"a controller's name ({name})" if name in _CONTROLLER_CALLS else ""
        if outer.type in ("const_spec", "var_spec"):
            name = outer.child_by_field_name("name")  # type: ignore[assignment]
            return f"the value of {file.text(name)}"  # type: ignore[arg-type]
        if outer.type not in ("argument_list", "parenthesized_expression", "literal_element", "expression_list"):
            return ""
        child = outer
    return ""


def _keyed_role(file: SourceFile, keyed: Node, child: Node) -> str:
    body = keyed.parent
    literal = body.parent if body is not None else None
    kind = literal.child_by_field_name("type") if literal is not None and literal.type == "composite_literal" else None
    if kind is None or kind.type != "map_type":
        return ""
    key = keyed.child_by_field_name("key")
    is_key = key is not None and key.id == child.id
    return "a key (a label or an annotation)" if is_key else "a value in a map (a label or an annotation)"
