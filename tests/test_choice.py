"""Which pack is taken when nobody names one, and the names that a configuration gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import MakeRepo

from gomigrate.choice import choose
from gomigrate.errors import UserError
from gomigrate.finalizer.mapping import with_mapping
from gomigrate.packs import load
from gomigrate.settings import Given, settle

FLYTE = "module github.com/flyteorg/flyte/v2 // the second\n"


@pytest.mark.parametrize(
    ("files", "folder", "pack"),
    [
        ({"go.mod": "module example.com/a\n"}, "", "operators"),
        ({"a.go": "package a\n"}, "", "operators"),
        ({"go.mod": FLYTE}, "", "flyte"),
        ({"go.mod": "module github.com/flyteorg/flytesnacks\n"}, "", "operators"),
        ({"admin/go.mod": FLYTE, "a.go": "package a\n"}, "", "flyte"),
        ({"go.mod": FLYTE, "admin/pkg/a.go": "package a\n"}, "admin/pkg", "flyte"),
        ({"go.mod": 'module "github.com/flyteorg/flyte"\n'}, "", "flyte"),
        ({"go.mod": "// module github.com/flyteorg/flyte\nmodule example.com/a\n"}, "", "operators"),
    ],
)
def test_the_modules_choose(files: dict[str, str], folder: str, pack: str, make_repo: MakeRepo) -> None:
    repo = make_repo(files).resolve()
    found = choose(repo / folder, repo, None)
    assert found.pack.name == pack
    assert f"pack {pack}: " in found.why and "--pack" in found.why


def test_a_go_mod_behind_a_link_is_not_read(make_repo: MakeRepo, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text(FLYTE)
    repo = make_repo({"a.go": "package a\n"}).resolve()
    (repo / "go.mod").symlink_to(tmp_path / "outside")
    assert choose(repo, repo, None).pack.name == "operators"


def test_who_names_a_pack_is_told_nothing(make_repo: MakeRepo) -> None:
    repo = make_repo({"go.mod": "module example.com/a\n"}).resolve()
    assert settle(Given(pack="flyte"), repo, repo).note == ""
    assert settle(Given(), repo, repo).note
    (repo / ".gomigrate.toml").write_text('pack = "flyte"\n')
    settle.cache_clear()
    chosen = settle(Given(), repo, repo)
    assert (chosen.pack.name, chosen.note) == ("flyte", "")


def test_names_of_a_configuration(make_repo: MakeRepo) -> None:
    text = '[names]\n"a.example.com" = "example.com/a"\nb = "bad"\n'
    repo = make_repo({"go.mod": "module example.com/a\n", ".gomigrate.toml": text}).resolve()
    pack = settle(Given(), repo, repo).pack
    assert [(f.old, f.new, f.constant) for f in pack.finalizers] == [("a.example.com", "example.com/a", "AFinalizer")]
    assert list(pack.refused) == ["b"]
    assert b"a.example.com" in pack.needles


def test_names_for_a_pack_that_has_its_own(make_repo: MakeRepo) -> None:
    repo = make_repo({"go.mod": FLYTE, ".gomigrate.toml": '[names]\na = "example.com/a"\n'}).resolve()
    with pytest.raises(UserError, match=r"\.gomigrate\.toml: \[names\]: the pack flyte has names of its own"):
        settle(Given(), repo, repo)


def test_a_name_that_is_no_text(make_repo: MakeRepo) -> None:
    repo = make_repo({"go.mod": "module example.com/a\n", ".gomigrate.toml": "[names]\na = 7\n"}).resolve()
    with pytest.raises(UserError, match=r"\.gomigrate\.toml:2: \[names\] a: must be a text"):
        settle(Given(), repo, repo)


def test_constants_of_a_mapping_are_unique() -> None:
    news = ["a.example.com/finalizer", "b.example.com/finalizer", "b.example.org/finalizer", "x/1st-ship", "y/1st-ship"]
    pack = with_mapping(load("operators"), {f"old{n}": new for n, new in enumerate(news)})
    constants = [f.constant for f in pack.finalizers]
    assert constants == ["Finalizer", "BFinalizer", "B2Finalizer", "X1stShipFinalizer", "Y1stShipFinalizer"]
    assert len({f.legacy_constant for f in pack.finalizers}) == 5
