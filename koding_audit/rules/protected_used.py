"""Credentials for emergencies were used, or were stolen.

A user that a `guards.yaml` protects signed in with its password or an access key, ever; whether a file declares or
ignores the user makes no difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from koding_audit.comparison import Comparison
from koding_audit.jsontext import instant
from koding_audit.model import Fact, Finding, Principal, Reference

FACTS = frozenset({Fact.USER, Fact.ACCESS_KEYS, Fact.PASSWORD_USED})
STEP = "find out who used it and why, then replace the credential"


def check(comparison: Comparison) -> Iterator[Finding]:
    for key, guard in comparison.desired.guards.protected.items():
        live = comparison.snapshot.principals.get(key)
        if live is None or live.kind != "user":
            continue
        for name, access_key in comparison.named_keys(live.name) or ():
            if access_key.last_used:
                yield _finding(live, guard, name, f"access key ...{name}", access_key.last_used)
        credentials = comparison.snapshot.credentials.get(live.name.casefold())
        for used in (credentials and credentials.password_used) or ():
            yield _finding(live, guard, "password", "the password", used)


def _finding(live: Principal, guard: Reference, key: str, what: str, used: datetime) -> Finding:
    return Finding(
        rule="protected-used",
        severity="warning",
        subject=live.arn,
        key=key,
        message=f"{what} of user {live.name}, who is protected, was last used on {instant(used)}",
        source=guard.source,
        evidence={"last_used": instant(used), "credential": "password" if key == "password" else "access-key"},
    )
