"""Which names of a mapping cannot be followed in the code. A refusal is for one name, the others go on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tree_sitter import Node

from gomigrate.finalizer.found import Found, FoundName, is_plain_constant
from gomigrate.finalizer.names import NameUses
from gomigrate.finalizer.places import place
from gomigrate.finalizer.roles import is_harmless, is_test_code
from gomigrate.go.nodes import ancestors
from gomigrate.go.references import Reference, References
from gomigrate.go.syntax import SourceFile
from gomigrate.model import Operation

_CONTROLLER_CALLS = frozenset(
    ("Named", "WithName", "GetEventRecorderFor", "GetEventRecorder", "FieldOwner", "ForceOwnership", "NewUnmanaged")
)


def refusals(references: References, found: Found, names: list[NameUses]) -> dict[str, str]:
    """Old name -> why its mapping cannot be followed in this code."""
    by_text = {n.text: n for n in found.names}
    refused = {}
    for uses in names:
        reason = next(_reasons(references, by_text, uses), None) or next(_declared_elsewhere(found, uses), None)
        if reason is not None:
            refused[uses.rule.old] = reason
    return refused


def _reasons(references: References, by_text: Mapping[str, FoundName], uses: NameUses) -> Iterator[str]:
    old, new = by_text.get(uses.rule.old), by_text.get(uses.rule.new)
    if new is not None and new.added and old is not None and old.added:
        flow = new.flows[0]
        yield f"{uses.rule.new!r} is a finalizer of this checkout already ({place(flow.file, flow.node)})"
    for source in old.computed if old is not None else ():
        if is_plain_constant(source):
            continue
        yield f"it is computed at {place(source.file, source.node)}: write the name there as one plain text"
    exported = old is not None and any(d.symbol.exported for d in old.declared)
    if old is not None and not uses.migrated and not exported and is_past(references, old):
        yield "nothing here adds it, it is only tested for and removed: objects of earlier releases carry it as it is"
    yield from _two_modules(references, uses)
    for reference in (*uses.old_references, *uses.old_literals):
        file, node = reference.file, reference.node
        if file.is_test or file.is_generated:
            continue
        role = _role(file, node)
        if role:
            what = f"{file.text(node)}, which holds it," if reference in uses.old_references else "the same text"
            yield f"{what} is also {role} at {place(file, node)}: give that a constant of its own"


def _declared_elsewhere(found: Found, uses: NameUses) -> Iterator[str]:
    """A name that also comes from a constant of another module: that cannot follow, and its module may use it."""
    for flow in found.foreign.get(uses.rule.old, ()):
        text = flow.file.text(flow.node)
        yield f"{text} at {place(flow.file, flow.node)} is the same name, which another module declares: it stays there"
    for flow in found.foreign.get(uses.rule.new, ()):
        if flow.operation in (Operation.ADD, Operation.SET_IF_EMPTY):
            text = f"{flow.file.text(flow.node)} of another module ({place(flow.file, flow.node)})"
            yield f"{uses.rule.new!r} is a finalizer of this checkout already: {text}"


def is_past(references: References, found: FoundName) -> bool:
    """Whether a name is only tested for and removed, and no other use could add it: objects of earlier releases carry
    it, and nothing gives it to one."""
    if found.computed or any(f.operation not in (Operation.CONTAINS, Operation.REMOVE) for f in found.flows):
        return False
    places = {(f.file.path, f.node.start_byte) for f in found.flows}
    return all(
        (r.file.path, r.node.start_byte) in places or is_harmless(references.types, r.file, r.node)
        for declared in found.declared
        for r in references.of(declared.symbol)
        if not is_test_code(r.file)
    )


def leave_others_out(references: References, found: Found, uses: NameUses) -> None:
    """Forgets the uses of constants that hold the new name as something else, an annotation's key say: they do not tell
    that the code is at a stage."""
    flowing = {d.symbol for n in found.names if n.text == uses.rule.new for d in n.declared}
    uses.new = [d for d in uses.new if d.symbol in flowing or not _is_other(references.of(d.symbol))]
    uses.new_literals = [r for r in uses.new_literals if not _is_other([r])]
    uses.new_references = [r for d in uses.new for r in references.of(d.symbol)]


def _is_other(uses: list[Reference]) -> bool:
    """Whether every use in production code is clearly no finalizer, and there is one."""
    roles = [_role(r.file, r.node) for r in uses if not is_test_code(r.file)]
    return bool(roles) and all(roles)


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
            return _keyed_role(outer, child)
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


def _keyed_role(keyed: Node, child: Node) -> str:
    body = keyed.parent
    literal = body.parent if body is not None else None
    kind = literal.child_by_field_name("type") if literal is not None and literal.type == "composite_literal" else None
    if kind is None or kind.type != "map_type":
        return ""
    key = keyed.child_by_field_name("key")
    is_key = key is not None and key.id == child.id
    return "a key (a label or an annotation)" if is_key else "a value in a map (a label or an annotation)"
