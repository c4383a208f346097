"""The credential report and users' credentials of a live account."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from koding_audit.aws.connection import Connection
from koding_audit.aws.credential_changes import LOOKUP_EVENTS
from koding_audit.aws.sources import live
from koding_audit.model.query import LIVE_CREDENTIAL_USERS, Fact, Gap, Query
from koding_audit.model.snapshot import Credentials
from tests.aws.accounts import CLEAR, CREDENTIALS, CROWD, MANY, WIDE, crowd, events
from tests.servers.moto_account import MotoAccount
from tests.servers.replay import Replay, recorded
from tests.servers.wire import Fault


def test_credentials_are_read_of_those_who_are_there(seeded: MotoAccount, line: Connection) -> None:
    credentials = live.collect_snapshot(WIDE, line).credentials
    assert set(credentials) == {"koding-user", "plain"}
    full = credentials["koding-user"]
    assert full.keys is not None
    assert [(key.active, key.last_used) for key in full.keys] == [(True, None)]
    assert (full.password, full.mfa, full.services) == (True, True, ())
    # Without a password there is no question of MFA.
    assert credentials["plain"] == Credentials(keys=(), password=False, mfa=None, services=(), certificates=0)


def test_a_report_without_roots_row_is_a_gap(seeded: MotoAccount, line: Connection) -> None:
    seeded.overlay(root=None)
    snapshot = live.collect_snapshot(Query(account=frozenset({Fact.CREDENTIAL_REPORT})), line)
    assert snapshot.root_use is None
    assert snapshot.gaps == (
        Gap(Fact.CREDENTIAL_REPORT, "iam:GetCredentialReport", "the report has no row of the root user"),
    )


def asked_about(replay: Replay, action: str) -> set[str]:
    return {call.parameters["UserName"] for call in replay.calls if call.action == action}


ROWS = {
    **{f"user-{number}": f"false,{CLEAR}" for number in range(19)},  # user-19 came after the report was made
    "user-1": f"true,{CLEAR}",
    "user-2": "false,true,2026-01-01T00:00:00+00:00,false,N/A",
    "user-3": "false,false,2026-01-01T00:00:00+00:00,false,N/A",  # an inactive key
    "user-4": "not_supported,perhaps,N/A,false,N/A",
}


def test_a_report_of_yesterday_clears_nobody_and_is_a_gap_where_it_is_asked_for(
    replay: Replay, connection: Connection
) -> None:
    crowd(replay, {f"user-{number}": f"false,{CLEAR}" for number in range(20)}, hours=30)
    live.collect_snapshot(MANY, connection)
    assert len(asked_about(replay, "ListAccessKeys")) == 20
    found = live.collect_snapshot(replace(MANY, account=frozenset({Fact.CREDENTIAL_REPORT})), connection)
    (gap,) = found.gaps
    assert (gap.fact, gap.call) == (Fact.CREDENTIAL_REPORT, "iam:GetCredentialReport")
    assert gap.reason.startswith("ReportExpired: it was made at ")


def test_few_users_are_read_live_also_where_root_needs_the_report(connection: Connection, replay: Replay) -> None:
    crowd(replay, ROWS)
    needs_report = replace(CROWD, account=frozenset({Fact.CREDENTIAL_REPORT}))
    for query, calls in ((CROWD, 0), (needs_report, 1)):
        replay.calls.clear()
        snapshot = live.collect_snapshot(query, connection)
        assert len(asked_about(replay, "ListAccessKeys")) == len(asked_about(replay, "GetLoginProfile")) == 20
        assert [call.action for call in replay.calls].count("GetCredentialReport") == calls
        assert snapshot.credential_cutoff is None
        assert "LookupEvents" not in {call.action for call in replay.calls}


def test_of_many_users_the_report_tells_who_has_no_key_and_no_password(connection: Connection, replay: Replay) -> None:
    crowd(replay, ROWS)
    snapshot = live.collect_snapshot(MANY, connection)
    assert snapshot.gaps == ()
    assert len(snapshot.credentials) == 20
    assert set(snapshot.credentials.values()) == {Credentials((), False, None, (), certificates=0)}
    assert asked_about(replay, "ListAccessKeys") == {"user-2", "user-3", "user-4", "user-19"}
    assert asked_about(replay, "GetLoginProfile") == {"user-1", "user-4", "user-19"}
    assert asked_about(replay, "ListMFADevices") == {"user-1", "user-4", "user-19"}
    # The report never shows credentials of single services.
    assert len(asked_about(replay, "ListServiceSpecificCredentials")) == 20
    assert snapshot.root_use is None
    assert snapshot.credential_cutoff is None


def test_whom_cloudtrail_names_is_read_live_whatever_the_report_shows(connection: Connection, replay: Replay) -> None:
    crowd(replay, ROWS)
    replay.answer("LookupEvents", events({"CreateAccessKey": ["USER-5"], "CreateLoginProfile": ["user-1", "user-6"]}))
    snapshot = live.collect_snapshot(MANY, connection)
    assert asked_about(replay, "ListAccessKeys") == {
        "user-1",
        "user-2",
        "user-3",
        "user-4",
        "user-5",
        "user-6",
        "user-19",
    }
    assert asked_about(replay, "GetLoginProfile") == {"user-1", "user-4", "user-5", "user-6", "user-19"}
    assert snapshot.credential_cutoff is None
    assert snapshot.gaps == ()


@pytest.mark.parametrize(
    ("code", "permission"),
    [("AccessDeniedException", LOOKUP_EVENTS), ("UnsupportedOperationException", "")],
)
def test_without_cloudtrail_the_snapshot_says_until_when_it_is_known(
    code: str, permission: str, connection: Connection, replay: Replay
) -> None:
    crowd(replay, ROWS)
    replay.answer("LookupEvents", {"status_code": 400, "data": {"Error": {"Code": code}}})
    snapshot = live.collect_snapshot(MANY, connection)
    cutoff = snapshot.credential_cutoff
    assert cutoff is not None
    assert (cutoff.call, cutoff.reason, cutoff.permission) == (LOOKUP_EVENTS, code, permission)
    assert snapshot.taken_at - cutoff.as_of < timedelta(minutes=1)
    assert snapshot.gaps == ()
    assert asked_about(replay, "ListAccessKeys") == {"user-2", "user-3", "user-4", "user-19"}


def test_where_the_report_shows_nobody_without_credentials_nothing_is_looked_up(
    connection: Connection, replay: Replay
) -> None:
    crowd(replay, {})
    snapshot = live.collect_snapshot(MANY, connection)
    assert "LookupEvents" not in {call.action for call in replay.calls}
    assert snapshot.credential_cutoff is None


def test_that_a_user_has_no_key_is_confirmed_where_it_would_be_a_finding(
    connection: Connection, replay: Replay
) -> None:
    crowd(replay, ROWS)
    live.collect_snapshot(replace(MANY, key_required=frozenset({"user-7"})), connection)
    assert asked_about(replay, "ListAccessKeys") == {"user-2", "user-3", "user-4", "user-7", "user-19"}


@pytest.mark.parametrize("action", ["GenerateCredentialReport", "GetCredentialReport"])
def test_where_only_the_screening_needs_the_report_each_user_is_read_without_it(
    action: str, connection: Connection, replay: Replay
) -> None:
    crowd(replay, ROWS, hours=4.5)  # so old that a new report is requested
    replay.faults.add(Fault(action))
    snapshot = live.collect_snapshot(MANY, connection)
    assert snapshot.gaps == ()
    assert snapshot.credential_cutoff is None
    assert len(asked_about(replay, "ListAccessKeys")) == len(asked_about(replay, "GetLoginProfile")) == 20


@pytest.mark.parametrize("users", [20, 201])
def test_a_snapshot_of_everything_believes_the_report_only_where_there_are_many_users(
    users: int, connection: Connection, replay: Replay
) -> None:
    crowd(replay, {f"user-{number}": f"false,{CLEAR}" for number in range(users)}, details=users)
    replay.answer("LookupEvents", {"status_code": 400, "data": {"Error": {"Code": "AccessDeniedException"}}})
    snapshot = live.collect_snapshot(Query(facts_of_all=CREDENTIALS | {Fact.CREDENTIAL_REPORT}), connection)
    many = users > LIVE_CREDENTIAL_USERS
    assert (snapshot.credential_cutoff is not None) is many
    assert len(asked_about(replay, "GetLoginProfile")) == (0 if many else users)


def test_a_snapshot_of_everything_has_the_last_sign_ins_from_one_live_list(
    connection: Connection, replay: Replay
) -> None:
    crowd(replay, {f"user-{number}": f"false,{CLEAR}" for number in range(2)}, details=2)
    used = datetime(2026, 11, 1, tzinfo=timezone.utc)
    listed = [{"UserName": "user-0", "PasswordLastUsed": used}, {"UserName": "user-1"}]
    replay.answer("ListUsers", recorded({"Users": listed, "IsTruncated": False}))
    everything = Query(facts_of_all=frozenset({Fact.PASSWORD_USED}))
    found = live.collect_snapshot(everything, connection).credentials
    assert {name: each.password_used for name, each in found.items()} == {"user-0": (used,), "user-1": ()}
    replay.faults.add(Fault("ListUsers"))
    replay.answer("GetUser", lambda call: recorded({"User": {"PasswordLastUsed": used}}))
    assert {each.password_used for each in live.collect_snapshot(everything, connection).credentials.values()} == {
        (used,)
    }


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
