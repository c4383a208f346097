"""The live state of an account at one time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from koding_audit.model.account import Account, Caller, EntityKey, PrincipalKey, PrincipalKind
from koding_audit.model.frozen import dataclass
from koding_audit.model.query import Gap


@dataclass(frozen=True, slots=True)
class Principal:
    """A live user, group or role. A field that is None was not read: not asked for, or there is a Gap that says why.

    attached: ARNs; inline: policy names; groups: names of the groups a user is in; members: names of the users
    in a group (asked for only where a group is exclusive); boundary: an ARN, "" for none; trust: a role's trust
    policy as JSON with sorted keys, "" for others; tags: of a user or role, by key; a group has none to read.
    """

    kind: PrincipalKind
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
    listed: frozenset[PrincipalKind] = frozenset()
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
class LiveState:
    """What an action goes by: principals and the account's own policies, and documents as in Snapshot."""

    entities: Mapping[EntityKey, Entity]
    documents: Mapping[str, str] = field(default_factory=dict)

    def principal(self, key: EntityKey) -> Principal | None:
        found = self.entities.get(key)
        return found if isinstance(found, Principal) else None

    def policy(self, key: EntityKey) -> ManagedPolicy | None:
        found = self.entities.get(key)
        return found if isinstance(found, ManagedPolicy) else None


def inline_document_key(principal: Principal, policy: str) -> str:
    """How an inline policy's document is found in Snapshot.documents.

    The default version of a managed one is found by its ARN, another version by `ARN@v2`.
    """
    return f"{principal.kind}/{principal.name}/{policy}"
