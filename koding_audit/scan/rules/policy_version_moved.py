"""AWS has changed what it grants."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.arn import policy_name
from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(about="policy", state="changed", is_known_by_evidence=True)
FACTS = frozenset({Fact.VERSIONS})
STEP = "look at what changed, then write the new version in the file"
HELP = Help(
    severity="warning",
    looks_at="policies of AWS's that are pinned to a version: whether another one is in force by now, and what "
    "that gained and lost.",
    by_hand="look at what changed, then write the new version in the file. Nobody but AWS can set the version of "
    "its policies.",
    commands=(
        "aws iam get-policy --policy-arn ARN",
        "aws iam get-policy-version --policy-arn ARN --version-id VERSION",
    ),
    with_fix="no: only AWS can set the version of its policies.",
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
    finds="AmazonEC2FullAccess is pinned to v5, and AWS has moved it to v6: it also allows ec2:* on *",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    documents = comparison.snapshot.documents
    for arn, (policy_set, ref) in comparison.pinned_policies.items():
        policy = comparison.snapshot.policies.get(arn)
        if policy is None or policy.default_version in ("", ref.version):
            continue
        from koding_audit.policy.drift import find_drift  # noqa: PLC0415 - a pin that holds does not pay for the comparison

        old, new = documents.get(f"{arn}@{ref.version}"), documents.get(arn)
        found = find_drift(new, old) if old is not None and new is not None else None
        unseen = "what that changed was not read"
        meaning = found.description if found else "the two mean the same" if old and new else unseen
        moved = f"{policy_name(arn)} is pinned to {ref.version}, and AWS has moved it to {policy.default_version}"
        yield Finding(
            rule="policy-version-moved",
            severity="warning",
            subject=arn,
            message=f"{moved}: {meaning}",
            location=ref.location,
            policy_set=policy_set.name,
            evidence={"wanted": ref.version, "live": policy.default_version, **(found.evidence if found else {})},
        )
