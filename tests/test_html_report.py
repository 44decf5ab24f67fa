"""The HTML report, read as a file: all of it there, nothing fetched, and nothing of a checkout that comes alive.

What a browser makes of it is in test_html_in_browser.py.
"""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from test_report import DIAGNOSTICS, HANDLER, HOSTILE, PLAN, VERSIONS, hostile_plan

from gomigrate.catalogue import RULES
from gomigrate.model import Note, Plan
from gomigrate.report import render, render_view, sources_for
from gomigrate.report.diffs import ALL_LINES, BLOCK_LINES, file_diffs
from gomigrate.report.highlight import LINE_LIMIT, colours, line_html, snippet
from gomigrate.report.view import build_view
from gomigrate.verify.results import Check, Failure, Verdict, Verification

VOID = {"meta", "input", "br"}
COMMIT = "fd9a378061" * 4
SOURCES = {source for rule in RULES for source in rule.sources}
WEB = f"https://github.com/harbor/fleet/blob/{COMMIT}"


class Page(HTMLParser):
    """The elements of a page, and its text; fails where one is not closed, or two have the same id."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.raw: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open, self._open
        ids = [attributes["id"] for _, attributes in self.elements if "id" in attributes]
        assert len(ids) == len(set(ids))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in ("style", "script"):
            self.raw[self._open[-1]] = data
        else:
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page_of(plan: Plan) -> Page:
    view = build_view(plan, versions=VERSIONS, timings=())
    return Page(render_view(view, ".html", sources_for(".html", plan)))


def text_of(page: Page) -> str:
    return " ".join("".join(page.text).split())


def test_everything_that_the_report_says_is_there() -> None:
    page = page_of(PLAN)
    text = text_of(page)
    view = build_view(PLAN)
    for change in view["changes"]:
        assert f"line {change['line']}" in text
        assert change["evidence"] in text
    for left in view["left"] + view["intended"]:
        assert f"{left['path']}:{left['line']}" in text
        assert left["reason"].replace("`", "") in text
    for constant in view["constants"]:
        assert constant["why"].replace("`", "") in text
    for matrix in view["matrices"]:
        assert matrix["advice"].replace("`", "") in text
    assert text.count("✗ stuck flyte.org/finalizer-array the old code removes its own name only") == 5
    assert view["live_objects"]["command"].split("\n")[0] in text
    sections = [a["id"] for a in page.all("section") if "aria-labelledby" in a]
    assert sections == [
        *("summary", "matrix", "findings", "left", "intended", "changes", "meaning", "files", "constants", "rest")
    ]


def test_an_empty_plan_is_a_page() -> None:
    empty = PLAN._replace(
        commit="", web="", diagnostics=(), changes={}, constants=(), matrices=(), modules=(), notes=(), counts={}
    )
    text = text_of(page_of(empty))
    assert "The patch is empty: nothing is left to you." in text
    assert "No matrix was computed." in text


def check_harmless(html: str, page: Page) -> None:
    """Nothing is loaded, no script but the page's own can run, and no character hides, moves or acts."""
    assert {name for name, _ in page.elements} <= {
        *("html", "head", "meta", "title", "style", "body", "a", "header", "p", "h1", "h2", "h3", "h4", "code", "nav"),
        *("main", "section", "ul", "li", "b", "span", "div", "table", "thead", "tbody", "tr", "th", "td", "article"),
        *("dl", "dt", "dd", "small", "br", "strong", "details", "summary", "pre", "form", "label", "input", "select"),
        *("option", "button", "output", "del", "ins", "mark", "footer", "script"),
    }
    for name, attributes in page.elements:
        assert not [a for a in attributes if a.startswith("on") or a in ("style", "src", "srcset", "action")], name
        link = attributes.get("href", "#")
        assert name == "a" or link == "#"
        assert link.startswith("#") or link in SOURCES or link == WEB or link.startswith(WEB + "/"), link
    policy = page.all("meta")[1]["content"]
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        assert len(page.all(tag)) == 1
        digest = base64.b64encode(hashlib.sha256(page.raw[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
        assert "url(" not in page.raw[tag] and "@import" not in page.raw[tag] and "http" not in page.raw[tag]
    assert all(ch.isprintable() or ch in "\n\t" for ch in html)
    assert "\t" not in re.sub(r"<(code|pre|style|script)\b.*?</\1>", "", html, flags=re.DOTALL)


def test_the_page_stands_alone() -> None:
    plan = PLAN._replace(web=WEB)
    html = render(plan, ".html")
    check_harmless(html, Page(html))
    assert html.startswith("<!doctype html>")


@pytest.mark.parametrize("text", [*HOSTILE, '" onmouseover="alert(1)', "' autofocus onfocus='alert(1)", "--><b>"])
def test_hostile_text_is_only_text(text: str) -> None:
    stray = text.encode("utf-8", "surrogatepass")
    plan = hostile_plan(text)._replace(
        web=WEB,
        originals={f"{text}.go": b"package a\n" + stray, f"{text}.mod": stray + b"\nb\r\n", "gone.go": stray},
        changes={f"{text}.go": b"package b\n" + stray * 2, f"{text}.mod": stray, "gone.go": None, f"{text}0": stray},
    )
    html = render(plan, ".html")
    page = Page(html)
    check_harmless(html, page)
    # The same elements whatever the text is, but for those that make it visible.
    assert len(page.all("section")) == 10
    view = build_view(plan)
    folded = [9, 4, len({d.rule for d in plan.diagnostics}), len(view["meaning"])]
    assert len(page.all("details")) == sum(folded) + bool(view["live_objects"]["command"])


def test_a_hostile_web_address_never_reaches_a_link() -> None:
    links = [a["href"] for a in page_of(PLAN._replace(web="")).all("a")]
    assert all(link.startswith("#") or link in SOURCES for link in links)
    linked = [a["href"] for a in page_of(PLAN._replace(web=WEB)).all("a")]
    assert f"{WEB}/{HANDLER}#L106" in linked
    assert f"{WEB}/flytestdlib/storage/legacy.go#L301" in linked


def test_links_within_the_page_lead_somewhere() -> None:
    before = b"package a\n" + b"// line\n" * 300
    lines = before.splitlines(keepends=True)
    lines[105] = b"// changed\n"
    page = page_of(PLAN._replace(originals={HANDLER: before}, changes={HANDLER: b"".join(lines)}))
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    targets = {a["href"][1:] for a in page.all("a") if a["href"].startswith("#")}
    assert targets <= ids
    assert [i for i in targets if i.startswith("diff-")], "no finding leads to its place in the diff"


# -- the files side by side -----------------------------------------------------------------------------------------


def diff_of(before: bytes | None, after: bytes | None, path: str = "a.go") -> Any:
    return file_diffs({path: (before, after)})[0]


def test_blocks_hold_every_line_in_order() -> None:
    before = b"".join(b"line %d\n" % n for n in range(1, 101))
    after = (
        before.replace(b"line 10\n", b"other 10\n").replace(b"line 50\n", b"").replace(b"line 53\n", b"line 53\nx\n")
    )
    diff = diff_of(before, after, "a.txt")
    assert (diff.change, diff.added, diff.deleted, diff.left_out) == ("changed", 2, 2, 0)
    shown = [(b.changed, b.skipped, [x.number for x in b.old], [x.number for x in b.new]) for b in diff.blocks]
    assert shown == [
        (False, 6, [7, 8, 9], [7, 8, 9]),
        (True, 0, [10], [10]),
        (False, 0, [11, 12, 13], [11, 12, 13]),
        (False, 33, [47, 48, 49], [47, 48, 49]),
        (True, 0, [50], []),
        (False, 0, [51, 52, 53], [50, 51, 52]),
        (True, 0, [], [53]),
        (False, 0, [54, 55, 56], [54, 55, 56]),
    ]
    assert [(b.first, b.last) for b in diff.blocks if b.changed] == [(10, 11), (50, 51), (54, 54)]
    assert diff.blocks[1].old[0].html == "line 10", "too little is alike for a mark"


def test_added_and_deleted_files() -> None:
    added, deleted = diff_of(None, b"package a\n"), diff_of(b"package a\n", None)
    assert (added.change, added.added, added.blocks[0].old) == ("added", 1, [])
    assert (deleted.change, deleted.deleted, deleted.blocks[0].new) == ("deleted", 1, [])
    assert added.blocks[0].new[0].html == '<span class="k">package</span> a'


def test_colours_know_where_a_line_stands() -> None:
    source = b'package a\n\nvar x = `\nfunc "\n`\n/* if\nfor */\n'
    old = diff_of(source, source.replace(b"if", b"or").replace(b'func "', b"func '")).blocks
    html = "\n".join(line.html for block in old for line in block.old)
    assert '<span class="s">func </span><mark><span class="s">&quot;</span></mark>' in html
    assert 'class="k">func' not in html
    assert '<span class="c">for */</span>' in html
    assert colours("go.mod", b"func", [(0, 4)]) == bytearray(4)


def test_what_hides_in_code_is_shown() -> None:
    html = snippet('s := "a\u202e\u200b\x1b[31m" // <b>&amp;\ufeff\r')
    assert '<span class="x">\\u202e\\u200b\\x1b</span>[31m' in html
    assert "&lt;b&gt;&amp;amp;" in html
    assert '<span class="x">\\ufeff\\r</span>' in html
    assert line_html(b"\xff\xfe", bytearray(2)) == "\\xff\\xfe"


def test_long_lines_are_cut_where_nothing_changed() -> None:
    before = b"x " * 5000
    diff = diff_of(before + b"old", before + b"new", "a.txt")
    for line, word in ((diff.blocks[0].old[0], "old"), (diff.blocks[0].new[0], "new")):
        assert f"<mark>{word}</mark>" in line.html
        assert "more bytes" in line.html
        assert len(line.html) < LINE_LIMIT + 200
    wide = diff_of(None, "é".encode() * 9000, "a.txt").blocks[0].new[0].html
    assert "\\x" not in wide


def test_marks_never_cut_a_character() -> None:
    diff = diff_of("a é b c\n".encode(), "a è b c\n".encode(), "a.txt")
    assert diff.blocks[0].old[0].html == "a <mark>é</mark> b c"
    assert diff.blocks[0].new[0].html == "a <mark>è</mark> b c"


def test_a_huge_patch_stays_a_page_that_opens() -> None:
    many = {f"f{i}.txt": (b"".join(b"%d\n" % n for n in range(BLOCK_LINES * 2)), None) for i in range(100)}
    diffs = file_diffs(many)
    assert sum(len(b.old) for d in diffs for b in d.blocks) <= ALL_LINES
    assert diffs[0].blocks[0].cut == BLOCK_LINES
    assert diffs[-1].left_out == 1
    findings = tuple(d._replace(path=f"pkg/part{i}/{d.path}") for i in range(300) for d in DIAGNOSTICS)
    html = render(PLAN._replace(diagnostics=findings), ".html")
    assert html.count('class="finding"') == 300 * len(DIAGNOSTICS)
    assert len(html) < 8_000_000


# -- what the Go toolchain said -------------------------------------------------------------------------------------


def verified(text: str = "undefined: x") -> Plan:
    failure = Failure(text, "example.com/a", "a/a.go", 7, 3, "TestA", (text, "--- FAIL"))
    known = failure._replace(test="TestB", text="flaky " + text)
    check = Check("go test", "a", f"go test {text}", Verdict.WORSE, 1.0, 2.0, 3, 41, (failure,), (known,), (text,))
    return PLAN._replace(
        verification=Verification(Verdict.WORSE, "all", "go1.26", "", (check,), (text,), (Note(text, text),), 3.0)
    )


def test_a_verification_is_shown() -> None:
    page = page_of(verified())
    text = text_of(page)
    assert text.count("Worse: 1 failure with Go go1.26 that the code had not before the patch.") == 2
    assert "a/a.go:7:3: undefined: x (TestA in example.com/a)" in text
    assert "Tests that the patch deletes: undefined: x." in text
    assert "verification" in {a.get("id") for _, a in page.elements}
    assert "Verification" not in text_of(page_of(PLAN))


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "\u202e\x1b[31m", "stray \udcff"])
def test_what_tests_print_is_only_text(text: str) -> None:
    html = render(verified(text)._replace(web=WEB), ".html")
    check_harmless(html, Page(html))
