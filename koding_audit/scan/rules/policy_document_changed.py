"""A policy differs from the file. It grants more, or less, than declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from koding_audit.model.arn import policy_name
from koding_audit.model.finding import Action, Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.model.verb import Verb
from koding_audit.scan.comparison import Comparison

if TYPE_CHECKING:
    from koding_audit.scan.policy_versions import ChangedPolicy

TRAITS = RuleTraits(about="policy", state="changed", is_known_by_evidence=True, fix_overwrites=True)
FACTS = frozenset({Fact.VERSIONS})
STEP = "put the declared document in force with --replace, or correct the file"
HELP = Help(
    severity="error",
    looks_at="the default version of policies whose document the file contains, compared by meaning. The evidence "
    "lists the actions gained and lost, each with an example resource. A change of text alone is not a finding.",
    by_hand="create a new default version, or correct the file. IAM keeps five versions: if there are five, make the "
    "one the default that the finding names, or first delete one that is no longer needed.",
    commands=(
        "aws iam list-policy-versions --policy-arn ARN",
        "aws iam set-default-policy-version --policy-arn ARN --version-id VERSION",
        "aws iam delete-policy-version --policy-arn ARN --version-id VERSION",
        "aws iam create-policy-version --policy-arn ARN --set-as-default --policy-document file://POLICY.json",
    ),
    with_fix="with `--replace`: creates a new default version; the old one stays, and `undo` makes it the default "
    "again. IAM keeps five versions: if there are five, they are read, and the newest with the declared meaning "
    "becomes the default. If there is none, the finding names the versions that are not in force, and nothing is "
    "written, because a person has to decide which one to delete.",
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


def check(comparison: Comparison) -> Iterator[Finding]:
    if not comparison.policies_with_documents:
        return
    from koding_audit.scan.policy_versions import changed_policies  # noqa: PLC0415 - a file without documents does not need the comparison

    for changed in changed_policies(comparison):
        policy, drift = changed.policy, changed.drift
        full = changed.is_full
        version = changed.declared_version(comparison.snapshot.documents) if full else ""
        yield Finding(
            rule="policy-document-changed",
            severity="error",
            subject=policy.arn,
            message=f"{policy_name(policy.arn)} differs from set {changed.policy_set.name}: {drift.description}"
            + (_full_text(changed, version) if full else ""),
            location=changed.document.location,
            policy_set=changed.policy_set.name,
            evidence={
                **drift.evidence,
                "default_version": policy.default_version,
                "versions": [*policy.versions],
                **({"declared_version": version} if version else {}),
            },
            fix=_older_version(changed, version) if full else _new_version(changed),
        )


def _new_version(changed: ChangedPolicy) -> Action:
    document = {"PolicyDocument": changed.document.text, "SetAsDefault": True}
    return Action(Verb.CREATE_POLICY_VERSION, {"PolicyArn": changed.policy.arn, **document})


def _older_version(changed: ChangedPolicy, version: str) -> Action | None:
    """The action that puts an existing version in force; None without one."""
    parameters = {"PolicyArn": changed.policy.arn, "VersionId": version}
    return Action(Verb.SET_DEFAULT_POLICY_VERSION, parameters) if version else None


def _full_text(changed: ChangedPolicy, version: str) -> str:
    """What a finding says about a policy that can have no further version."""
    count = len(changed.policy.versions)
    if version:
        return f"; it has {count} versions, and {version} is as the file declares"
    *first, last = changed.other_versions
    return f"; it has {count} versions: delete {', '.join(first)} or {last} before another can be created"
