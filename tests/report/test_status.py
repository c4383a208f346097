"""Claims about what a report comes to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koding_audit.model.finding import Action, Finding
from koding_audit.model.plan import ALREADY_DONE, Entry, Journal
from koding_audit.model.query import Fact, Gap
from koding_audit.model.report import Problem, Report
from koding_audit.model.verb import Verb
from koding_audit.report.status import (
    audit_status,
    count_findings,
    exit_status,
    needed_changes,
    report_status,
    sort_findings,
)
from tests.report.formats.reports import ACCOUNT, REPORTS, attach, audit, policy_missing

findings = st.lists(
    st.builds(
        policy_missing,
        rule=st.sampled_from(["policy-missing", "not-checked"]),
        severity=st.sampled_from(["error", "warning", "note"]),
        status=st.sampled_from(["open", "fixed", "failed", "pending", "waived"]),
    )
)


def journal(outcome: str, detail: str = "") -> Journal:
    return Journal("j", ACCOUNT, (Entry(attach("A"), outcome, detail),))  # type: ignore[arg-type]


@given(findings)
def test_the_counts_of_a_summary_add_up_to_the_findings(found: list[Finding]) -> None:
    assert sum(count_findings(found).values()) == len(found)


def test_what_is_not_checked_is_counted_apart_and_not_as_an_error() -> None:
    found = [policy_missing(rule="not-checked"), policy_missing()]
    assert count_findings(found) == {"error": 1, "warning": 0, "note": 0, "waived": 0, "fixed": 0, "not_checked": 1}


@pytest.mark.parametrize(
    ("severity", "fail_on", "status"),
    [
        *(("error", fail_on, "findings") for fail_on in ("error", "warning", "note")),
        ("warning", "error", "clean"),
        ("warning", "warning", "findings"),
        ("warning", "note", "findings"),
        ("note", "error", "clean"),
        ("note", "warning", "clean"),
        ("note", "note", "findings"),
    ],
)
def test_a_finding_counts_at_or_above_fail_on(severity: str, fail_on: str, status: str) -> None:
    found = audit(findings=(policy_missing(severity=severity),))
    assert audit_status(found, fail_on) == status  # type: ignore[arg-type]
    assert report_status(Report((found,), fail_on)) == status  # type: ignore[arg-type]


@pytest.mark.parametrize("status", ["fixed", "waived"])
@pytest.mark.parametrize("rule", ["policy-missing", "not-checked"])
def test_what_is_fixed_or_waived_does_not_count(status: str, rule: str) -> None:
    assert audit_status(audit(findings=(policy_missing(status=status, rule=rule),)), "note") == "clean"


@pytest.mark.parametrize("status", ["failed", "pending"])
def test_a_write_that_failed_or_is_not_visible_makes_a_run_incomplete(status: str) -> None:
    assert audit_status(audit(findings=(policy_missing(status=status),)), "error") == "incomplete"


@pytest.mark.parametrize(
    ("outcome", "detail", "status"),
    [
        ("done", "", "clean"),
        ("done", "read back after a lost reply", "clean"),
        *(("skipped", detail, "clean") for detail in ALREADY_DONE),
        ("skipped", "what it depends on failed", "incomplete"),
        ("started", "", "incomplete"),
        ("failed", "AccessDenied", "incomplete"),
        ("pending", "", "incomplete"),
        ("unknown", "", "incomplete"),
    ],
)
def test_an_entry_that_was_not_written_as_planned_makes_a_run_incomplete(
    outcome: str, detail: str, status: str
) -> None:
    assert audit_status(audit(journal=journal(outcome, detail)), "warning") == status


def test_a_gap_is_never_clean_even_without_a_finding() -> None:
    gapped = audit(gaps=(Gap(Fact.USER, "iam:GetUser", "AccessDenied"),))
    assert audit_status(gapped, "error") == "incomplete"


def test_what_is_not_checked_is_never_clean_even_without_a_gap() -> None:
    assert audit_status(audit(findings=(policy_missing(rule="not-checked"),)), "error") == "incomplete"


def test_incomplete_wins_over_findings_and_findings_over_clean() -> None:
    clean, found = audit(), audit(findings=(policy_missing(),))
    incomplete = audit(gaps=(Gap(Fact.USER, "iam:GetUser", "AccessDenied"),))
    assert report_status(Report((clean, clean))) == "clean"
    assert report_status(Report((clean, found))) == "findings"
    assert report_status(Report((incomplete, found, clean))) == "incomplete"
    assert report_status(Report((clean,), errors=(Problem("disk full"),))) == "incomplete"


def test_a_run_in_which_nothing_was_audited_is_not_clean() -> None:
    assert report_status(Report(())) == "incomplete"


@pytest.mark.parametrize(
    ("report", "status", "with_exit_zero"), [("clean", 0, 0), ("full", 1, 0), ("gapped", 2, 2), ("empty", 2, 2)]
)
def test_exit_zero_turns_one_into_zero_and_never_two(report: str, status: int, with_exit_zero: int) -> None:
    assert exit_status(REPORTS[report]) == status
    assert exit_status(REPORTS[report], exit_zero=True) == with_exit_zero


def test_findings_are_ordered_by_severity_then_id() -> None:
    found = [
        policy_missing(severity="note", key="a"),
        policy_missing(severity="error", key="b"),
        policy_missing(severity="warning", key="a"),
        policy_missing(severity="error", key="a"),
    ]
    assert [(each.severity, each.key) for each in sort_findings(found)] == [
        ("error", "a"),
        ("error", "b"),
        ("warning", "a"),
        ("note", "a"),
    ]


def test_what_is_given_to_a_group_that_is_missing_itself_needs_create() -> None:
    missing = policy_missing(rule="group-missing", key="", fix=Action(Verb.CREATE_GROUP, {"GroupName": "Developers"}))
    given_to_it = policy_missing()
    given_elsewhere = policy_missing(subject=ACCOUNT.arn("group", "Testers"), fix=attach("A", "Testers"))
    assert needed_changes([missing, given_to_it, given_elsewhere]) == {
        missing.id: "create",
        given_to_it.id: "create",
        given_elsewhere.id: "add",
    }


def test_what_another_tool_manages_is_not_to_be_fixed_with_this_one() -> None:
    missing = policy_missing(rule="group-missing", key="", fix=Action(Verb.CREATE_GROUP, {"GroupName": "Developers"}))
    found = [replace(each, evidence={"managed_by": "terraform"}) for each in (missing, policy_missing())]
    assert needed_changes(found) == {}
    assert needed_changes(found, managed=True) == {each.id: "create" for each in found}


def test_what_is_mended_waived_or_on_its_way_is_not_to_be_fixed_again() -> None:
    assert needed_changes([policy_missing(status=status) for status in ("fixed", "waived", "pending")]) == {}
    assert needed_changes([policy_missing(fix=None)]) == {}
