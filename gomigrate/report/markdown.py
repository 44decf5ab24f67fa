"""The report for people: Markdown that fits a pull request's description.

Names, paths and code come from a checkout that nobody vouches for. So every value is made harmless where it
is printed (`report.markdown_text`): words by `prose`, code by `code` or `cell`. What the template prints without a
filter is prose.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any

from gomigrate.report.markdown_text import LEVELS, Markdown, Writer, cut, fence
from gomigrate.report.words import grid, handlers, kind_of, number, reasons, spaced, visible

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATE = Path(__file__).with_name("templates") / "report.md.j2"

# GitHub takes 65,536 characters; the rest is for what a person adds.
LIMIT = 60_000

# A command is shown whole or not at all, since people run it.
LONGEST_COMMAND = 8_000

# More changes than these are folded, so that the reader sees that there is more below them.
MANY_CHANGES = 12

_BLANK = re.compile(r"\n{3,}")
Values = Mapping[str, Any]


def render_markdown(view: dict[str, Any]) -> str:
    """The view as Markdown; where it would grow too long for GitHub the lists are shortened, and say so."""
    page = _Page()
    environment = _environment(page)
    template = environment.template_class.from_code(environment, compiled(), environment.make_globals(None))
    text, most = "", math.inf
    for level in LEVELS:
        page.items, page.chars, page.lines = level
        # A page is at least as long as in proportion to both: what cannot fit is not rendered, but for the last one.
        if page.items * page.chars > most and level is not LEVELS[-1]:
            continue
        text = _BLANK.sub("\n\n", template.render(view)).rstrip() + "\n"
        # In UTF-16, where an emoji counts as two: so it fits whoever counts.
        size = len(text.encode("utf-16-le")) // 2
        if size <= LIMIT:
            break
        most = page.items * page.chars * LIMIT / size
    return text


@lru_cache(maxsize=1)
def compiled() -> CodeType:
    """The compiled template: making it takes as long as rendering a report of ordinary size."""
    return _environment(_Page()).compile(_TEMPLATE.read_text(encoding="utf-8"), _TEMPLATE.name, str(_TEMPLATE))


def _environment(page: _Page) -> Environment:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=False,
        finalize=page.finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        change_list=page.change_list,
        check_table=page.check_table,
        code=page.code,
        code_list=page.code_list,
        command=command,
        constant_list=page.constant_list,
        diffs=page.diffs,
        figures=figures,
        kinds=page.kinds,
        failure_list=page.failure_list,
        left_list=page.left_list,
        left_places=page.left_places,
        made_from=page.made_from,
        matrix_list=page.matrix_list,
        meaning_list=page.meaning_list,
        module_table=page.module_table,
        name_table=page.name_table,
        new_and_gone=page.new_and_gone,
        note_list=page.note_list,
        on_purpose=on_purpose,
        plans=page.plans,
        tests_gone=page.tests_gone,
        timing_list=page.timing_list,
        version_list=page.version_list,
    )
    return environment


class _Page(Writer):
    """The pieces of the page."""

    # Summary

    def name_table(self, names: Sequence[Values]) -> Markdown:
        """What becomes of each name, and of the objects that carry it."""

        def row(n: Values) -> list[str]:
            new = "unchanged" if n["old"] == n["new"] else self.cell(n["new"])
            return [self.cell(n["old"]), new, _fate(n["existing_objects"]), _fate(n["rollback"])]

        titles = ["Finalizer name today", "New name", "Live objects, with the new code", "After a rollback"]
        return self.table(titles, names, row) if names else Markdown()

    def plans(self, matrices: Sequence[Values]) -> Markdown:
        """The plan for each name whose objects may get stuck."""
        risky = [m for m in matrices if not all(c["freed"] for c in m["cells"])]
        return self.bullets(risky, lambda m: f"**Plan for {self.code(m['name'])}:** {self.sentence(m['advice'])}")

    def kinds(self, meaning: Sequence[Values]) -> Markdown:
        """The kinds of change in meaning, in a row."""
        return self.row([f"{kind_of(m)} ({number(len(m['places']), 'place')})" for m in meaning], self.prose, most=6)

    def left_places(self, left: Sequence[Values]) -> Markdown:
        """How many places are left, and the first of them."""
        if not left:
            return Markdown("nothing")
        places = self.codes([d["where"] for d in left], most=3)
        return Markdown(f"{number(len(left), 'place')}: {places}")

    def made_from(self, commit: str) -> Markdown:
        """The commit, if there is one."""
        return Markdown(f" Made from commit {self.code(commit)}." if commit else "")

    # Changes

    def new_and_gone(self, files: Sequence[Values]) -> Markdown:
        """The files that the patch deletes and adds."""
        lines = []
        for change, title in (("deleted", "Deleted files"), ("added", "New files")):
            paths = [f["path"] for f in files if f["change"] == change]
            if paths:
                lines.append(f"{title}: {self.codes(paths)}.")
        return Markdown("\n\n".join(lines))

    def change_list(self, changes: Sequence[Values]) -> Markdown:
        """The changes, file by file."""
        parts = []
        for path, group in groupby(changes[: self.items], key=lambda c: str(c["path"])):
            lines: dict[str, list[str]] = {}
            for c in group:
                lines.setdefault(self._change(c), []).append(str(c["line"]))
            parts.append(
                f"{self.code(path)}\n\n"
                + "\n".join(f"- line{'s' * (len(at) > 1)} {', '.join(at)}, {text}" for text, at in lines.items())
            )
        text = "\n\n".join(parts) + self.rest(changes)
        title = f"{number(len(changes), 'change')}, file by file"
        return _folded(title, text) if len(changes) > MANY_CHANGES else Markdown(text)

    def _change(self, c: Values) -> str:
        confidence = "exact" if c["confidence"] == "exact" else f"**{self.prose(c['confidence'])}**"
        operation = f"**{self.prose(c['operation'])}**, " if c["operation"] else ""
        text = (
            f"{operation}{confidence}: {self.sentence(c['message'])}\n"
            f"  *Patch:* {self.sentence(c['fix'])} *Evidence:* {self.sentence(c['evidence'])}"
        )
        if c["object_type"]:
            text += f" *Object:* {self.object_type(c['object_type'])}."
        if c["differences"]:
            text += f" *Differs:* {self.row([spaced(d['name']) for d in c['differences']], self.prose)}."
        return f"{text} {self._rule(c)}"

    def _rule(self, finding: Values) -> str:
        return f"(rule {self.code(finding['rule'])} {self.prose(finding['rule_name'])})"

    def diffs(self, changes: Sequence[Values]) -> Markdown:
        """The code before and after of each change."""
        shown = [c for c in changes if c["before"] or c["after"]]
        if not shown:
            return Markdown()
        places: dict[str, list[str]] = {}
        for c in shown[: self.items]:
            places.setdefault(self._diff(c), []).append(c["where"])
        parts = [f"{self.codes(where)}\n\n{diff}" for diff, where in places.items()]
        return _folded("The code before and after", "\n\n".join(parts) + "\n" + self.rest(shown))

    def _diff(self, c: Values) -> Markdown:
        return fence("\n".join(self._side("-", c["before"]) + self._side("+", c["after"])), "diff")

    def _side(self, sign: str, code: str) -> list[str]:
        lines = cut(code, self.chars * 4).replace("\r\n", "\n").rstrip().split("\n")
        if lines == [""]:
            return []
        shown = [f"{sign} {cut(line, self.chars)}" for line in lines[: self.lines]]
        return shown if len(lines) <= self.lines else [*shown, f"{sign} …"]

    def meaning_list(self, meaning: Sequence[Values]) -> Markdown:
        """What changes in meaning, and where."""

        def entry(m: Values) -> str:
            text = self.sentence(m["text"])
            if m["kind"] == "assumed":
                text = Markdown(f"check that the object is {self.object_type(m['text'])}.")
            example = f" *Example:* {self.code(m['example'])}." if m["example"] else ""
            places = f"{number(len(m['places']), 'place')}: {self.codes(m['places'])}"
            return f"**{self.prose(kind_of(m))}**: {text}{example}\n  {places}"

        return self.bullets(meaning, entry)

    # The rest

    def constant_list(self, constants: Sequence[Values]) -> Markdown:
        """Where the constants live, and why."""

        def entry(c: Values) -> str:
            legacy = f" and {self.code(c['legacy_key'])}" if c["legacy_key"] else ""
            moved = f", moved from {self.code(c['moved_from'])}" if c["moved_from"] else ""
            users = f" *Used by* {self.codes(c['users'])}." if c["users"] else ""
            return (
                f"{self.code(c['key'])}{legacy} in {self.code(c['path'])} (package {self.code(c['package'])}){moved}. "
                f"*Why there:* {self.sentence(c['why'])}{users}"
            )

        return self.bullets(constants, entry)

    def left_list(self, left: Sequence[Values]) -> Markdown:
        """What the patch does not change, why, and what to do about it."""

        def entry(d: Values) -> str:
            operation = f", **{self.prose(d['operation'])}**" if d["operation"] else ""
            step = f" *Next:* {self.sentence(d['next_step'])}" if d["next_step"] else ""
            return (
                f"{self.code(d['where'])}{operation}: {self.sentence(d['message'])} "
                f"*Why left:* {self.sentence(d['reason'])}{step} {self._rule(d)}"
            )

        return self.bullets(left, entry)

    def matrix_list(self, matrices: Sequence[Values]) -> Markdown:
        """For each name the matrix, the reasons and the plan."""
        return Markdown("\n\n".join(map(self._matrix, matrices[: self.items])) + "\n" + self.rest(matrices))

    def _matrix(self, m: Values) -> str:
        columns, rows = grid(m)

        def row(of: tuple[str, Sequence[Values | None]]) -> list[str]:
            return [of[0], *map(self._matrix_cell, of[1])]

        parts = [
            f"### {self.code(m['name'])}",
            self.table(["Created by", *map(handlers, columns)], rows, row),
            self.bullets(reasons(m), self._reason),
            f"**Plan:** {self.sentence(m['advice'])}",
        ]
        if m["before"] or m["after"]:
            before, after = self.row(m["before"], self.prose), self.row(m["after"], self.prose)
            parts.append(f"*The code before:* {before or 'nothing'}. *The code after:* {after or 'nothing'}.")
        return "\n\n".join(parts)

    def _matrix_cell(self, cell: Values | None) -> str:
        if cell is None:
            return "not computed"
        return "freed" if cell["freed"] else f"**stuck:** {self.row(cell['left'], self.cell)}"

    def _reason(self, reason: tuple[bool, str, str]) -> str:
        freed, why, histories = reason
        return f"{'Freed' if freed else '**Stuck**'} when {histories}: {self.sentence(why)}"

    def code_list(self, values: Sequence[str]) -> Markdown:
        """Pieces of code, one below the other."""
        return self.bullets(values, self.code)

    def module_table(self, modules: Sequence[Values]) -> Markdown:
        """The modules that the patch changes, and the controller-runtime that counts there."""
        touched = [m for m in modules if m["touched"]]
        titles = ["Module changed by the patch", "Folder", "controller-runtime", "From"]

        def row(m: Values) -> list[str]:
            runtime = m["controller_runtime"] or "none"
            return [self.cell(text) for text in (m["path"], m["directory"] or ".", runtime, m["source"] or "go.mod")]

        return self.table(titles, touched, row) if touched else Markdown()

    def check_table(self, checks: Sequence[Values]) -> Markdown:
        """What was run, where, and what came of it."""

        def row(c: Values) -> list[str]:
            tests = f", {number(c['tests'], 'test')}" if c["tests"] else ""
            ran = number(c["packages"], "file" if c["name"] == "gofmt" else "package") + tests
            seconds = f"{c['seconds_before']:.1f} s, {c['seconds_after']:.1f} s"
            outcome = c["verdict"] if c["verdict"] == "proven" else f"**{c['verdict']}**"
            return [
                self.cell(c["command"]),
                self.cell(c["module"] or "."),
                ran if c["packages"] else "-",
                seconds,
                outcome,
            ]

        titles = ["Command", "Module", "On", "Time before, after", "Outcome"]
        return self.table(titles, checks, row) if checks else Markdown()

    def failure_list(self, checks: Sequence[Values]) -> Markdown:
        """What became worse, what is not known, and what failed before already."""
        parts = []
        for key, title in (("new", "**New with the patch**"), ("open", "**Not known**")):
            found = [(c, f) for c in checks for f in c[key]]
            if found:
                text = self.bullets(found, self._failed)
                parts.append(f"{title}:\n\n{text}")
        known = [(c, f) for c in checks for f in c["known"]]
        if known:
            shown = [self._failure(c, {**f, "lines": ()}) for c, f in known[:MANY_CHANGES]]
            more = len(known) - len(shown)
            rest = [f"and {more:,} more, see the JSON report"] if more else []
            listed = "\n".join(f"- {line}" for line in (*shown, *rest))
            parts.append(_folded(f"Failed before as well: {number(len(known), 'failure')}", listed))
        return Markdown("\n\n".join(parts))

    def _failed(self, found: tuple[Values, Values | str]) -> str:
        check, failure = found
        return self.sentence(failure) if isinstance(failure, str) else self._failure(check, failure)

    def _failure(self, check: Values, f: Values) -> str:
        where = f"{self.code(f['where'])}: " if f["where"] else ""
        test = f"{self.code(f['test'])} in " if f["test"] else ""
        package = f" ({test}{self.code(f['package'])})" if f["package"] else ""
        said = "\n".join(cut(line, self.chars) for line in f["lines"][: self.lines])
        quoted = "\n\n" + fence(visible(said, keep="\n\t"), "text") if f["lines"] else ""
        return f"{self.prose(check['name'])}: {where}{self.sentence(f['text'])}{package}" + quoted.replace("\n", "\n  ")

    def tests_gone(self, gone: Sequence[str]) -> Markdown:
        """The tests that the patch deletes."""
        return Markdown(f"Tests that the patch deletes: {self.codes(gone)}." if gone else "")

    def note_list(self, notes: Sequence[Values]) -> Markdown:
        """What was skipped, and such."""

        def entry(n: Values) -> str:
            return (f"{self.code(n['path'])}: " if n["path"] else "") + self.sentence(n["text"])

        return self.bullets(notes, entry)

    def version_list(self, versions: Mapping[str, str]) -> Markdown:
        """The versions, in a row."""
        return Markdown(", ".join(f"{name} {self.code(version)}" for name, version in versions.items()))

    def timing_list(self, timings: Sequence[Values]) -> Markdown:
        """The timings, in a row."""
        return self.row([f"{t['name']} {t['seconds'] * 1000:.0f} ms" for t in timings], self.prose)


def command(text: str) -> Markdown:
    """A shell command."""
    if len(text) > LONGEST_COMMAND:
        return Markdown("Too long to show: see the JSON report.")
    return fence(text, "sh")


def figures(summary: Values) -> Markdown:
    """How much the patch does, and how sure it is."""
    s = summary
    return Markdown(
        f"{number(s['changes'], 'change')} ({s['exact']} exact, {s['narrowed']} narrowed, {s['assumed']} assumed); "
        f"{number(s['files_changed'], 'file')} changed, {s['files_added']} added, {s['files_deleted']} deleted"
    )


def on_purpose(intended: Sequence[Values]) -> Markdown:
    """How many places were left alone on purpose."""
    return Markdown(f" {number(len(intended), 'place')} left alone on purpose." if intended else "")


def _folded(title: str, text: str) -> Markdown:
    return Markdown(f"<details>\n<summary>{title}</summary>\n\n{text}\n\n</details>")


def _fate(fate: str) -> str:
    return {"freed": "freed", "stuck": "**stuck**"}.get(fate, "not computed")
