"""How far the clocks of two machines may differ."""

from __future__ import annotations

from datetime import datetime, timedelta

MAX_SKEW = 240  # seconds; AWS takes a signature for five minutes


def is_future(time: datetime, now: datetime) -> bool:
    """Whether a time is after now, by more than clocks differ."""
    return time > now + timedelta(seconds=MAX_SKEW)
