"""docs/architecture.md against the code: every module is named, and imports go the way that is shown."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parent.parent
PACKAGE = PROJECT / "gomigrate"
PAGE = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def layers() -> dict[str, int]:
    """The height of each part that the page shows; the ground is 0."""
    block = PAGE.split("## Who may import whom")[1].split("```")[1].removeprefix("text\n")
    return {part: height for height, line in enumerate(reversed(block.splitlines())) for part in line.split()}


def part_of(module: str) -> str:
    """The longest part that holds the module: `go.evaluator` for gomigrate.go.evaluator.calls, '' for the package."""
    parts = [part for part in layers() if f"{module}.".startswith(f"gomigrate.{part}.")]
    return max(parts, key=len, default="")


def dotted(path: Path) -> str:
    return ".".join(("gomigrate", *path.with_suffix("").parts)).removesuffix(".__init__")


def running(node: ast.AST) -> Iterator[ast.AST]:
    """Everything below the node but what is for type checking only."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield child
            yield from running(child)


def imported(source: str) -> Iterator[str]:
    """The modules of gomigrate that a source imports at its top or inside of a function."""
    for node in running(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in names if f"{name}.".startswith("gomigrate."))


def test_every_module_is_named() -> None:
    wanted = {path.as_posix() for path in MODULES if path.name != "__init__.py"}
    tables = re.findall(r"^\| `((?:\w+/)*\w+\.py)` \| \S", PAGE, re.MULTILINE)
    assert sorted(tables) == sorted(wanted)


def test_every_package_is_named() -> None:
    wanted = {f"{path.parent.as_posix()}/" for path in MODULES if path.name == "__init__.py"} - {"./"}
    assert set(re.findall(r"^\| `((?:\w+/)+)` \|", PAGE, re.MULTILINE)) == wanted


def test_every_part_is_there_and_every_module_has_one() -> None:
    names = {dotted(path) for path in MODULES}
    assert {f"gomigrate.{part}" for part in layers()} <= names
    assert [name for name in names if not part_of(name)] == ["gomigrate"]


def test_imports_go_down() -> None:
    height = layers()
    up = []
    for path in MODULES:
        user = part_of(dotted(path))
        for name in imported((PACKAGE / path).read_text(encoding="utf-8")):
            used = part_of(name)
            if used and used != user and height[used] >= height[user]:
                up.append(f"{path} imports {name}")
    assert up == []
