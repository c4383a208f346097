"""The run uses root credentials. No policy and no boundary limits the root user."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison

TRAITS = RuleTraits(is_waivable=False)
FACTS = frozenset({Fact.CALLER})
STEP = "run as an IAM user or role, then delete the root access keys"
HELP = Help(
    severity="error",
    looks_at="whose credentials this run uses.",
    by_hand="create an IAM user or role for the work and use its credentials. Then sign in as root, open Security "
    "credentials and delete the access keys. The command shows whose credentials are in use: its ARN ends in `:root` "
    "until root's keys are no longer used.",
    commands=("aws sts get-caller-identity",),
    with_fix="never: the tool refuses every write with root credentials.",
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
