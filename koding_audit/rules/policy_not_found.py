"""It can never be attached, so the file promises in vain.

A policy or boundary that the desired state names does not exist in this account, or cannot be attached there any more.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.arns import policy_name
from koding_audit.comparison import Comparison
from koding_audit.model import Fact, Finding, PolicyRef

FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ROLE, Fact.ATTACHED, Fact.POLICY})
STEP = "correct the policy in the file, or replace it by its successor"


def check(comparison: Comparison) -> Iterator[Finding]:
    told: set[str] = set()
    for ref, policy_set, what in _wanting(comparison):
        obstacle = comparison.obstacle(ref.arn)
        if obstacle and ref.arn not in told:
            told.add(ref.arn)
            yield Finding(
                rule="policy-not-found",
                severity="error",
                subject=ref.arn,
                message=f"{policy_name(ref.arn)}, {what}, {obstacle}",
                source=ref.source,
                policy_set=policy_set,
            )


def _wanting(comparison: Comparison) -> Iterator[tuple[PolicyRef, str | None, str]]:
    """Each policy that is named for a principal and is not attached to it, its set, and in words what names it."""
    for pair in comparison.principals:
        if pair.attached is None:
            continue
        for policy_set, ref in comparison.wanted(pair.declared):
            if ref.arn not in pair.attached:
                yield ref, policy_set.name, f"which set {policy_set.name} names"
    for pair in comparison.principals:
        boundary = pair.boundary.policy if pair.boundary else None
        if boundary is not None and (pair.live is None or pair.live.boundary != boundary.arn):
            yield boundary, None, f"the boundary of {pair.label}"
