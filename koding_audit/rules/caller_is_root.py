"""Root cannot be limited: no policy and no boundary binds it.

The credentials in use are the root user's own.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.comparison import Comparison
from koding_audit.model import Fact, Finding

FACTS = frozenset({Fact.CALLER})
STEP = "stop using root's keys: run as an IAM user or role, then delete them"


def check(comparison: Comparison) -> Iterator[Finding]:
    caller = comparison.snapshot.caller
    if caller is not None and caller.root:
        yield Finding(
            rule="caller-is-root",
            severity="error",
            subject=comparison.account.root_arn,
            message="this run uses the credentials of the root user",
            evidence={"caller": caller.arn},
        )
