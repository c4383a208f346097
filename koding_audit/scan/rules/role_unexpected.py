"""A role is not declared in the desired state. Its permissions are not reviewed."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(state="unexpected")
FACTS = frozenset({Fact.ROLES_LISTED})
STEP = "declare the role, ignore it with a reason, or delete it"
HELP = Help(
    severity="error",
    looks_at="every role of the account, if the file sets `closed: {roles: true}`. Each undeclared role is a "
    "finding. Roles of AWS services (path `/aws-service-role/`) and of Identity Center (path `/aws-reserved/`) are "
    "not checked: AWS creates and deletes them.",
    by_hand="declare the role, list it under `ignore` with a reason, or delete it: check when it was last used "
    "(`RoleLastUsed`), delete its policies, then the role.",
    commands=(
        "aws iam get-role --role-name ROLE",
        "aws iam remove-role-from-instance-profile --instance-profile-name PROFILE --role-name ROLE",
        "aws iam detach-role-policy --role-name ROLE --policy-arn ARN",
        "aws iam delete-role-policy --role-name ROLE --policy-name POLICY",
        "aws iam delete-role --role-name ROLE",
    ),
    with_fix="never: deleting a role cannot be undone.",
    example="""\
version: 1
roles:
  deploy:
    path: /
closed:
  roles: true
""",
    finds="role forgotten is not declared; undeclared roles are not allowed (`closed`)",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    source = comparison.desired.closed.get("role")
    if source is None:
        return
    for role in comparison.undeclared_principals("role"):
        if not comparison.reserved_names.is_reserved_path(role.path):
            yield Finding(
                rule="role-unexpected",
                severity="error",
                subject=role.arn,
                message=f"role {role.name} is not declared; undeclared roles are not allowed (`closed`)",
                location=source,
            )
