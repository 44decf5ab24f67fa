"""Reports of a plan, one for each file extension, all made from the one view of `gomigrate.report.view`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gomigrate.errors import UserError

if TYPE_CHECKING:
    from gomigrate.model import Plan


def _json(view: dict[str, Any]) -> str:
    from gomigrate.report.json_report import render_json

    return render_json(view)


def _markdown(view: dict[str, Any]) -> str:
    from gomigrate.report.markdown import render_markdown

    return render_markdown(view)


FORMATS: dict[str, Callable[[dict[str, Any]], str]] = {".json": _json, ".md": _markdown}


def render_view(view: dict[str, Any], suffix: str) -> str:
    """Render a view in the format that a file name's suffix asks for."""
    writer = FORMATS.get(suffix.lower())
    if writer is None:
        known = " or ".join(sorted(FORMATS))
        raise UserError(f"no report format for the suffix {suffix!r}: name a file that ends in {known}")
    return writer(view)


def render(plan: Plan, suffix: str) -> str:
    """Render a plan; for several formats build the view once and call `render_view` for each."""
    from gomigrate.report.view import build_view

    return render_view(build_view(plan), suffix)
