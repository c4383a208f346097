"""Every value that crosses a module boundary: frozen, made of facts, without behaviour beyond its own fields.

Names of API actions, parameters and entities are IAM's own. Times are aware datetimes in UTC.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

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


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A place in a file: line and column count from 1."""

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
class PolicyRef:
    """A managed policy by its ARN; until Desired.bind the ARN may hold ${partition} and ${account}."""

    arn: str
    source: Source


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
    """The permissions boundary a user is to have; policy None means that there is to be none."""

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
    """A group as the file wants it. Its members are the users that name it in `groups` (Desired.members_of)."""

    name: str
    source: Source
    path: str | None = None
    required: tuple[Reference, ...] = ()
    optional: tuple[Reference, ...] = ()
    exclusive: bool = False
    owner: str = ""
    managed_by: str = ""


@dataclass(frozen=True, slots=True)
class DesiredUser:
    """A user as the file wants it; `groups` joins its own list and every `members` list that names it."""

    name: str
    source: Source
    path: str | None = None
    groups: tuple[Reference, ...] = ()
    required: tuple[Reference, ...] = ()
    optional: tuple[Reference, ...] = ()
    boundary: Boundary | None = None
    access_keys: KeyLimits | None = None
    console: Reference | None = None
    exclusive: bool = False
    owner: str = ""
    managed_by: str = ""
    tags: tuple[tuple[str, str], ...] = ()


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
class Desired:
    """One desired state, from one or several files.

    policy_sets, groups and users are in the order of the files, keyed by their exact name.
    closed holds the kinds of which every live principal must be declared.
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

    def bind(self, account: Account) -> Desired:
        """The same desired state with each ARN written out for this account."""

        def written_out(text: str) -> str:
            return text.replace("${partition}", account.partition).replace("${account}", account.id)

        def bound(ref: PolicyRef) -> PolicyRef:
            return replace(ref, arn=written_out(ref.arn))

        def bound_user(user: DesiredUser) -> DesiredUser:
            if user.boundary is None or user.boundary.policy is None:
                return user
            return replace(user, boundary=Boundary(bound(user.boundary.policy), user.boundary.source))

        sets = {
            name: replace(
                each,
                policies=tuple(bound(ref) for ref in each.policies),
                actions=tuple(replace(one, resource=written_out(one.resource)) for one in each.actions),
            )
            for name, each in self.policy_sets.items()
        }
        users = {name: bound_user(user) for name, user in self.users.items()}
        return replace(self, policy_sets=sets, users=users)


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


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose credentials are in use (sts:GetCallerIdentity)."""

    arn: str
    root: bool


class Fact(str, enum.Enum):
    """One kind of thing that can be read, and so can be a gap. A rule names the facts that it needs."""

    CALLER = "caller"
    USER = "user"
    GROUP = "group"
    ATTACHED = "attached-policies"
    INLINE = "inline-policies"
    GROUPS = "groups-of-user"
    MEMBERS = "members-of-group"
    POLICY = "policy"
    DOCUMENT = "policy-document"
    SUMMARY = "account-summary"
    CREDENTIAL_REPORT = "credential-report"
    ACCESS_KEYS = "access-keys"
    CONSOLE = "console-password"
    MFA = "mfa-devices"
    SERVICE_CREDENTIALS = "service-credentials"
    USERS_LISTED = "all-users"
    GROUPS_LISTED = "all-groups"


PrincipalKey = tuple[Kind, str]


def key_of(kind: Kind, name: str) -> PrincipalKey:
    """How a principal is found: IAM's names are unique ignoring case (aws: reference_iam-quotas)."""
    return kind, name.casefold()


@dataclass(frozen=True, slots=True)
class Principal:
    """A live user or group. A field that is None was not read: not asked for, or there is a Gap that says why.

    attached: ARNs; inline: policy names; groups: names of the groups a user is in; members: names of the users
    in a group (asked for only where a group is exclusive); boundary: an ARN, "" for none.
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


@dataclass(frozen=True, slots=True)
class AccessKey:
    """suffix: the last four characters of its id, all that is kept of it; last_used None: never."""

    suffix: str
    active: bool
    created: datetime
    last_used: datetime | None


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a user can sign in with. None: not read. services: one word each, `codecommit.amazonaws.com`, `ssh`."""

    keys: tuple[AccessKey, ...] | None = None
    password: bool | None = None
    mfa: bool | None = None
    services: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class RootUse:
    """Root's row of the credential report. None: never used. generated: when AWS made the report."""

    generated: datetime
    password_last_used: datetime | None
    keys_last_used: tuple[datetime | None, ...]


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    arn: str
    attachable: bool


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


def document_key(principal: Principal, policy: str) -> str:
    """How an inline policy's document is found in Snapshot.documents; a managed one's by its ARN."""
    return f"{principal.kind}/{principal.name}/{policy}"


@dataclass(frozen=True, slots=True)
class Query:
    """What an audit needs to be read.

    users, groups: by exact name, which facts; policies: the ARNs that must exist, with those who are to hold them: one
    that all of these hold is there, and is not looked up;
    account: facts of the account; listed: kinds to be read in full (`closed`);
    everything: the facts to read of every principal there is, and every policy (the command `snapshot`);
    keyed: users of whom it would be a finding that they have no key, so that a report which shows none is not enough;
    effective: whose policies' documents are needed: their own, their boundary's, and those of every group they are in.
    """

    users: Mapping[str, frozenset[Fact]] = field(default_factory=dict)
    groups: Mapping[str, frozenset[Fact]] = field(default_factory=dict)
    policies: Mapping[str, frozenset[PrincipalKey]] = field(default_factory=dict)
    account: frozenset[Fact] = frozenset()
    listed: frozenset[Kind] = frozenset()
    everything: frozenset[Fact] = frozenset()
    keyed: frozenset[str] = frozenset()
    effective: frozenset[PrincipalKey] = frozenset()


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


