"""The time limit of a run, and the difference between this machine's clock and AWS's."""

from __future__ import annotations

import math
import time
from datetime import datetime, timezone
from typing import Any


class SkewClock:
    """Measures this machine's clock against the Date of the last reply.

    skew: seconds that this machine is ahead; None before the first reply.
    """

    def __init__(self) -> None:
        self.skew: int | None = None

    def watch(self, session: Any) -> None:
        """Registers for every reply to a client of a botocore session, error replies too."""
        session.register("after-call", self.read_date)

    def read_date(self, parsed: Any, **_: Any) -> None:
        """Botocore's event after a reply: stores the skew that its Date header gives."""
        found = skew_seconds(parsed.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", ""))
        self.skew = self.skew if found is None else found


class Deadline:
    """The time limit of a run.

    seconds: the limit, counted from now and again from each call of `renew`
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.renew()

    def renew(self) -> None:
        self._at = time.monotonic() + self._seconds

    def end(self) -> None:
        """Lets no further request begin, such as the next page of a list that is no longer needed."""
        self._at = -math.inf

    @property
    def has_ended(self) -> bool:
        """Whether the run is over, for another reason than its time."""
        return self._at == -math.inf

    def remaining(self) -> float:
        """Returns the seconds that are left, negative after the limit."""
        return self._at - time.monotonic()


def skew_seconds(date: str) -> int | None:
    """Returns how many seconds this machine's clock is ahead of a Date header, None if that cannot be parsed."""
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - takes milliseconds, and only `doctor` asks

    try:
        theirs = parsedate_to_datetime(date).replace(tzinfo=timezone.utc)
    except (TypeError, ValueError):
        return None
    return round((datetime.now(timezone.utc) - theirs).total_seconds())
