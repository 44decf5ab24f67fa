"""What code uses a finalizer's name for, beside the operations on the list: tests, creations, mere text."""

from __future__ import annotations

from tree_sitter import Node

from gomigrate.go.nodes import FUNCTIONS, ancestors, arguments_of, named
from gomigrate.go.scope import lookup
from gomigrate.go.syntax import SourceFile, called
from gomigrate.go.types import Named, Pointer, Types

_ASSERTIONS = frozenset(
    ("github.com/onsi/gomega", "github.com/stretchr/testify/assert", "github.com/stretchr/testify/require")
)
_FOR_PEOPLE = (
    "log", "log/slog", "fmt", "errors", "k8s.io/klog", "github.com/go-logr/logr", "github.com/sirupsen/logrus",
    "go.uber.org/zap", "github.com/pkg/errors", "sigs.k8s.io/controller-runtime/pkg/log",
    "k8s.io/client-go/tools/record", "k8s.io/client-go/tools/events",
)  # fmt: skip
_RUNTIME = "sigs.k8s.io/controller-runtime"
_SCHEMA = "k8s.io/apimachinery/pkg/runtime/schema"
_MAX_CHAIN = 8


def is_test_code(file: SourceFile) -> bool:
    """Whether a file is a test, or support for tests: production code has no use for a library of assertions."""
    return file.is_test or any(i.path in _ASSERTIONS for i in file.imports)


def is_creation(file: SourceFile, node: Node) -> bool:
    """Whether a name stands in `Finalizers: []string{…}` of a composite literal: an object made with it."""
    element = node.parent
    if element is None or element.type != "literal_element" or element.parent is None:
        return False
    literal = element.parent.parent
    if literal is None or literal.type != "composite_literal":
        return False
    value = literal.parent
    keyed = value.parent if value is not None and value.type == "literal_element" else None
    if keyed is None or keyed.type != "keyed_element":
        return False
    key = keyed.child_by_field_name("key")
    return key is not None and file.text(key) == "Finalizers"


def is_harmless(types: Types, file: SourceFile, node: Node) -> bool:
    """Whether a name is only written down for people: to a log, into an event or an error."""
    for outer in ancestors(node):
        if outer.type == "call_expression":
            operand, name = called(file, outer)
            package = types.package_of(file, operand) if operand is not None else None
            if package == "fmt" and name in ("Sprintf", "Sprint"):
                continue
            return operand is not None and (_is_for_people(package) or _is_logger(types, file, operand))
        if outer.type not in ("argument_list", "binary_expression"):
            return False
    return False


def _is_for_people(package: str | None) -> bool:
    if package is None:
        return False
    return package.endswith("/logger") or any(package == p or package.startswith(p + "/") for p in _FOR_PEOPLE)


def _is_logger(types: Types, file: SourceFile, node: Node, depth: int = 0) -> bool:
    """Whether an expression is a logger or an event recorder: by its type, or by the call that it comes from."""
    kind = types.of(file, node)
    kind = kind.to if isinstance(kind, Pointer) else kind
    if kind is not None:
        return isinstance(kind, Named) and _is_for_people(kind.package)
    if depth > _MAX_CHAIN:
        return False
    if node.type == "identifier":
        local = lookup(file, file.text(node), node)
        value = local.value if local is not None and local.total == 1 and local.kind in ("define", "var") else None
        return value is not None and _is_logger(types, file, value, depth + 1)
    function = node.child_by_field_name("function") if node.type == "call_expression" else node
    operand = function.child_by_field_name("operand") if function is not None else None
    field = function.child_by_field_name("field") if function is not None else None
    if operand is None or field is None:
        return False
    package = types.package_of(file, operand)
    if package is not None:
        return _is_for_people(package) or (package == _RUNTIME and file.text(field) in ("Log", "LoggerFrom"))
    return node.type == "call_expression" and _is_logger(types, file, operand, depth + 1)


def is_conversion(file: SourceFile, node: Node) -> bool:
    """Whether a node stands in code that converts objects from one version of an API to another."""
    functions = [file.name_of(a) for a in ancestors(node) if a.type in FUNCTIONS]
    return any(f in ("ConvertTo", "ConvertFrom") or f.startswith(("Convert_", "autoConvert_")) for f in functions)


def is_api_group(types: Types, file: SourceFile, node: Node) -> bool:
    """Whether a text is the group in a `schema.GroupVersion{Group: …}` or its like: no finalizer, whatever it says."""
    element = node.parent
    keyed = element.parent if element is not None and element.type == "literal_element" else None
    literal = keyed.parent.parent if keyed is not None and keyed.parent is not None else None
    if keyed is None or literal is None or keyed.type != "keyed_element" or literal.type != "composite_literal":
        return False
    key = keyed.child_by_field_name("key")
    kind = types.written(file, literal.child_by_field_name("type"))
    return key is not None and file.text(key) == "Group" and isinstance(kind, Named) and kind.package == _SCHEMA


