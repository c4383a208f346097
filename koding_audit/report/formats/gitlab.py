"""GitLab's Code Quality report for merge requests: an array of open results, each with its line."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from koding_audit.io.json_text import json_parts
from koding_audit.io.text import escape
from koding_audit.model.finding import Severity
from koding_audit.model.report import Report, SkippedAccount
from koding_audit.report.results import Result, results_by_severity
from koding_audit.report.wording import SKIPPED, skipped_message

# GitLab requires a file for each entry; this is the default file of a scan.
_NO_FILE = "koding-audit.yaml"
_SEVERITIES: Mapping[Severity, str] = {"error": "critical", "warning": "major", "note": "info"}


def render(report: Report) -> Iterator[str]:
    """Yields the report, without fixed and waived results; skipped accounts are last, for information."""
    entries = (_code_quality_entry(each) for each in results_by_severity(report) if each.rank < 2)
    yield from json_parts(chain(entries, map(_skipped_entry, report.skipped)))
    yield "\n"


def _skipped_entry(account: SkippedAccount) -> dict[str, Any]:
    name = f"{SKIPPED}/{account.account_id}/{account.state}"
    return {
        "description": escape(skipped_message(account)),
        "check_name": SKIPPED,
        "fingerprint": hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest(),
        "severity": "info",
        "location": {"path": _NO_FILE, "lines": {"begin": 1}},
    }


def _code_quality_entry(result: Result) -> dict[str, Any]:
    """Returns an entry; by its fingerprint GitLab knows whether it is new in a merge request."""
    place = result.location
    path = place.path if place else result.file or _NO_FILE
    return {
        "description": escape(f"known: {result.line}" if result.known else result.line).strip() or "-",
        "check_name": escape(result.rule),
        "fingerprint": hashlib.sha256(result.id.encode("utf-8", "surrogatepass")).hexdigest(),
        "severity": "blocker" if result.effect == "incomplete" else _SEVERITIES[result.severity],
        "location": {"path": escape(path).removeprefix("./"), "lines": {"begin": place.line if place else 1}},
    }
