"""Runs the scenarios: each is one readable archive under scenarios/, and guards one hazard.

An archive is in the txtar format of golang.org/x/tools: plain words on top say what it is about, then come the files,
each behind a line `-- path --`. Three kinds of files are no input:

    -- options --        `key: value` lines, see Scenario
    -- want.patch --     the patch that must come out
    -- want.findings --  a line for each finding, constant and note; or want.error, what is said when it is refused

`UPDATE_SCENARIOS=1 pytest tests/test_scenarios.py` writes what comes out as what is wanted.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gomigrate import packs
from gomigrate.catalogue import COMPUTED_NAME, UNQUALIFIED_NAME
from gomigrate.errors import UserError
from gomigrate.finalizer.mapping import with_mapping
from gomigrate.git.patch import render_patch
from gomigrate.git.repository import file_mode
from gomigrate.go.syntax import SourceFile
from gomigrate.model import Diagnostic, Exported, Plan, Stage
from gomigrate.pipeline import Options, plan_checkout
from gomigrate.selection import Selection

FOLDER = Path(__file__).parent / "scenarios"
UPDATE = bool(os.environ.get("UPDATE_SCENARIOS"))
WANTED = ("want.patch", "want.findings", "want.error")

_HEADER = re.compile(r"^-- (\S.*?) --$", re.MULTILINE)
_FUNCTION = re.compile(r"^func (?:\([^)]*\) )?(\w+)", re.MULTILINE)
# Names that interfaces, the go command or other packages give: they cannot be chosen freely.
_FIXED = re.compile(
    r"(Test|Benchmark|Fuzz|Example)\w*|DeepCopy\w*|[GS]etFinalizers|main|init|Reconcile|Error|Is[Zz]ero"
    r"|ConvertTo|ConvertFrom"
)
_BOM = "\ufeff"


@dataclass(frozen=True)
class Scenario:
    """One archive. The options, all of them optional:

    include           names an archive beside this one whose files are input as well, unless they are given here
    stage             prepare, switch (default) or cleanup
    constant-package  as on the command line
    pack              flyte (default) or operators
    exported          delete or deprecate, as on the command line; default: as the pack says
    names             the [names] of a configuration: `old -> new, old -> new`
    exclude           a pattern of files that a configuration leaves out
    companions        `yes` when files beside the Go code are changed as well
    only              a pattern of files that a configuration includes, all others being left out
    again             `changes` when a second run over the result has more to do, and why
    renamed           `no` when names do matter, and why (otherwise a run with every function renamed must say the same)
    go                `no` when neither input nor result are to be compiled, and why
    steps             `differ` when prepare, switch and cleanup in turn give other code than cleanup at once, and why
    unformatted       files whose input is not as gofmt wants it
    crlf, bom, open   files that end lines with CRLF, begin with a byte order mark, lack the newline at their end
    xfail             what is wrong with gomigrate today: the expectations are what the design wants
    """

    name: str
    comment: str
    options: dict[str, str]
    files: dict[str, str]
    wanted: dict[str, str]
    included: dict[str, str] = field(default_factory=dict)

    @property
    def input(self) -> dict[str, bytes]:
        return {p: self._bytes(p, t) for p, t in {**self.included, **self.files}.items()}

    def _bytes(self, path: str, text: str) -> bytes:
        if path in self.options.get("crlf", "").split():
            text = text.replace("\n", "\r\n")
        if path in self.options.get("bom", "").split():
            text = _BOM + text
        if path in self.options.get("open", "").split():
            text = text.rstrip("\r\n")
        return text.encode()

    @property
    def mapping(self) -> dict[str, str]:
        pairs = (pair.partition(" -> ") for pair in self.options.get("names", "").split(", ") if pair)
        return {old: new for old, _, new in pairs}

    @property
    def rules(self) -> packs.Pack:
        pack = packs.load(self.options.get("pack", "flyte"))
        pack = pack._replace(exported=Exported(self.options.get("exported", pack.exported)))
        return with_mapping(pack, self.mapping) if pack.finds_names else pack

    @property
    def planned(self) -> Options:
        only, exclude = ((self.options[k],) if k in self.options else () for k in ("only", "exclude"))
        return Options(
            Stage(self.options.get("stage", "switch")),
            self.options.get("constant-package", ""),
            Selection("settings", "", only, exclude),
            companions="companions" in self.options,
        )


def parse(text: str, name: str = "") -> Scenario:
    """The scenario in an archive's text."""
    comment, *sections = _HEADER.split(text)
    files = {p: c.removeprefix("\n") for p, c in zip(sections[::2], sections[1::2], strict=True)}
    lines = [line for line in files.pop("options", "").splitlines() if line.strip()]
    options = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    wanted = {w: files.pop(w) for w in WANTED if w in files}
    return Scenario(name, comment, options, files, wanted)


@cache
def load(name: str) -> Scenario:
    """The scenario of this name, with the files of the one that it includes."""
    scenario = parse((FOLDER / f"{name}.txtar").read_text(encoding="utf-8"), name)
    included = scenario.options.get("include")
    return replace(scenario, included=load(included).files) if included else scenario


