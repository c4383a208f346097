"""It grants what nobody wrote down, out of sight.

A declared group, user or role has an inline policy that the desired state does not name.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.comparison import Comparison, Pair
from koding_audit.model import Action, Fact, Finding, Verb

FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ROLE, Fact.INLINE})
STEP = "delete the inline policy, or make it a managed one that a set names"


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair in comparison.principals:
        for name in sorted(((pair.live and pair.live.inline) or frozenset()) - set(pair.declared.inline)):
            exclusive = pair.declared.exclusive
            yield Finding(
                rule="inline-unexpected",
                severity="error" if exclusive else "note",
                subject=pair.subject,
                key=name,
                message=f"{pair.label} has an inline policy {name}, which the desired state does not name",
                source=pair.declared.source,
                evidence={"exclusive": exclusive},
                fix=delete(pair, name) if exclusive and pair.fixable else None,
            )


def delete(pair: Pair, name: str) -> Action:
    return Action(Verb(f"Delete{pair.kind.title()}Policy"), {**pair.named, "PolicyName": name})
