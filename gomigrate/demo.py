"""`gomigrate demo`: the main job on a copy of the bundled sample checkout, shown step by step."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import click

from gomigrate.api import migrate
from gomigrate.errors import UserError
from gomigrate.outputs import write_all
from gomigrate.programs import find_program
from gomigrate.resources import data_dir
from gomigrate.terminal import Terminal

REPORTS = (".html", ".md", ".json")


def run_demo(output: Path | None, color: str) -> None:
    """Copies the sample, plans, shows the diff, writes patch and report, and applies the patch to the copy."""
    folder = _folder(output)
    sample = folder / "sample"
    shutil.copytree(data_dir("sample"), sample, ignore=shutil.ignore_patterns("__pycache__"))
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


def _folder(output: Path | None) -> Path:
    if output is None:
        return Path(tempfile.mkdtemp(prefix="gomigrate-demo-"))
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise UserError(f"{output}: is not an empty folder. The demo wants a new one.")
    output.mkdir(parents=True, exist_ok=True)
    return output


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
