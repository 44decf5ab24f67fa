"""What the evaluator must know of a static type: how values of it are copied, and what its zero value is.

A type of another module is taken for a struct unless it is known, for writing to a copy of a struct is lost.
"""

from __future__ import annotations

from enum import Enum

from tree_sitter import Node

from gomigrate.go.nodes import FUNCTION_LIKE, ancestors, descend, named
from gomigrate.go.syntax import SourceFile
from gomigrate.go.types import Named, Pointer, Sequence, Type, Types

METAV1 = "k8s.io/apimachinery/pkg/apis/meta/v1"
SETS = "k8s.io/apimachinery/pkg/util/sets"
# Types of other modules that are no structs.
_REFERENCES = frozenset(
    (
        (METAV1, "Object"),
        (METAV1, "ObjectMetaAccessor"),
        ("k8s.io/apimachinery/pkg/runtime", "Object"),
        ("sigs.k8s.io/controller-runtime/pkg/client", "Object"),
        ("context", "Context"),
        (SETS, "String"),
        (SETS, "Set"),
    )
)


class Kind(Enum):
    LIST = "a slice of names"
    LIST_POINTER = "a pointer to a slice of names"
    MAP = "a map"
    STRING = "a string"
    BOOL = "a bool"
    INT = "an int"
    NUMBER = "another number"
    ERROR = "an error"
    STRUCT = "a struct, or what may be one"
    ARRAY = "an array"
    REFERENCE = "a pointer, an interface or a function"


_BASIC = {
    "string": Kind.STRING,
    "bool": Kind.BOOL,
    "error": Kind.ERROR,
    "any": Kind.REFERENCE,
    # A list never has so many entries that a number of these types runs over.
    **dict.fromkeys(("int", "int32", "int64"), Kind.INT),
}
_BY_NODE = {
    "map_type": Kind.MAP,
    "array_type": Kind.ARRAY,
    "implicit_length_array_type": Kind.ARRAY,
    "struct_type": Kind.STRUCT,
}


class Kinds:
    def __init__(self, types: Types) -> None:
        self.types = types

    def of(self, file: SourceFile, node: Node | None) -> Kind:
        """The kind of a type as it is written."""
        if node is None:
            return Kind.STRUCT
        file, node = self.underlying(file, node)
        if node.type == "slice_type":
            element = node.child_by_field_name("element")
            return Kind.LIST if self.is_name(file, element) else Kind.REFERENCE
        if node.type == "pointer_type":
            return Kind.LIST_POINTER if self.of(file, named(node)[0]) is Kind.LIST else Kind.REFERENCE
        if node.type == "type_identifier":
            if self._parameter(file, node) is not None:
                return Kind.REFERENCE
            written = self.types.written(file, node)
            basic = isinstance(written, Named) and written.folder is None
            return _BASIC.get(file.text(node), Kind.NUMBER) if basic else Kind.STRUCT
        if node.type == "qualified_type":
            written = self.types.written(file, node)
            known = isinstance(written, Named) and (written.package, written.name) in _REFERENCES
            return Kind.REFERENCE if known else Kind.STRUCT
        return _BY_NODE.get(node.type, Kind.REFERENCE)

    def underlying(self, file: SourceFile, node: Node) -> tuple[SourceFile, Node]:
        """The type behind names of the checkout, and the slice behind a type parameter like S ~[]string."""
        for _ in range(8):
            if node.type in ("parenthesized_type", "generic_type"):
                node = named(node)[0]
                continue
            if node.type == "type_identifier":
                constraint = self._parameter(file, node)
                if constraint is not None:
                    inner = constraint
                    while inner.type in ("type_constraint", "type_elem", "negated_type") and len(named(inner)) == 1:
                        inner = named(inner)[0]
                    return (file, inner) if inner.type == "slice_type" else (file, node)
            written = self.types.written(file, node) if node.type in ("type_identifier", "qualified_type") else None
            if not isinstance(written, Named) or written.folder is None:
                return file, node
            spec = self.types.workspace.type_spec(written.folder, written.name)
            behind = spec[1].child_by_field_name("type") if spec is not None else None
            if spec is None or behind is None:
                return file, node
            file, node = spec[0], behind
        return file, node

    def is_name(self, file: SourceFile, node: Node | None) -> bool:
        """Whether values of a type are names: strings, or of a type parameter."""
        return self.of(file, node) is Kind.STRING or self._parameter(file, node) is not None

    def _parameter(self, file: SourceFile, node: Node | None) -> Node | None:
        """The constraint when the name is a type parameter of the function around it."""
        if node is None or node.type != "type_identifier":
            return None
        name = file.text(node)
        function = next((a for a in ancestors(node) if a.type in FUNCTION_LIKE and a.type != "func_literal"), None)
        parameters = function.child_by_field_name("type_parameters") if function is not None else None
        for declaration in named(parameters) if parameters is not None else ():
            if any(file.text(n) == name for n in declaration.children_by_field_name("name")):
                return declaration.child_by_field_name("type")
        return None

    def is_type_parameter(self, file: SourceFile, node: Node) -> bool:
        """Whether a type as written is a type parameter, or a pointer to one."""
        return any(self._parameter(file, n) is not None for n in descend(node, "type_identifier"))

    def is_reference(self, kind: Type | None) -> bool:
        """Whether a value of this static type can be stored without copying a struct."""
        if isinstance(kind, Pointer):
            return True
        if isinstance(kind, Sequence):
            return not kind.is_array
        if not isinstance(kind, Named):
            return getattr(kind, "kind", "signature") != "struct_type" if kind is not None else False
        if not kind.package and kind.folder is None:
            return True
        if kind.folder is None:
            return (kind.package, kind.name) in _REFERENCES
        spec = self.types.workspace.type_spec(kind.folder, kind.name)
        return spec is not None and self.of(spec[0], spec[1].child_by_field_name("type")) not in (
            Kind.STRUCT,
            Kind.ARRAY,
        )
