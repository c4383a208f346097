"""The desired state: policy sets, groups, users, roles, waivers, targets and guards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import date
from typing import Literal

from koding_audit.model.account import Account, EntityKey, PrincipalKey, PrincipalKind, principal_key
from koding_audit.model.frozen import dataclass, replace
from koding_audit.model.location import Location, Reference, SourceFile
from koding_audit.model.stack import Stack

# --- the desired state ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """A policy document that a file gives: JSON with sorted keys; until Desired.bind it may hold what an ARN may."""

    text: str
    location: Location


@dataclass(frozen=True, slots=True)
class PolicyRef:
    """A managed policy by its ARN; until Desired.bind the ARN may hold ${partition} and ${account}.

    version: the default version that an AWS managed policy is pinned to, `v5`; document: what an own policy is to say.
    """

    arn: str
    location: Location
    version: str = ""
    document: PolicyDocument | None = None


@dataclass(frozen=True, slots=True)
class RequiredAction:
    """Something that a set is for. resource: an ARN, `*` for any; context: condition keys and their values."""

    action: str
    location: Location
    resource: str = "*"
    context: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class PolicySet:
    name: str
    location: Location
    policies: tuple[PolicyRef, ...]
    description: str = ""
    actions: tuple[RequiredAction, ...] = ()


@dataclass(frozen=True, slots=True)
class Boundary:
    """The permissions boundary a user or role is to have; policy None means that there is to be none."""

    policy: PolicyRef | None
    location: Location


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """What a user's access keys are held to; None means that nothing is said. `forbidden` is max_active 0."""

    location: Location
    min_active: int | None = None
    max_active: int | None = None
    max_age_days: int | None = None
    unused_days: int | None = None


@dataclass(frozen=True, slots=True)
class DesiredGroup:
    """A group as the file wants it. Its members are the users that name it in `groups` (Desired.members_of).

    targets: the names of those in whose accounts it holds; () for everywhere, as of users, roles and waivers.
    """

    name: str
    location: Location
    path: str | None = None
    required: tuple[Reference, ...] = ()
    optional: tuple[Reference, ...] = ()
    inline: Mapping[str, PolicyDocument] = field(default_factory=dict)
    exclusive: bool = False
    owner: str = ""
    managed_by: str = ""
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DesiredUser:
    """A user as the file wants it; `groups` joins its own list and every `members` list that names it."""

    name: str
    location: Location
    path: str | None = None
    groups: tuple[Reference, ...] = ()
    required: tuple[Reference, ...] = ()
    optional: tuple[Reference, ...] = ()
    inline: Mapping[str, PolicyDocument] = field(default_factory=dict)
    boundary: Boundary | None = None
    access_keys: KeyLimits | None = None
    console: Reference | None = None
    exclusive: bool = False
    owner: str = ""
    managed_by: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DesiredRole:
    """A role as the file wants it; trust: who may assume it, None where the file says nothing of that."""

    name: str
    location: Location
    path: str | None = None
    required: tuple[Reference, ...] = ()
    optional: tuple[Reference, ...] = ()
    inline: Mapping[str, PolicyDocument] = field(default_factory=dict)
    boundary: Boundary | None = None
    trust: PolicyDocument | None = None
    exclusive: bool = False
    owner: str = ""
    managed_by: str = ""
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RootExpectation:
    """What is expected of the account's root user; source is None where the file says nothing of root."""

    access_keys: Literal["forbidden", "allowed"] = "forbidden"
    mfa: Literal["required", "any"] = "required"
    unused_days: int = 30
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Ignore:
    """Principals that are never looked at. In pattern only `*` is special, and it matches any text."""

    kind: PrincipalKind
    pattern: str
    reason: str
    location: Location


@dataclass(frozen=True, slots=True)
class Waiver:
    """Findings of a rule that somebody accepts until a day.

    subject: a pattern of `group/Developers` or of an ARN; policy: of an ARN, of an inline policy by its name; `*` where
    nothing is said. Only `*` is special in them. Until Desired.bind they may hold ${partition} and ${account}.
    expires: the last day, in UTC, on which it holds. source: None where a report does not say it.
    """

    rule: str
    reason: str
    owner: str
    expires: date
    subject: str = "*"
    policy: str = "*"
    location: Location | None = None
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """Accounts that are audited through a role of the same name in each.

    accounts: their ids; or units: ids of organizational units and roots, with all that is below them, and tags: what
    an account has to be tagged with; exclude: ids that are left out. role: its path and name, `team/audit`.
    """

    name: str
    location: Location
    role: str
    accounts: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    exclude: frozenset[str] = frozenset()
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Guards:
    """What the `guards.yaml` files beside a desired state say, added up: the stricter wins.

    protected: who is never written to, `user/NAME`, by key; forbidden: policies that nothing attaches or writes;
    max_changes: the most changes that a plan may have, and where that is said.
    """

    files: tuple[SourceFile, ...] = ()
    protected: Mapping[PrincipalKey, Reference] = field(default_factory=dict)
    forbidden: tuple[PolicyRef, ...] = ()
    max_changes: tuple[int, Location] | None = None


