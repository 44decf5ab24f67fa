"""SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/): findings for code scanning and for editors.

The changes of a patch belong together: half of them can leave objects that nobody frees. So there is one fix, the whole
patch, and it stands at the first result that is changed; applying it once gives what the patch gives.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gomigrate.catalogue import RULES, Rule
from gomigrate.explain import help_markdown, help_text
from gomigrate.fingerprints import VERSION
from gomigrate.git.patch import hunks, split_lines
from gomigrate.report.words import Values, number, visible

if TYPE_CHECKING:
    from gomigrate.report.diffs import Sources

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
TOP = "SRCROOT"
_BOM = b"\xef\xbb\xbf"
_NUMBERS = {rule.id: number for number, rule in enumerate(RULES)}
# What a viewer would take for a placeholder or a link in a message.
_PLACEHOLDER = re.compile(r"\{(?=\d+\})")
_LINK = re.compile(r"\[(?=[^\]]*\]\()")


def render_sarif(
    findings: Sequence[Values], notes: Sequence[Values], version: str, sources: Sources | None = None
) -> str:
    """A SARIF log with one run.

    `findings` and `notes` are those of a view (`gomigrate.report.view`), `version` is gomigrate's. `sources` maps the
    path of each file that the patch changes to its bytes before and after, None where there is no file.
    """
    results = [_result(f) for f in findings]
    first = next((r for f, r in zip(findings, results, strict=True) if "fix" in f), None)
    if first is not None and sources and all(map(_is_text, sources.values())):
        first["fixes"] = [_fix(sources)]
    run = {
        "tool": {
            "driver": {
                "name": "gomigrate",
                "fullName": f"gomigrate {version}",
                "version": version,
                "semanticVersion": version,
                "rules": [_rule(r) for r in RULES],
            }
        },
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": [_notification(n) for n in notes]}],
        "originalUriBaseIds": {TOP: {"description": {"text": "The top folder of the checkout."}}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, allow_nan=False) + "\n"


def findings_of(view: Values) -> list[Values]:
    """All findings of a view, in the order of files and lines."""
    intended = [{**f, "intended": True} for f in view["intended"]]
    return sorted([*view["changes"], *view["left"], *intended], key=lambda f: (f["path"], f["line"], f["column"]))


def _rule(rule: Rule) -> dict[str, Any]:
    paragraph = " ".join(rule.why.split("\n\n")[0].split())
    return {
        "id": rule.id,
        "name": rule.name.title().replace("-", ""),
        "shortDescription": {"text": f"{rule.title}."},
        "fullDescription": {"text": _message(paragraph)},
        "help": {"text": help_text(rule), "markdown": help_markdown(rule)},
        "defaultConfiguration": {"level": rule.severity.value},
        "properties": {"tags": ["kubernetes", "finalizers"]},
    }


def _result(finding: Values) -> dict[str, Any]:
    parts = [finding["message"]]
    if finding.get("reason"):
        parts.append(f"left because {finding['reason']}")
    if finding.get("next_step"):
        parts.append(f"next: {finding['next_step']}")
    region = {"startLine": finding["line"], "startColumn": finding["column"]}
    if finding["end_line"] > finding["line"]:
        region = {"startLine": finding["line"], "endLine": finding["end_line"]}
    if finding["before"]:
        region["snippet"] = {"text": visible(finding["before"], keep="\n\t")}
    result: dict[str, Any] = {
        "ruleId": finding["rule"],
        "ruleIndex": _NUMBERS[finding["rule"]],
        "level": finding["severity"],
        "message": {"text": _message("; ".join(p.rstrip(". ") for p in parts) + ".")},
        "locations": [{"physicalLocation": {"artifactLocation": _location(finding["path"]), "region": region}}],
        "partialFingerprints": {f"gomigrate/v{VERSION}": finding["fingerprint"]},
    }
    if finding.get("baseline"):
        result["baselineState"] = finding["baseline"]
    if finding.get("suppressed"):
        result["suppressions"] = [{"kind": "inSource", "justification": _message(finding["reason"])}]
    elif finding.get("intended"):
        result["suppressions"] = [{"kind": "external", "justification": _message(finding["reason"])}]
    return result


def _notification(note: Values) -> dict[str, Any]:
    found: dict[str, Any] = {"level": "note", "message": {"text": _message(note["text"])}}
    if note["path"]:
        # path, path:line or path:line:column
        place = re.fullmatch(r"(.*?)(?::([1-9][0-9]*)(?::[0-9]+)?)?", note["path"], re.DOTALL)
        assert place is not None
        physical: dict[str, Any] = {"artifactLocation": _location(place[1])}
        if place[2]:
            physical["region"] = {"startLine": int(place[2])}
        found["locations"] = [{"physicalLocation": physical}]
    return found


def _location(path: str) -> dict[str, Any]:
    return {"uri": quote(path.encode("utf-8", "surrogateescape")), "uriBaseId": TOP}


def _message(text: str) -> str:
    return _LINK.sub(r"\\[", _PLACEHOLDER.sub("{{", visible(text)))


# -- the fix ------------------------------------------------------------------------------------------------------


def _fix(sources: Sources) -> dict[str, Any]:
    changes = [_change(path, *sources[path]) for path in sorted(sources)]
    text = f"The whole patch: all changes belong together ({number(len(changes), 'file')})"
    gone = [path for path, (_, after) in sources.items() if after is None]
    # A fix can empty a file and no more.
    rest = f"; delete what it empties: {', '.join(sorted(gone))}." if gone else "."
    return {"description": {"text": _message(text + rest)}, "artifactChanges": changes}


def _is_text(source: tuple[bytes | None, bytes | None]) -> bool:
    try:
        return all((data or b"").decode() is not None for data in source)
    except UnicodeDecodeError:
        return False


def _change(path: str, before: bytes | None, after: bytes | None) -> dict[str, Any]:
    replacements = list(_replacements(before or b"", after or b""))
    change: dict[str, Any] = {"artifactLocation": _location(path), "replacements": replacements}
    if after is None or before is None:
        change["properties"] = {"file": "deleted" if after is None else "new"}
    return change


def _replacements(before: bytes, after: bytes) -> Iterator[dict[str, Any]]:
    """Whole lines, from `before` to `after`, in order. A byte order mark is no character for SARIF, and stays."""
    if before.startswith(_BOM) and after.startswith(_BOM):
        before, after = before[3:], after[3:]
    old, new = split_lines(before), split_lines(after)
    for hunk in hunks(old, new):
        for change in hunk:
            inserted = b"".join(new[change.new_start : change.new_end]).decode()
            start, end = _point(old, change.old_start), _point(old, change.old_end)
            region = {"startLine": start[0], "startColumn": start[1], "endLine": end[0], "endColumn": end[1]}
            replacement: dict[str, Any] = {"deletedRegion": region}
            if inserted:
                replacement["insertedContent"] = {"text": inserted}
            yield replacement


def _point(lines: list[bytes], index: int) -> tuple[int, int]:
    """Line and column, both 1-based, of the beginning of a line (0-based), or of the end of the file."""
    if index == len(lines) and lines and not lines[-1].endswith(b"\n"):
        return index, len(lines[-1].decode()) + 1
    return index + 1, 1
