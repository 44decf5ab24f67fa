"""Runs a command under strace: what it did to files, programs and the network, and how it takes faults of the system.

`trace` gives the system calls of a command and all its children, parsed; `inject` runs one with a fault in one of them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

STRACE = shutil.which("strace")
needs_strace = pytest.mark.skipif(STRACE is None, reason="there is no strace: install it to see what is done to files")

# What changes a file or folder, or what is known of it.
_WRITING = re.compile(
    r"(rename|renameat2?|unlink|unlinkat|mkdir|mkdirat|rmdir|link|linkat|symlink|symlinkat|f?chmod(at2?)?|l?chown|fchown"
    r"|fchownat|f?truncate|mknod|mknodat|utime|utimes|utimensat|futimesat|f?setxattr|lsetxattr|mount|pivot_root)"
)
_TRACED = "%file,%process,%network,fchmod,fchown,ftruncate,write,pwrite64,fsync,fdatasync"
_LINE = re.compile(r"(\w+)\((.*)\)\s+= (.*)")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_RESULT_PATH = re.compile(r"\d+<(.*)>")
_ESCAPE = re.compile(rb"\\(?:x([0-9a-f]{2})|(.))", re.DOTALL)


class Call(NamedTuple):
    """One system call of one process, whose working directory is `folder`. `opened` is the file that the system opened
    for it, links resolved, "" for another call or one that failed."""

    process: int
    folder: str
    name: str
    arguments: str
    result: str

    @property
    def failed(self) -> bool:
        return self.result.startswith("-1") or self.result.startswith("?")

    @property
    def strings(self) -> list[str]:
        return [_plain(s) for s in _STRING.findall(self.arguments)]

    @property
    def opened(self) -> str:
        found = _RESULT_PATH.match(self.result)
        return _plain(found[1]) if found and self.name.startswith("open") else ""

    @property
    def for_writing(self) -> bool:
        return self.name == "creat" or bool(re.search(r"O_(WRONLY|RDWR|CREAT|TRUNC|APPEND)", self.arguments))

    @property
    def changes_files(self) -> bool:
        return bool(_WRITING.fullmatch(self.name)) or (self.name.startswith("open") and self.for_writing)

    @property
    def touched(self) -> list[str]:
        """The files that it opens or changes, by their whole paths; relative ones are those of a folder handle."""
        if self.opened:
            return [self.opened]
        folders = [_plain(path) for path in re.findall(r"(?:AT_FDCWD|\b\d+)<((?:[^<>\\]|\\.)*)>", self.arguments)]
        names = self.strings[:2] if self.name.startswith(("rename", "link")) else self.strings[:1]
        if not names:
            return folders[:1]
        folders += [folders[-1] if folders else self.folder] * len(names)
        return [os.path.join(folder, name) for folder, name in zip(folders, names, strict=False)]


def _plain(text: str) -> str:
    """The text of a string that strace has shown, all of it in \\xNN."""
    data = _ESCAPE.sub(lambda m: bytes.fromhex(m[1].decode()) if m[1] else m[2], text.encode())
    return data.decode("utf-8", "surrogateescape")


class Traced(NamedTuple):
    code: int
    err: str
    calls: list[Call]

    @property
    def programs(self) -> list[list[str]]:
        """The command lines that were started, the traced one itself left out."""
        started = [call.strings[1:] for call in self.calls if call.name.startswith("execve") and not call.failed]
        return started[1:]

    @property
    def read(self) -> list[str]:
        return [call.opened for call in self.calls if call.opened and not call.for_writing]

    @property
    def written(self) -> list[str]:
        return [path for call in self.calls if call.changes_files and not call.failed for path in call.touched]

    @property
    def internet(self) -> list[str]:
        return [
            f"{c.name}({c.arguments})" for c in self.calls if re.search(r"AF_INET|AF_NETLINK|AF_PACKET", c.arguments)
        ]


def trace(
    command: Sequence[str | Path],
    folder: Path,
    logs: Path,
    environment: Mapping[str, str] | None = None,
    *,
    children: bool = True,
    timeout: float = 120,
) -> Traced:
    """Runs a command in `folder` under strace. `logs` is a new folder outside of what is looked at."""
    assert STRACE
    logs.mkdir()
    follow = ["-ff"] if children else []
    # All strings in hexadecimal, so that no name can look like something else; -y tells which file a handle is.
    options = ["-qq", "-y", "-xx", "-s", "100000", "-e", f"trace={_TRACED}", "-e", "signal=none", "-o", logs / "log"]
    done = subprocess.run(
        [STRACE, *follow, *options, *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=timeout,
    )
    calls = [call for log in _in_order(logs) for call in _parsed(log, str(folder))]
    return Traced(done.returncode, done.stderr.decode("utf-8", "replace"), calls)


def _in_order(logs: Path) -> list[Path]:
    """The process that was started first, then its children by their number."""
    return sorted(logs.iterdir(), key=lambda log: int(log.suffix[1:] or 0))


def _parsed(log: Path, folder: str) -> Iterator[Call]:
    process = int(log.suffix[1:] or 0)
    for line in log.read_text().splitlines():
        found = _LINE.fullmatch(line.rstrip())
        if found:
            call = Call(process, folder, *found.groups())
            yield call
            if call.name == "chdir" and not call.failed:
                folder = os.path.join(folder, call.strings[0])


def inject(
    command: Sequence[str | Path], folder: Path, name: str, number: int, fault: str, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[bytes]:
    """Runs a command, with a fault (`signal=KILL`, `error=ENOSPC`) in the first process's system call `name` with this
    number, 1 being its first."""
    assert STRACE
    options = ["-qq", "-o", "/dev/null", "-e", f"trace={name}", "-e", f"inject={name}:{fault}:when={number}"]
    return subprocess.run(
        [STRACE, *options, *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )


def within(path: str, places: Iterable[str | os.PathLike[str]]) -> bool:
    """Whether a path is one of the files or folders, or lies in one of the folders. `/a/bc` does not lie in `/a/b`."""
    plain = os.path.normpath(path)
    return any(plain == place or plain.startswith(place.rstrip("/") + "/") for place in map(os.fspath, places))


def numbered(calls: Iterable[Call]) -> Iterator[tuple[str, int, Call]]:
    """Each call with its name and its number among those of that name, as `inject` counts."""
    counts: dict[str, int] = {}
    for call in calls:
        counts[call.name] = counts.get(call.name, 0) + 1
        yield call.name, counts[call.name], call
