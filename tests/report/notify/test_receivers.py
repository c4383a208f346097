"""What holds for every receiver on disk."""

from __future__ import annotations

import json

import pytest

from koding_audit import plugins
from koding_audit.model.report import Problem, Report
from koding_audit.report.changes import compare_reports
from tests.report.changed import body
from tests.report.formats.reports import NOW, REPORTS, audit, policy_missing

RECEIVERS = plugins.plugin_names("report.notify")


@pytest.mark.parametrize("receiver", RECEIVERS)
@pytest.mark.parametrize("name", REPORTS)
def test_every_report_can_be_told_to_everybody(name: str, receiver: str) -> None:
    message = plugins.load_plugin("report.notify", receiver).message(
        compare_reports(REPORTS[name], REPORTS["full"]), NOW
    )
    assert "koding-audit" in message.body
    assert len(message.body.encode()) < 256 * 1024
    if message.content_type == "application/json":
        json.loads(message.body)


@pytest.mark.parametrize("receiver", RECEIVERS)
def test_a_huge_report_is_told_in_what_each_takes(receiver: str) -> None:
    many = tuple(policy_missing(f"arn:aws:iam::aws:policy/P{number}", message="<&>" * 9_000) for number in range(3_000))
    found = body(receiver, compare_reports(Report((audit(findings=many),), errors=(Problem("x" * 99_999),) * 99), None))
    assert len(found.encode()) < {"slack": 200_000, "sns": 262_144, "webhook": 1 << 20}[receiver]
    if receiver == "slack":
        assert len(json.loads(found)["text"]) <= 40_000
