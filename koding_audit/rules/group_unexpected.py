"""Whoever joins it gets what nobody wrote down.

With `closed: {groups: true}`, a group of the account is not declared.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.comparison import Comparison
from koding_audit.model import Fact, Finding

FACTS = frozenset({Fact.GROUPS_LISTED})
STEP = "declare the group, ignore it with a reason, or delete it"


def check(comparison: Comparison) -> Iterator[Finding]:
    source = comparison.desired.closed.get("group")
    if source is None:
        return
    for group in comparison.undeclared("group"):
        yield Finding(
            rule="group-unexpected",
            severity="error",
            subject=group.arn,
            message=f"group {group.name} is not declared, and the groups are closed",
            source=source,
        )
