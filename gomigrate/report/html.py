"""The report for people, as one HTML file that opens offline and asks nobody for anything.

Names, paths and code come from a checkout that nobody vouches for. jinja2 escapes every value; before that,
characters that hide, move or act are written out. The page's own policy lets no script run but the one that is in it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from gomigrate.catalogue import RULES
from gomigrate.git.web import web_page
from gomigrate.report.diffs import FileDiff, Sources, file_diffs
from gomigrate.report.highlight import snippet, text_html
from gomigrate.report.view import encodable
from gomigrate.report.words import grid, handlers, kind_of, number, reasons, spaced, visible

_FOLDER = Path(__file__).with_name("templates")
# Characters of one value; the JSON report has all of it.
_LIMIT = 4_000
STATES = {"left": "Left for you", "intended": "Left alone on purpose", "changes": "Changed"}
_SPAN = re.compile(r"`([^`]+)`")

Values = Mapping[str, Any]


@lru_cache(maxsize=2)
def template(name: str = "report.html.j2") -> Template:
    """The compiled template: making it takes longer than rendering a report of ordinary size."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        code=code, go=go, handlers=handlers, kind_of=kind_of, lines=lines, number=number, prose=prose, spaced=spaced
    )
    return environment.get_template(name)


def render_html(view: dict[str, Any], sources: Sources) -> str:
    """The view as a page; `sources` are the files of the patch, shown side by side."""
    style, script = (_text(name) for name in ("report.css", "report.js"))
    groups = findings(view)
    changes = [d for state, _, files in groups if state == "changes" for _, group in files for d in group]
    diffs = [(diff, _remarks(diff, changes)) for diff in file_diffs(sources)]
    return template().render(
        **view,
        style=style,
        script=script,
        policy=_policy(style, script),
        mood=mood(view),
        grids=[(matrix, *grid(matrix), reasons(matrix)) for matrix in view["matrices"]],
        groups=groups,
        diffs=diffs,
        in_diff={d["id"] for _, remarks in diffs for here in remarks.values() for d in here},
        rules=[r for r in RULES if r.id in {d["rule"] for s in STATES for d in view[s]}],
        view_count={state: len(view[state]) for state, _, _ in groups},
        page=partial(web_page, view["web"]),
    )


def code(value: str) -> Markup:
    """Code in a line of words; a long name may break anywhere."""
    return Markup(f"<code>{text_html(_cut(value)) or '(empty)'}</code>")


def prose(value: str) -> Markup:
    """Words, with `code` in them."""
    parts = _SPAN.split(" ".join(_cut(value).split()))
    return Markup("".join(code(part) if i % 2 else text_html(part) for i, part in enumerate(parts)))


def go(value: str) -> Markup:
    """A piece of Go."""
    return Markup(snippet(_cut(value)))


def lines(value: str) -> Markup:
    """Text whose lines stay lines."""
    return Markup("\n".join(map(text_html, value.split("\n"))))


def mood(view: Values) -> str:
    """What colour the verdict has: bad when live objects get stuck, warn when a person has to look, else good."""
    fates = {name[key] for name in view["names"] for key in ("existing_objects", "rollback")}
    if any(name["existing_objects"] == "stuck" for name in view["names"]):
        return "bad"
    return "warn" if fates - {"freed"} or view["left"] or view["summary"]["assumed"] else "good"


def findings(view: Values) -> list[tuple[str, str, list[tuple[str, list[Values]]]]]:
    """State, title, and for each file its findings; `id` names the place in the page, `kind` is what one filters by."""
    result = []
    for state, title in STATES.items():
        entries: list[Values] = [
            {"after": "", "confidence": "", **d, "id": f"{state}-{i}", "kind": d["operation"] or spaced(d["rule_name"])}
            for i, d in enumerate(view[state])
        ]
        files = [(path, list(group)) for path, group in groupby(entries, key=lambda d: str(d["path"]))]
        result.append((state, title, files))
    return result


def _remarks(diff: FileDiff, changes: Sequence[Values]) -> dict[int, list[Values]]:
    """The findings that belong to each changed block, by the block's number."""
    found: dict[int, list[Values]] = {}
    path = encodable(diff.path)
    mine = [d for d in changes if d["path"] == path]
    for number_, block in enumerate(diff.blocks):
        if block.changed:
            here = [d for d in mine if d["line"] < block.last and d["end_line"] >= block.first]
            mine = [d for d in mine if d not in here]
            if here:
                found[number_] = here
    return found


def page_of(name: str, styles: Sequence[str], **values: Any) -> str:
    """A page of another template, without a script, in the looks of the report."""
    style = Markup("").join(map(_text, styles))
    return template(name).render(**values, style=style, policy=_policy(style, ""))


def _policy(style: str, script: str) -> str:
    """What the browser may load and run: the style and the script of this page, known by their hashes."""
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)]
    return (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _text(name: str) -> Markup:
    return Markup((_FOLDER / name).read_text(encoding="utf-8"))


def _shown(value: object) -> object:
    """What jinja2 calls on every value that the template prints; it is escaped afterwards."""
    return value if isinstance(value, Markup) else visible(_cut(str(value)))


def _cut(text: str) -> str:
    return text if len(text) <= _LIMIT else text[:_LIMIT] + "…"
