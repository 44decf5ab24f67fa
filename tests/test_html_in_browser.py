"""The HTML report in a real Chromium: at three widths, in light and dark, by mouse, by keyboard and on paper.

BROWSER names the program; else `chromium` on PATH. Nothing is downloaded.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from test_fleet import ROWS
from test_html_report import WEB, verified
from test_report import DIAGNOSTICS, HOSTILE, PLAN, hostile_plan

from gomigrate import packs
from gomigrate.model import Plan
from gomigrate.pipeline import plan_checkout
from gomigrate.report import render
from gomigrate.report.fleet import fleet_html, fleet_view

pytestmark = pytest.mark.browser

WIDTHS = (360, 800, 1400)
SERIOUS = ("serious", "critical")
Open = Callable[..., Any]


def in_a_line(count: int) -> str:
    return "finalizer" * (count // 9)


def plans(sample: Path) -> dict[str, Plan]:
    """The sample; one with stuck objects, things left, links and a verification; and what an enemy would write."""
    long = tuple(d._replace(path=in_a_line(900) + ".go", message=in_a_line(10_000)) for d in DIAGNOSTICS)
    enemy = "\n".join(HOSTILE) + "<img src=x onerror=alert(1)>"
    wide = b"package a // " + enemy.encode("utf-8", "surrogatepass") + b"x" * 10_000 + b"\n"
    hostile = hostile_plan(enemy, findings=1)._replace(
        originals={"a.go": wide}, changes={"a.go": wide + b"\n" + wide, "b.go": wide, f"{enemy}.go": wide}
    )
    return {
        "sample": plan_checkout(sample, packs.load("flyte")),
        "stuck": verified()._replace(web=WEB),
        "hostile": hostile._replace(diagnostics=hostile.diagnostics + long),
        "empty": PLAN._replace(diagnostics=(), changes={}, constants=(), matrices=(), modules=(), notes=()),
    }


@pytest.fixture(scope="module")
def pages(sample_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Addresses of the reports."""
    folder = tmp_path_factory.mktemp("pages")
    # Away from this repository, which would be the checkout otherwise.
    sample = shutil.copytree(sample_dir, tmp_path_factory.mktemp("checkout") / "sample")
    for name, plan in plans(sample).items():
        (folder / f"{name}.html").write_text(render(plan, ".html"), encoding="utf-8")
    rows = [row._replace(source=in_a_line(300), error=row.error and "\n".join(HOSTILE)) for row in ROWS]
    fleet = fleet_view(rows, {"ready": {"html": "ready/report.html", "patch": "ready/finalizer.patch"}})
    (folder / "fleet.html").write_text(fleet_html(fleet), encoding="utf-8")
    return {file.stem: file.as_uri() for file in folder.iterdir()}


@pytest.fixture
def show(chromium: Any, pages: dict[str, str]) -> Iterator[Open]:
    """Opens a report; in the end, nothing was asked for, said on the console, or popped up."""
    seen: list[str] = []
    contexts = []

    def open_page(name: str, width: int = 1400, **options: Any) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        context.set_default_timeout(8_000)
        page = context.new_page()
        for event in ("console", "pageerror", "dialog", "popup", "download"):
            page.on(event, lambda what, event=event: seen.append(f"{event}: {getattr(what, 'text', what)}"))
        page.on("request", lambda r: None if r.url.split("#")[0] == pages[name] else seen.append(f"request: {r.url}"))
        page.goto(pages[name])
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert seen == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["sample", "stuck", "hostile", "empty", "fleet"])
def test_it_fits_and_everybody_can_read_it(show: Open, name: str, width: int, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = show(name, width, color_scheme=scheme)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(246, 248, 250)" if scheme == "light" else "rgb(13, 17, 23)"
    )
    found = [v for v in Axe().run(page).response["violations"] if v["impact"] in SERIOUS]
    assert not found, [(v["id"], [n["html"][:200] for n in v["nodes"][:3]], v["nodes"][0]["any"][:1]) for v in found]


def test_the_summary_is_one_screen(show: Open) -> None:
    page = show("sample")
    assert page.evaluate("document.querySelector('#summary').getBoundingClientRect().bottom") <= 900


def shown(page: Any) -> int:
    count: int = page.locator(".finding:visible").count()
    said = page.locator(".filter output").inner_text()
    assert said == f"{count} of {page.locator('.finding').count()} shown"
    return count


