"""Old finalizer names and their new ones, as a checkout's owner gives them. Nothing is renamed without.

What is wrong with a pair of names concerns that pair alone, the others go on.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from gomigrate.finalizer.qualified import STANDARD, complaint
from gomigrate.packs import FinalizerName, Pack


def with_mapping(pack: Pack, mapping: Mapping[str, str]) -> Pack:
    """The pack with the names of a mapping, old -> new. What no code is needed to refuse stands in `refused`."""
    targets = Counter(mapping.values())
    refused: dict[str, str] = {}
    rules: list[FinalizerName] = []
    for old, new in mapping.items():
        reason = _flaw(old, new)
        if not reason and targets[new] > 1:
            others = " and ".join(repr(o) for o, n in mapping.items() if n == new and o != old)
            reason = f"{others} would become {new!r} as well: each finalizer needs a name of its own"
        if not reason and new in mapping:
            reason = f"{new!r} is itself a name that is to be renamed"
        if reason:
            refused[old] = reason
        else:
            rules.append(FinalizerName(old, new, *_constants(new, {r.constant for r in rules})))
    return pack._replace(finalizers=tuple(rules), refused=refused)


def _flaw(old: str, new: str) -> str:
    """Why a pair of names cannot be right, whatever the code is; '' when it can."""
    if old in STANDARD:
        return f"{old!r} is one of Kubernetes' own finalizers"
    if new == old:
        return "the new name is the same as the old one"
    if not old or any(c in old for c in '"\\\n'):
        return "the old name is empty, or holds a quote, backslash or newline"
    flaw = complaint(new)
    if not flaw and "/" not in new:
        flaw = "there is no domain before it, as in example.org/finalizer"
    return f"the new name {new!r} is no domain-qualified one: {flaw}" if flaw else ""


def _constants(new: str, taken: set[str]) -> tuple[str, str]:
    """What to call the constants of a name in code that has none: `example.org/machine` gives MachineFinalizer."""
    domain, _, name = new.partition("/")
    words = [w for w in re.findall(r"[A-Za-z0-9]+", name) if w.lower() not in ("finalizer", "finalizers")]
    stem = "".join(w[:1].upper() + w[1:] for w in words)
    label = re.sub(r"[^a-z0-9]", "", domain.partition(".")[0]).capitalize()
    for known in (stem, f"{label}{stem}", *(f"{label}{stem}{n}" for n in range(2, 1000))):
        constant = f"{'X' if known[:1].isdigit() else ''}{known}Finalizer"
        if constant not in taken:
            return constant, f"Legacy{constant}"
    raise AssertionError("a mapping of a thousand like names")
