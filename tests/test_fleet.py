"""Many repositories: the list, one repository in a process of its own, and the report over all of them.

Nothing here needs flytekit; tests/test_fleet_with_flyte.py does.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import jsonschema
import pytest
from conftest import MakeRepo, Run

from gomigrate.errors import UserError
from gomigrate.fleet import attempt as attempt_module
from gomigrate.fleet.attempt import attempt, read_row
from gomigrate.fleet.jobs import jobs_of
from gomigrate.fleet.listing import Entry, read_list
from gomigrate.fleet.model import NETWORK, PROCESS, Job, Row
from gomigrate.fleet.results import write_results
from gomigrate.report.fleet import SCHEMA_FILE, STATES, fleet_html, fleet_markdown, fleet_view

GO = (
    'package ship\n\nimport (\n\tcorev1 "k8s.io/api/core/v1"\n'
    '\t"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"\n)\n\nconst finalizer = "ship-mark"\n\n'
    "func hold(pod *corev1.Pod) {\n\tcontrollerutil.AddFinalizer(pod, finalizer)\n}\n"
)
GO_MOD = "module example.com/ship\n\nrequire sigs.k8s.io/controller-runtime v0.21.0\n"
NAMES = {"ship-mark": "example.com/ship"}


@pytest.fixture
def ship(make_repo: MakeRepo) -> Path:
    return make_repo({"ship.go": GO, "go.mod": GO_MOD}, "ship")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def job(entry: Entry) -> Job:
    (found,) = jobs_of([entry])
    return found


def git(folder: Path, *args: str) -> str:
    return subprocess.run(["git", *args], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


# -- the list ------------------------------------------------------------------------------------------------------


def listed(tmp_path: Path, text: str) -> tuple[Entry, ...]:
    (tmp_path / "fleet.toml").write_text(text)
    return read_list(tmp_path / "fleet.toml")


def test_a_list_has_addresses_and_folders(tmp_path: Path) -> None:
    entries = listed(
        tmp_path,
        """
        [[checkout]]
        url = "https://github.com/example/lighthouse.git"
        [[checkout]]
        url = "git@example.com:fleet/ship.git"
        commit = "release-1.2"
        pack = "operators"
        stage = "prepare"
        names = "proposed"
        [[checkout]]
        name = "own"
        path = "harbour/ship"
        [checkout.names]
        old = "example.com/new"
        """,
    )
    assert entries == (
        Entry("lighthouse", "https://github.com/example/lighthouse.git"),
        Entry("ship", "git@example.com:fleet/ship.git", "release-1.2", "operators", "prepare", (), True),
        Entry("own", str(tmp_path / "harbour" / "ship"), names=(("old", "example.com/new"),)),
    )


def test_repositories_of_the_same_name_are_told_apart_by_their_owners(tmp_path: Path) -> None:
    entries = listed(
        tmp_path,
        '[[checkout]]\nurl = "https://example.com/a/ship"\n[[checkout]]\nurl = "ssh://git@example.com/b/Ship.git"\n',
    )
    assert [entry.name for entry in entries] == ["a-ship", "b-Ship"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no [[checkout]] in it"),
        ("[[checkout]]\n", "give either url or path"),
        ('[[checkout]]\npath = "a"\nurl = "https://x.org/a"\n', "give either url or path"),
        ('[[checkout]]\nurl = "http://x.org/a"\n', "fleet.toml:2: [[checkout]] 1: url: 'http://x.org/a' is no address"),
        ('[[checkout]]\nurl = "ext::sh -c touch% x"\n', "is no address"),
        ('[[checkout]]\nurl = "--upload-pack=touch"\n', "is no address"),
        ('[[checkout]]\nurl = "ssh://-oProxyCommand=x/a"\n', "is no address"),
        ('[[checkout]]\nurl = "-oProxyCommand=x:a"\n', "is no address"),
        ('[[checkout]]\nurl = "ext::a/b"\n', "is no address"),
        ('[[checkout]]\nurl = "file::/a"\n', "is no address"),
        ('[[checkout]]\nurl = "https://x.org/a\\u001b[2J"\n', "is no address"),
        ('[[checkout]]\npath = "a"\ncommit = "-x"\n', "is no commit, tag or branch"),
        ('[[checkout]]\npath = "a"\ncommit = "a..b"\n', "is no commit, tag or branch"),
        ('[[checkout]]\npath = "a"\nname = "../x"\n', "is also that of a folder"),
        ('[[checkout]]\npath = "a"\nname = ".."\n', "is also that of a folder"),
        ('[[checkout]]\npath = "a"\nnames = "guessed"\n', "must be a table of old and new names, or 'proposed'"),
        ('[[checkout]]\npath = "a"\nstage = "later"\n', "is none of prepare, switch, cleanup"),
        ('[[checkout]]\npath = "a"\nbranch = "x"\n', "is no known key"),
        ('[[checkout]]\npath = "x/a"\n[[checkout]]\npath = "x/A"\n', "is the name of another one already"),
        ('[checkout]\npath = "a"\n', "must be tables: [[checkout]]"),
        ("[[checkout]\n", "not valid TOML"),
    ],
)
def test_a_broken_list_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        listed(tmp_path, text)
    assert message in str(caught.value)


def test_a_password_in_an_address_is_shown_nowhere(tmp_path: Path, out: Path) -> None:
    (entry,) = listed(tmp_path, '[[checkout]]\nurl = "https://me:s3cret@nowhere.invalid/a/b"\n')
    row = attempt(Job("b", entry.source, error=""), out, 20)
    assert "s3cret" not in str(row) + (out / "row.json").read_text()
    with pytest.raises(UserError) as caught:
        listed(tmp_path, '[[checkout]]\nurl = "https://me:s3cret@"\n')
    assert "s3cret" not in str(caught.value)


# -- which commit --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["{}", "file://{}"])
def test_a_branch_a_tag_and_what_is_checked_out_become_a_commit(ship: Path, form: str) -> None:
    first = git(ship, "rev-parse", "HEAD")
    git(ship, "-c", "user.name=x", "-c", "user.email=x@x", "tag", "-a", "v1", "-m", "one")
    git(ship, "branch", "old")
    git(ship, "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-q", "--allow-empty", "-m", "two")
    source = form.format(ship)
    assert [job(Entry("a", source, revision)).commit for revision in ("v1", "old", first)] == [first] * 3
    assert job(Entry("a", source)).commit == git(ship, "rev-parse", "HEAD") != first


@pytest.mark.parametrize(
    ("source", "revision", "message"),
    [
        ("{ship}", "v9", "has no commit, tag or branch 'v9'"),
        ("file://{ship}", "v9", "has no tag or branch 'v9'"),
        ("{ship}/gone", "", "there is no such folder"),
        ("file://{ship}/gone", "", "does not appear to be a git repository"),
        # What is below a repository is not it.
        ("{ship}/sub", "", "is not the top of a git checkout"),
    ],
)
def test_what_has_no_commit_says_why(ship: Path, source: str, revision: str, message: str) -> None:
    (ship / "sub").mkdir()
    found = job(Entry("a", source.format(ship=ship), revision))
    assert not found.commit
    assert message in found.error


def test_jobs_differ_by_what_their_outcome_depends_on(ship: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules" / "own"
    rules.mkdir(parents=True)
    (rules / "pack.toml").write_text('name = "own"\ntitle = "x"\nfind_names = true\n')

    def versions() -> str:
        return jobs_of([Entry("a", str(ship))], rules=str(tmp_path / "rules"))[0].versions

    first = versions()
    assert first == versions() != job(Entry("a", str(ship))).versions
    (rules / "pack.toml").write_text('name = "own"\ntitle = "y"\nfind_names = true\n')
    assert versions() != first


# -- one repository ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["{}", "file://{}"])
@pytest.mark.parametrize("bare", [False, True])
def test_a_repository_is_planned_and_its_patch_tried(
    ship: Path, out: Path, tmp_path: Path, form: str, bare: bool
) -> None:
    source = ship
    if bare:
        source = tmp_path / "bare.git"
        git(tmp_path, "clone", "-q", "--bare", str(ship), str(source))
    before = sorted((p, p.stat().st_mtime_ns) for p in source.rglob("*"))
    row = attempt(job(Entry("ship", form.format(source), names=tuple(NAMES.items()))), out)
    assert (row.error, row.checks, row.state) == ("", (), "ready")
    assert (row.names, row.files, row.exact, row.narrowed) == (1, 1, 1, 1)
    assert (row.left, row.pack, row.stage) == (0, "operators", "switch")
    assert row == read_row(out)
    assert sorted(p.name for p in out.iterdir()) == [
        *("finalizer.patch", "report.html", "report.json", "report.md", "row.json"),
    ]
    assert json.loads((out / "report.json").read_text())["commit"] == git(ship, "rev-parse", "HEAD")
    git(ship, "apply", "--check", str(out / "finalizer.patch"))
    assert sorted((p, p.stat().st_mtime_ns) for p in source.rglob("*")) == before


def test_the_configuration_of_the_checkout_counts_and_a_broken_one_is_the_row_s_error(
    make_repo: MakeRepo, out: Path
) -> None:
    own = '[names]\nship-mark = "example.com/own"\n'
    repo = make_repo({"ship.go": GO, "go.mod": GO_MOD, ".gomigrate.toml": f'stage = "prepare"\n{own}'}, "configured")
    row = attempt(job(Entry("a", str(repo))), out)
    assert (row.stage, row.names, row.error) == ("prepare", 1, "")
    assert b"example.com/own" in (out / "finalizer.patch").read_bytes()
    (repo / ".gomigrate.toml").write_text('stage = "soon"\n')
    git(repo, "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qam", "broken")
    row = attempt(job(Entry("a", str(repo))), out)
    assert row.error.startswith(".gomigrate.toml:1: stage: 'soon' is none of")
    assert (row.state, row.fault) == ("failed", "")


def test_names_of_the_list_are_for_packs_that_find_names(ship: Path, out: Path) -> None:
    row = attempt(job(Entry("a", str(ship), pack="flyte", names=tuple(NAMES.items()))), out)
    assert "the pack flyte has names of its own" in row.error


def test_nothing_of_a_repository_runs(ship: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attributes ask for filters that the user has, and the source has hooks and settings of its own."""
    ran = tmp_path / "ran"
    touch = f"touch {ran}"
    (ship / ".gitattributes").write_text("*.go filter=lfs diff=lfs\n")
    (ship / ".gitmodules").write_text(f'[submodule "x"]\n\tpath = x\n\turl = ext::sh -c "{touch}"\n')
    git(ship, "add", "-A")
    git(ship, "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "attributes")
    settings = tmp_path / "gitconfig"
    settings.write_text(f'[filter "lfs"]\n\tsmudge = "{touch}; cat"\n\tprocess = "{touch}"\n\trequired = true\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    for name in ("post-checkout", "pre-commit", "reference-transaction", "post-index-change"):
        hook = ship / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\n{touch}\n")
        hook.chmod(0o755)
    for key in ("core.fsmonitor", "uploadpack.packObjectsHook", "core.alternateRefsCommand", "core.sshCommand"):
        git(ship, "config", key, touch)
    for source in (str(ship), f"file://{ship}"):
        row = attempt(job(Entry("ship", source)), out)
        assert row.error == ""
        assert row.left == 1
    assert not ran.exists()


def test_an_address_of_another_kind_is_not_asked(tmp_path: Path, out: Path) -> None:
    """Not even one that never was in a list."""
    ran = tmp_path / "ran"
    row = attempt(Job("a", f"ext::sh -c touch% {ran}", "0" * 40), out)
    assert "there is no such folder" in row.error
    assert not ran.exists()


def test_the_limit_ends_a_repository_and_all_that_it_started(
    ship: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "bin"
    slow.mkdir()
    (slow / "git").write_text(f"#!/bin/sh\necho $$ >> {tmp_path}/pids\nsleep 60\n")
    (slow / "git").chmod(0o755)
    found = job(Entry("ship", str(ship)))
    monkeypatch.setenv("PATH", f"{slow}{os.pathsep}{os.environ['PATH']}")
    started = time.monotonic()
    row = attempt(found, out, 1.0)
    assert time.monotonic() - started < 10
    assert "not done within 1 seconds" in row.error
    assert (row.fault, row.state) == (PROCESS, "failed")
    for pid in (tmp_path / "pids").read_text().split():
        with pytest.raises(ProcessLookupError):
            for _ in range(50):
                os.kill(int(pid), 0)
                time.sleep(0.1)


def test_a_process_that_is_killed_becomes_a_row(ship: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = job(Entry("ship", str(ship)))

    def kill() -> None:
        while not attempt_module._running:
            time.sleep(0.01)
        for process in attempt_module._running:
            os.kill(process.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    row = attempt(found, out)
    killer.join()
    assert "its process was killed" in row.error
    assert row.fault == PROCESS


def test_a_process_that_breaks_becomes_a_row(ship: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = job(Entry("ship", str(ship)))
    monkeypatch.setattr(sys, "executable", "/bin/false")
    row = attempt(found, out)
    assert row.error == "its process ended with exit code 1; please report this"


def test_a_module_of_python_where_one_stands_is_not_taken_for_one_of_ours(
    ship: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    assert attempt(job(Entry("ship", str(ship))), out).error == ""


def test_a_fetch_that_fails_by_the_network_may_be_tried_again(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing listens there: it is refused at once, three times with pauses."""
    row = attempt(Job("a", "https://127.0.0.1:9/a/b", "0" * 40), out, 60)
    assert "cannot be fetched" in row.error
    assert row.fault == NETWORK


# -- the report ----------------------------------------------------------------------------------------------------

ROWS = (
    Row("clean", "/src/clean", "a" * 40),
    Row("few", "/src/few", "b" * 40, files=1, exact=1, left=1, reasons=(("a | `b` <i>", 1),)),
    Row("ready", "/src/ready", "c" * 40, "2024-01-01", "https://x.org/c", "operators", "switch", 1, 2, 3, 1),
    Row("broken", "https://x.org/<b>", error="<script>alert(1)</script>\x1b[2J", fault=NETWORK),
    Row("many", "/src/many", "d" * 40, left=7, reasons=(("why", 5), ("what", 2))),
    Row("wrong", "/src/wrong", "e" * 40, files=1, exact=1, checks=("does not reverse",)),
)


def test_the_worst_comes_first() -> None:
    view = fleet_view(ROWS, {})
    assert [one["name"] for one in view["repositories"]] == ["broken", "wrong", "many", "few", "ready", "clean"]
    assert view["summary"]["states"] == {"failed": 1, "refused": 1, "left": 2, "ready": 1, "clean": 1}
    assert view["summary"]["left"] == 8
    assert set(STATES) >= {row.state for row in ROWS}


def test_results_are_a_page_markdown_and_json_with_links(tmp_path: Path, out: Path) -> None:
    done = []
    for row in ROWS:
        folder = tmp_path / row.name
        folder.mkdir()
        for name in ("finalizer.patch", "report.html", "report.json", "report.md", "row.json"):
            if not row.error and (name != "finalizer.patch" or row.files):
                (folder / name).write_text(name)
        done.append((row, folder))
    write_results(out, done)
    document = json.loads((out / "fleet.json").read_text())
    schema = json.loads(SCHEMA_FILE.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(document, schema)
    page, text = (out / "index.html").read_text(), (out / "fleet.md").read_text()
    for one in document["repositories"]:
        for kind, path in one["outputs"].items():
            assert not path or (out / path).is_file()
            assert not path or kind in ("json", "markdown") or (f'href="{path}"' in page and f"]({path})" in text)
    assert not (out / "broken").exists()
    assert sorted(p.name for p in (out / "many").iterdir()) == ["report.html", "report.json", "report.md"]


def test_what_others_wrote_is_only_shown() -> None:
    view = fleet_view(ROWS, {})
    page, text = fleet_html(view), fleet_markdown(view)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "\\x1b" in page
    assert "<script" not in text
    assert "\x1b" not in page + text
    assert "a \\| `b` &lt;i&gt; (1)" in text


def test_a_page_without_links_has_none() -> None:
    view = fleet_view(ROWS, {"ready": {"html": "ready/report.html", "patch": "ready/finalizer.patch"}})
    assert "ready/report.html" in fleet_html(view)
    assert "ready/report.html" not in fleet_html(view, links=False)


# -- the command ---------------------------------------------------------------------------------------------------


@pytest.fixture
def without_flytekit(tmp_path: Path) -> dict[str, str]:
    """The environment of a Python that finds no flytekit, also where it is installed."""
    folder = tmp_path / "hide"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "import importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda name, package=None: None if name == 'flytekit' else find(name, package)\n"
    )
    return {"PYTHONPATH": os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])}


def test_without_the_extra_one_line_says_what_to_install(
    run: Run, tmp_path: Path, without_flytekit: dict[str, str]
) -> None:
    (tmp_path / "fleet.toml").write_text('[[checkout]]\npath = "x"\n')
    done = run("fleet", "fleet.toml", "-o", "out", **without_flytekit)
    assert (done.code, done.out) == (2, "")
    assert done.err == "gomigrate: fleet needs flytekit: pip install 'gomigrate[fleet]'\n"
    assert not (tmp_path / "out").exists()


def test_no_other_command_loads_flytekit() -> None:
    loaded = "gomigrate.cli, gomigrate.api, gomigrate.fleet.local, gomigrate.fleet.results"
    code = f"import sys, {loaded}; print('flytekit' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
