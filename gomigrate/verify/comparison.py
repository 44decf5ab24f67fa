"""Runs the programs that hold old code against new code in the patched scratch copy, and removes them again."""

from __future__ import annotations

import json
from pathlib import Path

from gomigrate.go.syntax import SourceFile
from gomigrate.model import Plan
from gomigrate.verify.checks import ModuleState, Setting, run_test
from gomigrate.verify.differential import PREFIX, Site, helpers_run, judged, program, sites, uncompiled
from gomigrate.verify.failures import compile_failures
from gomigrate.verify.packages import ModuleScope
from gomigrate.verify.results import Check, Compared, Failure, Verdict

TEST = "TestGomigrateDifferential"
_ROUNDS = 4


def compare(setting: Setting, scope: ModuleScope, state: ModuleState, plan: Plan) -> tuple[Check, list[Compared]]:
    """What Go shows about the changes of one module: a check, and all that ran."""
    compared: list[Compared] = []
    seconds, packages = 0.0, 0
    for folder, found in sites(plan).items():
        package = state.packages.get(folder)
        if folder not in scope.touched or package is None:
            continue
        shown, took = _package(setting, scope, plan, (folder, package.import_path), found)
        compared += [*shown, *helpers_run(plan, folder, shown)]
        seconds += took
        packages += bool(shown)
    worse = tuple(
        Failure(c.text, path=c.diagnostic.path, line=c.diagnostic.line, column=c.diagnostic.column)
        for c in compared
        if c.verdict == "worse"
    )
    verdict = Verdict.WORSE if worse else Verdict.PROVEN
    command = f"go test -run {TEST}"
    return Check("old against new", scope.directory, command, verdict, 0.0, seconds, packages, new=worse), compared


def _package(
    setting: Setting, scope: ModuleScope, plan: Plan, package: tuple[str, str], found: list[Site]
) -> tuple[list[Compared], float]:
    """What ran of a package's sites, and the seconds. Each round leaves out what did not compile in the one before."""
    folder, path = package
    output = setting.temporary / "differential.json"
    names = {s.diagnostic.path: SourceFile("", plan.originals[s.diagnostic.path]).package_name for s in found}
    found = [s for s in found if not names[s.diagnostic.path].endswith("_test")]
    if not found:
        return [], 0.0
    name = names[found[0].diagnostic.path]
    left_out: frozenset[str] = frozenset()
    seconds = 0.0
    for _ in range(_ROUNDS):
        made = program(plan, folder, (path, name), found, left_out, output)
        written = [_write(setting.top / folder / file, text) for file, text in made.files.items()]
        try:
            done = run_test(setting, scope, folder, TEST)
        finally:
            for file in written:
                file.unlink()
        seconds += done.seconds
        if output.is_file():
            answers = json.loads(output.read_text(encoding="utf-8"))
            output.unlink()
            return list(judged(found, answers)), seconds
        said = compile_failures((*done.lines, *done.errors), scope.directory, str(setting.top))
        refused = uncompiled(made, [f for f in said if f.path.rpartition("/")[2].startswith(PREFIX)])
        if not refused:
            break
        left_out |= refused
    return [], seconds


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
