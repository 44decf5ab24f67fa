"""What the evaluator must know of Kubernetes objects and of controllerutil.

Sources: k8s.io/apimachinery metav1.Object and ObjectMeta; sigs.k8s.io/controller-runtime
pkg/controller/controllerutil (AddFinalizer, RemoveFinalizer, ContainsFinalizer as of 0.16).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from gomigrate.go.evaluator.runtime import Runtime
from gomigrate.go.evaluator.values import NIL, Free, Nil, Obj, Slice, Time, Unbound, Unsupported

CONTROLLERUTIL = "sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"


def _get_finalizers(runtime: Runtime, obj: Obj, arguments: list[Any] | None = None) -> Slice:
    return obj.finalizers


def _write(runtime: Runtime, obj: Obj, value: Any) -> None:
    if isinstance(value, Nil):
        value = NIL
    if isinstance(value, Free) and value.local is not None:
        raise Unbound("a list that is computed elsewhere", value.node, value.local)
    if not isinstance(value, Slice):
        raise Unsupported("sets the finalizers to something that is no list of names")
    obj.finalizers = value
    obj.touched = True


def _set_finalizers(runtime: Runtime, obj: Obj, arguments: list[Any]) -> None:
    _write(runtime, obj, arguments[0])


def _deletion(runtime: Runtime, obj: Obj, arguments: list[Any] | None = None) -> Time:
    runtime.uses_deletion = True
    return Time(obj.deletion)


def _same(runtime: Runtime, obj: Obj, arguments: list[Any] | None = None) -> Obj:
    return obj


def _deep_copy(runtime: Runtime, obj: Obj, arguments: list[Any]) -> Obj:
    if arguments:
        raise Unsupported("a deep copy with arguments")
    source = obj.finalizers
    items = NIL if source.array is None else Slice.of(source.items())
    return Obj(items, obj.deletion, None)


def _contains(runtime: Runtime, arguments: list[Any]) -> bool:
    obj, key = _object_and_key(runtime, arguments)
    return key in obj.finalizers.items()


def _add(runtime: Runtime, arguments: list[Any]) -> bool:
    obj, key = _object_and_key(runtime, arguments)
    if key in obj.finalizers.items():
        return False
    _write(runtime, obj, obj.finalizers.append([key], runtime.spare))
    return True


def _remove(runtime: Runtime, arguments: list[Any]) -> bool:
    obj, key = _object_and_key(runtime, arguments)
    items = obj.finalizers.items()
    kept = [x for x in items if x != key]
    if len(kept) == len(items):
        return False
    _write(runtime, obj, Slice.of(kept))
    return True


def _object_and_key(runtime: Runtime, arguments: list[Any]) -> tuple[Obj, str]:
    if len(arguments) != 2:
        raise Unsupported("a controllerutil call with other arguments")
    obj = arguments[0]
    return runtime.object(obj, getattr(obj, "node", None)), runtime.token(arguments[1])


class ObjectModel:
    """The host of the evaluator for finalizer code."""

    methods: ClassVar[dict[str, Callable[[Runtime, Obj, list[Any]], Any]]] = {
        "GetFinalizers": _get_finalizers,
        "SetFinalizers": _set_finalizers,
        "GetDeletionTimestamp": _deletion,
        "GetObjectMeta": _same,
        "DeepCopy": _deep_copy,
        "DeepCopyObject": _deep_copy,
    }
    getters: ClassVar[dict[str, Callable[[Runtime, Obj], Any]]] = {
        "Finalizers": _get_finalizers,
        "DeletionTimestamp": _deletion,
        "ObjectMeta": _same,
    }
    setters: ClassVar[dict[str, Callable[[Runtime, Obj, Any], None]]] = {"Finalizers": _write}
    functions: ClassVar[dict[tuple[str, str], Callable[[Runtime, list[Any]], Any]]] = {
        (CONTROLLERUTIL, "ContainsFinalizer"): _contains,
        (CONTROLLERUTIL, "AddFinalizer"): _add,
        (CONTROLLERUTIL, "RemoveFinalizer"): _remove,
    }
