"""Command lines that run in turns: seconds, processor time and memory of each."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


def environment() -> dict[str, str]:
    """The environment, but with compiled Python kept: an installed program has it, one that runs from its source writes
    it in the round that warms."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@dataclass
class Command:
    """One command line and what its runs took. `seconds` and `cpu` have one entry a run, in order."""

    name: str
    argv: Sequence[str]
    good_codes: tuple[int, ...] = (0,)
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak_mb: float = 0.0

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def cpu_median(self) -> float:
        """Processor seconds, user and system, of the command and all that it started."""
        return statistics.median(self.cpu)

    def run(self, keep: bool = True) -> None:
        """Runs it once. Peak memory is that of the largest single process of the command."""
        with tempfile.TemporaryFile() as errors:
            start = time.perf_counter()
            process = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, env=environment()
            )
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode not in self.good_codes:
                errors.seek(0)
                text = errors.read().decode(errors="replace").strip()
                sys.exit(f"speed: {self.name} ended with {process.returncode}\n{text}")
        if keep:
            self.seconds.append(seconds)
            self.cpu.append(usage.ru_utime + usage.ru_stime)
            # Linux counts in KiB, macOS in bytes.
            unit = 1 if sys.platform == "darwin" else 1024
            self.peak_mb = max(self.peak_mb, usage.ru_maxrss * unit / 1e6)

    def times_faster(self, rival: Command) -> float:
        """How many times as long the rival takes: the median over the rounds, in which both saw the same machine."""
        return statistics.median(r / mine for r, mine in zip(rival.seconds, self.seconds, strict=False))


def in_turns(commands: Sequence[Command], runs: int) -> None:
    """Runs all of them, `runs` times after a round that only warms the file cache."""
    for number in range(runs + 1):
        for command in commands:
            command.run(keep=number > 0)


def print_table(title: str, commands: Sequence[Command], compared: Sequence[Command], with_: Command) -> None:
    print(f"{title}, {len(with_.seconds)} runs each, in turns")
    print(f"  {'':<18} {'median s':>9} {'min':>8} {'max':>8} {'cpu s':>8} {'peak MB':>8} {'beside gomigrate':>17}")
    for command in commands:
        # Only what reads the same tree can be compared.
        ratio = f"{with_.times_faster(command):.2f}x" if command in compared else ""
        low, high = min(command.seconds), max(command.seconds)
        times = f"{command.median:>9.3f} {low:>8.3f} {high:>8.3f} {command.cpu_median:>8.3f}"
        print(f"  {command.name:<18} {times} {command.peak_mb:>8.0f} {ratio:>17}", flush=True)


def print_growth(title: str, sizes: Sequence[int], command_of: Callable[[int], Command], runs: int) -> list[Command]:
    """Runs a command at each size, the last size twice that before it, and prints a straight line through the
    processor times."""
    print(f"{title}, {runs} {'run' if runs == 1 else 'runs'} each")
    print(f"  {'':>8} {'median s':>9} {'cpu s':>8} {'peak MB':>8} {'cpu, doubled':>13}")
    commands: list[Command] = []
    for size in sizes:
        command = command_of(size)
        for _ in range(runs):
            command.run()
        doubled = f"x{command.cpu_median / commands[-1].cpu_median:.2f}" if commands else ""
        times = f"{command.median:>9.3f} {command.cpu_median:>8.3f}"
        print(f"  {size:>8} {times} {command.peak_mb:>8.0f} {doubled:>13}", flush=True)
        commands.append(command)
    slope, start = statistics.linear_regression(sizes, [c.cpu_median for c in commands])
    fit = statistics.correlation(sizes, [c.cpu_median for c in commands]) ** 2
    print(f"  a line through them: {start:.2f} s and {slope * 1000:.2f} ms for each, R² {fit:.4f}")
    return commands


def print_target(met: bool, text: str) -> None:
    print(f"  {'met  ' if met else 'short'} {text}")
