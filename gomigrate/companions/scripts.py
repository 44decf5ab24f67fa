"""Names in Python: literals that are put on objects or looked for in their finalizers, read by LibCST.

Every literal of a script is judged. What becomes of the script is decided for all of it at once (see `rewriting`): a
script that adds the new name at one place and looks for the old one at another would be worse than before.
"""

from __future__ import annotations

import ast
import warnings
from typing import NamedTuple

import libcst as cst
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper, ParentNodeProvider

from gomigrate.companions.places import Place, Role
from gomigrate.companions.texts import occurrences
from gomigrate.packs import FinalizerName

MAX_SCRIPT = 512 * 1024
MAX_DEPTH = 150
_DEEP = "it is nested too deeply to be read"
_BROKEN = "the file is no Python that can be read"
_ALONE = (cst.If, cst.While, cst.Return, cst.Assign, cst.AnnAssign, cst.Assert, cst.CompIf)
_LOOKS = (cst.In, cst.NotIn, cst.Equal, cst.NotEqual)


class Test(NamedTuple):
    """A comparison with the name: `form` is `in`, `not in`, `==` or `!=`, `other` the text of its other side, and
    [start, end) the bytes of the whole. `alone` is where two of them need no parentheses."""

    form: str
    other: str
    alone: bool
    start: int
    end: int


class Constant(NamedTuple):
    """A constant at the script's top level: [start, end) are the bytes of its literal."""

    text: str
    value: str
    start: int
    end: int


class Use(NamedTuple):
    """A literal, or a constant by its name, and what the script does with it; `idle` where it is a mere comment."""

    place: Place
    constant: str = ""
    test: Test | None = None
    idle: bool = False


class Script(NamedTuple):
    """What a script holds. `header` is the byte where new constants go, `newline` what ends its lines."""

    uses: tuple[Use, ...]
    constants: tuple[Constant, ...]
    taken: frozenset[str]
    header: int
    newline: str


def read_script(path: str, source: bytes, names: tuple[FinalizerName, ...]) -> Script | str:
    """The uses of the names in a script; a text says why it cannot be read."""
    unfit = _unfit(source)
    if unfit:
        return unfit
    try:
        wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
        if wrapper.module.bytes != source:
            return _BROKEN
        return _Reader(path, source, names, wrapper).read()
    except RecursionError:
        return _DEEP
    except (cst.ParserSyntaxError, cst.CSTValidationError, UnicodeError, LookupError, ValueError):
        return _BROKEN


def _unfit(source: bytes) -> str:
    """Why LibCST is not given a script: its parser ends the whole process on code that is nested very deeply. Python's
    own has limits."""
    if len(source) > MAX_SCRIPT:
        return "it is too large to be read"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            level: list[ast.AST] = [ast.parse(source)]
    except (SyntaxError, ValueError):
        return _BROKEN
    except (MemoryError, RecursionError):
        return _DEEP
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return ""
    return _DEEP