def names() -> list[str]:
    return sorted(p.stem for p in FOLDER.glob("*.txtar") if not p.stem.startswith("_"))


def write(scenario: Scenario, wanted: dict[str, str]) -> None:
    """The archive with these expectations in place of its own; everything else stays as it is."""
    path = FOLDER / f"{scenario.name}.txtar"
    text = path.read_text(encoding="utf-8")
    first = min((m.start() for m in _HEADER.finditer(text) if m[1] in WANTED), default=len(text))
    tail = "".join(f"-- {name} --\n{content}" for name, content in wanted.items())
    path.write_text(text[:first] + tail, encoding="utf-8")


# -- running one --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    patch: bytes
    findings: str
    plan: Plan | None = None
    error: str = ""

    @property
    def wanted(self) -> dict[str, str]:
        if self.error:
            return {"want.error": self.error}
        return {"want.patch": _shown(self.patch), "want.findings": self.findings}


def run(scenario: Scenario, repo: Path) -> Result:
    try:
        plan = plan_checkout(repo, scenario.rules, scenario.planned)
    except UserError as error:
        return Result(b"", "", error=f"{error}\n".replace(f"{repo}", "CHECKOUT"))
    modes = {p: file_mode(repo / p) for p in plan.originals}
    return Result(render_patch(plan.originals, plan.changes, modes), "".join(_lines(plan)), plan)


def _lines(plan: Plan) -> Iterator[str]:
    for diagnostic in plan.diagnostics:
        yield f"{diagnostic.where} {_finding(diagnostic, plan.pack)}\n"
    for choice in plan.constants:
        keys = " ".join(k for k in (choice.key, choice.legacy_key) if k)
        yield f"constant {keys} in {choice.path}: {choice.why}\n"
    for note in plan.notes:
        yield f"note {note.path}: {note.text}\n"


def _finding(diagnostic: Diagnostic, pack: str) -> str:
    operation = diagnostic.operation.value if diagnostic.operation is not None else "-"
    state = "changed" if diagnostic.fix else "intended" if diagnostic.intended else "left"
    words = [diagnostic.rule.name, operation, state]
    if diagnostic.evidence is not None and diagnostic.fix:
        words.append(diagnostic.evidence.confidence.value)
        words += [f"[{d.name}]" for d in diagnostic.evidence.differences]
    because = f": {diagnostic.left_because}" if not diagnostic.fix else ""
    if pack == "operators" and diagnostic.rule in (UNQUALIFIED_NAME, COMPUTED_NAME) and not diagnostic.fix:
        because += f" ({diagnostic.message})"
    wanted = diagnostic.requirement
    requires = f" [needs {wanted.path} {wanted.version} in {wanted.directory}]" if wanted is not None else ""
    return " ".join(words) + because + requires


def _shown(patch: bytes) -> str:
    """The patch as text; a carriage return is shown, since editors like to lose it, and hashes say nothing here."""
    text = patch.decode().replace("\r", "␍").replace(_BOM, "␎")
    return re.sub(r"^index .*\n", "", text, flags=re.MULTILINE)


def git(repo: Path, *args: str, stdin: bytes = b"") -> None:
    done = subprocess.run(["git", *args], cwd=repo, input=stdin, capture_output=True)
    assert done.returncode == 0, f"git {' '.join(args)}:\n{done.stderr.decode()}"


def contents(repo: Path) -> dict[str, bytes]:
    files = (p for p in repo.rglob("*") if p.is_file() and ".git" not in p.relative_to(repo).parts)
    return {p.relative_to(repo).as_posix(): p.read_bytes() for p in files}


def complaints(gofmt: Path, folder: Path, files: dict[str, bytes]) -> set[str]:
    """The Go files that gofmt would lay out differently, or cannot read."""
    paths = [p for p in files if p.endswith(".go")]
    for path in paths:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(files[path])
    done = subprocess.run([gofmt, "-l", *paths], cwd=folder, capture_output=True, text=True)
    broken = {line.split(":")[0] for line in done.stderr.splitlines()}
    return set(done.stdout.split()) | broken


# -- the tests ----------------------------------------------------------------------------------------------------


def _all() -> list[Any]:
    found = []
    for name in names():
        reason = load(name).options.get("xfail")
        found.append(pytest.param(name, marks=[pytest.mark.xfail(reason=reason)] if reason else []))
    return found


