"""What is known from a saved report, what is new all the same, and what of it is gone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from koding_audit import plugins
from koding_audit.model.finding import NOT_CHECKED, Finding, FindingStatus, Severity
from koding_audit.model.location import SourceFile
from koding_audit.model.report import Audit, AuditScope, Report
from koding_audit.model.traits import find_rule_traits
from koding_audit.report.baseline import mark_known_findings
from koding_audit.report.status import count_findings, exit_status
from tests.report.formats.reports import GROUP, NOW, REPORTS, audit, policy_missing

FILE = SourceFile("known.json", "ab" * 32)
ONE = policy_missing()
TWO = policy_missing("arn:aws:iam::aws:policy/AmazonEC2FullAccess")
EVERY = frozenset(plugins.plugin_names("scan.rules"))
KNOWN_BY_EVIDENCE = sorted(rule for rule in EVERY if find_rule_traits(rule).is_known_by_evidence)
NEVER = sorted(rule for rule in (*EVERY, NOT_CHECKED) if not find_rule_traits(rule).is_waivable)
OLD = NOW - timedelta(days=7)


def beside(now: Finding | None, before: Finding | None, ran: Collection[str] = EVERY) -> Audit:
    """An audit that found `now`, compared with one that had found `before`."""
    old = audit(findings=(before,) if before else (), taken_at=OLD)
    return mark_known_findings(audit(findings=(now,) if now else ()), (old,), FILE, ran)


def is_known(now: Finding, before: Finding) -> bool:
    (found,) = beside(now, before).findings
    return found.known


def finding(rule: str, severity: Severity = "error", **evidence: Any) -> Finding:
    return Finding(rule, severity, GROUP, "it differs", evidence=evidence)


# --- what is known ------------------------------------------------------------------------------


def test_what_stood_in_the_baseline_is_known_and_does_not_fail() -> None:
    found = beside(ONE, ONE)
    assert [each.known for each in found.findings] == [True]
    assert exit_status(Report((found,))) == 0
    # It stands, and is counted as what it is.
    assert count_findings(found.findings)["error"] == 1
    assert (found.baseline.file, found.baseline.taken_at) == (FILE, OLD) if found.baseline else False


def test_what_is_new_fails_beside_what_is_known() -> None:
    found = mark_known_findings(audit(findings=(ONE, TWO)), (audit(findings=(ONE,)),), FILE, EVERY)
    assert {each.id: each.known for each in found.findings} == {ONE.id: True, TWO.id: False}
    assert exit_status(Report((found,))) == 1


def test_a_message_line_or_set_that_changed_makes_nothing_new() -> None:
    assert is_known(replace(ONE, message="other words", location=None, policy_set="other"), ONE)


@pytest.mark.parametrize(
    ("status", "known"), [("open", True), ("failed", True), ("pending", True), ("waived", False), ("fixed", False)]
)
def test_only_what_stood_in_the_baseline_is_known(status: FindingStatus, known: bool) -> None:
    assert is_known(ONE, replace(ONE, status=status)) is known


@pytest.mark.parametrize("status", ["waived", "fixed"])
def test_what_does_not_stand_now_is_not_known_and_keeps_its_status(status: FindingStatus) -> None:
    (found,) = beside(replace(ONE, status=status), ONE).findings
    assert (found.known, found.status) == (False, status)


@pytest.mark.parametrize(
    ("before", "now", "known"),
    [("note", "error", False), ("warning", "error", False), ("note", "warning", False), ("error", "note", True)],
)
def test_what_is_more_severe_than_it_was_is_new(before: Severity, now: Severity, known: bool) -> None:
    assert is_known(finding("policy-unexpected", now), finding("policy-unexpected", before)) is known


def test_what_was_known_in_the_baseline_itself_is_known_again() -> None:
    assert is_known(ONE, replace(ONE, known=True))


# --- what never is ------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", NEVER)
def test_what_cannot_be_waived_is_never_known_and_fails_every_time(rule: str) -> None:
    one = finding(rule)
    found = beside(one, one)
    assert [each.known for each in found.findings] == [False]
    assert exit_status(Report((found,))) == (2 if rule == "not-checked" else 1)


@pytest.mark.parametrize("status", ["failed", "pending"])
def test_a_known_finding_whose_fix_did_not_come_about_is_2(status: FindingStatus) -> None:
    found = beside(replace(ONE, status=status), ONE)
    assert [each.known for each in found.findings] == [True]
    assert exit_status(Report((found,)), exit_zero=True) == 2


def test_no_baseline_makes_what_was_not_read_complete() -> None:
    gaps = REPORTS["gapped"].audits[0]
    found = mark_known_findings(gaps, (gaps,), FILE, EVERY)
    assert exit_status(Report((found,))) == 2


# --- the same id, and another thing ---------------------------------------------------------------


@pytest.mark.parametrize("rule", KNOWN_BY_EVIDENCE)
def test_what_drifted_further_is_new(rule: str) -> None:
    before = finding(rule, gained=[{"actions": ("s3:GetObject",)}])
    assert is_known(finding(rule, gained=[{"actions": ["s3:GetObject"]}]), before)
    assert not is_known(finding(rule, gained=[{"actions": ["s3:GetObject", "iam:*"]}]), before)


def test_every_rule_about_what_is_there_instead_looks_at_its_evidence() -> None:
    changed = {rule for rule in EVERY if find_rule_traits(rule).state == "changed"}
    assert changed <= set(KNOWN_BY_EVIDENCE)


def test_a_key_that_was_used_meanwhile_is_known_all_the_same() -> None:
    before = finding("access-key-unused", "warning", last_used="2026-01-01T00:00:00Z")
    assert is_known(finding("access-key-unused", "warning", last_used="2026-02-01T00:00:00Z"), before)


# --- what is gone -------------------------------------------------------------------------------


def gone(found: Audit) -> tuple[str, ...]:
    assert found.baseline
    return found.baseline.gone


def test_what_is_not_found_any_more_is_gone() -> None:
    assert gone(beside(TWO, ONE)) == (ONE.id,)
    assert gone(beside(None, None)) == ()


@pytest.mark.parametrize("status", ["open", "waived", "fixed"])
def test_what_is_still_told_of_is_not_gone(status: FindingStatus) -> None:
    assert gone(beside(replace(ONE, status=status), ONE)) == ()


@pytest.mark.parametrize("status", ["waived", "fixed"])
def test_what_did_not_stand_in_the_baseline_is_not_gone_from_it(status: FindingStatus) -> None:
    assert gone(beside(None, replace(ONE, status=status))) == ()


def test_what_no_rule_looked_for_is_not_gone() -> None:
    assert gone(beside(None, ONE, EVERY - {"policy-missing"})) == ()


def test_what_the_run_was_not_about_is_not_gone() -> None:
    then = audit(findings=(ONE,), scope=AuditScope(("a",), ("build",)))
    for now, is_gone in (
        (audit(scope=then.scope), True),
        (audit(scope=AuditScope(("a", "b"), ("build", "more"))), True),
        (audit(scope=AuditScope(("b",), ("build",))), False),
        (audit(scope=AuditScope(("a",), ())), False),
        (audit(scope=then.scope, desired=(SourceFile("koding.yaml", "cd" * 32),)), False),
        (audit(scope=None), False),
    ):
        assert gone(mark_known_findings(now, (then,), FILE, EVERY)) == ((ONE.id,) if is_gone else ())


def test_with_another_desired_state_the_new_is_new_and_the_known_is_known() -> None:
    now = audit(findings=(ONE, TWO), desired=(SourceFile("koding.yaml", "cd" * 32),))
    found = mark_known_findings(now, (audit(findings=(ONE,)),), FILE, EVERY)
    assert {each.id: each.known for each in found.findings} == {ONE.id: True, TWO.id: False}


# --- whose it is --------------------------------------------------------------------------------


def test_of_several_audits_of_one_account_what_stood_in_any_is_known() -> None:
    before = (audit(findings=(ONE,), taken_at=OLD), audit(findings=(TWO,)))
    found = mark_known_findings(audit(findings=(ONE, TWO)), before, FILE, EVERY)
    assert all(each.known for each in found.findings)
    assert found.baseline
    assert found.baseline.taken_at == OLD