class _Reader(cst.CSTVisitor):
    def __init__(self, path: str, source: bytes, names: tuple[FinalizerName, ...], wrapper: MetadataWrapper) -> None:
        super().__init__()
        self._path, self._source = path, source
        self._by_text = {text: name for name in names for text in (name.old, name.new)}
        self._module = wrapper.module
        self._spans = wrapper.resolve(ByteSpanPositionProvider)
        self._parents = wrapper.resolve(ParentNodeProvider)
        self._constants: dict[str, Constant] = {}
        self._twice: set[str] = set()
        self._taken: set[str] = set()
        self._uses: list[Use] = []
        self._comments: list[tuple[int, int]] = []

    def read(self) -> Script:
        for statement in self._module.body:
            self._declare(statement)
        for constant in self._twice:
            self._constants.pop(constant, None)
        self._module.visit(self)
        known = {offset for u in self._uses for offset in range(u.place.start, u.place.end)}
        known |= {offset for c in self._constants.values() for offset in range(c.start, c.end)}
        # Names in comments, docstrings, f-strings and longer texts.
        for name in dict.fromkeys(self._by_text.values()):
            for start, end in occurrences(self._source, name.old):
                if start not in known:
                    idle = any(first <= start and end <= last for first, last in self._comments)
                    doubt = f"it stands in a {'comment' if idle else 'longer text'}"
                    self._uses.append(Use(Place(self._path, name, start, end, Role.TEXT, doubt=doubt), idle=idle))
        uses = tuple(sorted(self._uses, key=lambda u: u.place.start))
        header = self._header()
        return Script(
            uses, tuple(self._constants.values()), frozenset(self._taken), header, self._module.default_newline
        )

    # -- constants ------------------------------------------------------------------------------------------

    def _declare(self, statement: cst.CSTNode) -> None:
        """A constant of the module: NAME = "…"."""
        for small in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
            target: cst.BaseExpression | None = None
            value: cst.BaseExpression | None = None
            if isinstance(small, cst.Assign) and len(small.targets) == 1:
                target, value = small.targets[0].target, small.value
            elif isinstance(small, cst.AnnAssign):
                target, value = small.target, small.value
            if isinstance(target, cst.Name) and isinstance(value, cst.SimpleString):
                text = value.evaluated_value
                if isinstance(text, str) and text in self._by_text:
                    start, end = self._span(value)
                    self._constants[target.value] = Constant(target.value, text, start, end)

    def visit_Assign(self, node: cst.Assign) -> None:
        for target in node.targets:
            self._assigned(target.target, node)

    def visit_AugAssign(self, node: cst.AugAssign) -> None:
        self._assigned(node.target, node)

    def _assigned(self, target: cst.CSTNode, node: cst.CSTNode) -> None:
        if isinstance(target, cst.Name) and target.value in self._constants:
            constant = self._constants[target.value]
            value = getattr(node, "value", None)
            if value is None or self._span(value)[0] != constant.start:
                self._twice.add(target.value)

    def visit_Comment(self, node: cst.Comment) -> None:
        self._comments.append(self._span(node))

    def visit_Expr(self, node: cst.Expr) -> None:
        if isinstance(node.value, (cst.SimpleString, cst.ConcatenatedString)):
            self._comments.append(self._span(node.value))

    # -- uses -----------------------------------------------------------------------------------------------

    def visit_Name(self, node: cst.Name) -> None:
        self._taken.add(node.value)
        constant = self._constants.get(node.value)
        if constant is None or self._is_target(node):
            return
        self._use(node, self._by_text[constant.value], constant.text)

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        text = node.evaluated_value
        name = self._by_text.get(text) if isinstance(text, str) else None
        if name is None or text != name.old:
            return
        start, _ = self._span(node)
        if not any(c.start == start for c in self._constants.values()):
            self._use(node, name, "")

    def _use(self, node: cst.BaseExpression, name: FinalizerName, constant: str) -> None:
        start, end = self._span(node)
        parent = self._parents[node]
        test = self._test(node)
        if test is not None:
            self._uses.append(Use(Place(self._path, name, start, end, Role.TESTS), constant, test))
        elif self._adds(parent):
            self._uses.append(Use(Place(self._path, name, start, end, Role.ADDS), constant))
        else:
            doubt = "what the script does with the name there is not understood"
            self._uses.append(Use(Place(self._path, name, start, end, Role.TEXT, doubt=doubt), constant))

    def _is_target(self, node: cst.Name) -> bool:
        parent = self._parents[node]
        named = isinstance(parent, (cst.Attribute, cst.Arg)) and node is not getattr(parent, "value", None)
        return named or isinstance(parent, (cst.AssignTarget, cst.ImportAlias, cst.Param)) or (
            isinstance(parent, cst.AnnAssign) and parent.target is node
        )  # fmt: skip

    def _test(self, node: cst.BaseExpression) -> Test | None:
        """The comparison that the node is one side of, where both can be written for two names."""
        parent = self._parents[node]
        comparison = self._parents[parent] if isinstance(parent, cst.ComparisonTarget) else parent
        if not isinstance(comparison, cst.Comparison) or len(comparison.comparisons) != 1:
            return None
        target = comparison.comparisons[0]
        operator = target.operator
        first = node is comparison.left
        other = target.comparator if first else comparison.left
        if not isinstance(operator, _LOOKS) or (isinstance(operator, (cst.In, cst.NotIn)) and not first):
            return None
        text = self._module.code_for_node(other)
        if not _is_pure(other) or "\n" in text or "#" in text:
            return None
        form = {cst.In: "in", cst.NotIn: "not in", cst.Equal: "==", cst.NotEqual: "!="}[type(operator)]
        alone = isinstance(self._parents[comparison], _ALONE) and not comparison.lpar
        return Test(form, text, alone, *self._span(comparison))

    def _adds(self, parent: cst.CSTNode) -> bool:
        """Whether an object gets the name there, or is expected to have got it."""
        if isinstance(parent, cst.Arg) and parent.keyword is None:
            call = self._parents[parent]
            method = call.func if isinstance(call, cst.Call) else None
            return isinstance(method, cst.Attribute) and method.attr.value == "append" and _is_list(method.value)
        if not isinstance(parent, cst.Element):
            return False
        items = self._parents[parent]
        holder = self._parents[items]
        if isinstance(holder, cst.DictElement):
            return _is_word(holder.key)
        if isinstance(holder, cst.Arg):
            return holder.keyword is not None and holder.keyword.value == "finalizers"
        if isinstance(holder, (cst.Assign, cst.AnnAssign)):
            targets = [t.target for t in holder.targets] if isinstance(holder, cst.Assign) else [holder.target]
            return all(_is_list(t) for t in targets)
        if isinstance(holder, cst.ComparisonTarget):
            comparison = self._parents[holder]
            return isinstance(holder.operator, cst.Equal) and _is_list(getattr(comparison, "left", None))
        return False

    # -- places ---------------------------------------------------------------------------------------------

    def _span(self, node: cst.CSTNode) -> tuple[int, int]:
        span = self._spans[node]
        return span.start, span.start + span.length

    def _header(self) -> int:
        """The end of the last line of the imports that open the module, or of its docstring; else its first line."""
        end = None
        for i, statement in enumerate(self._module.body):
            small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
            docstring = i == 0 and isinstance(small, cst.Expr) and isinstance(small.value, cst.SimpleString)
            if not docstring and not isinstance(small, (cst.Import, cst.ImportFrom)):
                break
            end = self._span(statement)[1]
        if end is None:
            return self._span(self._module.body[0])[0]
        line_end = self._source.find(b"\n", end)
        return len(self._source) if line_end < 0 else line_end + 1


def _is_pure(node: cst.BaseExpression) -> bool:
    """Names, attributes and elements: what may be asked for twice."""
    if isinstance(node, cst.Attribute):
        return _is_pure(node.value)
    if isinstance(node, cst.Subscript):
        keys = [e.slice for e in node.slice]
        return _is_pure(node.value) and all(isinstance(k, cst.Index) and _is_pure(k.value) for k in keys)
    return isinstance(node, (cst.Name, cst.SimpleString, cst.Integer))


def _is_word(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.SimpleString) and node.evaluated_value == "finalizers"


def _is_list(node: cst.CSTNode | None) -> bool:
    """Whether an expression means a list of finalizers: `finalizers`, `….finalizers`, `…["finalizers"]`."""
    if isinstance(node, cst.Name):
        return node.value == "finalizers"
    if isinstance(node, cst.Attribute):
        return node.attr.value == "finalizers"
    if isinstance(node, cst.Subscript) and len(node.slice) == 1:
        key = node.slice[0].slice
        return isinstance(key, cst.Index) and _is_word(key.value)
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        return node.func.attr.value in ("setdefault", "get") and bool(node.args) and _is_word(node.args[0].value)
    return False
