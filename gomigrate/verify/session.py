"""The proof of a patch, from top to bottom: scratch copy, before, patch, after, comparison."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from gomigrate.apply import apply_changes
from gomigrate.checkout import is_searched_go
from gomigrate.errors import UserError
from gomigrate.git.scratch import check_patch
from gomigrate.model import Plan
from gomigrate.verify.checks import ModuleState, Outcome, Setting, check_module, gofmt
from gomigrate.verify.comparison import compare
from gomigrate.verify.failures import new_failures
from gomigrate.verify.gocommand import Progress
from gomigrate.verify.packages import ModuleScope, scopes
from gomigrate.verify.results import Check, Compared, Failure, Verdict, Verification
from gomigrate.verify.runner import ended_by_signals
from gomigrate.verify.scratch import scratch_copy
from gomigrate.verify.toolchain import find_toolchain


class VerifyOptions(NamedTuple):
    """`tests`: touched, dependents, all or none; `limit` in seconds; `keep` leaves the scratch copy where it is."""

    tests: str = "dependents"
    limit: float = 600.0
    keep: bool = False


def verify(plan: Plan, patch: bytes, top: Path, options: VerifyOptions, progress: Progress) -> Verification:
    """What git and the Go toolchain say about the plan's patch of the checkout `top`, which is only read.

    Runs the checkout's own tests. What cannot be found out is said in the result, with what to do; raises nothing but
    KeyboardInterrupt, with the scratch copy removed.
    """
    started = time.monotonic()
    if not plan.changes:
        return Verification(Verdict.PROVEN, options.tests)
    try:
        with ended_by_signals():
            found = _verify(plan, patch, top, options, progress)
    except UserError as error:
        found = Verification(Verdict.UNVERIFIED, options.tests, problem=str(error))
    return found._replace(seconds=time.monotonic() - started)


def _verify(plan: Plan, patch: bytes, top: Path, options: VerifyOptions, progress: Progress) -> Verification:
    concerned, needs = scopes(top, plan.changes)
    toolchain = find_toolchain(needs)
    progress.begin("scratch copy")
    with scratch_copy(top, keep=options.keep) as scratch:
        if options.keep:
            progress.say(f"the scratch copy stays in {scratch.top}")
        setting = Setting(scratch.top, scratch.temporary, toolchain, options.limit, options.tests, progress)
        files = sorted(filter(is_searched_go, plan.changes))
        refused = check_patch(scratch.top, patch)
        formatted = gofmt(setting, files)
        before = [check_module(setting, scope, "before") for scope in concerned]
        apply_changes(scratch.top, plan.originals, plan.changes)
        after = [check_module(setting, scope, "after") for scope in concerned]
        checks = [_applies(refused), _compared("gofmt", "", formatted, gofmt(setting, files))]
        gone: list[str] = []
        for scope, old, new in zip(concerned, before, after, strict=True):
            found, deleted = _module_checks(scope, old, new, plan)
            checks += found
            gone += deleted
        compared: list[Compared] = []
        if options.tests != "none":
            for scope, state in zip(concerned, after, strict=True):
                check, shown = compare(setting, scope, state, plan)
                checks += [check] if shown else []
                compared += shown
        return Verification(
            _worst(check.verdict for check in checks),
            options.tests,
            ", ".join(sorted({state.go for state in after})),
            checks=tuple(checks),
            gone=tuple(sorted(gone)),
            notes=scratch.notes,
            compared=tuple(compared),
            operations=sum(d.operation is not None for d in plan.changed),
        )


def _applies(refused: str) -> Check:
    failures = (Failure(refused),) if refused else ()
    verdict = Verdict.WORSE if refused else Verdict.PROVEN
    return Check("git apply", "", "git apply --check", verdict, 0.0, 0.0, new=failures)


def _module_checks(
    scope: ModuleScope, before: ModuleState, after: ModuleState, plan: Plan
) -> tuple[list[Check], list[str]]:
    """The checks of one module, and the tests that the patch deletes there."""
    checks = [_compared(name, scope.directory, before.outcomes[name], after.outcomes[name]) for name in after.outcomes]
    gone: list[str] = []
    if "go test" in after.outcomes:
        gone, lost = _gone(before, after, plan)
        checks[-1] = _with_new(checks[-1], lost)
    seen = {file for package in after.packages.values() for file in package.files}
    expected = {file for file, data in plan.changes.items() if data is not None and is_searched_go(file)}
    unseen = sorted(file for file in expected - seen if file.rpartition("/")[0] in scope.touched)
    reasons = [f"{file} is not built here; GOFLAGS=-tags=... chooses its build constraints" for file in unseen]
    checks[0] = _with_open(checks[0], reasons)
    unbuilt = sorted({f.package or scope.path for f in checks[0].known})
    checks[0] = _with_open(
        checks[0], [f"{package} did not build before the patch either; mend that first" for package in unbuilt]
    )
    return checks, gone


def _gone(before: ModuleState, after: ModuleState, plan: Plan) -> tuple[list[str], list[Failure]]:
    """Tests that ran before the patch and no longer do: those that it deletes, and those that it does not."""
    old, new = before.outcomes["go test"].results, after.outcomes["go test"].results
    folders = {package.import_path: folder for folder, package in before.packages.items()}
    edited = {path.rpartition("/")[0] for path in plan.changes if path.endswith("_test.go")}
    gone, lost = [], []
    for package, test in old:
        # Where the package itself failed, that failure is what there is to say.
        if not test or "/" in test or (package, test) in new or new.get((package, "")) != "pass":
            continue
        if folders.get(package) in edited:
            gone.append(f"{package}.{test}")
        else:
            lost.append(Failure("ran before the patch, and no longer does", package, test=test))
    return gone, lost


def _compared(name: str, module: str, before: Outcome, after: Outcome) -> Check:
    new, known = new_failures(before.failures, after.failures)
    reasons = [f"{state} the patch: {o.stopped}" for state, o in (("before", before), ("after", after)) if o.stopped]
    # What was not seen before the patch cannot be blamed on it.
    unknown = [failure for failure in new if failure.package in before.unknown]
    new = [failure for failure in new if failure not in unknown]
    tests = sum(1 for (_, test), state in after.results.items() if test and state in ("pass", "fail"))
    check = Check(
        name,
        module,
        after.command,
        Verdict.WORSE if new else Verdict.PROVEN,
        before.seconds,
        after.seconds,
        after.packages,
        tests,
        tuple(new),
        tuple(known + unknown),
    )
    return _with_open(check, reasons)


def _with_new(check: Check, failures: list[Failure]) -> Check:
    return check._replace(new=(*check.new, *failures), verdict=Verdict.WORSE) if failures else check


def _with_open(check: Check, reasons: list[str]) -> Check:
    if not reasons:
        return check
    verdict = Verdict.UNVERIFIED if check.verdict is Verdict.PROVEN else check.verdict
    return check._replace(open=(*check.open, *reasons), verdict=verdict)


def _worst(verdicts: Iterable[Verdict]) -> Verdict:
    found = set(verdicts)
    order = (Verdict.WORSE, Verdict.UNVERIFIED)
    return next((verdict for verdict in order if verdict in found), Verdict.PROVEN)
