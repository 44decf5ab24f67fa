"""A pack's own examples: Go code beside it, of which it is known what becomes of it.

    PACK/examples/valid/…     code in which nothing is to be found
    PACK/examples/invalid/…   code in which something is

An example is one Go file, or a folder that is a small checkout. As in Go's analysistest, `x.go.golden` beside `x.go`
holds what the file becomes, or nothing at all when it is to be deleted; a file without one must stay as it is.
"""

from __future__ import annotations

import difflib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gomigrate.api import migrate
from gomigrate.catalogue import Severity
from gomigrate.errors import UserError, printable
from gomigrate.interrupts import held_back
from gomigrate.model import Diagnostic, Plan
from gomigrate.packs import Pack, read
from gomigrate.resources import copy_folder
from gomigrate.temporaries import begin_folder

GOLDEN = ".golden"
_SKELETON = Path(__file__).with_name("skeleton")
_NAME = re.compile(r"[a-z][-a-z0-9]{0,38}[a-z0-9]")
_KINDS = ("valid", "invalid")
_GO_MOD = "module {}\n\ngo 1.24\n\nrequire sigs.k8s.io/controller-runtime v0.21.0\n"


class Example(NamedTuple):
    """One example, and what is wrong with it: nothing when all is as expected."""

    name: str
    wrong: tuple[str, ...]


def run_examples(folder: Path) -> tuple[Example, ...]:
    """Plans the migration of every example of the pack in `folder`, by this pack, and compares.

    Raises UserError when the pack is broken, or has no example.
    """
    folder = folder.resolve()
    if not (folder / "pack.toml").is_file():
        raise UserError(f"{printable(str(folder))}: no pack.toml in it. Give the folder of one pack.")
    pack = read(folder)
    try:
        found = [Example(name, tuple(_wrong(pack, folder, path, kind))) for kind, name, path in _examples(folder)]
    except OSError as error:
        raise UserError(
            f"{printable(str(folder))}: an example cannot be copied to a temporary folder: {error.strerror}. "
            "Set TMPDIR to another place."
        ) from None
    if not found:
        raise UserError(
            f"{printable(str(folder))}: no examples in it. Put Go files into examples/valid and examples/invalid."
        )
    return tuple(found)


def _examples(folder: Path) -> Iterator[tuple[str, str, Path]]:
    for kind in _KINDS:
        inside = folder / "examples" / kind
        for path in sorted(inside.iterdir()) if inside.is_dir() else ():
            if path.is_dir() or path.suffix == ".go":
                yield kind, printable(f"{kind}/{path.name}"), path


def _wrong(pack: Pack, folder: Path, example: Path, kind: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="gomigrate-example-") as scratch:
        top = Path(scratch) / "example"
        golden = _copy(example, top, (*pack.modules, "example.com/example")[0])
        plan = migrate(top, pack=folder.name, rules=folder).plan
        found = [d for d in plan.diagnostics if d.rule.severity is not Severity.NOTE and not d.suppressed]
        if kind == "valid":
            yield from map(_line, found)
        elif not found:
            yield "nothing is found in it"
        yield from (f"{n.path}: {n.text}" for n in plan.notes if n.path)
        yield from _differences(plan, top, golden, found)


def _copy(example: Path, top: Path, module: str) -> dict[str, bytes]:
    """Puts the example into a checkout of its own, and gives its golden files: path -> content."""
    if example.is_dir():
        copy_folder(example, top)
    else:
        top.mkdir()
        for path in (example, example.with_name(example.name + GOLDEN)):
            if path.is_file():
                shutil.copyfile(path, top / path.name)
    if not (top / "go.mod").exists():
        (top / "go.mod").write_text(_GO_MOD.format(module))
    golden = {}
    for path in sorted(top.rglob(f"*{GOLDEN}")):
        golden[path.relative_to(top).as_posix().removesuffix(GOLDEN)] = path.read_bytes()
        path.unlink()
    return golden


def _differences(plan: Plan, top: Path, golden: dict[str, bytes], found: list[Diagnostic]) -> Iterator[str]:
    for path in sorted({*golden, *plan.changes}):
        before = (top / path).read_bytes() if (top / path).is_file() else b""
        wanted = golden.get(path, before)
        is_made = (plan.changes[path] or b"") if path in plan.changes else before
        if is_made != wanted:
            yield _diff(path, wanted, is_made)
            yield from (_line(d) for d in found if d.path == path and d.left_because)


def write_skeleton(name: str, parent: Path) -> Path:
    """Writes a pack of this name, with examples that hold, into a new folder of `parent`, and gives the folder.

    Raises UserError, with nothing written, when the name is none or something of that name is there.
    """
    if not _NAME.fullmatch(name):
        raise UserError(
            f"{printable(name)!r}: a pack's name has lower case letters, digits and dashes, such as 'harbour'."
        )
    folder = parent / name
    try:
        if os.path.lexists(folder):
            raise FileExistsError(17, "is there already")
        with held_back(done=True):
            made = begin_folder(folder)
            try:
                _fill(made.path, name)
                made.replace()
            finally:
                made.discard()
    except OSError as error:
        raise UserError(f"{printable(str(folder))}: {error.strerror}. Nothing was written.") from None
    return folder


def _fill(folder: Path, name: str) -> None:
    copy_folder(_SKELETON, folder)
    for path in folder.rglob("*"):
        if path.is_file():
            path.write_text(path.read_text(encoding="utf-8").replace("NAME", name), encoding="utf-8", newline="\n")


def _diff(path: str, wanted: bytes, made: bytes) -> str:
    old, new = (text.decode("utf-8", "replace").expandtabs(4).splitlines() for text in (wanted, made))
    diff = difflib.unified_diff(old, new, f"{path} as expected", f"{path} as it becomes", lineterm="")
    return "\n".join(map(printable, diff)) or f"{path}: only line ends differ"


def _line(found: Diagnostic) -> str:
    return f"{found.where}: {found.rule.id} {found.message}" + (
        f" ({found.left_because})" if found.left_because else ""
    )
