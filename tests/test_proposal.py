"""New names that are proposed: from the API group and kind of what carries the finalizer."""

from __future__ import annotations

import pytest
from conftest import MakeRepo, Run
from test_scenarios import load

from gomigrate.configuration import find
from gomigrate.packs import load as load_pack
from gomigrate.pipeline import plan_checkout

GROUP = """package v1

import "k8s.io/apimachinery/pkg/runtime/schema"

const group = "fleet." + "example.com"

// GroupVersion registers these objects; the other is somebody else's.
var (
	OtherGroupVersion = schema.GroupVersion{Group: "other.example.com", Version: "v1"}
	GroupVersion      = schema.GroupVersion{Group: group, Version: "v1"}
)
"""
MARKER = (
    "// Package v1 is the API.\n// +kubebuilder:object:generate=true\n// +groupName=marked.example.com\npackage v1\n"
)
CODE = """package ships

import (
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	v1 "example.com/fleet/api/v1"
)

// Hold marks a ship.
func Hold(ship *v1.Ship, pod *corev1.Pod) {
%s
}
"""


def planned(make_repo: MakeRepo, names: list[str], extra: dict[str, str | bytes], on: str = "ship") -> dict[str, str]:
    calls = "\n".join(f'\tcontrollerutil.AddFinalizer({on}, "{name}")' for name in names)
    repo = make_repo({**load("_fleet").input, "ships/ships.go": CODE % calls, **extra})
    return {p.old: p.new for p in plan_checkout(repo, load_pack("operators")).proposals}


@pytest.mark.parametrize(
    ("names", "news"),
    [
        (["ship-mark"], ["fleet.example.com/ship"]),
        (["ship.fleet.example.com"], ["fleet.example.com/ship"]),
        (["port.sub.fleet.example.com"], ["sub.fleet.example.com/port"]),
        (
            ["a-mark", "b-mark", "c.d"],
            ["fleet.example.com/ship", "fleet.example.com/ship-finalizer", "fleet.example.com/c-d"],
        ),
        (["fleet.example.com/ship", "x"], ["fleet.example.com/ship-finalizer"]),
        (["bad/name/"], ["fleet.example.com/ship"]),
    ],
)
def test_group_and_kind(make_repo: MakeRepo, names: list[str], news: list[str]) -> None:
    assert list(planned(make_repo, names, {"api/v1/group.go": GROUP}).values()) == news


def test_the_marker_of_the_package_says_the_group(make_repo: MakeRepo) -> None:
    assert planned(make_repo, ["x"], {"api/v1/doc.go": MARKER}) == {"x": "marked.example.com/ship"}


def test_nothing_is_proposed_without_a_group(make_repo: MakeRepo) -> None:
    assert planned(make_repo, ["x"], {}) == {"x": ""}


def test_nothing_is_proposed_for_a_type_of_kubernetes(make_repo: MakeRepo) -> None:
    assert planned(make_repo, ["x"], {"api/v1/group.go": GROUP}, on="pod") == {"x": ""}


def test_init_writes_a_mapping_that_patch_takes(run: Run, make_repo: MakeRepo) -> None:
    code = CODE % '\tcontrollerutil.AddFinalizer(ship, "ship-mark")\n\tcontrollerutil.AddFinalizer(pod, "pod-mark")'
    repo = make_repo({**load("_fleet").input, "ships/ships.go": code, "api/v1/group.go": GROUP})
    done = run("init", repo, "--pack", "operators")
    assert done.code == 0 and "pod-mark, ship-mark" in done.err
    assert find(repo, repo).names == (("ship-mark", "fleet.example.com/ship"),)
    assert '# "pod-mark" = "your.domain/name"' in (repo / ".gomigrate.toml").read_text()
    done = run("patch", repo)
    assert done.code == 0 and '= "fleet.example.com/ship"' in done.out
    assert '-\tcontrollerutil.AddFinalizer(pod, "pod-mark")' not in done.out
