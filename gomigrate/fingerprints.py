"""What tells a finding from another after lines have moved: a hash of everything but its place in the file."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable

from gomigrate.model import Diagnostic

VERSION = 1


def fingerprints(diagnostics: Iterable[Diagnostic]) -> dict[Diagnostic, str]:
    """A fingerprint of 32 hex digits for each, made of rule, path, finalizer name and code, blanks aside.

    Findings of a file that are equal in all of these are numbered in the order of their lines.
    """
    found: dict[Diagnostic, str] = {}
    seen: Counter[tuple[str, ...]] = Counter()
    for d in sorted(diagnostics, key=lambda d: (d.path, d.line, d.column)):
        key = (d.rule.id, d.path, d.name, " ".join(d.before.split()))
        text = "\0".join((*key, str(seen[key])))
        seen[key] += 1
        found[d] = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return found