# --- what is wrong, and what to do about it -------------------------------------------------------


class Verb(str, enum.Enum):
    """The IAM actions that a fix may take. Each has its inverse in INVERSE."""

    CREATE_GROUP = "CreateGroup"
    CREATE_USER = "CreateUser"
    ATTACH_GROUP_POLICY = "AttachGroupPolicy"
    ATTACH_USER_POLICY = "AttachUserPolicy"
    ADD_USER_TO_GROUP = "AddUserToGroup"
    PUT_GROUP_POLICY = "PutGroupPolicy"
    PUT_USER_POLICY = "PutUserPolicy"
    REMOVE_USER_FROM_GROUP = "RemoveUserFromGroup"
    DETACH_GROUP_POLICY = "DetachGroupPolicy"
    DETACH_USER_POLICY = "DetachUserPolicy"
    DELETE_GROUP_POLICY = "DeleteGroupPolicy"
    DELETE_USER_POLICY = "DeleteUserPolicy"
    DELETE_USER = "DeleteUser"
    DELETE_GROUP = "DeleteGroup"


INVERSE: Mapping[Verb, Verb] = {
    Verb.CREATE_GROUP: Verb.DELETE_GROUP,
    Verb.CREATE_USER: Verb.DELETE_USER,
    Verb.ATTACH_GROUP_POLICY: Verb.DETACH_GROUP_POLICY,
    Verb.ATTACH_USER_POLICY: Verb.DETACH_USER_POLICY,
    Verb.ADD_USER_TO_GROUP: Verb.REMOVE_USER_FROM_GROUP,
    Verb.REMOVE_USER_FROM_GROUP: Verb.ADD_USER_TO_GROUP,
    Verb.DETACH_GROUP_POLICY: Verb.ATTACH_GROUP_POLICY,
    Verb.DETACH_USER_POLICY: Verb.ATTACH_USER_POLICY,
    Verb.DELETE_GROUP_POLICY: Verb.PUT_GROUP_POLICY,
    Verb.DELETE_USER_POLICY: Verb.PUT_USER_POLICY,
}


@dataclass(frozen=True, slots=True)
class Action:
    """One call to IAM: its name and the parameters that it is given, as IAM spells them."""

    verb: Verb
    parameters: Mapping[str, Any]

    @property
    def principal(self) -> PrincipalKey:
        """Whom it changes. AddUserToGroup and its inverse change the group."""
        if "GroupName" in self.parameters:
            return key_of("group", self.parameters["GroupName"])
        return key_of("user", self.parameters["UserName"])


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between what is wanted and what is there.

    subject: an ARN; key: what tells it from its siblings (a policy's ARN, a group's name), or "";
    evidence: facts as JSON values; source: the line that asks for it; fix: the call that would mend it.
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
        if name.startswith("Create"):
            return "create"
        return "replace" if name.startswith(("Detach", "Remove", "Delete")) or self.rule.endswith("-changed") else "add"


@dataclass(frozen=True, slots=True)
class Step:
    """One action of a plan, the finding that it mends, and the unique ids that its principals must still have.

    unique_ids: principal -> the id IAM gave it; one that the plan itself creates is not in it.
    """

    action: Action
    finding: str
    change: Change
    unique_ids: Mapping[PrincipalKey, str]


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for on the command line, as far as it decides what a plan holds."""

    with_sets: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    create: bool = False
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Basis:
    """What a plan was made from. state: SHA-256 over the live state of every principal that it touches."""

    account: Account
    made_at: datetime
    files: tuple[SourceFile, ...]
    with_sets: tuple[str, ...]
    only: tuple[str, ...]
    skip: tuple[str, ...]
    create: bool
    replace: bool
    state: str


@dataclass(frozen=True, slots=True)
class Plan:
    basis: Basis
    steps: tuple[Step, ...]


ALREADY = ("already there", "already gone")
"""The details of a skipped entry that needed no write; every other skipped entry was kept from its write."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One step as it went. before: what a removal took away, where undo needs it (an inline document)."""

    action: Action
    outcome: Outcome
    detail: str = ""
    unique_ids: Mapping[PrincipalKey, str] = field(default_factory=dict)
    before: str = ""


@dataclass(frozen=True, slots=True)
class Journal:
    path: str
    account: Account
    entries: tuple[Entry, ...]


# --- the result ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Audit:
    """The result for one account. rules: for each gap, the rules that it kept from being checked, in its order."""

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
class Advice:
    """What a rule says to people. why: why it matters, in a few words; step: what to do where `--fix` cannot."""

    why: str
    step: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a run. Plural from the first day: many accounts change no shape.

    advice: by rule, for formats that people read; a rule that is not in it is shown without.
    """

    audits: tuple[Audit, ...]
    fail_on: Severity = "warning"
    errors: tuple[Problem, ...] = ()
    advice: Mapping[str, Advice] = field(default_factory=dict)
