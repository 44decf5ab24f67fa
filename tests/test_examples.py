"""`rules test` and `rules new`: packs that say by examples what they do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gomigrate.cli import cli
from gomigrate.examples import run_examples, write_skeleton
from gomigrate.packs import available

Change = Callable[[Path], object]


def run(*args: object) -> Result:
    return CliRunner().invoke(cli, ["rules", *map(str, args)])


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return write_skeleton("harbour", tmp_path)


def test_a_new_pack_holds_what_its_examples_say(pack: Path) -> None:
    assert [e for e in run_examples(pack) if e.wrong] == []
    assert "NAME" not in "".join(p.read_text() for p in pack.rglob("*") if p.is_file())
    result = run("test", pack)
    assert (result.exit_code, result.stderr) == (0, "3 examples, none not as expected\n")


def test_the_packs_that_come_with_gomigrate_hold_what_their_examples_say() -> None:
    tried = [e for folder in available().values() if (folder / "examples").is_dir() for e in run_examples(folder)]
    assert tried
    assert [e for e in tried if e.wrong] == []


def replace(name: str, old: str, new: str) -> Change:
    def change(pack: Path) -> None:
        path = pack / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return change


INVALID = "examples/invalid/hand_written.go"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (replace(f"{INVALID}.golden", "AddFinalizer", "RemoveFinalizer"), "+        controllerutil.AddFinalizer(pod"),
        (lambda p: (p / f"{INVALID}.golden").unlink(), "-const finalizer = "),
        (lambda p: (p / INVALID).rename(p / "examples/valid/moved.go"), "moved.go:5:7: GM001"),
        (lambda p: (p / "examples/valid/controllerutil.go").rename(p / "examples/invalid/x.go"), "nothing is found"),
        (replace(INVALID, "func start", "func ) start"), "has a syntax error"),
        (replace("pack.toml", 'nil-empty = "nil', 'first-only = "nil'), ""),
    ],
    ids=["another call", "no golden file", "valid code that is not", "invalid code that is not", "broken", "accepts"],
)
def test_an_example_that_is_not_as_expected_is_told_with_what_differs(pack: Path, change: Change, said: str) -> None:
    change(pack)
    result = run("test", pack)
    assert result.exit_code == (1 if said else 0)
    assert said in result.stdout


def test_a_golden_file_with_nothing_in_it_is_a_file_that_goes(pack: Path) -> None:
    helpers = pack / "examples/invalid/two"
    helpers.mkdir()
    text = (pack / INVALID).read_text()
    head, start, rest = text.partition("func start")
    (helpers / "hold.go").write_text(head.replace('const finalizer = "harbour-finalizer"\n', ""))
    (helpers / "hold.go.golden").write_text("")
    (helpers / "ship.go").write_text(
        'package ship\n\nimport corev1 "k8s.io/api/core/v1"\n\nconst finalizer = "harbour-finalizer"\n\n' + start + rest
    )
    (helpers / "ship.go.golden").write_text((pack / f"{INVALID}.golden").read_text())
    assert [e for e in run_examples(pack) if e.wrong] == []


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("test", "nowhere"), "no pack.toml"),
        (("new", "Harbour"), "lower case letters"),
        (("new", "../harbour"), "lower case letters"),
        (("new", "harbour"), "Nothing was written"),
    ],
)
def test_what_cannot_be_done_is_said(
    pack: Path, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(pack.parent)
    before = sorted(pack.parent.rglob("*"))
    result = run(*args)
    assert result.exit_code == 2
    assert said in result.stderr
    assert sorted(pack.parent.rglob("*")) == before


def test_a_pack_without_examples_says_where_they_go(pack: Path) -> None:
    (pack / "examples").rename(pack / "elsewhere")
    result = run("test", pack)
    assert result.exit_code == 2
    assert "examples/invalid" in result.stderr


def test_a_pack_has_the_name_of_its_folder(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(pack)
    assert run("show", "harbour", "--rules", ".").exit_code == 0
    (pack / "pack.toml").write_text((pack / "pack.toml").read_text().replace('name = "harbour"', 'name = "haven"'))
    refused = run("show", "harbour", "--rules", ".")
    assert refused.exit_code == 2 and "pack.toml:3: name: is 'haven', but a pack is chosen by" in refused.stderr


def test_a_broken_pack_is_named_with_its_key_and_line(pack: Path) -> None:
    replace("pack.toml", 'new = "harbour.example.com/finalizer"', 'new = "harbour"')(pack)
    result = run("test", pack)
    assert result.exit_code == 2
    assert "pack.toml:14: " in result.stderr
    assert "no domain-qualified name" in result.stderr
