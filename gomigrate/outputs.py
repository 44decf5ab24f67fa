"""Writing what the user asked for: all of it or nothing, never half a file."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from gomigrate.errors import UserError

_SOURCES = frozenset({"go.mod", "go.sum", "go.work", "go.work.sum"})


def check_output(path: Path, top: Path) -> str:
    """A note when an output lies inside the checkout; '' when it does not.

    Raises UserError when the output cannot be written, or would overwrite a source file of the checkout.
    """
    folder = path.parent
    if not folder.is_dir():
        raise UserError(f"{path}: there is no folder {folder}. Create it first, or choose another place.")
    if path.is_dir():
        raise UserError(f"{path}: is a folder. Give the name of a file.")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise UserError(f"{path}: cannot be written: permission denied. Choose another place.")
    resolved = folder.resolve() / path.name
    if not resolved.is_relative_to(top):
        return ""
    if path.suffix == ".go" or path.name in _SOURCES or ".git" in resolved.relative_to(top).parts:
        raise UserError(f"{path}: is a source file of the checkout. Choose another place for the output.")
    relative = resolved.relative_to(top).as_posix()
    if (top / ".git").exists():
        from gomigrate.git.repository import ignored

        if relative in ignored(top, [relative]):
            return ""
    return f"{relative} lies inside the checkout and git does not ignore it; it is not part of the patch"


def write_all(outputs: dict[Path, bytes]) -> None:
    """Writes every output beside its place first, then moves all of them there. Raises UserError."""
    staged: list[tuple[Path, Path]] = []
    try:
        for path, data in outputs.items():
            if path.exists() and not path.is_file():
                # A pipe or a device such as /dev/stdout takes the bytes themselves.
                path.write_bytes(data)
                continue
            temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
            staged.append((temporary, path))
            temporary.write_bytes(data)
        while staged:
            temporary, path = staged[0]
            os.replace(temporary, path)
            staged.pop(0)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}. Choose another place.") from None
    finally:
        for temporary, _ in staged:
            with suppress(OSError):
                temporary.unlink()
