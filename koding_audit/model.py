"""Every value that crosses a module boundary: frozen, made of facts, without behaviour beyond its own fields.

Names of API actions, parameters and entities are IAM's own. Times are aware datetimes in UTC.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from koding_audit.frozen import dataclass, replace

if TYPE_CHECKING:
    from koding_audit.errors import AuditError

Kind = Literal["user", "group", "role"]
Severity = Literal["error", "warning", "note"]
FindingStatus = Literal["open", "fixed", "failed", "pending", "waived"]
Outcome = Literal["started", "done", "failed", "skipped", "pending", "unknown"]
RunStatus = Literal["clean", "findings", "incomplete"]
Change = Literal["add", "create", "replace"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


# --- where something was written -------------------------------------------------------------


class Source(NamedTuple):
    """A place in a file: line and column count from 1. Of a large file there are a hundred thousand."""

    path: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that was read, as the user named it, with the SHA-256 of its bytes in hex."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A name written in a file: a set in `required`, a group in `groups`, a user in `members`."""

    name: str
    source: Source


# --- the desired state ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """A policy document that a file gives: JSON with sorted keys; until Desired.bind it may hold what an ARN may."""

    text: str
    source: Source


@dataclass(frozen=True, slots=True)
class PolicyRef:
    """A managed policy by its ARN; until Desired.bind the ARN may hold ${partition} and ${account}.

    version: the default version that an AWS managed policy is pinned to, `v5`; document: what an own policy is to say.
    """

    arn: str
    source: Source
    version: str = ""
    document: PolicyDocument | None = None


@dataclass(frozen=True, slots=True)
class RequiredAction:
    """Something that a set is for. resource: an ARN, `*` for any; context: condition keys and their values."""

    action: str
    source: Source
    resource: str = "*"
    context: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class PolicySet:
    name: str
    source: Source
    policies: tuple[PolicyRef, ...]
    description: str = ""
    actions: tuple[RequiredAction, ...] = ()


@dataclass(frozen=True, slots=True)
class Boundary:
    """The permissions boundary a user or role is to have; policy None means that there is to be none."""

    policy: PolicyRef | None
    source: Source


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """What a user's access keys are held to; None means that nothing is said. `forbidden` is max_active 0."""

    source: Source
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
    source: Source
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
    source: Source
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
    source: Source
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
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Ignore:
    """Principals that are never looked at. In pattern only `*` is special, and it matches any text."""

    kind: Kind
    pattern: str
    reason: str
    source: Source


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
    source: Source | None = None
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """Accounts that are audited through a role of the same name in each.

    accounts: their ids; or units: ids of organizational units and roots, with all that is below them, and tags: what
    an account has to be tagged with; exclude: ids that are left out. role: its path and name, `team/audit`.
    """

    name: str
    source: Source
    role: str
    accounts: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    exclude: frozenset[str] = frozenset()
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class StackUse:
    """One reason for a need. resource: `aws_eip.web`; source: its place; why: `create`, or `argument tags`."""

    resource: str
    source: Source
    why: str


