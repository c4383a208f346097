"""Something runs with a key that nothing can limit.

An access key of the root user was used within `unused_days`, by the credential report.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from koding_audit.comparison import Comparison
from koding_audit.jsontext import instant
from koding_audit.model import Fact, Finding
from koding_audit.words import age

FACTS = frozenset({Fact.CREDENTIAL_REPORT})
STEP = "find out what uses root's key, give it a role, delete the key"


def check(comparison: Comparison) -> Iterator[Finding]:
    use, now = comparison.snapshot.root_use, comparison.snapshot.taken_at
    root = comparison.desired.root
    if use is None:
        return
    for slot, last in enumerate(use.keys_last_used, start=1):
        if last is not None and now - last < timedelta(days=root.unused_days):
            yield Finding(
                rule="root-key-used",
                severity="error",
                subject=comparison.account.root_arn,
                key=str(slot),
                message=f"access key {slot} of the root user was used {age(last, now)} ago, on {instant(last)}"
                f" (credential report of {instant(use.generated)}, {age(use.generated, now)} old)",
                source=root.source,
                evidence={
                    "last_used": instant(last),
                    "generated": instant(use.generated),
                    "unused_days": root.unused_days,
                },
            )
