"""Parallel reads, and the gap of each read that fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from koding_audit.aws.connection import Connection
from koding_audit.aws.deadline import Deadline
from koding_audit.aws.sources import live
from koding_audit.model.query import Fact, Gap, Query
from koding_audit.model.snapshot import Credentials, Snapshot
from tests.aws.accounts import CREDENTIALS, DEVELOPERS, KODING, NARROW, OF_ACCOUNT, OF_GROUP, OF_USER, actions, crowd
from tests.servers.moto_account import MotoAccount
from tests.servers.replay import Replay
from tests.servers.wire import Call
from tests.values import aws

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
    "ListSigningCertificates": (Fact.SIGNING_CERTIFICATES, "user/koding-user"),
    "GetPolicy": (Fact.POLICY, aws("AmazonRoute53FullAccess")),
    "GetAccountSummary": (Fact.SUMMARY, ""),
    "GenerateCredentialReport": (Fact.CREDENTIAL_REPORT, ""),
    "GetCredentialReport": (Fact.CREDENTIAL_REPORT, ""),
}


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
        Fact.SIGNING_CERTIFICATES: credentials.certificates,
        Fact.POLICY: snapshot.policies.get(aws("AmazonRoute53FullAccess")),
        Fact.SUMMARY: snapshot.summary,
        Fact.CREDENTIAL_REPORT: snapshot.root_use,
    }[fact]


@pytest.fixture
def due(seeded: MotoAccount) -> Iterator[MotoAccount]:
    """The account, whose credential report is so old that a new one is requested, and not too old to be used."""
    now = datetime.now(timezone.utc)
    seeded.overlay(generated=f"{now - timedelta(hours=4, minutes=30):%Y-%m-%dT%H:%M:%SZ}")
    seeded.iam.generate_credential_report()
    seeded.forget()
    yield seeded
    seeded.overlay(generated=f"{now:%Y-%m-%dT%H:%M:%SZ}")


def test_all_of_the_narrow_query_can_be_read(due: MotoAccount, line: Connection) -> None:
    snapshot = live.collect_snapshot(NARROW, line)
    assert snapshot.gaps == ()
    assert None not in [read_of(snapshot, fact) for fact, _ in DENIED.values() if fact not in OF_GROUP - {Fact.GROUP}]
    assert set(actions(due)) == set(DENIED)


@pytest.mark.parametrize("action", DENIED)
def test_a_denied_read_is_a_gap_and_never_empty(action: str, due: MotoAccount, line: Connection) -> None:
    fact, subject = DENIED[action]
    due.fail(action)
    snapshot = live.collect_snapshot(NARROW, line)
    assert snapshot.gaps == (Gap(fact, f"iam:{action}", "AccessDenied", subject, f"iam:{action}"),)
    assert snapshot.absent == frozenset()
    if fact in (Fact.ATTACHED, Fact.INLINE):
        principal = snapshot.principals[DEVELOPERS if subject.startswith("group") else KODING]
        assert (principal.attached if fact is Fact.ATTACHED else principal.inline) is None
    else:
        assert read_of(snapshot, fact) is None


@pytest.mark.parametrize(
    "action", ["ListAttachedUserPolicies", "ListUserPolicies", "ListGroupsForUser", "ListMFADevices"]
)
def test_a_user_that_vanishes_between_two_reads_is_a_gap(action: str, seeded: MotoAccount, line: Connection) -> None:
    seeded.fail(action, "error", status=404, code="NoSuchEntity")
    snapshot = live.collect_snapshot(NARROW, line)
    assert snapshot.gaps == (Gap(DENIED[action][0], f"iam:{action}", "NoSuchEntity", "user/koding-user"),)


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