@dataclass(frozen=True, slots=True)
class StackNeed:
    """One action on one resource that a stack script needs.

    resource: an ARN, in which `*` stands for what the script does not say, `arn:*` for any; `*` alone for an action
    that knows no resource. region: where it is called, "" where that is not known; uses: whatever needs it;
    certain: false where it hangs on a value that the script does not say, or is only a hint; hint: CloudFormation says
    it, and no row of ours; context: condition keys that the request will carry, as far as the type tells.
    """

    action: str
    resource: str
    region: str
    uses: tuple[StackUse, ...] = field(hash=False)  # there are thousands, and the rest tells needs apart
    certain: bool = True
    hint: bool = False
    context: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class StackUnknown:
    """A part of a script of which it is not known what it needs. type: "" where it is no resource: a module."""

    type: str
    what: str
    why: str
    source: Source


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack script for one account: what building, changing and removing it needs.

    path: as the user named it; resources: how many of AWS; others: types of other providers, with how many of each;
    hinted: the types of which only hints are known; service_roles: services whose service-linked role AWS may make;
    notes: what was passed over.
    """

    path: str
    files: tuple[SourceFile, ...]
    resources: int
    needs: tuple[StackNeed, ...]
    unknown: tuple[StackUnknown, ...] = ()
    hinted: tuple[str, ...] = ()
    others: Mapping[str, int] = field(default_factory=dict)
    service_roles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Guards:
    """What the `guards.yaml` files beside a desired state say, added up: the stricter wins.

    protected: who is never written to, `user/NAME`, by key; forbidden: policies that nothing attaches or writes;
    max_changes: the most changes that a plan may have, and where that is said.
    """

    files: tuple[SourceFile, ...] = ()
    protected: Mapping[PrincipalKey, Reference] = field(default_factory=dict)
    forbidden: tuple[PolicyRef, ...] = ()
    max_changes: tuple[int, Source] | None = None


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
    account_source: Source | None = None
    partition: str | None = None
    closed: Mapping[Kind, Source] = field(default_factory=dict)
    ignore: tuple[Ignore, ...] = ()
    strict: bool = False
    roles: Mapping[str, DesiredRole] = field(default_factory=dict)
    stacks: tuple[Stack, ...] = ()
    builder: tuple[Kind, str] | None = None
    guards: Guards = Guards()
    waivers: tuple[Waiver, ...] = ()
    targets: Mapping[str, Target] = field(default_factory=dict)

    def bind(self, account: Account) -> Desired:
        """The same desired state with each ARN and document written out for this account."""
        bound = _Binding(account)
        return replace(
            self,
            policy_sets={name: bound.policy_set(each) for name, each in self.policy_sets.items()},
            groups={name: replace(each, inline=bound.inline(each.inline)) for name, each in self.groups.items()},
            users={name: bound.user(each) for name, each in self.users.items()},
            roles={name: bound.role(each) for name, each in self.roles.items()},
            guards=replace(self.guards, forbidden=tuple(map(bound.policy, self.guards.forbidden))),
            waivers=tuple(map(bound.waiver, self.waivers)),
        )


@dataclass(frozen=True, slots=True)
class _Binding:
    account: Account

    def text(self, text: str) -> str:
        return text.replace("${partition}", self.account.partition).replace("${account}", self.account.id)

    def document(self, document: PolicyDocument | None) -> PolicyDocument | None:
        return document and replace(document, text=self.text(document.text))

    def policy(self, ref: PolicyRef) -> PolicyRef:
        return replace(ref, arn=self.text(ref.arn), document=self.document(ref.document))

    def policy_set(self, each: PolicySet) -> PolicySet:
        actions = tuple(replace(one, resource=self.text(one.resource)) for one in each.actions)
        return replace(each, policies=tuple(map(self.policy, each.policies)), actions=actions)

    def inline(self, policies: Mapping[str, PolicyDocument]) -> Mapping[str, PolicyDocument]:
        return {name: replace(each, text=self.text(each.text)) for name, each in policies.items()}

    def boundary(self, boundary: Boundary | None) -> Boundary | None:
        if boundary is None or boundary.policy is None:
            return boundary
        return Boundary(self.policy(boundary.policy), boundary.source)

    def user(self, user: DesiredUser) -> DesiredUser:
        # Of thousands of users most have nothing to write out.
        if not user.inline and user.boundary is None:
            return user
        return replace(user, inline=self.inline(user.inline), boundary=self.boundary(user.boundary))

    def waiver(self, waiver: Waiver) -> Waiver:
        return replace(waiver, subject=self.text(waiver.subject), policy=self.text(waiver.policy))

    def role(self, role: DesiredRole) -> DesiredRole:
        inline, boundary = self.inline(role.inline), self.boundary(role.boundary)
        return replace(role, inline=inline, boundary=boundary, trust=self.document(role.trust))


# --- the live state -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    partition: str
    alias: str | None = None

    @property
    def root_arn(self) -> str:
        """The subject of findings about the account and its root user."""
        return f"arn:{self.partition}:iam::{self.id}:root"

    def arn(self, kind: Kind, name: str, path: str = "/") -> str:
        """The ARN that a principal of this name and path has, or would have."""
        return f"arn:{self.partition}:iam::{self.id}:{kind}{path}{name}"

    def policy_arn(self, name: str, path: str = "/") -> str:
        """The ARN that one of its own policies of this name and path has, or would have."""
        return f"arn:{self.partition}:iam::{self.id}:policy{path}{name}"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose credentials are in use (sts:GetCallerIdentity)."""

    arn: str
    root: bool


