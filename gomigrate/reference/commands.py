"""The page docs/commands.md, from the commands that click knows."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator

import click

from gomigrate.cli import cli
from gomigrate.options import common
from gomigrate.reference import item, wrapped

_HEAD = """\
# Commands

What `gomigrate COMMAND --help` says, on one page. An option of the command line beats the
[configuration](configuration.md); where neither says anything the default is taken.
"""
_SHARED = """\
## Shared options

Of every command that looks at a checkout:
"""


@click.command()
@common
def _shared(**options: object) -> None: ...


_NAMES = {parameter.name for parameter in _shared.params}


def page() -> str:
    """The page docs/commands.md."""
    root = click.Context(cli, info_name="gomigrate")
    parts = [_HEAD, *_command(cli, root), _SHARED, *_options(_shared.params, root)]
    return "\n".join(parts) + "\n"


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    """The command and those below it, in the order of their use."""
    yield f"## {context.command_path}\n"
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```text\n{context.command_path} {usage}\n```\n"
    yield from _help(command)
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    shares = {option.name for option in options} >= _NAMES
    own = [option for option in options if not (shares and option.name in _NAMES)]
    if own:
        yield from _options(own, context)
        yield ""
    if shares:
        yield f"{'And the' if own else 'The'} [shared options](#shared-options).\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield from _command(below, click.Context(below, info_name=name, parent=context))


def _help(command: click.Command) -> Iterator[str]:
    """The help text, paragraph by paragraph; one that begins with a backspace keeps its lines, as click has it."""
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        if paragraph.startswith("\b\n"):
            yield f"```text\n{paragraph.removeprefix(chr(8)).strip()}\n```\n"
        else:
            yield wrapped(paragraph) + "\n"


def _options(options: Iterable[click.Parameter], context: click.Context) -> Iterator[str]:
    for option in options:
        record = option.get_help_record(context)
        if record is not None:
            # click writes a default as `[default: value]`, and a word for it in brackets.
            text = re.sub(r"  \[default: \(?(.*?)\)?\]$", r" *Default: \1.*", record[1])
            yield item(f"`{record[0]}`: {text}")
