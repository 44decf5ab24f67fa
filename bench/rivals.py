"""The same one pattern, calls of SetFinalizers, as other tools search for it."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from measure import Command

PATTERN = "$O.SetFinalizers($$$A)"
INSTALL = {
    "gomigrate": "install the checkout (make .venv/.runtime)",
    "ast-grep": "install requirements/bench.txt (make .venv/.bench)",
    "rg": "install requirements/bench.txt (make .venv/.bench)",
}
# An environment of its own: what these need would not go together with what gomigrate needs.
RIVALS = Path(sys.prefix) / ".rivals" / "bin"


def find_tool(name: str) -> str:
    """The path of a program; ends the script when there is none."""
    found = _tool(name)
    if not found:
        sys.exit(f"speed: there is no {name} beside {sys.executable} nor on PATH; {INSTALL[name]}")
    return found


def _tool(name: str) -> str | None:
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.is_file() else shutil.which(name)


def ast_grep(tree: Path) -> Command:
    # Ends with 1 when nothing matches.
    return Command("ast-grep run", [find_tool("ast-grep"), "run", "-l", "go", "-p", PATTERN, str(tree)], (0, 1))


def ripgrep(tree: Path) -> Command:
    """The floor: it reads the same files and understands nothing."""
    return Command("rg -l", [find_tool("rg"), "-l", "-t", "go", "SetFinalizers", str(tree)], (0, 1))


def slow_ones(tree: Path, out: Path) -> list[Command]:
    """Those that are installed of the tools that take long."""
    found = []
    if (RIVALS / "semgrep").is_file():
        rule = {"id": "x", "languages": ["go"], "severity": "INFO", "message": "x", "pattern": "$O.SetFinalizers(...)"}
        config = out / "semgrep.json"
        config.write_text(json.dumps({"rules": [rule]}), encoding="utf-8")
        options = ["--metrics", "off", "--disable-version-check", "--quiet", "--no-git-ignore", "--config", str(config)]
        found.append(Command("semgrep scan", [str(RIVALS / "semgrep"), "scan", *options, str(tree)]))
    if (RIVALS / "python").is_file():
        script = Path(__file__).with_name("piranha.py")
        found.append(Command("polyglot-piranha", [str(RIVALS / "python"), str(script), str(tree)]))
    return found
