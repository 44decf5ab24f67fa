"""What the evaluator must know of Kubernetes objects and of controllerutil.

Sources: k8s.io/apimachinery metav1.Object and ObjectMeta; sigs.k8s.io/controller-runtime
pkg/controller/controllerutil (AddFinalizer, RemoveFinalizer, ContainsFinalizer as of 0.16).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

from tree_sitter import Node

from gomigrate.go.evaluator.runtime import FIELD, Runtime, origin
from gomigrate.go.evaluator.values import BEHIND, NIL, Free, Nil, Obj, Slice, Time, Unbound, Unsupported
from gomigrate.go.nodes import descend, statements
from gomigrate.go.scope import parameters
from gomigrate.go.syntax import SourceFile

CONTROLLERUTIL = "sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"


def _field(runtime: Runtime, obj: Obj) -> Slice:
    runtime.asked_list = True
    return obj.finalizers


def _get_finalizers(runtime: Runtime, obj: Obj, arguments: list[Any]) -> Slice:
    _expect(arguments, 0)
    runtime.called_getter = True
    found = _field(runtime, obj)
    # Unstructured makes a new list at each call, the types with ObjectMeta hand out their own.
    return Slice.of(found.items()) if runtime.fresh_lists and found.array is not None else found


def _write(runtime: Runtime, obj: Obj, value: Any) -> None:
    if isinstance(value, Nil):
        value = NIL
    free = origin(value)
    if isinstance(free, Free) and free.local is not None:
        raise Unbound("a list that is computed elsewhere", free.node, free.local)
    if not isinstance(value, Slice):
        raise Unsupported("sets the finalizers to something that is no list of names")
    if obj.copied:
        raise Unsupported("changes a copy of the object")
    obj.finalizers = value
    runtime.effects |= FIELD


def _set_finalizers(runtime: Runtime, obj: Obj, arguments: list[Any]) -> None:
    _expect(arguments, 1)
    _write(runtime, obj, arguments[0])


def _deletion_field(runtime: Runtime, obj: Obj) -> Time:
    runtime.asked_deletion = True
    return Time(obj.deletion)


def _deletion(runtime: Runtime, obj: Obj, arguments: list[Any]) -> Time:
    _expect(arguments, 0)
    return _deletion_field(runtime, obj)


def _same(runtime: Runtime, obj: Obj) -> Obj:
    return obj


def _object_meta(runtime: Runtime, obj: Obj, arguments: list[Any]) -> Obj:
    _expect(arguments, 0)
    return obj


def _deep_copy(runtime: Runtime, obj: Obj, arguments: list[Any]) -> Obj:
    _expect(arguments, 0)
    source = obj.finalizers
    items = NIL if source.array is None else Slice.of(source.items())
    return Obj(items, obj.deletion, None)


def _expect(arguments: list[Any], count: int) -> None:
    if len(arguments) != count:
        raise Unsupported("a method that is called in another way")


def _contains(runtime: Runtime, arguments: list[Any]) -> bool:
    obj, key = _object_and_key(runtime, arguments)
    return key in _field(runtime, obj).items()


def _add(runtime: Runtime, arguments: list[Any]) -> bool:
    obj, key = _object_and_key(runtime, arguments)
    finalizers = _field(runtime, obj)
    if key in finalizers.items():
        return False
    _write(runtime, obj, runtime.append(finalizers, [key]))
    return True


def _remove(runtime: Runtime, arguments: list[Any]) -> bool:
    obj, key = _object_and_key(runtime, arguments)
    finalizers = _field(runtime, obj)
    kept = [x for x in finalizers.items() if x != key]
    if len(kept) == finalizers.length:
        return False
    # In place; what is left behind the end is another thing in each version.
    for i, x in enumerate([*kept, *([BEHIND] * (finalizers.length - len(kept)))]):
        runtime.set(finalizers, i, x)
    _write(runtime, obj, finalizers.cut(0, len(kept)))
    return True


def _object_and_key(runtime: Runtime, arguments: list[Any]) -> tuple[Obj, str]:
    if len(arguments) != 2:
        raise Unsupported("a controllerutil call with other arguments")
    obj = arguments[0]
    return runtime.object(obj, getattr(obj, "node", None)), runtime.name(arguments[1])


class ObjectModel:
    """The host of the evaluator for finalizer code."""

    methods: ClassVar[dict[str, Callable[[Runtime, Obj, list[Any]], Any]]] = {
        "GetFinalizers": _get_finalizers,
        "SetFinalizers": _set_finalizers,
        "GetDeletionTimestamp": _deletion,
        "GetObjectMeta": _object_meta,
        "DeepCopy": _deep_copy,
        "DeepCopyObject": _deep_copy,
    }
    getters: ClassVar[dict[str, Callable[[Runtime, Obj], Any]]] = {
        "Finalizers": _field,
        "DeletionTimestamp": _deletion_field,
        "ObjectMeta": _same,
    }
    setters: ClassVar[dict[str, Callable[[Runtime, Obj, Any], None]]] = {"Finalizers": _write}
    functions: ClassVar[dict[tuple[str, str], Callable[[Runtime, list[Any]], Any]]] = {
        (CONTROLLERUTIL, "ContainsFinalizer"): _contains,
        (CONTROLLERUTIL, "AddFinalizer"): _add,
        (CONTROLLERUTIL, "RemoveFinalizer"): _remove,
    }

    def is_conventional(self, name: str, file: SourceFile, node: Node) -> bool:
        """A deep copy that was generated, or is written by hand as the generator would."""
        if name not in ("DeepCopy", "DeepCopyObject"):
            return False
        receiver = next((file.text(n) for n, _ in parameters(node, "receiver")), "")
        body = node.child_by_field_name("body")
        if file.is_generated or body is None or not receiver:
            return file.is_generated
        text = " ".join(file.text(s) for s in statements(body))
        if "inalizers" in text or any(file.text(r) == f"return {receiver}" for r in descend(body, "return_statement")):
            return False
        copy = re.search(rf"\*(\w+) = \*{receiver}(?!\w)", text)
        return (
            (copy is not None and f"{receiver}.ObjectMeta.DeepCopyInto(&{copy[1]}.ObjectMeta)" in text)
            or f"{receiver}.DeepCopyInto(" in text
            or (name == "DeepCopyObject" and f"return {receiver}.DeepCopy()" in text)
        )
