"""Users, groups and roles of a live account, read by their own calls or by a listing."""

from __future__ import annotations

from typing import Any

import pytest

from koding_audit.aws.connection import Connection
from koding_audit.aws.sources import live
from koding_audit.model.query import Fact, Gap, Query
from tests.aws.accounts import CREDENTIALS, DEVELOPERS, KODING, OF_GROUP, OF_USER, actions, in_bulk
from tests.servers.moto_account import MotoAccount
from tests.servers.replay import Replay, recorded, whole_account
from tests.values import own


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


def test_members_that_are_denied_leave_the_group_unread(seeded: MotoAccount, line: Connection) -> None:
    seeded.fail("GetGroup", match={"MaxItems": "1000"})
    snapshot = live.collect_snapshot(Query(groups={"Developers": frozenset({Fact.GROUP, Fact.MEMBERS})}), line)
    assert snapshot.principals == {}
    assert [(gap.fact, gap.call) for gap in snapshot.gaps] == [(Fact.GROUP, "iam:GetGroup")]


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
