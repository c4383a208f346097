"""Another policy, of the account or the file, has the name of a declared one. IAM would refuse to create it."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.arn import policy_name
from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(about="policy", state="missing")
FACTS = frozenset({Fact.VERSIONS, Fact.POLICY_NAMES})
STEP = "declare the path and case of that policy, or another name"
HELP = Help(
    severity="error",
    looks_at="whether another policy of the account has the name of a policy that does not exist, and whose document a "
    "required set contains: under another path, or in another case. IAM's policy names are unique in an account, "
    "ignoring path and case. The names are read only if such a policy does not exist.",
    by_hand="write the path and the case of the existing policy in the file, or give the declared policy another name. "
    "IAM cannot rename or move a policy.",
    commands=("aws iam list-policies --scope Local",),
    with_fix="no. A `policy-missing` finding of the same policy stays, without a fix. If the names could not be read, "
    "the run is incomplete; the policy is then created if IAM accepts it.",
    example="""\
version: 1
policy_sets:
  logs:
    policies:
      - name: Team-Metrics
        document:
          Version: "2012-10-17"
          Statement:
            - Effect: Allow
              Action: cloudwatch:GetMetricData
              Resource: "*"
groups:
  Developers:
    required:
      - logs
""",
    finds="customer:Team-Metrics, which set logs contains, cannot be created: customer:ops/team-metrics has its name",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for policy_set, ref, other in comparison.policies_with_taken_names:
        name, taken_by = policy_name(ref.arn), policy_name(other)
        yield Finding(
            rule="policy-name-taken",
            severity="error",
            subject=ref.arn,
            message=f"{name}, which set {policy_set.name} contains, cannot be created: {taken_by} has its name",
            location=ref.location,
            policy_set=policy_set.name,
            evidence={"taken_by": other},
        )
