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
    """A live user, group or role. A field is None if it was not read: it was not needed, or a Gap has the reason.

    kind: its kind.
    name: its name.
    arn: its ARN.
    unique_id: IAM's id.
    path: its path.
    attached: the ARNs of attached policies.
    inline: the names of inline policies.
    groups: the names of the groups that a user is in.
    members: the names of the users in a group (read only for an exclusive group).
    boundary: an ARN, "" for none.
    trust: a role's trust policy as JSON with sorted keys, "" for others.
    tags: of a user or role, sorted by key; groups have no tags.
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
    """An access key.

    suffix: the last four characters of its id; the others are not kept.
    active: whether it is active.
    created: when it was created.
    last_used: None if it was never used.
    """

    suffix: str
    active: bool
    created: datetime
    last_used: datetime | None


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of a user; None if they were not read.

    keys: the access keys.
    password: whether there is a console password.
    mfa: whether there is an MFA device.
    services: the services with active credentials of their own, `codecommit.amazonaws.com`, `ssh`.
    password_used: when the password was last used, () for never.
    certificates: the number of active X.509 signing certificates.
    """

    keys: tuple[AccessKey, ...] | None = None
    password: bool | None = None
    mfa: bool | None = None
    services: tuple[str, ...] | None = None
    password_used: tuple[datetime, ...] | None = None
    certificates: int | None = None


NOT_LOOKED_UP = "the version that saved the file did not look them up"
"""The reason of a cutoff in a file of an older version."""


@dataclass(frozen=True, slots=True)
class CredentialCutoff:
    """Until when keys and passwords are known, where an older credential report shows that users have none.

    as_of: when AWS made the report.
    call: the call that would have found the changes since then, `cloudtrail:LookupEvents`.
    reason: why it did not, AWS's error code or a short text.
    permission: the permission to grant if that fixes it, or "".
    """

    as_of: datetime
    call: str
    reason: str
    permission: str = ""


@dataclass(frozen=True, slots=True)
class RootUse:
    """The root user's row in the credential report.

    generated: when AWS made the report.
    password_last_used: None if never.
    keys_last_used: for each access key; None if never.
    """

    generated: datetime
    password_last_used: datetime | None
    keys_last_used: tuple[datetime | None, ...]


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A live managed policy; "" or () if a field was not read.

    arn: its ARN.
    attachable: whether it can be attached.
    unique_id: IAM's id.
    default_version: `v3`.
    versions: the ids of all versions.
    """

    arn: str
    attachable: bool
    unique_id: str = ""
    default_version: str = ""
    versions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OrganizationPolicy:
    """An SCP or RCP.

    name: its own name, or the name of the file that contains it.
    document: JSON.
    """

    name: str
    document: str


Level = tuple[OrganizationPolicy, ...]


@dataclass(frozen=True, slots=True)
class EndpointPolicy:
    """The policy of a VPC endpoint.

    name: the name of the file that contains it.
    document: JSON.
    """

    name: str
    document: str


@dataclass(frozen=True, slots=True)
class Organization:
    """The organization of an account; None if a field is not known.

    id: `o-...`, "" if the account is in no organization.
    management_account: its id, "" if it is not known.
    scps: the SCPs of each level, from the root down to the account; () if none apply.
    rcps: the RCPs of each level, in the same way.
    delegated: the services for which the account is a delegated administrator, `sso.amazonaws.com`.
    """

    id: str | None = None
    management_account: str = ""
    scps: tuple[Level, ...] | None = None
    rcps: tuple[Level, ...] | None = None
    delegated: tuple[str, ...] | None = None

    def is_managed_from(self, account_id: str, service: str = "") -> bool | None:
        """Whether the account is the management account, or a delegated administrator; None if that is not known.

        service: count only a delegated administrator for this service.
        """
        if self.id == "":
            return False
        if not self.management_account:
            return None
        if self.management_account == account_id or self.delegated is None:
            return True if self.management_account == account_id else None
        return service in self.delegated if service else bool(self.delegated)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The live state of one account, as far as it was read.

    A principal that is not in `principals` or `absent`, and whose kind is not in `listed`, is unread, not absent.
    account: the account.
    caller: whose credentials read it.
    taken_at: when it was read.
    source: `live`, or another source.
    endpoint: a custom endpoint, or None.
    hosts: the names of the hosts that were called, sorted; () if not known, and for the demo.
    principals: the principals that exist.
    absent: the principals that were looked up and do not exist.
    listed: the kinds of which every principal was read.
    credentials: by user name.
    credential_cutoff: until when some of them are known; None if they were read live, or the changes since the
        credential report are known.
    policies: the managed policies that were looked up, by ARN; None if there is no such policy.
    summary: the SummaryMap of GetAccountSummary.
    root_use: the last use of the root user.
    gaps: what could not be read.
    policies_listed: whether `policies` has every policy of the account and of AWS.
    documents: policy documents as JSON, see inline_document_key.
    organization: the organization's policies.
    vpce: the policy of the VPC endpoint through which calls are taken to go, None for no endpoint. It is given and not
        read, so a saved snapshot has none.
    own_policies: the ARNs of all policies of the account's own; None if they were not read. A saved snapshot has them
        in `policies`.
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
    credential_cutoff: CredentialCutoff | None = None
    policies: Mapping[str, ManagedPolicy | None] = field(default_factory=dict)
    summary: Mapping[str, int] | None = None
    root_use: RootUse | None = None
    gaps: tuple[Gap, ...] = ()
    policies_listed: bool = False
    documents: Mapping[str, str] = field(default_factory=dict)
    organization: Organization = Organization()
    vpce: EndpointPolicy | None = None
    own_policies: frozenset[str] | None = None
    hosts: tuple[str, ...] = ()


Entity = Principal | ManagedPolicy


@dataclass(frozen=True, slots=True)
class LiveState:
    """The live state that a write depends on.

    entities: principals and the account's own policies.
    documents: as in Snapshot.
    """

    entities: Mapping[EntityKey, Entity]
    documents: Mapping[str, str] = field(default_factory=dict)

    def principal(self, key: EntityKey) -> Principal | None:
        """The principal of this key; None if there is none."""
        found = self.entities.get(key)
        return found if isinstance(found, Principal) else None

    def policy(self, key: EntityKey) -> ManagedPolicy | None:
        """The customer managed policy of this key; None if there is none."""
        found = self.entities.get(key)
        return found if isinstance(found, ManagedPolicy) else None


def inline_document_key(principal: Principal, policy: str) -> str:
    """The key of an inline policy's document in Snapshot.documents.

    The key of a managed policy's default version is its ARN, that of another version `ARN@v2`.
    """
    return f"{principal.kind}/{principal.name}/{policy}"
