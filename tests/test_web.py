"""Links to the web view of a remote: known forms only, and nothing that an address could smuggle in."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from conftest import MakeRepo

from gomigrate.git.folder import origin
from gomigrate.git.repository import head_commit
from gomigrate.git.web import web_folder, web_page

COMMIT = "fd9a378061" * 4
GITHUB = f"https://github.com/harbor/fleet/blob/{COMMIT}"


@pytest.mark.parametrize(
    ("address", "folder"),
    [
        ("https://github.com/harbor/fleet", GITHUB),
        ("https://github.com/harbor/fleet.git", GITHUB),
        ("https://github.com/harbor/fleet/", GITHUB),
        ("http://GitHub.com/harbor/fleet", GITHUB),
        ("https://someone:secret@github.com/harbor/fleet.git", GITHUB),
        ("git@github.com:harbor/fleet.git", GITHUB),
        ("github.com:harbor/fleet", GITHUB),
        ("ssh://git@github.com:22/harbor/fleet.git", GITHUB),
        ("git://github.com/harbor/fleet", GITHUB),
        ("git@gitlab.com:a/b/c/d.git", f"https://gitlab.com/a/b/c/d/-/blob/{COMMIT}"),
        ("https://gitlab.example.org/a/b.c.git", f"https://gitlab.example.org/a/b.c/-/blob/{COMMIT}"),
        ("ssh://git@git.gitlab.example.org:2222/a/b", f"https://git.gitlab.example.org/a/b/-/blob/{COMMIT}"),
        ("git@github.example.org:a/b", f"https://github.example.org/a/b/blob/{COMMIT}"),
    ],
)
def test_known_forms(address: str, folder: str) -> None:
    assert web_folder(address, COMMIT) == folder


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/srv/git/github.com/a/b",
        "../github.com/a/b",
        "file:///github.com/a/b",
        "javascript:alert(1)",
        "javascript://github.com/%0aalert(1)/b",
        "javascript:github.com/a/b",
        "data:text/html,github.com/a/b",
        "ext::sh -c github.com/a/b",
        "https://github.com",
        "https://github.com/a",
        "https://github.com/a/../b",
        "https://github.com/a/b?x=1",
        "https://github.com/a/b#x",
        'https://github.com/a/b"onclick="x',
        "https://github.com/a/<b>",
        "https://github.com/a//b",
        "https://github.com/a/b\n",
        "https://github.com\\@evil.example/a/b",
        "https://github.com:443/a/b",
        "https://github.com@evil.example/a/b",
        "https://evil.example/github.com/b",
        "https://notgithub.com/a/b",
        "https://githüb.com/a/b",
        "https://bitbucket.org/a/b",
        "https://github/a/b",
    ],
)
def test_anything_else_is_no_link(address: str) -> None:
    assert web_folder(address, COMMIT) == ""


@pytest.mark.parametrize("commit", ["", "main", "fd9a378061", COMMIT + "\n", COMMIT + "/.."])
def test_only_a_whole_commit_is_linked(commit: str) -> None:
    assert web_folder("https://github.com/a/b", commit) == ""


def test_page() -> None:
    assert web_page(GITHUB, "a b/ü#?.go", 7) == f"{GITHUB}/a%20b/%C3%BC%23%3F.go#L7"
    assert web_page(GITHUB, "stray\udcff.go") == f"{GITHUB}/stray%FF.go"
    assert web_page(GITHUB, '"><script>') == f"{GITHUB}/%22%3E%3Cscript%3E"
    assert web_page("", "a.go", 7) == ""


def test_origin_is_read_from_the_settings(make_repo: MakeRepo, tmp_path: Path) -> None:
    repo = make_repo({"a.go": "package a\n"})
    assert origin(repo) == ""

    def git(*args: str) -> None:
        subprocess.run(["git", "-C", repo, *args], check=True, capture_output=True)

    git("remote", "add", "upstream", "https://github.com/other/fleet")
    assert origin(repo) == ""
    git("remote", "add", "origin", "https://github.com/harbor/fleet")
    assert origin(repo) == "https://github.com/harbor/fleet"
    git("config", "remote.origin.promisor", "true")
    git("worktree", "add", "-q", str(tmp_path / "tree"))
    assert origin(tmp_path / "tree") == "https://github.com/harbor/fleet"
    assert web_folder(origin(repo), head_commit(repo)).startswith("https://github.com/harbor/fleet/blob/")
    # As git reads it, the last one counts for fetching and all for pushing: not simple, so none.
    git("config", "--add", "remote.origin.url", "https://github.com/harbor/second")
    assert origin(repo) in ("", "https://github.com/harbor/fleet")


def test_an_origin_that_is_not_plain_is_none(make_repo: MakeRepo) -> None:
    repo = make_repo({"a.go": "package a\n"})
    config = repo / ".git" / "config"
    plain = config.read_text()
    for text in (
        '[remote "origin"]\n\turl = https://github.com/a/b # said\n',
        '[remote "origin"]\n\turl = "https://github.com/a/b c"\n',
        '[remote "origin"]\n\turl\n',
        '[remote "origin"]\n[other]\n\turl = https://github.com/a/b\n',
        '[other]\n\tx = \\\n[remote "origin"\n\turl = https://github.com/a/b\n',
    ):
        config.write_text(plain + text)
        assert origin(repo) == "", text
    config.unlink()
    config.symlink_to(repo / "a.go")
    assert origin(repo) == ""
