"""The sums of a report of many accounts."""

from __future__ import annotations

from collections import Counter

from koding_audit.report.status import audit_status, is_unresolved
from koding_audit.report.summary import summarize_report
from tests.report.formats.reports import REPORTS

MANY = REPORTS["organization"]


def test_the_sums_are_those_of_plain_counting() -> None:
    found = summarize_report(MANY, 1000)
    standing = [
        (each.rule, place) for place, one in enumerate(MANY.audits) for each in one.findings if is_unresolved(each)
    ]
    assert {each.rule: each.findings for each in found.rules} == Counter(rule for rule, _ in standing)
    assert {each.rule: each.accounts for each in found.rules} == Counter(rule for rule, _ in set(standing))
    assert found.tally.statuses == Counter(audit_status(each, MANY.fail_on) for each in MANY.audits)
    assert sorted(row.audit_index for row in found.rows) == list(range(len(MANY.audits)))


def test_incomplete_accounts_come_first_then_those_with_the_most_errors_then_warnings_then_by_id() -> None:
    rows = summarize_report(MANY, 9).rows
    assert [row.account[-2:] for row in rows] == ["11", "30", "23", "08", "05", "10", "20", "25", "35"]
    assert [row.counts_and_reasons for row in rows[1:4]] == [
        "no findings; 1 fact could not be read",
        "24 errors",
        "5 errors, 2 warnings, 1 waived",
    ]


def test_a_rules_example_is_of_a_worst_finding() -> None:
    rule = summarize_report(MANY, 1).rules[0]
    assert (rule.rule, rule.severity) == ("policy-missing", "error")
    assert rule.example.startswith("100000000005: group Developers lacks ")  # the first; those before are warnings
