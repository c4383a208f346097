"""The account's own policies that differ from the file, and which of their versions says what the file declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from koding_audit.aws.sources import AccountSource
from koding_audit.model.desired import Desired, PolicyDocument, PolicySet
from koding_audit.model.frozen import dataclass, replace
from koding_audit.model.query import Fact, Query
from koding_audit.model.snapshot import ManagedPolicy, Snapshot
from koding_audit.policy.drift import Drift, find_drift
from koding_audit.reference.quotas import load_quotas
from koding_audit.scan.comparison import Comparison


@dataclass(frozen=True, slots=True)
class ChangedPolicy:
    """A policy whose default version differs from the file in meaning.

    policy: the live policy.
    policy_set: a set that contains it.
    document: the declared document.
    drift: the difference.
    """

    policy: ManagedPolicy
    policy_set: PolicySet
    document: PolicyDocument
    drift: Drift

    @property
    def is_full(self) -> bool:
        """Whether IAM keeps no further version of it."""
        return len(self.policy.versions) >= load_quotas()["versions", "policy"].value

    @property
    def other_versions(self) -> tuple[str, ...]:
        """The versions that are not in force, oldest first."""
        others = (each for each in self.policy.versions if each != self.policy.default_version)
        return tuple(sorted(others, key=_version_number))

    def declared_version(self, documents: Mapping[str, str]) -> str:
        """The newest other version with the declared meaning; "" if none is known. documents: as in Snapshot."""
        arn, wanted = self.policy.arn, self.document.text
        for version in reversed(self.other_versions):
            text = documents.get(f"{arn}@{version}")
            if text is not None and find_drift(text, wanted) is None:
                return version
        return ""


def changed_policies(comparison: Comparison) -> Iterator[ChangedPolicy]:
    """The policies with a declared document that differ from it, as far as they were read."""
    snapshot = comparison.snapshot
    for arn, (policy_set, ref) in comparison.policies_with_documents.items():
        policy, live = snapshot.policies.get(arn), snapshot.documents.get(arn)
        drift = find_drift(live, ref.document.text) if policy and live is not None and ref.document else None
        if policy and drift and ref.document:
            yield ChangedPolicy(policy, policy_set, ref.document, drift)


def read_other_versions(source: AccountSource, desired: Desired, snapshot: Snapshot) -> Snapshot:
    """The snapshot with all versions of the changed policies that can have no further one; a failed read is a gap."""
    changed = changed_policies(Comparison(desired, snapshot))
    names = {f"{each.policy.arn}@{one}": one for each in changed if each.is_full for one in each.other_versions}
    if not names:
        return snapshot
    found = source.collect(Query(document_versions=names))
    gaps = (replace(each, fact=Fact.VERSIONS) for each in found.gaps)
    return replace(snapshot, documents={**snapshot.documents, **found.documents}, gaps=(*snapshot.gaps, *gaps))


def _version_number(version: str) -> int:
    """The number of a version id such as `v3`; 0 for another text."""
    number = version.removeprefix("v")
    return int(number) if number.isascii() and number.isdecimal() else 0
