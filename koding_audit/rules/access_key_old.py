"""An old key has had long to leak.

An active access key was created more than `max_age_days` ago.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from koding_audit.comparison import Comparison
from koding_audit.jsontext import instant
from koding_audit.model import Fact, Finding
from koding_audit.words import counted

FACTS = frozenset({Fact.USER, Fact.ACCESS_KEYS})
STEP = "make a new key, move to it, then delete this one"


def check(comparison: Comparison) -> Iterator[Finding]:
    now = comparison.snapshot.taken_at
    for pair, user in comparison.users:
        limits = user.access_keys
        if limits is None or limits.max_age_days is None:
            continue
        for name, key in comparison.active_keys(pair) or ():
            if now - key.created > timedelta(days=limits.max_age_days):
                yield Finding(
                    rule="access-key-old",
                    severity="warning",
                    subject=pair.subject,
                    key=name,
                    message=f"access key ...{name} of {pair.label} was created on {instant(key.created)},"
                    f" more than {counted(limits.max_age_days, 'day')} ago",
                    source=limits.source,
                    evidence={"created": instant(key.created), "max_age_days": limits.max_age_days},
                )
