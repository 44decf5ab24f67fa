"""What a migration needs of go.mod, go.sum and vendor/, as Go says it in a scratch copy of the checkout.

`go mod tidy` runs before and after the changes of the Go files. Only what the two results differ in gets into the plan,
so that a module that was not tidy before is not tidied along.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gomigrate.apply import apply_changes
from gomigrate.errors import UserError, printable
from gomigrate.finalizer.runtime_versions import calls_of_query
from gomigrate.git.folder import find_top
from gomigrate.git.repository import ignored
from gomigrate.go.module_files import NotReducible, changes_of, read_mod, read_sum, reduced, vendor_changes
from gomigrate.go.modules import join, parse_go_mod
from gomigrate.model import Note, Plan, Requirement
from gomigrate.verify.concerned import GoModule, concerned
from gomigrate.verify.gocommand import GoCommand, Progress
from gomigrate.verify.runner import Done, ended_by_signals
from gomigrate.verify.scratch import Scratch, scratch_copy
from gomigrate.verify.toolchain import Toolchain, find_toolchain

LIMIT = 600.0
_TIDY = ("mod", "tidy", "-x")
# For a module that `go mod tidy` refuses, for example since a test of it imports what is nowhere: it completes go.mod
# and go.sum for what can be loaded.
_COMPLETE = ("list", "-mod=mod", "-e", "-x", "-deps", "-test", "-f", "", "./...")
_POSITION = re.compile(r"^\S+\.go:\d+(?::\d+)?: ")
_LISTED = 5

Files = Mapping[str, bytes]


class _State(NamedTuple):
    """A module before the changes: its files, what the command `how` makes of them, and what does not resolve. `how` is
    empty when no command can say, for `reason`."""

    files: Files
    settled: Files
    how: tuple[str, ...]
    reason: str
    errors: frozenset[str]


def with_module_files(plan: Plan, top: Path, progress: Progress, limit: float = LIMIT) -> Plan:
    """The plan, with all that it needs of go.mod, go.sum and vendor/ of the checkout `top` among its changes.

    Runs Go, and downloads modules, but nothing of the checkout. `limit` in seconds is the longest that Go may say
    nothing. Raises UserError, with what to do, when it cannot be found out.
    """
    started = time.perf_counter()
    modules, needs = concerned(top, plan.originals, plan.changes)
    if not modules:
        return plan._replace(module_changes=())
    toolchain = find_toolchain(needs)
    with ended_by_signals():
        progress.begin("scratch copy")
        with scratch_copy(top) as scratch:
            found = _Session(scratch, toolchain, limit, progress).run(plan, modules)
    originals, changes, notes = _without_ignored(top, *found)
    seconds = ("module files", time.perf_counter() - started)
    return plan._replace(
        originals=plan.originals | originals,
        changes=plan.changes | changes,
        module_changes=_in_words(originals, changes),
        notes=(*plan.notes, *notes),
        timings=(*plan.timings, seconds),
    )


def _in_words(originals: Files, changes: Mapping[str, bytes | None]) -> tuple[str, ...]:
    texts: list[str] = []
    vendors: set[str] = set()
    for path, new in sorted(changes.items()):
        folders = path.split("/")[:-1]
        if "vendor" in folders:
            vendors.add("/".join(folders[: folders.index("vendor") + 1]))
        else:
            texts += changes_of(path, originals.get(path, b""), new or b"")
    return (*texts, *(text for folder in sorted(vendors) for text in vendor_changes(folder, originals, changes)))


def _without_ignored(
    top: Path, originals: dict[str, bytes], changes: dict[str, bytes | None], notes: list[Note]
) -> tuple[dict[str, bytes], dict[str, bytes | None], list[Note]]:
    """What git ignores, a vendor folder for example, has no place in a patch."""
    left = ignored(top, changes) if find_top(top) is not None and changes else set()
    for path in sorted(p for p in left if p.endswith(("go.mod", "go.sum", "vendor/modules.txt"))):
        remedy = "go mod vendor" if path.endswith("modules.txt") else "go mod tidy"
        notes.append(Note(path, f"would have to change, and git ignores it: run `{remedy}` after the patch"))
    kept = {path: new for path, new in changes.items() if path not in left}
    return {path: old for path, old in originals.items() if path in kept}, kept, notes


class _Session:
    def __init__(self, scratch: Scratch, toolchain: Toolchain, limit: float, progress: Progress) -> None:
        self._scratch = scratch
        self._toolchain = toolchain
        self._limit = limit
        self._progress = progress
        self._notes = list(scratch.notes)

    def run(
        self, plan: Plan, modules: Sequence[GoModule]
    ) -> tuple[dict[str, bytes], dict[str, bytes | None], list[Note]]:
        """The module files that change, as they are and as they become."""
        states = {module: self._before(module) for module in modules}
        # The modules of a workspace share one folder.
        owners = {module.vendor: module for module in modules if module.vendor}
        vendors = {module: self._vendored(module, "before") for module in owners.values()}
        apply_changes(self._scratch.top, plan.originals, plan.changes)
        for module in modules:
            for requirement in plan.requirements:
                if join("", requirement.directory) == module.directory:
                    self._get(module, requirement)
        originals: dict[str, bytes] = {}
        changes: dict[str, bytes | None] = {}
        for module, wanted in self._settled(states).items():
            now = states[module].files
            originals |= {path: old for path, old in now.items() if wanted.get(path) != old}
            changes |= {path: new for path, new in wanted.items() if now.get(path) != new}
        for module, before in vendors.items():
            now, changed = self._vendor_changes(module, before)
            originals |= now
            changes |= changed
        for module in modules:
            self._must_resolve(module, states[module])
        for requirement in plan.requirements:
            self._must_offer(requirement)
        return originals, changes, self._notes

    def _get(self, module: GoModule, requirement: Requirement) -> None:
        """Adds a requirement: `go mod tidy` alone would take the newest, whatever goes with the others."""
        query = f"{requirement.path}@{requirement.version}"
        done = self._fetch(module, "with", ("get", "-x", query))
        if done.code:
            raise UserError(
                f"{printable(module.file)}: `go get {printable(query)}` does not work there; nothing was written. Add "
                f"a requirement that goes with the others, then run again. Go says: {_said(done)}"
            )

    def _must_offer(self, requirement: Requirement) -> None:
        """What was added in the end must have the calls that the code was written for."""
        file = join(requirement.directory, "go.mod")
        text = (self._scratch.top / file).read_text(encoding="utf-8", errors="replace")
        got = parse_go_mod(text, requirement.directory).requires.get(requirement.path, "")
        if calls_of_query(got) != calls_of_query(requirement.version):
            raise UserError(
                f"{printable(file)}: with the patch its build would use {requirement.path} {printable(got) or '(none)'}"
                f", not {requirement.version}, which the code is written for; nothing was written. Run `go get "
                f"{requirement.path}@VERSION` there with the version that is wanted, then run again."
            )

    def _settled(self, states: Mapping[GoModule, _State]) -> dict[GoModule, Files]:
        """All modules' files with what the migration needs; what one requires counts for those that build on it."""
        found = {module: state.files for module, state in states.items()}
        for _ in states:
            last = dict(found)
            for module, state in states.items():
                found[module] = self._after(module, state)
                self._write(module, found[module])
            if found == last:
                break
        return found

    def _before(self, module: GoModule) -> _State:
        files = self._files(module)
        errors = self._errors(module, "before")
        reason = ""
        for how in (_TIDY, _COMPLETE):
            done = self._fetch(module, "before", how)
            settled = self._files(module)
            self._write(module, files)
            if not done.code:
                if reason:
                    told = f"`go mod tidy` does not work here without the patch ({reason}); what is needed is what `go "
                    self._notes.append(Note(module.file, f"{told}list -mod=mod` adds"))
                return _State(files, settled, how, reason, errors)
            reason = reason or _said(done)
        if errors:
            raise UserError(
                f"{printable(module.file)}: neither `go mod tidy` nor `go list -mod=mod` works there without the "
                f"patch; make them work, then run again. Go says: {reason}"
            )
        told = f"`go mod tidy` does not work here without the patch ({reason}); left as it is, which is enough to build"
        self._notes.append(Note(module.file, told))
        return _State(files, files, (), reason, errors)

    def _after(self, module: GoModule, state: _State) -> Files:
        """The module's files with what the migration needs."""
        if not state.how:
            return state.files
        done = self._fetch(module, "after", state.how)
        if done.code:
            raise UserError(
                f"{printable(module.file)}: `go {' '.join(state.how[:2])}` works without the patch and not with it; "
                f"nothing was written. Go says: {_said(done)}"
            )
        settled = self._files(module)
        wanted = {}
        for path in settled.keys() | state.files.keys():
            read = read_mod if path.endswith("go.mod") else read_sum
            now, before, after = (files.get(path, b"") for files in (state.files, state.settled, settled))
            try:
                wanted[path] = reduced(now, before, after, read)
            except NotReducible as rest:
                raise UserError(
                    f"{printable(path)}: is not tidy, and the patch changes more there than requirements "
                    f"({printable(str(rest))}); run `go mod tidy` in that folder first, then again."
                ) from None
        return {path: data for path, data in wanted.items() if data or path in state.files}

    def _vendored(self, module: GoModule, state: str) -> dict[str, bytes]:
        """What Go would vendor now: path below the vendor folder -> content."""
        verb = module.vendor_command
        self._progress.begin(f"go {verb} vendor {state} the patch, {module.shown}")
        with tempfile.TemporaryDirectory(dir=self._scratch.temporary) as folder:
            target = Path(folder) / "vendor"
            go = self._go(module, module.work if verb == "work" else "off")
            done = go.fetch(verb, "vendor", "-o", str(target))
            if done.code:
                go.blame_the_machine(done.errors)
                raise UserError(
                    f"{printable(module.vendor)}: `go {verb} vendor` does not work there {state} the patch; nothing "
                    f"was written. Go says: {_said(done)}"
                )
            files = (file for file in target.rglob("*") if file.is_file())
            return {file.relative_to(target).as_posix(): file.read_bytes() for file in files}

    def _vendor_changes(self, module: GoModule, before: Files) -> tuple[dict[str, bytes], dict[str, bytes | None]]:
        after = self._vendored(module, "after")
        originals: dict[str, bytes] = {}
        changes: dict[str, bytes | None] = {}
        for name in sorted(before.keys() | after.keys()):
            path, new = join(module.vendor, name), after.get(name)
            file = self._scratch.top / path
            now = file.read_bytes() if file.is_file() else None
            if before.get(name) == new or now == new:
                continue
            if now != before.get(name):
                raise UserError(
                    f"{printable(path)}: is not what `go {module.vendor_command} vendor` writes, and the patch changes "
                    "it; run that first, commit what it does, then run again."
                )
            if now is not None:
                originals[path] = now
            changes[path] = new
        apply_changes(self._scratch.top, originals, changes)
        return originals, changes

    def _must_resolve(self, module: GoModule, state: _State) -> None:
        """What Go finds without the patch it must find with it: the proof that nothing is missing."""
        new = sorted(self._errors(module, "after") - state.errors)
        if new:
            raise UserError(
                f"{printable(module.file)}: with the patch, Go no longer finds all that is imported; nothing was "
                "written. Go says:\n  " + "\n  ".join(printable(line) for line in new[:_LISTED])
            )

    def _errors(self, module: GoModule, state: str) -> frozenset[str]:
        """Why packages of the module, their tests, or what they import, cannot be loaded, built as it is."""
        flags = () if module.vendor else ("-mod=readonly",)
        command = ("list", "-e", "-x", *flags, "-deps", "-test", "-f", "{{with .Error}}{{.}}{{end}}", "./...")
        self._progress.begin(f"imports {state} the patch, {module.shown}")
        done = self._go(module, module.work or "off").fetch(*command)
        lines = (*done.lines, *(done.errors if done.code else ()))
        self._go(module).blame_the_machine(lines)
        return frozenset(_POSITION.sub("", line) for line in lines if line.strip())

    def _fetch(self, module: GoModule, state: str, command: Sequence[str]) -> Done:
        """Neither `go mod tidy` nor -mod=mod knows of a go.work."""
        self._progress.begin(f"go {' '.join(command[:2])} {state} the patch, {module.shown}")
        go = self._go(module)
        done = go.fetch(*command)
        if done.code:
            go.blame_the_machine(done.errors)
        return done

    def _go(self, module: GoModule, work: str = "off") -> GoCommand:
        top, temporary = self._scratch.top, self._scratch.temporary
        used = work if work == "off" else str(top / work)
        folder = top / module.directory
        return GoCommand(self._toolchain, folder, module.shown, used, temporary, self._limit, self._progress)

    def _files(self, module: GoModule) -> dict[str, bytes]:
        paths = (join(module.directory, "go.mod"), join(module.directory, "go.sum"))
        return {path: (self._scratch.top / path).read_bytes() for path in paths if (self._scratch.top / path).is_file()}

    def _write(self, module: GoModule, files: Files) -> None:
        for path in (join(module.directory, "go.mod"), join(module.directory, "go.sum")):
            if path in files:
                (self._scratch.top / path).write_bytes(files[path])
            else:
                (self._scratch.top / path).unlink(missing_ok=True)


def _said(done: Done) -> str:
    """The end of what Go says, which is its reason, in one line."""
    noise = ("go: downloading", "go: finding")
    lines = [line.strip() for line in done.errors if line.strip() and not line.startswith(noise)]
    return printable("; ".join(lines[-3:])) or f"nothing, and ended with code {done.code}"
