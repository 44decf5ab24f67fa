"""What the API server says of a finalizer's name.

Sources, in kubernetes/kubernetes under staging/src/k8s.io: apimachinery/pkg/util/validation (IsQualifiedName),
apimachinery/pkg/api/validation (ValidateFinalizerName: an error for every object), apiextensions-apiserver
pkg/registry/customresource (validateKubeFinalizerName: since 1.29 a warning for a name without a slash on a custom
resource, where built-in types have always had an error).
"""

from __future__ import annotations

import re
from enum import Enum

# Built into the API server: the namespace controller's, and those of garbage collection.
STANDARD = frozenset(("kubernetes", "orphan", "foregroundDeletion"))
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*\Z")
_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]\Z")
MAX_DOMAIN = 253
MAX_NAME = 63


class Verdict(str, Enum):
    """STANDARD and QUALIFIED names are taken silently. UNQUALIFIED ones (no slash) are warned about, and refused on
    built-in types; INVALID ones are refused everywhere."""

    STANDARD = "standard"
    QUALIFIED = "qualified"
    UNQUALIFIED = "unqualified"
    INVALID = "invalid"


def judge_name(name: str) -> Verdict:
    """What the API server makes of a finalizer's name."""
    if name in STANDARD:
        return Verdict.STANDARD
    if complaint(name):
        return Verdict.INVALID
    return Verdict.QUALIFIED if "/" in name else Verdict.UNQUALIFIED


def complaint(name: str) -> str:
    """Why a name is no qualified name (domain/name, the domain may be missing); '' when it is one."""
    domain, slash, rest = name.rpartition("/")
    if "/" in domain:
        return "it has more than one slash"
    if slash and not domain:
        return "there is no domain before the slash"
    if slash and len(domain) > MAX_DOMAIN:
        return f"its domain is longer than {MAX_DOMAIN} characters"
    if slash and not _SUBDOMAIN.match(domain):
        return f"{domain!r} is no DNS subdomain (lower-case letters, digits, '-' and '.')"
    if not rest:
        return "there is no name behind the slash" if slash else "it is empty"
    if len(rest) > MAX_NAME:
        return (
            f"the part behind the slash is longer than {MAX_NAME} characters"
            if slash
            else (f"it is longer than {MAX_NAME} characters")
        )
    if not _NAME.match(rest):
        return f"{rest!r} must be letters, digits, '-', '_' and '.', with a letter or digit at both ends"
    return ""
