"""AWS has changed what it grants.

A policy of AWS's that is pinned to a version has another default version by now, and that is the one in force.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.arns import policy_name
from koding_audit.comparison import Comparison
from koding_audit.model import Fact, Finding

FACTS = frozenset({Fact.VERSIONS})
STEP = "look at what changed, then write the new version in the file"


def check(comparison: Comparison) -> Iterator[Finding]:
    documents = comparison.snapshot.documents
    for arn, (policy_set, ref) in comparison.pinned.items():
        policy = comparison.snapshot.policies.get(arn)
        if policy is None or policy.default_version in ("", ref.version):
            continue
        from koding_audit.drift import drift  # noqa: PLC0415 - a pin that holds does not pay for the comparison

        old, new = documents.get(f"{arn}@{ref.version}"), documents.get(arn)
        found = drift(new, old) if old is not None and new is not None else None
        unseen = "what that changed was not read"
        meaning = found.words if found else "the two mean the same" if old and new else unseen
        moved = f"{policy_name(arn)} is pinned to {ref.version}, and AWS has moved it to {policy.default_version}"
        yield Finding(
            rule="policy-version-moved",
            severity="warning",
            subject=arn,
            message=f"{moved}: {meaning}",
            source=ref.source,
            policy_set=policy_set.name,
            evidence={"wanted": ref.version, "live": policy.default_version, **(found.evidence if found else {})},
        )
