"""TOML files that people write, read key by key: whatever is wrong is named with its file, line and key."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from gomigrate.errors import UserError, printable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_MAX_ATTEMPTS = 500
_MAX_PARSED = 4 * 1024 * 1024
# The parser's time grows with the square of the parts of a key.
_MAX_PARTS = 64
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'')
_POSITION = re.compile(r" \((?:at line (\d+), column (\d+)|at end of document)\)$")
Keys = tuple[str | int, ...]


class Source:
    """A TOML file: its path as it is shown, and its text."""

    def __init__(self, path: Path, data: bytes) -> None:
        """Raises UserError when the bytes are no TOML."""
        self.path = printable(str(path))
        try:
            # A line end of Windows is no part of the text, as when Python reads a text file.
            self.text = data.decode("utf-8").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise UserError(f"{self.path}:{line}: is not UTF-8 text.") from None
        for number, row in enumerate(self.text.split("\n"), 1):
            if row.count(".") > _MAX_PARTS and _QUOTED.sub("", row.partition("#")[0]).count(".") > _MAX_PARTS:
                raise UserError(f"{self.path}:{number}: a key has more than {_MAX_PARTS} parts.")
        try:
            self.data: dict[str, Any] = tomllib.loads(self.text)
        except RecursionError:
            raise UserError(f"{self.path}: not valid TOML: it is nested too deeply.") from None
        except ValueError as error:
            message = str(error)
            found = _POSITION.search(message)
            where = f":{found[1]}:{found[2]}" if found and found[1] else ""
            reason = printable(_POSITION.sub("", message))
            raise UserError(f"{self.path}{where}: not valid TOML: {reason}.") from None

    def line_of(self, keys: Keys) -> int | None:
        """The 1-based line where a key stands; None when it cannot be told (its name is written with escapes).

        The parser keeps no positions: it is the first line that, parsed with all before it, brings the key.
        """
        name = next((k for k in reversed(keys) if isinstance(k, str)), "")
        lines = [f"{line}\n" for line in self.text.split("\n")]
        attempts = parsed = 0
        for number, line in enumerate(lines, 1):
            if name not in line:
                continue
            # A value may go on for lines; before its end the text is no TOML.
            for end in range(number, len(lines) + 1):
                text = "".join(lines[:end])
                attempts += 1
                parsed += len(text)
                if attempts > _MAX_ATTEMPTS or parsed > _MAX_PARSED:
                    return None
                with suppress(ValueError):
                    if _holds(tomllib.loads(text), keys):
                        return number
                    break
        return None


def _holds(data: Any, keys: Keys) -> bool:
    for key in keys:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return False
    return True


class Table:
    """A table that is read key by key. Each reader raises UserError for a value of another type."""

    def __init__(self, source: Source, keys: Keys, data: Any) -> None:
        self.source = source
        self.keys = keys
        if not isinstance(data, dict):
            self._fail(keys, "", f"must be a table: [{_dotted(keys)}]")
        self.rest: dict[str, Any] = dict(data)
        self.known: list[str] = []

    def fail(self, key: str, text: str) -> None:
        """Raises UserError about a key of this table, or about the key that is missing in it."""
        self._fail((*self.keys, key), key, text)

    def _fail(self, keys: Keys, key: str, text: str) -> None:
        line = self.source.line_of(keys) or (self.source.line_of(self.keys) if self.keys else None)
        where = " ".join(part for part in (_title(self.keys), printable(key)) if part)
        raise UserError(f"{self.source.path}{f':{line}' if line else ''}: {where}: {text}.")

    def _take(self, key: str, default: Any) -> Any:
        self.known.append(key)
        return self.rest.pop(key, default)

    def text(self, key: str, default: str | None = None) -> str:
        value = self._take(key, default)
        if value is None:
            self.fail(key, "is missing")
        if not isinstance(value, str) or (default is None and not value.strip()):
            self.fail(key, "must be a text that is not empty")
        return str(value)

    def choice(self, key: str, known: Iterable[str]) -> str:
        """One of the `known` texts, or '' when the key is not there."""
        if key not in self.rest:
            self.known.append(key)
            return ""
        value = self.text(key)
        if value not in known:
            self.fail(key, f"{printable(repr(value))} is none of {', '.join(known)}{_hint(value, known)}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._take(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            self.fail(key, "must be a list of texts")
        return tuple(value)

    def flag(self, key: str) -> bool:
        value = self._take(key, False)
        if not isinstance(value, bool):
            self.fail(key, "must be true or false")
        return bool(value)

    def table(self, key: str) -> Table:
        return Table(self.source, (*self.keys, key), self._take(key, {}))

    def tables(self, key: str) -> list[Table]:
        value = self._take(key, [])
        if not isinstance(value, list):
            self.fail(key, f"must be tables: [[{key}]]")
        return [Table(self.source, (*self.keys, key, i), v) for i, v in enumerate(value)]

    def done(self) -> None:
        """To be called when every key was asked for. Raises UserError for one that was not."""
        for key in self.rest:
            known = f"; known are: {', '.join(sorted(self.known))}" if self.known else ""
            self.fail(key, f"is no known key{_hint(key, self.known) or known}")


def _hint(value: str, known: Iterable[str]) -> str:
    import difflib

    close = difflib.get_close_matches(value, list(known), 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _title(keys: Keys) -> str:
    """The table's name as it stands in a file; that of the file itself is ''."""
    if not keys:
        return ""
    if isinstance(keys[-1], int):
        return f"[[{_dotted(keys)}]] {keys[-1] + 1}:"
    return f"[{_dotted(keys)}]"


def _dotted(keys: Keys) -> str:
    return printable(".".join(k for k in keys if isinstance(k, str)))
