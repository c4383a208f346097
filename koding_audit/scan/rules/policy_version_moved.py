"""AWS has changed a pinned policy. It grants something else than was reviewed."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.arn import policy_name
from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(about="policy", state="changed", is_known_by_evidence=True)
FACTS = frozenset({Fact.VERSIONS})
STEP = "review the change, then pin the new version in the file"
HELP = Help(
    severity="warning",
    looks_at="whether the default version of each pinned AWS managed policy differs from the pinned one, and what that "
    "version gained and lost.",
    by_hand="review the change, then pin the new version in the file. Only AWS can set the default version of its "
    "policies.",
    commands=(
        "aws iam get-policy --policy-arn ARN",
        "aws iam get-policy-version --policy-arn ARN --version-id VERSION",
    ),
    with_fix="no: only AWS can set the default version of its policies.",
    example="""\
version: 1
policy_sets:
  machines:
    policies:
      - name: AmazonEC2FullAccess
        version: v5
groups:
  Developers:
    required:
      - machines
""",
    finds="AmazonEC2FullAccess is pinned to v5; AWS has moved it to v6: it also allows ec2:* on *",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    documents = comparison.snapshot.documents
    for arn, (policy_set, ref) in comparison.pinned_policies.items():
        policy = comparison.snapshot.policies.get(arn)
        if policy is None or policy.default_version in ("", ref.version):
            continue
        from koding_audit.policy.drift import find_drift  # noqa: PLC0415 - a pin that matches does not need the comparison

        old, new = documents.get(f"{arn}@{ref.version}"), documents.get(arn)
        found = find_drift(new, old) if old is not None and new is not None else None
        unread = "the change could not be read"
        meaning = found.description if found else "the two are equal in meaning" if old and new else unread
        moved = f"{policy_name(arn)} is pinned to {ref.version}; AWS has moved it to {policy.default_version}"
        yield Finding(
            rule="policy-version-moved",
            severity="warning",
            subject=arn,
            message=f"{moved}: {meaning}",
            location=ref.location,
            policy_set=policy_set.name,
            evidence={"wanted": ref.version, "live": policy.default_version, **(found.evidence if found else {})},
        )
