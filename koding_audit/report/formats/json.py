"""The JSON report for scripts, in the format that report.json describes."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.report import Report
from koding_audit.report.codec import report_json_parts


def render(report: Report) -> Iterator[str]:
    """Yields the text of the report, one audit at a time."""
    return report_json_parts(report)
