"""Root cannot be limited: no policy and no boundary binds it."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(is_waivable=False)
FACTS = frozenset({Fact.CALLER})
STEP = "stop using root's keys: run as an IAM user or role, then delete them"
HELP = Help(
    severity="error",
    looks_at="whose credentials this run uses.",
    by_hand="make an IAM user or role for the work and use its credentials; then sign in as root, open Security "
    "credentials and delete root's access keys. The command shows whose credentials are in use: its ARN "
    "ends in `:root` until they are gone.",
    commands=("aws sts get-caller-identity",),
    with_fix="never: with root credentials every write is refused.",
    finds="this run uses the credentials of the root user",
)


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
