"""From the list to jobs: what each entry is at now, and what else its outcome depends on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gomigrate import __version__, packs
from gomigrate.errors import UserError
from gomigrate.fleet.listing import Entry
from gomigrate.fleet.model import Job
from gomigrate.git.clone import commit_of

_AT_A_TIME = 8


def jobs_of(entries: Sequence[Entry], *, pack: str = "", stage: str = "", rules: str = "") -> list[Job]:
    """A job for each entry, in their order; `pack` and `stage` are for those that name none.

    Asks each repository which commit it is at. One that does not answer has the reason in its job. Raises UserError
    for packs that cannot be read.
    """
    versions = _versions(rules)

    def job(entry: Entry) -> Job:
        commit, error = "", ""
        try:
            commit = commit_of(entry.source, entry.revision)
        except UserError as reason:
            error = str(reason)
        return Job(
            entry.name,
            entry.source,
            commit,
            entry.pack or pack,
            entry.stage or stage,
            dict(entry.names),
            entry.proposed,
            rules,
            versions,
            error,
        )

    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        return list(pool.map(job, entries))


def _versions(rules: str) -> str:
    """gomigrate's version, and a hash of its code and of all packs that a checkout may choose from."""
    available = packs.available(Path(rules) if rules else None)
    folders = {folder for pack in available.values() for folder in (pack, packs.read(pack).base)}
    files = [file for folder in folders for file in folder.rglob("*") if file.suffix in (".toml", ".scm", ".j2")]
    files += Path(packs.__file__).parent.rglob("*.py")
    contents = sorted((file.name, file.read_bytes()) for file in files)
    digest = hashlib.sha256(b"".join(hashlib.sha256(f"{n}\0".encode() + data).digest() for n, data in contents))
    return f"gomigrate {__version__} {digest.hexdigest()[:16]}"
