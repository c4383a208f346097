"""Rows as spreadsheets take them: whole, and none of them a formula."""

from __future__ import annotations

import pytest

from koding_audit.io.text import escape
from koding_audit.model.report import Report
from tests.report.formats.many import EVERY, INCOMPLETE, rows
from tests.report.formats.reports import REPORTS, audit, policy_missing, rendered


@EVERY
def test_csv_has_a_row_for_each_finding(report: Report) -> None:
    findings = [each for audit in report.audits for each in audit.findings]
    told = [
        row for row in rows(report) if row["rule"] not in ("run-error", "not-written", "account-skipped", "audit-note")
    ]
    assert [row["account"] for row in rows(report) if row["status"] == "skipped"] == [
        escape(each.account_id).strip() for each in report.skipped
    ]
    assert len([row for row in told if row["rule"] != "not-checked"]) == len(
        [each for each in findings if each.rule != "not-checked"]
    )
    for line in rendered("csv", report).split("\r\n")[:-1]:
        assert "\n" not in line


@pytest.mark.parametrize("name", INCOMPLETE)
def test_an_incomplete_run_has_rows_that_say_so(name: str) -> None:
    assert {row["rule"] for row in rows(REPORTS[name])} & {"run-error", "not-written", "not-checked"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\uff1d", " ="])
def test_no_cell_is_a_formula(start: str) -> None:
    (row,) = rows(Report((audit(findings=(policy_missing(message=f"{start}1+1"),)),)))
    assert row["message"] == f"'{start.strip()}1+1"
