"""The JSON report, for scripts: what the contract states, in its order."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.codec import report_parts
from koding_audit.model import Report


def render(report: Report) -> Iterator[str]:
    return report_parts(report)
