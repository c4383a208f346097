"""What the live collector reads, by which calls, and what it says of what it could not read."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from koding_audit.aws.connection import Connection, connect
from koding_audit.aws.deadline import Deadline
from koding_audit.aws.session import _ReplyParser
from koding_audit.aws.settings import Settings
from koding_audit.aws.sources import live
from koding_audit.model.account import Caller, principal_key
from koding_audit.model.errors import CallError, InputError
from koding_audit.model.query import Fact, Gap, Query
from koding_audit.model.snapshot import Credentials, Snapshot
from tests.servers.moto_account import MotoAccount
from tests.servers.replay import Replay, identity, recorded, whole_account
from tests.servers.wire import Call, Fault
from tests.values import aws, own

OF_USER = frozenset({Fact.USER, Fact.ATTACHED, Fact.INLINE, Fact.GROUPS})
OF_GROUP = frozenset({Fact.GROUP, Fact.ATTACHED, Fact.INLINE})
CREDENTIALS = frozenset({Fact.ACCESS_KEYS, Fact.CONSOLE, Fact.MFA, Fact.SERVICE_CREDENTIALS})
OF_ACCOUNT = frozenset({Fact.SUMMARY, Fact.CREDENTIAL_REPORT, Fact.CALLER})
LISTINGS = {"ListUsers", "ListGroups", "ListRoles", "ListPolicies", "GetAccountAuthorizationDetails"}
ROLE = "arn:aws:iam::123456789012:role/audit"
KODING, DEVELOPERS = principal_key("user", "koding-user"), principal_key("group", "Developers")

WIDE = Query(
    users={
        "koding-user": OF_USER | CREDENTIALS,
        "plain": OF_USER | CREDENTIALS,
        "missing": OF_USER | CREDENTIALS,
        "stranger": frozenset({Fact.USER}),
    },
    groups={"Developers": OF_GROUP | {Fact.MEMBERS}, "empty": OF_GROUP, "nobody": OF_GROUP | {Fact.MEMBERS}},
    policies={
        aws("AmazonEC2FullAccess"): frozenset({DEVELOPERS}),
        aws("AmazonRoute53FullAccess"): frozenset({DEVELOPERS}),
        aws("NoSuchPolicy"): frozenset({DEVELOPERS}),
        own("edge"): frozenset({DEVELOPERS}),
        own("gone"): frozenset({DEVELOPERS}),
    },
    account=OF_ACCOUNT,
)


def actions(account: MotoAccount) -> list[str]:
    return [call.action for call in account.calls()]


def comparable(snapshot: Snapshot) -> Snapshot:
    """Without the two times at which the same is read twice."""
    use = snapshot.root_use
    return replace(
        snapshot,
        taken_at=snapshot.taken_at.replace(year=2000, month=1, day=1, hour=0, minute=0, second=0),
        root_use=use and replace(use, generated=use.generated.replace(year=2000, month=1, day=1)),
    )


def in_bulk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "TARGETED_CALLS", 0)


# --- both ways --------------------------------------------------------------------------------------


EVERYTHING = Query(facts_of_all=frozenset(Fact) - OF_ACCOUNT)


@pytest.mark.parametrize("query", [WIDE, EVERYTHING], ids=["wide", "everything"])
def test_the_fast_reader_of_the_listing_and_botocores_give_the_same_snapshot(
    query: Query, seeded: MotoAccount, line: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_bulk(monkeypatch)
    fast = live.collect_snapshot(query, line)
    used = []
    monkeypatch.setattr(
        _ReplyParser, "parse", lambda self, response, shape: used.append(shape) or self._usual.parse(response, shape)
    )
    usual = live.collect_snapshot(query, line)
    assert "GetAccountAuthorizationDetailsResponse" in {shape.name for shape in used}
    assert comparable(fast) == comparable(usual)


def test_a_document_that_is_none_is_a_gap_only_where_it_is_asked_for(connection: Connection, replay: Replay) -> None:
    user = {
        "UserName": "ada",
        "UserId": "AIDA1",
        "Arn": "arn:aws:iam::123456789012:user/ada",
        "Path": "/",
        "AttachedManagedPolicies": [],
        "GroupList": [],
        "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": "%7B%7B%7D"}],
    }
    replay.answer("GetAccountAuthorizationDetails", whole_account({"UserDetailList": [user]}))
    listed = frozenset({"user": Fact.USERS_LISTED})
    known = live.collect_snapshot(Query(listed=listed), connection)
    assert known.gaps == ()
    asked = Query(users={"ada": OF_USER}, listed=listed, inline={principal_key("user", "ada"): frozenset({"p"})})
    reason = "MalformedReply: the reply has no usable PolicyDocument"
    gap = Gap(Fact.INLINE_DOCUMENT, "iam:GetAccountAuthorizationDetails", reason, "user/ada/p")
    assert live.collect_snapshot(asked, connection).gaps == (gap,)


def test_both_ways_of_reading_give_the_same_snapshot(
    seeded: MotoAccount, line: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    targeted = live.collect_snapshot(WIDE, line)
    assert not LISTINGS & set(actions(seeded))
    seeded.forget()
    in_bulk(monkeypatch)
    bulk = live.collect_snapshot(WIDE, line)
    assert actions(seeded).count("GetAccountAuthorizationDetails") == 2
    assert not {"GetUser", "GetGroup", "ListAttachedUserPolicies", "ListGroupsForUser"} & set(actions(seeded))
    assert targeted.gaps == ()
    assert comparable(bulk) == comparable(targeted)


def test_in_an_account_of_many_the_same_is_read_and_all_kinds_by_one_list(
    seeded: MotoAccount, line: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_bulk(monkeypatch)
    alone = live.collect_snapshot(WIDE, line)
    seeded.forget()
    member = live.collect_snapshot(WIDE, line.assume_role(ROLE, ""))
    assert actions(seeded).count("GetAccountAuthorizationDetails") == 1
    assert "GetCallerIdentity" not in actions(seeded)
    assert member.caller == Caller("arn:aws:sts::123456789012:assumed-role/audit/koding-audit", root=False)
    assert comparable(replace(member, caller=alone.caller)) == comparable(alone)


def test_nothing_is_sent_again_for_an_account_of_many_whose_time_is_up(
    seeded: MotoAccount, line: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeded.fail("GetAccountSummary", "throttle", times=2)
    member = line.assume_role(ROLE, "")
    left = iter([1.0, 1.0])  # asked before the call and before it is sent
    monkeypatch.setattr(Deadline, "remaining", lambda _: next(left, -1.0))
    with pytest.raises(CallError, match="DeadlineExceeded"):
        member.call("GetAccountSummary")
    assert actions(seeded).count("GetAccountSummary") == 1


def test_what_is_there_is_read_whole(seeded: MotoAccount, line: Connection) -> None:
    snapshot = live.collect_snapshot(WIDE, line)
    user, group = snapshot.principals[KODING], snapshot.principals[DEVELOPERS]
    assert (user.attached, user.inline, user.groups) == ({aws("AmazonS3ReadOnlyAccess")}, {"own"}, {"Developers"})
    assert (user.path, user.arn) == ("/", "arn:aws:iam::123456789012:user/koding-user")
    assert group.attached == {aws("AmazonEC2FullAccess"), aws("IAMReadOnlyAccess")}
    assert (group.inline, group.members, group.path) == ({"extra"}, {"koding-user", "stranger"}, "/team/")
    # Of stranger nothing but the user was asked, of the empty group not the members.
    assert snapshot.principals["user", "stranger"].groups is None
    assert snapshot.principals["group", "empty"].attached == frozenset()
    assert snapshot.principals["group", "empty"].members is None
    assert snapshot.absent == {("user", "missing"), ("group", "nobody")}
    assert snapshot.listed == frozenset()
    assert (snapshot.account.id, snapshot.source, snapshot.endpoint) == ("123456789012", "live", seeded.url)
    assert snapshot.caller is not None
    assert snapshot.root_use is not None
    assert snapshot.summary is not None


def test_credentials_are_read_of_those_who_are_there(seeded: MotoAccount, line: Connection) -> None:
    credentials = live.collect_snapshot(WIDE, line).credentials
    assert set(credentials) == {"koding-user", "plain"}
    full = credentials["koding-user"]
    assert full.keys is not None
    assert [(key.active, key.last_used) for key in full.keys] == [(True, None)]
    assert (full.password, full.mfa, full.services) == (True, True, ())
    # Without a password there is no question of MFA.
    assert credentials["plain"] == Credentials(keys=(), password=False, mfa=None, services=())


def test_a_policy_that_all_of_its_holders_hold_is_not_looked_up(seeded: MotoAccount, line: Connection) -> None:
    policies = live.collect_snapshot(WIDE, line).policies
    assert {arn: policy and (policy.arn, policy.attachable) for arn, policy in policies.items()} == {
        aws("AmazonRoute53FullAccess"): (aws("AmazonRoute53FullAccess"), True),
        aws("NoSuchPolicy"): None,
        own("edge"): (own("edge"), True),
        own("gone"): None,
    }
    assert actions(seeded).count("GetPolicy") == 4


def test_a_boundary_is_read_either_way_and_is_known_to_exist(
    connection: Connection, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = {
        "Path": "/",
        "UserName": "koding-user",
        "UserId": "AIDA1",
        "CreateDate": "2026-01-01T00:00:00Z",
        "Arn": "arn:aws:iam::123456789012:user/koding-user",
        "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": own("edge")},
    }
    detail = {**user, "GroupList": [], "AttachedManagedPolicies": []}
    replay.answer("GetUser", recorded({"User": user}))
    replay.answer("GetAccountAuthorizationDetails", whole_account({"UserDetailList": [detail]}))
    query = Query(users={"koding-user": frozenset({Fact.USER})}, policies={own("edge"): frozenset({KODING})})
    targeted = live.collect_snapshot(query, connection)
    in_bulk(monkeypatch)
    bulk = live.collect_snapshot(query, connection)
    assert targeted.principals[KODING].boundary == own("edge")
    assert (targeted.principals, targeted.gaps) == (bulk.principals, bulk.gaps)
    assert [call.action for call in replay.calls] == ["GetUser", "GetAccountAuthorizationDetails"]


@pytest.mark.parametrize(
    ("query", "called"),
    [
        (Query(), []),
        (Query(users={"plain": frozenset({Fact.USER})}), ["GetUser"]),
        (Query(groups={"empty": frozenset({Fact.GROUP})}), ["GetGroup"]),
        (Query(users={"plain": frozenset({Fact.USER, Fact.GROUPS})}), ["GetUser", "ListGroupsForUser"]),
        (Query(users={"plain": frozenset({Fact.USER, Fact.ACCESS_KEYS})}), ["GetUser", "ListAccessKeys"]),
        (Query(account=frozenset({Fact.SUMMARY})), ["GetAccountSummary"]),
        (Query(account=frozenset({Fact.CALLER})), []),
        (Query(listed=frozenset({"user"})), ["GetAccountAuthorizationDetails"]),
        (Query(account=frozenset({Fact.CREDENTIAL_REPORT})), ["GenerateCredentialReport", "GetCredentialReport"]),
    ],
)
def test_nothing_is_called_for_facts_that_nobody_asked_for(
    query: Query, called: list[str], seeded: MotoAccount, line: Connection
) -> None:
    live.collect_snapshot(query, line)
    assert sorted(actions(seeded)) == called


def test_everything_is_read_of_everybody(seeded: MotoAccount, line: Connection) -> None:
    every = Query(account=OF_ACCOUNT, listed=frozenset({"user", "group"}), facts_of_all=frozenset(Fact))
    snapshot = live.collect_snapshot(every, line)
    assert snapshot.gaps == ()
    assert set(snapshot.principals) == {
        *(("user", name) for name in ("koding-user", "plain", "stranger")),
        *(("group", name) for name in ("developers", "empty")),
    }
    assert snapshot.listed == {"user", "group", "role"}
    assert set(snapshot.credentials) == {"koding-user", "plain", "stranger"}
    assert snapshot.policies_listed
    assert {own("edge"), aws("AmazonEC2FullAccess")} <= set(snapshot.policies)
    assert snapshot.principals["group", "empty"].members == frozenset()


def test_closed_kinds_are_listed_and_others_are_not(seeded: MotoAccount, line: Connection) -> None:
    snapshot = live.collect_snapshot(Query(groups={"empty": OF_GROUP}, listed=frozenset({"user"})), line)
    assert snapshot.listed == {"user"}
    assert set(snapshot.principals) == {
        ("user", "koding-user"),
        ("user", "plain"),
        ("user", "stranger"),
        ("group", "empty"),
    }
    # Of those that nobody asked about, there is the name and no more.
    assert snapshot.principals[KODING].attached is None


def test_many_principals_are_read_by_a_listing_and_few_by_themselves() -> None:
    def users(count: int, facts: frozenset[Fact]) -> Query:
        return Query(users={f"user-{number}": facts for number in range(count)})

    assert not live.is_bulk_query(users(12, OF_USER | CREDENTIALS))
    assert live.is_bulk_query(users(13, OF_USER))
    assert not live.is_bulk_query(users(48, frozenset({Fact.USER}) | CREDENTIALS))
    assert live.is_bulk_query(Query(listed=frozenset({"group"})))
    assert live.is_bulk_query(Query(facts_of_all=frozenset({Fact.USER})))


# --- gaps -------------------------------------------------------------------------------------------

DENIED: Mapping[str, tuple[Fact, str]] = {
    "GetUser": (Fact.USER, "user/koding-user"),
    "ListAttachedUserPolicies": (Fact.ATTACHED, "user/koding-user"),
    "ListUserPolicies": (Fact.INLINE, "user/koding-user"),
    "ListGroupsForUser": (Fact.GROUPS, "user/koding-user"),
    "GetGroup": (Fact.GROUP, "group/Developers"),
    "ListAttachedGroupPolicies": (Fact.ATTACHED, "group/Developers"),
    "ListGroupPolicies": (Fact.INLINE, "group/Developers"),
    "ListAccessKeys": (Fact.ACCESS_KEYS, "user/koding-user"),
    "GetAccessKeyLastUsed": (Fact.ACCESS_KEYS, "user/koding-user"),
    "GetLoginProfile": (Fact.CONSOLE, "user/koding-user"),
    "ListMFADevices": (Fact.MFA, "user/koding-user"),
    "ListServiceSpecificCredentials": (Fact.SERVICE_CREDENTIALS, "user/koding-user"),
    "ListSSHPublicKeys": (Fact.SERVICE_CREDENTIALS, "user/koding-user"),
    "GetPolicy": (Fact.POLICY, aws("AmazonRoute53FullAccess")),
    "GetAccountSummary": (Fact.SUMMARY, ""),
    "GenerateCredentialReport": (Fact.CREDENTIAL_REPORT, ""),
    "GetCredentialReport": (Fact.CREDENTIAL_REPORT, ""),
}
NARROW = Query(
    users={"koding-user": OF_USER | CREDENTIALS},
    groups={"Developers": OF_GROUP},
    policies={aws("AmazonRoute53FullAccess"): frozenset({DEVELOPERS})},
    account=OF_ACCOUNT,
)


def read_of(snapshot: Snapshot, fact: Fact) -> Any:
    """What a snapshot holds of a fact of koding-user, Developers or the account; None for unread."""
    user, group = snapshot.principals.get(KODING), snapshot.principals.get(DEVELOPERS)
    credentials = snapshot.credentials.get("koding-user", Credentials())
    return {
        Fact.USER: user,
        Fact.GROUP: group,
        Fact.GROUPS: user and user.groups,
        Fact.ACCESS_KEYS: credentials.keys,
        Fact.CONSOLE: credentials.password,
        Fact.MFA: credentials.mfa,
        Fact.SERVICE_CREDENTIALS: credentials.services,
        Fact.POLICY: snapshot.policies.get(aws("AmazonRoute53FullAccess")),
        Fact.SUMMARY: snapshot.summary,
        Fact.CREDENTIAL_REPORT: snapshot.root_use,
    }[fact]


def test_all_of_the_narrow_query_can_be_read(seeded: MotoAccount, line: Connection) -> None:
    snapshot = live.collect_snapshot(NARROW, line)
    assert snapshot.gaps == ()
    assert None not in [read_of(snapshot, fact) for fact, _ in DENIED.values() if fact not in OF_GROUP - {Fact.GROUP}]
    assert set(actions(seeded)) == set(DENIED)


@pytest.mark.parametrize("action", DENIED)
def test_a_denied_read_is_a_gap_and_never_empty(action: str, seeded: MotoAccount, line: Connection) -> None:
    fact, subject = DENIED[action]
    seeded.fail(action)
    snapshot = live.collect_snapshot(NARROW, line)
    assert snapshot.gaps == (Gap(fact, f"iam:{action}", "AccessDenied", subject, f"iam:{action}"),)
    assert snapshot.absent == frozenset()
    if fact in (Fact.ATTACHED, Fact.INLINE):
        principal = snapshot.principals[DEVELOPERS if subject.startswith("group") else KODING]
        assert (principal.attached if fact is Fact.ATTACHED else principal.inline) is None
    else:
        assert read_of(snapshot, fact) is None


def test_a_policy_that_could_not_be_looked_up_is_not_said_to_be_absent(seeded: MotoAccount, line: Connection) -> None:
    seeded.fail("GetPolicy")
    assert live.collect_snapshot(NARROW, line).policies == {}


def test_members_that_are_denied_leave_the_group_unread(seeded: MotoAccount, line: Connection) -> None:
    seeded.fail("GetGroup", match={"MaxItems": "1000"})
    snapshot = live.collect_snapshot(Query(groups={"Developers": frozenset({Fact.GROUP, Fact.MEMBERS})}), line)
    assert snapshot.principals == {}
    assert [(gap.fact, gap.call) for gap in snapshot.gaps] == [(Fact.GROUP, "iam:GetGroup")]


@pytest.mark.parametrize(
    "action", ["ListAttachedUserPolicies", "ListUserPolicies", "ListGroupsForUser", "ListMFADevices"]
)
def test_a_user_that_vanishes_between_two_reads_is_a_gap(action: str, seeded: MotoAccount, line: Connection) -> None:
    seeded.fail(action, "error", status=404, code="NoSuchEntity")
    snapshot = live.collect_snapshot(NARROW, line)
    assert snapshot.gaps == (Gap(DENIED[action][0], f"iam:{action}", "NoSuchEntity", "user/koding-user"),)


def test_a_user_that_is_not_there_is_absent_without_a_gap(seeded: MotoAccount, line: Connection) -> None:
    snapshot = live.collect_snapshot(Query(users={"missing": OF_USER | CREDENTIALS}), line)
    assert (snapshot.absent, snapshot.gaps, snapshot.credentials) == ({("user", "missing")}, (), {})
    assert not {"ListAccessKeys", "GetLoginProfile", "ListMFADevices"} & set(actions(seeded))


def test_a_user_that_nobody_may_look_at_is_neither_there_nor_absent(seeded: MotoAccount, line: Connection) -> None:
    seeded.fail("GetUser")
    snapshot = live.collect_snapshot(Query(users={"missing": OF_USER}), line)
    assert (snapshot.principals, snapshot.absent) == ({}, frozenset())
    assert Fact.USER in {gap.fact for gap in snapshot.gaps}


@pytest.mark.parametrize(
    ("kind", "fact", "every"),
    [
        ("user", Fact.USER, Fact.USERS_LISTED),
        ("group", Fact.GROUP, Fact.GROUPS_LISTED),
    ],
)
def test_a_listing_that_is_denied_leaves_its_kind_unread(
    kind: Any, fact: Fact, every: Fact, seeded: MotoAccount, line: Connection
) -> None:
    query = Query(
        users={"koding-user": OF_USER, "missing": OF_USER},
        groups={"Developers": OF_GROUP | {Fact.MEMBERS}, "nobody": OF_GROUP},
        listed=frozenset({kind}),
    )
    seeded.fail("GetAccountAuthorizationDetails", match={"Filter.member.1": kind.title()})
    snapshot = live.collect_snapshot(query, line)
    call = "iam:GetAccountAuthorizationDetails"
    assert set(snapshot.gaps) == {Gap(each, call, "AccessDenied", permission=call) for each in (fact, every)}
    assert snapshot.listed == frozenset()
    assert kind not in {key[0] for key in (*snapshot.principals, *snapshot.absent)}
    if kind == "user":
        assert snapshot.principals[DEVELOPERS].members is None


def test_a_closed_kind_that_could_not_be_listed_is_a_gap_of_that_fact_alone(
    seeded: MotoAccount, line: Connection
) -> None:
    seeded.fail("GetAccountAuthorizationDetails")
    snapshot = live.collect_snapshot(Query(listed=frozenset({"user"})), line)
    assert [gap.fact for gap in snapshot.gaps] == [Fact.USERS_LISTED]
    assert snapshot.listed == frozenset()


def test_policies_that_could_not_be_listed_are_not_said_to_be_all(seeded: MotoAccount, line: Connection) -> None:
    seeded.fail("ListPolicies")
    snapshot = live.collect_snapshot(Query(facts_of_all=frozenset({Fact.USER, Fact.GROUP, Fact.POLICY})), line)
    assert (snapshot.policies, snapshot.policies_listed) == ({}, False)
    assert [gap.fact for gap in snapshot.gaps] == [Fact.POLICY]


def test_a_report_without_roots_row_is_a_gap(seeded: MotoAccount, line: Connection) -> None:
    seeded.overlay(root=None)
    snapshot = live.collect_snapshot(Query(account=frozenset({Fact.CREDENTIAL_REPORT})), line)
    assert snapshot.root_use is None
    assert snapshot.gaps == (
        Gap(Fact.CREDENTIAL_REPORT, "iam:GetCredentialReport", "the report has no row of the root user"),
    )


def test_what_does_not_come_in_time_is_a_gap(seeded: MotoAccount, line: Connection) -> None:
    line.deadline = Deadline(0.0)
    snapshot = live.collect_snapshot(NARROW, line)
    assert {gap.reason for gap in snapshot.gaps} == {"DeadlineExceeded"}
    assert {gap.fact for gap in snapshot.gaps} >= {Fact.USER, Fact.GROUP, Fact.SUMMARY, Fact.CREDENTIAL_REPORT}
    assert actions(seeded) == []


def test_gaps_are_in_an_order_of_their_own(seeded: MotoAccount, line: Connection) -> None:
    seeded.fail("*")
    first, second = live.collect_snapshot(NARROW, line).gaps, live.collect_snapshot(NARROW, line).gaps
    assert first == second
    assert list(first) == sorted(first, key=lambda gap: (gap.fact.value, gap.subject))


def test_a_summary_without_what_the_rules_go_by_is_a_gap(connection: Connection, replay: Replay) -> None:
    replay.answer("GetAccountSummary", recorded({"SummaryMap": {"AccountAccessKeysPresent": 0}}))
    snapshot = live.collect_snapshot(Query(account=frozenset({Fact.SUMMARY})), connection)
    assert [(gap.fact, gap.reason) for gap in snapshot.gaps] == [
        (Fact.SUMMARY, "the reply has no AccountMFAEnabled"),
    ]
    assert snapshot.summary == {"AccountAccessKeysPresent": 0}


def test_an_account_that_cannot_be_told_is_an_error(replay: Replay, aws_environment: pytest.MonkeyPatch) -> None:
    with connect(Settings(endpoint_url=replay.url)) as connection, pytest.raises(CallError, match="GetCallerIdentity"):
        live.collect_snapshot(Query(), connection)


# --- many users -------------------------------------------------------------------------------------

CLEAR = "false,N/A,false,N/A"


def crowd(replay: Replay, rows: Mapping[str, str], *, details: int = 20, hours: int = 0) -> None:
    """An account of user-0, user-1, ..., whose credential report has these rows; nobody has any credentials.

    hours: how old the report is.
    """
    born = "2026-01-01T00:00:00Z"
    users = [
        {
            "Path": "/",
            "UserName": f"user-{number}",
            "UserId": f"AIDA{number}",
            "CreateDate": born,
            "Arn": f"arn:aws:iam::123456789012:user/user-{number}",
            "GroupList": [],
            "AttachedManagedPolicies": [],
        }
        for number in range(details)
    ]
    header = "user,password_enabled,access_key_1_active,access_key_1_last_rotated,"
    header += "access_key_2_active,access_key_2_last_rotated\n"
    report = header + "".join(f"{name},{row}\n" for name, row in rows.items())
    made = (datetime.now(timezone.utc) - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    replay.answer("GetAccountAuthorizationDetails", whole_account({"UserDetailList": users}))
    replay.answer("GenerateCredentialReport", recorded({"State": "COMPLETE"}))
    replay.answer("GetCredentialReport", recorded({"Content": report, "GeneratedTime": made}))
    replay.answer("ListAccessKeys", recorded({"AccessKeyMetadata": [], "IsTruncated": False}))
    replay.answer("GetLoginProfile", {"status_code": 404, "data": {"Error": {"Code": "NoSuchEntity"}}})
    replay.answer("ListMFADevices", recorded({"MFADevices": [], "IsTruncated": False}))
    replay.answer("ListServiceSpecificCredentials", recorded({"ServiceSpecificCredentials": []}))
    replay.answer("ListSSHPublicKeys", recorded({"SSHPublicKeys": [], "IsTruncated": False}))


def asked_about(replay: Replay, action: str) -> set[str]:
    return {call.parameters["UserName"] for call in replay.calls if call.action == action}


def test_a_report_of_yesterday_clears_nobody_and_is_a_gap_where_it_is_asked_for(
    replay: Replay, connection: Connection
) -> None:
    crowd(replay, {f"user-{number}": f"false,{CLEAR}" for number in range(20)}, hours=30)
    live.collect_snapshot(CROWD, connection)
    assert len(asked_about(replay, "ListAccessKeys")) == 20
    found = live.collect_snapshot(replace(CROWD, account=frozenset({Fact.CREDENTIAL_REPORT})), connection)
    (gap,) = found.gaps
    assert (gap.fact, gap.call) == (Fact.CREDENTIAL_REPORT, "iam:GetCredentialReport")
    assert gap.reason.startswith("ReportExpired: it was made at ")


CROWD = Query(users={f"user-{number}": OF_USER | CREDENTIALS for number in range(20)})
ROWS = {
    **{f"user-{number}": f"false,{CLEAR}" for number in range(19)},  # user-19 came after the report was made
    "user-1": f"true,{CLEAR}",
    "user-2": "false,true,2026-01-01T00:00:00+00:00,false,N/A",
    "user-3": "false,false,2026-01-01T00:00:00+00:00,false,N/A",  # an inactive key
    "user-4": "not_supported,perhaps,N/A,false,N/A",
}


def test_of_many_users_the_report_tells_who_has_no_key_and_no_password(connection: Connection, replay: Replay) -> None:
    crowd(replay, ROWS)
    snapshot = live.collect_snapshot(CROWD, connection)
    assert snapshot.gaps == ()
    assert len(snapshot.credentials) == 20
    assert set(snapshot.credentials.values()) == {Credentials((), False, None, ())}
    assert asked_about(replay, "ListAccessKeys") == {"user-2", "user-3", "user-4", "user-19"}
    assert asked_about(replay, "GetLoginProfile") == {"user-1", "user-4", "user-19"}
    assert asked_about(replay, "ListMFADevices") == {"user-1", "user-4", "user-19"}
    # The report never shows credentials of single services.
    assert len(asked_about(replay, "ListServiceSpecificCredentials")) == 20
    assert snapshot.root_use is None


def test_that_a_user_has_no_key_is_confirmed_where_it_would_be_a_finding(
    connection: Connection, replay: Replay
) -> None:
    crowd(replay, ROWS)
    live.collect_snapshot(replace(CROWD, key_required=frozenset({"user-7"})), connection)
    assert asked_about(replay, "ListAccessKeys") == {"user-2", "user-3", "user-4", "user-7", "user-19"}


@pytest.mark.parametrize("action", ["GenerateCredentialReport", "GetCredentialReport"])
def test_where_only_the_screening_needs_the_report_each_user_is_read_without_it(
    action: str, connection: Connection, replay: Replay
) -> None:
    crowd(replay, ROWS)
    replay.faults.add(Fault(action))
    snapshot = live.collect_snapshot(CROWD, connection)
    assert snapshot.gaps == ()
    assert len(asked_about(replay, "ListAccessKeys")) == len(asked_about(replay, "GetLoginProfile")) == 20


def test_a_report_that_root_needs_and_that_is_denied_is_a_gap_for_root_alone(
    connection: Connection, replay: Replay
) -> None:
    crowd(replay, ROWS)
    replay.faults.add(Fault("GetCredentialReport"))
    snapshot = live.collect_snapshot(replace(CROWD, account=frozenset({Fact.CREDENTIAL_REPORT})), connection)
    assert [gap.fact for gap in snapshot.gaps] == [Fact.CREDENTIAL_REPORT]
    assert len(snapshot.credentials) == 20


def test_a_user_that_a_stale_listing_still_shows_is_a_gap(connection: Connection, replay: Replay) -> None:
    crowd(replay, {})
    replay.answer("ListAccessKeys", {"status_code": 404, "data": {"Error": {"Code": "NoSuchEntity"}}})
    snapshot = live.collect_snapshot(CROWD, connection)
    assert {gap.fact for gap in snapshot.gaps} == {Fact.ACCESS_KEYS}
    assert {each.keys for each in snapshot.credentials.values()} == {None}


@pytest.mark.parametrize("count", [12, 20])
def test_at_most_eight_calls_are_under_way(
    count: int, connection: Connection, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(replay, {})
    gauge, reply = Gauge(), replay.reply

    def slow(call: Call) -> tuple[int, str, bytes]:
        with gauge:
            time.sleep(0.02)
            return reply(call)

    monkeypatch.setattr(replay, "reply", slow)
    query = Query(users={f"user-{number}": OF_USER | CREDENTIALS for number in range(count)}, account=OF_ACCOUNT)
    live.collect_snapshot(query, connection)
    assert 2 < gauge.most <= 8  # how many meet hangs on the machine; more than eight never do


class Gauge:
    """How many are inside at once, and how many ever were."""

    def __init__(self) -> None:
        self.most = self._now = 0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._now -= 1


# --- the source -------------------------------------------------------------------------------------


def test_the_source_takes_no_argument(aws_environment: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="takes no argument"), live.open_source("x", Settings()):
        pytest.fail("opened")


def test_the_source_reads_and_writes_through_one_connection(
    replay: Replay, aws_environment: pytest.MonkeyPatch
) -> None:
    replay.answer("GetCallerIdentity", identity("123456789012", "arn:aws:iam::123456789012:root"))
    with live.open_source("", Settings(endpoint_url=replay.url)) as source:
        account, caller = source.identity()
        assert (account.id, caller and caller.root) == ("123456789012", True)
        assert source.connection is not None
        snapshot = source.collect(Query())
        assert (snapshot.source, snapshot.endpoint, snapshot.caller) == ("live", replay.url, caller)
