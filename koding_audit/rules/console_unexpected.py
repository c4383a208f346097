"""A password nobody needs can still be guessed or stolen.

A user whose `console` is `forbidden` has a console password.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.comparison import Comparison
from koding_audit.model import Fact, Finding

FACTS = frozenset({Fact.USER, Fact.CONSOLE})
STEP = "delete the user's console password"


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair, user in comparison.users:
        if user.console and user.console.name == "forbidden" and comparison.credentials(pair).password:
            yield Finding(
                rule="console-unexpected",
                severity="warning",
                subject=pair.subject,
                message=f"{pair.label} has a console password, which the desired state forbids",
                source=user.console.source,
                evidence={"password": True},
            )
