"""Reports of a plan, one for each file extension, all made from the one view of `gomigrate.report.view`."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gomigrate import __version__
from gomigrate.errors import UserError

if TYPE_CHECKING:
    from gomigrate.model import Diagnostic, Note, Plan
    from gomigrate.report.diffs import Sources


def _html(view: dict[str, Any], sources: Sources) -> str:
    from gomigrate.report.html import render_html

    return render_html(view, sources)


def _json(view: dict[str, Any], _: Sources) -> str:
    from gomigrate.report.json_report import render_json

    return render_json(view)


def _markdown(view: dict[str, Any], _: Sources) -> str:
    from gomigrate.report.markdown import render_markdown

    return render_markdown(view)


def _sarif(view: dict[str, Any], sources: Sources) -> str:
    from gomigrate.report.sarif import findings_of, render_sarif

    return render_sarif(findings_of(view), view["notes"], view["versions"]["gomigrate"], sources)


FORMATS: dict[str, Callable[[dict[str, Any], Sources], str]] = {
    ".html": _html,
    ".json": _json,
    ".md": _markdown,
    ".sarif": _sarif,
}
# Those that show the files themselves.
WITH_SOURCES = frozenset({".html", ".sarif"})


def prepare(suffix: str) -> None:
    """Does what takes time for such a report before there is a view: for a process that has nothing else to do."""
    match suffix.lower():
        case ".html":
            from gomigrate.report.html import template

            template()
        case ".md":
            from gomigrate.report.markdown import compiled

            compiled()
        case ".json":
            import gomigrate.report.json_report
        case ".sarif":
            import gomigrate.report.sarif  # noqa: F401


def render_view(view: dict[str, Any], suffix: str, sources: Sources | None = None) -> str:
    """Render a view in the format that a file name's suffix asks for; `sources` are those of `sources_for`."""
    writer = FORMATS.get(suffix.lower())
    if writer is None:
        known = " or ".join(sorted(FORMATS))
        raise UserError(f"no report format for the suffix {suffix!r}: name a file that ends in {known}")
    return writer(view, sources or {})


def render_all(view: dict[str, Any], wanted: Mapping[str, Sources]) -> dict[str, str]:
    """Suffix -> the report; `wanted` has the sources for each."""
    return {suffix: render_view(view, suffix, sources) for suffix, sources in wanted.items()}


def sources_for(suffix: str, plan: Plan) -> Sources:
    """The files that such a report shows, before and after the patch, by path; none when it shows only the view."""
    if suffix.lower() not in WITH_SOURCES:
        return {}
    return {
        path: (plan.originals.get(path), plan.changes[path])
        for path in sorted(plan.changes)
        if plan.changes[path] != plan.originals.get(path)
    }


def render_findings(
    found: Sequence[Diagnostic], notes: Sequence[Note], form: str, known: Container[str] | None = None
) -> str:
    """Findings of `check` for other tools; `form` is github, gitlab or sarif; `known` are the marks of a baseline.

    SARIF says of what is suppressed or known that it is; the others leave it out.
    """
    from gomigrate.report.annotations import render_github, render_gitlab
    from gomigrate.report.sarif import render_sarif
    from gomigrate.report.view import finding_values, note_values

    findings = finding_values(found)
    if known is not None:
        for finding in findings:
            finding["baseline"] = "unchanged" if finding["fingerprint"] in known else "new"
    if form == "sarif":
        return render_sarif(findings, note_values(notes), __version__)
    findings = [f for f in findings if not f["suppressed"] and f.get("baseline") != "unchanged"]
    return render_github(findings) if form == "github" else render_gitlab(findings)


def render(plan: Plan, suffix: str) -> str:
    """Render a plan; for several formats build the view once and call `render_view` for each."""
    from gomigrate.report.view import build_view

    return render_view(build_view(plan), suffix, sources_for(suffix, plan))
