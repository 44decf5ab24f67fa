"""The table of many checkouts in bench/."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from conftest import MakeRepo

SCRIPT = Path(__file__).parent.parent / "bench" / "corpus.py"
GO = (
    'package ship\n\nimport (\n\tcorev1 "k8s.io/api/core/v1"\n'
    '\t"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"\n)\n\nconst finalizer = "ship-mark"\n\n'
    "func hold(pod *corev1.Pod) {\n\tcontrollerutil.AddFinalizer(pod, finalizer)\n}\n"
)
GO_MOD = "module example.com/ship\n\nrequire sigs.k8s.io/controller-runtime v0.21.0\n"


def test_each_checkout_has_its_row_and_a_broken_one_stops_nobody(make_repo: MakeRepo, tmp_path: Path) -> None:
    ship = make_repo({"ship.go": GO, "go.mod": GO_MOD})
    before = sorted(ship.rglob("*"))
    entries = [("plain", ship, ""), ("gone", tmp_path / "gone", ""), ("mapped", ship, 'ship-mark = "example.com/ship"')]
    (tmp_path / "list.toml").write_text(
        "\n".join(f'[[checkout]]\nname = "{n}"\npath = "{p}"\n[checkout.names]\n{names}' for n, p, names in entries)
    )
    done = subprocess.run(
        [sys.executable, SCRIPT, tmp_path / "list.toml", "-j", "2"], capture_output=True, text=True, check=False
    )
    rows = {line.split(" | ")[0].strip("| "): line for line in done.stdout.splitlines() if line.startswith("| ")}
    assert done.returncode == 1, done.stderr
    assert "| 0 | 0 | 0 | 0 | 1 | empty |" in rows["plain"]
    assert "there is no such folder" in rows["gone"]
    assert "| 1 | 1 | 1 | 1 | 0 | ok |" in rows["mapped"]
    assert "- plain: 1: no new name is given for it" in done.stdout
    assert sorted(ship.rglob("*")) == before
