"""The report for machines; `report.schema.json` describes every field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SCHEMA_VERSION = 1
SCHEMA_FILE = Path(__file__).with_name("report.schema.json")


def render_json(view: dict[str, Any]) -> str:
    """The view as JSON: the same view gives the same bytes, in ASCII, so that no terminal acts on them."""
    document = {"$schema": SCHEMA_FILE.name, "schema": SCHEMA_VERSION, **view}
    return json.dumps(document, indent=2, sort_keys=True, allow_nan=False) + "\n"
