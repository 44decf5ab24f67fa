"""The pinned packages, and what is built to be installed: the same bytes anywhere, and in them what belongs there."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from gomigrate import __version__

PROJECT = Path(__file__).parent.parent
REQUIREMENTS = PROJECT / "requirements"
PIN = re.compile(r"^([a-z0-9.-]+)==([^ ;\\]+)", re.MULTILINE)
EPOCH = "1700000000"

# What may be in the wheel, as patterns of whole paths.
INFO = rf"gomigrate-{re.escape(__version__)}\.dist-info"
MAY_HOLD = re.compile(
    "|".join(
        (
            r"gomigrate/py\.typed",
            r"gomigrate/(?!tests?/|_data/)([a-z]+/)*\w+\.py",
            r"gomigrate/fleet/Dockerfile",
            r"gomigrate/report/((fleet|report)\.schema\.json|templates/(fleet|report)\.(css|js|html\.j2|md\.j2))",
            r"gomigrate/verify/\w+\.go\.j2",
            r"gomigrate/skeleton/(\w+\.py|pack\.toml|examples/(valid|invalid)/\w+\.go(\.golden)?)",
            r"gomigrate/_data/rules/(base|flyte|operators)/(pack\.toml|\w+\.scm|\w+\.go\.j2)",
            r"gomigrate/_data/rules/(flyte|operators)/examples/(valid|invalid)/\w+\.go(\.golden)?",
            r"gomigrate/_data/sample/([\w.-]+/)*([\w.-]+\.(go|yaml|md)|go\.(mod|sum))",
            rf"{INFO}/(METADATA|WHEEL|RECORD|entry_points\.txt|licenses/LICENSE|sboms/gomigrate\.cdx\.json)",
        )
    )
)
MUST_HOLD = (
    "gomigrate/py.typed",
    "gomigrate/cli.py",
    "gomigrate/go/evaluator/statements.py",
    "gomigrate/report/report.schema.json",
    "gomigrate/report/templates/report.html.j2",
    "gomigrate/skeleton/pack.toml",
    "gomigrate/_data/rules/base/candidates.scm",
    "gomigrate/_data/rules/flyte/pack.toml",
    "gomigrate/_data/rules/operators/pack.toml",
    "gomigrate/_data/sample/propeller/go.mod",
    f"gomigrate-{__version__}.dist-info/licenses/LICENSE",
    f"gomigrate-{__version__}.dist-info/sboms/gomigrate.cdx.json",
)


@pytest.mark.parametrize("pins", sorted(REQUIREMENTS.glob("*.txt")), ids=lambda p: p.name)
def test_every_package_is_pinned_with_hashes_and_no_host_is_named(pins: Path) -> None:
    text = pins.read_text(encoding="utf-8")
    entries = [e for e in re.split(r"\n(?=[^\s#])", text) if not e.startswith("#")]
    assert entries and len(entries) == len(PIN.findall(text))
    assert [e.split()[0] for e in entries if "--hash=sha256:" not in e] == []
    assert "://" not in text


def test_the_bill_of_materials_lists_what_is_pinned_for_running() -> None:
    bom = json.loads((REQUIREMENTS / "gomigrate.cdx.json").read_text(encoding="utf-8"))
    assert (bom["bomFormat"], bom["metadata"]["component"]["version"]) == ("CycloneDX", __version__)
    pinned = PIN.findall((REQUIREMENTS / "runtime.txt").read_text(encoding="utf-8"))
    assert [(c["name"], c["version"]) for c in bom["components"]] == pinned, "run `make lock`"
    assert "timestamp" not in bom["metadata"] and "serialNumber" not in bom


def test_an_audit_fails_by_what_is_known_and_says_what_it_could_not_look_up() -> None:
    verdict = runpy.run_path(str(PROJECT / ".ci" / "audit.py"))["verdict"]
    good = {"name": "good", "version": "1", "vulns": []}
    bad = {"name": "bad", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}
    unknown = {"name": "odd", "skip_reason": "Dependency not found"}
    assert verdict({"dependencies": [good]}) == (0, ["audit: 1 packages looked up, 0 known vulnerabilities"])
    code, said = verdict({"dependencies": [good, bad, unknown]})
    assert code == 1
    assert said[0] == "audit: bad 2 has CVE-1, mended in 3" and said[-1].startswith("audit: SKIPPED odd")
    code, said = verdict({"dependencies": [unknown, unknown]})
    assert code == 0 and said[0].startswith("audit: SKIPPED, the advisories cannot be had here")


class Built(NamedTuple):
    """One build: the folder that it was made in, and what came of it."""

    source: Path
    sdist: Path
    wheel: Path


def build(source: Path, umask: int, timezone: str, *what: str) -> Built:
    """Builds a copy of the project as git would check it out under a umask."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    for path in filter(None, listed.split("\0")):
        if not (PROJECT / path).exists():
            continue
        copy = source / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / path, copy)
        runs = os.access(PROJECT / path, os.X_OK)
        copy.chmod((0o777 if runs else 0o666) & ~umask)
    out = source.parent / f"{source.name}-dist"
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", *what, "--outdir", out, source],
        env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH, "TZ": timezone},
        umask=umask, check=True, capture_output=True,
    )  # fmt: skip
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    return Built(source, sdist, wheel)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    if not (PROJECT / ".git").exists():
        pytest.skip("no git checkout: what belongs to the project cannot be told")
    return build(tmp_path_factory.mktemp("one") / "a", 0o022, "UTC")


def test_two_builds_are_the_same_bytes(built: Built, tmp_path: Path) -> None:
    # This wheel is made from the tree, the other one from the sdist.
    other = build(tmp_path / "much" / "deeper", 0o077, "Asia/Tokyo", "--sdist", "--wheel")
    assert other.sdist.read_bytes() == built.sdist.read_bytes()
    assert other.wheel.read_bytes() == built.wheel.read_bytes()


def test_the_wheel_holds_what_runs_and_nothing_else(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        names = wheel.namelist()
        assert [n for n in MUST_HOLD if n not in names] == []
        assert [n for n in names if not MAY_HOLD.fullmatch(n)] == []
        assert sorted(n for n in names if "/_data/" not in n and n.startswith("gomigrate/")) == sorted(
            p.relative_to(built.source).as_posix() for p in (built.source / "gomigrate").rglob("*") if p.is_file()
        )
        assert [n for n in names if speaks_of_this_machine(wheel.read(n), built)] == []


def test_the_sdist_holds_the_sources_and_nothing_else(built: Built) -> None:
    with tarfile.open(built.sdist) as sdist:
        members = [m for m in sdist.getmembers() if m.isfile()]
        names = {m.name.partition("/")[2]: m for m in members}
        tracked = {p.relative_to(built.source).as_posix() for p in built.source.rglob("*") if p.is_file()}
        assert set(names) - tracked == {"PKG-INFO"}
        assert tracked - set(names) == set()
        assert {(m.uid, m.gid, m.uname, m.gname) for m in members} == {(0, 0, "", "")}
        files = {n: sdist.extractfile(m) for n, m in names.items()}
        assert [n for n, f in files.items() if f is not None and speaks_of_this_machine(f.read(), built)] == []


def speaks_of_this_machine(data: bytes, built: Built) -> bool:
    return any(str(folder).encode() in data for folder in (built.source.parent, PROJECT, sys.prefix))
