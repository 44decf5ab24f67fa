"""Groups of commands: in the order of their use, and with errors for people."""

from __future__ import annotations

import sys
from typing import Any

import click

from gomigrate.errors import UserError

FAILED = 2
INTERRUPTED = 130


class Group(click.Group):
    """Commands in the order of their use, and errors for people: a message and exit code 2."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            _tell(error)
            ctx.exit(FAILED)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            ctx.exit(FAILED)


def _tell(error: UserError) -> None:
    """The message, line by line; a terminal must not act on what a name in it holds."""
    from gomigrate.errors import printable
    from gomigrate.terminal import fitted

    lines = ("gomigrate: " + str(error)).split("\n")
    click.echo("\n".join(fitted(printable(line), sys.stderr) for line in lines), err=True)
