"""Somebody else may become the role, or nobody may.

A role's trust policy means something else than the desired state writes. A change of its text alone is none.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.comparison import Comparison
from koding_audit.model import Fact, Finding

FACTS = frozenset({Fact.ROLE})
STEP = "set it with `aws iam update-assume-role-policy`, or correct the file"


def check(comparison: Comparison) -> Iterator[Finding]:
    declared = [(pair, role.trust) for pair, role in comparison.roles if role.trust is not None]
    if not declared:
        return
    from koding_audit.drift import drift  # noqa: PLC0415 - a file without documents does not pay for the comparison

    for pair, trust in declared:
        found = drift(pair.live.trust, trust.text) if pair.live else None
        if found:
            yield Finding(
                rule="trust-changed",
                severity="error",
                subject=pair.subject,
                message=f"the trust policy of {pair.label} is another one: {found.words}",
                source=trust.source,
                evidence=found.evidence,
            )
