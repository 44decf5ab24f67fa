"""Mails are checked by `git am` itself: files, message, author and date must come out as they went in."""

from __future__ import annotations

import os
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gomigrate import __version__
from gomigrate.errors import UserError
from gomigrate.git.mbox import render_mbox
from gomigrate.git.patch import FileStat, diff_stat, render_patch

AUTHOR = "A Person <a@example.org>"
DATE = datetime(2025, 3, 4, 5, 6, 7, tzinfo=timezone(timedelta(hours=2)))
PATCH = render_patch({"a.go": b"a\n"}, {"a.go": b"b\n"})


def git(top: Path, *args: str, stdin: bytes = b"") -> bytes:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(top),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Someone Else",
        "GIT_AUTHOR_EMAIL": "else@example.org",
        "GIT_COMMITTER_NAME": "C",
        "GIT_COMMITTER_EMAIL": "c@example.org",
    }
    answer = subprocess.run(["git", *args], cwd=top, input=stdin, capture_output=True, env=environment, check=False)
    assert answer.returncode == 0, (args, answer.stderr, answer.stdout, stdin)
    return answer.stdout


def committed(top: Path, originals: dict[str, bytes]) -> None:
    git(top, "init", "-q", "--template=", ".")
    for name, content in originals.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(content)
    git(top, "add", "-f", "--all", ".")
    git(top, "commit", "-q", "--allow-empty", "-m", "before")


def shown(top: Path, form: str) -> str:
    return git(top, "log", "-1", f"--format={form}").decode().rstrip("\n")


def received(top: Path, subject: str = "subject", body: str = "", author: str = AUTHOR, *options: str) -> Path:
    """The repository after `git am` of one small change."""
    committed(top, {"a.go": b"a\n"})
    mail = render_mbox(PATCH, subject, body, author=author, date=DATE, stat=[FileStat("a.go", 1, 1)])
    git(top, "am", "-q", *options, stdin=mail)
    assert (top / "a.go").read_bytes() == b"b\n"
    return top


def prove(top: Path, originals: dict[str, bytes], changes: dict[str, bytes | None], *options: str) -> None:
    committed(top, originals)
    patch = render_patch(originals, changes)
    stat = diff_stat(originals, changes)
    git(top, "am", "-q", *options, stdin=render_mbox(patch, "s", "b", author=AUTHOR, date=DATE, stat=stat))
    for name, content in {**originals, **changes}.items():
        if content is None:
            assert not (top / name).exists()
        else:
            assert (top / name).read_bytes() == content
    assert git(top, "status", "--porcelain") == b""


@pytest.mark.parametrize("options", [(), ("--keep-cr",), ("--no-keep-cr",), ("--3way",)])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"a\nb\n", b"a\nB\n"),
        (b"a\r\nb\r\nc\r\n", b"a\r\nB\r\nc\r\n"),
        (b"a\r\nb\nc\r", b"a\nb\r\nc\r\r"),
        (b"a\rb\n", b"a\rB\n"),
        (b"\xff\x80\r\n\xe9\n", b"\xff\x81\r\n\xe9\n"),
        (b"\xff\x80\n\xe9\n", b"\xff\x81\n\xe9"),
        (b"\xef\xbb\xbfa\n", b"\xef\xbb\xbfb\n"),
        (b"a\0b\n", b"a\0c\n"),
        (b"-- \n1\n", b"From x\n-- \n2\n---\ndiff -\n"),
        (b"a\n-- a\n", b"a\n++ b\n=3D=\n"),
        (b"x" * 5000 + b"\r\n", b"y" * 5000 + b"\r\n"),
        (b"a\x85b\fc\n", b"a\x85b\fd\n"),
    ],
)
def test_content_survives_am(tmp_path: Path, old: bytes, new: bytes, options: tuple[str, ...]) -> None:
    prove(tmp_path, {"a.go": old}, {"a.go": new}, *options)


def test_new_deleted_and_empty_files_survive_am(tmp_path: Path) -> None:
    originals = {"gone.go": b"x\n", "gone empty.go": b"", "é.go": b"a\r\n"}
    prove(
        tmp_path,
        originals,
        {"gone.go": None, "gone empty.go": None, "new/\u65e5.go": b"1", "z": b"", "é.go": b"b\r\n"},
    )