@pytest.mark.parametrize("name", _all())
def test_scenario(name: str, make_repo: Any, gofmt: Path, tmp_path: Path) -> None:
    scenario = load(name)
    repo = make_repo(scenario.input)
    result = run(scenario, repo)
    if UPDATE and "xfail" not in scenario.options:
        write(scenario, result.wanted)
    else:
        assert result.wanted == scenario.wanted
    assert contents(repo) == scenario.input, "planning wrote to the checkout"
    if result.plan is None:
        return
    if result.patch:
        git(repo, "apply", "--check", stdin=result.patch)
        git(repo, "apply", "--whitespace=nowarn", stdin=result.patch)
    after = contents(repo)
    assert after == _expected(scenario.input, result.plan)
    for path in result.plan.changes:
        if path in after and path.endswith(".py"):
            compile(after[path], path, "exec")
        elif path in after and path.endswith(".go"):
            assert not SourceFile(path, after[path]).root.has_error, f"{path} no longer parses"
    known = set(scenario.options.get("unformatted", "").split())
    assert complaints(gofmt, tmp_path / "old", scenario.input) == known, "gofmt would change the input"
    assert complaints(gofmt, tmp_path / "new", after) <= known, "gofmt would change the result"
    second = run(scenario, repo)
    assert bool(second.patch) is ("again" in scenario.options), f"second run:\n{_shown(second.patch)}{second.error}"
    if result.patch:
        git(repo, "apply", "-R", "--whitespace=nowarn", stdin=result.patch)
    assert contents(repo) == scenario.input


def _expected(before: dict[str, bytes], plan: Plan) -> dict[str, bytes]:
    merged: dict[str, bytes | None] = {**before, **plan.changes}
    return {path: data for path, data in merged.items() if data is not None}


@pytest.mark.parametrize("name", [n for n in names() if not {"renamed", "xfail"} & load(n).options.keys()])
def test_names_do_not_matter(name: str, make_repo: Any) -> None:
    scenario = load(name)
    words = _renamed(scenario.files)
    if not words:
        pytest.skip("declares no function of a name of its own")
    files = {p: _replace(words, t) if p.endswith(".go") else t for p, t in scenario.files.items()}
    plain = run(scenario, make_repo(scenario.input))
    renamed = run(scenario, make_repo(replace(scenario, files=files).input, "renamed"))
    back = {new: old for old, new in words.items()}
    assert _replace(back, renamed.findings) == plain.findings
    assert _replace(back, _shown(renamed.patch)) == _shown(plain.patch)


def _renamed(files: dict[str, str]) -> dict[str, str]:
    """Every function's name that may be chosen freely -> another one of the same length and case."""
    sources = [text for path, text in files.items() if path.endswith(".go")]
    chosen = {n for text in sources for n in _FUNCTION.findall(text) if not _FIXED.fullmatch(n)}
    # A name that is also one of another package's cannot be told apart by its letters alone.
    foreign = {
        n for text in sources for n in re.findall(r"\b(?:controllerutil|slices|sets|lo|funk|strings)\.(\w+)", text)
    }
    words: dict[str, str] = {}
    for number, word in enumerate(sorted(chosen - foreign)):
        head = chr(ord("A") + number % 26)
        new = (head + "q" * len(word))[: max(2, len(word))]
        new = new if word[0].isupper() else new.lower()
        if (
            len(new) == len(word)
            and new not in words.values()
            and not any(re.search(rf"\b{new}\b", s) for s in sources)
        ):
            words[word] = new
    return words


def _replace(words: dict[str, str], text: str) -> str:
    if not words:
        return text
    pattern = "|".join(re.escape(w) for w in words)
    return re.sub(rf"\b({pattern})\b", lambda m: words[m[1]], text)


STAGES = ("prepare", "switch", "cleanup")


@pytest.mark.parametrize("stage", STAGES)
def test_the_same_stage_again_changes_nothing(stage: str, make_repo: Any) -> None:
    scenario = load("stage-prepare")
    scenario = replace(scenario, options={**scenario.options, "stage": stage})
    repo = make_repo(scenario.input)
    git(repo, "apply", stdin=run(scenario, repo).patch)
    assert not run(scenario, repo).patch


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in names() if not {"steps", "xfail"} & load(n).options.keys()])
def test_step_by_step_is_as_direct(name: str, make_repo: Any) -> None:
    scenario = load(name)
    at = {s: replace(scenario, options={**scenario.options, "stage": s}) for s in STAGES}
    plain = make_repo(scenario.input)
    plan = run(at["prepare"], plain).plan
    if plan is None or not plan.changes or plan.constants == ():
        pytest.skip("is at a stage already, or stays as it is")
    for stage in STAGES[1:]:
        stepped = make_repo(_expected(scenario.input, plan), f"before-{stage}")
        direct = run(at[stage], plain).plan
        step = run(at[stage], stepped).plan
        assert step is not None and direct is not None
        plan = step._replace(changes={**plan.changes, **step.changes})
        assert _expected(scenario.input, plan) == _expected(scenario.input, direct)


def test_an_archive_is_read_as_it_is_written() -> None:
    scenario = parse("words\n-- options --\nstage: prepare\n-- a b.go --\npackage a\n-- want.findings --\nx\n", "n")
    assert scenario.comment == "words\n"
    assert scenario.planned == Options(Stage.PREPARE, selection=Selection("settings"))
    assert scenario.input == {"a b.go": b"package a\n"}
    assert scenario.wanted == {"want.findings": "x\n"}


def test_every_scenario_says_what_it_guards() -> None:
    assert [n for n in names() if not load(n).comment.strip()] == []
