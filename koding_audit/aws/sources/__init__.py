"""Collectors: each reads one kind of source into a Snapshot.

The file's name is the option's: `--source NAME[:ARGUMENT]`. A module has `TRAITS`, which say what other packages need
to know of it, and a context manager `open_source(argument, settings)` that gives an AccountSource, and raises
InputError or AccessError where the source cannot be used.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from koding_audit.aws.connection import Connection
from koding_audit.model.account import Account, Caller, PrincipalKey, principal_key
from koding_audit.model.frozen import dataclass
from koding_audit.model.query import Query
from koding_audit.model.snapshot import Principal, Snapshot


@dataclass(frozen=True, slots=True)
class AccountSource:
    """A source that is ready to be read.

    identity: the account, and whose credentials are in use (None where a file does not tell);
    connection: what a fix writes through, None for a source that cannot be written.
    """

    identity: Callable[[], tuple[Account, Caller | None]]
    collect: Callable[[Query], Snapshot]
    connection: Connection | None


def has_policy(live: Principal | None, arn: str) -> bool:
    """Whether a policy is attached to a principal or bounds it, and so is known to exist without a look-up."""
    return live is not None and (arn in (live.attached or ()) or arn == live.boundary)


def missing_summary_keys(
    summary: Mapping[str, int], query: Query, found: Mapping[PrincipalKey, Principal], absent: Collection[PrincipalKey]
) -> list[str]:
    """What this audit goes by and an account summary does not hold, sorted: unknown, and never zero.

    Quotas count where something is missing that a fix would add.
    """
    needed = {"AccountAccessKeysPresent", "AccountMFAEnabled"}
    for kind, _ in absent:
        needed |= {f"{kind.title()}s", f"{kind.title()}sQuota"}
    lacking = {key for arn, keys in query.policies.items() for key in keys if not has_policy(found.get(key), arn)}
    for kind, _ in lacking:
        needed |= {f"AttachedPoliciesPer{kind.title()}Quota"}
    return sorted(needed.difference(summary))


def deciding_principals(
    asked: Iterable[PrincipalKey], found: Mapping[PrincipalKey, Principal]
) -> dict[PrincipalKey, Principal]:
    """Those asked about who are there, and every group that they are in: whose policies decide."""
    those = {key: found[key] for key in asked if key in found}
    groups = (principal_key("group", name) for each in those.values() for name in each.groups or ())
    return {**those, **{key: found[key] for key in groups if key in found}}


def partial_set_policies(query: Query, found: Mapping[PrincipalKey, Principal]) -> frozenset[str]:
    """The policies of optional sets of which somebody has some and lacks others, and those that are asked for."""
    return query.documents.union(
        arn
        for key, sets in query.optional.items()
        for attached in ((key in found and found[key].attached) or frozenset[str](),)
        for policies in sets
        if policies & attached and policies - attached
        for arn in policies
    )


def managed_policy_arns(holders: Iterable[Principal]) -> frozenset[str]:
    """The managed policies that are attached to these, or bound them."""
    return frozenset(arn for each in holders for arn in (*(each.attached or ()), each.boundary) if arn)
