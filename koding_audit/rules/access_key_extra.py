"""Each key more is one more that can leak.

A user has more active access keys than `max_active`, or has one where they are forbidden.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.comparison import Comparison
from koding_audit.model import Fact, Finding
from koding_audit.words import counted

FACTS = frozenset({Fact.USER, Fact.ACCESS_KEYS})
STEP = "deactivate the key that nothing uses, then delete it"


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair, user in comparison.users:
        limits, active = user.access_keys, comparison.active_keys(pair) or ()
        if limits is None or limits.max_active is None or len(active) <= limits.max_active:
            continue
        names = [f"...{name}" for name, _ in active]
        allowed = f"at most {limits.max_active}" if limits.max_active else "none"
        yield Finding(
            rule="access-key-extra",
            severity="warning",
            subject=pair.subject,
            message=f"{pair.label} has {counted(len(active), 'active access key')} ({', '.join(names)}),"
            f" and is to have {allowed}",
            source=limits.source,
            evidence={"active": names, "max_active": limits.max_active},
        )
