"""Looks up every pinned package in the advisories that PyPI publishes, by pip-audit.

Ends with 1 when one has a known vulnerability. Where the service cannot be reached this is said in capitals, and is no
failure: the same pins get audited where it can.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

PINS = sorted((Path(__file__).parent.parent / "requirements").glob("*.txt"))


def verdict(found: dict[str, list[dict[str, Any]]]) -> tuple[int, list[str]]:
    """Exit code and what to say of pip-audit's JSON."""
    packages = found["dependencies"]
    unknown = [p["name"] for p in packages if "skip_reason" in p]
    bad = [
        f"audit: {p['name']} {p['version']} has {v['id']}, mended in {', '.join(v['fix_versions']) or 'no release'}"
        for p in packages
        for v in p.get("vulns", ())
    ]
    if len(unknown) == len(packages):
        return 0, ["audit: SKIPPED, the advisories cannot be had here: no package was looked up"]
    said = [f"audit: {len(packages) - len(unknown)} packages looked up, {len(bad)} known vulnerabilities"]
    if unknown:
        said.append(f"audit: SKIPPED {', '.join(unknown)}: not known to the service")
    return int(bool(bad)), [*bad, *said]


def main() -> None:
    # A package may be pinned to two versions in different files: each file is an audit of its own.
    code = 0
    for pins in PINS:
        argv = ["-m", "pip_audit", "--disable-pip", "--require-hashes", "-r", str(pins)]
        options = ["--format", "json", "--progress-spinner", "off", "--timeout", "20"]
        done = subprocess.run([sys.executable, *argv, *options], capture_output=True, text=True)
        try:
            failed, said = verdict(json.loads(done.stdout))
        except ValueError:
            reason = done.stderr.strip().rpartition("\n")[2] or f"pip-audit ended with {done.returncode}"
            # A file that it cannot read is our mistake; a service that it cannot reach is not.
            failed = int("Connection" not in done.stderr and "Timeout" not in done.stderr)
            said = [f"audit: {'FAILED' if failed else 'SKIPPED'}: {reason}"]
        code = max(code, failed)
        print(*(line.replace("audit:", f"audit: {pins.name}:", 1) for line in said), sep="\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
