"""The pages docs/report-schema.md and docs/fleet-schema.md, from the schemas of the JSON reports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gomigrate.reference import item, wrapped
from gomigrate.report.fleet import SCHEMA_FILE as FLEET_SCHEMA
from gomigrate.report.json_report import SCHEMA_FILE

_HEAD = """\
# The JSON report

`--report FILE.json` writes a report for other programs. Each field is always there, and there are no others. The
format's version is the field `schema`: it grows when a reader would have to change. The
[JSON Schema](https://json-schema.org) that this page is made from comes with gomigrate, as
`gomigrate/report/report.schema.json`.
"""
_FLEET_HEAD = """\
# The JSON report of a fleet

`gomigrate fleet LIST --out DIR` writes DIR/fleet.json. Each field is always there, and there are no others. The
format's version is the field `schema`: it grows when a reader would have to change. The
[JSON Schema](https://json-schema.org) that this page is made from comes with gomigrate, as
`gomigrate/report/fleet.schema.json`. What was found in one repository is in
[its own report](report-schema.md).
"""
_WORDS = {"string": "text", "boolean": "true or false", "null": "null", "integer": "integer", "number": "number"}


def page() -> str:
    """The page docs/report-schema.md."""
    return _page(SCHEMA_FILE, _HEAD)


def fleet_page() -> str:
    """The page docs/fleet-schema.md."""
    return _page(FLEET_SCHEMA, _FLEET_HEAD)


def _page(file: Path, head: str) -> str:
    schema = json.loads(file.read_text(encoding="utf-8"))
    parts = [head, "## report\n", *_fields(schema)]
    for name, described in schema["$defs"].items():
        parts += [f"\n## {name}\n", wrapped(described["description"]), "", *_fields(described)]
    return "\n".join(parts) + "\n"


def _fields(described: dict[str, Any], depth: int = 0) -> Iterator[str]:
    for name, field in described["properties"].items():
        yield item(f"`{name}` ({_kind(field)}): {field['description']}", depth)
        inner = field.get("items", field)
        if "properties" in inner:
            yield from _fields(inner, depth + 1)


def _kind(field: dict[str, Any]) -> str:
    if "$ref" in field:
        name = str(field["$ref"]).rsplit("/", 1)[1]
        return f"[{name}](#{name})"
    if "oneOf" in field:
        # What it holds goes before what says that there is nothing.
        return " or ".join(_kind(f) for f in sorted(field["oneOf"], key=lambda f: f.get("type") == "null"))
    if "const" in field:
        return f"`{json.dumps(field['const'])}`"
    if "enum" in field:
        return " or ".join(f"`{json.dumps(value)}`" for value in field["enum"])
    if field["type"] == "array":
        return f"list of {_kind(field['items'])}"
    kinds: list[str] = field["type"] if isinstance(field["type"], list) else [field["type"]]
    return " or ".join(_WORDS.get(kind, kind) for kind in kinds)
