"""The report over many repositories: one view, as JSON (`fleet.schema.json`), Markdown, and a page that opens offline.

Names, addresses and reasons come from others: see `gomigrate.report.html` and `gomigrate.report.markdown_text`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gomigrate.fleet.model import Row
from gomigrate.report.html import page_of
from gomigrate.report.markdown_text import words
from gomigrate.report.view import encodable, read_versions

SCHEMA_VERSION = 1
SCHEMA_FILE = Path(__file__).with_name("fleet.schema.json")
# Worst first: what has no result, what must not be used, what a person has to decide, what is to be reviewed.
STATES = {
    "failed": "could not be done",
    "refused": "do not use the patch",
    "left": "something is left for you",
    "ready": "ready for review",
    "clean": "nothing to do",
}
_IN_A_SENTENCE = {
    "refused": "with a patch that is not to be used",
    "left": "with something left for you",
    "clean": "with nothing to do",
}


def fleet_view(rows: Iterable[Row], outputs: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """All that a report says, worst first; `outputs` has for each name its files: kind -> path below the report."""
    ordered = sorted(rows, key=_badness)
    return {
        "summary": _summary(ordered),
        "repositories": [_repository(row, outputs.get(row.name, {})) for row in ordered],
        "versions": read_versions(),
    }


def fleet_json(view: dict[str, Any]) -> str:
    document = {"$schema": SCHEMA_FILE.name, "schema": SCHEMA_VERSION, **view}
    return json.dumps(document, indent=2, sort_keys=True, allow_nan=False) + "\n"


def fleet_html(view: dict[str, Any], *, links: bool = True) -> str:
    """The page; without `links` it stands alone, as where the files are not beside it."""
    return page_of(
        "fleet.html.j2",
        ("report.css", "fleet.css"),
        **view,
        states=STATES,
        title=title(view),
        verdict=verdict(view),
        mood=_mood(view),
        links=links,
    )


def fleet_markdown(view: dict[str, Any]) -> str:
    lines = [
        f"# {title(view)}",
        "",
        verdict(view),
        "",
        "| repository | commit | state | exact | narrowed | assumed | left | names | patch | seconds |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- | ---: |",
    ]
    for one in view["repositories"]:
        name, patch = str(words(one["name"])), _patch(one)
        if one["outputs"]["html"]:
            name = f"[{name}]({one['outputs']['html']})"
        if one["outputs"]["patch"]:
            patch = f"[{patch}]({one['outputs']['patch']})"
        counts = ["" if one["error"] else one[key] for key in ("exact", "narrowed", "assumed", "left", "names")]
        commit = f"`{one['commit'][:10]}`" if one["commit"] else ""
        seconds = "" if one["error"] else f"{one['seconds']:.2f}"
        cells = (name, commit, STATES[one["state"]], *counts, patch, seconds)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    said = [(one, _reasons(one)) for one in view["repositories"]]
    if any(reasons for _, reasons in said):
        lines += ["", "## Why", ""]
        lines += [f"- {words(one['name'])}: {words('; '.join(reasons))}" for one, reasons in said if reasons]
    versions = ", ".join(f"{name} {version}" for name, version in view["versions"].items())
    return "\n".join([*lines, "", versions, ""])


def _badness(row: Row) -> tuple[object, ...]:
    return list(STATES).index(row.state), -row.left, -row.assumed, -row.narrowed, -row.exact, row.name


def _summary(rows: list[Row]) -> dict[str, Any]:
    states = Counter(row.state for row in rows)
    counted = ("names", "files", "exact", "narrowed", "assumed", "left")
    added = {key: sum(getattr(row, key) for row in rows) for key in counted}
    return {
        "repositories": len(rows),
        "states": {state: states[state] for state in STATES},
        **added,
        "seconds": round(sum(row.seconds for row in rows), 3),
    }


def _repository(row: Row, outputs: Mapping[str, str]) -> dict[str, Any]:
    values = {key: encodable(value) if isinstance(value, str) else value for key, value in row._asdict().items()}
    del values["fault"]
    return {
        **values,
        "state": row.state,
        "reasons": [{"reason": encodable(reason), "count": count} for reason, count in row.reasons],
        "checks": [encodable(check) for check in row.checks],
        "seconds": round(row.seconds, 3),
        "outputs": {kind: outputs.get(kind, "") for kind in ("patch", "html", "json", "markdown")},
    }


def _patch(one: Mapping[str, Any]) -> str:
    if one["checks"]:
        return "; ".join(one["checks"])
    return "applies, reverses" if one["files"] else "" if one["error"] else "empty"


def _reasons(one: Mapping[str, Any]) -> list[str]:
    left = [f"{r['reason']} ({r['count']})" for r in one["reasons"]]
    return [*([one["error"]] if one["error"] else []), *one["checks"], *left]


def title(view: Mapping[str, Any]) -> str:
    """How many there are."""
    count = view["summary"]["repositories"]
    return f"{count} {'repository' if count == 1 else 'repositories'}"


def verdict(view: Mapping[str, Any]) -> str:
    """How many are in which state."""
    summary = view["summary"]
    found = [
        f"{count} {_IN_A_SENTENCE.get(state, STATES[state])}" for state, count in summary["states"].items() if count
    ]
    return f"{', '.join(found)}." if found else "No repository."


def _mood(view: Mapping[str, Any]) -> str:
    states = view["summary"]["states"]
    return "bad" if states["failed"] or states["refused"] else "warn" if states["left"] else "good"
