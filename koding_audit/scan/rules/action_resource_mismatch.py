"""An action names a resource that AWS does not use it on. What policies allow there has no effect."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits()
FACTS: frozenset[Fact] = frozenset()
STEP = "name a resource of one of the action's types, or `*` if it has none"
HELP = Help(
    severity="warning",
    looks_at="the `resource` of each action of a policy set, by the resource types that AWS's service authorization "
    "reference lists for the action. A bucket is not an object, and an action without resource types is used on `*`. "
    "Patterns, and forms that AWS evaluates but its reference does not list, are never reported. "
    "[action-not-effective](#action-not-effective) still checks what the policies allow on the resource.",
    by_hand="correct the resource in the file: objects of a bucket are `arn:aws:s3:::BUCKET/*`. If AWS added the "
    "resource type after the date of the data, use `--skip action-resource-mismatch` until the next version.",
    with_fix="no.",
    example="""\
version: 1
policy_sets:
  logs:
    policies:
      - AmazonS3ReadOnlyAccess
    actions:
      - action: s3:GetObject
        resource: arn:aws:s3:::logs
groups:
  Developers:
    required:
      - logs
""",
    finds="s3:GetObject, which set logs needs, is not used on arn:aws:s3:::logs: its resource types are "
    "accesspointobject, object",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    sets = comparison.desired.policy_sets.values()
    wanted = [(each, action) for each in sets for action in each.actions if action.resource != "*"]
    if not wanted:
        return
    from koding_audit.reference import action_resources, actions  # noqa: PLC0415 - a file without resources does not load their types

    known = actions.load_actions()
    reported: set[tuple[str, str]] = set()
    for policy_set, action in wanted:
        name, resource = action.action, action.resource
        found = action_resources.check_action_resource(known, name, resource)
        if found.fit not in ("mismatch", "no-resource-type") or (name.casefold(), resource) in reported:
            continue
        reported.add((name.casefold(), resource))
        yield Finding(
            rule="action-resource-mismatch",
            severity="warning",
            subject=comparison.account.root_arn,
            key=f"{name}/{resource}",
            message=f"{name}, which set {policy_set.name} needs, {found.problem}",
            location=action.location,
            policy_set=policy_set.name,
            evidence={"resource": resource, "types": list(found.types), "list": {"date": known.origin.date}},
        )
