"""Which files may change and are reported on: the `include` and `exclude` of a configuration."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec


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
        if self.include and (inside is None or not specification(self.include).match_file(inside)):
            return f"{self.source} does not include the file"
        if self.exclude and inside is not None and specification(self.exclude).match_file(inside):
            return f"{self.source} excludes the file"
        return ""


@lru_cache(maxsize=64)
def specification(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    """The patterns, compiled. Raises ValueError or re.error when one is no pattern."""
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns)
