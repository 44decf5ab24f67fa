"""The program `gomigrate`, also as `python -m gomigrate`."""

from __future__ import annotations

import gc


def main() -> None:
    """The entry point `gomigrate`."""
    # A run is short, and most of what it makes, its modules above all, it needs to its end.
    gc.set_threshold(100_000)
    from gomigrate.cli import main as run

    run()


if __name__ == "__main__":
    main()
