"""Small questions to a git repository, asked so that nothing of a hostile checkout is run.

Neither hooks nor the file system monitor, filters, external diffs or a remote that would have to hand over
missing objects are run: which files differ is found by hashing them here. Paths are relative to the
folder that is given as `top`, with slashes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from gomigrate.errors import UserError, printable
from gomigrate.git.folder import find_top, git_folder, head_in_files
from gomigrate.git.patch import EXECUTABLE_MODE, FILE_MODE, blob_id
from gomigrate.programs import find_program

if TYPE_CHECKING:
    from subprocess import CompletedProcess

_TIMEOUT_SECONDS = 30
_ARGUMENT_BYTES = 60_000
_GITLINK = 0o160000
_OPTIONS = (
    "--no-pager",
    "--no-optional-locks",
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "core.untrackedCache=false"),
    *("-c", f"core.attributesFile={os.devnull}"),
    *("-c", "core.alternateRefsCommand="),
    *("-c", "diff.external="),
    *("-c", "submodule.recurse=false"),
)
# Variables that point git at another repository than the one asked about (a hook sets them), or at programs.
_DROPPED_VARIABLES = frozenset(
    "GIT_" + name
    for name in (
        *("DIR", "WORK_TREE", "INDEX_FILE", "COMMON_DIR", "OBJECT_DIRECTORY", "ALTERNATE_OBJECT_DIRECTORIES"),
        *("NAMESPACE", "PREFIX", "CONFIG", "SHALLOW_FILE", "GRAFT_FILE", "REPLACE_REF_BASE", "EXTERNAL_DIFF"),
        *("IMPLICIT_WORK_TREE", "INTERNAL_SUPER_PREFIX", "LITERAL_PATHSPECS", "GLOB_PATHSPECS"),
        *("NOGLOB_PATHSPECS", "ICASE_PATHSPECS"),
    )
)
# In a partial clone git fetches what is missing, by programs that the checkout's own configuration names.
_SET_VARIABLES = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "LC_ALL": "C",
}


class SlowError(UserError):
    """git gave no answer in the time that it was given."""


class _Refused(UserError):
    """git answered with an error that has no explanation of its own here."""


class _Entry(NamedTuple):
    mode: int
    blob: str
    stage: int = 0


def head_commit(top: Path) -> str:
    """The full id of the commit that is checked out, "" when there is none. Raises UserError, see `dirty`.

    Starts git only where the id is not simply in a file.
    """
    checkout = find_top(top)
    folder = git_folder(checkout) if checkout else None
    found = head_in_files(folder) if folder else ""
    if found:
        return found
    answer = run_git(top, "rev-parse", "--verify", "--quiet", "HEAD^{commit}", allowed=(0, 1))
    return answer.decode("ascii").strip()


def dirty(top: Path, paths: Iterable[str]) -> list[str]:
    """Those paths, sorted, whose content is not safe in the last commit.

    That is when the file differs from the index or the index from HEAD, when git does not know the file (it
    may belong to a submodule), or when it is gone. A file that is nowhere is not dirty, nor is one that git
    stores with LF and has checked out with CRLF. Content that a filter has made (LFS, ident) counts as dirty,
    for filters are programs and not run. Raises UserError when git is missing, refuses, or needs more than
    30 seconds.
    """
    names = sorted(set(paths))
    index, head = _index(top, names), _head(top, names)
    return [name for name in names if _is_dirty(top / name, index.get(name), head.get(name))]


def unstaged(top: Path, paths: Iterable[str]) -> list[str]:
    """Those paths, sorted, whose content is not safe in the index: `git restore` would not bring it back.

    In a hook the index is that of the commit that is made. Raises UserError, see `dirty`.
    """
    names = sorted(set(paths))
    index = {name: entry for name, entry in _index(top, names).items() if not entry.stage}
    return [name for name in names if _is_dirty(top / name, index.get(name), index.get(name))]


def ignored(top: Path, paths: Iterable[str]) -> set[str]:
    """Those paths that .gitignore and its kin exclude, tracked ones never. Raises UserError, see `dirty`."""
    names = sorted(set(paths))
    try:
        return _check_ignore(top, names)
    except _Refused:
        # git refuses all paths when one lies in a submodule or beyond a symlink: these are not its own.
        links = {name for name, entry in _index(top).items() if entry.mode == _GITLINK}
        return _check_ignore(top, [name for name in names if not _is_foreign(top, name, links)])


def author(top: Path) -> str:
    """`Name <mail>` of the person at this checkout as git knows it, or gomigrate's own when git does not."""
    try:
        name, _, rest = run_git(top, "var", "GIT_AUTHOR_IDENT").decode("utf-8", "replace").partition(" <")
    except UserError:
        return "gomigrate <gomigrate@localhost>"
    mail = rest.partition(">")[0]
    return f"{name} <{mail}>" if name.strip() and mail.isascii() and "@" in mail else "gomigrate <gomigrate@localhost>"


