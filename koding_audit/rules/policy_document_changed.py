"""It grants more, or less, than was written down.

A policy of the account's own means something else than the desired state writes. A change of its text alone is none.
"""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.arns import policy_name
from koding_audit.comparison import Comparison
from koding_audit.model import Action, Fact, Finding, Verb

FACTS = frozenset({Fact.VERSIONS})
STEP = "make a new default version with --replace, or correct the file"

MOST_VERSIONS = 5  # (aws: reference_iam-quotas); deleting one is a person's decision, because undo may need it


def check(comparison: Comparison) -> Iterator[Finding]:
    if not comparison.documents:
        return
    from koding_audit.drift import drift  # noqa: PLC0415 - a file without documents does not pay for the comparison

    for arn, (policy_set, ref) in comparison.documents.items():
        policy, live = comparison.snapshot.policies.get(arn), comparison.snapshot.documents.get(arn)
        found = drift(live, ref.document.text) if policy and live is not None and ref.document else None
        if policy and found and ref.document:
            full = len(policy.versions) >= MOST_VERSIONS
            why = "; it has five versions, so no other can be made until one is deleted" if full else ""
            given = {"PolicyArn": arn, "PolicyDocument": ref.document.text, "SetAsDefault": True}
            yield Finding(
                rule="policy-document-changed",
                severity="error",
                subject=arn,
                message=f"{policy_name(arn)} is another one than set {policy_set.name} writes: {found.words}{why}",
                source=ref.document.source,
                policy_set=policy_set.name,
                evidence={**found.evidence, "default_version": policy.default_version, "versions": [*policy.versions]},
                fix=None if full else Action(Verb.CREATE_POLICY_VERSION, given),
            )
