"""A policy whose document the file contains does not exist. It cannot be attached."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.arn import policy_name
from koding_audit.model.desired import PolicyRef
from koding_audit.model.finding import Action, Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.model.verb import Verb
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(about="policy", state="missing")
FACTS = frozenset({Fact.VERSIONS})
STEP = "create the policy, or correct its name in the file"
HELP = Help(
    severity="error",
    looks_at="whether each customer managed policy exists whose document a required set contains.",
    by_hand="create the policy, or correct its name in the file.",
    commands=("aws iam create-policy --policy-name POLICY --path /PATH/ --policy-document file://POLICY.json",),
    with_fix="creates it before it is attached, unless that exceeds the account's quota.",
    example="""\
version: 1
policy_sets:
  logs:
    policies:
      - name: team-logs
        document:
          Version: "2012-10-17"
          Statement:
            - Effect: Allow
              Action: s3:GetObject
              Resource: arn:aws:s3:::logs/*
groups:
  Developers:
    required:
      - logs
""",
    finds="customer:team-logs, which set logs contains, does not exist",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for policy_set, ref in comparison.policies_to_create:
        yield Finding(
            rule="policy-document-missing",
            severity="error",
            subject=ref.arn,
            message=f"{policy_name(ref.arn)}, which set {policy_set.name} contains, does not exist",
            location=ref.location,
            policy_set=policy_set.name,
            fix=_create_action(ref),
        )


def _create_action(ref: PolicyRef) -> Action:
    path, _, name = ref.arn.partition(":policy")[2].rpartition("/")
    document = ref.document.text if ref.document else ""
    parameters = {"PolicyName": name, "PolicyDocument": document}
    return Action(Verb.CREATE_POLICY, {**parameters, "Path": f"{path}/"} if path else parameters)
