"""Writes the pages into the folder that is named."""

from __future__ import annotations

import sys
from pathlib import Path

from gomigrate.reference.pages import PAGES

folder = Path(sys.argv[1])
for name, page in PAGES.items():
    (folder / name).write_text(page(), encoding="utf-8")
