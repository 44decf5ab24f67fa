"""The pages of docs/ that are made from the code: `python -m gomigrate.reference docs` writes them anew."""

from __future__ import annotations

import textwrap


def wrapped(text: str, indent: str = "", further: str | None = None) -> str:
    """A paragraph of Markdown in lines of at most 120 characters; `further` indents all lines but the first."""
    lines = textwrap.wrap(
        " ".join(text.split()),
        120,
        initial_indent=indent,
        subsequent_indent=indent if further is None else further,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines)


def item(text: str, depth: int = 0) -> str:
    """An item of a list, `depth` lists deep. Every Markdown takes four blanks for the next depth."""
    return wrapped(text, "    " * depth + "- ", "    " * depth + "  ")
