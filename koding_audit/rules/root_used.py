"""Daily work as root leaves no limit and no name behind.

The root user signed in with its password within `unused_days`, by the credential report.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from koding_audit.comparison import Comparison
from koding_audit.jsontext import instant
from koding_audit.model import Fact, Finding
from koding_audit.words import age

FACTS = frozenset({Fact.CREDENTIAL_REPORT})
STEP = "find out who signed in as root, and give them a user or role"


def check(comparison: Comparison) -> Iterator[Finding]:
    use, now = comparison.snapshot.root_use, comparison.snapshot.taken_at
    root = comparison.desired.root
    last = use.password_last_used if use else None
    if use is not None and last is not None and now - last < timedelta(days=root.unused_days):
        yield Finding(
            rule="root-used",
            severity="error",
            subject=comparison.account.root_arn,
            message=f"the root user signed in {age(last, now)} ago, on {instant(last)}"
            f" (credential report of {instant(use.generated)}, {age(use.generated, now)} old)",
            source=root.source,
            evidence={"last_used": instant(last), "generated": instant(use.generated), "unused_days": root.unused_days},
        )
