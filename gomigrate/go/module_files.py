"""go.mod and go.sum as lists of entries: what two states differ in, put into a third, byte-exact everywhere else.

Facts: https://go.dev/ref/mod#go-mod-file-lexical and https://go.dev/ref/mod#go-sum-files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


class Line(NamedTuple):
    """A line with its newline. `key` tells an entry (a required module, a hash) from the others, "" when it is none;
    `entry` is what it says; lines of the same `block` stand in the same parentheses, 0 is outside of any."""

    text: str
    key: str = ""
    entry: str = ""
    block: int = 0


Reader = Callable[[str], list[Line]]


class NotReducible(ValueError):
    """What two states differ in is not a matter of entries alone; the text says what it is."""


def read_sum(text: str) -> list[Line]:
    return [Line(line, line.strip(), line.strip()) for line in _LINE.findall(text)]


def read_mod(text: str) -> list[Line]:
    """The lines of a go.mod; its entries are the requirements, by the path of the module."""
    return list(_mod_lines(text))


def _mod_lines(text: str) -> Iterator[Line]:
    verb, block = "", 0
    for number, line in enumerate(_LINE.findall(text), 1):
        said = line.strip()
        words = said.split("//")[0].split()
        if words[-1:] == ["("]:
            verb, block = words[0], number
        elif words == [")"]:
            verb, block = "", 0
        elif verb == "require" and len(words) == 2:
            yield Line(line, words[0].strip('"`'), said, block)
            continue
        elif not verb and words[:1] == ["require"] and len(words) == 3:
            yield Line(line, words[1].strip('"`'), said.removeprefix("require").strip())
            continue
        yield Line(line)


def reduced(now: bytes, before: bytes, after: bytes, read: Reader) -> bytes:
    """`now` with what makes `after` of `before`, both of which Go made of it, and with nothing else.

    An entry that `now` has stays in its place. Raises NotReducible when `before` and `after` differ in something else
    than entries, unless `now` is as Go writes it.
    """
    if before == after:
        return now
    if now == before:
        return after
    old, new = (_entries(read(_text(data))) for data in (before, after))
    rest, changed_rest = ([w for w in _rest(data, read) if w] for data in (before, after))
    if rest != changed_rest:
        raise NotReducible(", ".join(w for w in (*rest, *changed_rest) if (w in rest) != (w in changed_rest)))
    text = _text(now)
    lines = read(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    for key in old.keys() - new.keys():
        lines = [line for line in lines if line.key != key]
    wanted = read(_text(after))
    for index, line in enumerate(wanted):
        if line.key and old.get(line.key) != line.entry:
            _put(lines, wanted, index, newline)
    return "".join(line.text for line in lines).encode("utf-8", "surrogateescape")


def _put(lines: list[Line], wanted: list[Line], index: int, newline: str) -> None:
    """Makes `lines` say what the wanted entry says: in its place, else beside the nearest entry that both have."""
    line = wanted[index]
    at = next((i for i, have in enumerate(lines) if have.key == line.key), None)
    if at is not None:
        lines[at] = _written(line, lines[at], newline)
        return
    group = [w.key for w in wanted if w.key and w.block == line.block]
    place = {have.key: i for i, have in enumerate(lines) if have.key}
    mine = group.index(line.key)
    before = next((place[k] for k in reversed(group[:mine]) if k in place), None)
    behind = next((place[k] for k in group[mine + 1 :] if k in place), None)
    if before is not None:
        lines.insert(before + 1, _written(line, lines[before], newline))
    elif behind is not None:
        lines.insert(behind, _written(line, lines[behind], newline))
    else:
        if lines and not lines[-1].text.endswith("\n"):
            lines[-1] = lines[-1]._replace(text=lines[-1].text + newline)
        # A hash is an entry by itself; a requirement outside of any block says that it is one.
        lines.append(_written(line, line._replace(block=0), newline))


def _written(line: Line, beside: Line, newline: str) -> Line:
    required = f"\t{line.entry}" if beside.block else f"require {line.entry}"
    text = line.entry if line.key == line.entry else required
    return line._replace(text=text + newline, block=beside.block)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _entries(lines: list[Line]) -> dict[str, str]:
    return {line.key: line.entry for line in lines if line.key}


def _rest(data: bytes, read: Reader) -> list[str]:
    """What a file says beside its entries; the shape of its require blocks does not count."""
    shape = ("require (", "require(", ")", "")
    return [said for line in read(_text(data)) if not line.key and (said := line.text.strip()) not in shape]


def changes_of(path: str, old: bytes, new: bytes) -> tuple[str, ...]:
    """What a change of a go.mod or go.sum is about, in words: a line for each requirement, one for all hashes."""
    if path.endswith("go.sum"):
        before, after = (set(_entries(read_sum(_text(data)))) for data in (old, new))
        counts = {"added": len(after - before), "removed": len(before - after)}
        return tuple(f"{path}: {_number(count, 'hash', 'hashes')} {what}" for what, count in counts.items() if count)
    found = []
    before_mod, after_mod = (_entries(read_mod(_text(data))) for data in (old, new))
    for key in sorted(before_mod.keys() | after_mod.keys()):
        was, is_now = before_mod.get(key, ""), after_mod.get(key, "")
        if not is_now:
            found.append(f"{path}: no longer requires {was}")
        elif was != is_now:
            earlier = f" (was: {was.removeprefix(key).strip()})" if was else ""
            found.append(f"{path}: requires {is_now}{earlier}")
    rest, changed = (_rest(data, read_mod) for data in (old, new))
    found += [f"{path}: says `{said}`" for said in changed if said not in rest]
    found += [f"{path}: no longer says `{said}`" for said in rest if said not in changed]
    return tuple(found)


def vendor_changes(folder: str, originals: Mapping[str, bytes], changes: Mapping[str, bytes | None]) -> tuple[str, ...]:
    """What changes below a vendor folder, in words."""
    below = [path for path in changes if path.startswith(f"{folder}/")]
    kinds = {
        "added": [p for p in below if p not in originals],
        "changed": [p for p in below if p in originals and changes[p] is not None],
        "removed": [p for p in below if changes[p] is None],
    }
    return tuple(f"{folder}/: {_number(len(paths), 'file', 'files')} {what}" for what, paths in kinds.items() if paths)


def _number(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
