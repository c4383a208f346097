"""Who holds which documents before and after a plan, and what would have to be read to know that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from koding_audit.frozen import replace
from koding_audit.guards.administration import Bearing, Holder, Text
from koding_audit.model import (
    Action,
    Fact,
    Kind,
    Plan,
    Principal,
    PrincipalKey,
    Query,
    Snapshot,
    Verb,
    document_key,
    key_of,
)
from koding_audit.plan import policy_arn

Need = tuple[Literal["user", "group", "role", "members", "document"], str]
"""Something to read: what a principal of this name holds, who is in a group, a document as in Snapshot.documents."""

KINDS: tuple[Kind, ...] = ("group", "user", "role")
_FACTS: Mapping[Kind, frozenset[Fact]] = {
    "user": frozenset({Fact.USER, Fact.ATTACHED, Fact.INLINE, Fact.GROUPS}),
    "group": frozenset({Fact.GROUP, Fact.ATTACHED, Fact.INLINE}),
    "role": frozenset({Fact.ROLE, Fact.ATTACHED, Fact.INLINE}),
}


def query(needs: Iterable[Need], known: Snapshot) -> Query:
    """What to read. A policy whose default version is known is not looked up again."""
    needs = tuple(needs)
    principals = {kind: {name: _FACTS[kind] for what, name in needs if what == kind} for kind in KINDS}
    members = {name: frozenset({Fact.GROUP, Fact.MEMBERS}) for what, name in needs if what == "members"}
    groups = {name: facts | members.get(name, frozenset()) for name, facts in principals["group"].items()}
    versions = {arn: each.default_version for arn, each in known.policies.items() if each is not None}
    return Query(
        users=principals["user"],
        groups={**members, **groups},
        roles=principals["role"],
        texts={name: versions.get(name, "") for what, name in needs if what == "document"},
    )


def merged(known: Snapshot, found: Snapshot) -> Snapshot:
    """What is known, with what was read besides."""
    principals = dict(known.principals)
    for key, each in found.principals.items():
        principals[key] = _fuller(principals[key], each) if key in principals else each
    return replace(
        known,
        principals=principals,
        absent=known.absent | found.absent,
        documents={**known.documents, **found.documents},
        gaps=(*known.gaps, *found.gaps),
    )


def _fuller(one: Principal, other: Principal) -> Principal:
    """The later reading, with what only the one before it has."""
    return replace(
        other,
        attached=one.attached if other.attached is None else other.attached,
        inline=one.inline if other.inline is None else other.inline,
        groups=one.groups if other.groups is None else other.groups,
        members=one.members if other.members is None else other.members,
    )


def after(known: Snapshot, plan: Plan) -> Snapshot:
    """The account when every step of the plan is done, as far as it is known."""
    for step in plan.steps:
        known = _done(known, step.action)
    return known


def named(action: Action) -> tuple[Kind, str] | None:
    """Whom an action gives something to, or takes it from: of a membership the user; None: it is about a policy."""
    given = action.parameters
    if "UserName" in given:
        return "user", given["UserName"]
    return next(((kind, given[f"{kind.title()}Name"]) for kind in KINDS if f"{kind.title()}Name" in given), None)


def inline_name(snapshot: Snapshot, action: Action) -> str:
    """How the inline policy that an action is about is found among the documents."""
    kind, name = named(action) or ("user", "")
    live = snapshot.principals.get(key_of(kind, name))
    return f"{kind}/{live.name if live else name}/{action.parameters['PolicyName']}"


def _done(known: Snapshot, action: Action) -> Snapshot:
    given, verb = action.parameters, action.verb
    if action.entity[0] == "policy":
        return _written(known, action)
    kind, name = named(action) or ("user", "")
    key = key_of(kind, name)
    if verb in (Verb.CREATE_USER, Verb.CREATE_GROUP):
        arn = known.account.arn(kind, name, given.get("Path", "/"))
        nothing: frozenset[str] = frozenset()
        made = Principal(kind, name, arn, "", given.get("Path", "/"), nothing, nothing, nothing)
        return replace(known, principals={**known.principals, key: made})
    if verb in (Verb.DELETE_USER, Verb.DELETE_GROUP):
        left = {each: live for each, live in known.principals.items() if each != key}
        return replace(known, principals=left, absent=known.absent | {key})
    documents = dict(known.documents)
    if "PolicyDocument" in given:
        documents[inline_name(known, action)] = given["PolicyDocument"]
    live = known.principals.get(key)
    principals = known.principals if live is None else {**known.principals, key: _changed(live, action)}
    return replace(known, principals=principals, documents=documents)


def _written(known: Snapshot, action: Action) -> Snapshot:
    given, arn = action.parameters, policy_arn(action, known.account)
    documents = dict(known.documents)
    if action.verb is Verb.CREATE_POLICY or given.get("SetAsDefault"):
        documents[arn] = given["PolicyDocument"]
    elif action.verb is Verb.SET_DEFAULT_POLICY_VERSION and f"{arn}@{given['VersionId']}" in documents:
        documents[arn] = documents[f"{arn}@{given['VersionId']}"]
    return replace(known, documents=documents)


def _changed(live: Principal, action: Action) -> Principal:
    """A principal after an attachment, a membership or an inline policy was added or taken away."""
    given, adds = action.parameters, action.verb.value.startswith(("Attach", "Put", "Add"))
    if "PolicyArn" in given:
        return replace(live, attached=_moved(live.attached, given["PolicyArn"], adds=adds))
    if "PolicyName" in given:
        return replace(live, inline=_moved(live.inline, given["PolicyName"], adds=adds))
    return replace(live, groups=_moved(live.groups, given["GroupName"], adds=adds))


def _moved(held: frozenset[str] | None, what: str, *, adds: bool) -> frozenset[str] | None:
    if held is None:
        return None
    return held | {what} if adds else held - {what}


@dataclass
class Holdings:
    """One state of the account. needs: grows with what is asked about and is not known."""

    snapshot: Snapshot
    needs: set[Need] = field(default_factory=set)

    def principal(self, kind: Kind, name: str) -> Principal | None:
        """What a principal holds; None where there is none, or it was not read."""
        key, snapshot = key_of(kind, name), self.snapshot
        live = snapshot.principals.get(key)
        unread = live is None and key not in snapshot.absent and kind not in snapshot.listed
        partly = live is not None and (live.attached is None or live.inline is None)
        groupless = live is not None and kind == "user" and live.groups is None
        if unread or partly or groupless:
            self.needs.add((kind, live.name if live else name))
        return live

    def members(self, group: str) -> Iterator[str]:
        live = self.snapshot.principals.get(key_of("group", group))
        if live is not None and live.members is None:
            self.needs.add(("members", live.name))
        yield from sorted((live and live.members) or ())

    def texts(self, names: Iterable[str]) -> tuple[Text, ...]:
        """The documents of these names, without those that were not read."""
        found = []
        for name in sorted(names):
            text = self.snapshot.documents.get(name)
            if text is None:
                self.needs.add(("document", name))
            else:
                found.append(Text(name, text))
        return tuple(found)

    def own(self, kind: Kind, name: str) -> tuple[Text, ...]:
        """What is attached to and written into a principal itself."""
        return self.texts(self.names(kind, name))

    def names(self, kind: Kind, name: str) -> frozenset[str]:
        live = self.principal(kind, name)
        if live is None:
            return frozenset()
        return frozenset((*(live.attached or ()), *(document_key(live, each) for each in live.inline or ())))

    def groups(self, kind: Kind, name: str) -> tuple[str, ...]:
        live = self.principal(kind, name)
        return tuple(sorted((live and live.groups) or ()))

    def bearing(self, kind: Kind, name: str) -> Bearing:
        """All that decides what a user or a role, or a group's members as such, may do."""
        live = self.principal(kind, name)
        holders: list[tuple[Kind, str]] = [(kind, name), *(("group", each) for each in self.groups(kind, name))]
        identity = frozenset(each for holder in holders for each in self.names(*holder))
        boundary = self.texts([live.boundary]) if live is not None and live.boundary else ()
        known = self.snapshot.organization
        levels = tuple(tuple(Text(each.name, each.document) for each in level) for level in known.scps or ())
        return Bearing(self.texts(identity), next(iter(boundary), None), levels, known.management_account)

    def holder(self, kind: Kind, name: str) -> Holder:
        """Who asks. Of a group it is any member."""
        if kind == "group":
            return Holder()
        live = self.snapshot.principals.get(key_of(kind, name))
        return Holder(kind, live.name, live.arn, live.unique_id) if live else Holder(kind, name)

    def holders_keys(self, kind: Kind, name: str) -> frozenset[PrincipalKey]:
        """A principal and the groups that it is in."""
        return frozenset((key_of(kind, name), *(key_of("group", each) for each in self.groups(kind, name))))
