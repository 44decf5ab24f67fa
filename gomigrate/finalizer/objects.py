"""Which static types may be handed to controllerutil, by what the effective controller-runtime wants.

Facts: sigs.k8s.io/controller-runtime pkg/client.Object is metav1.Object plus runtime.Object since 0.7.0; the kinds
below are those of k8s.io/api and k8s.io/apimachinery that carry TypeMeta and ObjectMeta (Kubernetes 1.28), and those
of Kubernetes' other modules that declare DeepCopyObject (apiextensions-apiserver and kube-aggregator 0.28.2,
gateway-api 0.5.0 and 1.2.0).
"""

from __future__ import annotations

from typing import NamedTuple

from gomigrate.finalizer.objectmodel import ObjectModel
from gomigrate.go.evaluator.values import Free
from gomigrate.go.types import Literal, Named, Pointer, Type, Types, kept_with_types

METAV1 = "k8s.io/apimachinery/pkg/apis/meta/v1"
CLIENT = "sigs.k8s.io/controller-runtime/pkg/client"
# sigs.k8s.io/controller-runtime pkg/event, since 0.7.0; before, what stands there has no GetFinalizers.
_EVENT = "sigs.k8s.io/controller-runtime/pkg/event"
_EVENTS = frozenset(("CreateEvent", "UpdateEvent", "DeleteEvent", "GenericEvent"))
_EVENT_FIELDS = frozenset(("Object", "ObjectOld", "ObjectNew"))
_RUNTIME = "k8s.io/apimachinery/pkg/runtime"
_ONLY_META = "known as a metav1.Object only"
_UNSTRUCTURED = "k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
# What of an object's metadata code about finalizers may ask for or set.
_OF_META = ("GetFinalizers", "SetFinalizers", "GetDeletionTimestamp", "SetDeletionTimestamp", "GetObjectMeta")

_KINDS = {
    "core": "Binding ComponentStatus ConfigMap Endpoints Event LimitRange Namespace Node PersistentVolume"
    " PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret Service ServiceAccount",
    "apps": "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
    "batch": "CronJob Job",
    "networking": "Ingress IngressClass NetworkPolicy",
    "rbac": "ClusterRole ClusterRoleBinding Role RoleBinding",
    "storage": "CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment",
    "policy": "PodDisruptionBudget PodSecurityPolicy",
    "autoscaling": "HorizontalPodAutoscaler",
    "coordination": "Lease",
    "discovery": "EndpointSlice",
    "scheduling": "PriorityClass",
    "node": "RuntimeClass",
    "certificates": "CertificateSigningRequest",
    "admissionregistration": "MutatingWebhookConfiguration ValidatingWebhookConfiguration",
    "events": "Event",
    "extensions": "DaemonSet Deployment Ingress NetworkPolicy ReplicaSet",
}
_MORE_KINDS = {
    "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/": "CustomResourceDefinition",
    "k8s.io/kube-aggregator/pkg/apis/apiregistration/": "APIService",
    "sigs.k8s.io/gateway-api/apis/": "BackendLBPolicy BackendTLSPolicy GRPCRoute Gateway GatewayClass HTTPRoute"
    " ReferenceGrant ReferencePolicy TCPRoute TLSRoute UDPRoute",
}


class Verdict(NamedTuple):
    """`level` is object (a client.Object), meta (only a metav1.Object), no, or unknown; `text` says why."""

    level: str
    text: str
    address: bool = False


def type_of_free(types: Types, free: Free) -> Type | None:
    """The static type of a name that a unit uses; of a path, step by step."""
    if free.parent is not None:
        of = type_of_free(types, free.parent)
        if isinstance(of, Named) and of.package == _EVENT and of.name in _EVENTS and free.field in _EVENT_FIELDS:
            return Named(CLIENT, "Object")
        return types.member(of, free.field)
    return types.of(free.file, free.node)


# Asked anew in each round, of few types.
@kept_with_types
def judge(types: Types, kind: Type | None) -> Verdict:
    """What an expression of this static type is to controller-runtime.

    `address`: it is a struct value, and its address is what satisfies the interface.
    """
    if kind is None:
        return Verdict("unknown", "its type is not declared in this checkout")
    if isinstance(kind, Pointer):
        return _struct(types, kind.to, kind)
    if isinstance(kind, (Named, Literal)):
        interface = _interface(types, kind)
        if interface is not None:
            return interface
        value = _struct(types, kind, Pointer(kind))
        return Verdict(value.level, value.text, address=True)
    return Verdict("no", f"{kind} is no Kubernetes object")


@kept_with_types
def _interface(types: Types, kind: Named | Literal, depth: int = 0) -> Verdict | None:
    if isinstance(kind, Named):
        if (kind.package, kind.name) == (CLIENT, "Object"):
            return Verdict("object", "client.Object")
        if (kind.package, kind.name) == (METAV1, "Object"):
            return Verdict("meta", f"{kind}, {_ONLY_META}")
    declared = types.declaration(kind)
    if declared is None or declared[1].type != "interface_type" or depth > 4:
        return None
    embedded = types.embedded(*declared)
    levels = [v for v in (_interface(types, e, depth + 1) for e in embedded if isinstance(e, (Named, Literal))) if v]
    runtime = any(isinstance(e, Named) and (e.package, e.name) == (_RUNTIME, "Object") for e in embedded)
    if any(v.level == "object" for v in levels) or (runtime and any(v.level == "meta" for v in levels)):
        return Verdict("object", f"interface {kind}, which embeds client.Object's parts")
    if any(v.level == "meta" for v in levels):
        return Verdict("meta", f"interface {kind}, {_ONLY_META}")
    if declared[0].directory in types.workspace.vendored:
        return None
    return Verdict("no", f"interface {kind} is not known to be a client.Object")


