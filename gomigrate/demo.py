"""`gomigrate demo`: the main job on a copy of the bundled sample checkout, shown step by step."""

from __future__ import annotations

import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import click

from gomigrate.api import migrate
from gomigrate.errors import UserError, printable
from gomigrate.outputs import write_all
from gomigrate.programs import find_program
from gomigrate.resources import copy_folder, data_dir
from gomigrate.temporaries import begin_folder
from gomigrate.terminal import Terminal

REPORTS = (".html", ".md", ".json")


def run_demo(output: Path | None, color: str) -> None:
    """Copies the sample, plans, shows the diff, writes patch and report, and applies the patch to the copy."""
    folder = _begun(output)
    sample = folder / "sample"
    _make_repository(sample)
    migration = migrate(sample, pack="flyte")
    patch = migration.patch()
    reports = {folder / f"report{s}": text.encode() for s, text in migration.reports(REPORTS)().items()}
    write_all({folder / "finalizer.patch": patch, **reports})
    _show_diff(patch.decode(), color)
    Terminal(color).summary(migration.plan, folder / "finalizer.patch", list(reports))
    migration.apply()
    again = migrate(sample, pack="flyte").plan
    state = "nothing left to change" if not again.changes else f"{len(again.changes)} files would change again"
    click.echo(f"  applied to {sample}; a second run finds {state}", err=True)


def _begun(output: Path | None) -> Path:
    """The folder of the demo, with all of the sample in it."""
    if output is not None and output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise UserError(f"{output}: is not an empty folder. The demo wants a new one.")
    folder = output
    try:
        folder = folder or Path(tempfile.mkdtemp(prefix="gomigrate-demo-"))
        folder.mkdir(parents=True, exist_ok=True)
        made = begin_folder(folder / "sample")
        try:
            copy_folder(data_dir("sample"), made.path)
            made.replace()
        finally:
            made.discard()
    except OSError as error:
        if output is None and folder is not None:
            with suppress(OSError):
                folder.rmdir()
        place = "a temporary folder" if folder is None else printable(str(folder))
        raise UserError(f"{place}: cannot be written: {error.strerror}. Choose another place by --output.") from None
    return folder


def _make_repository(sample: Path) -> None:
    """The copy becomes a git checkout of its own, so that it is one also below another repository."""
    git = find_program("git")
    if git is not None:
        identity = ("-c", "user.name=demo", "-c", "user.email=demo@localhost", "-c", "commit.gpgsign=false")
        for command in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-q", "-m", "the sample as it was"]):
            subprocess.run([git, "-c", "core.hooksPath=", *command], cwd=sample, check=False, capture_output=True)


def _show_diff(text: str, color: str) -> None:
    from rich.console import Console
    from rich.syntax import Syntax

    console = Console(
        force_terminal=True if color == "always" else None, no_color=True if color == "never" else None, soft_wrap=True
    )
    if console.is_terminal and color != "never":
        console.print(Syntax(text, "diff", theme="ansi_dark", background_color="default"), soft_wrap=True)
    else:
        click.echo(text)
