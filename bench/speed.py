"""Times gomigrate and ast-grep side by side on the same tree, in turns, and compares with the targets."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

PATTERN = "$O.SetFinalizers($$$A)"
NEEDLE = b"Finalizers"
USUAL_FILE = "flytepropeller/pkg/controller/handler.go"
INSTALL = {
    "gomigrate": "install the checkout (make .venv/.runtime)",
    "ast-grep": "install requirements/bench.txt (make .venv/.bench)",
}


@dataclass
class Command:
    """One command line and what its runs took."""

    name: str
    argv: Sequence[str]
    good_codes: tuple[int, ...] = (0,)
    seconds: list[float] = field(default_factory=list)
    peak_mb: float = 0.0

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def run(self, keep: bool) -> None:
        with tempfile.TemporaryFile() as errors:
            start = time.perf_counter()
            process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode not in self.good_codes:
                errors.seek(0)
                text = errors.read().decode(errors="replace").strip()
                sys.exit(f"speed: {self.name} ended with {process.returncode}\n{text}")
        if keep:
            self.seconds.append(seconds)
            # Linux counts in KiB, macOS in bytes.
            unit = 1 if sys.platform == "darwin" else 1024
            self.peak_mb = max(self.peak_mb, usage.ru_maxrss * unit / 1e6)


def find_tool(name: str) -> str:
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.is_file() else shutil.which(name)
    if not found:
        sys.exit(f"speed: there is no {name} beside {sys.executable} nor on PATH; {INSTALL[name]}")
    return found


def pick_file(checkout: Path) -> Path:
    """The file for `check`: Flyte's handler, else the first Go file that speaks of finalizers."""
    if (checkout / USUAL_FILE).is_file():
        return checkout / USUAL_FILE
    for path in sorted(checkout.rglob("*.go")):
        if path.is_file() and NEEDLE in path.read_bytes():
            return path
    sys.exit(f"speed: no Go file in {checkout} speaks of finalizers; say --file")


def patch_and_rival(tree: Path, out: Path) -> tuple[Command, Command]:
    reports = ["--report", str(out / "report.md"), "--report", str(out / "report.json")]
    patch = [find_tool("gomigrate"), "patch", str(tree), "-o", str(out / "out.patch"), *reports]
    # ast-grep ends with 1 when nothing matches.
    rival = [find_tool("ast-grep"), "run", "-l", "go", "-p", PATTERN, str(tree)]
    return Command("gomigrate patch", patch), Command("ast-grep run", rival, (0, 1))


def measure(commands: Sequence[Command], runs: int) -> None:
    for number in range(runs + 1):
        for command in commands:
            command.run(keep=number > 0)  # the first round only warms the file cache


def print_table(title: str, commands: Sequence[Command], rival: Command) -> None:
    print(f"{title}, {len(rival.seconds)} runs each, in turns")
    print(f"  {'':<16} {'median s':>9} {'min':>8} {'max':>8} {'peak MB':>8} {'ast-grep / it':>14}")
    for command in commands:
        # Only what reads the same tree can be compared.
        same_work = rival.argv[-1] in command.argv
        ratio = f"{rival.median / command.median:.1f}x" if same_work else ""
        low, high = min(command.seconds), max(command.seconds)
        numbers = f"{command.median:>9.3f} {low:>8.3f} {high:>8.3f} {command.peak_mb:>8.0f} {ratio:>14}"
        print(f"  {command.name:<16} {numbers}")


def print_target(met: bool, text: str) -> None:
    print(f"  {'met  ' if met else 'short'} {text}")


def bench_checkout(checkout: Path, file: Path, runs: int, out: Path) -> None:
    patch, rival = patch_and_rival(checkout, out)
    gomigrate = patch.argv[0]
    check = Command("gomigrate check", [gomigrate, "check", str(file)], (0, 1))
    usage = Command("gomigrate --help", [gomigrate, "--help"])
    commands = [patch, rival, check, usage]
    measure(commands, runs)
    print_table(str(checkout), commands, rival)
    ratio = rival.median / patch.median
    print_target(ratio >= 3, f"patch with two reports is {ratio:.1f} times faster than ast-grep (target 3)")
    print_target(check.median < 0.12, f"check of one file takes {check.median:.3f} s (target 0.12)")
    print_target(usage.median < 0.06, f"--help takes {usage.median:.3f} s (target 0.06)")


def bench_big(tree: Path, runs: int, out: Path) -> None:
    patch, rival = patch_and_rival(tree, out)
    measure([patch, rival], runs)
    print_table(str(tree), [patch, rival], rival)
    ratio = rival.median / patch.median
    print_target(ratio >= 20, f"patch with two reports is {ratio:.1f} times faster than ast-grep (target 20)")
    print_target(patch.peak_mb < 200, f"memory peaks at {patch.peak_mb:.0f} MB (target 200)")


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
        if options.big:
            print()
            bench_big(options.big, min(options.n, 3), Path(out))


if __name__ == "__main__":
    main()
