"""Reports that follow each other, and what is told of them."""

from __future__ import annotations

from datetime import timedelta

from koding_audit import plugins
from koding_audit.model.finding import Finding
from koding_audit.model.report import Report
from koding_audit.report.changes import ReportChanges
from tests.report.formats.reports import NOW, audit, policy_missing

ONE = policy_missing()
TWO = policy_missing("arn:aws:iam::aws:policy/AmazonEC2FullAccess")


def report(*findings: Finding, hours: int = 0, **more: object) -> Report:
    return Report((audit(findings=findings, taken_at=NOW + timedelta(hours=hours), **more),))


def body(receiver: str, told: ReportChanges) -> str:
    found: str = plugins.load_plugin("report.notify", receiver).message(told, NOW).body
    return found
