"""What `gomigrate fleet` costs: repositories made from the bundled sample, each with words of its own, more and more.

For every number of repositories and of workers: once with nothing kept from earlier runs, once again with all of it.
Needs the extra `fleet`.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gomigrate.resources import data_dir

NUMBERS = (1, 4, 16, 64)
WORKERS = (1, 2)
GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgsign=false")


def make_repository(folder: Path, word: str) -> None:
    sample = data_dir("sample")
    for path in sample.rglob("*"):
        if path.is_file():
            target = folder / path.relative_to(sample)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes().replace(b"Voyage", word.encode()))
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "sample")):
        subprocess.run([*GIT, *command], cwd=folder, check=True)


def seconds(listing: Path, out: Path, workers: int, home: Path) -> tuple[float, float]:
    """Of the clock and of the processors."""
    command = [sys.executable, "-m", "gomigrate", "fleet", str(listing), "-q", "-j", str(workers), "--out", str(out)]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, env={**os.environ, "HOME": str(home)})
    took, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    print("| repositories | workers | seconds | each | processor, each | again |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory(prefix="gomigrate-bench-") as scratch:
        top = Path(scratch)
        for number in range(max(NUMBERS)):
            make_repository(top / f"operator-{number:02}", f"Voyage{number:02}")
        for count in NUMBERS:
            entries = (f'[[checkout]]\npath = "operator-{n:02}"\npack = "flyte"\n' for n in range(count))
            listing = top / f"{count}.toml"
            listing.write_text("".join(entries))
            for workers in WORKERS:
                home = top / f"home-{count}-{workers}"
                home.mkdir()
                took, processor = seconds(listing, home / "first", workers, home)
                again, _ = seconds(listing, home / "again", workers, home)
                each = f"{took / count:.2f}", f"{processor / count:.2f}"
                cells = (count, workers, f"{took:.1f}", *each, f"{again:.1f}")
                print(f"| {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    main()
