"""What Go's commands print when something fails, as values that can be compared and shown."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from gomigrate.verify.results import Failure

_PLACE = re.compile(
    r"^(?:vet: |go: )?(?P<path>(?:[A-Za-z]:)?[^\s:][^:]*\.(?:go|s|c|cc|h|mod|sum|work))"
    r":(?P<line>\d+)(?::(?P<column>\d+))?:\s*(?P<text>.*)$"
)
_TEST_PLACE = re.compile(r"(?P<path>[^\s:()]*[^\s:()/]\.go):(?P<line>\d+)\b")
_POSITION = re.compile(r"\b[\w./-]+\.go:\d+(?::\d+)?")
_LOGGED = re.compile(r"^[^\s/]+\.go:\d+: (?=\S)")
_NAME_OF_PACKAGE = re.compile(r"[^\s:]+")
_FRAME = re.compile(r"^\s*(=== |--- |\?\s|ok\s|PASS$|FAIL\b|exit status )")
# Until Go 1.23 a package that does not compile is told so, and not as an event.
_UNBUILT = re.compile(r"FAIL\t(\S+) \[(?:build|setup) failed\]")
_HEADER = "# "
MAX_LINES = 12
_KEPT_LINES = 400


def compile_failures(lines: Iterable[str], folder: str, top: str) -> list[Failure]:
    """The messages of `go build`, `go vet` and `go list`, each with what is indented below it.

    `folder` is where the command ran, relative to `top`; `top` is the absolute path that failures are relative to.
    """
    found: list[Failure] = []
    package = ""
    for line in lines:
        if line.startswith(_HEADER):
            package = line[len(_HEADER) :].partition(" [")[0]
        elif line.startswith(("\t", " ")) and found:
            if len(found[-1].lines) < MAX_LINES:
                found[-1] = found[-1]._replace(lines=(*found[-1].lines, line.rstrip()))
        elif match := _PLACE.match(line):
            if match["text"] != "too many errors":
                path = _relative(match["path"], folder, top)
                column = int(match["column"] or 0)
                found.append(Failure(match["text"], package, path, int(match["line"]), column))
        elif line.strip() and not _NAME_OF_PACKAGE.fullmatch(line) and line != "too many errors":
            found.append(Failure(line.strip(), package))
    return list(dict.fromkeys(found))


def new_failures(before: Iterable[Failure], after: Sequence[Failure]) -> tuple[list[Failure], list[Failure]]:
    """Those of `after` that `before` does not explain, and those that it does. Lines may have moved between them."""
    known = Counter(map(_key, before))
    new, old = [], []
    for failure in after:
        key = _key(failure)
        if known[key] > 0:
            known[key] -= 1
            old.append(failure)
        else:
            new.append(failure)
    return new, old


def _key(failure: Failure) -> tuple[str, ...]:
    if failure.test:
        return failure.package, failure.test
    return failure.package, failure.path, _POSITION.sub("", failure.text)


class GoTestOutput:
    """Takes the lines of `go test -json` as they come, and keeps what became of each test.

    `results` maps (import path, test) to pass, fail, skip, or run while it runs; the test "" is the package itself.
    `plain` is what Go says itself, and no test.
    """

    def __init__(self, folders: dict[str, str], folder: str, top: str) -> None:
        """`folders`: import path -> folder relative to `top`; `folder` is where the command runs."""
        self.results: dict[tuple[str, str], str] = {}
        self._folders = folders
        self._where = folder, top
        self._output: dict[tuple[str, str], list[str]] = {}
        self.plain: list[str] = []
        self._unbuilt: set[str] = set()

    def take(self, line: str) -> None:
        event = _event(line)
        if event is None:
            if unbuilt := _UNBUILT.fullmatch(line):
                self.results[unbuilt[1], ""] = "fail"
                self._unbuilt.add(unbuilt[1])
            else:
                self.plain.append(line)
            return
        action = event.get("Action", "")
        if action == "build-output":
            self.plain.append(event.get("Output", "").rstrip("\n"))
            return
        package, test = event.get("Package", ""), event.get("Test", "")
        if not package:
            return
        if action == "output":
            lines = self._output.setdefault((package, test), [])
            text = event.get("Output", "").rstrip("\n")
            if len(lines) < _KEPT_LINES:
                lines.append(text)
            if _UNBUILT.fullmatch(text):
                self._unbuilt.add(package)
        elif action in ("start", "run", "pass", "fail", "skip"):
            self.results[package, test] = "run" if action == "start" else action
            if action in ("pass", "skip"):
                self._output.pop((package, test), None)

    def running(self) -> list[tuple[str, str]]:
        """Packages and tests that have begun and not ended, the innermost of each."""
        return self._innermost("run")

    def failures(self) -> list[Failure]:
        """Every innermost failing test, every package that fails by itself, and every message of the compiler."""
        found = compile_failures(self.plain, *self._where)
        broken = self._unbuilt if found else set()
        failing = self._innermost("fail")
        # A test that a crash or the time limit ended has no result of its own.
        cut_off = [key for key in self.running() if key[1] and self.results.get((key[0], "")) == "fail"]
        for package, test in [*failing, *cut_off]:
            if test or not (package in broken or any(p == package and t for p, t in cut_off)):
                found.append(self._failure(package, test))
        return found

    def hanging(self, seconds: float) -> list[Failure]:
        """What was still running when the command was stopped, or had not even begun."""
        text = f"did not end within {seconds:g} seconds and was killed"
        return [self._failure(package, test)._replace(text=text) for package, test in self.running()]

    def _innermost(self, state: str) -> list[tuple[str, str]]:
        keys = [key for key, value in self.results.items() if value == state]
        outer = {(package, test.rpartition("/")[0]) for package, test in keys if "/" in test}
        outer |= {(package, "") for package, test in keys if test}
        return [key for key in keys if key not in outer]

    def _failure(self, package: str, test: str) -> Failure:
        said = self._output.get((package, test), []) or self._output.get((package, ""), [])
        lines = [line.rstrip() for line in said if line.strip() and not _FRAME.match(line)]
        path, number = self._place(package, lines)
        text = next((_LOGGED.sub("", line.strip()) for line in lines), "failed and said nothing")
        hung = next((line.strip() for line in lines if "test timed out after" in line), "")
        return Failure(hung or text, package, path, number, 0, test, tuple(lines[:MAX_LINES]))

    def _place(self, package: str, lines: Iterable[str]) -> tuple[str, int]:
        """The first line of the checkout that the output names. The testing package names a file without its folder."""
        _, top = self._where
        home = self._folders.get(package, "")
        for line in lines:
            for match in _TEST_PLACE.finditer(line):
                name = match["path"]
                if os.path.isabs(name):
                    if name.startswith(top + os.sep):
                        return os.path.relpath(name, top).replace(os.sep, "/"), int(match["line"])
                elif "/" not in name:
                    return f"{home}/{name}" if home else name, int(match["line"])
        return "", 0


def _event(line: str) -> dict[str, str] | None:
    if not line.startswith("{"):
        return None
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "Action" in event else None


def _relative(path: str, folder: str, top: str) -> str:
    whole = os.path.normpath(os.path.join(top, folder, path))
    inside = whole.startswith(top + os.sep)
    return os.path.relpath(whole, top).replace(os.sep, "/") if inside else path
