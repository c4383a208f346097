"""Whatever runs with it stops working.

A declared role does not exist in the account.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.comparison import Comparison
from koding_audit.model import Fact, Finding

FACTS = frozenset({Fact.ROLE})
STEP = "create the role with its trust policy, or correct its name in the file"


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair, role in comparison.roles:
        if pair.live is None:
            near = f", but {pair.near.name} does: IAM's names are unique ignoring case" if pair.near else ""
            yield Finding(
                rule="role-missing",
                severity="error",
                subject=pair.subject,
                message=f"{pair.label} does not exist{near}",
                source=role.source,
                evidence={"near": pair.near.arn} if pair.near else {},
            )
