"""What it allows is not allowed, what it denies not denied.

A group, user or role lacks an inline policy that the desired state writes for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.comparison import Comparison, Pair
from koding_audit.model import Action, Fact, Finding, PolicyDocument, Verb

FACTS = frozenset({Fact.USER, Fact.GROUP, Fact.ROLE, Fact.INLINE})
STEP = "mend what keeps it from being put, which another finding tells"


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair in comparison.principals:
        live = pair.live.inline if pair.live else frozenset[str]()
        for name, document in pair.declared.inline.items():
            if live is not None and name not in live:
                yield Finding(
                    rule="inline-missing",
                    severity="error",
                    subject=pair.subject,
                    key=name,
                    message=f"{pair.label} lacks inline policy {name}",
                    source=document.source,
                    fix=put(pair, name, document) if pair.fixable else None,
                )


def put(pair: Pair, name: str, document: PolicyDocument) -> Action:
    verb = Verb(f"Put{pair.kind.title()}Policy")
    return Action(verb, {**pair.named, "PolicyName": name, "PolicyDocument": document.text})
