"""Policies that match by path pass it by.

A group, user or role is at another path than the desired state declares.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.comparison import Comparison
from koding_audit.model import Fact, Finding

FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ROLE})
STEP = "move a user or group with `aws iam update-...`; or correct the file"


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair in comparison.principals:
        wanted = pair.declared.path
        if pair.live is not None and wanted is not None and pair.live.path != wanted:
            yield Finding(
                rule="path-changed",
                severity="error",
                subject=pair.subject,
                message=f"{pair.label} is at path {pair.live.path}, and is to be at {wanted}",
                source=pair.declared.source,
                evidence={"wanted": wanted, "live": pair.live.path},
            )
