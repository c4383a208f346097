"""The JSON report as lines with one object each, for programs that read line by line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from koding_audit.io.json_text import write_json
from koding_audit.model.report import Report
from koding_audit.report.codec import report_value

_SEPARATE_LINES = ("findings", "gaps", "journal")


def render(report: Report) -> Iterator[str]:
    """Yields the lines of the report."""
    return (f"{write_json(line)}\n" for line in _report_lines(report_value(report)))


def _report_lines(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields the report, its errors and skipped accounts, and for each account the audit, findings, gaps and writes."""
    yield {"type": "report", **{name: value[name] for name in ("version", "tool", "status", "fail_on")}}
    yield from ({"type": "error", **each} for each in value["errors"])
    yield from ({"type": "skipped", **each} for each in value["skipped"])
    for audit in value["audits"]:
        journal = audit["journal"]
        account = {"account": audit["account"]["id"]}
        yield {
            "type": "audit",
            **{name: each for name, each in audit.items() if name not in _SEPARATE_LINES},
            "journal": journal and journal["path"],
        }
        yield from ({"type": "finding", **account, **each} for each in audit["findings"])
        yield from ({"type": "gap", **account, **each} for each in audit["gaps"])
        yield from ({"type": "write", **account, **each} for each in (journal["entries"] if journal else ()))
