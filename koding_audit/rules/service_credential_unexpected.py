"""It signs in past the limits on access keys.

A user whose access keys are limited has service-specific credentials or SSH keys, which no credential report shows.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.comparison import Comparison
from koding_audit.model import Fact, Finding

FACTS = frozenset({Fact.USER, Fact.SERVICE_CREDENTIALS})
STEP = "delete the credential under the user's Security credentials"


def check(comparison: Comparison) -> Iterator[Finding]:
    for pair, user in comparison.users:
        if user.access_keys is None:
            continue
        for service in sorted(set(comparison.credentials(pair).services or ())):
            what = "an SSH key" if service == "ssh" else f"a credential for {service}"
            yield Finding(
                rule="service-credential-unexpected",
                severity="warning",
                subject=pair.subject,
                key=service,
                message=f"{pair.label} has {what}, and its access keys are limited",
                source=user.access_keys.source,
                evidence={"service": service},
            )
