"""A user is not declared in the desired state. Its access is not reviewed."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(state="unexpected")
FACTS = frozenset({Fact.USERS_LISTED})
STEP = "declare the user, ignore it with a reason, or delete it"
HELP = Help(
    severity="error",
    looks_at="every user of the account, if the file sets `closed: {users: true}`. Each undeclared user is a finding.",
    by_hand="declare the user, list it under `ignore` with a reason, or delete it: first its keys, memberships and "
    "policies, then the user.",
    commands=(
        "aws iam list-groups-for-user --user-name USER",
        "aws iam remove-user-from-group --group-name GROUP --user-name USER",
        "aws iam detach-user-policy --user-name USER --policy-arn ARN",
        "aws iam delete-user-policy --user-name USER --policy-name POLICY",
        "aws iam delete-access-key --user-name USER --access-key-id KEY_ID",
        "aws iam delete-login-profile --user-name USER",
        "aws iam delete-user --user-name USER",
    ),
    with_fix="never: deleting a user cannot be undone.",
    example="""\
version: 1
users:
  koding-user:
    owner: web
closed:
  users: true
""",
    finds="user ada is not declared; undeclared users are not allowed (`closed`)",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    source = comparison.desired.closed.get("user")
    if source is None:
        return
    for user in comparison.undeclared_principals("user"):
        yield Finding(
            rule="user-unexpected",
            severity="error",
            subject=user.arn,
            message=f"user {user.name} is not declared; undeclared users are not allowed (`closed`)",
            location=source,
        )
