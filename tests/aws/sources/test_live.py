"""What the live collector reads, by which calls, and what it says of what it could not read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from koding_audit.aws.connection import Connection, connect
from koding_audit.aws.deadline import Deadline
from koding_audit.aws.session import ROWS, _ReplyParser
from koding_audit.aws.settings import Settings
from koding_audit.aws.sources import live
from koding_audit.model.account import Caller, principal_key
from koding_audit.model.errors import CallError, InputError
from koding_audit.model.query import Fact, Gap, Query
from koding_audit.model.snapshot import Snapshot
from tests.aws.accounts import CREDENTIALS, DEVELOPERS, KODING, OF_ACCOUNT, OF_USER, WIDE, actions, in_bulk
from tests.servers.moto_account import MotoAccount
from tests.servers.replay import Replay, identity, recorded, whole_account
from tests.values import aws, own

LISTINGS = {"ListUsers", "ListGroups", "ListRoles", "ListPolicies", "GetAccountAuthorizationDetails"}
ROLE = "arn:aws:iam::123456789012:role/audit"


def comparable(snapshot: Snapshot) -> Snapshot:
    """Without the two times at which the same is read twice."""
    use = snapshot.root_use
    return replace(
        snapshot,
        taken_at=snapshot.taken_at.replace(year=2000, month=1, day=1, hour=0, minute=0, second=0),
        root_use=use and replace(use, generated=use.generated.replace(year=2000, month=1, day=1)),
    )


EVERYTHING = Query(facts_of_all=frozenset(Fact) - OF_ACCOUNT)


@pytest.mark.parametrize("query", [WIDE, EVERYTHING], ids=["wide", "everything"])
def test_the_fast_reader_of_the_listing_and_botocores_give_the_same_snapshot(
    query: Query, seeded: MotoAccount, line: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_bulk(monkeypatch)
    replies: list[tuple[str, bool]] = []  # the shape of each, and whether the fast reader read it
    parse = _ReplyParser.parse

    def parse_and_note(self: _ReplyParser, response: dict[str, Any], shape: Any) -> Any:
        found = parse(self, response, shape)
        replies.append((shape.name, ROWS in found))
        return found

    monkeypatch.setattr(_ReplyParser, "parse", parse_and_note)
    fast = live.collect_snapshot(query, line)
    assert ("GetAccountAuthorizationDetailsResponse", True) in replies
    assert ("GetAccountAuthorizationDetailsResponse", False) not in replies  # moto's times have fractions of a second
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
        (Query(account=frozenset({Fact.ORGANIZATION})), ["DescribeOrganization"]),
        (Query(listed=frozenset({"user"})), ["GetAccountAuthorizationDetails"]),
        (Query(account=frozenset({Fact.CREDENTIAL_REPORT})), ["GetCredentialReport"]),
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


def test_many_principals_are_read_by_a_listing_and_few_by_themselves() -> None:
    def users(count: int, facts: frozenset[Fact]) -> Query:
        return Query(users={f"user-{number}": facts for number in range(count)})

    assert not live.is_bulk_query(users(12, OF_USER | CREDENTIALS))
    assert live.is_bulk_query(users(13, OF_USER))
    assert not live.is_bulk_query(users(48, frozenset({Fact.USER}) | CREDENTIALS))
    assert live.is_bulk_query(Query(listed=frozenset({"group"})))
    assert live.is_bulk_query(Query(facts_of_all=frozenset({Fact.USER})))


def test_a_summary_without_what_the_rules_go_by_is_a_gap(connection: Connection, replay: Replay) -> None:
    replay.answer("GetAccountSummary", recorded({"SummaryMap": {"AccountAccessKeysPresent": 0}}))
    snapshot = live.collect_snapshot(Query(account=frozenset({Fact.SUMMARY})), connection)
    assert [(gap.fact, gap.reason) for gap in snapshot.gaps] == [
        (Fact.SUMMARY, "the reply has no AccountMFAEnabled, AccountSigningCertificatesPresent"),
    ]
    assert snapshot.summary == {"AccountAccessKeysPresent": 0}


def test_reads_that_have_started_are_used_once_and_for_a_query_with_the_same_first_reads_alone(
    connection: Connection, replay: Replay
) -> None:
    replay.answer("GetAccountSummary", recorded({"SummaryMap": {"Users": 1}}))
    summary = Query(account=frozenset({Fact.SUMMARY}))
    collect = live.start_reading(summary, connection)
    for calls in (1, 2):
        assert collect(replace(summary, policies={})).summary == {"Users": 1}
        assert [call.action for call in replay.calls].count("GetAccountSummary") == calls
    other = live.start_reading(Query(account=frozenset({Fact.CALLER})), connection)
    assert other(summary).summary == {"Users": 1}
    assert [call.action for call in replay.calls].count("GetAccountSummary") == 3


def test_a_failure_of_a_read_that_started_early_is_a_gap_like_any_other(connection: Connection, replay: Replay) -> None:
    query = Query(users={"ada": frozenset({Fact.USER})}, account=frozenset({Fact.SUMMARY}))
    early, late = live.start_reading(query, connection)(query), live.collect_snapshot(query, connection)
    assert early.gaps == late.gaps
    assert {gap.fact for gap in early.gaps} == {Fact.USER, Fact.SUMMARY}


def test_an_account_that_cannot_be_told_is_an_error(replay: Replay, aws_environment: pytest.MonkeyPatch) -> None:
    with connect(Settings(endpoint_url=replay.url)) as connection, pytest.raises(CallError, match="GetCallerIdentity"):
        live.collect_snapshot(Query(), connection)


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
