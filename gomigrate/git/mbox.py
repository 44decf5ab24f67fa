"""A patch as a mail that `git am` takes, whatever bytes the patch holds."""

from __future__ import annotations

import base64
import re
import textwrap
from collections.abc import Sequence
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr

from gomigrate import __version__
from gomigrate.errors import UserError, printable
from gomigrate.git.patch import FileStat, quote_name

_MAGIC = b"From " + b"0" * 40 + b" Mon Sep 17 00:00:00 2001\n"
# Where git stops to read a message (a patch, a next mail), and lines that it takes for headers in the body.
_CUTS_MESSAGE = re.compile(r"From |>From |diff -|Index: |---|\[PATCH\]|(?:from|subject|date)\s*:", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_HEADER_WIDTH = 76
_NAME_WIDTH = 60
_GRAPH_WIDTH = 20


def render_mbox(
    patch: bytes,
    subject: str,
    body: str,
    *,
    author: str,
    date: datetime,
    stat: Sequence[FileStat] = (),
    number: tuple[int, int] | None = None,
) -> bytes:
    """One mail with the patch, for plain `git am` without options; b"" when the patch is empty.

    `author` reads `Name <mail>`; a `date` without time zone is UTC; `stat` is what `patch.diff_stat` gives; `number`
    is the mail's place in a series and how many there are, counted from 1.
    Runs of space in the subject become one space, and git drops [tags] at its start. Lines of the body that
    git would take for the end of the message are indented by a space. Raises UserError for an author that
    git cannot take.
    """
    if not patch:
        return b""
    text = f"{_message(body)}\n---\n{_stat_text(stat)}\n".encode("utf-8", "backslashreplace")
    content = text + patch + f"-- \ngomigrate {__version__}\n".encode("ascii")
    # git drops the carriage return of a line in a mail, but not one that it has to decode.
    encode = b"\r" in patch
    payload = base64.encodebytes(content) if encode else content
    headers = (
        f"From: {_author(author)}",
        f"Date: {format_datetime(date)}",
        _subject(subject, number),
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=UTF-8",
        f"Content-Transfer-Encoding: {'base64' if encode else '8bit'}",
    )
    return _MAGIC + "\n".join(headers).encode("ascii") + b"\n\n" + payload


def _author(author: str) -> str:
    match = re.fullmatch(r"([^<>]+) <([^<>\s@]+@[^<>\s@]+)>", _one_line(author))
    if not match or not match[2].isascii():
        raise UserError(f"author {printable(author)}: write it as 'Name <mail@example.org>', mail in ASCII")
    return formataddr((match[1], match[2]))


def _subject(subject: str, number: tuple[int, int] | None) -> str:
    """The whole header; git drops what stands in brackets."""
    start = "Subject: [PATCH{}]".format(" {}/{}".format(*number) if number else "")
    words = _one_line(subject) or "(no subject)"
    if words.isascii() and "=?" not in words:
        width = _HEADER_WIDTH - len(start)
        return f"{start} " + "\n ".join(textwrap.wrap(words, width, break_long_words=False, break_on_hyphens=False))
    return f"{start} " + Header(words, "utf-8", _HEADER_WIDTH, header_name=start).encode(linesep="\n")


def _message(body: str) -> str:
    lines = (_CONTROL.sub(_escaped, line) for line in re.split(r"\r\n|\r|\n", body.strip("\r\n")))
    return "\n".join(" " + line if _CUTS_MESSAGE.match(line) else line for line in lines) + "\n"


def _escaped(control: re.Match[str]) -> str:
    return printable(control[0])


def _one_line(text: str) -> str:
    """The words of a header; undecodable bytes of a name (lone surrogates) in a form that can be encoded."""
    return " ".join(_CONTROL.sub(" ", text).encode("utf-8", "backslashreplace").decode("utf-8").split())


def _stat_text(stat: Sequence[FileStat]) -> str:
    """The lines between `---` and the patch: a bar for each file, and the sum."""
    if not stat:
        return ""
    names = [_shortened(quote_name(entry.path).decode("ascii")) for entry in stat]
    counts = [str(entry.added + entry.deleted) for entry in stat]
    name_width, count_width = max(map(len, names)), max(map(len, counts))
    most = max(entry.added + entry.deleted for entry in stat)
    bars = [_bar(entry, most) for entry in stat]
    rows = [
        f" {name:<{name_width}} | {count:>{count_width}} {bar}".rstrip()
        for name, count, bar in zip(names, counts, bars, strict=True)
    ]
    return "\n".join([*rows, _sum(stat)]) + "\n"


def _shortened(name: str) -> str:
    return name if len(name) <= _NAME_WIDTH else "..." + name[3 - _NAME_WIDTH :]


def _bar(entry: FileStat, most: int) -> str:
    def scaled(count: int) -> int:
        return count if most <= _GRAPH_WIDTH else -(-count * _GRAPH_WIDTH // most)

    return "+" * scaled(entry.added) + "-" * scaled(entry.deleted)


def _sum(stat: Sequence[FileStat]) -> str:
    added, deleted = sum(entry.added for entry in stat), sum(entry.deleted for entry in stat)
    parts = [_counted(len(stat), "file") + " changed"]
    if added or not deleted:
        parts.append(_counted(added, "insertion") + "(+)")
    if deleted or not added:
        parts.append(_counted(deleted, "deletion") + "(-)")
    return " " + ", ".join(parts)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' if count != 1 else ''}"
