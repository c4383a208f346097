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


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """A policy document of a file.

    text: JSON with sorted keys; until Desired.bind it may contain ${partition} and ${account}.
    location: its place.
    """

    text: str
    location: Location


@dataclass(frozen=True, slots=True)
class PolicyRef:
    """A reference to a managed policy.

    arn: until Desired.bind it may contain ${partition} and ${account}.
    location: the place of the reference.
    version: the default version that an AWS managed policy is pinned to, `v5`; "" if it is not pinned.
    document: the declared document of a customer managed policy.
    """

    arn: str
    location: Location
    version: str = ""
    document: PolicyDocument | None = None


@dataclass(frozen=True, slots=True)
class RequiredAction:
    """An action that a policy set must allow.

    action: `ec2:RunInstances`.
    location: its place.
    resource: an ARN, `*` for any.
    context: condition keys with their values.
    """

    action: str
    location: Location
    resource: str = "*"
    context: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Managed policies that belong together.

    name: its name.
    location: the place of its name.
    policies: the managed policies.
    description: what it is for.
    actions: the actions that it must allow.
    """

    name: str
    location: Location
    policies: tuple[PolicyRef, ...]
    description: str = ""
    actions: tuple[RequiredAction, ...] = ()


@dataclass(frozen=True, slots=True)
class Boundary:
    """The permissions boundary that a user or role must have.

    policy: None means that it must not have one.
    location: its place.
    """

    policy: PolicyRef | None
    location: Location


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """The limits for a user's access keys; None means no limit, and `forbidden` is max_active 0.

    location: their place.
    min_active: the smallest number of active keys.
    max_active: the largest number of active keys.
    max_age_days: the largest age of an active key, in days.
    unused_days: an active key not used for so many days is a finding.
    """

    location: Location
    min_active: int | None = None
    max_active: int | None = None
    max_age_days: int | None = None
    unused_days: int | None = None


@dataclass(frozen=True, slots=True)
class DesiredGroup:
    """A declared group. Its members are the users that name it in `groups`.

    path: None if any path is accepted.
    required: the policy sets that must be attached.
    optional: the policy sets that may be attached.
    inline: the inline policies, by name.
    exclusive: whether any other attachment, inline policy or member is a finding.
    owner: free text for reports.
    managed_by: another tool that manages it, "" for none.
    targets: the names of the targets in whose accounts it is declared; () for all accounts, also for users, roles and
        waivers.
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
    """A declared user. The fields that it shares with a group have the same meaning.

    groups: its own list and every group whose `members` name it.
    boundary: None if the file does not declare one.
    access_keys: None if there are no limits.
    console: `forbidden`, `mfa` or `any`; None if it is not declared.
    tags: the tags for a user that is created.
    """

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
    """A declared role. The fields that it shares with a user have the same meaning.

    trust: the trust policy; None if the file does not declare one.
    """

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
    """The expected state of the account's root user.

    access_keys: whether it may have access keys.
    mfa: whether it must have MFA.
    unused_days: use within so many days is a finding.
    location: None if the file does not declare it.
    """

    access_keys: Literal["forbidden", "allowed"] = "forbidden"
    mfa: Literal["required", "any"] = "required"
    unused_days: int = 30
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Ignore:
    """Principals that are not audited.

    kind: their kind.
    pattern: a name in which `*` matches any text; nothing else is special.
    reason: free text.
    location: its place.
    """

    kind: PrincipalKind
    pattern: str
    reason: str
    location: Location


@dataclass(frozen=True, slots=True)
class Waiver:
    """Accepts the findings of a rule until a day.

    rule: the id of the rule.
    reason: free text.
    owner: who is responsible.
    expires: the last day, in UTC, on which it is valid.
    subject: a pattern for `group/Developers` or an ARN; `*` for any. Only `*` is special.
    policy: a pattern for an ARN or for the name of an inline policy; `*` for any. Until Desired.bind, subject and
        policy may contain ${partition} and ${account}.
    location: None if a saved report does not contain it.
    targets: as of a group.
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

    name: its name.
    location: the place of its name.
    role: the path and name of the role, `team/audit`.
    accounts: their ids; () if they are selected by units and tags.
    units: the ids of organizational units and roots, including everything below them.
    tags: the tags that an account must have.
    exclude: ids of accounts that are left out.
    external_id: the external id for sts:AssumeRole, "" for none.
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
    """The combined guards of the `guards.yaml` files beside a desired state; the stricter limit applies.

    files: the files.
    protected: principals that no plan changes, `user/NAME`, by key.
    forbidden: policies that no plan attaches or writes.
    max_changes: the largest number of changes in a plan, and its place; None for no limit.
    """

    files: tuple[SourceFile, ...] = ()
    protected: Mapping[PrincipalKey, Reference] = field(default_factory=dict)
    forbidden: tuple[PolicyRef, ...] = ()
    max_changes: tuple[int, Location] | None = None


@dataclass(frozen=True, slots=True)
class Desired:
    """One desired state, from one or several files. Mappings are by exact name, in the order of the files.

    files: the files that were read, guards last.
    policy_sets: the policy sets.
    groups: the declared groups.
    users: the declared users.
    root: the expected state of the root user.
    account_ids: the accounts that it is for; () for any.
    account_source: the place of `account`.
    partition: the partition that it is for; None for any.
    closed: the kinds of which every live principal must be declared, with the place of each.
    ignore: the principals that are not audited.
    strict: whether a policy layer that was not read makes a verdict unknown.
    roles: the declared roles.
    stacks: the stack scripts that the builder must be able to build, for the account that it is bound to.
    builder: the principal that builds the stacks, by kind and exact name.
    guards: the guards beside the files.
    waivers: the accepted findings.
    targets: the accounts to audit.
    account_targets: the targets whose declarations are left, of one account.
    enabled_sets: the optional sets that count as required.
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
    account_targets: tuple[str, ...] = ()
    enabled_sets: tuple[str, ...] = ()

    def bind(self, account: Account) -> Desired:
        """Replace ${partition} and ${account} in each ARN and document by those of this account."""
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
        # Most of thousands of users have nothing to replace.
        if not user.inline and user.boundary is None:
            return user
        return replace(user, inline=self.bind_inline(user.inline), boundary=self.bind_boundary(user.boundary))

    def bind_waiver(self, waiver: Waiver) -> Waiver:
        return replace(waiver, subject=self.bind_text(waiver.subject), policy=self.bind_text(waiver.policy))

    def bind_role(self, role: DesiredRole) -> DesiredRole:
        inline, boundary = self.bind_inline(role.inline), self.bind_boundary(role.boundary)
        return replace(role, inline=inline, boundary=boundary, trust=self.bind_document(role.trust))


def managing_tools(desired: Desired) -> dict[EntityKey, str]:
    """The entities that another tool manages, with the tool's name: their fixes are shown, but not written."""
    groups = ((principal_key("group", each.name), each.managed_by) for each in desired.groups.values())
    users = ((principal_key("user", each.name), each.managed_by) for each in desired.users.values())
    roles = ((principal_key("role", each.name), each.managed_by) for each in desired.roles.values())
    return {key: tool for key, tool in (*groups, *users, *roles) if tool}
