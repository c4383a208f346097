"""A clock that is wrong, that goes backwards, or that is past 2038: ages stay right, and a refusal names the clock."""

from __future__ import annotations

import ast
import time
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

import koding_audit
from koding_audit.aws.connection import Connection
from koding_audit.aws.sources import live
from koding_audit.io.text import format_age
from koding_audit.model.query import Fact, Gap, Query
from koding_audit.model.snapshot import AccessKey, Credentials
from koding_audit.scan.rules import access_key_old, access_key_unused
from tests.servers.replay import Replay
from tests.servers.wire import Fault
from tests.values import compare, desired, key_limits, live_user, snapshot, user

WANTED = desired(user(access_keys=key_limits(max_age_days=90, unused_days=30)))
TWENTY = timedelta(minutes=20)


def told(created: datetime, used: datetime | None, taken_at: datetime) -> set[str]:
    """The rules that find something about a key of these times, in a snapshot that was taken then."""
    held = Credentials(keys=(AccessKey("ABCD", True, created, used),))
    comparison = compare(WANTED, snapshot(live_user(), credentials=held, taken_at=taken_at))
    rules = (access_key_old, access_key_unused)
    return {each.rule for rule in rules for each in rule.check(comparison)}


@pytest.mark.parametrize("year", [1970, 2025, 2037, 2038, 2106, 9998])
def test_ages_are_right_in_any_year(year: int) -> None:
    taken_at = datetime(year, 1, 19, 3, 14, 8, tzinfo=timezone.utc) + timedelta(days=150)
    old, late = timedelta(days=90, seconds=1), timedelta(days=30, seconds=1)
    second = timedelta(seconds=1)
    assert told(taken_at - old, taken_at, taken_at) == {"access-key-old"}
    assert told(taken_at - old + second, taken_at, taken_at) == set()
    assert told(taken_at - late, taken_at - late, taken_at) == {"access-key-unused"}
    assert told(taken_at - late, taken_at - late + second, taken_at) == set()


def test_what_a_clock_that_is_behind_takes_for_the_future_is_not_old() -> None:
    """AWS's times, seen from a machine whose clock is twenty minutes behind."""
    now = datetime(2026, 11, 23, 20, tzinfo=timezone.utc)
    assert told(now + TWENTY, now + TWENTY, now) == set()
    assert told(now - timedelta(days=91) + TWENTY, now + TWENTY, now) == {"access-key-old"}
    assert format_age(now + TWENTY, now) == "less than an hour"


def test_the_first_year_of_the_calendar_is_an_age_like_any_other() -> None:
    first = datetime(1, 1, 1, tzinfo=timezone.utc)
    now = datetime(2026, 11, 23, 20, tzinfo=timezone.utc)
    assert told(first, first, now) == {"access-key-old", "access-key-unused"}
    assert format_age(first, now).endswith(" days")


@pytest.mark.parametrize(("minutes", "side"), [(20, "behind"), (-20, "ahead of")])
def test_a_request_that_expires_during_a_run_is_a_gap_that_names_the_clock(
    minutes: int, side: str, connection: Connection, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = BaseHTTPRequestHandler.date_time_string

    def wrong(self: BaseHTTPRequestHandler, timestamp: float | None = None) -> str:
        return right(self, time.time() + minutes * 60.0 + (30 if minutes > 0 else -30))

    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", wrong)
    replay.faults.add(Fault("GetAccountSummary", "error", status=403, code="RequestExpired"))
    snapshot = live.collect_snapshot(Query(account=frozenset({Fact.SUMMARY})), connection)
    reason = f"RequestExpired: this machine's clock is 20 minutes {side} AWS's"
    assert snapshot.gaps == (Gap(Fact.SUMMARY, "iam:GetAccountSummary", reason),)


def test_no_wait_and_no_deadline_hangs_on_a_clock_that_can_go_backwards() -> None:
    """time.time and datetime.now may be set back during a run; time.monotonic may not."""
    for path in Path(koding_audit.__file__).parent.rglob("*.py"):
        asked = {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}
        assert not asked & {"time.time", "time.localtime", "datetime.utcnow"}, path
