"""Which files may change and are reported on: the `include` and `exclude` of a configuration."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

# Matching a pattern takes a time that grows with the path's length to the power of its wildcards that may end at many
# places. These two keep it to milliseconds, and no pattern or path that people write comes near.
MAX_OPEN_WILDCARDS = 3
MAX_PATH = 512


class Selection(NamedTuple):
    """Patterns in git's ignore language, relative to `folder`, that of the configuration ('' is the checkout's top).

    `source` is the configuration's path for people. What is left out is still read: it may use what others declare.
    """

    source: str = ""
    folder: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @property
    def limits(self) -> bool:
        """Whether anything may be left out."""
        return bool(self.include or self.exclude)

    def left_out(self, path: str) -> str:
        """Why a file (relative to the checkout's top) is left out; '' when it is not."""
        if not self.limits:
            return ""
        prefix = f"{self.folder}/" if self.folder else ""
        inside = path[len(prefix) :] if path.startswith(prefix) else None
        if len(path) > MAX_PATH:
            return f"its path is too long for the patterns of {self.source}"
        if self.include and (inside is None or not specification(self.include).match_file(inside)):
            return f"{self.source} does not include the file"
        if self.exclude and inside is not None and specification(self.exclude).match_file(inside):
            return f"{self.source} excludes the file"
        return ""


def too_open(pattern: str) -> bool:
    """Whether a pattern has so many wildcards that matching it could take for ever."""
    *folders, name = pattern.removeprefix("!").rstrip("/").removesuffix("/**").split("/")
    anchored = bool(folders) and folders[0] != "**"
    stars = (re.sub(r"\*+", "*", part).count("*") for part in (*folders, name) if part != "**")
    open_stars = sum(max(0, count - 1) for count in stars)
    return (not anchored) + sum(part == "**" for part in folders[1:]) + open_stars > MAX_OPEN_WILDCARDS


@lru_cache(maxsize=64)
def specification(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    """The patterns, compiled. Raises ValueError or re.error when one is no pattern."""
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns)
