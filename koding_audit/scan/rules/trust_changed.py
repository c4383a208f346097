"""The trust policy differs from the file. Other principals may assume the role, or declared ones may not."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(is_known_by_evidence=True, fix_overwrites=True)
FACTS = frozenset({Fact.ROLE})
STEP = "set it with `aws iam update-assume-role-policy`, or correct the file"
HELP = Help(
    severity="error",
    looks_at="the trust policy of each role that declares one, compared by meaning: who may assume the role, and "
    "under which conditions. The evidence lists what was gained and lost, each with the principal and the values "
    "of its conditions; of `sts:ExternalId` only their number. A change of text alone is not a finding.",
    by_hand="set the declared trust policy, or correct the file.",
    commands=(
        "aws iam get-role --role-name ROLE",
        "aws iam update-assume-role-policy --role-name ROLE --policy-document file://TRUST.json",
    ),
    with_fix="no: this tool never writes a trust policy.",
    example="""\
version: 1
roles:
  deploy:
    trust:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Principal:
            Service: lambda.amazonaws.com
          Action: sts:AssumeRole
""",
    finds="the trust policy of role deploy differs from the file: it also allows sts:AssumeRole on *, for "
    "Service:ec2.amazonaws.com; it does not allow sts:AssumeRole on *, for Service:lambda.amazonaws.com",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    declared = [(pair, role.trust) for pair, role in comparison.roles if role.trust is not None]
    if not declared:
        return
    from koding_audit.policy.drift import find_drift  # noqa: PLC0415 - a file without documents does not need the comparison

    for pair, trust in declared:
        found = find_drift(pair.live.trust, trust.text, values=True) if pair.live else None
        if found:
            yield Finding(
                rule="trust-changed",
                severity="error",
                subject=pair.subject,
                message=f"the trust policy of {pair.label} differs from the file: {found.description}",
                location=trust.location,
                evidence=found.evidence,
            )
