"""The JSON report, for scripts: what the contract states, in its order."""

from __future__ import annotations

from koding_audit.codec import encode_report
from koding_audit.model import Report


def render(report: Report) -> str:
    return encode_report(report)
