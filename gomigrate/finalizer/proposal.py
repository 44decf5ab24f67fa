"""New names for a person to edit: from the API group and the kind of the type that carries the finalizer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from gomigrate.finalizer.found import Found, FoundName, is_plain_constant
from gomigrate.finalizer.places import place
from gomigrate.finalizer.qualified import Verdict, judge_name
from gomigrate.finalizer.refusals import is_past
from gomigrate.go.references import References
from gomigrate.go.strings import literal_field, values_of
from gomigrate.go.types import Named, Types
from gomigrate.model import NameProposal

_MARKER = re.compile(rb"^//[ \t]*\+(?:k8s:)?groupName=([^\s\"]+)", re.MULTILINE)
_GROUP_VERSIONS = ("GroupVersion", "SchemeGroupVersion", "GroupName")


def propose(types: Types, references: References, found: Found) -> tuple[NameProposal, ...]:
    """A proposal for each name that the API server does not like: unique, and a qualified name no code uses yet."""
    taken = {*(name.text for name in found.names), *found.foreign}
    proposals = []
    for name in found.names:
        if name.verdict in (Verdict.UNQUALIFIED, Verdict.INVALID):
            why = _unfit(references, name)
            proposal = NameProposal(name.text, "", why) if why else _proposal(types, name, taken)
            taken.add(proposal.new)
            proposals.append(proposal)
    return tuple(proposals)


def _unfit(references: References, name: FoundName) -> str:
    """Why a name gets no new one by itself; '' when it may."""
    source = next((s for s in name.computed if not is_plain_constant(s)), None)
    if source is not None:
        return f"it is computed at {place(source.file, source.node)}: write it there as one plain text first"
    if is_past(references, name):
        return "nothing here adds it, it is only tested for and removed: leave it, unless code elsewhere adds it"
    return ""


def _proposal(types: Types, name: FoundName, taken: set[str]) -> NameProposal:
    groups: dict[str, list[str]] = {}
    for carrier in name.objects:
        group = api_group(types, carrier)
        if group:
            groups.setdefault(group, []).append(carrier.name)
    if len(groups) != 1:
        known = (
            f"types of several API groups carry it ({', '.join(sorted(groups))})"
            if groups
            else ("the API group of what carries it is not known")
        )
        return NameProposal(name.text, "", known)
    group, kinds = next(iter(groups.items()))
    for new in _candidates(name.text, group, sorted(set(kinds))):
        if new not in taken and judge_name(new) is Verdict.QUALIFIED and not _is_said(types, name.objects, new):
            return NameProposal(name.text, new, f"carried by {', '.join(sorted(set(kinds)))} of {group}")
    return NameProposal(name.text, "", f"every name that suggests itself in {group} is taken")


def _is_said(types: Types, carriers: Iterable[Named], new: str) -> bool:
    """Whether the package of a type that carries the finalizer has this text already: as an annotation's key, say."""
    checkout = types.workspace.checkout
    folders = {c.folder for c in carriers if c.folder is not None}
    return any(f'"{new}"'.encode() in (checkout.read(p) or b"") for f in folders for p in checkout.go_files_in(f))


def _candidates(old: str, group: str, kinds: list[str]) -> Iterable[str]:
    """From the most telling on: one that any other controller of the group could choose as well comes last.
    `machinedeployment.topology.example.org` says a part of its group itself."""
    first, _, rest = old.partition(".")
    if rest == group or rest.endswith(f".{group}"):
        yield f"{rest}/{first}"
    if len(kinds) == 1:
        yield f"{group}/{kinds[0].lower()}"
        yield f"{group}/{kinds[0].lower()}-finalizer"
    words = re.sub(r"[^a-z0-9]+", "-", old.lower().removesuffix(f".{group}")).strip("-")[:50].strip("-")
    if words:
        yield f"{group}/{words}"
    yield f"{group}/finalizer"
    yield from (f"{group}/finalizer-{number}" for number in range(2, 1000))


def api_group(types: Types, carrier: Named) -> str:
    """The API group of a type of this checkout, by its package's `+groupName` marker, or by the group version that it
    declares; '' when neither says one."""
    return _group_of(types, carrier.folder) if carrier.folder is not None else ""


# One package may hold thousands of types.
@lru_cache(maxsize=256)
def _group_of(types: Types, folder: str) -> str:
    checkout = types.workspace.checkout
    for path in checkout.go_files_in(folder):
        marker = _MARKER.search(checkout.read(path) or b"")
        if marker is not None and not path.endswith("_test.go"):
            return marker[1].decode("utf-8", "replace")
    for wanted in _GROUP_VERSIONS:
        found = types.workspace.value(folder, wanted)
        if found is None or found[1].literal is None:
            continue
        file, literal = found[0], found[1].literal
        values = values_of(types, file, literal_field(file, literal, "Group") or literal)
        if not isinstance(values, str) and len(values) == 1:
            return next(iter(values))
    return ""
