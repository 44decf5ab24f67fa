"""Which pack is for a checkout, when nobody says: by the modules that its go.mod files declare."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from gomigrate import packs
from gomigrate.checkout import Checkout
from gomigrate.errors import printable
from gomigrate.go.modules import declared_path
from gomigrate.packs import Pack

GENERAL_PACK = "operators"


class Choice(NamedTuple):
    """A pack, and for people why it was chosen."""

    pack: Pack
    why: str


@lru_cache(maxsize=1024)
def choose(folder: Path, top: Path, rules: Path | None) -> Choice:
    """The pack for what lies in `folder` of the checkout `top`, both without symlinks.

    The modules that count are those of the go.mod files from the folder up to the top, and in the folders directly
    below the top. Raises UserError for a pack that is broken.
    """
    known = _packs(rules)
    wanted = [(module, pack) for pack in known for module in pack.modules]
    for path, module in _declared(folder, top):
        for prefix, pack in wanted:
            if module == prefix or module.startswith(f"{prefix}/"):
                why = f"pack {pack.name}: {printable(module)} ({printable(path)}) is one of its modules"
                return Choice(pack, f"{why}; --pack chooses another")
    none = f"pack {GENERAL_PACK}: no other pack is for the modules of this checkout"
    general = next(pack for pack in known if pack.name == GENERAL_PACK)
    return Choice(general, f"{none}; --pack chooses one")


@lru_cache(maxsize=8)
def _packs(rules: Path | None) -> tuple[Pack, ...]:
    found = packs.available(rules)
    return tuple(packs.read(found[name]) for name in sorted(found))


def forget() -> None:
    """Looks at packs and modules anew from now on."""
    for cached in (choose, _packs, _below, _module_in):
        cached.cache_clear()


def _declared(folder: Path, top: Path) -> Iterator[tuple[str, str]]:
    """(path below the top, module path) of the go.mod files that count, the nearest first."""
    inside = folder.relative_to(top).as_posix() if folder.is_relative_to(top) else "."
    parts = [] if inside == "." else inside.split("/")
    for count in range(len(parts), -1, -1):
        yield from _module_in(top, "/".join(parts[:count]))
    yield from _below(top)


@lru_cache(maxsize=64)
def _below(top: Path) -> tuple[tuple[str, str], ...]:
    try:
        names = sorted(e.name for e in os.scandir(top) if e.name[0] not in "._" and e.is_dir(follow_symlinks=False))
    except OSError:
        return ()
    return tuple(found for name in names for found in _module_in(top, name))


@lru_cache(maxsize=4096)
def _module_in(top: Path, folder: str) -> tuple[tuple[str, str], ...]:
    path = f"{folder}/go.mod" if folder else "go.mod"
    checkout = Checkout(top, walk=False)
    found = declared_path(checkout.read(path) or b"") if checkout.has_module_file(path) else b""
    return ((path, found.decode("utf-8", "replace")),) if found else ()
