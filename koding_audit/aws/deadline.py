"""The time that a run may take, and the difference between this machine's clock and AWS's."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any


class SkewClock:
    """How far this machine's clock is from that of whoever answered last, by the time in the reply.

    skew: seconds that it is ahead; None before anybody answered.
    """

    def __init__(self) -> None:
        self.skew: int | None = None

    def watch(self, session: Any) -> None:
        """Every reply to a client of the session is looked at, a refusal too."""
        session.register("after-call", self.read_date)

    def read_date(self, parsed: Any, **_: Any) -> None:
        """Botocore's event after a reply."""
        found = skew_seconds(parsed.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", ""))
        self.skew = self.skew if found is None else found


class Deadline:
    """When a run's time is up; seconds: how long it has from now, and from each time that it is renewed."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.renew()

    def renew(self) -> None:
        self._at = time.monotonic() + self._seconds

    def remaining(self) -> float:
        """Seconds, less than none when it has passed."""
        return self._at - time.monotonic()


def skew_seconds(date: str) -> int | None:
    """Seconds that this machine's clock is ahead of a reply's Date header; None where that cannot be read."""
    try:
        theirs = parsedate_to_datetime(date).replace(tzinfo=timezone.utc)
    except (TypeError, ValueError):
        return None
    return round((datetime.now(timezone.utc) - theirs).total_seconds())