class Fact(str, enum.Enum):
    """One kind of thing that can be read, and so can be a gap. A rule names the facts that it needs."""

    __hash__ = str.__hash__  # as equality goes by the value; Enum's own is a call for each look into a set

    CALLER = "caller"
    USER = "user"
    GROUP = "group"
    ROLE = "role"
    ATTACHED = "attached-policies"
    INLINE = "inline-policies"
    GROUPS = "groups-of-user"
    MEMBERS = "members-of-group"
    POLICY = "policy"
    DOCUMENT = "policy-document"
    VERSIONS = "policy-versions"
    INLINE_DOCUMENT = "inline-document"
    HALVES = "optional-set-documents"
    SUMMARY = "account-summary"
    CREDENTIAL_REPORT = "credential-report"
    ACCESS_KEYS = "access-keys"
    CONSOLE = "console-password"
    MFA = "mfa-devices"
    SERVICE_CREDENTIALS = "service-credentials"
    PASSWORD_USED = "password-last-used"  # noqa: S105 - no password
    USERS_LISTED = "all-users"
    GROUPS_LISTED = "all-groups"
    ROLES_LISTED = "all-roles"


PrincipalKey = tuple[Kind, str]
EntityKind = Literal["user", "group", "role", "policy"]
EntityKey = tuple[EntityKind, str]


def key_of(kind: Kind, name: str) -> PrincipalKey:
    """How a principal is found: IAM's names are unique ignoring case (aws: reference_iam-quotas)."""
    return kind, name.casefold()


@dataclass(frozen=True, slots=True)
class Principal:
    """A live user, group or role. A field that is None was not read: not asked for, or there is a Gap that says why.

    attached: ARNs; inline: policy names; groups: names of the groups a user is in; members: names of the users
    in a group (asked for only where a group is exclusive); boundary: an ARN, "" for none; trust: a role's trust
    policy as JSON with sorted keys, "" for others; tags: of a user or role, by key; a group has none to read.
    """

    kind: Kind
    name: str
    arn: str
    unique_id: str
    path: str
    attached: frozenset[str] | None = None
    inline: frozenset[str] | None = None
    groups: frozenset[str] | None = None
    members: frozenset[str] | None = None
    boundary: str = ""
    trust: str = ""
    tags: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class AccessKey:
    """suffix: the last four characters of its id, all that is kept of it; last_used None: never."""

    suffix: str
    active: bool
    created: datetime
    last_used: datetime | None


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a user can sign in with. None: not read. services: one word each, `codecommit.amazonaws.com`, `ssh`.

    password_used: when the password was last used, () for never.
    """

    keys: tuple[AccessKey, ...] | None = None
    password: bool | None = None
    mfa: bool | None = None
    services: tuple[str, ...] | None = None
    password_used: tuple[datetime, ...] | None = None


@dataclass(frozen=True, slots=True)
class RootUse:
    """Root's row of the credential report. None: never used. generated: when AWS made the report."""

    generated: datetime
    password_last_used: datetime | None
    keys_last_used: tuple[datetime | None, ...]


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A live managed policy. unique_id: IAM's; default_version: `v3`; versions: the ids of all. "" or (): not read."""

    arn: str
    attachable: bool
    unique_id: str = ""
    default_version: str = ""
    versions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OrganizationPolicy:
    """An SCP or RCP. name: its own, or that of the file that gives it; document: JSON."""

    name: str
    document: str


Level = tuple[OrganizationPolicy, ...]


