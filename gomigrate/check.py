"""`gomigrate check`: findings in files or folders, looking at the rest of the checkout only as far as needed."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from gomigrate.checkout import Checkout, is_searched
from gomigrate.errors import UserError, printable
from gomigrate.git.folder import find_top
from gomigrate.journal import interrupted_note
from gomigrate.model import Diagnostic, Note
from gomigrate.settings import Settings

if TYPE_CHECKING:
    from gomigrate.finalizer.analysis import Analysis
    from gomigrate.go.workspace import Workspace

_QUOTED = re.compile(rb"""["`]([^"`\s]+)["`]""")


class Stopwatch:
    """Seconds of each stage, in `laps`: those since the stage before it ended, or since this was made."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.laps[stage] = self.laps.get(stage, 0.0) + now - self._last
        self._last = now


def check_paths(
    paths: tuple[Path, ...], settle: Callable[[Path, Path], Settings], watch: Stopwatch | None = None
) -> tuple[tuple[Diagnostic, ...], tuple[Note, ...]]:
    """Findings in these files and folders, and notes on what was skipped. Raises UserError for a path that is not.

    `settle` gives the settings for a folder and the top of its checkout.
    """
    watch = watch or Stopwatch()
    found: dict[Diagnostic, None] = {}
    notes: dict[Note, None] = {}
    files: dict[tuple[Path, str, str], tuple[Settings, list[str]]] = {}
    passed_over = 0
    for path in paths:
        if path.is_dir():
            top, folder, _ = _placed(path)
            some, said = _check_folder(path, settle(folder, top), watch)
            found.update(dict.fromkeys(some))
            notes.update(dict.fromkeys(said))
        elif not path.exists():
            raise UserError(f"{printable(str(path))}: no such file or folder.")
        elif path.suffix == ".go":
            top, folder, name = _placed(path)
            settings = settle(folder, top)
            same = files.setdefault((top, settings.source, settings.pack.name), (settings, []))
            if is_searched(name):
                same[1].append(name)
            else:
                passed_over += 1
    if passed_over:
        said_so = f"{passed_over} of the files lie in vendor, testdata or hidden folders, which are not searched"
        notes[Note("", said_so)] = None
    for (top, _, _), (settings, names) in files.items():
        some, said = _check_files(top, names, settings, watch)
        found.update(dict.fromkeys(some))
        notes.update(dict.fromkeys(said))
    return tuple(found), tuple(notes)


def scope_of(paths: tuple[Path, ...]) -> list[str]:
    """The paths that `check_paths` was given, relative to the tops of their checkouts; '' for a whole one."""
    return [_placed(path)[2] for path in paths]


def _placed(path: Path) -> tuple[Path, Path, str]:
    """The top of the checkout that a file or folder lies in, its folder (both without symlinks), and its path relative
    to the top, '' for the top itself."""
    whole = path.resolve() if path.is_dir() else path.parent.resolve() / path.name
    folder = whole if path.is_dir() else whole.parent
    top = find_top(folder) or (folder if path.is_dir() else _module_top(folder))
    relative = os.path.relpath(whole, top).replace(os.sep, "/")
    return top, folder, "" if relative == "." else relative


def _chosen(settings: Settings) -> tuple[Note, ...]:
    return (Note("", settings.note),) if settings.note else ()


def _module_top(folder: Path) -> Path:
    """Outside of git: the outermost folder with a go.mod or go.work above a file, so that modules see each other."""
    tops = [f for f in (folder, *folder.parents) if (f / "go.mod").is_file() or (f / "go.work").is_file()]
    return tops[-1] if tops else folder


