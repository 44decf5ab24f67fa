"""The plan as patches: one, or a numbered series with a cover letter, as a diff or as mails for `git am`."""

from __future__ import annotations

import re
from pathlib import Path

from gomigrate.git.patch import render_patch
from gomigrate.git.stored import Stored, as_stored
from gomigrate.model import Plan

COVER_LETTER = "0000-cover-letter.md"
# A module or package is told by the end of its path.
_ELEMENTS = 3
_NAME_LENGTH = 60


def single_patch(plan: Plan, top: Path, form: str) -> tuple[bytes, str]:
    """The patch, and a note on what the reader of it must know or "". `form` is "diff" or "mbox".

    Raises UserError when git must be asked and cannot answer.
    """
    stored = as_stored(top, plan.originals, plan.changes)
    patch = render_patch(stored.originals, stored.changes, stored.modes)
    if form == "mbox":
        from gomigrate.report.commit_message import commit_message

        patch = _mail(patch, stored, top, *commit_message(plan))
    return patch, stored.note


def patch_series(plan: Plan, top: Path, form: str, by: str, report: str) -> tuple[dict[str, bytes], str]:
    """File name -> content of a cover letter (which holds the report, Markdown) and of each patch, and a note or "".

    The names are numbered in the order in which the patches are to be applied; `by` is that of `series.split_changes`.
    Only the cover letter is there when nothing changes. Raises UserError as those two do.
    """
    from gomigrate.report.commit_message import commit_message
    from gomigrate.series import split_changes

    stored = as_stored(top, plan.originals, plan.changes)
    parts = split_changes(top, plan.originals, plan.changes, by)
    subject, body = commit_message(plan)
    files: dict[str, bytes] = {}
    for number, part in enumerate(parts, 1):
        some = stored._replace(changes={path: stored.changes[path] for path in part.paths})
        patch = render_patch(some.originals, some.changes, some.modes)
        if form == "mbox":
            text = f"Patch {number} of {len(parts)}, for {part.name}.\n\n{body}"
            patch = _mail(patch, some, top, f"{part.name}: {subject}", text, (number, len(parts)))
        files[f"{number:04d}-{_file_name(part.name)}.patch"] = patch
    letter = [f"# {subject}", "", _how_to_apply(len(parts), form), ""]
    for name, part in zip(files, parts, strict=True):
        letter += [f"- `{name}`, for {part.name}: {len(part.paths)} file{'s' if len(part.paths) > 1 else ''}"]
    files[COVER_LETTER] = ("\n".join([*letter, "", report.rstrip("\n")]) + "\n").encode("utf-8", "backslashreplace")
    return files, stored.note


def _how_to_apply(count: int, form: str) -> str:
    if not count:
        return "Nothing changes, so there is no patch."
    command = "git am" if form == "mbox" else "git apply"
    return (
        f"Apply the patches in the order of their numbers: `{command} *.patch`. After each of them the code compiles, "
        "as far as can be told without building it; names and behaviour are as the report says only after the last "
        "one, so make no release from a state in between."
    )


def _file_name(text: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", "-".join(text.lower().split("/")[-_ELEMENTS:])).strip("-")
    return words[-_NAME_LENGTH:].strip("-") or "changes"


def _mail(
    patch: bytes, stored: Stored, top: Path, subject: str, body: str, number: tuple[int, int] | None = None
) -> bytes:
    from datetime import datetime, timezone

    from gomigrate.git.mbox import render_mbox
    from gomigrate.git.patch import diff_stat
    from gomigrate.git.repository import author

    return render_mbox(
        patch,
        subject,
        body,
        author=author(top),
        date=datetime.now(timezone.utc),
        stat=diff_stat(stored.originals, stored.changes),
        number=number,
    )
