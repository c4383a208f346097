"""What a query requires, and which of it an account has: shared by the sources that answer queries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from koding_audit.model.account import PrincipalKey, PrincipalKind, principal_key
from koding_audit.model.query import Fact, Query
from koding_audit.model.snapshot import Principal
from koding_audit.reference.quotas import load_quotas

EXISTENCE_FACTS: Mapping[PrincipalKind, Fact] = {"user": Fact.USER, "group": Fact.GROUP, "role": Fact.ROLE}


def requested_principals(query: Query) -> Iterator[tuple[PrincipalKind, str, frozenset[Fact]]]:
    """Yields the kind, the name and the requested facts of each principal that a query names."""
    by_kind: tuple[tuple[PrincipalKind, Mapping[str, frozenset[Fact]]], ...] = (
        ("group", query.groups),
        ("user", query.users),
        ("role", query.roles),
    )
    return ((kind, name, facts) for kind, principals in by_kind for name, facts in principals.items())


# The facts that the credential report can show of a user; it lacks the others.
REPORTED_FACTS = frozenset({Fact.ACCESS_KEYS, Fact.CONSOLE, Fact.MFA})


def needs_reported_facts(query: Query) -> bool:
    """Whether a query requires facts of users that a credential report can show."""
    return any(facts & REPORTED_FACTS for facts in (query.facts_of_all, *query.users.values()))


def has_policy(live: Principal | None, arn: str) -> bool:
    """Whether a policy is attached to a principal or is its boundary; it then exists, without a GetPolicy."""
    return live is not None and (arn in (live.attached or ()) or arn == live.boundary)


def missing_summary_keys(
    summary: Mapping[str, int], query: Query, found: Mapping[PrincipalKey, Principal], absent: Collection[PrincipalKey]
) -> list[str]:
    """Returns the keys that a query needs and an account summary lacks, sorted; they are unknown, not zero.

    A quota is needed only where a fix would add something that is missing.
    """
    quotas = load_quotas()
    needed = {"AccountAccessKeysPresent", "AccountMFAEnabled", "AccountSigningCertificatesPresent"}
    for kind, _ in absent:
        quota = quotas[f"{kind}s", "account"]
        needed |= {quota.count_key, quota.summary_key}
    incomplete = {key for arn, keys in query.policies.items() for key in keys if not has_policy(found.get(key), arn)}
    needed |= {quotas["attached policies", kind].summary_key for kind, _ in incomplete}
    return sorted(needed.difference(summary))


def deciding_principals(
    keys: Iterable[PrincipalKey], found: Mapping[PrincipalKey, Principal]
) -> dict[PrincipalKey, Principal]:
    """Returns the principals whose policies decide for the given ones: themselves and their groups, as far as found."""
    principals = {key: found[key] for key in keys if key in found}
    groups = (principal_key("group", name) for each in principals.values() for name in each.groups or ())
    return {**principals, **{key: found[key] for key in groups if key in found}}


def requested_inline_documents(
    query: Query, found: Mapping[PrincipalKey, Principal]
) -> Iterator[tuple[Principal, str, Fact]]:
    """Yields the principal, the name and the fact of each inline policy that exists and whose document is needed."""
    for key, names in query.inline.items():
        declared = names & (found[key].inline or frozenset()) if key in found else ()
        yield from ((found[key], policy, Fact.INLINE_DOCUMENT) for policy in sorted(declared))
    for key in sorted(query.inline_sizes & found.keys()):
        others = (found[key].inline or frozenset()) - query.inline.get(key, frozenset())
        yield from ((found[key], policy, Fact.INLINE_SIZE) for policy in sorted(others))


def partial_set_policies(query: Query, found: Mapping[PrincipalKey, Principal]) -> frozenset[str]:
    """Returns the policies of each optional set that is partly attached to a principal, and the query's documents."""
    return query.documents.union(
        arn
        for key, sets in query.optional.items()
        for attached in ((key in found and found[key].attached) or frozenset[str](),)
        for policies in sets
        if policies & attached and policies - attached
        for arn in policies
    )


def managed_policy_arns(principals: Iterable[Principal]) -> frozenset[str]:
    """Returns the ARNs of the managed policies that are attached to principals or are their boundaries."""
    return frozenset(arn for each in principals for arn in (*(each.attached or ()), each.boundary) if arn)