def test_filter_and_search(show: Open) -> None:
    page = show("stuck")
    assert shown(page) == len(DIAGNOSTICS) == 12
    page.locator("[name=confidence]").select_option("narrowed")
    assert shown(page) == 2
    page.locator("[name=kind]").select_option("Clear")
    assert shown(page) == 1
    page.get_by_role("button", name="Clear", exact=True).click()
    assert shown(page) == 12
    page.locator("[name=state]").select_option("left for you")
    assert shown(page) == 2
    assert page.locator("#changes .group:visible").count() == 0, "a file without a finding that is shown goes too"
    page.locator("[name=state]").select_option("")
    page.locator("[name=file]").select_option("flytepropeller/pkg/controller/handler.go")
    assert shown(page) == 3
    page.locator("[name=text]").fill("  TIMESTAMP isdeleted ")
    assert shown(page) == 1
    page.locator("[name=text]").fill("no such thing")
    assert shown(page) == 0
    page.locator(".tiles").get_by_text("1 assumed").click()
    assert shown(page) == 1
    assert page.locator("[name=text]").input_value() == ""


def test_open_all_and_close_all(show: Open) -> None:
    page = show("stuck")
    page.locator("[name=confidence]").select_option("exact")
    page.get_by_role("button", name="Open all").click()
    page.locator("[name=confidence]").select_option("")
    is_open = page.locator(".finding[open]")
    assert is_open.count() == 6 + 2, "those that were shown, and what is left, which is open from the start"
    page.get_by_role("button", name="Close all").click()
    assert is_open.count() == 0


def test_links_open_what_they_lead_to(show: Open) -> None:
    page = show("sample")
    page.locator("[name=confidence]").select_option("exact")
    target = page.locator(".remark a:visible").filter(has_text="Clear").first
    target.click()
    finding = page.locator(target.get_attribute("href"))
    assert finding.evaluate("one => one.open && !one.hidden")
    assert finding.evaluate(
        "one => { const r = one.getBoundingClientRect(); return r.top >= 0 && r.top < innerHeight }"
    )
    finding.get_by_text("in the diff").click()
    assert page.url.endswith("#diff-" + target.get_attribute("href")[1:])
    assert page.locator(":target").evaluate("one => one.getBoundingClientRect().top >= 0")
    finding.locator("a[href^='#rule-']").click()
    assert page.locator(":target").evaluate("one => one.open")


def test_by_keyboard_alone(show: Open) -> None:
    page = show("stuck")

    def press(key: str) -> str:
        page.keyboard.press(key)
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none" or key == "Enter", "one must see where one is"
        words: str = page.evaluate("(document.activeElement.name || document.activeElement.innerText).trim()")
        return words

    assert press("Tab") == "Skip to the findings"
    press("Enter")
    assert press("Tab") == "text"
    page.keyboard.type("timestamp")
    assert shown(page) == 1
    assert [press("Tab") for _ in range(7)] == ["state", "kind", "confidence", "file", "clear", "open", "close"]
    assert "tests whether the deletion timestamp is set" in press("Tab")
    press("Enter")
    assert page.locator(".finding:visible").evaluate("one => one.open")
    assert press("Tab").endswith("handler.go:106")


def test_without_scripts_everything_is_there(show: Open) -> None:
    page = show("stuck", java_script_enabled=False)
    assert page.locator(".filter").is_hidden()
    assert page.locator(".finding:visible").count() == 12


def test_on_paper_everything_is_open(show: Open) -> None:
    page = show("sample")
    closed = page.locator("details:not([open])")
    before = closed.count()
    assert before > 10
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert closed.count() == 0
    assert page.locator(".filter").is_hidden() and page.locator("nav").is_hidden()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert closed.count() == before
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_code_stands_in_its_own_order(show: Open) -> None:
    """Hebrew in code must not swap the sides of what stands around it."""
    page = show("hostile")
    style = page.locator(".l > code").first.evaluate("one => [getComputedStyle(one).unicodeBidi, one.dir]")
    assert style[0] == "bidi-override"


def test_side_by_side_where_there_is_room(show: Open) -> None:
    for width, apart in ((360, False), (1400, True)):
        page = show("sample", width)
        boxes = [
            page.locator(f".block.changed:has(del):has(ins) > {side}").first.bounding_box() for side in ("del", "ins")
        ]
        assert (boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]) is apart
        assert (boxes[0]["y"] < boxes[1]["y"]) is not apart
