"""Where the rule packs and the sample checkout are: inside the installed package, or in the source tree."""

from __future__ import annotations

from pathlib import Path

from gomigrate.errors import UserError

_PACKAGE = Path(__file__).parent
_IN_SOURCE_TREE = {"rules": "rules", "sample": "fixtures/sample"}


def data_dir(name: str) -> Path:
    """The folder `rules` or `sample`."""
    installed = _PACKAGE / "_data" / name
    if installed.is_dir():
        return installed
    source = _PACKAGE.parent / _IN_SOURCE_TREE[name]
    if source.is_dir():
        return source
    raise UserError(f"gomigrate's own folder {name} is missing beside {_PACKAGE}: install gomigrate again")
