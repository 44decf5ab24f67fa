"""What a run goes by: the command line, and where that is silent what the checkout's configuration says."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from gomigrate import choice, packs
from gomigrate.catalogue import Severity
from gomigrate.configuration import Configuration, find
from gomigrate.errors import UserError
from gomigrate.model import Diagnostic, Exported, Stage
from gomigrate.packs import Pack
from gomigrate.selection import Selection

DEFAULT_STAGE = Stage.SWITCH


class Given(NamedTuple):
    """What was said on the command line; None where nothing was. `names` are pairs of an old name and its new one."""

    pack: str | None = None
    rules: Path | None = None
    stage: str | None = None
    constant_package: str | None = None
    exported: str | None = None
    names: tuple[tuple[str, str], ...] = ()


class Settings(NamedTuple):
    """`source` is the configuration's path below the checkout's top, '' when there is none; `note` says for people why
    this pack was chosen, '' when somebody named it."""

    pack: Pack
    stage: Stage
    constant_package: str
    selection: Selection
    severities: dict[str, Severity | None]
    source: str
    note: str = ""

    def rated(self, found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
        """The findings with the severities that the configuration gives their rules, and without those that are off."""
        rated = []
        for diagnostic in found:
            rule = diagnostic.rule
            severity = self.severities.get(rule.id, rule.severity)
            if severity is not None:
                rated.append(diagnostic._replace(rule=rule._replace(severity=severity)))
        return tuple(rated)


@lru_cache(maxsize=1024)
def settle(given: Given, folder: Path, top: Path) -> Settings:
    """The settings for what lies in `folder` of the checkout `top`, both without symlinks.

    Raises UserError for a configuration or a pack that is broken.
    """
    configuration = find(folder, top)
    if given.pack or configuration.pack:
        pack, why = _named(given, configuration), ""
    else:
        pack, why = choice.choose(folder, top, given.rules)
    if given.exported:
        pack = pack._replace(exported=Exported(given.exported))
    names = given.names or configuration.names
    if names:
        pack = _with_names(pack, dict(names), "names" if given.names else f"{configuration.source}: [names]")
    return Settings(
        pack,
        Stage(given.stage or configuration.stage or DEFAULT_STAGE),
        configuration.constant_package if given.constant_package is None else given.constant_package,
        configuration.selection,
        dict(configuration.severities),
        configuration.source,
        why,
    )


def forget() -> None:
    """Reads configurations and packs anew from now on: within one run they are read once, a program lives longer."""
    settle.cache_clear()
    _pack.cache_clear()
    choice.forget()


def _with_names(pack: Pack, names: dict[str, str], source: str) -> Pack:
    if not pack.finds_names:
        raise UserError(
            f"{source}: the pack {pack.name} has names of its own. Remove the table, or choose "
            f"pack = {choice.GENERAL_PACK!r}, which takes names from here."
        )
    from gomigrate.finalizer.mapping import with_mapping

    return with_mapping(pack, names)


def _named(given: Given, configuration: Configuration) -> Pack:
    """The pack that somebody named. Raises UserError when there is none, or it is broken."""
    if given.pack:
        return _pack(given.pack, given.rules)
    try:
        return _pack(configuration.pack, given.rules)
    except UserError as error:
        raise UserError(f"{configuration.source}: {error}") from None


@lru_cache(maxsize=8)
def _pack(name: str, rules: Path | None) -> Pack:
    return packs.load(name, rules)
