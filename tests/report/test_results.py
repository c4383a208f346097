"""What a report tells, as one list for formats that know nothing but results."""

from __future__ import annotations

from dataclasses import replace

import pytest

from koding_audit.model.query import Fact, Gap
from koding_audit.model.report import Problem, Report
from koding_audit.report.results import (
    findings_to_show,
    gaps_without_finding,
    group_gaps,
    report_results,
    results_by_severity,
)
from koding_audit.report.status import report_status
from tests.report.formats.reports import ACCOUNT, REPORTS, audit, policy_missing


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_incomplete_exactly_where_a_result_says_so(name: str) -> None:
    results = [*report_results(REPORTS[name])]
    incomplete = [each for each in results if each.effect == "incomplete" or each.status in ("failed", "pending")]
    assert bool(incomplete) is (report_status(REPORTS[name]) == "incomplete")


@pytest.mark.parametrize("name", REPORTS)
def test_by_severity_there_are_the_same_results_the_worst_first(name: str) -> None:
    found = [*results_by_severity(REPORTS[name])]
    ranks = [("error", "warning", "note").index(each.severity) for each in found]
    assert ranks == sorted(ranks)
    assert sorted(each.id for each in found) == sorted(each.id for each in report_results(REPORTS[name]))


def test_where_nothing_was_audited_that_is_a_result() -> None:
    (only,) = report_results(Report(()))
    assert (only.kind, only.effect, only.account) == ("error", "incomplete", "")
    (said,) = report_results(Report((), errors=(Problem("no", "do that"),)))
    assert (said.message, said.todo, said.line, said.title) == ("no", "do that", "no; do that", "run-error")


def test_of_several_accounts_each_line_names_its_own() -> None:
    one = audit(findings=(policy_missing(),))
    (alone,) = report_results(Report((one,)))
    assert not alone.line.startswith("account ")
    other = replace(one, account=replace(ACCOUNT, id="210987654321"))
    lines = [each.line for each in report_results(Report((one, other)))]
    assert [each.partition(":")[0] for each in lines] == ["account 123456789012", "account 210987654321"]


def test_what_stands_comes_before_what_is_known_and_what_is_over() -> None:
    new, known, over = (
        policy_missing(key="a"),
        policy_missing(key="b", known=True),
        policy_missing(key="c", status="fixed"),
    )
    assert findings_to_show(audit(findings=(over, known, new))) == [new, known, over]
    ranks = {each.id: each.rank for each in report_results(Report((audit(findings=(over, known, new)),)))}
    assert [ranks[each.id] for each in (new, known, over)] == [0, 1, 2]


def test_gaps_that_differ_in_their_subject_only_are_one_group() -> None:
    gaps = tuple(Gap(Fact.MFA, "iam:ListMFADevices", "AccessDenied", f"user/{name}") for name in ("ada", "eve"))
    other = Gap(Fact.SUMMARY, "iam:GetAccountSummary", "AccessDenied")
    found = audit(gaps=(*gaps, other), blocked_rules=(("a",), ("a",), ("b",)))
    assert sorted((each.fact, each.subjects, each.rules) for each in group_gaps(found)) == [
        ("account-summary", (), ("b",)),
        ("mfa-devices", ("user/ada", "user/eve"), ("a",)),
    ]
    assert set(gaps_without_finding(found)) == {*gaps, other}
