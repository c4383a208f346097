"""Whoever finds the key owns the account.

The root user has an access key, active or not, and the desired state forbids it.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.comparison import Comparison
from koding_audit.model import Fact, Finding

FACTS = frozenset({Fact.SUMMARY})
STEP = "sign in as root, open Security credentials, delete its access keys"


def check(comparison: Comparison) -> Iterator[Finding]:
    root = comparison.desired.root
    present = (comparison.snapshot.summary or {}).get("AccountAccessKeysPresent")
    if root.access_keys == "forbidden" and present:
        yield Finding(
            rule="root-access-key",
            severity="error",
            subject=comparison.account.root_arn,
            message="the root user has an access key",
            source=root.source,
            evidence={"AccountAccessKeysPresent": present},
        )
