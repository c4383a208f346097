"""A policy differs from the file. It grants more, or less, than declared."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.arn import policy_name
from koding_audit.model.finding import Action, Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.model.verb import Verb
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(about="policy", state="changed", is_known_by_evidence=True, fix_overwrites=True)
FACTS = frozenset({Fact.VERSIONS})
STEP = "create a new default version with --replace, or correct the file"
HELP = Help(
    severity="error",
    looks_at="the default version of policies whose document the file contains, compared by meaning. The evidence "
    "lists the actions gained and lost, each with an example resource. A change of text alone is not a finding.",
    by_hand="create a new default version, or correct the file. IAM keeps five versions: if there are five, first "
    "delete one that is no longer needed.",
    commands=(
        "aws iam list-policy-versions --policy-arn ARN",
        "aws iam delete-policy-version --policy-arn ARN --version-id VERSION",
        "aws iam create-policy-version --policy-arn ARN --set-as-default --policy-document file://POLICY.json",
    ),
    with_fix="with `--replace`: creates a new default version; the old one stays, and `undo` makes it the default "
    "again. IAM keeps five versions: if there are five, the finding says so and nothing is written, because a person "
    "has to decide which one to delete.",
    example="""\
version: 1
policy_sets:
  logs:
    policies:
      - name: team-s3
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
    finds="customer:team-s3 differs from set logs: it also allows s3:* on * and 1 more",
)

MAX_VERSIONS = 5  # (aws: reference_iam-quotas); deleting one is a person's decision, because undo may need it


def check(comparison: Comparison) -> Iterator[Finding]:
    if not comparison.policies_with_documents:
        return
    from koding_audit.policy.drift import find_drift  # noqa: PLC0415 - a file without documents does not need the comparison

    for arn, (policy_set, ref) in comparison.policies_with_documents.items():
        policy, live = comparison.snapshot.policies.get(arn), comparison.snapshot.documents.get(arn)
        found = find_drift(live, ref.document.text) if policy and live is not None and ref.document else None
        if policy and found and ref.document:
            full = len(policy.versions) >= MAX_VERSIONS
            why = "; it has five versions, so delete one before another can be created" if full else ""
            parameters = {"PolicyArn": arn, "PolicyDocument": ref.document.text, "SetAsDefault": True}
            yield Finding(
                rule="policy-document-changed",
                severity="error",
                subject=arn,
                message=(f"{policy_name(arn)} differs from set {policy_set.name}: {found.description}{why}"),
                location=ref.document.location,
                policy_set=policy_set.name,
                evidence={**found.evidence, "default_version": policy.default_version, "versions": [*policy.versions]},
                fix=None if full else Action(Verb.CREATE_POLICY_VERSION, parameters),
            )