@dataclass(frozen=True, slots=True)
class Organization:
    """What is known of the organization that an account is in, None where it is not known.

    id: `o-...`, "" where the account is in none; management_account: its id, "" where it is not known;
    scps, rcps: those attached to each level, from the root down to the account; () where none bind the account.
    """

    id: str | None = None
    management_account: str = ""
    scps: tuple[Level, ...] | None = None
    rcps: tuple[Level, ...] | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that could not be read.

    fact: what; call: the API action, `iam:GetUser`; reason: AWS's error code, or a few words; subject: `user/NAME`,
    `group/NAME`, a policy's ARN, or "" for the account; permission: what to grant where that is the mend.
    """

    fact: Fact
    call: str
    reason: str
    subject: str = ""
    permission: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was read of one account.

    principals: those found; absent: those that were asked for and are not there; listed: the kinds of which every
    principal was read. Whatever is in none of the three is unread, never absent.
    policies: managed policies that were asked for, None where there is none of that ARN; policies_listed: every
    policy of the account and of AWS is in it.
    summary: GetAccountSummary's SummaryMap. documents: policy documents as JSON, by document_key.
    """

    account: Account
    caller: Caller | None
    taken_at: datetime
    source: str
    endpoint: str | None = None
    principals: Mapping[PrincipalKey, Principal] = field(default_factory=dict)
    absent: frozenset[PrincipalKey] = frozenset()
    listed: frozenset[Kind] = frozenset()
    credentials: Mapping[str, Credentials] = field(default_factory=dict)
    policies: Mapping[str, ManagedPolicy | None] = field(default_factory=dict)
    summary: Mapping[str, int] | None = None
    root_use: RootUse | None = None
    gaps: tuple[Gap, ...] = ()
    policies_listed: bool = False
    documents: Mapping[str, str] = field(default_factory=dict)
    organization: Organization = Organization()


Entity = Principal | ManagedPolicy


@dataclass(frozen=True, slots=True)
class State:
    """What an action goes by: principals and the account's own policies, and documents as in Snapshot."""

    entities: Mapping[EntityKey, Entity]
    documents: Mapping[str, str] = field(default_factory=dict)

    def principal(self, key: EntityKey) -> Principal | None:
        found = self.entities.get(key)
        return found if isinstance(found, Principal) else None

    def policy(self, key: EntityKey) -> ManagedPolicy | None:
        found = self.entities.get(key)
        return found if isinstance(found, ManagedPolicy) else None


def document_key(principal: Principal, policy: str) -> str:
    """How an inline policy's document is found in Snapshot.documents.

    The default version of a managed one is found by its ARN, another version by `ARN@v2`.
    """
    return f"{principal.kind}/{principal.name}/{policy}"


@dataclass(frozen=True, slots=True)
class Query:
    """What an audit needs to be read.

    users, groups, roles: by exact name, which facts; policies: the ARNs that must exist, with those who are to hold
    them: one that all of these hold is there, and is not looked up;
    account: facts of the account; listed: kinds to be read in full (`closed`);
    everything: the facts to read of every principal there is, and every policy (the command `snapshot`);
    keyed: users of whom it would be a finding that they have no key, so that a report which shows none is not enough;
    effective: whose policies' documents are needed: their own, their boundary's, and those of every group they are in;
    versions: managed policies whose versions are needed, each with the version that it is pinned to, or "" where its
    default version's document is needed;
    inline: the inline policies whose documents are needed, by name; documents: managed policies of which the default
    version's is needed, whoever holds them;
    optional: the policies of each optional set of somebody, whose documents are needed where only some are attached;
    texts: documents by themselves, named as in Snapshot, each with its version: "" for the default one.
    """

    users: Mapping[str, frozenset[Fact]] = field(default_factory=dict)
    groups: Mapping[str, frozenset[Fact]] = field(default_factory=dict)
    policies: Mapping[str, frozenset[PrincipalKey]] = field(default_factory=dict)
    account: frozenset[Fact] = frozenset()
    listed: frozenset[Kind] = frozenset()
    everything: frozenset[Fact] = frozenset()
    keyed: frozenset[str] = frozenset()
    effective: frozenset[PrincipalKey] = frozenset()
    roles: Mapping[str, frozenset[Fact]] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    inline: Mapping[PrincipalKey, frozenset[str]] = field(default_factory=dict)
    optional: Mapping[PrincipalKey, tuple[frozenset[str], ...]] = field(default_factory=dict)
    documents: frozenset[str] = frozenset()
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """How to reach AWS, as the command line says it. timeout: seconds for the whole run; "" means not said."""

    profile: str = ""
    region: str = ""
    role_arn: str = ""
    external_id: str = ""
    endpoint_url: str = ""
    allow_endpoint: str = ""
    timeout: float = 300.0


