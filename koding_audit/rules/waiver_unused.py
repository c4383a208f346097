"""A waiver left behind would hide what comes next.

No finding of this run is what a waiver accepts: it was mended, or the waiver was never right. One that is expired is
told as that, and what could not be checked may still be there.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.comparison import Comparison
from koding_audit.model import Fact, Finding
from koding_audit.waivers import is_expired, key_of, label

FACTS: frozenset[Fact] = frozenset()
STEP = "take the waiver out of the file, or correct what it names"


def check(comparison: Comparison) -> Iterator[Finding]:
    for waiver in comparison.unused:
        if not is_expired(waiver, comparison.snapshot.taken_at):
            yield Finding(
                rule="waiver-unused",
                severity="warning",
                subject=comparison.account.root_arn,
                key=key_of(waiver),
                message=f"nothing is waived by the waiver of {label(waiver)}",
                source=waiver.source,
                evidence={"expires": waiver.expires.isoformat(), "owner": waiver.owner, "reason": waiver.reason},
            )
