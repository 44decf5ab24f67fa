"""What a second process does ahead: it reads a checkout, and then loads and runs what renders text and reports.

It begins before anything is known but the folder, and loads by itself what the rest of its work needs: in small steps,
so that nobody waits long for an answer.
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

# What the templates and patterns of a pack ask for, of types that can be sent: see `_sent`.
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
                "list_methods": scan.list_methods,
                "prepare_templating": _prepare_templating,
                "prepare_templates": _prepare_templates,
                "prepare_report": _prepare_report,
                "forced": _forced,
                "template": _template,
                "reports": _reports,
            }
        )
        self.walked = self.background.ask("walk")
        self._foreseen: frozenset[str] = frozenset()
        self._forced: Callable[[], dict[str, str]] = dict

    def search(self, pack: Pack, suffixes: Iterable[str] = ()) -> None:
        """Begins to search the files for what the pack looks for; reports with these suffixes will be asked for."""
        self._pack, self._sent = pack, _sent(pack)
        self._suffixes = tuple(suffixes)
        self.searched = self.background.ask("search", pack.needles, pack.names)

    def foresee(self, paths: Iterable[str]) -> None:
        """Begins to find out which of these files may delete by force."""
        self._foreseen = frozenset(filter(self._pack.may_be_forced, paths))
        self._forced = self.background.ask("forced", self._sent, sorted(self._foreseen)) if self._foreseen else dict

    def prepare(self) -> None:
        """Has what will be needed later done while nothing is asked for, in the order in which it will be."""
        prepare = self.background.prepare
        prepare("prepare_templating")
        prepare("prepare_templates", self._sent)
        for suffix in self._suffixes:
            prepare("prepare_report", suffix)

    def list_methods(self) -> None:
        """Has the methods of all files listed while nothing is asked for: proofs ask for them by their names."""
        self.background.prepare("list_methods")

    def forced(self, path: str) -> str:
        """As `Pack.forced`."""
        found = self._forced() if path in self._foreseen else self.background.run("forced", self._sent, [path])
        return str(found[path])

    def render(self, name: str, values: dict[str, object]) -> str:
        """As `Pack.render`."""
        return str(self.background.run("template", self._sent, name, values))

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


def _prepare_templating() -> None:
    import gomigrate.templating  # noqa: F401


def _prepare_templates(pack: _Sent) -> None:
    _received(pack).prepare_templates()


def _forced(pack: _Sent, paths: list[str]) -> dict[str, str]:
    received = _received(pack)
    return {path: received.forced(path) for path in paths}


def _template(pack: _Sent, name: str, values: dict[str, object]) -> str:
    return _received(pack).render(name, values)


def _prepare_report(suffix: str) -> None:
    from gomigrate.report import prepare

    prepare(suffix)


def _reports(view: dict[str, Any], wanted: dict[str, Sources]) -> dict[str, str]:
    from gomigrate.report import render_all

    return render_all(view, wanted)
