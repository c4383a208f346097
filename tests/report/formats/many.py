"""Reports of a number of findings, and the runs that were not complete."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest

from koding_audit.model.report import Report
from tests.report.formats.reports import ADVICE, REPORTS, audit, policy_missing, rendered

INCOMPLETE = ["empty", "gapped", "fixed", "hostile"]
EVERY = pytest.mark.parametrize("report", [pytest.param(each, id=name) for name, each in REPORTS.items()])


def many(number: int, **changes: Any) -> Report:
    """A report of so many findings, each of its own."""
    found = (policy_missing(f"arn:aws:iam::aws:policy/P{index:05}", **changes) for index in range(number))
    return Report((audit(findings=tuple(found)),), advice=ADVICE)


def sarif(report: Report) -> Any:
    (run,) = json.loads(rendered("sarif", report))["runs"]
    return run


def rows(report: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(rendered("csv", report), newline=""), strict=True))


def row(text: str, label: str) -> str:
    """What stands beside a label, without its line breaks."""
    found = re.search(rf"^{label} +(.*(?:\n +.*)*)", text, re.MULTILINE)
    assert found, f"no {label} in:\n{text}"
    return re.sub(r"\s+", " ", found[1])
