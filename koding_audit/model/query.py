"""What a scan has to read, and what could not be read."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import field

from koding_audit.model.account import PrincipalKey, PrincipalKind
from koding_audit.model.frozen import dataclass


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
    OPTIONAL_SET_DOCUMENTS = "optional-set-documents"
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
    listed: frozenset[PrincipalKind] = frozenset()
    facts_of_all: frozenset[Fact] = frozenset()
    key_required: frozenset[str] = frozenset()
    effective: frozenset[PrincipalKey] = frozenset()
    roles: Mapping[str, frozenset[Fact]] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    inline: Mapping[PrincipalKey, frozenset[str]] = field(default_factory=dict)
    optional: Mapping[PrincipalKey, tuple[frozenset[str], ...]] = field(default_factory=dict)
    documents: frozenset[str] = frozenset()
    document_versions: Mapping[str, str] = field(default_factory=dict)
