"""Runs gomigrate on spoilt checkouts, many in one process, and says what does not hold for them.

    found = Properties(folder, gofmt).hold(cases(seed=1, count=3000))
    print(found)                 # how many inputs, patches, the slowest, ...
    assert not found.broken

A case is a checkout of the tests with one file spoilt (see mutations.py). Whatever it is, the following must hold.

- gomigrate plans, checks and reports, or raises a UserError which is meant for people: no other exception, and none
  that asks for a report of a mistake;
- that takes less than LIMIT seconds of this process;
- git takes the patch, and takes it back: both byte by byte, as planned;
- what is planned for the result is nothing: the second pass is empty;
- a changed file parses as well as before, and gofmt has as little to say on it;
- it keeps its line ends, its byte order mark and each declaration that has nothing to do with what is changed;
- nothing goes that a file which cannot be read still names.

To lay out one case and look at it: `python tests/properties.py FOLDER FIXTURE PATH KIND SEED`.
"""

from __future__ import annotations

import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any, NamedTuple

import test_scenarios
from mutations import MUTATIONS, mutate

from gomigrate import packs
from gomigrate.api import Migration
from gomigrate.check import check_paths
from gomigrate.errors import UserError
from gomigrate.finalizer import samples
from gomigrate.git.patch import render_patch
from gomigrate.go.syntax import SourceFile
from gomigrate.model import Plan, Stage
from gomigrate.packs import Pack
from gomigrate.pipeline import Options, plan_checkout
from gomigrate.report import render_all
from gomigrate.settings import Settings

TESTS = Path(__file__).parent
LIMIT = 2.0
BATCH = 200
CHUNK = 500
NAME_KIND = "odd-name"
KINDS = (*MUTATIONS, NAME_KIND)
_ODD_NAMES = (
    *("a b", "ä", "-x", "a'b", 'a"b', "a\nb", "a\tb", "a\\b", "$x"),
    *("日本", "a..b", "x_test", "x_linux", "x" * 200),
)
_SUFFIXES = (".md", ".json", ".html", ".sarif")
_CONCERNED = re.compile(rb"inalizer|DeletionTimestamp|IsZero")
_BOM = b"\xef\xbb\xbf"
_STRING = re.compile(rb"\"[^\"\n]*\"")
_WORD = re.compile(rb"\w+")
_COMMENT_LINE = re.compile(rb"(?m)^[ \t]*//.*")
_ASKS_FOR_REPORT = "lease report this"


class Case(NamedTuple):
    """One input; `str` of it is what this program's command line takes."""

    fixture: str
    path: str
    kind: str
    seed: int

    def __str__(self) -> str:
        return f"{self.fixture} {self.path} {self.kind} {self.seed}"


class Fixture(NamedTuple):
    files: dict[str, bytes]
    pack: Pack
    options: Options


class Tried(NamedTuple):
    """A case with a patch."""

    case: Case
    originals: dict[str, bytes]
    changes: dict[str, bytes | None]


@dataclass
class Figures:
    inputs: Counter[str] = field(default_factory=Counter)
    patched: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    files: int = 0
    formatted: int = 0
    again: int = 0
    slowest: tuple[float, str] = (0.0, "")
    seconds: float = 0.0
    memory: int = 0
    broken: list[str] = field(default_factory=list)

    def __add__(self, other: Figures) -> Figures:
        """Of two runs, be it in two processes."""
        return Figures(
            self.inputs + other.inputs,
            self.patched + other.patched,
            self.refused + other.refused,
            self.files + other.files,
            self.formatted + other.formatted,
            self.again + other.again,
            max(self.slowest, other.slowest),
            self.seconds + other.seconds,
            max(self.memory, other.memory),
            self.broken + other.broken,
        )

    def __str__(self) -> str:
        lines = [
            f"{self.inputs.total()} inputs in {self.seconds:.0f} s of processor time, {self.patched.total()} with a "
            f"patch ({self.files} files) that git took and took back; gofmt was content with {self.formatted} files "
            f"before and after; {self.refused.total()} refused; {self.again} had a second pass; "
            f"slowest {self.slowest[0]:.2f} s ({self.slowest[1]}); "
            f"peak of a process {self.memory} MB; {len(self.broken)} broken",
            *(f"  {kind}: {n} inputs, {self.patched[kind]} patched" for kind, n in sorted(self.inputs.items())),
        ]
        return "\n".join(lines)


