"""From a decided site to text edits: the calls of controllerutil that take its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import chain, count
from typing import NamedTuple

from tree_sitter import Node

from gomigrate.errors import UserError
from gomigrate.finalizer.analysis import Analysis
from gomigrate.finalizer.decision import Decision
from gomigrate.finalizer.deletion import REFUSED, Deletion, path_in
from gomigrate.finalizer.guard import Guard, around, separator
from gomigrate.finalizer.objectmodel import CONTROLLERUTIL
from gomigrate.finalizer.placement import Constant, Placement, sees
from gomigrate.finalizer.runtime_versions import needs_sets
from gomigrate.finalizer.sites import Site
from gomigrate.finalizer.wording import Wording
from gomigrate.go.dominance import may_jump
from gomigrate.go.edits import behind_semicolon
from gomigrate.go.evaluator.kinds import SETS
from gomigrate.go.fold import merged
from gomigrate.go.nodes import FUNCTION_LIKE, ancestors, descend, expressions, named
from gomigrate.go.scope import lookup
from gomigrate.go.syntax import SourceFile
from gomigrate.go.workspace import Workspace
from gomigrate.model import Operation, Stage, TextEdit
from gomigrate.packs import Render

_LINE_ENDS = (b"\n", b"\r", b"")
_PRECEDENCE = {"||": 1, "&&": 2}


_IN_FUNCTION = b"package p\n\nfunc f() {\n\t_ = 0\n\t%b\n}\n"
_AS_VALUE = b"package p\nfunc f() {\n_ = (%s)\n}\n"


class Refused(Exception):
    """The site cannot be written in the new way here: the reason completes 'left because'."""


class Rewrite(NamedTuple):
    """The edits of one site, the text that takes its place, and the imports that it needs: (alias, path).

    Of one that adds a name which has another one beside it, `guard` is the condition that keeps it from an object that
    is being deleted, or `proof` why none is needed."""

    edits: tuple[TextEdit, ...]
    after: str
    imports: tuple[tuple[str, str], ...] = ()
    guard: str = ""
    proof: str = ""


@dataclass(slots=True)
class Namer:
    """How a constant or package is written in a file, and what must be imported for it."""

    workspace: Workspace
    imports: dict[str, str] = field(default_factory=dict)

    def constant(self, file: SourceFile, at: Node, constant: Constant) -> str:
        """The constant in the words of the file at a node. Raises Refused when a local name hides it."""
        if constant.folder == file.directory and not self._external_test(file, constant.folder):
            if lookup(file, constant.name, at) is not None:
                raise Refused(f"a local variable hides the constant {constant.name} here")
            return constant.name
        path = self.workspace.import_path(constant.folder)
        return f"{self.package(file, at, path, self.workspace.package_name(constant.folder))}.{constant.name}"

    def package(self, file: SourceFile, at: Node, path: str, name: str) -> str:
        """The name by which a package is used at a node; it is imported when it is not yet."""
        if not name:
            raise Refused(f"no file of {path} that can be read tells the name of its package")
        found = file.import_of(path)
        if found is not None:
            local = found.alias or name
            if lookup(file, local, at) is None:
                return local
            raise Refused(f"a local variable hides the package {local} here")
        alias = ""
        taken = {i.name for i in file.imports} | set(file.values) | {file.name_of(f) for f in file.functions}
        if name in taken:
            alias = f"{name}_" if f"{name}_" in taken else f"k8s{name}"
        if lookup(file, alias or name, at) is not None:
            raise Refused(f"a local variable hides the package {alias or name} here")
        self.imports[path] = alias
        return alias or name

    def _external_test(self, file: SourceFile, folder: str) -> bool:
        return file.is_test and file.package_name != self.workspace.package_name(folder)


class Rewriter:
    def __init__(self, analysis: Analysis, render: Render) -> None:
        self.workspace = analysis.workspace
        self.pack = analysis.pack
        self.render = render
        self.stage = analysis.stage
        self.sees = partial(sees, analysis)
        self.deletion = Deletion(analysis)
        self._used: dict[tuple[str, int], set[str]] = {}

    def rewrite(self, decision: Decision, placement: Placement | None) -> Rewrite:
        """The edits of a site. Raises Refused, with nothing done, when it cannot be written here."""
        site = decision.site
        file, at = site.file, site.nodes[0]
        namer = Namer(self.workspace)
        operation, negated = site.meaning.operation, site.meaning.negated
        if operation is Operation.IS_DELETING:
            text = self._render("not_is_deleting" if negated else "is_deleting", {"object": decision.object})
            return Rewrite(self._replace(site, text), text)
        others = [self._worded(namer, file, at, other) for other in decision.others]
        if placement is not None:
            keys, added = self.keys(namer, file, at, placement)
            keys += others
        elif others and decision.uses is None:
            keys, added = others, others[0]
        else:
            raise Refused("it has no constant to name the finalizer by")
        guard, proof = self._guard(decision)
        if site.key is not None:
            text, edits = self._call_for_each(decision, [added] if operation is Operation.ADD else keys, guard)
        elif site.whole:
            text = self._body(namer, decision, keys, added, guard)
            edits = self._replace(site, text)
        elif operation in (Operation.CONTAINS, Operation.HAS_ANY):
            question = self._written(namer, decision, Operation.CONTAINS, keys, negated=negated)
            text = self._joined(site, question, len(keys))
            edits = self._replace(site, text)
        else:
            adds = operation in (Operation.ADD, Operation.SET_IF_EMPTY)
            names = [added] if adds else keys
            calls = self._written(namer, decision, Operation.ADD if adds else Operation.REMOVE, names).split("\n")
            if decision.asks_before:
                question = self._written(namer, decision, Operation.CONTAINS, names, negated=adds)
                text, edits = self._asked_before(decision, question, calls, guard)
            else:
                text, edits = self._change(decision, calls, guard)
        return Rewrite(edits, text, tuple((alias, path) for path, alias in namer.imports.items()), guard, proof)

    def _guard(self, decision: Decision) -> tuple[str, str]:
        """The condition under which a name may be added here, or why it always may; neither where no other name may
        stand on the object. Raises Refused when no condition helps."""
        site, uses = decision.site, decision.uses
        if uses is None or site.meaning.operation not in (Operation.ADD, Operation.SET_IF_EMPTY):
            return "", ""
        if uses.migrated and {k.constant for k in site.meaning.keys} == {uses.rule.new}:
            return "", ""
        path = path_in(site.file, site.meaning.objects[0])
        proof = self.deletion.proof(site.file, site.nodes[0], path, uses)
        if proof.hopeless:
            raise Refused(proof.hopeless)
        if proof.why:
            return "", proof.why
        return self._render("not_is_deleting", {"object": decision.object}), ""

    def keys(self, namer: Namer, file: SourceFile, at: Node, placement: Placement) -> tuple[list[str], str]:
        """(names that are honoured, name that is added) as written at a node."""
        key, legacy = placement.for_use(file.directory, self._named_in(file, at, placement))
        key_text = namer.constant(file, at, key)
        if legacy is None or self.stage is Stage.CLEANUP:
            return [key_text], key_text
        legacy_text = namer.constant(file, at, legacy)
        return [key_text, legacy_text], legacy_text if self.stage is Stage.PREPARE else key_text

    def _worded(self, namer: Namer, file: SourceFile, at: Node, key: Wording) -> str:
        """A name that does not change, as written at a node. Raises Refused when it cannot be named there."""
        if key.text:
            return key.text
        if key.folder != file.directory and not key.name[:1].isupper():
            raise Refused(f"the finalizer's name is {key.name} of {self._package_of(key)}, which is not exported")
        if key.folder is not None:
            if not self.sees(file.directory, key.folder):
                raise Refused(f"the finalizer's name is {key.name} of {self._package_of(key)}, not to be imported here")
            text = namer.constant(file, at, Constant(key.folder, key.name)) + ("()" if key.called else "")
        elif file.import_of(key.path) is not None or (key.package and self._shares_module(file, key.user)):
            text = f"{namer.package(file, at, key.path, key.package)}.{key.name}"
        else:
            raise Refused(f"the finalizer's name is {key.name} of {key.path}, which this file does not import")
        return f"string({text})" if key.typed else text

    def _package_of(self, key: Wording) -> str:
        return key.path or self.workspace.import_path(key.folder or "")

    def _shares_module(self, file: SourceFile, folder: str) -> bool:
        return self.workspace.module_of(file.directory) == self.workspace.module_of(folder)

    def _named_in(self, file: SourceFile, at: Node, placement: Placement) -> str:
        """The package of the constant that the code names today, among those that declare the name; '' for none."""
        folders = {d.symbol.folder: d.symbol.name for d in placement.beside}
        if placement.declared is not None:
            folders[placement.key.folder] = placement.key.name
        for node in descend(at, "selector_expression"):
            operand, field = node.child_by_field_name("operand"), node.child_by_field_name("field")
            found = file.import_named(file.text(operand)) if operand is not None else None
            folder = self.workspace.folder_of(found.path, file.directory) if found is not None else None
            if folder is not None and field is not None and folders.get(folder) == file.text(field):
                return folder
        return ""

    def _render(self, name: str, values: dict[str, object]) -> str:
        """A replacement by its template. Raises UserError when the template of a pack is broken."""
        path = self.pack.path(f"{name}.go.j2")
        text = self.render(path.name, values).strip()
        if path.parent != self.pack.folder:
            return text
        around = _AS_VALUE if "contains" in name or "deleting" in name else _IN_FUNCTION
        code = SourceFile(path.name, around % text.encode())
        if code.root.has_error:
            raise UserError(f"{path}: gives what is no Go code: {text[:80]}")
        keys = values.get("keys", ())
        wanted = [str(value) for value in (values["object"], *(keys if isinstance(keys, list) else ()))]
        lost = next((value for value in wanted if not _holds(code, value)), "")
        if lost:
            raise UserError(f"{path}: leaves out {lost}, so that nothing would be done with it: {text[:80]}")
        return text

    def _written(
        self, namer: Namer, decision: Decision, operation: Operation, keys: list[str], *, negated: bool = False
    ) -> str:
        """An operation on the object by calls of controllerutil, or by sets where it has no fit one."""
        assert decision.calls is not None
        file, at = decision.site.file, decision.site.nodes[0]
        name = f"{'not_' if negated else ''}{operation.value.lower()}"
        values: dict[str, object] = {"object": decision.object, "keys": keys, "key": keys[0]}
        if needs_sets(operation, decision.verdict.level, decision.calls):
            return self._render(f"{name}_by_sets", {**values, "sets": namer.package(file, at, SETS, "sets")})
        values["object"] = f"&{decision.object}" if decision.address else decision.object
        return self._render(name, {**values, "util": namer.package(file, at, CONTROLLERUTIL, "controllerutil")})

    def _body(self, namer: Namer, decision: Decision, keys: list[str], added: str, guard: str) -> str:
        """All that a function does, in the words of controllerutil."""
        meaning, file, at = decision.site.meaning, decision.site.file, decision.site.nodes[0]
        apart = separator(file, at)
        if meaning.result == "value":
            question = self._written(namer, decision, Operation.CONTAINS, keys, negated=meaning.negated)
            return f"return {question}"
        adds = meaning.operation in (Operation.ADD, Operation.SET_IF_EMPTY)
        names = [added] if adds else keys
        lines = self._written(namer, decision, Operation.ADD if adds else Operation.REMOVE, names).split("\n")
        if meaning.result != "none":
            name = answer = self._fresh(file, at, "added" if adds else "removed")
            if decision.asks_before:
                question = self._written(namer, decision, Operation.CONTAINS, names, negated=adds)
                lines = [f"{name} := {_and(guard, question)}", *_under(name if guard else "", lines, apart)]
            elif len(lines) == 1:
                answer = _and(guard, lines.pop())
                if guard and meaning.result != "changed":
                    answer = f"({answer})"
            else:
                answer = f"{lines[1]} || {name}" if meaning.result == "changed" else f"({lines[1]} || {name})"
                lines = [f"{name} := {lines[0]}"]
            lines.append(f"return {answer}" if meaning.result == "changed" else f"return !{answer}")
        elif guard:
            lines = _under(guard, lines, apart)
        return apart.join(lines)

    def _call_for_each(self, decision: Decision, keys: list[str], guard: str) -> tuple[str, tuple[TextEdit, ...]]:
        """The call of a function that stays, once for each name."""
        site = decision.site
        node, key = site.nodes[0], site.key
        assert key is not None
        source = site.file.source
        before, after = source[node.start_byte : key.start_byte].decode(), source[key.end_byte : node.end_byte].decode()
        calls = [f"{before}{k}{after}" for k in keys]
        if site.meaning.operation is Operation.CONTAINS:
            text = self._joined(site, " || ".join(calls), len(calls))
            return text, self._replace(site, text)
        return self._change(decision, calls, guard)

    def _joined(self, site, text: str, count: int) -> str:  # type: ignore[no-untyped-def]
        """A test for several names, in parentheses where what is around it asks for them."""
        negated = site.meaning.negated
        if count < 2:
            return text
        parent = site.nodes[0].parent
        needs = False
        if parent is not None and parent.type == "binary_expression":
            operator = site.file.text(parent.child_by_field_name("operator"))
            needs = _PRECEDENCE.get(operator, 3) > (2 if negated else 1)
        elif parent is not None and parent.type == "unary_expression":
            needs = True
        return f"({text})" if needs else text

    def _change(self, decision: Decision, calls: list[str], guard: str) -> tuple[str, tuple[TextEdit, ...]]:
        """The calls in the place of a site that changes the list, by how its result is used."""
        site = decision.site
        kind = site.meaning.result
        node = site.nodes[0]
        if any(a.type == "go_statement" and a.start_byte == node.parent.start_byte for a in ancestors(node)):  # type: ignore[union-attr]
            raise Refused("it runs as a goroutine of its own")
        if kind == "none":
            statement = node.parent if node.parent is not None and node.parent.type == "expression_statement" else node
            if len(calls) > 1 and (statement.parent is None or statement.parent.type != "statement_list"):
                raise Refused("both names must be removed, and this place holds one statement only")
            apart = separator(site.file, node)
            text = f"{_linter_comment(site.file, statement)}{apart}".join(calls)
            if guard:
                found = self._guarded(site, guard)
                whole = f"{found.before}{text}{found.behind}".replace(apart, "\n")
                edits = self._replace(site, f"{found.before}{text}")
                return whole, (*edits, TextEdit(site.file.path, found.end, found.end, found.behind.encode()))
            return "\n".join(calls), self._replace(site, text)
        wanted = kind == "changed"
        if len(calls) == 1:
            text = calls[0] if wanted else f"!{calls[0]}"
            if guard:
                found = self._guarded(site, guard)
                text = f"{found.before}{calls[0]}{found.behind}" if wanted else f"!({guard} && {calls[0]})"
            return text, self._replace(site, text)
        return self._both(decision, calls, wanted)

    def _guarded(self, site: Site, guard: str) -> Guard:
        found = around(site.file, site.nodes[-1], guard)
        if found is None:
            raise Refused(f"{REFUSED}, and there is no room for a test of its deletion timestamp here")
        return found

    def _both(self, decision: Decision, calls: list[str], wanted: bool) -> tuple[str, tuple[TextEdit, ...]]:
        """Two removals of which one result is wanted: both always run, whatever the first one gives."""
        site = decision.site
        node, file = site.nodes[0], site.file
        parent = node.parent
        names = [self._fresh(file, node, "removed"), self._fresh(file, node, "legacyRemoved")]
        joined = " || ".join(names) if wanted else " && ".join(f"!{n}" for n in names)
        if parent is not None and parent.type == "if_statement":
            condition = parent.child_by_field_name("condition")
            if condition is not None and condition.id == node.id and parent.child_by_field_name("initializer") is None:
                lines = [f"{n} := {c}" for n, c in zip(names, calls, strict=True)]
                if parent.parent is not None and parent.parent.type == "statement_list":
                    # Two lines before read better; they need a place of their own for their names.
                    before = separator(file, parent).join(lines) + separator(file, parent)
                    edits = (
                        TextEdit(file.path, parent.start_byte, parent.start_byte, before.encode()),
                        TextEdit(file.path, node.start_byte, node.end_byte, joined.encode()),
                    )
                    return "\n".join([*lines, f"if {joined} {{"]), (*edits, *self._dead(site))
                text = f"{', '.join(names)} := {', '.join(calls)}; {joined}"
                return f"if {text} {{", self._replace(site, text)
        if parent is not None and parent.type == "expression_list" and len(named(parent)) == 1:
            outer = parent.parent
            apart = separator(file, outer) if outer is not None else ""
            in_list = outer is not None and outer.parent is not None and outer.parent.type == "statement_list"
            if outer is not None and in_list and outer.type in ("short_var_declaration", "assignment_statement"):
                left = outer.child_by_field_name("left")
                if left is not None and len(named(left)) == 1 and named(left)[0].type == "identifier" and wanted:
                    name = file.text(left)
                    text = f"{calls[0]}{apart}{name} = {calls[1]} || {name}"
                    return text.replace(apart, "\n"), self._replace(site, text)
            header = outer.parent if outer is not None and outer.type == "short_var_declaration" else None
            if header is not None and header.type == "if_statement" and wanted:
                left = outer.child_by_field_name("left") if outer is not None else None
                above = header.parent is not None and header.parent.type == "statement_list"
                if above and left is not None and len(named(left)) == 1:
                    before = f"{names[1]} := {calls[1]}{separator(file, header)}"
                    text = f"{calls[0]} || {names[1]}"
                    edits = (
                        TextEdit(file.path, header.start_byte, header.start_byte, before.encode()),
                        TextEdit(file.path, node.start_byte, node.end_byte, text.encode()),
                    )
                    return f"{names[1]} := {calls[1]}\nif {file.text(left)} := {text}; …", (*edits, *self._dead(site))
            if outer is not None and in_list and outer.type == "return_statement":
                before = f"{names[0]} := {calls[0]}{apart}"
                text = f"{calls[1]} || {names[0]}" if wanted else f"!({calls[1]} || {names[0]})"
                edits = (
                    TextEdit(file.path, outer.start_byte, outer.start_byte, before.encode()),
                    TextEdit(file.path, node.start_byte, node.end_byte, text.encode()),
                )
                return f"{names[0]} := {calls[0]}\nreturn {text}", (*edits, *self._dead(site))
        raise Refused("both names must be removed, and their common result cannot be written into this expression")

    def _asked_before(
        self, decision: Decision, question: str, calls: list[str], guard: str
    ) -> tuple[str, tuple[TextEdit, ...]]:
        """A change whose result is wanted of calls that give none: whether there is something to do is asked before."""
        site = decision.site
        file, parent = site.file, site.nodes[0].parent
        if parent is not None and parent.type == "expression_list" and len(named(parent)) == 1:
            parent = parent.parent
        statement = parent
        if parent is not None and parent.type == "short_var_declaration" and parent.parent is not None:
            statement = parent.parent if parent.parent.type == "if_statement" else parent
        elif parent is not None and parent.type == "if_statement":
            statement = parent if parent.child_by_field_name("initializer") is None else None
        elif parent is not None and parent.type not in ("return_statement", "assignment_statement"):
            statement = None
        if statement is None or statement.parent is None or statement.parent.type != "statement_list":
            raise Refused(
                "AddFinalizer and RemoveFinalizer of the controller-runtime in use give no result, and there is no "
                "place before this one to ask whether there is something to do"
            )
        adds = site.meaning.operation in (Operation.ADD, Operation.SET_IF_EMPTY)
        name = self._fresh(file, site.nodes[0], "added" if adds else "removed")
        answer = name if site.meaning.result == "changed" else f"!{name}"
        apart = separator(file, statement)
        lines = [f"{name} := {_and(guard, question)}", *_under(name if guard else "", calls, apart)]
        before = "".join(line + apart for line in lines)
        edits = (
            TextEdit(file.path, statement.start_byte, statement.start_byte, before.encode()),
            TextEdit(file.path, site.start, site.end, answer.encode()),
        )
        return "\n".join([*lines, answer]), (*edits, *self._dead(site))

    def _fresh(self, file: SourceFile, node: Node, name: str) -> str:
        """A variable name that the function around does not use yet, and no other site in it was given."""
        function = [a for a in ancestors(node) if a.type in FUNCTION_LIKE][-1]
        if may_jump(file, function):
            raise Refused("it needs a new variable here, which a goto of this function would jump over")
        key = (file.path, function.start_byte)
        if key not in self._used:
            self._used[key] = {*map(file.text, descend(function, "identifier")), *file.values}
        used = self._used[key]
        candidates = chain((name, f"{name}Finalizer"), (f"{name}{i}" for i in count(2)))
        found = next(c for c in candidates if c not in used)
        used.add(found)
        return found

    def _replace(self, site, text: str) -> tuple[TextEdit, ...]:  # type: ignore[no-untyped-def]
        edit = TextEdit(site.file.path, site.start, site.end, text.encode())
        return (*self._dead(site), edit)

    @staticmethod
    def _dead(site) -> tuple[TextEdit, ...]:  # type: ignore[no-untyped-def]
        spans = merged([line_span(site.file, d) for d in site.dead])
        whole = (_with_blank_line(site.file, *_from_semicolon(site.file, *span)) for span in spans)
        return tuple(TextEdit(site.file.path, *span, b"") for span in whole)


def _holds(code: SourceFile, text: str) -> bool:
    """Whether an expression stands in Go code, as a whole and not in a comment."""
    whole = (n for n in expressions(code.root) if code.text(n) == text)
    return next(whole, None) is not None


def _and(guard: str, question: str) -> str:
    return f"{guard} && {question}" if guard else question


def _under(condition: str, lines: list[str], apart: str) -> list[str]:
    """Lines in the body of an if, or as they are without a condition."""
    if not condition:
        return lines
    if apart == "; ":
        return [f"if {condition} {{ {apart.join(lines)} }}"]
    return [f"if {condition} {{", *(f"\t{line}" for line in lines), "}"]


def _from_semicolon(file: SourceFile, start: int, end: int) -> tuple[int, int]:
    """What goes, with the semicolon before it when it is the end of its line."""
    source = file.source
    before = source[:start].rstrip(b" \t")
    return (len(before) - 1, end) if before.endswith(b";") and source[end : end + 1] in _LINE_ENDS else (start, end)


def _with_blank_line(file: SourceFile, start: int, end: int) -> tuple[int, int]:
    """Whole lines that go, with the blank line behind them when one stands before them, or a block opens there."""
    source = file.source
    before = source[:start].rstrip(b" \t\r\n")
    apart = source.count(b"\n", len(before), start) > 1 or before.endswith(b"{")
    behind = source.find(b"\n", end) + 1
    if source[start - 1 : start] == b"\n" and apart and behind and not source[end:behind].strip():
        return start, behind
    return start, end


def _linter_comment(file: SourceFile, statement: Node) -> str:
    """What a linter is told behind a statement, with what stands before it: it is true of each call in its place."""
    end = file.source.find(b"\n", statement.end_byte)
    behind = file.source[statement.end_byte : len(file.source) if end < 0 else end].decode("utf-8", "replace")
    return behind.rstrip() if behind.lstrip().startswith(("//nolint", "//lint:")) else ""


def line_span(file: SourceFile, node: Node) -> tuple[int, int]:
    """The whole lines of a node, line end included, when only a comment stands beside it; else the node itself, with
    the semicolon that parts it from the next one on its line."""
    source = file.source
    start = source.rfind(b"\n", 0, node.start_byte) + 1
    end = source.find(b"\n", node.end_byte)
    end = len(source) if end < 0 else end + 1
    behind = source[node.end_byte : end].strip(b" \t\r\n;")
    alone = not source[start : node.start_byte].strip() and (not behind or behind.startswith(b"//"))
    if alone:
        return start, end
    return node.start_byte, behind_semicolon(source, node.end_byte)