@dataclass(frozen=True, slots=True)
class Desired:
    """One desired state, from one or several files.

    files: those read, the guards' behind the others; policy_sets, groups, users and roles are in the order of the
    files, keyed by their exact name; closed holds the kinds of which every live principal must be declared.
    stacks: the scripts that somebody is to be able to build, for the account that it is bound to; builder: who, by kind
    and exact name.
    """

    files: tuple[SourceFile, ...]
    policy_sets: Mapping[str, PolicySet]
    groups: Mapping[str, DesiredGroup]
    users: Mapping[str, DesiredUser]
    root: RootExpectation = RootExpectation()
    account_ids: tuple[str, ...] = ()
    account_source: Location | None = None
    partition: str | None = None
    closed: Mapping[PrincipalKind, Location] = field(default_factory=dict)
    ignore: tuple[Ignore, ...] = ()
    strict: bool = False
    roles: Mapping[str, DesiredRole] = field(default_factory=dict)
    stacks: tuple[Stack, ...] = ()
    builder: tuple[PrincipalKind, str] | None = None
    guards: Guards = Guards()
    waivers: tuple[Waiver, ...] = ()
    targets: Mapping[str, Target] = field(default_factory=dict)

    def bind(self, account: Account) -> Desired:
        """The same desired state with each ARN and document written out for this account."""
        bound = _Binding(account)
        return replace(
            self,
            policy_sets={name: bound.bind_policy_set(each) for name, each in self.policy_sets.items()},
            groups={name: replace(each, inline=bound.bind_inline(each.inline)) for name, each in self.groups.items()},
            users={name: bound.bind_user(each) for name, each in self.users.items()},
            roles={name: bound.bind_role(each) for name, each in self.roles.items()},
            guards=replace(self.guards, forbidden=tuple(map(bound.bind_policy, self.guards.forbidden))),
            waivers=tuple(map(bound.bind_waiver, self.waivers)),
        )


@dataclass(frozen=True, slots=True)
class _Binding:
    account: Account

    def bind_text(self, text: str) -> str:
        return text.replace("${partition}", self.account.partition).replace("${account}", self.account.id)

    def bind_document(self, document: PolicyDocument | None) -> PolicyDocument | None:
        return document and replace(document, text=self.bind_text(document.text))

    def bind_policy(self, ref: PolicyRef) -> PolicyRef:
        return replace(ref, arn=self.bind_text(ref.arn), document=self.bind_document(ref.document))

    def bind_policy_set(self, each: PolicySet) -> PolicySet:
        actions = tuple(replace(one, resource=self.bind_text(one.resource)) for one in each.actions)
        return replace(each, policies=tuple(map(self.bind_policy, each.policies)), actions=actions)

    def bind_inline(self, policies: Mapping[str, PolicyDocument]) -> Mapping[str, PolicyDocument]:
        return {name: replace(each, text=self.bind_text(each.text)) for name, each in policies.items()}

    def bind_boundary(self, boundary: Boundary | None) -> Boundary | None:
        if boundary is None or boundary.policy is None:
            return boundary
        return Boundary(self.bind_policy(boundary.policy), boundary.location)

    def bind_user(self, user: DesiredUser) -> DesiredUser:
        # Of thousands of users most have nothing to write out.
        if not user.inline and user.boundary is None:
            return user
        return replace(user, inline=self.bind_inline(user.inline), boundary=self.bind_boundary(user.boundary))

    def bind_waiver(self, waiver: Waiver) -> Waiver:
        return replace(waiver, subject=self.bind_text(waiver.subject), policy=self.bind_text(waiver.policy))

    def bind_role(self, role: DesiredRole) -> DesiredRole:
        inline, boundary = self.bind_inline(role.inline), self.bind_boundary(role.boundary)
        return replace(role, inline=inline, boundary=boundary, trust=self.bind_document(role.trust))


def managing_tools(desired: Desired) -> dict[EntityKey, str]:
    """Whom another tool manages, and its name as the file says it: their fixes are shown, and never written."""
    groups = ((principal_key("group", each.name), each.managed_by) for each in desired.groups.values())
    users = ((principal_key("user", each.name), each.managed_by) for each in desired.users.values())
    roles = ((principal_key("role", each.name), each.managed_by) for each in desired.roles.values())
    return {key: tool for key, tool in (*groups, *users, *roles) if tool}
