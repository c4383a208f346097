"""GitLab's Code Quality report, for the widget of a merge request: an array of what stands, with the line of each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from koding_audit.jsontext import json_parts
from koding_audit.model import Report, Severity
from koding_audit.results import Result, worst_first
from koding_audit.text import inert

# GitLab wants a file with each; this is the one that a scan takes where none was said.
_NO_FILE = "koding-audit.yaml"
_SEVERITIES: Mapping[Severity, str] = {"error": "critical", "warning": "major", "note": "info"}


def render(report: Report) -> Iterator[str]:
    """Without what was fixed or waived: an entry says that something is wrong now."""
    yield from json_parts(_entry(each) for each in worst_first(report) if each.rank < 2)
    yield "\n"


def _entry(result: Result) -> dict[str, Any]:
    """fingerprint: by it GitLab tells what is new in a merge request from what was there."""
    place = result.place
    path = place.path if place else result.file or _NO_FILE
    return {
        "description": inert(f"known: {result.line}" if result.known else result.line).strip() or "-",
        "check_name": inert(result.rule),
        "fingerprint": hashlib.sha256(result.id.encode("utf-8", "surrogatepass")).hexdigest(),
        "severity": "blocker" if result.verdict == "incomplete" else _SEVERITIES[result.severity],
        "location": {"path": inert(path).removeprefix("./"), "lines": {"begin": place.line if place else 1}},
    }
