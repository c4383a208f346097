"""Which documents apply to a principal before and after a plan, and the reads that are missing for that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from koding_audit.model.account import PRINCIPAL_KINDS, PrincipalKey, PrincipalKind, principal_key
from koding_audit.model.finding import Action
from koding_audit.model.frozen import replace
from koding_audit.model.plan import Plan
from koding_audit.model.query import Fact, Query
from koding_audit.model.snapshot import Principal, Snapshot, inline_document_key
from koding_audit.model.verb import Verb
from koding_audit.remediation.guards.effective_policies import EffectivePolicies, NamedDocument
from koding_audit.remediation.guards.holders import PolicyHolder
from koding_audit.remediation.plan import action_policy_arn

RequiredRead = tuple[Literal["user", "group", "role", "members", "document", "organization"], str]
"""One thing to read: a principal with its policies, the members of a group, or a document; then its name.

A document has its name in Snapshot.documents. The account's place in its organization has none.
"""

_FACTS: Mapping[PrincipalKind, frozenset[Fact]] = {
    "user": frozenset({Fact.USER, Fact.ATTACHED, Fact.INLINE, Fact.GROUPS}),
    "group": frozenset({Fact.GROUP, Fact.ATTACHED, Fact.INLINE}),
    "role": frozenset({Fact.ROLE, Fact.ATTACHED, Fact.INLINE}),
}


def required_reads_query(required: Iterable[RequiredRead], known: Snapshot) -> Query:
    """The query for these reads. A policy whose default version is known is not read again, only its document."""
    reads = tuple(required)
    principals = {kind: {name: _FACTS[kind] for what, name in reads if what == kind} for kind in PRINCIPAL_KINDS}
    members = {name: frozenset({Fact.GROUP, Fact.MEMBERS}) for what, name in reads if what == "members"}
    groups = {name: facts | members.get(name, frozenset()) for name, facts in principals["group"].items()}
    versions = {arn: each.default_version for arn, each in known.policies.items() if each is not None}
    return Query(
        users=principals["user"],
        groups={**members, **groups},
        roles=principals["role"],
        account=frozenset({Fact.ORGANIZATION} if any(what == "organization" for what, _ in reads) else ()),
        document_versions={name: versions.get(name, "") for what, name in reads if what == "document"},
    )


def merge_snapshots(known: Snapshot, found: Snapshot) -> Snapshot:
    """The known snapshot with the results of further reads."""
    principals = dict(known.principals)
    for key, each in found.principals.items():
        principals[key] = _merge_principals(principals[key], each) if key in principals else each
    place = found.organization
    known_place = replace(
        known.organization, id=place.id, management_account=place.management_account, delegated=place.delegated
    )
    return replace(
        known,
        principals=principals,
        absent=known.absent | found.absent,
        documents={**known.documents, **found.documents},
        gaps=(*known.gaps, *found.gaps),
        organization=known.organization if place.id is None else known_place,
    )


def _merge_principals(earlier: Principal, later: Principal) -> Principal:
    """The later result; lists that it lacks come from the earlier one."""
    return replace(
        later,
        attached=earlier.attached if later.attached is None else later.attached,
        inline=earlier.inline if later.inline is None else later.inline,
        groups=earlier.groups if later.groups is None else later.groups,
        members=earlier.members if later.members is None else later.members,
    )


def snapshot_after(known: Snapshot, plan: Plan) -> Snapshot:
    """The account after all steps of the plan, as far as it is known."""
    for step in plan.steps:
        known = _apply_action(known, step.action)
    return known


def target_principal(action: Action) -> tuple[PrincipalKind, str] | None:
    """The principal that an action gives to or takes from: the user of a membership; None for a managed policy."""
    names = action.principal_names
    if "user" in names:
        return "user", names["user"]
    return next(iter(names.items()), None)


def inline_document_name(snapshot: Snapshot, action: Action) -> str:
    """The name of an action's inline policy in Snapshot.documents."""
    kind, name = target_principal(action) or ("user", "")
    live = snapshot.principals.get(principal_key(kind, name))
    return f"{kind}/{live.name if live else name}/{action.parameters['PolicyName']}"


def _apply_action(known: Snapshot, action: Action) -> Snapshot:
    parameters, spec = action.parameters, action.spec
    if spec.entity == "policy":
        return _apply_to_policy(known, action)
    kind, name = target_principal(action) or ("user", "")
    key = principal_key(kind, name)
    if spec.effect == "create":
        arn = known.account.arn(kind, name, parameters.get("Path", "/"))
        empty: frozenset[str] = frozenset()
        created = Principal(kind, name, arn, "", parameters.get("Path", "/"), empty, empty, empty)
        created = replace(created, boundary=parameters.get("PermissionsBoundary", ""))
        return replace(known, principals={**known.principals, key: created})
    if spec.effect == "delete":
        rest = {each: live for each, live in known.principals.items() if each != key}
        return replace(known, principals=rest, absent=known.absent | {key})
    documents = dict(known.documents)
    if "PolicyDocument" in parameters:
        documents[inline_document_name(known, action)] = parameters["PolicyDocument"]
    live = known.principals.get(key)
    principals = known.principals if live is None else {**known.principals, key: _apply_to_principal(live, action)}
    return replace(known, principals=principals, documents=documents)


