"""What code uses a finalizer's name for, beside the operations on the list: tests, creations, mere text."""

from __future__ import annotations

from tree_sitter import Node

from gomigrate.go.syntax import SourceFile, ancestors
from gomigrate.go.types import Types

_ASSERTIONS = frozenset(
    ("github.com/onsi/gomega", "github.com/stretchr/testify/assert", "github.com/stretchr/testify/require")
)
_HARMLESS_PACKAGES = (
    "log", "log/slog", "fmt", "errors", "k8s.io/klog", "github.com/go-logr/logr", "github.com/sirupsen/logrus",
    "go.uber.org/zap", "github.com/pkg/errors", "sigs.k8s.io/controller-runtime/pkg/log",
)  # fmt: skip


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
    """An argument of a call that only writes text."""
    for outer in ancestors(node):
        if outer.type == "call_expression":
            function = outer.child_by_field_name("function")
            operand = function.child_by_field_name("operand") if function is not None else None
            package = types.package_of(file, operand) if operand is not None else None
            field_node = function.child_by_field_name("field") if function is not None else None
            if package == "fmt" and field_node is not None and file.text(field_node) == "Sprintf":
                return False
            if package is not None and any(package == p or package.startswith(p + "/") for p in _HARMLESS_PACKAGES):
                return True
            return package is not None and package.endswith("/logger")
        if outer.type not in ("argument_list", "binary_expression"):
            return False
    return False
