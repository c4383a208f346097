"""Reads the managed policies of a live account: whether they exist, their versions and the documents to compare."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from koding_audit.aws import iam
from koding_audit.aws.live_reads import PendingRead, ReadTracker
from koding_audit.aws.queries import has_policy
from koding_audit.model.account import PrincipalKey
from koding_audit.model.frozen import replace
from koding_audit.model.query import Fact, Query
from koding_audit.model.snapshot import ManagedPolicy, Principal


def start_policies(
    tracker: ReadTracker, query: Query, found: Mapping[PrincipalKey, Principal], partial_sets: Collection[str]
) -> dict[str, PendingRead[Any]]:
    """Starts a look-up of each policy that a principal lacks, or whose version or document is needed.

    A policy that is missing somewhere may not exist, or may not be attachable any more. If the query requires all
    policies, one list is read instead, under the key "".
    """
    connection = tracker.connection
    if Fact.POLICY in query.facts_of_all:
        return {"": tracker.submit_read(Fact.POLICY, "ListPolicies", partial(iam.list_managed_policies, connection))}
    missing = {arn for arn, keys in query.policies.items() if not all(has_policy(found.get(key), arn) for key in keys)}
    return {
        arn: tracker.submit_read(
            Fact.POLICY if arn in missing else _fact_of_policy(query, arn),
            "GetPolicy",
            partial(iam.read_managed_policy, connection, arn),
            arn,
        )
        for arn in sorted(missing.union(query.versions, partial_sets))
    }


def await_policies(
    tracker: ReadTracker, query: Query, pending: Mapping[str, PendingRead[Any]]
) -> dict[str, ManagedPolicy | None]:
    """Returns the policies of the look-ups by ARN, None for one that does not exist; a failed one is left out."""
    if "" in pending:
        return tracker.result_or_gap(pending[""]) or {}
    known = {}
    for arn, each in pending.items():
        gaps = len(tracker.gaps)
        both = each.fact is Fact.POLICY and arn in query.versions
        policy = tracker.result_or_gap(each, also=[Fact.VERSIONS] if both else ())
        if len(tracker.gaps) == gaps:
            # Policies are compared by their exact ARN, so one whose ARN differs in case does not count.
            known[arn] = policy if policy is not None and policy.arn == arn else None
    return known


def _fact_of_policy(query: Query, arn: str) -> Fact:
    """Returns the fact for which the document of a policy is read."""
    return Fact.VERSIONS if arn in query.versions else Fact.OPTIONAL_SET_DOCUMENTS


def read_own_policy_arns(
    tracker: ReadTracker, query: Query, known: Mapping[str, ManagedPolicy | None]
) -> frozenset[str] | None:
    """Returns the ARNs of all policies of the account's own; None if the query does not need them, or after a failure.

    They are needed if a policy does not exist whose document is declared: another policy may have its name.
    """
    missing = (arn for arn, pinned in query.versions.items() if not pinned and arn in known and known[arn] is None)
    if not query.own_policies or not any(missing):
        return None
    read = partial(iam.list_own_policy_arns, tracker.connection)
    return tracker.result_or_gap(tracker.submit_read(Fact.POLICY_NAMES, "ListPolicies", read))


def start_own_policies(
    tracker: ReadTracker, query: Query
) -> PendingRead[tuple[dict[str, ManagedPolicy], dict[str, str]]] | None:
    """Starts a read of all versions of the account's own policies, if the query requires everything."""
    if Fact.VERSIONS not in query.facts_of_all:
        return None
    read = partial(iam.list_own_policies, tracker.connection)
    return tracker.submit_read(Fact.VERSIONS, "GetAccountAuthorizationDetails", read)


class PolicyVersions:
    """Reads the versions of the policies that the desired state pins or describes, and the documents to compare."""

    def __init__(
        self, tracker: ReadTracker, query: Query, known: dict[str, ManagedPolicy | None], partial_sets: Collection[str]
    ) -> None:
        self._tracker = tracker
        self._query = query
        self._known = known
        existing = [(policy, query.versions[arn]) for arn, policy in known.items() if policy and arn in query.versions]
        self._ids = {policy.arn: self._start_ids(policy.arn) for policy, pinned in existing if not pinned}
        names = {name: version for policy, pinned in existing for name, version in _versions_to_compare(policy, pinned)}
        names |= {arn: policy.default_version for arn, policy in known.items() if policy and arn in partial_sets}
        self._texts = {name: self._start_text(name, version) for name, version in names.items()}

    def read_policies(self) -> dict[str, ManagedPolicy | None]:
        """Waits for the version ids and returns the policies with them, by ARN."""
        ids = {arn: self._tracker.result_or_gap(pending) or () for arn, pending in self._ids.items()}
        return {arn: policy and replace(policy, versions=ids.get(arn, ())) for arn, policy in self._known.items()}

    def read_documents(self) -> dict[str, str]:
        """Waits for the documents and returns them by `ARN`, for the default version, or `ARN@v2`."""
        # A pinned version may have been deleted: that is not a gap.
        texts = {name: self._tracker.result_or_gap(pending, gone="@" in name) for name, pending in self._texts.items()}
        return {name: text for name, text in texts.items() if text is not None}

    def _start_ids(self, arn: str) -> PendingRead[tuple[str, ...]]:
        read = partial(iam.list_policy_versions, self._tracker.connection, arn)
        return self._tracker.submit_read(Fact.VERSIONS, "ListPolicyVersions", read, arn)

    def _start_text(self, name: str, version: str) -> PendingRead[str]:
        arn = name.partition("@")[0]
        read = partial(iam.read_managed_document, self._tracker.connection, arn, version)
        return self._tracker.submit_read(_fact_of_policy(self._query, arn), "GetPolicyVersion", read, arn)


def _versions_to_compare(policy: ManagedPolicy, pinned: str) -> tuple[tuple[str, str], ...]:
    """Returns the names and versions of the documents to compare; none if the pinned version is the default one."""
    if pinned == policy.default_version:
        return ()
    pin = ((f"{policy.arn}@{pinned}", pinned),) if pinned else ()
    return ((policy.arn, policy.default_version), *pin)
