"""Whoever may assume it gets what nobody wrote down.

With `closed: {roles: true}`, a role of the account is not declared. Roles of AWS services and of Identity Center are
not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.arns import is_reserved
from koding_audit.comparison import Comparison
from koding_audit.model import Fact, Finding

FACTS = frozenset({Fact.ROLES_LISTED})
STEP = "declare the role, ignore it with a reason, or delete it"


def check(comparison: Comparison) -> Iterator[Finding]:
    source = comparison.desired.closed.get("role")
    if source is None:
        return
    for role in comparison.undeclared("role"):
        if not is_reserved(role.path):
            yield Finding(
                rule="role-unexpected",
                severity="error",
                subject=role.arn,
                message=f"role {role.name} is not declared, and the roles are closed",
                source=source,
            )
