"""Where the rule packs and the sample checkout are: inside the installed package, or in the source tree."""

from __future__ import annotations

import os
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


def copy_folder(source: Path, target: Path) -> None:
    """Copies files, folders and links; `target` is new or empty. Raises OSError at the first that cannot be written.

    Not by shutil.copytree, which goes on and then tells of all of them, and which wants pipes to be files.
    """
    import shutil

    target.mkdir(exist_ok=True)
    for entry in os.scandir(source):
        place = target / entry.name
        if entry.is_symlink():
            place.symlink_to(os.readlink(entry.path))
        elif entry.is_dir():
            if entry.name != "__pycache__":
                copy_folder(Path(entry.path), place)
        elif entry.is_file():
            shutil.copy(entry.path, place)