@dataclass(frozen=True, slots=True)
class Held:
    """The credentials that are in use, without what is secret of them.

    method: where they came from, in botocore's word: `env`, `shared-credentials-file`, `assume-role`, `sso`; prefix: of
    the key's id, AKIA for a key that lasts and ASIA for a temporary one; suffix: its last four characters; token:
    whether a session token goes with it; profile: "" for the default one; role: what --role-arn names, or "".
    """

    method: str
    prefix: str
    suffix: str
    token: bool
    profile: str = ""
    role: str = ""


# --- what is wrong, and what to do about it -------------------------------------------------------


class Verb(str, enum.Enum):
    """The IAM actions that a fix or an undo may take, in the order in which a plan takes them."""

    CREATE_GROUP = "CreateGroup"
    CREATE_USER = "CreateUser"
    CREATE_POLICY = "CreatePolicy"
    ATTACH_GROUP_POLICY = "AttachGroupPolicy"
    ATTACH_USER_POLICY = "AttachUserPolicy"
    ATTACH_ROLE_POLICY = "AttachRolePolicy"
    ADD_USER_TO_GROUP = "AddUserToGroup"
    PUT_GROUP_POLICY = "PutGroupPolicy"
    PUT_USER_POLICY = "PutUserPolicy"
    PUT_ROLE_POLICY = "PutRolePolicy"
    CREATE_POLICY_VERSION = "CreatePolicyVersion"
    SET_DEFAULT_POLICY_VERSION = "SetDefaultPolicyVersion"
    REMOVE_USER_FROM_GROUP = "RemoveUserFromGroup"
    DETACH_GROUP_POLICY = "DetachGroupPolicy"
    DETACH_USER_POLICY = "DetachUserPolicy"
    DETACH_ROLE_POLICY = "DetachRolePolicy"
    DELETE_GROUP_POLICY = "DeleteGroupPolicy"
    DELETE_USER_POLICY = "DeleteUserPolicy"
    DELETE_ROLE_POLICY = "DeleteRolePolicy"
    DELETE_POLICY_VERSION = "DeletePolicyVersion"
    DELETE_POLICY = "DeletePolicy"
    DELETE_USER = "DeleteUser"
    DELETE_GROUP = "DeleteGroup"
    CREATE_ACCESS_KEY = "CreateAccessKey"


INVERSE: Mapping[Verb, Verb] = {
    Verb.CREATE_GROUP: Verb.DELETE_GROUP,
    Verb.CREATE_USER: Verb.DELETE_USER,
    Verb.ATTACH_GROUP_POLICY: Verb.DETACH_GROUP_POLICY,
    Verb.ATTACH_USER_POLICY: Verb.DETACH_USER_POLICY,
    Verb.ATTACH_ROLE_POLICY: Verb.DETACH_ROLE_POLICY,
    Verb.ADD_USER_TO_GROUP: Verb.REMOVE_USER_FROM_GROUP,
    Verb.REMOVE_USER_FROM_GROUP: Verb.ADD_USER_TO_GROUP,
    Verb.DETACH_GROUP_POLICY: Verb.ATTACH_GROUP_POLICY,
    Verb.DETACH_USER_POLICY: Verb.ATTACH_USER_POLICY,
    Verb.DETACH_ROLE_POLICY: Verb.ATTACH_ROLE_POLICY,
    Verb.DELETE_GROUP_POLICY: Verb.PUT_GROUP_POLICY,
    Verb.DELETE_USER_POLICY: Verb.PUT_USER_POLICY,
    Verb.DELETE_ROLE_POLICY: Verb.PUT_ROLE_POLICY,
    Verb.PUT_GROUP_POLICY: Verb.DELETE_GROUP_POLICY,
    Verb.PUT_USER_POLICY: Verb.DELETE_USER_POLICY,
    Verb.PUT_ROLE_POLICY: Verb.DELETE_ROLE_POLICY,
    Verb.CREATE_POLICY: Verb.DELETE_POLICY,
    Verb.CREATE_POLICY_VERSION: Verb.SET_DEFAULT_POLICY_VERSION,
}
"""What takes an action back. Of an inline policy that was put over another, the other is put again.

An access key has none: somebody uses it by now, and its journal does not hold its id.
"""


