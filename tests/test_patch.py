"""Patches are checked against git itself: applied, taken back, merged, and compared byte for byte."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gomigrate.errors import printable
from gomigrate.git.patch import FileStat, blob_id, diff_stat, quote_name, render_patch

Files = dict[str, bytes]
Changes = dict[str, bytes | None]

NUMBERED = b"".join(b"line %d\n" % number for number in range(40))
BOM = b"\xef\xbb\xbf"


def git(top: Path, *args: str, stdin: bytes = b"") -> bytes:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(top),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "C",
        "GIT_COMMITTER_EMAIL": "c@example.org",
    }
    answer = subprocess.run(["git", *args], cwd=top, input=stdin, capture_output=True, env=environment, check=False)
    assert answer.returncode == 0, (args, answer.stderr, stdin)
    return answer.stdout


def committed(top: Path, files: Files, modes: dict[str, int] | None = None) -> Path:
    """A repository whose only commit holds the files."""
    git(top, "init", "-q", "--template=", ".")
    for name, content in files.items():
        file = top / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        file.chmod((modes or {}).get(name, 0o100644) & 0o777)
    git(top, "add", "-f", "--all", ".")
    git(top, "commit", "-q", "--allow-empty", "--no-verify", "-m", "before")
    return top


def on_disk(top: Path) -> Files:
    found = {}
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if name != ".git"]
        for name in names:
            file = Path(folder, name)
            found[file.relative_to(top).as_posix()] = file.read_bytes()
    return found


def after(originals: Files, changes: Changes) -> Files:
    return {name: new for name, new in {**originals, **changes}.items() if new is not None}


def prove(top: Path, originals: Files, changes: Changes, modes: dict[str, int] | None = None) -> bytes:
    """Apply, take back and merge the patch with git; give the patch."""
    wanted = after(originals, changes)
    patch = render_patch(originals, changes, modes or {})
    committed(top, originals, modes)
    git(top, "apply", "--index", stdin=patch)
    assert on_disk(top) == wanted
    for name in wanted:
        assert bool((top / name).stat().st_mode & 0o100) == ((modes or {}).get(name) == 0o100755)
    staged = git(top, "write-tree")
    git(top, "apply", "-R", "--index", stdin=patch)
    assert on_disk(top) == originals
    assert git(top, "status", "--porcelain", "--ignored") == b""
    git(top, "apply", "--3way", stdin=patch)
    assert on_disk(top) == wanted
    assert git(top, "write-tree") == staged
    assert headers(patch) == headers(git_diff(top))
    return patch


def git_diff(top: Path) -> bytes:
    return git(top, "diff", "--cached", "--full-index", "--no-renames", "--text")


def headers(patch: bytes) -> list[bytes]:
    """What stands above the hunks of each file."""
    return [part.partition(b"\n@@ ")[0].rstrip(b"\n") for part in (b"\n" + patch).split(b"\ndiff --git ")]


def without_headings(patch: bytes) -> bytes:
    """git repeats after @@ the line that opens the function; the patch of ours does not."""
    lines = patch.split(b"\n")
    return b"\n".join(line[: line.index(b" @@") + 3] if line.startswith(b"@@ ") else line for line in lines)


CONTENTS = {
    "one line": (b"a\nb\nc\n", b"a\nB\nc\n"),
    "first and last line": (NUMBERED, b"first\n" + NUMBERED[7:-8] + b"last\n"),
    "crlf": (b"a\r\nb\r\nc\r\n", b"a\r\nB\r\nc\r\n"),
    "crlf in one line only": (b"a\nb\r\nc\n", b"a\nB\r\nc\n"),
    "crlf becomes lf": (b"a\r\nb\r\n", b"a\nb\n"),
    "no newline at end, both": (b"a\nb\nc", b"A\nb\nc"),
    "no newline at end, last line": (b"a\nb\nc", b"a\nb\nC"),
    "newline at end added": (b"a\nb\nc", b"a\nb\nc\n"),
    "newline at end dropped": (b"a\nb\nc\n", b"a\nb\nc"),
    "no newline, crlf": (b"a\r\nb\r\nc\r", b"a\r\nB\r\nc\r"),
    "lines after no newline": (b"a", b"a\nb\nc\n"),
    "bom": (BOM + b"package a\nvar b\n", BOM + b"package c\nvar b\n"),
    "bom dropped": (BOM + b"package a\nvar b\n", b"package a\nvar b\n"),
    "lone cr": (b"a\rb\rc\nd\n", b"a\rB\rc\nd\n"),
    "form feed and kin": (b"a\fb\vc\x1cd\x85e\xe2\x80\xa8f\ng\n", b"a\fB\vc\x1cd\x85e\xe2\x80\xa8f\ng\n"),
    "not utf-8": (b"\xff\xfe\x80\nx\n", b"\xff\xfd\x80\nx\n"),
    "nul": (b"a\0b\nc\n", b"a\0B\nc\n"),
    "becomes empty": (b"a\nb\n", b""),
    "was empty": (b"", b"a\nb\n"),
    "was empty, no newline": (b"", b"a"),
    "only newlines": (b"\n\n\n", b"\n\n"),
    "far apart": (NUMBERED, NUMBERED.replace(b"e 5\n", b"e five\n").replace(b"e 30\n", b"e thirty\n")),
    "6 lines apart: one hunk": (NUMBERED, NUMBERED.replace(b"e 5\n", b"x\n").replace(b"e 12\n", b"x\n")),
    "7 lines apart: two hunks": (NUMBERED, NUMBERED.replace(b"e 5\n", b"x\n").replace(b"e 13\n", b"x\n")),
    "looks like a patch": (b"-- a\n++ b\n@@ -1 +1 @@\n", b"-- A\n++ b\n@@ -1 +1 @@\n-- \n"),
    "looks like the end of a mail": (b"-- \n2.0\n", b"From x\n-- \n2.1\n"),
    "moved block": (NUMBERED, NUMBERED[150:] + NUMBERED[:150]),
    "repeated lines": (b"}\n\n" * 30, b"}\n\n" * 20 + b"x\n" + b"}\n\n" * 9),
}


@pytest.mark.parametrize("case", CONTENTS)
def test_content_survives_git(tmp_path: Path, case: str) -> None:
    old, new = CONTENTS[case]
    prove(tmp_path, {"a.go": old}, {"a.go": new})


NAMES = [
    "with space.go",
    "two  spaces/a b.go",
    "a b/a b b/a b",
    "x b/x",
    "tab\there.go",
    'quo"te.go',
    "back\\slash.go",
    "new\nline.go",
    "control\x01\x07\x1b\x7f.go",
    "é/ü.go",
    "日本 語.go",
    "bytes\udcff\udcfe.go",
    "-dash.go",
    "'single'.go",
    "trailing space ",
    " leading",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_survive_git(tmp_path: Path, name: str) -> None:
    cases: list[tuple[Files, Changes]] = [
        ({name: b"a\n"}, {name: b"b\n"}),
        ({}, {name: b"a\n"}),
        ({name: b"a\n"}, {name: None}),
        ({}, {name: b""}),
        ({name: b""}, {name: None}),
    ]
    for number, (originals, changes) in enumerate(cases):
        folder = tmp_path / str(number)
        folder.mkdir()
        prove(folder, originals, changes)


def test_new_and_deleted_files(tmp_path: Path) -> None:
    originals: Files = {"gone.go": b"a\nb", "kept.go": b"k\n", "gone-empty.go": b"", "dir/gone.go": b"x\r\n"}
    changes: Changes = {
        "gone.go": None,
        "gone-empty.go": None,
        "dir/gone.go": None,
        "new.go": b"one\ntwo\n",
        "new/deep/empty.go": b"",
        "no-newline.go": b"x",
    }
    prove(tmp_path, originals, changes)


def test_executable_files_keep_their_mode(tmp_path: Path) -> None:
    modes = {"run.sh": 0o100755, "new.sh": 0o100755, "old.sh": 0o100755}
    originals: Files = {"run.sh": b"a\n", "old.sh": b"a\n", "plain.go": b"a\n"}
    prove(tmp_path, originals, {"run.sh": b"b\n", "new.sh": b"n\n", "old.sh": None, "plain.go": b"b\n"}, modes)


@pytest.mark.parametrize("mode", [0o120000, 0o160000, 0o644])
def test_a_symlink_is_never_written(mode: int) -> None:
    with pytest.raises(ValueError, match="no mode of a plain file"):
        render_patch({"a": b"x"}, {"a": b"y"}, {"a": mode})


def test_the_same_bytes_as_git_diff(tmp_path: Path) -> None:
    new = NUMBERED.replace(b"line 5\n", b"five\n").replace(b"line 7\n", b"").replace(b"line 30\n", b"line 30\nmore\n")
    patch = prove(tmp_path, {"a b.go": NUMBERED, "é.go": b"x"}, {"a b.go": new, "é.go": b"y", "n.go": b"1\n2\n"})
    assert patch == without_headings(git_diff(tmp_path))


@pytest.mark.parametrize(("case", "hunks"), [("6 lines apart: one hunk", 1), ("7 lines apart: two hunks", 2)])
def test_hunks_are_parted_as_git_does(tmp_path: Path, case: str, hunks: int) -> None:
    old, new = CONTENTS[case]
    patch = prove(tmp_path, {"a.go": old}, {"a.go": new})
    assert patch.count(b"\n@@ ") == hunks
    assert patch == without_headings(git_diff(tmp_path))


def test_files_come_in_the_order_of_their_bytes() -> None:
    names = ["b", "a/z", "a.go", "\U0001f600", "é", "Z", "\udcff"]
    patch = render_patch({}, dict.fromkeys(names, b""))
    positions = [
        patch.index(quote_name("b/" + name) + b"\n") for name in ["Z", "a.go", "a/z", "b", "é", "\U0001f600", "\udcff"]
    ]
    assert positions == sorted(positions)


@pytest.mark.parametrize("changes", [{}, {"a": b"x"}, {"nowhere": None}])
def test_no_change_is_no_patch(changes: Changes) -> None:
    assert render_patch({"a": b"x"}, changes) == b""
    assert diff_stat({"a": b"x"}, changes) == ()


def test_three_way_merges_into_a_file_that_moved_on(tmp_path: Path) -> None:
    patch = render_patch({"a.go": NUMBERED}, {"a.go": NUMBERED.replace(b"line 5\n", b"five\n")})
    committed(tmp_path, {"a.go": NUMBERED})
    (tmp_path / "a.go").write_bytes(b"top\n" * 9 + NUMBERED.replace(b"line 3\n", b"three\n"))
    git(tmp_path, "commit", "-qam", "moved on")
    git(tmp_path, "apply", "--3way", stdin=patch)
    merged = (tmp_path / "a.go").read_bytes()
    assert b"five\n" in merged and b"three\n" in merged and b"<<<" not in merged


def test_stat_counts_what_the_patch_holds() -> None:
    originals: Files = {"a": b"1\n2\n3\n", "gone": b"x\ny", "b": b"same\n"}
    changes: Changes = {"new": b"n\n", "a": b"1\ntwo\n2b\n3\n", "gone": None, "b": b"same\n"}
    assert diff_stat(originals, changes) == (
        FileStat("a", 2, 1),
        FileStat("gone", 0, 2),
        FileStat("new", 1, 0),
    )


def test_blob_ids_are_git_s(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    for content in [b"", b"a\r\n", b"\0\xff"]:
        known = git(tmp_path, "hash-object", "--no-filters", "--stdin", stdin=content)
        assert blob_id(content) == known.decode().strip()


def test_names_are_shown_without_control_bytes() -> None:
    assert printable("a\x1b[31m\n\udcff\u202eé.go") == "a\\x1b[31m\\n\\udcff\\u202eé.go"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"}\n" * 20_000, b"}\n" * 9_000 + b"x\n" + b"}\n" * 9_000),
        (b"x\n" + b"a\nb\n" * 10_000, b"y\n" + b"b\nb\na\n" * 7_000 + b"z\n"),
        (b"".join(b"%d\n" % n for n in range(60_000)), b"".join(b"%d\n" % n for n in range(60_000, 0, -1))),
        (
            b"x\n" + b"".join(b"%d\n}\n" % n for n in range(30_000)) + b"x\n",
            b"y\n" + b"".join(b"%d\n}\n" % n for n in range(30_000)) + b"y\n",
        ),
    ],
)
def test_big_files_take_little_time(tmp_path: Path, old: bytes, new: bytes) -> None:
    started = time.process_time()
    patch = render_patch({"a.go": old}, {"a.go": new})
    assert time.process_time() - started < 5
    committed(tmp_path, {"a.go": old})
    git(tmp_path, "apply", stdin=patch)
    assert (tmp_path / "a.go").read_bytes() == new


def test_a_change_at_both_ends_of_a_big_file_stays_two_hunks() -> None:
    middle = b"".join(b"%d\n}\n" % number for number in range(5_000))
    patch = render_patch({"a": b"x\n" + middle + b"x\n"}, {"a": b"y\n" + middle + b"y\n"})
    assert patch.count(b"\n@@ ") == 2
    assert len(patch) < 500


LINES = st.sampled_from(
    [
        b"",
        b"a",
        b"b",
        b"}",
        b"\r",
        b"a\r",
        b"a\rb",
        b"\f",
        b"\x85",
        b"\xff",
        BOM,
        b" ",
        b"-",
        b"+ x",
        b"\\ No",
        b"\0",
    ]
)
CONTENT = st.builds(
    lambda lines, end: b"\n".join(lines) + end,
    st.lists(LINES, max_size=25),
    st.sampled_from([b"", b"\n", b"\r\n"]),
)
NAME = st.text(alphabet='ab \t"\\é\x01\x7f\n\udcff日', min_size=1, max_size=6).map(lambda name: "n" + name)
PATH = st.builds(lambda folder, name: folder + name, st.sampled_from(["", "d d/", "é\t/"]), NAME)
VERSIONS = st.one_of(
    st.tuples(CONTENT, CONTENT),
    st.tuples(CONTENT, st.none()),
    st.tuples(st.none(), CONTENT),
    # A version and an edit of it, for patches with context.
    st.builds(
        lambda lines, at, new: (b"\n".join(lines), b"\n".join([*lines[:at], new, *lines[at + 1 :]])),
        st.lists(LINES, max_size=40),
        st.integers(0, 40),
        LINES,
    ),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(PATH, VERSIONS, min_size=1, max_size=6))
def test_random_files_survive_git(versions: dict[str, tuple[bytes | None, bytes | None]]) -> None:
    originals = {path: old for path, (old, _) in versions.items() if old is not None}
    changes = {path: new for path, (_, new) in versions.items()}
    if not render_patch(originals, changes):
        return
    with tempfile.TemporaryDirectory() as folder:
        prove(Path(folder), originals, changes)
