"""Somebody has access whom nobody wrote down.

With `closed: {users: true}`, a user of the account is not declared.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.comparison import Comparison
from koding_audit.model import Fact, Finding

FACTS = frozenset({Fact.USERS_LISTED})
STEP = "declare the user, ignore it with a reason, or delete it"


def check(comparison: Comparison) -> Iterator[Finding]:
    source = comparison.desired.closed.get("user")
    if source is None:
        return
    for user in comparison.undeclared("user"):
        yield Finding(
            rule="user-unexpected",
            severity="error",
            subject=user.arn,
            message=f"user {user.name} is not declared, and the users are closed",
            source=source,
        )