def test_an_empty_file_may_come_last(tmp_path: Path) -> None:
    prove(tmp_path, {"a": b"1\n"}, {"a": b"2\n", "z": b""})


@pytest.mark.parametrize(
    "line",
    [
        "From x@example.org Mon Sep 17 00:00:00 2001",
        "From here on",
        ">From here on",
        ">From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001",
        "diff --git a/a.go b/a.go",
        "diff -u a b",
        "---",
        "--- ",
        "--- a/a.go",
        "-----",
        "Index: a.go",
        "+++ b/a.go",
        "@@ -1 +1 @@",
        "-- ",
        "Subject: another one",
        "From: Mallory <m@example.org>",
        "date: Thu, 1 Jan 1970 00:00:00 +0000",
        "Content-Type: text/plain; charset=UTF-16",
        "Content-Transfer-Encoding: base64",
        "[PATCH] another",
        "# a heading",
        "é\u65e5",
    ],
)
@pytest.mark.parametrize("place", ["{}", "{}\nmore", "first\n\n{}\n\nlast", "first\n{}"])
def test_lines_that_git_reads_as_the_end_stay_in_the_message(tmp_path: Path, line: str, place: str) -> None:
    body = place.format(line)
    received(tmp_path, "subject", body)
    assert shown(tmp_path, "%s") == "subject"
    assert [text.strip() for text in shown(tmp_path, "%b").split("\n")] == [text.strip() for text in body.split("\n")]
    assert shown(tmp_path, "%an <%ae> %aI") == "A Person <a@example.org> 2025-03-04T05:06:07+02:00"
    assert shown(tmp_path, "%H %P").count(" ") == 1
    assert git(tmp_path, "rev-list", "--count", "HEAD") == b"2\n"


def test_ordinary_lines_of_the_body_stay_as_they_are(tmp_path: Path) -> None:
    body = "A list:\n\n- one\n  two\n\nFromage, diffs, Index\n\nSigned-off-by: A Person <a@example.org>"
    assert shown(received(tmp_path, "s", body), "%b") == body


def test_line_ends_and_control_bytes_of_the_body(tmp_path: Path) -> None:
    received(tmp_path, "s", "a\r\nb\rc\x1b[31m\0 \udcff")
    assert shown(tmp_path, "%b") == "a\nb\nc\\x1b[31m\\x00 \\udcff"


@pytest.mark.parametrize(
    "subject",
    [
        "plain",
        "qualify the finalizer name " * 12 + "end",
        "x" * 300,
        "Finalizer für Flyte: weil ja",
        "\u65e5\u672c\u8a9e " * 40 + "end",
        "looks =?utf-8?q?encoded?= but is not",
        "colon: equals = question ? under_score",
        "emoji \U0001f600" * 20,
    ],
)
def test_subjects_survive_am(tmp_path: Path, subject: str) -> None:
    received(tmp_path, subject)
    assert shown(tmp_path, "%s") == subject
    mail = render_mbox(PATCH, subject, "", author=AUTHOR, date=DATE)
    header = mail.partition(b"\n\n")[0]
    assert header.isascii()
    assert subject == "x" * 300 or max(len(line) for line in header.split(b"\n")[1:]) <= 78


@pytest.mark.parametrize(
    ("subject", "wanted"),
    [
        ("two\nlines  here\t", "two lines here"),
        ("a\x1b[31mb\0c", "a [31mb c"),
        ("", "(no subject)"),
        ("\udcff", "\\udcff"),
    ],
)
def test_subjects_are_one_clean_line(tmp_path: Path, subject: str, wanted: str) -> None:
    assert shown(received(tmp_path, subject), "%s") == wanted


@pytest.mark.parametrize(
    "author",
    [
        "A Person <a@example.org>",
        "Zoë Müller <z@example.org>",
        "O'Neil, Bob Jr. (x) <b@example.org>",
        'The "Q" Person <q@x.org>',
    ],
)
def test_authors_survive_am(tmp_path: Path, author: str) -> None:
    assert shown(received(tmp_path, author=author), "%an <%ae>") == author


