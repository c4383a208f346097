"""Over the accounts of one run: which waivers are unused."""

from __future__ import annotations

from dataclasses import replace

from koding_audit.model.account import Account
from koding_audit.model.desired import Desired, Waiver
from koding_audit.model.location import SourceFile
from koding_audit.model.query import Fact, Gap
from koding_audit.model.report import Audit, Problem, Report
from koding_audit.scan.audit import audit_snapshot
from koding_audit.scan.catalog import load_rules
from koding_audit.scan.waiver_use import drop_used_waivers
from tests.scan.waived import EC2, LIVE, READ, wanted
from tests.values import ACCOUNT, live_group, live_user, managed, snapshot, waiver

ONE, TWO, THREE = (Account(digit * 12, "aws") for digit in "123")
WHOLE = snapshot(live_group(attached=[EC2, READ]), live_user(groups=["Developers"]), policies=managed(EC2, READ))


def audit(state: Desired, account: Account, *, lacking: bool, **more: object) -> Audit:
    """The audit of an account that lacks a policy and a membership, or nothing."""
    live = replace(LIVE if lacking else WHOLE, account=account, **more)
    return audit_snapshot(state.bind(account), live, load_rules(skip=["policy-not-found"]))


def unused(report: Report, state: Desired | None) -> list[tuple[str, str]]:
    """The accounts and keys of the findings about unused waivers."""
    return [
        (each.account.id, finding.key)
        for each in drop_used_waivers(report, state).audits
        for finding in each.findings
        if finding.rule == "waiver-unused"
    ]


def test_a_waiver_that_matches_in_one_account_of_a_run_is_unused_in_none() -> None:
    state = wanted(waiver("policy-missing"))
    audits = (audit(state, ONE, lacking=False), audit(state, TWO, lacking=True), audit(state, THREE, lacking=False))
    assert [any(each.rule == "waiver-unused" for each in one.findings) for one in audits] == [True, False, True]
    assert unused(Report(audits), state) == []
    assert unused(Report(audits), None) == []


def test_a_waiver_that_matches_in_no_account_is_unused_in_all() -> None:
    state = wanted(waiver("policy-missing"), waiver("group-missing", 71))
    audits = (audit(state, ONE, lacking=False), audit(state, TWO, lacking=True))
    assert unused(Report(audits), state) == [(ONE.id, "group-missing/*/*"), (TWO.id, "group-missing/*/*")]


def test_a_waiver_of_other_files_at_the_same_place_is_another_waiver() -> None:
    state = wanted(waiver("policy-missing"))
    other = replace(state, files=(SourceFile("policies/koding.yaml", "1" * 64),))
    audits = (audit(state, ONE, lacking=False), audit(other, TWO, lacking=True))
    assert unused(Report(audits), None) == [(ONE.id, "policy-missing/*/*")]


def test_of_two_waivers_that_match_one_finding_both_are_used() -> None:
    state = wanted(waiver("policy-missing"), waiver("policy-missing", 71, days=9, subject="group/*"))
    audits = (audit(state, ONE, lacking=False), audit(state, TWO, lacking=True))
    assert unused(Report(audits), state) == []


def test_the_account_in_the_text_of_a_waiver_is_that_of_each_audit() -> None:
    ours = "arn:aws:iam::${account}:group/Developers"
    later = waiver("policy-missing", 71, days=9)
    state = wanted(Waiver("policy-missing", "", "", later.expires, ours, location=waiver("x").location), later)
    audits = (audit(state, ONE, lacking=False), audit(state, ACCOUNT, lacking=True))
    assert unused(Report(audits), state) == []


def test_a_waiver_may_match_in_an_account_that_was_not_read() -> None:
    state = wanted(waiver("policy-missing"))
    found = audit(state, ONE, lacking=False)
    assert unused(Report((found,)), state) == [(ONE.id, "policy-missing/*/*")]
    assert unused(Report((found,), errors=(Problem("account 2: role cannot be assumed"),)), state) == []
    gap = Gap(Fact.ATTACHED, "iam:ListAttachedGroupPolicies", "AccessDenied", "group/Developers")
    unread = audit(state, TWO, lacking=False, gaps=(gap,))
    assert unused(Report((found, unread)), state) == []