def index_modes(top: Path, paths: Iterable[str]) -> dict[str, int]:
    """The git file modes of those paths that the index knows. Raises UserError, see `dirty`.

    More to be trusted than `file_mode` where the file system keeps no executable bit.
    """
    return {name: entry.mode for name, entry in _index(top, sorted(set(paths))).items()}


def stored_with_lf(top: Path, paths: Iterable[str]) -> set[str]:
    """Those paths that are checked out with CRLF but stored with LF (core.autocrlf), otherwise unchanged.

    A patch for --index, --3way or `git am` must be made from what is stored. Raises UserError, see `dirty`.
    """
    found = set()
    for name, entry in _index(top, sorted(set(paths))).items():
        content = _content(top / name)
        if content and b"\r\n" in content and entry.blob == _blob(content.replace(b"\r\n", b"\n"), entry):
            found.add(name)
    return found


def file_mode(path: Path) -> int:
    """The git mode of a plain file: 0o100755 when its owner may run it, else 0o100644.

    Raises UserError when there is no such file, or it is a symlink, a folder or a device.
    """
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        raise UserError(f"{printable(str(path))}: cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        raise UserError(f"{printable(str(path))}: is not a plain file (a symlink?) and is left alone")
    return EXECUTABLE_MODE if mode & stat.S_IXUSR else FILE_MODE


def _is_dirty(file: Path, index: _Entry | None, head: _Entry | None) -> bool:
    if index is None and head is None:
        return os.path.lexists(file)
    if index is None or index != head:
        return True
    content = _content(file)
    if content is None:
        return True
    return index.blob not in (_blob(content, index), _blob(content.replace(b"\r\n", b"\n"), index))


def _content(file: Path) -> bytes | None:
    """What a plain file holds; None for anything else."""
    try:
        return file.read_bytes() if stat.S_ISREG(file.lstat().st_mode) else None
    except OSError:
        return None


def _blob(content: bytes, entry: _Entry) -> str:
    return blob_id(content, "sha256" if len(entry.blob) == 64 else "sha1")


def _index(top: Path, names: Sequence[str] | None = None) -> dict[str, _Entry]:
    """What the index holds of `names`, or of all below `top`. Of a conflict its highest stage stays."""
    entries = {}
    for batch in [()] if names is None else _batches(names):
        for record in _records(run_git(top, "ls-files", "--stage", "-z", "--", *batch)):
            fields, _, name = record.partition(b"\t")
            mode, blob, stage = fields.split()
            entries[os.fsdecode(name)] = _Entry(int(mode, 8), blob.decode("ascii"), int(stage))
    return entries


def _head(top: Path, names: Sequence[str]) -> dict[str, _Entry]:
    """What the last commit holds of `names`."""
    if not head_commit(top):
        return {}
    entries = {}
    for batch in _batches(names):
        for record in _records(run_git(top, "ls-tree", "-r", "-z", "HEAD", "--", *batch)):
            fields, _, name = record.partition(b"\t")
            mode, _, blob = fields.split()
            entries[os.fsdecode(name)] = _Entry(int(mode, 8), blob.decode("ascii"))
    return entries


def _check_ignore(top: Path, names: Sequence[str]) -> set[str]:
    if not names:
        return set()
    # This command has no option to take names literally, but ":" means something only at the start.
    stdin = b"".join(b"./" + os.fsencode(name) + b"\0" for name in names)
    answer = run_git(top, "check-ignore", "--stdin", "-z", stdin=stdin, allowed=(0, 1))
    return {os.fsdecode(name.removeprefix(b"./")) for name in _records(answer)}


def _is_foreign(top: Path, name: str, links: set[str]) -> bool:
    folders = [parent.as_posix() for parent in Path(name).parents]
    return any(folder in links or (top / folder).is_symlink() for folder in (*folders[:-1], name))


def _records(output: bytes) -> list[bytes]:
    return output.split(b"\0")[:-1]


def _batches(names: Sequence[str]) -> Iterator[list[str]]:
    """The names in lists that fit a command line."""
    batch: list[str] = []
    size = 0
    for name in names:
        size += len(os.fsencode(name)) + 1
        if batch and size > _ARGUMENT_BYTES:
            yield batch
            batch, size = [], len(os.fsencode(name)) + 1
        batch.append(name)
    if batch:
        yield batch


def run_git(top: Path, *args: str, stdin: bytes = b"", allowed: Sequence[int] = (0,)) -> bytes:
    """What git prints. Raises UserError when it is missing, takes too long, or ends with another code."""
    answer = ask_git(top, *args, stdin=stdin)
    if answer.returncode not in allowed:
        raise _explained(top, args[0], answer.stderr.decode("utf-8", "replace"))
    return answer.stdout


def ask_git(
    top: Path,
    *args: str,
    stdin: bytes = b"",
    seconds: float | None = None,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> CompletedProcess[bytes]:
    """git's answer, whatever its code is. `variables` go over those that keep git from running and fetching anything.
    Raises UserError when git is missing, SlowError when it needs more than `seconds`, else 30."""
    import subprocess  # here, since finding the top needs none of it and every start would pay for it

    seconds = _TIMEOUT_SECONDS if seconds is None else seconds
    literal = [] if args[0] == "check-ignore" else ["--literal-pathspecs"]
    try:
        return subprocess.run(
            [_program(), *_OPTIONS, *literal, "-C", os.fspath(top), *args],
            input=stdin,
            capture_output=True,
            env={**_environment(top), **variables},
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SlowError(
            f"{printable(str(top))}: `git {args[0]}` gave no answer in {seconds:g} seconds; "
            "see whether the disk is slow or the repository broken (`git fsck`), and try again"
        ) from error
    except OSError as error:
        raise UserError(f"git cannot be run: {error.strerror}; mend the installation of git") from error


def _explained(top: Path, command: str, message: str) -> UserError:
    where = printable(str(top))
    if "dubious ownership" in message or "unsafe repository" in message:
        return UserError(
            f"{where}: git refuses the checkout because its folder belongs to another user; if you trust it, "
            f"run `git config --global --add safe.directory '{where}'`, or run as its owner"
        )
    if "not a git repository" in message:
        return UserError(f"{where}: is no git checkout; give a folder inside one")
    first_line = printable(message.strip().partition("\n")[0]) or "it gave no reason"
    return _Refused(f"{where}: `git {command}` failed: {first_line}; `git status` there may tell more")


def _program() -> str:
    found = find_program("git")
    if not found:
        raise UserError("git was not found on PATH; install git, or add its folder to PATH")
    return found


def _environment(top: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _DROPPED_VARIABLES}
    return {**kept, **_SET_VARIABLES, **_index_of_commit(top)}


def _index_of_commit(top: Path) -> dict[str, str]:
    """The index that `git commit -a` makes for its hooks, when it is one of this checkout."""
    given = os.environ.get("GIT_INDEX_FILE")
    checkout = find_top(top) if given else None
    folder = git_folder(checkout) if checkout else None
    if not given or not checkout or not folder:
        return {}
    file = os.path.realpath(checkout / given)
    return {"GIT_INDEX_FILE": file} if os.path.dirname(file) == os.path.realpath(folder) else {}
