"""The documentation: pages made from the code, links, and the commands that are shown.

Every block of the kind `console` is run, a page's blocks one after the other as by somebody who follows it, in a
scratch folder that holds the sample checkout where the pages have theirs. A command ends with 0 unless `echo $?` comes
next. What is shown below a command is what it prints; `…` stands for anything in a line, and alone for any lines.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import NamedTuple

import click
import pytest
from conftest import MakeRepo
from markdown_it import MarkdownIt
from markdown_it.token import Token

from gomigrate import packs
from gomigrate.cli import cli
from gomigrate.configuration import find
from gomigrate.errors import UserError
from gomigrate.packs import DIFFERENCES
from gomigrate.reference.pages import PAGES
from gomigrate.tables import tomllib

PROJECT = Path(__file__).parent.parent
DOCS = PROJECT / "docs"
WRITTEN = [PROJECT / "README.md", *sorted(p for p in DOCS.glob("*.md") if p.name not in PAGES)]
# Where the pages have the reader's checkout.
OPERATOR = "path/to/operator"
FLYTE = "~/src/flyte"
MARKDOWN = MarkdownIt("commonmark").enable("table")


def name_of(page: Path) -> str:
    return page.relative_to(PROJECT).as_posix()


def parsed(page: Path) -> list[Token]:
    return MARKDOWN.parse(page.read_text(encoding="utf-8"))


# -- pages made from the code --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_pages_made_from_the_code_are_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "write it anew: make reference"


# -- links ---------------------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """As GitHub makes them; the site makes the same."""
    tokens = parsed(page)
    headings = [inline.content for token, inline in pairwise(tokens) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> Iterator[str]:
    for token in parsed(page):
        for child in token.children or ():
            target = child.attrs.get("href" if child.type == "link_open" else "src", "")
            if target and not re.match(r"\w+:", str(target)):
                yield str(target)


@pytest.mark.parametrize("page", [*WRITTEN, *(DOCS / name for name in PAGES)], ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_source_files_that_are_named_are_there(page: Path) -> None:
    for name in re.findall(r"`((?:\w+/)*\w+\.py)`", page.read_text(encoding="utf-8")):
        assert (PROJECT / name).exists() or (PROJECT / "gomigrate" / name).exists(), name


# -- commands ------------------------------------------------------------------------------------------------------


class Command(NamedTuple):
    """A command line that is shown, and the lines below it."""

    text: str
    shown: list[str]

    def needs(self, what: str) -> bool:
        return what in self.text


def commands(page: Path) -> list[Command]:
    found: list[Command] = []
    for token in parsed(page):
        if token.type == "fence" and token.info == "console":
            for line in token.content.splitlines():
                if line.startswith("$ "):
                    found.append(Command(line[2:], []))
                else:
                    found[-1].shown.append(line)
    return found


VERIFY = "gomigrate verify"
FLEET = "gomigrate fleet"
SHOWN = {page: commands(page) for page in WRITTEN}


def without(page: Path, what: Sequence[str]) -> list[Command]:
    """The commands of a page but for those that need one of these, and questions for the exit codes of those."""
    kept: list[Command] = []
    left_out = False
    for command in SHOWN[page]:
        left_out = any(map(command.needs, what)) or (left_out and command.text == "echo $?")
        if not left_out:
            kept.append(command)
    return kept


# A page about many repositories is followed as a whole, where flytekit is.
LEFT_OUT = {page: [""] if any(c.needs(FLEET) for c in SHOWN[page]) else [VERIFY, FLYTE] for page in WRITTEN}


def as_pattern(shown: Sequence[str]) -> str:
    lines = (
        r"(?:.*\n)*?" if line.strip() in ("…", "...") else ".*".join(map(re.escape, line.split("…"))) + r"\n"
        for line in shown
    )
    return "".join(lines)


def follow(page: Path, run: Sequence[Command], home: Path, path: Sequence[Path] = ()) -> None:
    """Runs the commands in one shell, and compares exit codes and output."""
    mark = "--- end of command:"
    script = "".join(f"{command.text}\ncode=$?\nprintf '\\n%s\\n' \"{mark} $code\"\n(exit $code)\n" for command in run)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {
        f"GIT_{role}_{what}": "me@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    environment |= {
        "GIT_CONFIG_NOSYSTEM": "1",
        "HOME": str(home),
        "NO_COLOR": "1",
        "PATH": os.pathsep.join([*map(str, path), str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    done = subprocess.run(
        ["bash", "--noprofile", "--norc"], input=script, cwd=home, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=1800,
    )  # fmt: skip
    *ended, rest = re.split(rf"\n{mark} (\d+)\n", done.stdout)
    assert not rest and len(ended) == 2 * len(run), done.stdout
    for number, command in enumerate(run):
        printed, code = ended[2 * number : 2 * number + 2]
        asked = number + 1 < len(run) and run[number + 1].text == "echo $?"
        where = f"{name_of(page)}: {command.text}\n{printed}"
        assert asked or code == "0", f"exit code {code}: {where}"
        if command.shown:
            assert re.fullmatch(as_pattern(command.shown), printed.rstrip("\n") + "\n"), where


@pytest.fixture
def home(make_repo: MakeRepo, sample_dir: Path, tmp_path: Path) -> Path:
    files = (file for file in sample_dir.rglob("*") if file.is_file())
    (tmp_path / OPERATOR).parent.mkdir(parents=True)
    make_repo({file.relative_to(sample_dir).as_posix(): file.read_bytes() for file in files}, OPERATOR)
    return tmp_path


@pytest.mark.parametrize("page", [page for page in WRITTEN if without(page, LEFT_OUT[page])], ids=name_of)
def test_commands(page: Path, home: Path) -> None:
    follow(page, without(page, LEFT_OUT[page]), home)


@pytest.mark.go
@pytest.mark.parametrize("page", [p for p in WRITTEN if any(c.needs(VERIFY) for c in SHOWN[p])], ids=name_of)
def test_commands_with_go(page: Path, home: Path, go: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Go's caches are in the home folder, and are to be the real ones.
    for name in ("GOMODCACHE", "GOCACHE"):
        value = subprocess.run([go, "env", name], capture_output=True, text=True, check=True).stdout.strip()
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GOROOT", raising=False)
    follow(page, without(page, [FLYTE]), home, [go.parent])


@pytest.mark.fleet
@pytest.mark.parametrize("page", [p for p in WRITTEN if any(c.needs(FLEET) for c in SHOWN[p])], ids=name_of)
def test_commands_on_a_fleet(page: Path, home: Path) -> None:
    pytest.importorskip("flytekit", reason="needs flytekit (requirements/fleet.txt)")
    follow(page, without(page, [VERIFY, FLYTE]), home)


@pytest.mark.flyte
@pytest.mark.parametrize("page", [p for p in WRITTEN if any(c.needs(FLYTE) for c in SHOWN[p])], ids=name_of)
def test_commands_on_flyte(page: Path, home: Path, flyte_checkout: Path) -> None:
    (home / "src").mkdir()
    subprocess.run(["git", "clone", "-q", "--shared", flyte_checkout, home / "src" / "flyte"], check=True)
    follow(page, [command for command in SHOWN[page] if command.needs(FLYTE)], home)


def mentioned(page: Path) -> Iterator[str]:
    """What is written of gomigrate's command line, in blocks and within sentences."""
    for token in parsed(page):
        codes = [child.content for child in token.children or () if child.type == "code_inline"]
        if token.type in ("fence", "code_block"):
            codes += token.content.splitlines()
        for code in codes:
            found = re.match(r"(?:\$ |- )?gomigrate ([-a-z].*)", code.strip())
            if found:
                yield found[1]


