"""Which findings a waiver fits, how long it holds, and which waivers fit nothing."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koding_audit.model.desired import Desired, Waiver
from koding_audit.model.finding import Finding
from koding_audit.model.plan import ScanRequest
from koding_audit.model.query import Fact, Gap
from koding_audit.model.report import Report
from koding_audit.model.snapshot import Snapshot
from koding_audit.remediation.plan import make_plan
from koding_audit.report.status import audit_status, count_findings, exit_status, needed_changes
from koding_audit.scan.audit import audit_snapshot
from koding_audit.scan.catalog import load_rules
from koding_audit.scan.waivers import apply_waivers, is_expired, unused_waivers, used_waivers, waiver_matches
from tests.scan.waived import EC2, LIVE, READ, wanted
from tests.values import ACCOUNT, NOW, aws, live_user, managed, own, snapshot, waiver


def finding(
    rule: str = "policy-missing", subject: str = ACCOUNT.arn("group", "Developers", "/team/"), key: str = READ
) -> Finding:
    return Finding(rule, "error", subject, "it lacks it", key)


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        ({}, True),
        ({"subject": "group/Developers"}, True),
        ({"subject": "group/team/Developers"}, True),
        ({"subject": "group/team/*"}, True),
        ({"subject": "*/Developers"}, True),
        ({"subject": "arn:aws:iam::123456789012:group/team/Developers"}, True),
        ({"subject": "arn:*:group/*"}, True),
        ({"subject": "group/Dev"}, False),
        ({"subject": "group/developers"}, False),
        ({"subject": "user/Developers"}, False),
        ({"subject": "Developers"}, False),
        ({"subject": "arn:aws:iam::210987654321:group/team/Developers"}, False),
        ({"policy": READ}, True),
        ({"policy": aws("IAM*")}, True),
        ({"policy": "*"}, True),
        ({"policy": EC2}, False),
        ({"policy": own("IAMReadOnlyAccess")}, False),
        ({"policy": "IAMReadOnlyAccess"}, False),
        ({"subject": "group/Developers", "policy": READ}, True),
        ({"subject": "group/Developers", "policy": EC2}, False),
        ({"subject": "group/Operators", "policy": READ}, False),
    ],
)
def test_a_waiver_fits_what_all_of_it_names(narrowed: dict[str, str], expected: bool) -> None:
    assert waiver_matches(waiver("policy-missing", **narrowed), finding()) is expected


def test_a_waiver_of_another_rule_never_fits() -> None:
    assert not waiver_matches(waiver("policy-unexpected"), finding())


def test_the_policy_of_an_inline_rule_is_a_name_and_of_a_rule_about_documents_its_subject() -> None:
    scratch = finding("inline-unexpected", key="scratch")
    assert waiver_matches(waiver("inline-unexpected", policy="scr*"), scratch)
    assert not waiver_matches(waiver("inline-unexpected", policy="other"), scratch)
    changed = finding("policy-document-changed", own("team/edge"), "")
    for narrowed in ({"policy": own("team/*")}, {"subject": "policy/team/edge"}):
        assert waiver_matches(waiver("policy-document-changed", **narrowed), changed)
    assert not waiver_matches(waiver("policy-document-changed", policy=own("edge")), changed)


def test_the_account_is_called_root() -> None:
    assert waiver_matches(
        waiver("quota-exceeded", subject="root"), finding("quota-exceeded", ACCOUNT.root_arn, "UsersQuota")
    )


@pytest.mark.parametrize(
    ("at", "over"),
    [
        ("2027-01-30T12:00:00+00:00", False),
        ("2027-01-31T00:00:00+00:00", False),
        ("2027-01-31T23:59:59+00:00", False),
        ("2027-02-01T00:00:00+00:00", True),
        ("2027-02-01T03:00:00+05:00", False),
        ("2027-01-31T23:00:00-05:00", True),
    ],
)
def test_a_waiver_holds_to_the_end_of_its_last_day_in_utc(at: str, over: bool) -> None:
    until = dataclasses.replace(waiver("policy-missing"), expires=date(2027, 1, 31))
    moment = datetime.fromisoformat(at)
    assert is_expired(until, moment) is over
    [found] = apply_waivers([finding()], [until], moment)
    assert (found.status, found.waiver) == (("open", None) if over else ("waived", until))


def test_of_several_waivers_the_one_that_holds_longest_is_told() -> None:
    short, long, other = waiver("policy-missing"), waiver("policy-missing", 71, days=9), waiver("user-missing", days=99)
    [found] = apply_waivers([finding()], [short, long, other], NOW)
    assert found.waiver == long


def test_a_waiver_with_the_arn_of_another_account_is_not_unused_here() -> None:
    others = waiver("policy-missing", subject="arn:aws:iam::210987654321:group/*")
    here = waiver("policy-missing", 71, subject="arn:aws:iam::123456789012:group/*")
    any_account = waiver("policy-missing", 72, subject="arn:aws:iam::*:group/*")
    awss = waiver("policy-not-found", 73, subject="arn:aws:iam::aws:policy/Gone")
    looked = {"policy-missing", "policy-not-found"}
    assert unused_waivers([others, here, any_account, awss], [], looked, ACCOUNT) == (here, any_account, awss)


NAMES = st.sampled_from(["*", "a", "b", "ab", "*b", "a*", "t/a", "t/*"])
SUBJECTS = st.one_of(
    *(NAMES.map(f"{kind}/{{}}".format) for kind in ("user", "group", "policy")),
    st.sampled_from(["*", "root", "arn:aws:iam::*:user/a", "*/b", ACCOUNT.arn("user", "a"), own("t/a")]),
)
RULES = st.sampled_from(["policy-missing", "inline-unexpected", "policy-document-changed", "user-missing"])
WAIVERS = st.builds(
    waiver, RULES, st.integers(1, 3), days=st.integers(-1, 3), subject=SUBJECTS, policy=NAMES | NAMES.map(aws)
)
FINDINGS = st.builds(
    finding,
    RULES,
    st.builds(
        ACCOUNT.arn, st.sampled_from(["user", "group"]), st.sampled_from(["a", "b", "*"]), st.sampled_from(["/", "/t/"])
    )
    | st.sampled_from([own("t/a"), own("a"), ACCOUNT.root_arn]),
    NAMES | NAMES.map(aws),
)


@given(st.lists(WAIVERS, max_size=8), st.lists(FINDINGS, max_size=6), st.sets(RULES))
def test_waivers_that_are_looked_up_are_those_of_comparing_each_with_each_finding(
    waivers: list[Waiver], findings: list[Finding], evaluated: set[str]
) -> None:
    def accept(found: Finding) -> Finding:
        valid = [each for each in waivers if waiver_matches(each, found) and not is_expired(each, NOW)]
        last = max(valid, key=lambda each: each.expires, default=None)
        return dataclasses.replace(found, status="waived", waiver=last) if last else found

    assert apply_waivers(findings, waivers, NOW) == tuple(accept(each) for each in findings)
    used = [any(waiver_matches(each, found) for found in findings) for each in waivers]
    assert used_waivers(waivers, findings) == {each for each, is_used in zip(waivers, used, strict=True) if is_used}
    unused = [each for each, is_used in zip(waivers, used, strict=True) if each.rule in evaluated and not is_used]
    assert unused_waivers(waivers, findings, evaluated, ACCOUNT) == tuple(unused)


def rules_found(
    found: Desired, live: Snapshot = LIVE, only: tuple[str, ...] = (), skip: tuple[str, ...] = ()
) -> list[tuple[str, str]]:
    return sorted(
        (each.rule, each.status) for each in audit_snapshot(found.bind(ACCOUNT), live, load_rules(only, skip)).findings
    )


def test_a_waived_finding_is_counted_apart_and_does_not_fail() -> None:
    found = audit_snapshot(wanted(waiver("policy-missing"), waiver("membership-missing", 71)), LIVE, load_rules())
    assert count_findings(found.findings) == {
        "error": 0,
        "warning": 0,
        "note": 1,
        "waived": 2,
        "fixed": 0,
        "not_checked": 0,
    }
    assert audit_status(found, "warning") == "clean"
    assert audit_status(found, "note") == "findings"


def test_a_waived_finding_is_not_planned_for_and_no_option_is_offered_for_it() -> None:
    state = wanted(waiver("policy-missing", policy=READ))
    found = audit_snapshot(state, LIVE, load_rules())
    made = make_plan(found.findings, state, LIVE, ScanRequest(create=True, replace=True), NOW)
    assert [step.action.verb.value for step in made.steps] == ["AddUserToGroup"]
    assert [name.partition("/")[0] for name in needed_changes(found.findings)] == ["membership-missing"]


def test_what_a_group_that_may_be_missing_would_get_is_neither_planned_nor_offered() -> None:
    empty = snapshot(live_user(groups=[]), absent=[("group", "Developers")], policies=managed(EC2, READ))
    state = wanted(waiver("group-missing"))
    found = audit_snapshot(state, empty, load_rules())
    assert {each.rule for each in found.findings if each.status == "open"} == {"policy-missing", "membership-missing"}
    assert make_plan(found.findings, state, empty, ScanRequest(create=True), NOW).steps == ()
    assert needed_changes(found.findings) == {}


def test_who_would_go_over_a_quota_gets_nothing_though_that_is_waived() -> None:
    full = dataclasses.replace(LIVE, summary={"AttachedPoliciesPerGroupQuota": 2})
    state = wanted(waiver("quota-exceeded"))
    found = audit_snapshot(state, full, load_rules())
    assert ("quota-exceeded", "waived") in [(each.rule, each.status) for each in found.findings]
    made = make_plan(found.findings, state, full, ScanRequest(), NOW)
    assert [step.action.verb.value for step in made.steps] == ["AddUserToGroup"]


def test_a_waiver_that_fits_nothing_is_told_with_its_line() -> None:
    found = audit_snapshot(
        wanted(waiver("policy-missing"), waiver("user-missing", 71, subject="user/koding-user")), LIVE, load_rules()
    )
    [unused] = [each for each in found.findings if each.rule == "waiver-unused"]
    assert (unused.severity, unused.status, unused.subject) == ("warning", "open", ACCOUNT.root_arn)
    assert unused.key == "user-missing/user/koding-user/*"
    assert unused.message == "unused waiver: user-missing for user/koding-user"
    assert unused.location is not None
    assert unused.location.line == 71


def test_an_expired_waiver_is_told_once_and_what_it_accepted_is_open_and_planned_for_again() -> None:
    state = wanted(waiver("policy-missing", days=-1), waiver("user-missing", 71, days=-1))
    found = audit_snapshot(state, LIVE, load_rules())
    told = sorted((each.rule, each.status) for each in found.findings if each.severity != "note")
    assert told == [
        ("membership-missing", "open"),
        ("policy-missing", "open"),
        ("waiver-expired", "open"),
        ("waiver-expired", "open"),
    ]
    made = make_plan(found.findings, state, LIVE, ScanRequest(), NOW)
    assert "AttachGroupPolicy" in [step.action.verb.value for step in made.steps]


@pytest.mark.parametrize(
    ("only", "skip"), [((), ("user-missing",)), (("waiver-unused",), ()), (("policy-missing", "waiver-unused"), ())]
)
def test_a_waiver_of_a_rule_that_was_not_asked_is_not_unused(only: tuple[str, ...], skip: tuple[str, ...]) -> None:
    found = rules_found(wanted(waiver("user-missing")), only=only, skip=skip)
    assert not [rule for rule, _ in found if rule == "waiver-unused"]


def test_a_waiver_of_a_rule_that_could_not_answer_is_not_unused_and_the_run_stays_incomplete() -> None:
    gap = Gap(Fact.GROUPS, "iam:ListGroupsForUser", "AccessDenied", "user/koding-user", "iam:ListGroupsForUser")
    unread = dataclasses.replace(LIVE, gaps=(gap,), principals={})
    found = audit_snapshot(wanted(waiver("membership-missing")), unread, load_rules())
    assert "waiver-unused" not in {each.rule for each in found.findings}
    assert exit_status(Report((found,), "error"), exit_zero=True) == 2


def test_a_waiver_of_a_rule_about_stacks_is_not_unused_where_no_stack_is_asked_about() -> None:
    assert "waiver-unused" not in dict(rules_found(wanted(waiver("stack-not-buildable"))))


def test_a_waiver_waives_though_the_rules_about_waivers_are_skipped() -> None:
    found = rules_found(wanted(waiver("policy-missing")), skip=("waiver-unused", "waiver-expired"))
    assert ("policy-missing", "waived") in found