def _check_files(
    top: Path, names: list[str], settings: Settings, watch: Stopwatch
) -> tuple[tuple[Diagnostic, ...], tuple[Note, ...]]:
    from gomigrate.go.workspace import Workspace

    checkout = Checkout(top, walk=False)
    workspace = Workspace(checkout)
    wanted = set(names)
    found: tuple[Diagnostic, ...] = ()
    if _concerned(workspace, wanted, settings.pack.needles):
        from gomigrate.finalizer.analysis import Analysis
        from gomigrate.finalizer.diagnostics import findings
        from gomigrate.finalizer.looking import begin, look

        watch.lap("load")
        analysis = begin(
            Analysis(workspace, settings.pack, settings.stage, selection=settings.selection, focus=sorted(wanted))
        )
        watch.lap("parse")
        look(analysis)
        watch.lap("understand")
        found = settings.rated(d for d in findings(analysis, _at_stages(analysis)) if d.path in wanted)
    notes = (
        # A hook that has nothing to say of a file says nothing.
        *(_chosen(settings) if found else ()),
        *interrupted_note(top),
        *(n for n in checkout.notes if n.path.partition(":")[0] in wanted),
    )
    return found, notes


def _concerned(workspace: Workspace, names: set[str], needles: tuple[bytes, ...]) -> bool:
    """Whether these files, their packages or those that they import hold a needle. What understands finalizers is
    not even loaded when none does: most files that a hook is given are of that kind."""
    folders: dict[str, None] = {}
    for name in sorted(names):
        data = workspace.checkout.read(name) or b""
        if any(needle in data for needle in needles):
            return True
        folder = name.rpartition("/")[0]
        folders[folder] = None
        end = data.find(b"\nfunc ")
        for quoted in _QUOTED.findall(data, 0, len(data) if end < 0 else end):
            imported = workspace.folder_of(quoted.decode("utf-8", "replace"), folder)
            if imported is not None:
                folders[imported] = None
    near = dict.fromkeys(path for folder in folders for path in workspace.checkout.go_files_in(folder))
    return any(needle in (workspace.checkout.read(path) or b"") for path in near for needle in needles)


def _check_folder(
    folder: Path, settings: Settings, watch: Stopwatch
) -> tuple[tuple[Diagnostic, ...], tuple[Note, ...]]:
    from gomigrate.background import Background
    from gomigrate.index import Scan, opened, searched, wanted_names

    scan = Scan(str(folder))
    background = Background({"walk": scan.walk, "search": scan.search, "companions": scan.companions})
    needles, names = settings.pack.needles, settings.pack.names
    walked, found = background.ask("walk"), background.ask("search", needles, names)
    beside = background.ask("companions", wanted_names(settings.pack.finalizers, settings.stage))
    from gomigrate.finalizer.analysis import Analysis
    from gomigrate.finalizer.diagnostics import findings
    from gomigrate.finalizer.looking import begin, look
    from gomigrate.finalizer.name_diagnostics import unmatched
    from gomigrate.go.workspace import Workspace

    watch.lap("load")
    checkout = opened(walked())
    workspace = Workspace(checkout)
    index = searched(checkout, scan, needles, names, found)
    watch.lap("read")
    analysis = begin(Analysis(workspace, settings.pack, settings.stage, selection=settings.selection, index=index))
    watch.lap("parse")
    look(analysis)
    more = [*_at_stages(analysis), *_companions(analysis, beside())]
    watch.lap("understand")
    inside = os.path.relpath(folder.resolve(), checkout.top).replace(os.sep, "/")
    prefix = "" if inside == "." else f"{inside}/"
    notes = (*_chosen(settings), *checkout.notes, *unmatched(analysis))
    return settings.rated(d for d in findings(analysis, more) if d.path.startswith(prefix)), notes


def _at_stages(analysis: Analysis) -> Iterable[Diagnostic]:
    """What stands at another stage than the one that is asked for: in most code nothing does."""
    if not any(uses.has_next_stage for uses in analysis.names):
        return ()
    from gomigrate.finalizer.stage_diagnostics import of_analysis

    return of_analysis(analysis)


def _companions(analysis: Analysis, paths: list[str]) -> tuple[Diagnostic, ...]:
    """Files beside the Go code that hold the old name of a finalizer that this checkout uses."""
    names = tuple(u.rule for u in analysis.names if u.present)
    if not paths or not names:
        return ()
    from gomigrate.companions.describe import companions

    checkout = analysis.workspace.checkout
    return companions(checkout, paths, names, analysis.stage, analysis.selection, write=False).diagnostics
