"""How messages and evidence say numbers, times and ages."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone


def counted(number: int, noun: str) -> str:
    """`1 day`, `2 days`; for nouns that take an s."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def stamp(moment: datetime) -> str:
    """A time as reports give it: UTC, ISO 8601, to the second, `2026-11-23T20:00:00Z`."""
    return moment.astimezone(timezone.utc).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def age(moment: datetime, now: datetime) -> str:
    """How long ago a time is, rounded down: `3 days`, `5 hours`, `less than an hour` (or still to come)."""
    passed = now - moment
    if passed >= timedelta(days=1):
        return counted(passed.days, "day")
    if passed >= timedelta(hours=1):
        return counted(passed.seconds // 3600, "hour")
    return "less than an hour"
