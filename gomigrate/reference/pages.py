"""Which pages there are."""

from __future__ import annotations

from collections.abc import Callable

from gomigrate import explain
from gomigrate.reference import bundled_packs, commands, report_schema

# File name -> what gives its text.
PAGES: dict[str, Callable[[], str]] = {
    "bundled-packs.md": bundled_packs.page,
    "commands.md": commands.page,
    "fleet-schema.md": report_schema.fleet_page,
    "report-schema.md": report_schema.page,
    "rules.md": explain.page,
}
