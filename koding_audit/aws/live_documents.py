"""Reads the policy documents of a live account that decide about a request, or that a desired state compares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

from koding_audit.aws import iam
from koding_audit.aws.live_reads import PendingRead, ReadTracker
from koding_audit.aws.queries import deciding_principals, managed_policy_arns, requested_inline_documents
from koding_audit.model.account import PrincipalKey, PrincipalKind
from koding_audit.model.errors import CallError
from koding_audit.model.query import Fact, Query
from koding_audit.model.snapshot import Principal, inline_document_key

_KINDS: Mapping[str, PrincipalKind] = {"group": "group", "user": "user", "role": "role"}
_INLINE_FACTS = (Fact.INLINE_DOCUMENT, Fact.INLINE_SIZE)


def read_documents(
    tracker: ReadTracker, query: Query, found: Mapping[PrincipalKey, Principal], known: Mapping[str, Any]
) -> dict[str, str]:
    """Returns the documents of the policies that decide for the query's principals, and of those to compare.

    known: details of inline policies from a listing; only those that are needed are decoded
    """
    principals = deciding_principals(found if Fact.DOCUMENT in query.facts_of_all else query.effective, found)
    connection = tracker.connection
    pending = {
        arn: tracker.submit_read(
            Fact.DOCUMENT, "GetPolicyVersion", partial(iam.read_managed_document, connection, arn), arn
        )
        for arn in sorted(managed_policy_arns(principals.values()))
    }
    pending |= {name: _start_document(tracker, name, version) for name, version in query.document_versions.items()}
    inline = _inline_policies_to_read(query, principals, found)
    for name, (each, policy, facts) in inline.items():
        if name not in known:
            read = partial(iam.read_inline_document, connection, each.kind, each.name, policy)
            pending[name] = tracker.submit_read(facts[0], f"Get{each.kind.title()}Policy", read, name)
    also = {name: policy.facts[1:] for name, policy in inline.items()}
    texts = {name: tracker.result_or_gap(each, also=also.get(name, ())) for name, each in pending.items()}
    texts |= {
        name: _decode_inline_document(tracker, name, policy.facts, known[name])
        for name, policy in inline.items()
        if name in known
    }
    return {name: text for name, text in texts.items() if text is not None}


def _decode_inline_document(tracker: ReadTracker, name: str, facts: Iterable[Fact], policy: Any) -> str | None:
    """Returns the document of an inline policy's detail; if it is malformed, records a gap of each fact."""
    try:
        return iam.document_from_detail(policy)
    except CallError as error:
        for fact in facts:
            tracker.record_gap(fact, error, name)
        return None


def _start_document(tracker: ReadTracker, name: str, version: str) -> PendingRead[str]:
    """Starts the read of one document by its name.

    version: of a managed policy, unless the name is `ARN@v2`
    """
    connection = tracker.connection
    if name.startswith("arn:"):
        arn, _, named_version = name.partition("@")
        read = partial(iam.read_managed_document, connection, arn, named_version or version)
        return tracker.submit_read(Fact.DOCUMENT, "GetPolicyVersion", read, name)
    kind, principal, policy = name.split("/")
    read_inline = partial(iam.read_inline_document, connection, _KINDS[kind], principal, policy)
    return tracker.submit_read(Fact.DOCUMENT, f"Get{kind.title()}Policy", read_inline, name)


class _InlinePolicy(NamedTuple):
    """An inline policy whose document is needed.

    principal: the user, group or role that has the policy
    policy: the policy's name
    facts: the facts that need the document
    """

    principal: Principal
    policy: str
    facts: tuple[Fact, ...]


def _inline_policies_to_read(
    query: Query, principals: Mapping[PrincipalKey, Principal], found: Mapping[PrincipalKey, Principal]
) -> dict[str, _InlinePolicy]:
    """Returns the inline policies to read, by `inline_document_key`: those that decide or that the query names."""
    facts = (Fact.DOCUMENT, *(fact for fact in _INLINE_FACTS if fact in query.facts_of_all))
    needed = {
        inline_document_key(each, policy): _InlinePolicy(each, policy, facts)
        for each in principals.values()
        for policy in sorted(each.inline or ())
    }
    for each, policy, fact in requested_inline_documents(query, found):
        name = inline_document_key(each, policy)
        before = needed[name].facts if name in needed else ()
        needed[name] = _InlinePolicy(each, policy, (*before, fact))
    return needed
