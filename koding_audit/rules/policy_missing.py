"""A stack build fails half way without it.

A policy that a required set names is not attached to the group, user or role.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.arns import policy_name
from koding_audit.comparison import Comparison, Pair
from koding_audit.model import Action, Fact, Finding, Verb

FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ROLE, Fact.ATTACHED})
STEP = "mend what keeps it from being attached, which another finding tells"


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair in comparison.principals:
        if pair.attached is None:
            continue
        for policy_set, ref in comparison.required(pair.declared):
            if ref.arn not in pair.attached:
                yield Finding(
                    rule="policy-missing",
                    severity="error",
                    subject=pair.subject,
                    key=ref.arn,
                    message=f"{pair.label} lacks {policy_name(ref.arn)}, which set {policy_set.name} requires",
                    source=ref.source,
                    policy_set=policy_set.name,
                    fix=attach(pair, ref.arn) if pair.fixable and not comparison.obstacle(ref.arn) else None,
                )


def attach(pair: Pair, arn: str) -> Action:
    return Action(Verb(f"Attach{pair.kind.title()}Policy"), {**pair.named, "PolicyArn": arn})
