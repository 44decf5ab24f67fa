"""Makes a big tree of real Go code: Go modules, fetched by the Go client.

They are those that the sample checkout and the tests need (Kubernetes' modules as the releases of controller-runtime
want them, so that much stands there in several versions) and the generated clients of Google's APIs, where hardly
anything has to do with finalizers: about 25,000 Go files, 700 MB.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

# controller-runtime -> the Kubernetes modules that it wants.
RELEASES = {
    "v0.3.0": "",
    "v0.4.0": "",
    "v0.5.6": "v0.17.2",
    "v0.6.5": "v0.18.6",
    "v0.7.0": "v0.19.2",
    "v0.11.2": "v0.23.5",
    "v0.12.1": "v0.24.0",
    "v0.16.2": "v0.28.1",
    "v0.16.3": "v0.28.2",
    "v0.25.2": "v0.37.0",
}
KUBERNETES = ("api", "apiextensions-apiserver", "apimachinery", "client-go")
OTHERS = ("google.golang.org/api@v0.200.0",)


def modules() -> list[str]:
    found = [f"sigs.k8s.io/controller-runtime@{version}" for version in RELEASES]
    found += [f"k8s.io/{name}@{version}" for version in RELEASES.values() if version for name in KUBERNETES]
    return [*found, *OTHERS]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where to put it; what is there already is not fetched again")
    folder = parser.parse_args().folder.absolute()
    environment = {**os.environ, "GOMODCACHE": str(folder), "GOFLAGS": "-modcacherw", "GO111MODULE": "on"}
    with tempfile.TemporaryDirectory() as empty:
        (Path(empty) / "go.mod").write_text("module example.com/none\n", encoding="utf-8")
        command = ["go", "mod", "download", *modules()]
        try:
            code = subprocess.run(command, cwd=empty, env=environment).returncode
        except FileNotFoundError:
            sys.exit("big_tree: there is no go on PATH")
    print(f"{sum(1 for _ in folder.rglob('*.go'))} Go files in {folder}")
    sys.exit(code)


if __name__ == "__main__":
    main()