@dataclass(frozen=True, slots=True)
class Action:
    """One call to IAM: its name and the parameters that it is given, as IAM spells them."""

    verb: Verb
    parameters: Mapping[str, Any]

    @property
    def entity(self) -> EntityKey:
        """What it changes. AddUserToGroup and its inverse change the group; a policy is found by its bare name."""
        given = self.parameters
        kinds: tuple[Kind, ...] = ("group", "user", "role")
        for kind in kinds:
            if f"{kind.title()}Name" in given:
                return key_of(kind, given[f"{kind.title()}Name"])
        name = str(given.get("PolicyName") or given["PolicyArn"].rpartition("/")[2])
        return "policy", name.casefold()


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between what is wanted and what is there.

    subject: an ARN; key: what tells it from its siblings (a policy's ARN, a group's name), or "";
    evidence: facts as JSON values; source: the line that asks for it; fix: the call that would mend it.
    waiver: what says that it is accepted, where its status is waived.
    known: it stands, and stood as it does in the report that the audit was compared with: it does not count.
    """

    rule: str
    severity: Severity
    subject: str
    message: str
    key: str = ""
    source: Source | None = None
    policy_set: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    fix: Action | None = None
    status: FindingStatus = "open"
    waiver: Waiver | None = None
    known: bool = False

    @property
    def id(self) -> str:
        """Made of facts, never of wording, so that baselines and fingerprints survive a reworded message."""
        return f"{self.rule}/{self.subject}/{self.key}" if self.key else f"{self.rule}/{self.subject}"

    @property
    def change(self) -> Change | None:
        """What has to be allowed for its fix: nothing more (add), `--create` or `--replace`; None: it has no fix."""
        if self.fix is None:
            return None
        name = self.fix.verb.value
        if self.fix.verb in (Verb.CREATE_USER, Verb.CREATE_GROUP):
            return "create"
        return "replace" if name.startswith(("Detach", "Remove", "Delete")) or self.rule.endswith("-changed") else "add"


@dataclass(frozen=True, slots=True)
class Step:
    """One action of a plan, the finding that it mends, and the unique ids that what it touches must still have.

    unique_ids: entity -> the id IAM gave it; one that the plan itself creates is not in it.
    """

    action: Action
    finding: str
    change: Change
    unique_ids: Mapping[EntityKey, str]


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for on the command line, as far as it decides what a plan holds."""

    with_sets: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    create: bool = False
    replace: bool = False


@dataclass(frozen=True, slots=True)
class StackFiles:
    """A stack script as it was given, and the files that it was read from."""

    path: str
    files: tuple[SourceFile, ...]


@dataclass(frozen=True, slots=True)
class Basis:
    """What a plan was made from. state: SHA-256 over the live state of every principal that it touches.

    stacks: the scripts that were to be built, builder: by whom, `user/NAME`, "" where none was given.
    """

    account: Account
    made_at: datetime
    files: tuple[SourceFile, ...]
    with_sets: tuple[str, ...]
    only: tuple[str, ...]
    skip: tuple[str, ...]
    create: bool
    replace: bool
    state: str
    stacks: tuple[StackFiles, ...] = ()
    builder: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    basis: Basis
    steps: tuple[Step, ...]


ALREADY = ("already there", "already gone")
"""The details of a skipped entry that needed no write; every other skipped entry was kept from its write."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One step as it went.

    before: what it took away, where undo needs it: an inline policy's document, or the id of the version in force.
    absent: somebody looked just before the write, and what it was to bring about was not so: what is there now is ours.
    """

    action: Action
    outcome: Outcome
    detail: str = ""
    unique_ids: Mapping[EntityKey, str] = field(default_factory=dict)
    before: str = ""
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Journal:
    """What a run wrote, each step in its last state. ended: the run came to its end, and its last line is there.

    desired: the files that its plan was made from, as they were named.
    """

    path: str
    account: Account
    entries: tuple[Entry, ...]
    ended: bool = False
    desired: tuple[SourceFile, ...] = ()


