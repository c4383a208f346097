"""Whatever runs with it stops working."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.comparison import Comparison
from koding_audit.model import Fact, Finding, Help

FACTS = frozenset({Fact.ROLE})
STEP = "create the role with its trust policy, or correct its name in the file"
HELP = Help(
    severity="error",
    looks_at="whether each role under `roles` exists.",
    by_hand="create the role with its trust policy, or correct its name in the file.",
    commands=("aws iam create-role --role-name ROLE --path /PATH/ --assume-role-policy-document file://TRUST.json",),
    with_fix="no: who may assume a role is a person's decision. What the role is to have is reported too.",
    example="""\
version: 1
roles:
  nightly-build:
    path: /
""",
    finds="role nightly-build does not exist",
)


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair, role in comparison.roles:
        if pair.live is None:
            near = f", but {pair.near.name} does: IAM's names are unique ignoring case" if pair.near else ""
            yield Finding(
                rule="role-missing",
                severity="error",
                subject=pair.subject,
                message=f"{pair.label} does not exist{near}",
                source=role.source,
                evidence={"near": pair.near.arn} if pair.near else {},
            )
