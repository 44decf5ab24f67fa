"""What a second process does ahead: it reads a checkout, and then loads and runs what renders text and reports.

It begins before anything is known but the folder, and loads by itself what the rest of its work needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gomigrate.background import Background
from gomigrate.index import Scan

if TYPE_CHECKING:
    from gomigrate.packs import Pack
    from gomigrate.report.diffs import Sources

# What `load`, `render` and `forced` of a pack ask for, of types that can be sent: see `_sent`.
_Sent = tuple[str, str, tuple[tuple[str, str], ...]]


class Ahead:
    """A second process at work for one plan. Made for a folder it lists the files there; `search` says what for."""

    def __init__(self, path: Path) -> None:
        self.scan = Scan(str(path))
        scan = self.scan
        self.background = Background(
            {
                "walk": scan.walk,
                "search": scan.search,
                "companions": scan.companions,
                "holding": scan.holding,
                "declaring": scan.declaring,
                "prepare_methods": scan.prepare_methods,
                "load": _load,
                "forced": _forced,
                "template": _template,
                "prepare": _prepare,
                "reports": _reports,
            }
        )
        self.walked = self.background.ask("walk")

    def search(self, pack: Pack, suffixes: Iterable[str] = ()) -> None:
        """Begins to search the files for what the pack looks for; reports with these suffixes will be asked for."""
        self._pack = _sent(pack)
        self._suffixes = tuple(suffixes)
        self.searched = self.background.ask("search", pack.needles)

    def prepare(self) -> None:
        """Begins with what will be needed later, when nothing is asked for any more that is needed now."""
        self.background.ask("load", self._pack)
        for suffix in self._suffixes:
            self.background.ask("prepare", suffix)
        self.background.ask("prepare_methods")

    def forced(self, path: str) -> str:
        """As `Pack.forced`."""
        return str(self.background.run("forced", self._pack, path))

    def render(self, name: str, values: dict[str, object]) -> str:
        """As `Pack.render`."""
        return str(self.background.run("template", self._pack, name, values))

    def reports(self, view: dict[str, Any], wanted: dict[str, Sources]) -> Callable[[], dict[str, str]]:
        """Begins to render, as `gomigrate.report.render_all`, and gives a function that waits for the reports."""
        return self.background.ask("reports", view, wanted)


def _sent(pack: Pack) -> _Sent:
    return str(pack.folder), str(pack.base), tuple((place.path, place.why) for place in pack.force_delete)


def _received(sent: _Sent) -> Pack:
    """As much of a pack as was sent."""
    from gomigrate.packs import ForceDelete, Pack

    folder, base, places = sent
    return Pack("", "", "", Path(folder), Path(base), (), (), {}, tuple(ForceDelete(*place) for place in places))


def _load(pack: _Sent) -> None:
    _received(pack).load()


def _forced(pack: _Sent, path: str) -> str:
    return _received(pack).forced(path)


def _template(pack: _Sent, name: str, values: dict[str, object]) -> str:
    return _received(pack).render(name, values)


def _prepare(suffix: str) -> None:
    from gomigrate.report import prepare

    prepare(suffix)


def _reports(view: dict[str, Any], wanted: dict[str, Sources]) -> dict[str, str]:
    from gomigrate.report import render_all

    return render_all(view, wanted)
