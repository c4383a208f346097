"""The date of the lists that AWS extends every week, and whether that is long ago."""

from __future__ import annotations

import datetime

from koding_audit.reference.tables import read_json

MOST_DAYS = 180


def read_date() -> str:
    """Return the date of the lists of services, actions and condition keys, ISO 8601; in less than 1 ms."""
    return str(read_json("services")["origin"]["date"])


def describe_age(made: str, today: datetime.date) -> str:
    """Return one line if data of this date are older than MOST_DAYS; "" if they are not."""
    days = (today - datetime.date.fromisoformat(made)).days
    if days <= MOST_DAYS:
        return ""
    return f"the data about AWS in this version are of {made}, {days} days ago; update koding-audit"
