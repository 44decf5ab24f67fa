"""Writes requirements/gomigrate.cdx.json: what an installed gomigrate consists of, as a CycloneDX bill of materials.

It is made from requirements/runtime.txt alone, so that the same pins give the same bytes on every machine and Python.
With --check nothing is written, and another file than the one there is an error.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

TOP = Path(__file__).parent.parent
PINS = TOP / "requirements" / "runtime.txt"
SBOM = TOP / "requirements" / "gomigrate.cdx.json"
PIN = re.compile(r"^(?P<name>[a-z0-9.-]+)==(?P<version>[^ ;\\]+)(?: ; (?P<marker>[^\\]+?))? \\$")


def component(name: str, version: str, kind: ComponentType = ComponentType.LIBRARY) -> Component:
    url = PackageURL("pypi", None, name, version)
    return Component(name=name, version=version, type=kind, purl=url, bom_ref=f"{name}=={version}")


def read_pins(text: str) -> tuple[dict[str, Component], dict[str, list[str]]]:
    """The pinned packages by name, and for each the names of those that need it."""
    pins: dict[str, Component] = {}
    needed_by: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if found := PIN.match(line):
            name = found["name"]
            pins[name] = component(name, found["version"])
            needed_by[name] = []
            if found["marker"]:
                pins[name].description = f"only where {found['marker']}"
        elif line.startswith("    #") and name:
            user = line.removeprefix("    #").strip().removeprefix("via").strip()
            needed_by[name] += [user] if user else []
    return pins, needed_by


def render() -> str:
    version = re.search(r'__version__ = "(.+)"', (TOP / "gomigrate" / "__init__.py").read_text(encoding="utf-8"))
    assert version is not None
    root = component("gomigrate", version[1], ComponentType.APPLICATION)
    root.licenses.add(DisjunctiveLicense(id="Apache-2.0"))
    pins, needed_by = read_pins(PINS.read_text(encoding="utf-8"))
    bom = Bom(components=pins.values())
    bom.metadata.component = root
    for user in (root, *pins.values()):
        label = "gomigrate (pyproject.toml)" if user is root else user.name
        bom.register_dependency(user, [c for name, c in pins.items() if label in needed_by[name]])
    # When and for which run it was made says nothing about what is in it.
    bom.metadata.timestamp = None  # type: ignore[assignment]
    bom.serial_number = None  # type: ignore[assignment]
    text = JsonV1Dot6(bom).output_as_string(indent=2) + "\n"
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if wrong is not None:
        sys.exit(f"sbom: not valid CycloneDX 1.6: {wrong}")
    return text


def main() -> None:
    text = render()
    if "--check" not in sys.argv[1:]:
        SBOM.write_text(text, encoding="utf-8")
    elif text != SBOM.read_text(encoding="utf-8"):
        sys.exit(f"sbom: {SBOM.relative_to(TOP)} does not follow requirements/runtime.txt; run `make lock`")


if __name__ == "__main__":
    main()