@pytest.mark.parametrize("page", [page for page in WRITTEN if any(mentioned(page))], ids=name_of)
def test_commands_and_options_are_there(page: Path) -> None:
    for line in mentioned(page):
        check_line(line)


def check_line(line: str) -> None:
    words = shlex.split(re.sub(r"[\[\]]|\.\.\.| [>|;].*", " ", line), comments=True)
    command: click.Command = cli
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    assert not isinstance(command, click.Group) or not words or words[0].startswith("-"), line
    context = click.Context(command)
    known = {name: option for option in command.get_params(context) for name in option.opts if name.startswith("-")}
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        if word.startswith("-") and word != "--":
            name, _, value = word.partition("=")
            assert name in known, f"{line}: {name}"
            kind = known[name].type
            said = value or following
            if isinstance(kind, click.Choice) and not said.isupper():
                assert set(said.split("|")) <= {*kind.choices}, line


@pytest.mark.parametrize("line", ["ptach", "patch --stgae switch", "check --format=sarif2", "rules lits", "-x"])
def test_a_command_line_that_is_wrong_is_seen(line: str) -> None:
    with pytest.raises(AssertionError):
        check_line(line)


# -- examples ------------------------------------------------------------------------------------------------------


def examples(page: str, kind: str) -> list[str]:
    return [token.content for token in parsed(DOCS / page) if token.type == "fence" and token.info == kind]


def test_the_example_of_the_library(home: Path) -> None:
    (example,) = examples("library.md", "python")
    done = subprocess.run([sys.executable, "-c", example], cwd=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (home / "finalizer.patch").read_text().startswith("diff --git ")
    assert (home / "report.html").read_text().startswith("<!doctype html>")


def keys_known(read: Callable[[], object]) -> set[str]:
    """The keys that the message on an unknown one names."""
    with pytest.raises(UserError) as caught:
        read()
    _, _, known = str(caught.value).partition("known are: ")
    return set(known.rstrip(".").split(", "))


def test_the_configuration_that_is_shown_has_every_key(tmp_path: Path) -> None:
    (own, mapping) = (examples(page, "toml")[0] for page in ("configuration.md", "operators.md"))
    path = tmp_path / ".gomigrate.toml"
    for example in (own, mapping):
        path.write_text(example, encoding="utf-8")
        shown = find(tmp_path, tmp_path)
        assert shown.names
    path.write_text(own, encoding="utf-8")
    shown = find(tmp_path, tmp_path)
    assert shown.pack and shown.stage and shown.constant_package and shown.severities and shown.selection.include
    path.write_text("zzzzzzzz = 1\n" + own, encoding="utf-8")
    assert keys_known(lambda: find(tmp_path, tmp_path)) == set(tomllib.loads(own))


def test_the_pack_that_is_shown_has_every_key(tmp_path: Path) -> None:
    (example,) = examples("packs.md", "toml")
    path = tmp_path / "lighthouse" / "pack.toml"
    path.parent.mkdir()
    path.write_text(example, encoding="utf-8")
    shown = packs.read(path.parent)
    assert shown.modules and shown.finalizers and shown.accept and shown.force_delete
    path.write_text("zzzzzzzz = 1\n" + example, encoding="utf-8")
    assert keys_known(lambda: packs.read(path.parent)) == {*tomllib.loads(example), "find_names"}


def test_every_difference_is_in_the_table() -> None:
    rows = re.findall(r"^\| (`.*?`) \|", (DOCS / "packs.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert {name.strip("`") for row in rows for name in row.split(", ")} == DIFFERENCES
