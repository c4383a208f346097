"""A stolen password is then enough to sign in.

A user whose `console` is `mfa` has a console password and no MFA device.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.comparison import Comparison
from koding_audit.model import Fact, Finding

FACTS = frozenset({Fact.USER, Fact.CONSOLE, Fact.MFA})
STEP = "assign an MFA device to the user, or delete its console password"


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair, user in comparison.users:
        signs_in = comparison.credentials(pair)
        if user.console and user.console.name == "mfa" and signs_in.password and signs_in.mfa is False:
            yield Finding(
                rule="console-mfa-missing",
                severity="warning",
                subject=pair.subject,
                message=f"{pair.label} has a console password and no MFA device",
                source=user.console.source,
                evidence={"password": True, "mfa": False},
            )