def speaks_of_finalizers(file: SourceFile, node: Node) -> bool:
    """Whether what a text is given to, compared with, or kept as says by its name that it is about finalizers.

    The key of a field, or the two sides of a comparison, decide alone: what stands further out has other parts."""
    for outer in ancestors(node):
        if outer.type == "call_expression":
            beside = (n for n in arguments_of(outer) if n.type != "composite_literal")
            told = [outer.child_by_field_name("function"), *beside]
        elif outer.type == "keyed_element":
            key = outer.child_by_field_name("key")
            if key is not None and key.start_byte <= node.start_byte < key.end_byte:
                continue
            return _names_finalizers(file, key)
        elif outer.type == "binary_expression":
            operator = outer.child_by_field_name("operator")
            return operator is not None and file.text(operator) in ("==", "!=") and _names_finalizers(file, outer)
        elif outer.type in ("short_var_declaration", "assignment_statement"):
            told = [outer.child_by_field_name("left")]
        elif outer.type in ("const_spec", "var_spec"):
            told = [outer.child_by_field_name("name")]
        else:
            if outer.type in FUNCTIONS:
                return False
            continue
        if any(_names_finalizers(file, n) for n in told):
            return True
    return False


def _names_finalizers(file: SourceFile, node: Node | None) -> bool:
    return node is not None and "finalizer" in file.text(node).lower()


def use_in_words(types: Types, file: SourceFile, node: Node) -> str:
    """What stands around a name whose use is not understood."""
    inner = node
    for outer in ancestors(node):
        if outer.type == "call_expression":
            return _call_in_words(types, file, outer)
        if outer.type == "binary_expression":
            operator = outer.child_by_field_name("operator")
            sign = file.text(operator) if operator is not None else ""
            if sign == "+":
                return "another text is built from it"
            other = next((n for n in named(outer) if n.id != inner.id), None)
            return f"it is compared with {short(file, other)}" if other is not None else ""
        if outer.type in ("const_spec", "var_spec"):
            name = outer.child_by_field_name("name")
            return f"it is the value of {file.text(name)}" if name is not None else ""
        if outer.type in ("short_var_declaration", "assignment_statement"):
            left = outer.child_by_field_name("left")
            return f"it is held by the variable {short(file, left)}" if left is not None else ""
        if outer.type == "return_statement":
            return "it is given back to callers"
        if outer.type == "composite_literal":
            return f"it is put into a {short(file, outer.child_by_field_name('type'))}"
        if outer.type.endswith("_statement"):
            break
        inner = outer
    return "what becomes of it there is not understood"


def _call_in_words(types: Types, file: SourceFile, call: Node) -> str:
    operand, name = called(file, call)
    function = call.child_by_field_name("function")
    package = types.package_of(file, operand) if operand is not None else None
    kind = types.of(file, operand) if operand is not None and package is None else None
    kind = kind.to if isinstance(kind, Pointer) else kind
    whose = package or (kind.package if isinstance(kind, Named) else "")
    if whose and types.workspace.folder_of(whose, file.directory) is None:
        standard = "." not in whose.partition("/")[0]
        return f"it is handed to {name} of {whose}{'' if standard else ', another module, which is not read'}"
    if function is not None and file.text(function) == "append":
        return "it is put into a list"
    return f"it is handed to {short(file, function)}, and what that does with it is not understood"


def short(file: SourceFile, node: Node | None) -> str:
    """The source of a node on one line, cut off where it is long."""
    text = " ".join(file.text(node).split()) if node is not None else ""
    return text if len(text) <= 60 else f"{text[:57]}..."


def compares_lists(file: SourceFile, node: Node) -> bool:
    """Whether a list of finalizers is only compared with another one as a whole: no name is in it."""
    arguments = node.parent
    call = arguments.parent if arguments is not None and arguments.type == "argument_list" else None
    name = called(file, call)[1] if call is not None else ""
    return name in ("DeepEqual", "Equal", "Diff", "EquateEmpty") and not asks_for_name(file, node)


def asks_for_name(file: SourceFile, node: Node) -> bool:
    """Whether a list of finalizers is handed over together with something that is no such list."""
    arguments = node.parent
    if arguments is None or arguments.type != "argument_list":
        return False
    others = [file.text(n) for n in arguments.named_children if n.id != node.id and n.type != "comment"]
    return bool(others) and not any("Finalizers" in text for text in others)
