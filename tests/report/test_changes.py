"""What is told of a report and the one before it; and that each receiver's message is inert, whatever is in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from koding_audit.model.account import Account
from koding_audit.model.location import SourceFile
from koding_audit.model.report import AuditScope, Problem, Report
from koding_audit.report.change_text import changes_headline, changes_lines
from koding_audit.report.changes import AccountChanges, compare_reports
from tests.report.changed import ONE, TWO, report
from tests.report.formats.reports import NOW, REPORTS, audit


def of(now: Report, before: Report | None) -> AccountChanges:
    (account,) = compare_reports(now, before).accounts
    return account


INCOMPLETE = REPORTS["gapped"].audits[0].gaps


def test_without_a_report_before_it_all_that_stands_is_told() -> None:
    waived = replace(TWO, status="waived")
    told = of(report(ONE, waived), None)
    assert (told.new, told.gone, told.waived, told.unresolved) == ((ONE,), (), (), 1)


def test_only_what_changed_is_told() -> None:
    told = of(report(ONE, TWO, hours=1), report(ONE))
    assert (told.new, told.gone) == ((TWO,), ())
    told = of(report(TWO, hours=1), report(ONE, TWO))
    assert (told.new, told.gone) == ((), (ONE,))


def test_what_was_known_and_counts_now_is_news_and_what_became_known_is_none() -> None:
    known = replace(ONE, known=True)
    assert of(report(ONE, hours=1), report(known)).new == (ONE,)
    assert not of(report(known, hours=1), report(ONE)).has_changes
    shown = "\n".join(changes_lines(compare_reports(report(known, TWO), None), NOW))
    assert "- error, known: policy-missing: group Developers lacks IAMReadOnlyAccess" in shown
    assert "- error: policy-missing: group Developers lacks AmazonEC2FullAccess" in shown


def test_nothing_that_changed_is_nothing_to_tell() -> None:
    told = compare_reports(report(ONE, hours=1), report(ONE))
    assert not told.is_worth_sending
    assert changes_headline(told) == "koding-audit: account 123456789012: nothing new; findings"


def test_what_an_incomplete_audit_did_not_see_is_not_known_and_not_gone() -> None:
    told = compare_reports(report(TWO, hours=1, gaps=INCOMPLETE), report(ONE))
    (account,) = told.accounts
    assert (account.new, account.gone, account.unknown) == ((TWO,), (), (ONE,))
    assert told.is_worth_sending


@pytest.mark.parametrize(
    "other",
    [
        {"desired": (SourceFile("koding.yaml", "cd" * 32),)},
        {"scope": AuditScope(("b",), ("build",))},
        {"scope": AuditScope(("a",), ())},
        {"scope": AuditScope(("a",), ("build",), skip=(ONE.rule,))},
        {"scope": None},
    ],
    ids=["other content", "other targets", "other sets", "other rules", "an old report"],
)
def test_what_an_audit_was_not_about_is_not_known_and_not_gone(other: dict[str, Any]) -> None:
    scope = AuditScope(("a",), ("build",))
    told = of(report(TWO, hours=1, **{"scope": scope, **other}), report(ONE, scope=scope))
    assert (told.new, told.gone, told.unknown) == ((TWO,), (), (ONE,))
    wider = replace(scope, targets=("a", "b"), skip=("root-used",))
    assert of(report(hours=1, scope=wider), report(ONE, scope=scope)).gone == (ONE,)


def test_an_incomplete_audit_is_told_also_where_nothing_changed() -> None:
    told = compare_reports(report(ONE, hours=1, gaps=INCOMPLETE), report(ONE, gaps=INCOMPLETE))
    assert (told.accounts[0].has_changes, told.is_worth_sending) == (False, True)


def test_a_run_that_audited_nothing_leaves_all_of_it_not_known_and_says_why() -> None:
    told = compare_reports(REPORTS["empty"], report(ONE))
    assert (told.accounts[0].unknown, told.accounts[0].taken_at, told.status) == ((ONE,), None, "incomplete")
    shown = "\n".join(changes_lines(told, NOW))
    assert "error: no such key: polices" in shown
    assert "Account 123456789012 (koding-prod) was not audited" in shown


def test_an_error_of_the_run_beside_a_whole_audit_does_not_hide_what_is_gone() -> None:
    full = replace(report(hours=1), errors=(Problem("the history cannot be used"),))
    told = compare_reports(full, report(ONE))
    assert (told.accounts[0].gone, told.status) == ((ONE,), "incomplete")


def test_an_account_that_is_not_in_the_report_any_more_is_not_known() -> None:
    other = replace(audit(findings=(ONE,)), account=Account("210987654321", "aws"))
    told = compare_reports(report(hours=1), Report((audit(), other)))
    assert [(each.account.id, each.unknown) for each in told.accounts] == [
        ("123456789012", ()),
        ("210987654321", (ONE,)),
    ]
    assert (told.status, told.is_worth_sending) == ("incomplete", True)


def test_what_was_fixed_is_gone_and_what_is_accepted_is_told_as_that() -> None:
    told = of(report(replace(ONE, status="fixed"), replace(TWO, status="waived"), hours=1), report(ONE, TWO))
    assert ([each.id for each in told.gone], [each.id for each in told.waived]) == ([ONE.id], [TWO.id])
    assert told.new == ()


def test_a_waiver_that_ended_and_a_severity_that_rose_are_news() -> None:
    assert of(report(ONE, hours=1), report(replace(ONE, status="waived"))).new == (ONE,)
    assert of(report(ONE, hours=1), report(replace(ONE, severity="note"))).new == (ONE,)
    assert of(report(replace(ONE, severity="note"), hours=1), report(ONE)).new == ()


def test_a_report_that_is_no_newer_than_the_one_before_is_told_for_the_audit_may_have_stopped() -> None:
    told = compare_reports(report(ONE), report(ONE))
    assert told.is_worth_sending
    assert "no newer audit than the one before" in changes_headline(told)
    assert any("check that the scheduled audit still runs." in each for each in changes_lines(told, NOW))
