"""SARIF, GitHub annotations and GitLab's report: their form, their fix, and what hostile names and texts become.

SARIF_MULTITOOL names Microsoft's validator; without it only that test is left out.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from conftest import MakeRepo, Run
from test_cli import git
from test_scenarios import load, names

from gomigrate import packs
from gomigrate.catalogue import RULES, UNQUALIFIED_NAME
from gomigrate.fingerprints import fingerprints
from gomigrate.model import Confidence, Diagnostic, Evidence, Note, Plan, Stage, SuggestedFix
from gomigrate.pipeline import plan_checkout
from gomigrate.report import render, render_findings

HOSTILE = 'x,y:z%0A\n::error::gone\r{0} [a](b) ‮<script>\x1b[2J "'


def found(message: str = "m", path: str = "a/b.go", line: int = 3, before: str = "code()", **more: Any) -> Diagnostic:
    return Diagnostic(UNQUALIFIED_NAME, path, line, 5, line, message, before, **more)


def log_of(text: str) -> dict[str, Any]:
    assert text.isascii()
    document = json.loads(text)
    assert document["version"] == "2.1.0" and len(document["runs"]) == 1
    log: dict[str, Any] = document["runs"][0]
    return log


def applied(change: dict[str, Any], before: bytes) -> bytes:
    """What an editor makes of a file by the standard: lines end at CRLF or LF, columns count characters."""
    bom, text = before[:3] == b"\xef\xbb\xbf", before.decode("utf-8-sig")
    starts = [0, *(m.end() for m in re.finditer(r"\r\n|\n", text))]
    for replacement in reversed(change["replacements"]):
        region = replacement["deletedRegion"]
        start = starts[region["startLine"] - 1] + region["startColumn"] - 1
        end = starts[region["endLine"] - 1] + region["endColumn"] - 1
        assert 0 <= start <= end <= len(text)
        text = text[:start] + replacement.get("insertedContent", {"text": ""})["text"] + text[end:]
    return b"\xef\xbb\xbf" * bom + text.encode()


def after_fixes(log: dict[str, Any], originals: dict[str, bytes]) -> dict[str, bytes | None]:
    changes: dict[str, bytes | None] = {}
    for result in log["results"]:
        for fix in result.get("fixes", ()):
            for change in fix["artifactChanges"]:
                location = change["artifactLocation"]
                assert location["uriBaseId"] == "SRCROOT"
                path = unquote_to_bytes(location["uri"]).decode("utf-8", "surrogateescape")
                assert path not in changes
                assert path in originals or change["properties"]["file"] == "new"
                changes[path] = applied(change, originals.get(path, b""))
                if change.get("properties") == {"file": "deleted"}:
                    assert changes[path] == b""
                    assert path in fix["description"]["text"]
                    changes[path] = None
    return changes


@pytest.mark.parametrize(
    "name", [n for n in names() if "want.patch" in load(n).wanted and load(n).wanted["want.patch"]]
)
def test_the_fix_gives_what_the_patch_gives(name: str, make_repo: MakeRepo) -> None:
    scenario = load(name)
    plan = plan_checkout(make_repo(scenario.input), packs.load("flyte"), scenario.planned)
    log = log_of(render(plan, ".sarif"))
    assert after_fixes(log, plan.originals) == plan.changes
    assert len(log["results"]) == len(plan.diagnostics)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\nb", b"a\nb\n"),
        (b"a\nb\n", b"a\nb"),
        (b"a\nb", b"a\nb\nc"),
        (b"a\r\nb\r\n", b"a\r\nc\r\n"),
        (b"\xef\xbb\xbfa\nb\n", b"\xef\xbb\xbfx\nb\n"),
        ("é\n日本".encode(), "é\n日本語".encode()),
        (b"a\rb\nc\n", b"a\rb\nd\n"),
        (b"", b"a\n"),
        (b"a\n", b""),
    ],
)
def test_line_ends(before: bytes, after: bytes) -> None:
    d = found(fix=SuggestedFix("f", ()), evidence=Evidence(Confidence.EXACT, "e"))
    plan = Plan("c", "", "flyte", Stage.SWITCH, (d,), {"a/b.go": before}, {"a/b.go": after})
    assert after_fixes(log_of(render(plan, ".sarif")), plan.originals) == {"a/b.go": after}


def test_rules_and_results() -> None:
    notes = (Note("c.go:7:2", "has a syntax error"), Note("", "a merge is in progress"))
    log = log_of(
        render_findings((found("adds"), found("left", line=9, left_because="why", next_step="do")), notes, "sarif")
    )
    rules = log["tool"]["driver"]["rules"]
    assert [r["id"] for r in rules] == [r.id for r in RULES]
    for rule, meant in zip(rules, RULES, strict=True):
        assert rule["defaultConfiguration"]["level"] == meant.severity.value
        assert rule["help"]["text"] and rule["help"]["markdown"]
    first, second = log["results"]
    assert first["ruleId"] == rules[first["ruleIndex"]]["id"] == "GM001"
    assert second["message"]["text"] == "left; left because why; next: do."
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "a/b.go", "uriBaseId": "SRCROOT"}
    assert place["region"]["startLine"] == 3
    told = log["invocations"][0]["toolExecutionNotifications"]
    assert told[0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 7}
    assert "locations" not in told[1]


def test_what_was_left_on_purpose_is_suppressed() -> None:
    d = found(left_because="asked for", intended=True)
    log = log_of(render(Plan("c", "", "flyte", Stage.SWITCH, (d,), {}, {}), ".sarif"))
    assert log["results"][0]["suppressions"] == [{"kind": "external", "justification": "asked for"}]


def test_fingerprints_survive_moved_lines_and_tell_equal_code_apart() -> None:
    before = [found(line=3), found(line=8), found(line=9, before="other()")]
    marks = fingerprints(before)
    assert len(set(marks.values())) == 3
    moved = fingerprints([d._replace(line=d.line + 10, end_line=d.line + 10, column=9) for d in before])
    assert list(moved.values()) == list(marks.values())
    blank = fingerprints([before[0]._replace(before="code(\t)")])
    assert blank.keys() != marks.keys() and set(blank.values()).isdisjoint(marks.values())
    assert set(fingerprints([before[0]._replace(before="  code() ")]).values()) == {marks[before[0]]}


def test_a_fingerprint_from_a_real_file_survives(make_repo: MakeRepo) -> None:
    scenario = load("inline-appends")
    repo = make_repo(scenario.input)
    first = log_of(render(plan_checkout(repo, packs.load("flyte")), ".sarif"))
    for path in scenario.input:
        if path.endswith(".go"):
            (repo / path).write_bytes(b"// One more line.\n\n" + (repo / path).read_bytes())
    second = log_of(render(plan_checkout(repo, packs.load("flyte")), ".sarif"))
    marks = [[r["partialFingerprints"] for r in log["results"]] for log in (first, second)]
    assert marks[0] == marks[1] and len(marks[0]) > 2
    assert first["results"][0]["locations"] != second["results"][0]["locations"]


def test_hostile_text_stays_text() -> None:
    d = found(HOSTILE, path=f"{HOSTILE}.go", before=HOSTILE, left_because=HOSTILE)
    log = log_of(render_findings((d,), (Note(HOSTILE, HOSTILE),), "sarif"))
    result = log["results"][0]
    text = result["message"]["text"]
    assert text.isprintable() and "{0}" not in text.replace("{{0}", "") and "\\[a](b)" in text
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", uri)
    assert unquote_to_bytes(uri).decode() == f"{HOSTILE}.go"

    lines = render_findings((d, found()), (), "github").split("\n")
    assert len(lines) == 3 and lines[2] == ""
    assert lines[1] == ("::warning file=a/b.go,line=3,endLine=3,col=5,title=GM001 unqualified-name::m")
    head, _, data = lines[0][2:].partition("::")
    assert lines[0].isprintable() and lines[0].startswith("::warning file=")
    assert [p.partition("=")[0] for p in head.partition(" ")[2].split(",")] == [
        "file",
        "line",
        "endLine",
        "col",
        "title",
    ]
    assert "%250A" in head and "%250A" in data

    report = json.loads(render_findings((d, found()), (), "gitlab"))
    assert [set(r) for r in report] == [{"description", "check_name", "fingerprint", "severity", "location"}] * 2
    assert report[1]["location"] == {"path": "a/b.go", "lines": {"begin": 3, "end": 3}}
    assert report[1]["severity"] == "major"
    assert report[0]["description"].isprintable()


@pytest.fixture
def repo(make_repo: MakeRepo) -> Path:
    return make_repo(load("stage-prepare").input)


@pytest.mark.parametrize("form", ["github", "gitlab", "sarif"])
def test_check_in_every_form(run: Run, repo: Path, form: str) -> None:
    done = run("check", "--format", form, repo)
    assert done.code == 1 and done.err == ""
    plain = run("check", repo).out.count("\n")
    if form == "github":
        assert done.out.count("\n") == plain and all(line.startswith("::warning ") for line in done.out.splitlines())
    else:
        document = json.loads(done.out)
        assert len(document if form == "gitlab" else document["runs"][0]["results"]) == plain


@pytest.mark.parametrize(("form", "size"), [("github", 0), ("gitlab", 0), ("sarif", 0)])
def test_check_of_clean_code(run: Run, tmp_path: Path, form: str, size: int) -> None:
    (tmp_path / "a.go").write_text("package a\n")
    done = run("check", "--format", form, tmp_path)
    assert done.code == 0
    if form == "github":
        assert done.out == ""
    else:
        document = json.loads(done.out)
        assert len(document if form == "gitlab" else document["runs"][0]["results"]) == size


def test_a_report_of_patch(run: Run, repo: Path, tmp_path: Path) -> None:
    done = run("patch", repo, "-o", tmp_path / "x.patch", "--report", tmp_path / "x.sarif")
    assert done.code == 0
    log = log_of((tmp_path / "x.sarif").read_text())
    before = {p.relative_to(repo).as_posix(): p.read_bytes() for p in repo.rglob("*.go")}
    fixed = after_fixes(log, before)
    git(repo, "apply", str(tmp_path / "x.patch"))
    for path, data in fixed.items():
        assert (repo / path).read_bytes() == data if data is not None else not (repo / path).exists()


@pytest.mark.skipif("SARIF_MULTITOOL" not in os.environ, reason="SARIF_MULTITOOL does not name the validator")
def test_the_official_validator_finds_nothing(run: Run, tmp_path: Path, sample_dir: Path) -> None:
    run("patch", sample_dir, "-o", tmp_path / "x.patch", "--report", tmp_path / "patch.sarif")
    (tmp_path / "check.sarif").write_text(run("check", "--format", "sarif", sample_dir).out)
    (tmp_path / "clean.sarif").write_text(render_findings((), (), "sarif"))
    hostile = found(HOSTILE, path=f"{HOSTILE}.go", before=HOSTILE, left_because=HOSTILE)
    (tmp_path / "hostile.sarif").write_text(render_findings((hostile,), (Note(HOSTILE, HOSTILE),), "sarif"))
    for log in sorted(tmp_path.glob("*.sarif")):
        done = subprocess.run(
            [os.environ["SARIF_MULTITOOL"], "validate", log.name, "-o", f"{log.stem}.validated"],
            cwd=tmp_path,
            env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        results = json.loads((tmp_path / f"{log.stem}.validated").read_text())["runs"][0].get("results", [])
        # SARIF2005 wants the address of the tool's home page, and there is none.
        assert {r["ruleId"] for r in results} <= {"SARIF2005"}, (log.name, done.stdout)


def test_a_file_that_is_no_text_gets_no_fix() -> None:
    d = found(fix=SuggestedFix("f", ()), evidence=Evidence(Confidence.EXACT, "e"))
    plan = Plan("c", "", "flyte", Stage.SWITCH, (d,), {"a/b.go": b"\xff"}, {"a/b.go": b"a"})
    assert "fixes" not in log_of(render(plan, ".sarif"))["results"][0]
