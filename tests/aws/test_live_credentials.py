"""The credential report and users' credentials of a live account."""

from __future__ import annotations

from dataclasses import replace

import pytest

from koding_audit.aws.connection import Connection
from koding_audit.aws.sources import live
from koding_audit.model.query import Fact, Gap, Query
from koding_audit.model.snapshot import Credentials
from tests.aws.accounts import CLEAR, CROWD, WIDE, crowd
from tests.servers.moto_account import MotoAccount
from tests.servers.replay import Replay
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
    live.collect_snapshot(CROWD, connection)
    assert len(asked_about(replay, "ListAccessKeys")) == 20
    found = live.collect_snapshot(replace(CROWD, account=frozenset({Fact.CREDENTIAL_REPORT})), connection)
    (gap,) = found.gaps
    assert (gap.fact, gap.call) == (Fact.CREDENTIAL_REPORT, "iam:GetCredentialReport")
    assert gap.reason.startswith("ReportExpired: it was made at ")


def test_of_many_users_the_report_tells_who_has_no_key_and_no_password(connection: Connection, replay: Replay) -> None:
    crowd(replay, ROWS)
    snapshot = live.collect_snapshot(CROWD, connection)
    assert snapshot.gaps == ()
    assert len(snapshot.credentials) == 20
    assert set(snapshot.credentials.values()) == {Credentials((), False, None, (), certificates=0)}
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
