"""Reads users, groups and roles of a live account: each by its own calls, or all by a listing of the account."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any

from koding_audit.aws import iam
from koding_audit.aws.call import NO_SUCH_ENTITY
from koding_audit.aws.live_reads import PendingRead, ReadTracker
from koding_audit.aws.queries import EXISTENCE_FACTS, requested_principals
from koding_audit.model.account import PrincipalKey, PrincipalKind, principal_key
from koding_audit.model.errors import CallError
from koding_audit.model.fact_calls import LISTING_FACTS
from koding_audit.model.frozen import replace
from koding_audit.model.query import Fact, Query
from koding_audit.model.snapshot import Principal

# In the order in which they are read. The attached policies come first: they decide which policies to look up.
_PRINCIPAL_FACTS: Mapping[PrincipalKind, tuple[Fact, ...]] = {
    "group": (Fact.ATTACHED, Fact.GROUP, Fact.INLINE),
    "user": (Fact.ATTACHED, Fact.USER, Fact.GROUPS, Fact.INLINE),
    "role": (Fact.ATTACHED, Fact.ROLE, Fact.INLINE),
}

_LIST_FACTS: Mapping[str, Fact] = {"attached": Fact.ATTACHED, "inline": Fact.INLINE, "groups": Fact.GROUPS}


class TargetedReads:
    """Reads each requested principal by its own calls, all of them in parallel."""

    def __init__(self, tracker: ReadTracker, query: Query) -> None:
        self._tracker = tracker
        self._requested = list(requested_principals(query))
        self._absent: set[PrincipalKey] = set()
        self._pending: dict[tuple[PrincipalKey, Fact], PendingRead[Any]] = {}
        for position in range(len(_PRINCIPAL_FACTS["user"])):
            for kind, name, facts in self._requested:
                for fact in _PRINCIPAL_FACTS[kind][position : position + 1]:
                    if fact in facts:
                        self._pending[principal_key(kind, name), fact] = _start_fact(tracker, kind, name, fact, facts)

    def read_principals(self) -> dict[PrincipalKey, Principal]:
        """Waits for the reads and returns the principals that exist; a fact that could not be read is None."""
        pairs = ((principal_key(kind, name), self._read_principal(kind, name)) for kind, name, _ in self._requested)
        return {key: each for key, each in pairs if each is not None}

    def absent_principals(self) -> frozenset[PrincipalKey]:
        """Returns the requested principals that do not exist, after `read_principals`."""
        return frozenset(self._absent)

    def listed_kinds(self) -> frozenset[PrincipalKind]:
        """Returns the kinds whose complete list was read: none."""
        return frozenset()

    def inline_details(self) -> Mapping[str, Any]:
        """Returns the details of inline policies that were read with the principals: none."""
        return {}

    def _read_principal(self, kind: PrincipalKind, name: str) -> Principal | None:
        key = principal_key(kind, name)
        principal: Principal | None = None
        gone = False
        try:
            pending = self._pending[key, EXISTENCE_FACTS[kind]]
            principal = self._tracker.connection.result(pending.future, pending.call)
        except CallError as error:
            gone = error.code == NO_SUCH_ENTITY
            if gone:
                self._absent.add(key)
            else:
                self._tracker.record_gap(EXISTENCE_FACTS[kind], error, f"{kind}/{name}")
        attached, inline, groups = (
            self._tracker.result_or_gap(self._pending[key, fact], gone=gone) if (key, fact) in self._pending else None
            for fact in (Fact.ATTACHED, Fact.INLINE, Fact.GROUPS)
        )
        return replace(principal, attached=attached, inline=inline, groups=groups) if principal else None


class AccountListing:
    """Reads all principals by GetAccountAuthorizationDetails, 1,000 a page, and selects those that a query requires."""

    def __init__(self, tracker: ReadTracker, query: Query) -> None:
        self._tracker = tracker
        self._query = query
        kinds = tuple(kind for kind in EXISTENCE_FACTS if self._facts_of_list(kind))
        # Parallel lists, one for each kind, take as long as the longest; without threads, one call reads all kinds.
        batches = (kinds,) if tracker.connection.is_sequential and kinds else tuple((kind,) for kind in kinds)
        self._pending: dict[PrincipalKind, Future[dict[PrincipalKind, iam.AuthorizationDetails]]] = {}
        for batch in batches:
            self._pending |= dict.fromkeys(batch, self._start_list(batch))
        self._details: dict[PrincipalKind, iam.AuthorizationDetails | None] = {}

    def read_principals(self) -> dict[PrincipalKey, Principal]:
        """Waits for the lists and returns the principals that the query requires."""
        self._details = {kind: self._details_or_gap(kind, pending) for kind, pending in self._pending.items()}
        by_key = {principal_key(each.kind, each.name): each for each in self._all_principals()}
        if self._query.facts_of_all:
            return {key: self._restrict_principal(each, self._query.facts_of_all) for key, each in by_key.items()}
        requested = {principal_key(kind, name): facts for kind, name, facts in requested_principals(self._query)}
        return {
            key: self._restrict_principal(each, requested.get(key, frozenset()))
            for key, each in by_key.items()
            if key in requested or key[0] in self._query.listed
        }

    def absent_principals(self) -> frozenset[PrincipalKey]:
        """Returns the requested principals that are not in a list that was read."""
        read = {principal_key(each.kind, each.name) for each in self._all_principals()}
        known = (
            principal_key(kind, name)
            for kind, name, _ in requested_principals(self._query)
            if self._details.get(kind) is not None
        )
        return frozenset(key for key in known if key not in read)

    def listed_kinds(self) -> frozenset[PrincipalKind]:
        """Returns the kinds whose complete list was requested and read."""
        kinds = self._details if self._query.facts_of_all else self._query.listed
        return frozenset(kind for kind in kinds if self._details.get(kind) is not None)

    def inline_details(self) -> Mapping[str, Any]:
        """Returns the details of all inline policies in the lists, by `inline_document_key`."""
        found: dict[str, Any] = {}
        for details in self._details.values():
            found |= details.documents if details else {}
        return found

    def _all_principals(self) -> Iterator[Principal]:
        return (each for details in self._details.values() if details for each in details.principals)

    def _facts_of_list(self, kind: PrincipalKind) -> list[Fact]:
        """Returns the facts that need the list of a kind: requested principals, the complete list, or both."""
        members = any(Fact.MEMBERS in facts for facts in self._query.groups.values())
        query = self._query
        by_kind = {"group": query.groups, "user": query.users or members, "role": query.roles}
        needs_existence = by_kind[kind] or query.facts_of_all
        needs_listing = kind in self._query.listed
        return [
            fact
            for fact, is_needed in ((EXISTENCE_FACTS[kind], needs_existence), (LISTING_FACTS[kind], needs_listing))
            if is_needed
        ]

    def _start_list(self, kinds: tuple[PrincipalKind, ...]) -> Future[dict[PrincipalKind, iam.AuthorizationDetails]]:
        connection = self._tracker.connection
        return connection.submit(iam.list_authorization_details, connection, kinds)

    def _details_or_gap(
        self, kind: PrincipalKind, pending: Future[dict[PrincipalKind, iam.AuthorizationDetails]]
    ) -> iam.AuthorizationDetails | None:
        try:
            return self._tracker.connection.result(pending, "iam:GetAccountAuthorizationDetails")[kind]
        except CallError as error:
            for fact in self._facts_of_list(kind):
                self._tracker.record_gap(fact, error)
            return None

    def _restrict_principal(self, principal: Principal, facts: frozenset[Fact]) -> Principal:
        """Returns a principal with the requested facts only, as its own calls would return it; others are None."""
        changed: dict[str, Any] = {name: None for name, fact in _LIST_FACTS.items() if fact not in facts}
        if self._has_requested_members(principal, facts):
            changed["members"] = self._members_by_group.get(principal.name, frozenset())
        return replace(principal, **changed) if changed else principal

    def _has_requested_members(self, principal: Principal, facts: frozenset[Fact]) -> bool:
        return principal.kind == "group" and Fact.MEMBERS in facts and self._details.get("user") is not None

    @functools.cached_property
    def _members_by_group(self) -> Mapping[str, frozenset[str]]:
        users = self._details.get("user")
        return iam.members_by_group(users.principals if users else ())


def _start_fact(
    tracker: ReadTracker, kind: PrincipalKind, name: str, fact: Fact, facts: frozenset[Fact]
) -> PendingRead[Any]:
    connection, subject, title = tracker.connection, f"{kind}/{name}", kind.title()
    if fact is Fact.ATTACHED:
        read = partial(iam.list_attached_policies, connection, kind, name)
        return tracker.submit_read(fact, f"ListAttached{title}Policies", read, subject)
    if fact is Fact.INLINE:
        names = partial(iam.list_inline_policies, connection, kind, name)
        return tracker.submit_read(fact, f"List{title}Policies", names, subject)
    if fact is Fact.GROUPS:
        return tracker.submit_read(
            fact, "ListGroupsForUser", partial(iam.list_groups_of_user, connection, name), subject
        )
    principal = partial(iam.read_principal, connection, kind, name, members=Fact.MEMBERS in facts)
    return tracker.submit_read(fact, f"Get{title}", principal, subject)


def read_undeclared_groups(
    tracker: ReadTracker, query: Query, found: Mapping[PrincipalKey, Principal]
) -> dict[PrincipalKey, Principal]:
    """Reads the groups that the query does not name and that contain users whose permissions are decided."""
    users = [found[key] for key in query.effective if key in found and key[0] == "user"]
    names = {principal_key("group", name): name for user in users for name in user.groups or ()}
    unread = {key: name for key, name in names.items() if key not in found or found[key].attached is None}
    if not unread:
        return {}
    facts = frozenset({Fact.GROUP, Fact.ATTACHED, Fact.INLINE})
    return TargetedReads(tracker, Query(groups=dict.fromkeys(unread.values(), facts))).read_principals()
