"""Times gomigrate beside other tools on the same trees, in turns, and how it grows, and compares with the targets."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import many_sites
from measure import Command, in_turns, print_growth, print_table, print_target
from rivals import ast_grep, find_tool, ripgrep, slow_ones

NEEDLE = b"Finalizers"
USUAL_FILE = "flytepropeller/pkg/controller/handler.go"
COPIES = (1, 2, 4, 8)
SITES = (625, 1250, 2500, 5000)
# A straight line with some start-up doubles by less than 2; the rest is for a machine that does other things.
DOUBLED = 2.3


def pick_file(checkout: Path) -> Path:
    """The file for `check`: Flyte's handler, else the first Go file that speaks of finalizers."""
    if (checkout / USUAL_FILE).is_file():
        return checkout / USUAL_FILE
    for path in sorted(checkout.rglob("*.go")):
        if path.is_file() and NEEDLE in path.read_bytes():
            return path
    sys.exit(f"speed: no Go file in {checkout} speaks of finalizers; say --file")


def patch(tree: Path, out: Path) -> Command:
    """The main job: patch, Markdown and JSON report."""
    reports = ["--report", str(out / "report.md"), "--report", str(out / "report.json")]
    return Command(
        "gomigrate patch", [find_tool("gomigrate"), "patch", str(tree), "-o", str(out / "out.patch"), *reports]
    )


def bench_checkout(checkout: Path, file: Path, runs: int, out: Path) -> None:
    mine, rival, floor = patch(checkout, out), ast_grep(checkout), ripgrep(checkout)
    check = Command("gomigrate check", [find_tool("gomigrate"), "check", str(file)], (0, 1))
    usage = Command("gomigrate --help", [find_tool("gomigrate"), "--help"])
    commands = [mine, rival, floor, check, usage]
    in_turns(commands, runs)
    slow = slow_ones(checkout, out)
    in_turns(slow, min(runs, 2))
    print_table(f"(a) {checkout}", [*commands, *slow], [rival, floor, *slow], mine)
    ratio = mine.times_faster(rival)
    print_target(ratio >= 3, f"patch with two reports is {ratio:.1f} times faster than ast-grep (target 3)")
    print_target(check.median < 0.12, f"check of one file takes {check.median:.3f} s (target 0.12)")
    print_target(usage.median < 0.06, f"--help takes {usage.median:.3f} s (target 0.06)")


def bench_big(tree: Path, runs: int, out: Path) -> None:
    mine, rival, floor = patch(tree, out), ast_grep(tree), ripgrep(tree)
    in_turns([mine, rival, floor], runs)
    print_table(f"(b) {tree}", [mine, rival, floor], [rival, floor], mine)
    ratio = mine.times_faster(rival)
    print_target(ratio >= 20, f"patch with two reports is {ratio:.1f} times faster than ast-grep (target 20)")
    print_target(mine.peak_mb < 200, f"memory peaks at {mine.peak_mb:.0f} MB (target 200)")


def bench_copies(checkout: Path, runs: int, out: Path) -> None:
    copies = out / "copies"

    def command(count: int) -> Command:
        for number in range(count):
            if not (copies / str(number)).is_dir():
                shutil.copytree(checkout, copies / str(number), ignore=_only_go, symlinks=True)
                _tell_apart(copies / str(number), number)
        return patch(copies, out)

    found = print_growth(f"(c) copies of {checkout} in one tree", COPIES, command, runs)
    ratio = found[-1].cpu_median / found[-2].cpu_median
    print_target(ratio < DOUBLED, f"twice the copies take {ratio:.2f} times as long (target {DOUBLED})")
    grown = found[-1].peak_mb / found[0].peak_mb
    print_target(grown < 2, f"memory is {grown:.2f} times that of one copy (target 2)")


def _tell_apart(copy: Path, number: int) -> None:
    """Files of the same bytes share what is known of them, and copies are meant to stand for other checkouts."""
    for path in copy.rglob("*.go"):
        if path.is_file() and not path.is_symlink():
            path.write_bytes(path.read_bytes() + b"\n// Copy %d.\n" % number)


def _only_go(folder: str, names: list[str]) -> list[str]:
    kept = (".go", "go.mod", "go.sum", "go.work")
    return [n for n in names if n == ".git" or not (n.endswith(kept) or (Path(folder) / n).is_dir())]


def bench_sites(out: Path) -> None:
    def command(count: int) -> Command:
        tree = out / f"sites{count}"
        tree.mkdir()
        many_sites.write(tree, count // 4)
        return patch(tree, out)

    found = print_growth("(d) helpers and uses in one checkout", SITES, command, 1)
    ratio = found[-1].cpu_median / found[-2].cpu_median
    print_target(ratio < DOUBLED, f"twice the sites take {ratio:.2f} times as long (target {DOUBLED})")
    print_target(found[-1].peak_mb < 200, f"memory peaks at {found[-1].peak_mb:.0f} MB (target 200)")


def folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is no folder")
    return path


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number above 0")
    return int(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkout", type=folder, help="a Go checkout, for the targets Flyte's")
    parser.add_argument("--file", type=Path, help="the Go file for `gomigrate check`")
    parser.add_argument("--big", type=folder, metavar="DIR", help="a big tree as well, at most 3 runs")
    parser.add_argument("-n", type=positive, default=9, metavar="RUNS", help="runs of each (default 9)")
    options = parser.parse_args()
    file = options.file or pick_file(options.checkout)
    with tempfile.TemporaryDirectory() as out:
        bench_checkout(options.checkout, file, options.n, Path(out))
        print()
        if options.big:
            bench_big(options.big, min(options.n, 3), Path(out))
            print()
        bench_copies(options.checkout, min(options.n, 3), Path(out))
        print()
        bench_sites(Path(out))


if __name__ == "__main__":
    main()
