"""Findings in the forms that GitHub's and GitLab's CI show beside the code."""

from __future__ import annotations

import json
from collections.abc import Sequence

from gomigrate.report.words import Values, visible

_GITHUB = {"error": "error", "warning": "warning", "note": "notice"}
_GITLAB = {"error": "critical", "warning": "major", "note": "info"}


def render_github(findings: Sequence[Values]) -> str:
    """Workflow commands, one a line: https://docs.github.com/actions/reference/workflow-commands-for-github-actions."""
    return "".join(f"{_github(f)}\n" for f in findings)


def _github(finding: Values) -> str:
    properties = {
        "file": finding["path"],
        "line": str(finding["line"]),
        "endLine": str(finding["end_line"]),
        "col": str(finding["column"]) if finding["line"] == finding["end_line"] else "",
        "title": f"{finding['rule']} {finding['rule_name']}",
    }
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{_GITHUB[finding['severity']]} {listed}::{_data(finding['message'])}"


def _data(text: str) -> str:
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """A property ends at a comma, and the command's head at a colon."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def render_gitlab(findings: Sequence[Values]) -> str:
    """A Code Quality report: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format."""
    report = [
        {
            "description": visible(finding["message"]),
            "check_name": f"{finding['rule']} {finding['rule_name']}",
            "fingerprint": finding["fingerprint"],
            "severity": _GITLAB[finding["severity"]],
            "location": {
                "path": visible(finding["path"]),
                "lines": {"begin": finding["line"], "end": finding["end_line"]},
            },
        }
        for finding in findings
    ]
    return json.dumps(report, indent=2) + "\n"
