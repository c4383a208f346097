"""A group is not declared in the desired state. Its members get permissions that are not reviewed."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(state="unexpected")
FACTS = frozenset({Fact.GROUPS_LISTED})
STEP = "declare the group, ignore it with a reason, or delete it"
HELP = Help(
    severity="error",
    looks_at="every group of the account, if the file sets `closed: {groups: true}`. Each undeclared group is a "
    "finding.",
    by_hand="declare the group, list it under `ignore` with a reason, or delete it: first its members and policies, "
    "then the group.",
    commands=(
        "aws iam get-group --group-name GROUP",
        "aws iam remove-user-from-group --group-name GROUP --user-name USER",
        "aws iam detach-group-policy --group-name GROUP --policy-arn ARN",
        "aws iam delete-group-policy --group-name GROUP --policy-name POLICY",
        "aws iam delete-group --group-name GROUP",
    ),
    with_fix="never: deleting a group cannot be undone.",
    example="""\
version: 1
groups:
  Developers:
    members:
      - koding-user
closed:
  groups: true
""",
    finds="group Interns is not declared; undeclared groups are not allowed (`closed`)",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    source = comparison.desired.closed.get("group")
    if source is None:
        return
    for group in comparison.undeclared_principals("group"):
        yield Finding(
            rule="group-unexpected",
            severity="error",
            subject=group.arn,
            message=f"group {group.name} is not declared; undeclared groups are not allowed (`closed`)",
            location=source,
        )
