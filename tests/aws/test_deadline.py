"""The time of a run, and the difference between this machine's clock and AWS's."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from koding_audit.aws.deadline import Deadline, SkewClock, skew_seconds


def date_header(**behind: float) -> str:
    """The Date header of a reply from a clock that is this far behind."""
    return format_datetime(datetime.now(timezone.utc) - timedelta(**behind), usegmt=True)


def test_a_deadline_counts_down_and_starts_again_when_it_is_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    deadline = Deadline(30)
    now = 120.0
    assert deadline.remaining() == 10
    now = 135.0
    assert deadline.remaining() == -5
    deadline.renew()
    assert deadline.remaining() == 30


@pytest.mark.parametrize("behind", [0, 600, -600])
def test_the_skew_is_the_seconds_that_this_clock_is_ahead(behind: int) -> None:
    found = skew_seconds(date_header(seconds=behind))
    assert found is not None
    assert abs(found - behind) <= 2


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Nov 2026 20:00:00 GMT"])
def test_a_date_that_cannot_be_read_gives_no_skew(date: str) -> None:
    assert skew_seconds(date) is None


def test_the_last_reply_with_a_date_counts() -> None:
    clock = SkewClock()
    assert clock.skew is None
    clock.read_date(parsed={"ResponseMetadata": {"HTTPHeaders": {"date": date_header(minutes=10)}}})
    clock.read_date(parsed={"ResponseMetadata": {"HTTPHeaders": {}}})
    clock.read_date(parsed={})
    assert clock.skew is not None
    assert abs(clock.skew - 600) <= 2
