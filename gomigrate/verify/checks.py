"""One tree, before or after the patch: what gofmt, `go build`, `go vet` and `go test` say, module by module."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from gomigrate.errors import UserError
from gomigrate.verify.failures import GoTestOutput, compile_failures
from gomigrate.verify.packages import ModuleScope, Package, read_packages
from gomigrate.verify.results import Failure
from gomigrate.verify.runner import Done, run
from gomigrate.verify.toolchain import Toolchain, trouble

# How `go list -x` announces a download; when it has come it says so again, with the time that it took.
_GET = "# get "


class Progress(Protocol):
    """Is told what runs now, what of it is under way, and what a person has to know at once."""

    def begin(self, text: str) -> None: ...

    def detail(self, text: str) -> None: ...

    def say(self, text: str) -> None: ...


class Setting(NamedTuple):
    """What all commands share. `limit`: seconds after which a silent command or the tests of a package are stopped."""

    top: Path
    temporary: Path
    toolchain: Toolchain
    limit: float
    tests: str
    progress: Progress


class Outcome(NamedTuple):
    """How one command went. `results`, of `go test` only: (import path, test) -> pass, fail or skip. `unknown`: the
    packages that nothing is known of, because the command was stopped; `stopped`: the reason, or ""."""

    command: str
    seconds: float
    failures: tuple[Failure, ...]
    packages: int
    results: dict[tuple[str, str], str]
    unknown: frozenset[str] = frozenset()
    stopped: str = ""


class ModuleState(NamedTuple):
    """One module of one tree: its packages by folder, and the outcome of each command by name."""

    packages: dict[str, Package]
    outcomes: dict[str, Outcome]
    go: str


def gofmt(setting: Setting, files: Iterable[str]) -> Outcome:
    """Which of the files gofmt would change. A file that it cannot read is a failure as well."""
    there = [file for file in files if (setting.top / file).is_file()]
    if not there or not setting.toolchain.gofmt:
        return Outcome("gofmt -l", 0.0, (), 0, {}, stopped="" if setting.toolchain.gofmt else "there is no gofmt")
    setting.progress.begin("gofmt")
    command = (setting.toolchain.gofmt, "-l", *(f"./{file}" for file in there))
    done = run(command, setting.top, setting.toolchain.environment, setting.limit)
    unformatted = [Failure("is not as gofmt writes it", path=os.path.normpath(line)) for line in done.lines if line]
    failures = (*unformatted, *compile_failures(done.errors, "", str(setting.top)))
    return Outcome("gofmt -l", done.seconds, failures, len(there), {}, stopped=_stopped(done, setting))


def check_module(setting: Setting, scope: ModuleScope, state: str) -> ModuleState:
    """Downloads what the module needs, builds and vets its packages, and runs their tests.

    `state`, before or after, is for the progress. Raises UserError when the machine is at fault: no network, no disk.
    """
    module = _Module(setting, scope, state)
    packages = module.packages((*scope.touched, *scope.dependents))
    tested = module.tested(packages)
    module.download({**packages, **tested})
    code = [p for p in packages.values() if p.has_code]
    checked = [p for p in packages.values() if p.has_code or p.has_tests]
    outcomes = {"go build": module.build(code), "go vet": module.vet(checked)}
    if setting.tests != "none":
        outcomes["go test"] = module.test([p for p in tested.values() if p.has_tests])
    return ModuleState(packages, outcomes, module.version())


class _Module:
    def __init__(self, setting: Setting, scope: ModuleScope, state: str) -> None:
        self._setting = setting
        self._scope = scope
        self._state = state
        self._folder = setting.top / scope.directory
        work = str(setting.top / scope.work) if scope.work else "off"
        self._environment = {
            **setting.toolchain.environment,
            "GOTMPDIR": str(setting.temporary),
            "GOWORK": work,
            "PWD": str(self._folder),
        }

    def version(self) -> str:
        """The Go that runs here: a go.mod may make Go run another one than it is itself."""
        done = self._go("env", "GOVERSION")
        return "".join(done.lines).strip().removeprefix("go")

    def packages(self, folders: Sequence[str]) -> dict[str, Package]:
        """Those of the folders that hold a package now."""
        there = [folder for folder in folders if (self._setting.top / folder).is_dir()]
        return self._listed([self._argument(folder) for folder in there]) if there else {}

    def tested(self, packages: dict[str, Package]) -> dict[str, Package]:
        match self._setting.tests:
            case "none":
                return {}
            case "touched":
                return {folder: p for folder, p in packages.items() if folder in self._scope.touched}
            case "all":
                return self._listed(["./..."])
        return packages

    def download(self, packages: dict[str, Package]) -> None:
        """Fetches what the packages and their tests import, so that nothing later waits for the network."""
        if packages:
            paths = [self._argument(folder) for folder in packages]
            done = self._list("-deps", "-test", "-f", "{{with .Error}}{{.}}{{end}}", *paths)
            self._blame_the_machine((*done.lines, *done.errors))

    def build(self, packages: Sequence[Package]) -> Outcome:
        return self._compile("go build", packages, "-o", os.devnull, "-buildvcs=false")

    def vet(self, packages: Sequence[Package]) -> Outcome:
        return self._compile("go vet", packages)

    def test(self, packages: Sequence[Package]) -> Outcome:
        limit = self._setting.limit
        shown = f"go test -timeout {limit:g}s"
        if not packages:
            return Outcome(shown, 0.0, (), 0, {})
        self._begin("go test")
        folders = {p.import_path: p.folder for p in packages}
        output = GoTestOutput(folders, self._scope.directory, str(self._setting.top))

        def listen(line: str) -> None:
            output.take(line)
            ended = sum(1 for (_, test), state in output.results.items() if not test and state != "run")
            self._setting.progress.detail(f"{ended} of {len(packages)} packages")

        flags = ("-json", "-vet=off", f"-timeout={limit:g}s", *self._scope.flags)
        done = self._go("test", *flags, *(self._argument(f) for f in folders.values()), listener=listen)
        ended = {p for (p, test), state in output.results.items() if not test and state != "run"}
        failures = [*output.failures(), *(output.hanging(limit) if done.stopped else ())]
        if not done.stopped:
            self._blame_the_machine(output.plain)
        unknown = frozenset(folders.keys() - ended) if done.stopped else frozenset()
        reason = _stopped(done, self._setting)
        return Outcome(shown, done.seconds, tuple(failures), len(packages), dict(output.results), unknown, reason)

    def _compile(self, name: str, packages: Sequence[Package], *flags: str) -> Outcome:
        shown = name if name != "go build" else f"go build -o {os.devnull}"
        if not packages:
            return Outcome(shown, 0.0, (), 0, {})
        self._begin(name)
        known = {p.import_path for p in packages}
        built = 0

        def listen(line: str) -> None:
            nonlocal built
            built += line in known
            self._setting.progress.detail(line if " " not in line else "")

        # -v names each package when it is built: a sign of life.
        verb = name.removeprefix("go ")
        paths = [self._argument(p.folder) for p in packages]
        done = self._go(verb, "-v", *flags, *self._scope.flags, *paths, listener=listen)
        # A linker's warnings are no failures.
        said = (*done.lines, *done.errors) if done.code else ()
        failures = compile_failures(said, self._scope.directory, str(self._setting.top))
        self._blame_the_machine(f.text for f in failures if not f.path)
        if done.code and not failures and not done.stopped:
            failures = [Failure(f"{name} ended with code {done.code} and said nothing")]
        unknown = frozenset(known) if done.stopped else frozenset()
        reason = _stopped(done, self._setting)
        return Outcome(shown, done.seconds, tuple(failures), len(packages), {}, unknown, reason)

    def _listed(self, arguments: Sequence[str]) -> dict[str, Package]:
        self._begin("modules")
        done = self._list("-find", "-json", *arguments)
        packages = read_packages(done.lines, self._setting.top)
        if not packages:
            self._blame_the_machine(done.errors)
        return packages

    def _list(self, *arguments: str) -> Done:
        """`go list`, with every download told: a proxy that does not answer is known by its silence."""
        done = self._go("list", "-e", "-x", *self._scope.flags, *arguments, listener=self._downloading)
        if done.stopped:
            asked = [line.removeprefix(_GET) for line in done.errors if line.startswith(_GET)]
            where = asked[-1] if asked else self._setting.toolchain.proxy
            raise UserError(
                f"Go waits for an answer from {where} and gets none; see whether the network and the proxy in GOPROXY "
                "work, or give more time by --timeout."
            )
        return done._replace(errors=tuple(line for line in done.errors if not line.startswith(_GET)))

    def _go(self, *arguments: str, listener: Callable[[str], None] | None = None) -> Done:
        # Go ends the tests of a package at the limit itself; only what does not listen to it is killed here.
        silence = self._setting.limit * 1.25 + 2
        return run((self._setting.toolchain.go, *arguments), self._folder, self._environment, silence, listener)

    def _argument(self, folder: str) -> str:
        inside = os.path.relpath(folder or ".", self._scope.directory or ".").replace(os.sep, "/")
        return inside if inside == "." else f"./{inside}"

    def _begin(self, step: str) -> None:
        self._setting.progress.begin(f"{step} {self._state} the patch, {self._scope.directory or self._scope.path}")

    def _downloading(self, line: str) -> None:
        if line.startswith(_GET) and not line.endswith("s)"):
            self._setting.progress.detail(line.removeprefix(_GET))

    def _blame_the_machine(self, lines: Iterable[str]) -> None:
        for line in lines:
            found = trouble(line)
            if found is not None:
                where = self._scope.directory or self._scope.path
                raise UserError(f"{where}: {found.what}; {found.remedy}. Go says: {line.strip()}")


def _stopped(done: Done, setting: Setting) -> str:
    return f"killed after {done.seconds:.0f} seconds, the last {setting.limit:g} of them silent" if done.stopped else ""
