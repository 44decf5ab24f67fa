"""The folder of a fleet: a page, Markdown and JSON over all repositories, and a folder for each with its own files."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gomigrate.fleet.attempt import PATCH
from gomigrate.fleet.model import Row
from gomigrate.report.fleet import fleet_html, fleet_json, fleet_markdown, fleet_view

PAGE, MARKDOWN, JSON = "index.html", "fleet.md", "fleet.json"
_FILES = {"patch": PATCH, "html": "report.html", "json": "report.json", "markdown": "report.md"}


def write_results(target: Path, done: Sequence[tuple[Row, Path]]) -> dict[str, Any]:
    """Fills the folder `target` and gives the view that its reports were made from; `done` has each repository's row
    and the folder that `gomigrate.fleet.attempt` filled."""
    outputs = {}
    for row, folder in done:
        kinds = {kind: name for kind, name in _FILES.items() if not row.error and (folder / name).is_file()}
        if kinds:
            (target / row.name).mkdir()
        for name in kinds.values():
            shutil.copyfile(folder / name, target / row.name / name)
        outputs[row.name] = {kind: f"{row.name}/{name}" for kind, name in kinds.items()}
    view = fleet_view((row for row, _ in done), outputs)
    (target / PAGE).write_text(fleet_html(view), encoding="utf-8")
    (target / MARKDOWN).write_text(fleet_markdown(view), encoding="utf-8")
    (target / JSON).write_text(fleet_json(view), encoding="ascii")
    return view
