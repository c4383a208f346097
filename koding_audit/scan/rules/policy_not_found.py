"""No such policy exists, so it cannot be attached. What the set is for fails."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.arn import policy_name
from koding_audit.model.desired import PolicyRef
from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(about="policy", state="missing")
FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ROLE, Fact.ATTACHED, Fact.POLICY})
STEP = "correct the policy in the file, with its path, or use its successor"
HELP = Help(
    severity="error",
    looks_at="whether each policy of a set in use, and each boundary, that is not attached yet exists in this "
    "account and partition and can still be attached. A policy of another partition or account, or one for "
    "service-linked roles only, is recognized by its ARN.",
    by_hand="correct the name in the file (an AWS managed policy is written with its path: `job-function/Billing`), "
    "or replace a deprecated policy by the successor that AWS names.",
    commands=(
        "aws iam list-policies --scope AWS",
        "aws iam list-policies --scope Local",
        "aws iam get-policy --policy-arn ARN",
    ),
    with_fix="no. A `policy-missing` finding of the same policy stays, without a fix.",
    example="""\
version: 1
policy_sets:
  billing:
    policies:
      - Billing
groups:
  Developers:
    required:
      - billing
""",
    finds="Billing, which set billing names, does not exist in partition aws; one that has a path is written with "
    "it, as in job-function/Billing",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    reported: set[str] = set()
    for ref, policy_set, what in _unattached_policies(comparison):
        obstacle = comparison.attach_obstacle(ref.arn)
        if obstacle and ref.arn not in reported:
            reported.add(ref.arn)
            yield Finding(
                rule="policy-not-found",
                severity="error",
                subject=ref.arn,
                message=f"{policy_name(ref.arn)}, {what}, {obstacle}",
                location=ref.location,
                policy_set=policy_set,
            )


def _unattached_policies(comparison: Comparison) -> Iterator[tuple[PolicyRef, str | None, str]]:
    """Each declared policy that is not attached to its principal, its set, and a clause about what declares it."""
    for pair in comparison.principals:
        if pair.attached is None:
            continue
        for policy_set, ref in comparison.expected_policies(pair.declared):
            if ref.arn not in pair.attached:
                yield ref, policy_set.name, f"which set {policy_set.name} names"
    for pair in comparison.principals:
        boundary = pair.boundary.policy if pair.boundary else None
        if boundary is not None and (pair.live is None or pair.live.boundary != boundary.arn):
            yield boundary, None, f"the boundary of {pair.label}"
