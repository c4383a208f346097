"""What is after now: more than the four minutes by which clocks may differ."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from koding_audit.model.clock import is_future


def test_a_time_within_four_minutes_is_not_in_the_future() -> None:
    now = datetime(2026, 11, 23, 20, tzinfo=timezone.utc)
    assert not is_future(now + timedelta(minutes=4), now)
    assert is_future(now + timedelta(minutes=4, seconds=1), now)
