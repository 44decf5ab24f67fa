"""The arguments and options that commands share, and what a shell completes in them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import click

from gomigrate.errors import UserError

F = TypeVar("F", bound=Callable[..., Any])
STAGES = ("prepare", "switch", "cleanup")
EXPORTED = ("delete", "deprecate")


def pack_names(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """What a shell offers for a pack."""
    from gomigrate import packs

    folder = context.params.get("rules") or context.params.get("folder")
    with suppress(UserError):
        return [name for name in sorted(packs.available(folder)) if name.startswith(begun)]
    return []


def rule_names(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """What a shell offers for a rule."""
    from gomigrate.catalogue import RULES

    return [word for rule in RULES for word in (rule.id, rule.name) if word.startswith(begun)]


color_option = click.option(
    "--color", type=click.Choice(("auto", "always", "never")), default="auto", show_default=True,
    help="Colours on the terminal.",
)  # fmt: skip
form_option = click.option(
    "--format", "form", type=click.Choice(("diff", "mbox")), default="diff", show_default=True,
    help="mbox is for `git am`.",
)  # fmt: skip


def common(command: F) -> F:
    """The options that every command on a checkout shares."""
    options = (
        click.option(
            "--pack", show_default="by the checkout's modules", metavar="NAME", shell_complete=pack_names,
            help="What is known of the project.",
        ),
        click.option(
            "--rules", type=click.Path(path_type=Path), metavar="DIR", help="A folder with packs of your own."
        ),
        click.option(
            "--stage", type=click.Choice(STAGES), show_default="switch",
            help="prepare: old name added, both honoured. switch: new name added, both honoured. "
            "cleanup: new name only.",
        ),
        color_option,
        click.option("-q", "--quiet", is_flag=True, help="Errors only."),
        click.option("-v", "--verbose", is_flag=True, help="Every finding, and the time of each step."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def placement(command: F) -> F:
    """The options that every command which changes code shares."""
    options = (
        click.option(
            "--constant-package", metavar="PACKAGE",
            help="Where new constants, and those that several packages use, go: a folder or an import path. "
            "Default: chosen, with the reason.",
        ),
        click.option(
            "--exported", type=click.Choice(EXPORTED), show_default="by the pack; deprecate for any operator",
            help="Exported helpers that nothing in the checkout calls any more. delete: they go. deprecate: they stay, "
            "call controllerutil and are marked Deprecated, as code elsewhere may call them.",
        ),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


report_option = click.option(
    "--report", "reports", type=click.Path(path_type=Path), multiple=True, metavar="FILE",
    help="A report, .html, .md, .json or .sarif by its ending. May be repeated.",
)  # fmt: skip
tidy_option = click.option(
    "--tidy", is_flag=True,
    help="Put into the patch what it needs of go.mod, go.sum and vendor/. Runs `go mod tidy` in a scratch copy, and "
    "may download modules.",
)  # fmt: skip
companions_option = click.option(
    "--companions", is_flag=True,
    help="Change manifests and Python scripts that hold a name which changes, too, where it is certain what they do. "
    "Without it they are only told of.",
)  # fmt: skip
checkout_argument = click.argument("checkout", type=click.Path(path_type=Path), default=".")
