"""The finalizer names of a checkout, by what flows into finalizers, and what the API server makes of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from gomigrate.finalizer.names import Declared
from gomigrate.finalizer.qualified import Verdict, judge_name
from gomigrate.go.types import Named
from gomigrate.model import Operation

if TYPE_CHECKING:
    from gomigrate.finalizer.flows import Flow
    from gomigrate.finalizer.sources import Source

_ADDS = (Operation.ADD, Operation.SET_IF_EMPTY)


class FoundName(NamedTuple):
    """One finalizer name. `declared` are the constants that hold it as a plain text, `literals` the places where it
    stands bare, `computed` those where it is computed, alone or as one of several texts."""

    text: str
    verdict: Verdict
    flows: tuple[Flow, ...]
    declared: tuple[Declared, ...]
    literals: tuple[Source, ...]
    computed: tuple[Source, ...]

    @property
    def added(self) -> bool:
        """Whether this code puts it on objects."""
        return any(f.operation in _ADDS for f in self.flows)

    @property
    def objects(self) -> tuple[Named, ...]:
        """The API types that carry it, as far as they are known."""
        return tuple(dict.fromkeys(o for f in self.flows for o in f.objects))


class Found(NamedTuple):
    """`unknown` are the places whose names are only known as the program runs, `folders` the packages where any name
    reaches finalizers, `foreign` where names do that vendor/ declares."""

    names: tuple[FoundName, ...] = ()
    unknown: tuple[tuple[Flow, Source], ...] = ()
    folders: frozenset[str] = frozenset()
    foreign: Mapping[str, list[Flow]] = MappingProxyType({})


def group(flows: Sequence[Flow]) -> Found:
    """The names that flow, sorted. Names of other modules are nobody's business here."""
    by_text: dict[str, list[tuple[Flow, Source]]] = {}
    foreign: dict[str, list[Flow]] = {}
    unknown: dict[tuple[str, int], tuple[Flow, Source]] = {}
    for flow in flows:
        for source in flow.sources:
            # An empty text stands for none.
            for text in filter(None, source.texts):
                if source.foreign:
                    foreign.setdefault(text, []).append(flow)
                    continue
                by_text.setdefault(text, []).append((flow, source))
            if source.reason and not source.foreign:
                unknown.setdefault((source.file.path, source.node.start_byte), (flow, source))
    names = tuple(_name(text, by_text[text]) for text in sorted(by_text))
    return Found(names, tuple(unknown.values()), frozenset(flow.file.directory for flow in flows), foreign)


def computed_constants(found: Found) -> dict[str, list[Declared]]:
    """Name -> the constants that hold it by an expression, such as `prefix + "finalizer"`."""
    constants = {n.text: [s.declared for s in n.computed if s.declared and is_plain_constant(s)] for n in found.names}
    return {text: list(dict.fromkeys(d)) for text, d in constants.items() if d}


def is_plain_constant(source: Source) -> bool:
    """Whether a computed name is all that a constant holds: Go knows its text as well, and nothing can change it."""
    return source.declared is not None and source.declared.value.kind == "const" and len(source.texts) == 1


def _name(text: str, found: list[tuple[Flow, Source]]) -> FoundName:
    sources = tuple(dict.fromkeys(source for _, source in found))
    plain = [s for s in sources if s.literal]
    return FoundName(
        text,
        judge_name(text),
        tuple(dict.fromkeys(flow for flow, _ in found)),
        tuple(dict.fromkeys(s.declared for s in plain if s.declared is not None)),
        tuple(s for s in plain if s.declared is None),
        tuple(s for s in sources if not s.literal),
    )
