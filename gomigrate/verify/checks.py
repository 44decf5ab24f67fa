"""One tree, before or after the patch: what gofmt, `go build`, `go vet` and `go test` say, module by module."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from gomigrate.verify.failures import GoTestOutput, compile_failures
from gomigrate.verify.gocommand import GoCommand, Progress
from gomigrate.verify.packages import ModuleScope, Package, read_packages
from gomigrate.verify.results import Failure
from gomigrate.verify.runner import Done, run
from gomigrate.verify.toolchain import Toolchain


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


def run_test(setting: Setting, scope: ModuleScope, folder: str, test: str) -> Done:
    """Runs one test of a package, and tells all that the compiler has to say about it."""
    module = _Module(setting, scope, "after")
    module.begin("old against new code")
    # What Go remembers of an earlier run writes nothing.
    flags = ("-count=1", "-vet=off", "-gcflags=-e", f"-run=^{test}$", *scope.flags)
    return module.go.run("test", *flags, module.argument(folder))


class _Module:
    def __init__(self, setting: Setting, scope: ModuleScope, state: str) -> None:
        self._setting = setting
        self._scope = scope
        self._state = state
        where = scope.directory or scope.path
        work = str(setting.top / scope.work) if scope.work else "off"
        folder = setting.top / scope.directory
        self.go = GoCommand(setting.toolchain, folder, where, work, setting.temporary, setting.limit, setting.progress)

    def version(self) -> str:
        """The Go that runs here: a go.mod may make Go run another one than it is itself."""
        done = self.go.run("env", "GOVERSION")
        return "".join(done.lines).strip().removeprefix("go")

    def packages(self, folders: Sequence[str]) -> dict[str, Package]:
        """Those of the folders that hold a package now."""
        there = [folder for folder in folders if (self._setting.top / folder).is_dir()]
        return self._listed([self.argument(folder) for folder in there]) if there else {}

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
            paths = [self.argument(folder) for folder in packages]
            done = self._list("-deps", "-test", "-f", "{{with .Error}}{{.}}{{end}}", *paths)
            self.go.blame_the_machine((*done.lines, *done.errors))

    def build(self, packages: Sequence[Package]) -> Outcome:
        return self._compile("go build", packages, "-o", os.devnull, "-buildvcs=false")

    def vet(self, packages: Sequence[Package]) -> Outcome:
        return self._compile("go vet", packages)

    def test(self, packages: Sequence[Package]) -> Outcome:
        limit = self._setting.limit
        shown = f"go test -timeout {limit:g}s"
        if not packages:
            return Outcome(shown, 0.0, (), 0, {})
        self.begin("go test")
        folders = {p.import_path: p.folder for p in packages}
        output = GoTestOutput(folders, self._scope.directory, str(self._setting.top))

        def listen(line: str) -> None:
            output.take(line)
            ended = sum(1 for (_, test), state in output.results.items() if not test and state != "run")
            self._setting.progress.detail(f"{ended} of {len(packages)} packages")

        flags = ("-json", "-vet=off", f"-timeout={limit:g}s", *self._scope.flags)
        done = self.go.run("test", *flags, *(self.argument(f) for f in folders.values()), listener=listen)
        ended = {p for (p, test), state in output.results.items() if not test and state != "run"}
        failures = [*output.failures(), *(output.hanging(limit) if done.stopped else ())]
        if not done.stopped:
            self.go.blame_the_machine(output.plain)
        unknown = frozenset(folders.keys() - ended) if done.stopped else frozenset()
        reason = _stopped(done, self._setting)
        return Outcome(shown, done.seconds, tuple(failures), len(packages), dict(output.results), unknown, reason)

    def _compile(self, name: str, packages: Sequence[Package], *flags: str) -> Outcome:
        shown = name if name != "go build" else f"go build -o {os.devnull}"
        if not packages:
            return Outcome(shown, 0.0, (), 0, {})
        self.begin(name)
        known = {p.import_path for p in packages}

        def listen(line: str) -> None:
            self._setting.progress.detail(line if " " not in line else "")

        # -v names each package when it is built: a sign of life.
        verb = name.removeprefix("go ")
        paths = [self.argument(p.folder) for p in packages]
        done = self.go.run(verb, "-v", *flags, *self._scope.flags, *paths, listener=listen)
        # A linker's warnings are no failures.
        said = (*done.lines, *done.errors) if done.code else ()
        failures = compile_failures(said, self._scope.directory, str(self._setting.top))
        self.go.blame_the_machine(f.text for f in failures if not f.path)
        if done.code and not failures and not done.stopped:
            failures = [Failure(f"{name} ended with code {done.code} and said nothing")]
        unknown = frozenset(known) if done.stopped else frozenset()
        reason = _stopped(done, self._setting)
        return Outcome(shown, done.seconds, tuple(failures), len(packages), {}, unknown, reason)

    def _listed(self, arguments: Sequence[str]) -> dict[str, Package]:
        self.begin("modules")
        done = self._list("-find", "-json", *arguments)
        packages = read_packages(done.lines, self._setting.top)
        if not packages:
            self.go.blame_the_machine(done.errors)
        return packages

    def _list(self, *arguments: str) -> Done:
        return self.go.fetch("list", "-e", "-x", *self._scope.flags, *arguments)

    def argument(self, folder: str) -> str:
        inside = os.path.relpath(folder or ".", self._scope.directory or ".").replace(os.sep, "/")
        return inside if inside == "." else f"./{inside}"

    def begin(self, step: str) -> None:
        self._setting.progress.begin(f"{step} {self._state} the patch, {self._scope.directory or self._scope.path}")


def _stopped(done: Done, setting: Setting) -> str:
    return f"killed after {done.seconds:.0f} seconds, the last {setting.limit:g} of them silent" if done.stopped else ""