def _apply_to_policy(known: Snapshot, action: Action) -> Snapshot:
    parameters, arn = action.parameters, action_policy_arn(action, known.account)
    documents = dict(known.documents)
    if action.verb is Verb.CREATE_POLICY or parameters.get("SetAsDefault"):
        documents[arn] = parameters["PolicyDocument"]
    elif action.verb is Verb.SET_DEFAULT_POLICY_VERSION and f"{arn}@{parameters['VersionId']}" in documents:
        documents[arn] = documents[f"{arn}@{parameters['VersionId']}"]
    return replace(known, documents=documents)


def _apply_to_principal(live: Principal, action: Action) -> Principal:
    """A principal after an attachment, a membership or an inline policy was added or taken away."""
    parameters, part, adds = action.parameters, action.spec.part, not action.spec.is_removal
    if part == "attachment":
        return replace(live, attached=_add_or_remove(live.attached, parameters["PolicyArn"], adds=adds))
    if part == "inline":
        name, inline = parameters["PolicyName"], live.inline
        if inline is not None and adds:
            # Whether IAM takes a name in another case for the same policy is not documented: if so, this overwrites it.
            inline = frozenset(each for each in inline if each.casefold() != name.casefold())
        return replace(live, inline=_add_or_remove(inline, name, adds=adds))
    return replace(live, groups=_add_or_remove(live.groups, parameters["GroupName"], adds=adds))


def _add_or_remove(items: frozenset[str] | None, item: str, *, adds: bool) -> frozenset[str] | None:
    """The items with this one added or removed; None if they were not read."""
    if items is None:
        return None
    return items | {item} if adds else items - {item}


@dataclass
class Entitlements:
    """Which documents apply to a principal in one state of the account.

    snapshot: the state.
    required_reads: what a method needed and the snapshot lacks; it grows with each call.
    """

    snapshot: Snapshot
    required_reads: set[RequiredRead] = field(default_factory=set)

    def principal(self, kind: PrincipalKind, name: str) -> Principal | None:
        """A principal; None if it does not exist or was not read."""
        key, snapshot = principal_key(kind, name), self.snapshot
        live = snapshot.principals.get(key)
        unread = live is None and key not in snapshot.absent and kind not in snapshot.listed
        incomplete = live is not None and (live.attached is None or live.inline is None)
        lacks_groups = live is not None and kind == "user" and live.groups is None
        if unread or incomplete or lacks_groups:
            self.required_reads.add((kind, live.name if live else name))
        return live

    def member_names(self, group: str) -> Iterator[str]:
        key = principal_key("group", group)
        live = self.snapshot.principals.get(key)
        unread = live is None and key not in self.snapshot.absent and "group" not in self.snapshot.listed
        if unread or (live is not None and live.members is None):
            self.required_reads.add(("members", live.name if live else group))
        yield from sorted((live and live.members) or ())

    def documents(self, names: Iterable[str]) -> tuple[NamedDocument, ...]:
        """The documents of these names, without those that were not read."""
        found = []
        for name in sorted(names):
            text = self.snapshot.documents.get(name)
            if text is None:
                self.required_reads.add(("document", name))
            else:
                found.append(NamedDocument(name, text))
        return tuple(found)

    def own_documents(self, kind: PrincipalKind, name: str) -> tuple[NamedDocument, ...]:
        """The attached and inline policies of a principal itself, without those of its groups."""
        return self.documents(self.document_names(kind, name))

    def document_names(self, kind: PrincipalKind, name: str) -> frozenset[str]:
        live = self.principal(kind, name)
        if live is None:
            return frozenset()
        return frozenset((*(live.attached or ()), *(inline_document_key(live, each) for each in live.inline or ())))

    def group_names(self, kind: PrincipalKind, name: str) -> tuple[str, ...]:
        live = self.principal(kind, name)
        return tuple(sorted((live and live.groups) or ()))

    def effective_policies(self, kind: PrincipalKind, name: str) -> EffectivePolicies:
        """All policies that decide what a user, a role, or a member of a group may do."""
        live = self.principal(kind, name)
        holders: list[tuple[PrincipalKind, str]] = [
            (kind, name),
            *(("group", each) for each in self.group_names(kind, name)),
        ]
        identity = frozenset(each for holder in holders for each in self.document_names(*holder))
        boundary = self.documents([live.boundary]) if live is not None and live.boundary else ()
        known = self.snapshot.organization
        levels = tuple(tuple(NamedDocument(each.name, each.document) for each in level) for level in known.scps or ())
        return EffectivePolicies(self.documents(identity), next(iter(boundary), None), levels, known.management_account)

    def holder(self, kind: PrincipalKind, name: str) -> PolicyHolder:
        """The holder of a principal's policies; for a group that is any member."""
        if kind == "group":
            return PolicyHolder("user")
        live = self.snapshot.principals.get(principal_key(kind, name))
        return PolicyHolder(kind, live.name, live.arn, live.unique_id) if live else PolicyHolder(kind, name)

    def known_roles(self) -> Iterator[Principal]:
        """The roles whose policies were read."""
        for each in self.snapshot.principals.values():
            if each.kind == "role" and each.attached is not None and each.inline is not None:
                yield each

    def holder_keys(self, kind: PrincipalKind, name: str) -> frozenset[PrincipalKey]:
        """A principal and the groups that it is in."""
        return frozenset(
            (principal_key(kind, name), *(principal_key("group", each) for each in self.group_names(kind, name)))
        )
