"""What a person sees on the terminal: summaries and findings, on standard error unless they are the output."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from gomigrate.errors import printable
from gomigrate.model import Confidence, Diagnostic, Note, Plan

if TYPE_CHECKING:
    from gomigrate.verify.results import Verification


class Terminal:
    """`color` is auto, always or never; NO_COLOR is honoured."""

    def __init__(self, color: str = "auto", *, quiet: bool = False, verbose: bool = False) -> None:
        self.color = color
        self.quiet = quiet
        self.verbose = verbose
        # Advice that was given already.
        self._advised: set[str] = set()

    def note(self, text: str) -> None:
        if not self.quiet:
            self._say(f"note: {printable(text)}")

    def times(self, timings: Iterable[tuple[str, float]]) -> None:
        """How long each stage took; only said when asked for."""
        if self.verbose:
            self._say("  time: " + ", ".join(f"{step} {seconds * 1000:.0f} ms" for step, seconds in timings))

    def notes(self, notes: Sequence[Note]) -> None:
        for note in notes:
            self.note(f"{note.path}: {note.text}" if note.path else note.text)

    def summary(self, plan: Plan, output: Path | None, reports: Sequence[Path]) -> None:
        """What the patch does and what it leaves, on standard error."""
        if self.quiet:
            if plan.verification is not None and plan.verification.verdict.value != "proven":
                self._verification(plan.verification)
            return
        self.notes(plan.notes)
        self._say(f"{_bold(_verdict(plan))}")
        for line in _counts(plan):
            self._say(f"  {line}")
        for choice in plan.constants:
            self._say(f"  {printable(choice.key)} is declared in {printable(choice.path)}: {printable(choice.why)}")
        for change in plan.module_changes:
            self._say(click.style(f"  {printable(change)}", fg="yellow"))
        self._stuck(plan)
        self._left(plan)
        if plan.verification is not None:
            self._verification(plan.verification)
        if self.verbose:
            for diagnostic in plan.changed:
                self._finding(diagnostic, "changed")
            self.times(plan.timings)
        from gomigrate.outputs import STANDARD_OUTPUT

        if output not in (None, STANDARD_OUTPUT):
            self._say(f"  patch: {printable(str(output))}" + ("" if plan.changes else " (empty)"))
        for report in reports:
            self._say(f"  report: {printable(str(report))}")

    def _stuck(self, plan: Plan) -> None:
        """The names whose objects can get stuck, and what to do, once for all of which the same holds."""
        stuck = [matrix for matrix in plan.matrices if any(not c.freed for c in matrix.cells)]
        for advice in dict.fromkeys(matrix.advice for matrix in stuck):
            for matrix in (m for m in stuck if m.advice == advice):
                cells = matrix.cells
                orders = f"{sum(not c.freed for c in cells)} of {plural(len(cells), 'order')} of releases"
                self._say(click.style(f"  {printable(matrix.name)}: {orders} leave objects stuck", fg="red"))
            self._say(f"    {advice}")
            self._advised.add(advice)

    def _left(self, plan: Plan) -> None:
        if plan.left:
            self._say(click.style(f"  left for you: {len(plan.left)}", fg="yellow"))
        for diagnostic in plan.left if self.verbose else plan.left[:10]:
            self._finding(diagnostic, "left")
        if len(plan.left) > 10 and not self.verbose:
            self._say(f"    and {len(plan.left) - 10} more: see a report, or use -v")
        for diagnostic in plan.intended:
            self._say(f"    {printable(diagnostic.where)}: left on purpose: {printable(diagnostic.left_because)}")

    def _verification(self, verification: Verification) -> None:
        from gomigrate.report.verification import sentence

        colors = {"proven": "green", "worse": "red", "unverified": "yellow"}
        text = "\n  ".join(map(printable, sentence(verification).split("\n")))
        self._say("  " + click.style(text, fg=colors[verification.verdict.value]))
        self.notes(verification.notes)
        for check in verification.checks:
            for failure in check.new:
                place = failure.where or failure.package
                test = f"{failure.test}: " if failure.test else ""
                self._say(f"    {check.name}: " + printable(f"{place}: {test}{failure.text}".removeprefix(": ")))
            for reason in check.open:
                self._say(f"    {check.name}: {printable(reason)}")
        if verification.gone:
            self._say(f"    {plural(len(verification.gone), 'test')} deleted by the patch")

    def applied(self, plan: Plan, written: Sequence[str], reports: Sequence[Path]) -> None:
        if self.quiet:
            return
        self.summary(plan, None, reports)
        for path in written:
            gone = plan.changes[path] is None
            self._say(f"  {'deleted' if gone else 'wrote'} {printable(path)}")

    def fleet(self, view: Mapping[str, Any], out: Path) -> None:
        """The result over many repositories, and each of them with `verbose`."""
        from gomigrate.fleet.results import PAGE
        from gomigrate.report.fleet import STATES, title, verdict

        if self.quiet:
            return
        summary = view["summary"]
        self._say(_bold(f"{title(view)}: {verdict(view)}"))
        counts = ", ".join(f"{summary[key]} {key}" for key in ("exact", "narrowed", "assumed") if summary[key])
        self._say(f"  {counts or 'no changes'}; {plural(summary['left'], 'place')} left for you")
        for one in view["repositories"]:
            if self.verbose or one["state"] == "refused":
                self._say(f"    {one['name']}: {'; '.join(one['checks']) or STATES[one['state']]}")
        self._say(f"  wrote {printable(str(out / PAGE))}, and a folder for each repository beside it")

    def configured(self, path: Path, found: Sequence[str]) -> None:
        """What `init` found and wrote."""
        if self.quiet:
            return
        for line in found:
            self._say(f"  {printable(line)}")
        self._say(f"wrote {printable(str(path))}; change it as you like")

    def findings(self, found: Sequence[Diagnostic], notes: Sequence[Note], suppressed: int = 0) -> None:
        """Findings of `check`, on standard output: file:line:column, rule, message."""
        for diagnostic in found:
            where = click.style(printable(diagnostic.where), bold=True)
            text = f"{where}: {diagnostic.rule.id} {diagnostic.rule.name}: {printable(diagnostic.message)}"
            self._say(text, sys.stdout)
        self.notes(notes)
        if found and not self.quiet:
            files = len({d.path for d in found})
            self._say(f"{plural(len(found), 'finding')} in {plural(files, 'file')}; `gomigrate patch` shows the way")
        if suppressed and not self.quiet:
            self._say(f"{plural(suppressed, 'finding')} suppressed by comments")

    def baseline(self, file: Path, count: int) -> None:
        if not self.quiet:
            from gomigrate.outputs import shown

            self._say(f"{plural(count, 'finding')} in {shown(file)}")

    def _finding(self, diagnostic: Diagnostic, state: str) -> None:
        self._say(f"    {printable(diagnostic.where)}: {printable(diagnostic.message)}")
        if state == "left":
            self._say(f"      left because {printable(diagnostic.left_because)}")
            if diagnostic.next_step:
                known = diagnostic.next_step in self._advised
                self._say(f"      next: {'as said above' if known else printable(diagnostic.next_step)}")

    def _say(self, text: str, to: TextIO | None = None) -> None:
        stream = to or sys.stderr
        wanted = {"always": True, "never": False}.get(self.color)
        if wanted is None and os.environ.get("NO_COLOR"):
            wanted = False
        click.echo(fitted(text, stream), file=stream, color=wanted)


def fitted(text: str, stream: TextIO) -> str:
    """A text in lines of the terminal's width, those that go on indented; as it is where there is no terminal.

    A word is never cut: it may be a path that somebody wants to copy.
    """
    if not stream.isatty():
        return text
    import shutil

    from rich.cells import cell_len

    width = shutil.get_terminal_size().columns
    indent = " " * (len(text) - len(text.lstrip(" ")) + 2)
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and lines[-1].strip() and cell_len(click.unstyle(longer)) > width:
            lines.append(indent + word)
        else:
            lines[-1:] = [longer]
    return "\n".join(lines)


def _verdict(plan: Plan) -> str:
    if not plan.changes:
        return "nothing to change" + (f", {plural(len(plan.left), 'place')} left for you" if plan.left else "")
    return f"{plural(len(plan.changed), 'change')} in {plural(len(plan.changes), 'file')}, stage {plan.stage.value}"


def _counts(plan: Plan) -> list[str]:
    count = Counter(d.evidence.confidence for d in plan.changed if d.evidence is not None)
    if not count:
        return []
    words = {
        Confidence.EXACT: "exact",
        Confidence.NARROWED: "narrowed (the meaning changes as stated)",
        Confidence.ASSUMED: "with an assumed type",
    }
    return [", ".join(f"{count[c]} {words[c]}" for c in Confidence if count[c])]


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _bold(text: str) -> str:
    return click.style(text, bold=True)
