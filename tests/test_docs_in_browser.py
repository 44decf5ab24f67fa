"""The documentation's site in a real Chromium: nothing is asked of another host, and pages fit a narrow screen."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

PROJECT = Path(__file__).parent.parent
PAGES = sorted(page.stem for page in (PROJECT / "docs").glob("*.md"))

pytestmark = pytest.mark.browser


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the site, built anew."""
    pytest.importorskip("mkdocs", reason="needs mkdocs (requirements/docs.txt)")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)]
    subprocess.run(command, cwd=PROJECT, check=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def page(chromium: Any, site: str) -> Iterator[Any]:
    """A narrow page; in the end, nothing was asked of another host, and no error was said."""
    seen: list[str] = []
    context = chromium.new_context(viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.on("request", lambda r: None if r.url.startswith((site, "data:", "blob:")) else seen.append(r.url))
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.on("console", lambda said: seen.append(said.text))
    yield page
    context.close()
    assert seen == []


@pytest.mark.parametrize("name", PAGES)
def test_pages(page: Any, site: str, name: str) -> None:
    page.goto(f"{site}/{name}.html", wait_until="networkidle")
    assert page.locator("article h1").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_search(page: Any, site: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    # Asked in the address, so that a slow machine cannot type before the page listens.
    page.goto(f"{site}/index.html?q=constant-package")
    page.locator(".md-search-result__link").first.wait_for(timeout=60_000)
