"""The user or role may do more, or less, than was agreed.

A user's or role's permissions boundary is another than the desired state declares, or there is one where it is to have
none.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.arns import policy_name
from koding_audit.comparison import Comparison
from koding_audit.model import Fact, Finding

FACTS = frozenset({Fact.USER, Fact.ROLE})
STEP = "set the boundary by hand, or correct the file"


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair in comparison.principals:
        if pair.live is None or pair.boundary is None:
            continue
        wanted = pair.boundary.policy.arn if pair.boundary.policy else ""
        live = pair.live.boundary
        if live != wanted:
            yield Finding(
                rule="boundary-changed",
                severity="error",
                subject=pair.subject,
                message=f"{pair.label} has {_words(live)}, and is to have {_words(wanted)}",
                source=pair.boundary.source,
                evidence={"wanted": wanted or None, "live": live or None},
            )


def _words(arn: str) -> str:
    return f"boundary {policy_name(arn)}" if arn else "no boundary"
