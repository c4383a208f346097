"""Without a key nothing can build in the user's name.

A user has fewer active access keys than `min_active`.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.comparison import Comparison
from koding_audit.model import Fact, Finding
from koding_audit.words import counted

FACTS = frozenset({Fact.USER, Fact.ACCESS_KEYS})
STEP = "create an access key for the user, or activate one that it has"


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair, user in comparison.users:
        limits, active = user.access_keys, comparison.active_keys(pair)
        if limits is None or limits.min_active is None or active is None or len(active) >= limits.min_active:
            continue
        yield Finding(
            rule="access-key-missing",
            severity="warning",
            subject=pair.subject,
            message=f"{pair.label} has {counted(len(active), 'active access key')}, and is to have {limits.min_active}",
            source=limits.source,
            evidence={"active": len(active), "min_active": limits.min_active},
        )