# --- the result ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RootState:
    """What was read of the account's root user, None where it was not. access_keys: whether it has any."""

    access_keys: bool | None = None
    mfa: bool | None = None
    use: RootUse | None = None


@dataclass(frozen=True, slots=True)
class Outlined:
    """A declared principal, in short.

    groups: those a user is to be in; members: how many users a group is to have; required: names of sets;
    optional: names of sets, each with whether all of it is attached, None where that was not read.
    """

    kind: Kind
    name: str
    arn: str
    groups: tuple[str, ...] = ()
    members: int = 0
    required: tuple[str, ...] = ()
    optional: tuple[tuple[str, bool | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Outline:
    """What the desired state asks for, in short, for whoever would rather look than read.

    declared: how many principals of each kind there are; principals: as many of them as an outline holds, those of
    findings first; policy_sets: the ARNs of each set that these name.
    """

    declared: Mapping[Kind, int]
    principals: tuple[Outlined, ...]
    policy_sets: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Measured:
    """One audit of a trend. error, warning, note: how many findings stood, as a report's `summary` counts them.

    partial: only some rules ran.
    """

    taken_at: datetime
    status: RunStatus
    partial: bool
    error: int
    warning: int
    note: int

    @property
    def whole(self) -> bool:
        """Whether its numbers can be held against those of another audit: it saw all, by all rules."""
        return self.status != "incomplete" and not self.partial


@dataclass(frozen=True, slots=True)
class Baseline:
    """The saved report that an audit was compared with.

    taken_at: when it read the account; gone: the ids of its findings that stood, and that were looked for in vain.
    """

    file: SourceFile
    taken_at: datetime
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Audit:
    """The result for one account. rules: for each gap, the rules that it kept from being checked, in its order.

    trend: the last audits of the account, this one at the end, the oldest first; None where no history was kept.
    """

    account: Account
    caller: Caller | None
    taken_at: datetime
    source: str
    endpoint: str | None
    desired: tuple[SourceFile, ...]
    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...] = ()
    blocked_rules: tuple[tuple[str, ...], ...] = ()
    not_seen: tuple[str, ...] = ()
    report_generated: datetime | None = None
    journal: Journal | None = None
    root: RootState = RootState()
    outline: Outline | None = None
    trend: tuple[Measured, ...] | None = None
    baseline: Baseline | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """An error of the run itself, as the report shows it."""

    message: str
    hint: str = ""
    location: Source | None = None

    @classmethod
    def of(cls, error: AuditError) -> Problem:
        return cls(error.message, error.hint, error.location)


@dataclass(frozen=True, slots=True)
class Help:
    """How a rule is explained. Text is Markdown, a line each, with code between backquotes.

    severity: of its findings, and when it is another; looks_at: what it holds against what; by_hand: what a person does
    about it; commands: the same with the AWS CLI, where words in capitals stand for names, empty where no command does
    it; with_fix: what `--fix` does; finds: what it says of an account that `example`, a whole desired-state file, does
    not fit; example: "" where it hangs on no key of such a file.
    """

    severity: str
    looks_at: str
    by_hand: str
    with_fix: str
    finds: str
    commands: tuple[str, ...] = ()
    example: str = ""


@dataclass(frozen=True, slots=True)
class Advice:
    """What a rule says to people.

    why: why it matters, in a few words; step: what to do where `--fix` cannot; reads: the calls that it needs, as
    permissions; help: its whole explanation.
    """

    why: str
    step: str = ""
    reads: tuple[str, ...] = ()
    help: Help | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a run. Plural from the first day: many accounts change no shape.

    audits: by account. Of many they are on the disk: go through them one after another, and keep none.

    advice: by rule, for formats that people read; a rule that is not in it is shown without.
    made_by: the version of this tool that made it, "" for the one that runs.
    """

    audits: Sequence[Audit]
    fail_on: Severity = "warning"
    errors: tuple[Problem, ...] = ()
    advice: Mapping[str, Advice] = field(default_factory=dict)
    made_by: str = ""
