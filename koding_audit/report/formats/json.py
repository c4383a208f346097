"""The JSON report, for scripts: what the contract states, in its order."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.report import Report
from koding_audit.report.codec import report_json_parts


def render(report: Report) -> Iterator[str]:
    return report_json_parts(report)
