"""The command line. Everything heavy is imported where it is used, so that --help answers at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gomigrate.errors import UserError
from gomigrate.groups import FAILED, Group
from gomigrate.options import (
    checkout_argument,
    color_option,
    common,
    companions_option,
    form_option,
    placement,
    report_option,
    rule_names,
    tidy_option,
)
from gomigrate.rule_commands import rules

if TYPE_CHECKING:
    from gomigrate.api import Migration
    from gomigrate.model import Plan
    from gomigrate.settings import Given


def _show_versions(context: click.Context, option: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from gomigrate import packs
    from gomigrate.report.view import read_versions

    shown = {"python": "Python", "tree-sitter-go": "tree-sitter-go (the grammar)"}
    lines = [f"{shown.get(name, name)} {version}" for name, version in read_versions().items()]
    click.echo("\n".join([*lines, f"packs: {', '.join(sorted(packs.available()))}"]))
    context.exit()


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=lambda *given: _show_versions(*given),
    help="Show the versions that matter, and exit.",
)  # fmt: skip
def cli() -> None:
    """Migrate hand-written Kubernetes finalizer code in Go to controllerutil and domain-qualified names.

    Proves what the code means by running it on sample lists, or leaves it alone and says why. Nothing of the
    checkout is executed unless you say `verify`, and nothing is written to it unless you say `apply` or `init`.

    \b
    Start with:  gomigrate demo
    Then:        gomigrate patch CHECKOUT -o finalizer.patch --report report.md
    """


@cli.command()
@checkout_argument
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", default="-",
    help="The patch; else, or with -, standard output.",
)  # fmt: skip
@report_option
@form_option
@click.option(
    "--split", type=click.Choice(("module", "package", "codeowners")),
    help="A series of patches with a cover letter, in the folder that -o names: one patch for each Go module, package, "
    "or group of owners.",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="Exit with 1 when something is left to a person.")
@tidy_option
@companions_option
@placement
@common
def patch(
    checkout: Path,
    output: Path,
    reports: tuple[Path, ...],
    form: str,
    split: str | None,
    strict: bool,
    **options: Any,
) -> None:
    """Write the patch for CHECKOUT, and reports. The checkout is not touched.

    Exit codes: 0 done (an empty patch included), 1 with --strict when something is left to a person, 2 it could not
    be done and nothing was written.
    """
    from gomigrate.git.folder import top_of
    from gomigrate.outputs import STANDARD_OUTPUT, check_folder, check_outputs, write_all

    terminal = _terminal(options)
    _known_reports(reports)
    if split and output == STANDARD_OUTPUT:
        raise UserError("--split: say by -o which folder the patches go to.")
    top = top_of(checkout)
    folder = output if split else None
    notes = check_outputs([*([] if split else [output]), *reports], top)
    if folder:
        notes += check_folder(folder, top)
    migration = _migrate(checkout, options, reports)
    rendered = _begin_reports(migration, reports)
    if split:
        patches = {output / name: content for name, content in migration.series(split, form).items()}
    else:
        patches = {output: migration.patch(form)}
    outputs = {**rendered(), **patches}
    for note in (*notes, *migration.notes):
        terminal.note(note)
    write_all(outputs, folder)
    terminal.summary(migration.plan, output, reports)
    if strict and migration.plan.left:
        sys.exit(1)


@cli.command(short_help="Look for finalizer code to migrate; for pre-commit and CI.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(("text", "github", "gitlab", "sarif")), default="text",
    show_default=True, help="github: annotations. gitlab: a Code Quality report. sarif: SARIF 2.1.0.",
)  # fmt: skip
@click.option(
    "--baseline", type=click.Path(path_type=Path), metavar="FILE",
    help="Findings that are known: tell of others only. See `gomigrate baseline write`.",
)  # fmt: skip
@common
def check(paths: tuple[Path, ...], form: str, baseline: Path | None, **options: Any) -> None:
    """Look for finalizer code to migrate in files or folders; for pre-commit and CI.

    Files are judged by themselves and what they use; a folder (default: this one) is judged whole.

    Exit codes: 0 clean, 1 findings (notes do not count), 2 it could not be done.
    """
    from gomigrate.catalogue import Severity
    from gomigrate.check import Stopwatch, check_paths, scope_of
    from gomigrate.settings import settle

    terminal = _terminal(options)
    watch = Stopwatch()
    paths = paths or (Path("."),)
    known = None
    if baseline is not None:
        from gomigrate.baseline import read_baseline

        known = read_baseline(baseline)
    found, notes = check_paths(paths, partial(settle, _given(options)), watch)
    told = found
    if known is not None:
        told, note = known.compare(found, scope_of(paths))
        notes += (note,) if note is not None else ()
    told = tuple(d for d in told if not d.suppressed)
    if form == "text":
        terminal.findings(told, notes, suppressed=sum(d.suppressed for d in found))
    else:
        from gomigrate.report import render_findings

        click.echo(render_findings(found, notes, form, known.entries if known is not None else None), nl=False)
        terminal.notes(notes)
    terminal.times(watch.laps.items())
    if any(d.rule.severity is not Severity.NOTE for d in told):
        sys.exit(1)


@cli.group(cls=Group)
def baseline() -> None:
    """Findings that are known and accepted for now."""


@baseline.command("write")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@common
def write_baseline(file: Path, paths: tuple[Path, ...], **options: Any) -> None:
    """Write all findings in PATHS (default: this folder) to FILE, for `gomigrate check --baseline FILE`; with -, to
    standard output.

    Exit codes: 0 done, 2 it could not be done.
    """
    from gomigrate.baseline import render_baseline
    from gomigrate.check import check_paths
    from gomigrate.git.folder import top_of
    from gomigrate.outputs import check_outputs, write_all
    from gomigrate.settings import settle

    terminal = _terminal(options)
    check_outputs([file], top_of(Path(".")))
    found, notes = check_paths(paths or (Path("."),), partial(settle, _given(options)))
    write_all({file: render_baseline(found).encode()})
    terminal.notes(notes)
    terminal.baseline(file, sum(not d.suppressed for d in found))


@cli.command()
@checkout_argument
@click.option("--allow-dirty", is_flag=True, help="Change files that have uncommitted changes as well.")
@click.option(
    "--allow-staged", is_flag=True,
    help="Change files whose changes are all staged as well: `git restore` brings these back.",
)  # fmt: skip
@report_option
@companions_option
@placement
@common
def apply(checkout: Path, allow_dirty: bool, allow_staged: bool, reports: tuple[Path, ...], **options: Any) -> None:
    """Make the changes in CHECKOUT itself, and write reports.

    Refuses files with uncommitted changes. After a crash each file is either old or new, and a second run finishes.

    Exit codes: 0 done, 2 it could not be done.
    """
    from gomigrate.apply import finish_interrupted
    from gomigrate.git.folder import find_top, top_of
    from gomigrate.outputs import check_outputs, write_all

    terminal = _terminal(options)
    _known_reports(reports)
    notes = check_outputs(reports, top_of(checkout))
    finished = finish_interrupted(top_of(checkout)) if checkout.is_dir() else []
    if finished:
        terminal.note(f"an earlier apply was cut off; these files are settled now: {', '.join(finished)}")
    migration = _migrate(checkout, options, reports)
    if migration.plan.changes and find_top(migration.top) is not None and not allow_dirty:
        _refuse_unsafe(migration.top, migration.plan, allow_staged)
    for note in notes:
        terminal.note(note)
    # First, so that a report that cannot be written leaves the checkout as it was.
    write_all(_begin_reports(migration, reports)())
    terminal.applied(migration.plan, migration.apply(), reports)


@cli.command(short_help="Build and test the patch in a scratch copy, with Go.")
@checkout_argument
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE",
    help="Write the patch here as well; with -, to standard output.",
)  # fmt: skip
@report_option
@form_option
@click.option(
    "--tests",
    type=click.Choice(("touched", "dependents", "all", "none")),
    default="dependents",
    show_default=True,
    help="Whose tests run: of the packages that change, also of those that import them, or of the whole modules.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=600,
    show_default=True,
    metavar="SECONDS",
    help="The longest that the tests of one package, or a command that says nothing, may take.",
)
@click.option("--keep", is_flag=True, help="Leave the scratch copy, with the patch applied, and say where it is.")
@tidy_option
@companions_option
@placement
@common
def verify(
    checkout: Path,
    output: Path | None,
    reports: tuple[Path, ...],
    form: str,
    tests: str,
    timeout: float,
    keep: bool,
    **options: Any,
) -> None:
    """Prove the patch for CHECKOUT with the Go toolchain, in a scratch copy.

    THIS RUNS THE CHECKOUT'S OWN TESTS, and so whatever code is in them, as you. Only do it where you would run `go
    test`. CHECKOUT itself is not touched, and KUBECONFIG points nowhere, so that no test reaches your cluster by it.

    gofmt, go build, go vet and go test run over the packages that change and those that import them, before and after
    the patch: what failed before is not blamed on it.

    Exit codes: 0 proven, 1 the patch makes something worse, 2 it could not be verified. The patch and the reports are
    written in each case, unless no patch could be made.
    """
    from gomigrate.git.folder import top_of
    from gomigrate.outputs import check_outputs, write_all
    from gomigrate.verify.progress import Progress
    from gomigrate.verify.results import Verdict

    terminal = _terminal(options)
    _known_reports(reports)
    notes = check_outputs([*([output] if output else []), *reports], top_of(checkout))
    migration = _migrate(checkout, options, reports)
    text = migration.patch(form)
    for note in (*notes, *migration.notes):
        terminal.note(note)
    with Progress(options["color"], quiet=options["quiet"]) as progress:
        migration = migration.verified(tests=tests, limit=timeout, keep=keep, progress=progress)
    outputs = _begin_reports(migration, reports)()
    write_all({**outputs, **({output: text} if output else {})})
    terminal.summary(migration.plan, output, reports)
    verdict = migration.plan.verification.verdict if migration.plan.verification else Verdict.UNVERIFIED
    sys.exit({Verdict.PROVEN: 0, Verdict.WORSE: 1, Verdict.UNVERIFIED: FAILED}[verdict])


@cli.command(short_help="The same for many repositories, with one report.")
@click.argument("listing", type=click.Path(path_type=Path), metavar="LIST")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), metavar="DIR", required=True,
    help="A new or empty folder for the report, and for patch and reports of each repository.",
)  # fmt: skip
@click.option(
    "-j", "--jobs", type=click.IntRange(min=1), metavar="N",
    help="Repositories at a time. Default: one for each processor.",
)  # fmt: skip
@click.option(
    "--timeout", type=click.FloatRange(min=0.1), default=600, show_default=True, metavar="SECONDS",
    help="The longest that one repository may take.",
)  # fmt: skip
@click.option(
    "--strict", is_flag=True, help="Exit with 1 when something is left to a person, or a repository could not be done."
)
@common
def fleet(
    listing: Path, out: Path, jobs: int | None, timeout: float, strict: bool, rules: Path | None, **options: Any
) -> None:
    """Plan the migration of the repositories in LIST, and write one report over all of them.

    LIST is a TOML file with a table [[checkout]] for each repository: its url or path. They are only read: each is
    cloned at its commit into a scratch folder, where its patch is tried. What is uncommitted does not count. Needs
    flytekit: pip install 'gomigrate[fleet]'.

    Exit codes: 0 done, 1 with --strict when something is left to a person or a repository could not be done, 2 none
    could be done. A repository that could not be done is in the report, with the reason.
    """
    from gomigrate.fleet.local import run_fleet
    from gomigrate.verify.progress import Progress

    terminal = _terminal(options)
    with Progress(options["color"], quiet=options["quiet"]) as progress:
        view = run_fleet(
            listing,
            out,
            pack=options["pack"] or "",
            stage=options["stage"] or "",
            rules=rules,
            timeout=timeout,
            workers=jobs or os.cpu_count() or 1,
            progress=progress,
        )
    terminal.fleet(view, out)
    states = view["summary"]["states"]
    if states["failed"] == view["summary"]["repositories"]:
        sys.exit(FAILED)
    if strict and (states["failed"] or states["refused"] or states["left"]):
        sys.exit(1)


@cli.command(short_help="Write a first configuration, from what is found.")
@checkout_argument
@common
def init(checkout: Path, **options: Any) -> None:
    """Look at CHECKOUT and write a commented .gomigrate.toml at its top.

    Settings that are there are never overwritten.

    Exit codes: 0 written, 2 it could not be done.
    """
    from gomigrate.init import write_configuration

    written = write_configuration(checkout, options["pack"], options["rules"], options["stage"])
    _terminal(options).configured(written.path, written.found)


cli.add_command(rules)


@cli.command(short_help="What a rule is about; without one, the list of all.")
@click.argument("rule", required=False, shell_complete=rule_names)
def explain(rule: str | None) -> None:
    """What RULE (its id or name) is about: why, before and after, and the source of the facts.

    Without RULE: the list of all.
    """
    from gomigrate.explain import help_text, list_text, rule_named

    click.echo(list_text() if rule is None else help_text(rule_named(rule)))


@cli.command(short_help="Migrate a copy of the bundled sample, and show what happens.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="DIR",
    help="Where the sample, the patch and the report go; default: a new temporary folder.",
)  # fmt: skip
@color_option
def demo(output: Path | None, color: str) -> None:
    """Migrate a copy of the bundled sample checkout, and show what happens."""
    from gomigrate.demo import run_demo

    run_demo(output, color)


# -- what the commands share --------------------------------------------------------------------------------------


def _terminal(options: dict[str, Any]) -> Any:
    from gomigrate.terminal import Terminal

    return Terminal(options["color"], quiet=options["quiet"], verbose=options["verbose"])


def _given(options: dict[str, Any]) -> Given:
    from gomigrate.settings import Given

    return Given(
        options["pack"], options["rules"], options["stage"], options.get("constant_package"), options.get("exported")
    )


def _migrate(checkout: Path, options: dict[str, Any], reports: tuple[Path, ...] = ()) -> Migration:
    from gomigrate.api import migrate

    given = {name: options[name] for name in ("pack", "rules", "stage", "constant_package", "exported")}
    given["companions"] = options["companions"]
    plan = partial(migrate, checkout, **given, reports=[report.suffix for report in reports])
    if not options.get("tidy"):
        return plan()
    from gomigrate.verify.progress import Progress

    with Progress(options["color"], quiet=options["quiet"]) as progress:
        return plan(tidy=True, progress=progress)


def _begin_reports(migration: Migration, reports: tuple[Path, ...]) -> Callable[[], dict[Path, bytes]]:
    """Begins to render the reports, and gives a function that waits for them: file -> content."""
    rendered = migration.reports(report.suffix for report in reports)

    def files() -> dict[Path, bytes]:
        done = rendered()
        return {report: done[report.suffix].encode() for report in reports}

    return files


def _known_reports(reports: tuple[Path, ...]) -> None:
    from gomigrate.report import FORMATS

    for report in reports:
        if report.suffix.lower() not in FORMATS:
            known = " or ".join(sorted(FORMATS))
            raise UserError(f"{report}: the ending says what kind of report it is: {known}.")


def _refuse_unsafe(top: Path, plan: Plan, allow_staged: bool) -> None:
    from gomigrate.errors import printable
    from gomigrate.git.folder import in_progress
    from gomigrate.git.repository import dirty, unstaged

    running = in_progress(top)
    if running and not allow_staged:
        raise UserError(
            f"{printable(str(top))}: a {running} is in progress. Finish or abort it first (or use --allow-dirty)."
        )
    # What is new is no matter here: `apply_changes` overwrites no file that it was not given.
    changed = (unstaged if allow_staged else dirty)(top, [path for path in plan.changes if path in plan.originals])
    if changed:
        listed = "\n  ".join(map(printable, changed))
        kind, way = ("unstaged", "Stage") if allow_staged else ("uncommitted", "Commit")
        raise UserError(
            f"these files have {kind} changes, and nothing was written:\n  {listed}\n"
            f"{way} or stash them, or use --allow-dirty."
        )


def main() -> None:
    """Runs the command that the arguments name, and ends the process."""
    try:
        cli(prog_name="gomigrate")
    except SystemExit as done:
        # Freeing every syntax tree would cost a tenth of the run; the system does it at once.
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(done.code if isinstance(done.code, int) else int(done.code is not None))


if __name__ == "__main__":
    main()
