"""One commit of a repository in a folder of its own, got so that nothing of the repository is run.

No hook, filter (git-lfs among them), submodule or template, and of git's protocols only https, ssh and file. What a
folder holds is borrowed from it; from an address the one commit is fetched, with the user's own credentials.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from gomigrate.errors import UserError, printable
from gomigrate.git.folder import origin
from gomigrate.git.repository import SlowError, ask_git, run_git
from gomigrate.git.scratch import begin, borrow

_PROTOCOLS = "https:ssh:file"
_ADDRESS = re.compile(
    r"(?:https|ssh)://(?!-)(?:[^\s/@]+@)?[A-Za-z0-9\[][A-Za-z0-9.:\[\]-]*/[^\s]+"
    r"|file:///[^\s]+"
    r"|(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)?[A-Za-z0-9][A-Za-z0-9.-]+:(?![/\\]{2})[^\s:-][^\s:]*"
)
_USER = re.compile(r"(https://)[^\s/@]+@")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PAUSES = (1.0, 4.0)
_ASK_SECONDS = 60.0
_FETCH_SECONDS = 3600.0
# What does not get better by itself.
_LASTING = re.compile(
    r"not found|does not exist|does not appear to be a git repository|could not read Username|Authentication failed"
    r"|Permission denied|Host key verification|not our ref|couldn't find remote ref|not allowed|dubious ownership",
    re.IGNORECASE,
)
# With none of the user's settings no filter is known, whatever attributes ask for one.
_BARE_SETTINGS = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_ATTR_NOSYSTEM": "1"}
_ONLINE = {"GIT_ALLOW_PROTOCOL": _PROTOCOLS, "SSH_ASKPASS_REQUIRE": "never"}


class PassingError(UserError):
    """One that may be gone when it is tried again."""


def is_address(text: str) -> bool:
    """Whether a text is an address for git in one of the forms that are taken: https, ssh, file, user@host:path."""
    return bool(_ADDRESS.fullmatch(text)) and text.isprintable()


def shown(source: str) -> str:
    """An address without the password or token in it."""
    return _USER.sub(r"\1", source)


def commit_of(source: str, revision: str) -> str:
    """The full id of the commit that a commit, tag or branch is, "" standing for what is checked out.

    Raises UserError when there is no such repository or revision, PassingError for a fault of the network.
    """
    if is_address(source):
        return _remote_commit(source, revision)
    top = _folder(source)
    name = f"{revision or 'HEAD'}^{{commit}}"
    answer = _in_folder(top, "rev-parse", "--verify", "--quiet", "--end-of-options", name, allowed=(0, 1, 128))
    lines = [line for line in answer.splitlines() if _COMMIT.fullmatch(line)]
    if not lines:
        what = f"has no commit, tag or branch {revision!r}" if revision else "has no commit"
        raise UserError(f"{printable(source)}: {what}")
    return lines[-1]


def check_out(source: str, commit: str, folder: Path) -> None:
    """Fills the new folder with a commit, as a repository of its own. Raises as `commit_of`."""
    folder.mkdir()
    if is_address(source):
        begin(commit, folder)
        _set_origin(folder, shown(source))
        options = ("--depth=1", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
        _online(folder, source, _FETCH_SECONDS, "-c", "gc.auto=0", "fetch", "-q", *options, "--", source, commit)
    else:
        top = _folder(source)
        objects = _in_folder(top, "rev-parse", "--git-path", "objects").strip()
        borrow((top / objects).resolve(), commit, folder)
        _set_origin(folder, shown(origin(top)))
    done = ask_git(folder, "read-tree", "--reset", "-u", commit, seconds=_FETCH_SECONDS, variables=_BARE_SETTINGS)
    if done.returncode:
        raise UserError(f"{printable(shown(source))}: {commit[:12]} cannot be checked out: {_reason(done.stderr)}")
    (folder / ".git" / "HEAD").write_text(commit + "\n", encoding="ascii")


def _set_origin(folder: Path, address: str) -> None:
    if address and is_address(address):
        run_git(folder, "config", "remote.origin.url", address)


def _folder(source: str) -> Path:
    top = Path(source)
    if not top.is_dir():
        raise UserError(f"{printable(source)}: there is no such folder")
    return top


def _in_folder(top: Path, *args: str, allowed: tuple[int, ...] = (0,)) -> str:
    """What git says of a repository whose top, or bare folder, it is: one further up is another repository."""
    answer = ask_git(top, *args, variables={"GIT_CEILING_DIRECTORIES": str(top.parent)})
    text = answer.stderr.decode("utf-8", "replace")
    if "not a git repository" in text:
        raise UserError(f"{printable(str(top))}: is not the top of a git checkout, nor a bare repository")
    if answer.returncode not in allowed or "dubious ownership" in text:
        raise UserError(f"{printable(str(top))}: {_reason(answer.stderr)}")
    return answer.stdout.decode("utf-8", "surrogateescape")


def _remote_commit(source: str, revision: str) -> str:
    if _COMMIT.fullmatch(revision):
        return revision
    names: tuple[str, ...] = ("HEAD",)
    if revision:
        names = tuple(f"refs/{kind}/{revision}{end}" for kind in ("tags", "heads") for end in ("^{}", ""))
    answer = _online(Path.cwd(), source, _ASK_SECONDS, "ls-remote", "-q", "--", source, *names)
    lines = (line.partition("\t") for line in answer.decode("utf-8", "replace").splitlines())
    found = {name: commit for commit, _, name in lines}
    commit = next((found[name] for name in names if name in found), "")
    if not _COMMIT.fullmatch(commit):
        asked = f"has no tag or branch {revision!r}; a commit must be given with all its digits"
        what = asked if revision else "is empty"
        raise UserError(f"{printable(shown(source))}: {what}")
    return commit


def _online(folder: Path, source: str, seconds: float, *args: str) -> bytes:
    for pause in (*_PAUSES, None):
        try:
            done = ask_git(folder, *args, seconds=seconds, variables=_ONLINE)
        except SlowError:
            raise PassingError(f"{printable(shown(source))}: gave no answer in {seconds:g} seconds") from None
        if not done.returncode:
            return done.stdout
        reason = _reason(done.stderr).replace(source, shown(source))
        lasting = _LASTING.search(done.stderr.decode("utf-8", "replace"))
        if lasting or pause is None:
            kind = UserError if lasting else PassingError
            raise kind(f"{printable(shown(source))}: cannot be fetched: {reason}")
        time.sleep(pause)
    raise AssertionError("the last try returns or raises")


def _reason(message: bytes) -> str:
    """The line of git's message that says why."""
    lines = [line.strip() for line in message.decode("utf-8", "replace").splitlines() if line.strip()]
    fatal = [line.partition(":")[2].strip() for line in lines if line.startswith(("fatal:", "error:", "ERROR:"))]
    return printable((fatal or lines or ["git gave no reason"])[0])