@pytest.mark.parametrize(
    "author", ["", "nobody", "a@example.org", "<a@example.org>", "A <a>", "A <ü@x.org>", "A <a@b> c"]
)
def test_an_author_that_git_cannot_take_is_refused(author: str) -> None:
    with pytest.raises(UserError, match=r"Name <mail@example\.org>"):
        render_mbox(PATCH, "s", "b", author=author, date=DATE)


def test_an_author_cannot_smuggle_in_a_header() -> None:
    mail = render_mbox(PATCH, "s", "b", author="A\nSubject: evil <a@example.org>", date=DATE)
    assert b"\nSubject: evil" not in mail


def test_a_date_without_zone_is_utc(tmp_path: Path) -> None:
    committed(tmp_path, {"a.go": b"a\n"})
    git(
        tmp_path,
        "am",
        "-q",
        stdin=render_mbox(PATCH, "s", "", author=AUTHOR, date=datetime(2025, 1, 2, 3, 4, 5)),
    )
    assert shown(tmp_path, "%at") == str(int(datetime(2025, 1, 2, 3, 4, 5, tzinfo=timezone.utc).timestamp()))


def test_the_form_of_the_mail() -> None:
    stat = [FileStat("a.go", 30, 10), FileStat("some/name.go", 0, 1), FileStat("empty", 0, 0)]
    mail = render_mbox(PATCH, "Rename", "Why.", author=AUTHOR, date=DATE, stat=stat)
    assert mail.decode() == (
        "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\n"
        "From: A Person <a@example.org>\n"
        "Date: Tue, 04 Mar 2025 05:06:07 +0200\n"
        "Subject: [PATCH] Rename\n"
        "MIME-Version: 1.0\n"
        "Content-Type: text/plain; charset=UTF-8\n"
        "Content-Transfer-Encoding: 8bit\n"
        "\n"
        "Why.\n"
        "\n"
        "---\n"
        " a.go         | 40 +++++++++++++++-----\n"
        " some/name.go |  1 -\n"
        " empty        |  0\n"
        " 3 files changed, 30 insertions(+), 11 deletions(-)\n"
        "\n" + PATCH.decode() + f"-- \ngomigrate {__version__}\n"
    )


def test_names_in_the_stat_are_quoted_and_kept_short(tmp_path: Path) -> None:
    names = ["é\n---\ndiff --git a/x b/x", "d/" + "n" * 90]
    mail = render_mbox(PATCH, "s", "", author=AUTHOR, date=DATE, stat=[FileStat(name, 1, 0) for name in names])
    text = mail.decode()
    assert ' "\\303\\251\\n---\\ndiff --git a/x b/x"' in text
    assert f" ...{'n' * 57} | 1 +\n" in text


def test_no_patch_is_no_mail() -> None:
    assert render_mbox(b"", "s", "b", author=AUTHOR, date=DATE) == b""


LINE = st.sampled_from(
    [b"", b"a", b"\r", b"a\r", b"\r\r", b"\f", b"\xff", b"\xef\xbb\xbf", b"From x", b"-- ", b"=", b"\0"]
)
CONTENT = st.builds(
    lambda lines, end: b"\n".join(lines) + end, st.lists(LINE, max_size=12), st.sampled_from([b"", b"\n"])
)
TEXT = st.text(alphabet="a -=\n\r\té\u65e5\x00\x85\u2028:[]?_<>", max_size=80)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CONTENT, CONTENT, TEXT, TEXT)
def test_random_mails_survive_am(
    tmp_path_factory: pytest.TempPathFactory, old: bytes, new: bytes, subject: str, body: str
) -> None:
    top = tmp_path_factory.mktemp("am")
    committed(top, {"a b.go": old})
    patch = render_patch({"a b.go": old}, {"a b.go": new})
    if patch:
        git(top, "am", "-q", stdin=render_mbox(patch, subject, body, author=AUTHOR, date=DATE))
        assert (top / "a b.go").read_bytes() == new
