"""The upgrade matrix: what becomes of objects when releases with old and new code follow each other.

Computed from the operations that were recognised: what the code before and after adds, what its tests honour, and
what its removals take off. The last release sees the object deleted. Whether a release also marks an object that is
there already cannot be known: its code may only mark what it creates, or may not run before the object is deleted. So
each cell follows every such history, and stands for the worst. A release that first sees an object when its deletion
was requested may still add its own name to it, when nothing keeps it from that: the API server refuses that write.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import NamedTuple

from gomigrate.finalizer.names import NameUses
from gomigrate.finalizer.operations import Meaning
from gomigrate.model import MatrixCell, Operation, Stage, UpgradeMatrix

ANY = "*"
SEQUENCES = (("old",), ("new",), ("old", "new"), ("new", "old"), ("old", "new", "old"))


class Behaviour(NamedTuple):
    """What code does with one finalizer. `honours` and `removes` hold names, or ANY for every name. `adds_deleting`:
    nothing is seen that keeps it from adding its name, before anything else, to an object that is being deleted."""

    adds: frozenset[str]
    only_if_empty: bool
    honours: frozenset[str]
    removes: frozenset[str]
    adds_deleting: bool = False

    def live(self, finalizers: tuple[str, ...]) -> tuple[str, ...]:
        if self.only_if_empty and finalizers:
            return finalizers
        return (*finalizers, *(n for n in sorted(self.adds) if n not in finalizers))

    def refused(self, finalizers: tuple[str, ...]) -> bool:
        """Whether the API server refuses what the code does with an object that is being deleted."""
        return self.adds_deleting and self.live(finalizers) != finalizers

    def deleted(self, finalizers: tuple[str, ...]) -> tuple[str, ...]:
        if self.refused(finalizers):
            return finalizers
        if ANY not in self.honours and not self.honours & set(finalizers):
            return finalizers
        return () if ANY in self.removes else tuple(f for f in finalizers if f not in self.removes)

    def describe(self) -> tuple[str, ...]:
        def names(values: frozenset[str]) -> str:
            return "any finalizer" if ANY in values else " and ".join(f"`{v}`" for v in sorted(values)) or "nothing"

        adds = names(self.adds) + (" when there is none yet" if self.only_if_empty and self.adds else "")
        adds += ", perhaps also while the object is being deleted" if self.adds_deleting else ""
        return (f"adds {adds}", f"tests honour {names(self.honours)}", f"removes {names(self.removes)}")


def behaviour_before(
    uses: NameUses, meanings: Iterable[Meaning], creates: Iterable[str], adds_deleting: bool = False
) -> Behaviour:
    """What the code does today, from the operations recognised in it (tests and force deletes aside).

    Where several tests or removals differ, the one that does least counts.
    """
    adds, tests, removals = set(creates), [], []
    conditional = []
    for meaning in meanings:
        names = frozenset(k.constant for k in meaning.keys if k.constant in (uses.rule.old, uses.rule.new))
        if meaning.operation in (Operation.ADD, Operation.SET_IF_EMPTY):
            adds |= names
            conditional.append(meaning.operation is Operation.SET_IF_EMPTY)
        elif meaning.operation is Operation.CONTAINS:
            tests.append(names)
        elif meaning.operation is Operation.HAS_ANY:
            tests.append(frozenset({ANY}))
        elif meaning.operation is Operation.REMOVE:
            removals.append(names)
        elif meaning.operation is Operation.CLEAR:
            removals.append(frozenset({ANY}))
    honours = _least(tests) if tests else frozenset({ANY})
    only_if_empty = bool(conditional) and all(conditional)
    return Behaviour(frozenset(adds), only_if_empty, honours, _least(removals), adds_deleting)


def _least(sets: list[frozenset[str]]) -> frozenset[str]:
    named = [s for s in sets if ANY not in s]
    if not named:
        return frozenset({ANY}) if sets else frozenset()
    return frozenset.intersection(*named)


def behaviour_at(uses: NameUses, stage: Stage, before: Behaviour) -> Behaviour:
    """What the code does at a stage: the same operations, with the names of that stage."""
    old, new = uses.rule.old, uses.rule.new
    both = frozenset({old, new})
    names = frozenset({new}) if stage is Stage.CLEANUP else both
    added = frozenset({old if stage is Stage.PREPARE else new}) if before.adds else frozenset()
    return Behaviour(
        added,
        False,
        frozenset({ANY}) if ANY in before.honours and not before.removes else names,
        names if before.removes else frozenset(),
    )


def cells(before: Behaviour, after: Behaviour) -> tuple[MatrixCell, ...]:
    releases = {"old": before, "new": after}
    return tuple(_cell(releases, by, sequence) for by in ("old", "new") for sequence in SEQUENCES)


def _cell(releases: dict[str, Behaviour], created_by: str, sequence: tuple[str, ...]) -> MatrixCell:
    last = releases[sequence[-1]]
    ends: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
    for marking in product((True, False), repeat=len(sequence)):
        finalizers = releases[created_by].live(())
        for name, marks in zip(sequence, marking, strict=True):
            finalizers = releases[name].live(finalizers) if marks else finalizers
        ends.append((last.deleted(finalizers), finalizers))
    left, finalizers = max(ends, key=lambda end: len(end[0]))
    if not left:
        return MatrixCell(created_by, sequence, (), True)
    what = "test for" if not (ANY in last.honours or last.honours & set(finalizers)) else "remove"
    why = f"the {sequence[-1]} code does not {what} {', '.join(left)}"
    if last.refused(finalizers):
        why = (
            f"the {sequence[-1]} code may first add {', '.join(sorted(last.adds - set(finalizers)))}, which the API "
            "server refuses while an object is being deleted"
        )
    certain = all(end for end, _ in ends)
    if not certain:
        mark = "mark" if ends[0][0] else "do not all mark"
        why += f", if the releases {mark} objects that are there already"
    return MatrixCell(created_by, sequence, left, False, why, certain)


def upgrade_matrix(uses: NameUses, before: Behaviour, stage: Stage, public: str = "") -> UpgradeMatrix | None:
    """The matrix for going from the code as it is to a stage; None when the code only ever adds or only tests.

    `public` is a place where people write the old name into a manifest; "" when they do not.
    """
    if not before.removes:
        return None
    after = behaviour_at(uses, stage, before)
    grid = cells(before, after)
    return UpgradeMatrix(
        name=uses.rule.old,
        before=before.describe(),
        after=after.describe(),
        cells=grid,
        advice=_advice(uses, before, stage, grid, public),
    )


def _safe(a: Behaviour, b: Behaviour) -> bool:
    """Whether every object is freed when two neighbouring releases follow each other in any order."""
    return all(c.freed for c in cells(a, b))


def _advice(uses: NameUses, before: Behaviour, stage: Stage, grid: tuple[MatrixCell, ...], public: str) -> str:
    at = {s: behaviour_at(uses, s, before) for s in Stage}
    stuck = [c for c in grid if not c.freed]
    later = (
        f" Go to cleanup only when no live object carries `{uses.rule.old}` any more (the report has commands that "
        "show them)."
        if stage is not Stage.CLEANUP
        else ""
    )
    if public:
        later = (
            f" People write `{uses.rule.old}` into manifests ({public}): it is honoured for ever, and there is no "
            "cleanup of it."
        )
    if stage is Stage.PREPARE:
        later = f" Release `--stage switch` next.{later}"
    if stage is Stage.CLEANUP and not stuck and uses.rule.old in before.honours and uses.rule.old not in before.adds:
        return (
            f"Every object that carries `{uses.rule.new}` is freed. An object of an earlier release that still carries "
            f"`{uses.rule.old}` is stuck with this code: release it only when no live object carries that name any "
            "more (the report has commands that show them)."
        )
    if not stuck:
        return f"Every object is freed: this stage can be released in one step, and rolled back.{later}"
    if all(c.handled_by[-1] == "old" for c in stuck) and stage is Stage.SWITCH:
        steps = ["prepare", "switch", "cleanup"]
        pairs = [
            ("today", "prepare", _safe(before, at[Stage.PREPARE])),
            ("prepare", "switch", _safe(at[Stage.PREPARE], at[Stage.SWITCH])),
        ]
        proven = ", ".join(f"{a} and {b}: {'safe both ways' if ok else 'not safe'}" for a, b, ok in pairs)
        return (
            "A rollback leaves objects stuck: the code of today does not know the new name. Release in three steps, "
            f"{' → '.join(steps)} (`--stage prepare` first). Neighbours: {proven}.{later}"
        )
    if stage is Stage.CLEANUP:
        return (
            f"Objects that still carry `{uses.rule.old}` are stuck with this code. Release `--stage switch` first, and "
            "clean up only when no live object carries the old name."
        )
    return f"Some objects are stuck: see the reasons above.{later}"
