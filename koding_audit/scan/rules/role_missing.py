"""A declared role does not exist. Programs that assume it fail."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.model.finding import Finding, Help
from koding_audit.model.query import Fact
from koding_audit.model.traits import RuleTraits
from koding_audit.scan.comparison import Comparison, different_case_text

TRAITS = RuleTraits(state="missing")
FACTS = frozenset({Fact.ROLE})
STEP = "correct its name in the file, or create it if no other case of it exists"
HELP = Help(
    severity="error",
    looks_at="whether each role under `roles` exists.",
    by_hand="create the role with its trust policy, or correct its name in the file. "
    "If its name exists in another case, IAM refuses to create it: write that name in the file.",
    commands=("aws iam create-role --role-name ROLE --path /PATH/ --assume-role-policy-document file://TRUST.json",),
    with_fix="no: a person has to decide who may assume a role. Its missing policies are reported too.",
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
            near = f", but {different_case_text(pair.case_variant.name)}" if pair.case_variant else ""
            yield Finding(
                rule="role-missing",
                severity="error",
                subject=pair.subject,
                message=f"{pair.label} does not exist{near}",
                location=role.location,
                evidence={"near": pair.case_variant.arn} if pair.case_variant else {},
            )