@cache
def fixtures() -> dict[str, Fixture]:
    """Every checkout of the tests, by name."""
    found = {}
    for name in test_scenarios.names():
        scenario = test_scenarios.load(name)
        found[name] = Fixture(scenario.input, scenario.rules, scenario.planned)
    sample = TESTS.parent / "fixtures" / "sample"
    found["sample"] = Fixture(_files(sample, sample), packs.load("flyte"), Options())
    shapes = TESTS / "shapes"
    for folder in sorted({p.parent for p in shapes.rglob("*.go")}):
        modules = {"go.mod": (shapes / "go.mod").read_bytes()}
        found[f"shapes-{folder.name}"] = Fixture(
            {**modules, **_files(shapes, folder)}, packs.load("operators"), Options()
        )
    return found


def _files(top: Path, folder: Path) -> dict[str, bytes]:
    return {p.relative_to(top).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def spoilt(case: Case) -> dict[str, bytes]:
    """The files of a case."""
    files = dict(fixtures()[case.fixture].files)
    random = Random(str(case))
    data = files[case.path]
    if case.kind == NAME_KIND:
        folder = case.path.rpartition("/")[0]
        del files[case.path]
        files[f"{folder}/{random.choice(_ODD_NAMES)}.go".lstrip("/")] = data
    else:
        files[case.path] = mutate(case.kind, data, random)
    return files


def cases(seed: int, count: int) -> Iterator[Case]:
    """So many cases, the kinds in turn. Files that speak of finalizers come more often than others."""
    random = Random(seed)
    places = [
        (name, path)
        for name, fixture in fixtures().items()
        for path, data in fixture.files.items()
        if path.endswith((".go", "go.mod", "go.work"))
        for _ in range(4 if b"inalizer" in data else 1)
    ]
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        yield Case(*random.choice(places), kind, seed * 1_000_000 + number)


class TooSlow(BaseException):
    pass


def _stop(number: int, frame: FrameType | None) -> None:
    raise TooSlow


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Ends what takes far too long, so that one case does not hide the others."""
    before = signal.signal(signal.SIGVTALRM, _stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@contextmanager
def without_forks() -> Iterator[None]:
    """A program with threads does all work in its own process: that is faster here, and times and errors are seen."""
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


@contextmanager
def few_samples() -> Iterator[None]:
    """Code is understood by fewer lists: text is what is looked at here, and that takes less time."""
    before = samples.LENGTH, samples.LONG
    cached = (samples.lists, samples.fewer_lists, samples.pairs)
    samples.LENGTH, samples.LONG = 2, 6
    for one in cached:
        one.cache_clear()
    try:
        yield
    finally:
        samples.LENGTH, samples.LONG = before
        for one in cached:
            one.cache_clear()


def hold_side_by_side(seed: int, count: int, folder: Path, gofmt: Path) -> Iterator[Figures]:
    """So many cases in parts of CHUNK, as many processes at once as there are processors; yields the sum so far when
    a part ends."""
    chunks = [(seed * 10_000 + at // CHUNK, min(CHUNK, count - at)) for at in range(0, count, CHUNK)]
    total = Figures()
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        parts = [pool.submit(_chunk, chunk, size, folder / str(chunk), gofmt) for chunk, size in chunks]
        for part in as_completed(parts):
            total += part.result()
            yield total


def _chunk(seed: int, count: int, folder: Path, gofmt: Path) -> Figures:
    folder.mkdir()
    with few_samples():
        figures = Properties(folder, gofmt).hold(cases(seed, count))
    shutil.rmtree(folder)
    return figures


class Properties:
    """`folder` is for scratch files. Without `gofmt` the format is not looked at."""

    def __init__(self, folder: Path, gofmt: Path | None) -> None:
        self.folder = folder
        self.gofmt = gofmt
        self.figures = Figures()
        self._laid_out: dict[str, Path] = {}
        self._batches = 0

    def hold(self, some: Iterable[Case]) -> Figures:
        pending: list[Tried] = []
        with without_forks():
            for case in some:
                tried = self._try(case)
                pending += [tried] if tried is not None else []
                if len(pending) >= BATCH:
                    self._check_together(pending)
                    pending = []
        self._check_together(pending)
        self.figures.memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        return self.figures

    def _broken(self, case: Case, what: str) -> None:
        self.figures.broken.append(f"{case}: {what}")

    # -- one case ------------------------------------------------------------------------------------------------

    def _try(self, case: Case) -> Tried | None:
        fixture = fixtures()[case.fixture]
        top = self._lay_out(case.fixture, fixture.files)
        files = spoilt(case)
        _write(top, fixture.files, files)
        self.figures.inputs[case.kind] += 1
        started = time.process_time()
        try:
            with bounded(5 * LIMIT):
                return self._planned(case, fixture, files, top)
        except UserError as error:
            self.figures.refused[case.kind] += 1
            if _ASKS_FOR_REPORT in str(error):
                self._broken(case, str(error))
        except TooSlow:
            self._broken(case, "takes far too long\n" + traceback.format_exc(limit=-4))
        except Exception:
            self._broken(case, traceback.format_exc(limit=-6))
        finally:
            taken = time.process_time() - started
            self.figures.seconds += taken
            _write(top, files, fixture.files)
        return None

    def _planned(self, case: Case, fixture: Fixture, files: dict[str, bytes], top: Path) -> Tried | None:
        options = fixture.options
        if case.seed % 5 == 0:
            options = options._replace(stage=(*Stage,)[case.seed // 5 % 3])
        started = time.process_time()
        plan = plan_checkout(top, fixture.pack, options)
        taken = time.process_time() - started
        self.figures.slowest = max(self.figures.slowest, (taken, str(case)))
        if taken > LIMIT:
            self._broken(case, f"takes {taken:.1f} s")
        if case.seed % 8 < 4:
            Migration(plan, top, _render).report(_SUFFIXES[case.seed % 4])
        if case.seed % 8 == 4:
            check_paths((top,), lambda *_: Settings(fixture.pack, Stage.SWITCH, "", options.selection, {}, ""))
        if not plan.changes:
            return None
        self.figures.patched[case.kind] += 1
        self.figures.files += len(plan.changes)
        for wrong in (*_same_but_for_edits(plan, files), *_still_named(plan, files)):
            self._broken(case, wrong)
        after = {p: d for p, d in {**files, **plan.changes}.items() if d is not None}
        try:
            _write(top, files, after)
            if case.fixture not in _scenarios() or "again" not in test_scenarios.load(case.fixture).options:
                self._pass_again(case, fixture, options, after)
        finally:
            _write(top, after, files)
        return Tried(case, plan.originals, plan.changes)

    def _pass_again(self, case: Case, fixture: Fixture, options: Options, files: dict[str, bytes]) -> None:
        """The result has nothing to change; or what was doubled hid the meaning of a helper: then its result has."""
        top = self._laid_out[case.fixture]
        second = plan_checkout(top, fixture.pack, options)
        if not second.changes:
            return
        self.figures.again += 1
        after = {p: d for p, d in {**files, **second.changes}.items() if d is not None}
        try:
            _write(top, files, after)
            third = plan_checkout(top, fixture.pack, options)
            if third.changes or not ("doubled" in case.kind or "repeated" in case.kind):
                self._broken(case, f"the second pass changes {', '.join(second.changes)}")
        finally:
            _write(top, after, files)

    def _lay_out(self, name: str, files: dict[str, bytes]) -> Path:
        if name not in self._laid_out:
            top = self.folder / "checkouts" / name
            top.mkdir(parents=True)
            _write(top, {}, files)
            self._laid_out[name] = top
        return self._laid_out[name]

    # -- many cases together -------------------------------------------------------------------------------------

    def _check_together(self, some: Sequence[Tried]) -> None:
        if not some:
            return
        self._batches += 1
        folder = self.folder / f"batch{self._batches}"
        self._apply(some, folder)
        if self.gofmt is not None:
            self._format(self.gofmt, some, folder)
        shutil.rmtree(folder, ignore_errors=True)

    def _apply(self, some: Sequence[Tried], folder: Path) -> None:
        """git is asked once for all; when it complains, once for each half."""
        before: dict[str, bytes] = {}
        changes: dict[str, bytes | None] = {}
        for number, tried in enumerate(some):
            before |= {f"{number}/{p}": d for p, d in tried.originals.items()}
            changes |= {f"{number}/{p}": d for p, d in tried.changes.items()}
        after = {p: d for p, d in {**before, **changes}.items() if d is not None}
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        _write(folder, {}, before)
        wrong = self._there_and_back(folder, render_patch(before, changes), before, after)
        if wrong and len(some) == 1:
            self._broken(some[0].case, wrong)
        elif wrong:
            half = len(some) // 2
            self._apply(some[:half], folder)
            self._apply(some[half:], folder)

    def _there_and_back(self, folder: Path, patch: bytes, before: dict[str, bytes], after: dict[str, bytes]) -> str:
        for how, wanted in (((), after), (("-R",), before)):
            command = ["git", "apply", "--whitespace=nowarn", *how]
            done = subprocess.run(command, cwd=folder, input=patch, capture_output=True)
            if done.returncode:
                return f"git apply {' '.join(how)}: {done.stderr.decode('utf-8', 'replace')[:500]}"
            if _read(folder) != wanted:
                return f"git apply {' '.join(how)} gives other bytes than planned"
        return ""

    def _format(self, gofmt: Path, some: Sequence[Tried], folder: Path) -> None:
        old, new = {}, {}
        for number, tried in enumerate(some):
            for at, (path, data) in enumerate(tried.changes.items()):
                if path.endswith(".go") and data is not None:
                    name = f"{number}_{at}.go"
                    if path in tried.originals:
                        old[name] = tried.originals[path]
                        new[name] = data
                    else:
                        # A new file of a package whose lines end with CRLF has such ends as well.
                        new[name] = data.replace(b"\r\n", b"\n")
        complaints = {}
        for name, files in (("old", old), ("new", new)):
            shutil.rmtree(folder / name, ignore_errors=True)
            (folder / name).mkdir(parents=True)
            _write(folder / name, {}, files)
            complaints[name] = test_scenarios.complaints(gofmt, folder / name, files)
        worse = complaints["new"] - complaints["old"]
        self.figures.formatted += len(new.keys() - complaints["new"])
        for name in sorted(worse):
            tried = some[int(name.partition("_")[0])]
            path = list(tried.changes)[int(name.partition("_")[2][:-3])]
            self._broken(tried.case, f"gofmt would change {path}, or cannot read it")


@cache
def _scenarios() -> frozenset[str]:
    return frozenset(test_scenarios.names())


def _render(view: dict[str, Any], wanted: dict[str, Any]) -> Any:
    return partial(lambda reports: reports, render_all(view, wanted))


def _write(top: Path, before: dict[str, bytes], after: dict[str, bytes]) -> None:
    for path in before.keys() - after.keys():
        (top / path).unlink()
    for path, data in after.items():
        if before.get(path) != data:
            target = top / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)


def _read(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# -- what a patch must leave as it is ----------------------------------------------------------------------------


def _declared(data: bytes) -> dict[bytes, bytes]:
    """Functions, methods, types and values at the top level: name -> text."""
    file = SourceFile("x.go", data)
    nodes = {
        **{n: v.spec for n, v in file.values.items()},
        **file.types,
        **{file.name_of(n): n for n in file.functions},
    }
    return {name.encode(): data[n.start_byte : n.end_byte] for name, n in nodes.items()}


def _gone(plan: Plan) -> dict[bytes, set[str]]:
    """Names that are declared before and not afterwards, with the folders of which they are gone."""
    gone: dict[bytes, set[str]] = {}
    after = {n for p, d in plan.changes.items() if p.endswith(".go") and d is not None for n in _declared(d)}
    for path, data in plan.originals.items():
        for name in _declared(data).keys() - after if path.endswith(".go") else ():
            gone.setdefault(name, set()).add(path.rpartition("/")[0])
    return gone


def _same_but_for_edits(plan: Plan, files: dict[str, bytes]) -> Iterator[str]:
    concerned = _concerned(plan, files)
    for path, old in plan.originals.items():
        new = plan.changes.get(path)
        if new is None or not path.endswith(".go"):
            continue
        before, after = SourceFile(path, old), SourceFile(path, new)
        if after.root.has_error:
            yield f"{path} has a syntax error"
        if old.startswith(_BOM) is not new.startswith(_BOM):
            yield f"{path}: byte order mark"
        if old.count(b"\n") == old.count(b"\r\n") and new.count(b"\n") != new.count(b"\r\n"):
            yield f"{path}: line ends"
        if b"\r" not in old and b"\r" in new:
            yield f"{path}: carriage return"
        if before.package_name != after.package_name:
            yield f"{path}: package clause"
        for node in before.root.named_children:
            text = old[node.start_byte : node.end_byte]
            # A lone semicolon is no declaration.
            if node.type not in ("import_declaration", "comment") and text not in new and _WORD.search(text):
                words = {*_WORD.findall(text), *(s[1:-1] for s in _STRING.findall(text))}
                if not _CONCERNED.search(text) and not words & concerned:
                    yield f"{path}: {text[:80]!r} has nothing to do with what is changed"


def _concerned(plan: Plan, files: dict[str, bytes]) -> set[bytes]:
    """The words of a declaration that may change: names of finalizers and of all that has to do with them, be it by
    what it calls."""
    words = {name.encode() for c in plan.constants for name in (c.key, c.legacy_key, c.old, c.new) if name}
    words |= {d.name.encode() for d in plan.changed if d.name} | _gone(plan).keys()
    declared = [one for path, data in files.items() if path.endswith(".go") for one in _declared(data).items()]
    while True:
        more = {n for n, text in declared if _CONCERNED.search(text) or words & set(_WORD.findall(text))} - words
        if not more:
            return words
        words |= more


def _still_named(plan: Plan, files: dict[str, bytes]) -> Iterator[str]:
    """Skipped files that name what is gone from their package, or from one that they import."""
    skipped = {note.path.partition(":")[0] for note in plan.notes}
    for path in sorted(skipped & files.keys()):
        words = set(_WORD.findall(_COMMENT_LINE.sub(b"", files[path])))
        # A text further down is no import, also where the file's own imports cannot be read.
        imports = files[path].partition(b"\nfunc ")[0]
        for name, folders in _gone(plan).items():
            exported = name[:1].isupper()
            near = any(path.rpartition("/")[0] == f or (exported and _imports(imports, f)) for f in folders)
            if path.endswith(".go") and near and name in words - {b"main", b"init", b"_"}:
                yield f"{path} was skipped and names {name.decode()}, which goes"


def _imports(text: bytes, folder: str) -> bool:
    """Whether an import path that is not spoilt itself ends with a folder."""
    return re.search(rb"\"[\w.~/-]+/%b\"" % re.escape(folder.encode()), text) is not None


def main() -> None:
    folder, fixture, path, kind, seed = sys.argv[1:]
    case = Case(fixture, path, kind, int(seed))
    Path(folder).mkdir()
    _write(Path(folder), {}, spoilt(case))
    found = Properties(Path(folder) / "scratch", None)
    print(found.hold([case]))
    print(*found.figures.broken, sep="\n")


if __name__ == "__main__":
    main()
