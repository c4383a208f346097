"""How messages say numbers and ages."""

from __future__ import annotations

from datetime import datetime, timedelta

ERRORS_TOLD = 20
"""Errors of a run that a person is told, one by one: more are counted, and stand in what programs read."""


def counted(number: int, noun: str) -> str:
    """`1 day`, `2,000 days`; for nouns that take an s."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def age(moment: datetime, now: datetime) -> str:
    """How long ago a time is, rounded down: `3 days`, `5 hours`, `less than an hour` (or still to come)."""
    passed = now - moment
    if passed >= timedelta(days=1):
        return counted(passed.days, "day")
    if passed >= timedelta(hours=1):
        return counted(passed.seconds // 3600, "hour")
    return "less than an hour"