def _struct(types: Types, kind: Type, pointer: Pointer) -> Verdict:
    found = _by_itself(types, kind, pointer)
    if found is not None:
        return found
    base = next((b for b in _bases(types, kind) if _leads_to_object(types, b)), None)
    if base is not None:
        return Verdict("object", f"{pointer}, which embeds {base}")
    return Verdict("no", f"{pointer} does not carry ObjectMeta: its Finalizers are not an object's")


def _leads_to_object(types: Types, base: Pointer) -> bool:
    """Whether a struct that is embedded by its pointer is an object, or embeds one in this way: types may embed each
    other."""
    seen: set[Pointer] = set()
    open_ones = [base]
    while open_ones:
        pointer = open_ones.pop()
        if pointer in seen:
            continue
        seen.add(pointer)
        found = _by_itself(types, pointer.to, pointer)
        if found is None:
            open_ones += _bases(types, pointer.to)
        elif found.level == "object":
            return True
    return False


def _bases(types: Types, kind: Type) -> list[Pointer]:
    """The pointers that a struct embeds."""
    declared = types.declaration(kind) if isinstance(kind, Named) else None
    return [e for e in types.embedded(*declared) if isinstance(e, Pointer)] if declared is not None else []


def _by_itself(types: Types, kind: Type, pointer: Pointer) -> Verdict | None:
    """What a struct is, whatever it embeds; None where that would tell."""
    if not isinstance(kind, Named):
        return Verdict("no", f"{pointer} is no Kubernetes object")
    if kind.folder is None:
        known = _known(kind, pointer)
        vendored = _vendored(types, kind, pointer) if known.level == "unknown" else None
        return vendored or known
    declared = types.declaration(kind)
    if declared is None:
        return Verdict("unknown", f"{kind} is not declared in this checkout")
    file, node = declared
    if node.type != "struct_type":
        return Verdict("no", f"{pointer} is a pointer to an interface")
    has_meta = _embeds(types, file, node, "ObjectMeta")
    method = types.workspace.has_function(kind.folder, kind.name, "DeepCopyObject")
    own = [m for m in ("GetFinalizers", "SetFinalizers") if types.workspace.has_function(kind.folder, kind.name, m)]
    if own:
        return Verdict("no", f"{pointer} declares {own[0]} itself: it need not do what ObjectMeta's does")
    if has_meta and method:
        return Verdict("object", f"{pointer}, an API type of this checkout")
    if has_meta and _embeds(types, file, node, "TypeMeta"):
        return Verdict("meta", f"{pointer}, {_ONLY_META}: its DeepCopyObject is not in this checkout")
    if has_meta:
        return Verdict("no", f"{pointer} carries ObjectMeta but is no API object (no TypeMeta, no DeepCopyObject)")
    return None


def _vendored(types: Types, kind: Named, pointer: Pointer) -> Verdict | None:
    """A struct that vendor/ declares; None when it is not known to be an object. Its methods are not run: those that
    code about finalizers may call must be ObjectMeta's, or copy as generated code does."""
    workspace = types.workspace
    spec = workspace.type_spec(kind.vendored, kind.name) if kind.vendored is not None else None
    struct = spec[1].child_by_field_name("type") if spec is not None else None
    if kind.vendored is None or spec is None or struct is None:
        return None
    file, node = spec
    if node.type != "type_spec" or struct.type != "struct_type" or not _embeds(types, file, struct, "ObjectMeta"):
        return None
    own = any(workspace.has_function(kind.vendored, kind.name, m) for m in _OF_META)
    copies = {m: workspace.function(kind.vendored, kind.name, m) for m in ("DeepCopy", "DeepCopyObject")}
    plain = all(ObjectModel().is_conventional(name, *copy) for name, copy in copies.items() if copy is not None)
    if own or not plain or kind.vendored in workspace.spoilt:
        return None
    if copies["DeepCopyObject"] is not None:
        return Verdict("object", f"{pointer}, an API type that {kind.vendored} declares")
    if _embeds(types, file, struct, "TypeMeta"):
        return Verdict("meta", f"{pointer}, {_ONLY_META}: {kind.vendored} declares no DeepCopyObject of it")
    return None


def _embeds(types: Types, file, node, name: str) -> bool:  # type: ignore[no-untyped-def]
    return any(isinstance(e, Named) and (e.package, e.name) == (METAV1, name) for e in types.embedded(file, node))


def _known(kind: Named, pointer: Pointer) -> Verdict:
    if (kind.package, kind.name) in ((_UNSTRUCTURED, "Unstructured"), (METAV1, "PartialObjectMetadata")):
        return Verdict("object", f"{pointer} of apimachinery")
    if (kind.package, kind.name) == (METAV1, "ObjectMeta"):
        return Verdict("meta", f"{pointer}, {_ONLY_META}")
    prefix = "k8s.io/api/"
    if kind.package.startswith(prefix):
        group = kind.package[len(prefix) :].partition("/")[0]
        if kind.name in _KINDS.get(group, "").split():
            return Verdict("object", f"{pointer} of k8s.io/api/{group}")
        return Verdict("no", f"{pointer} is not among the API objects of k8s.io/api/{group}")
    if any(kind.package.startswith(path) and kind.name in kinds.split() for path, kinds in _MORE_KINDS.items()):
        return Verdict("object", f"{pointer} of {kind.package}")
    return Verdict("unknown", f"{pointer} is declared in another module ({kind.package})")
