"""What was accepted until a day is accepted no longer.

The last day of a waiver is over: what it accepted counts again, and is planned for again.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.comparison import Comparison
from koding_audit.model import Fact, Finding
from koding_audit.waivers import is_expired, key_of, label

FACTS: frozenset[Fact] = frozenset()
STEP = "mend what was accepted, or have its owner give the waiver another day"


def check(comparison: Comparison) -> Iterator[Finding]:
    for waiver in comparison.desired.waivers:
        if is_expired(waiver, comparison.snapshot.taken_at):
            yield Finding(
                rule="waiver-expired",
                severity="warning",
                subject=comparison.account.root_arn,
                key=key_of(waiver),
                message=f"the waiver of {label(waiver)} ended with {waiver.expires.isoformat()}",
                source=waiver.source,
                evidence={"expires": waiver.expires.isoformat(), "owner": waiver.owner, "reason": waiver.reason},
            )
