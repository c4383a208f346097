"""It grants what nobody wrote down.

A policy is attached to a declared group, user or role, and none of its sets names it.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.arns import policy_name
from koding_audit.comparison import Comparison, Pair
from koding_audit.model import Action, Fact, Finding, Verb

FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ROLE, Fact.ATTACHED})
STEP = "detach the policy, or name it in a policy set"


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair in comparison.principals:
        wanted = {ref.arn for _, ref in comparison.wanted(pair.declared)}
        for arn in sorted((pair.attached or frozenset()) - wanted):
            exclusive = pair.declared.exclusive
            # A deprecated policy cannot be attached again, so taking it away could not be undone.
            obstacle = comparison.obstacle(arn)
            yield Finding(
                rule="policy-unexpected",
                severity="error" if exclusive else "note",
                subject=pair.subject,
                key=arn,
                message=f"{pair.label} has {policy_name(arn)}, which no set of it names"
                + (", and which cannot be attached again once it is detached" if obstacle else ""),
                source=pair.declared.source,
                evidence={"exclusive": exclusive} | ({"attachable": False} if obstacle else {}),
                fix=detach(pair, arn) if exclusive and pair.fixable and not obstacle else None,
            )


def detach(pair: Pair, arn: str) -> Action:
    return Action(Verb(f"Detach{pair.kind.title()}Policy"), {**pair.named, "PolicyArn": arn})
