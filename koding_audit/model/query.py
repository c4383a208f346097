"""The facts that a scan needs, and the facts that could not be read."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import field

from koding_audit.model.account import PrincipalKey, PrincipalKind
from koding_audit.model.frozen import dataclass

# Up to this many users whose keys or sign-in the desired state limits are read live; of more, the credential report
# says whose credentials are read.
LIVE_CREDENTIAL_USERS = 200


class Fact(str, enum.Enum):
    """A kind of information that a scan can read. A rule names the facts that it needs."""

    __hash__ = str.__hash__  # consistent with equality; Enum's own costs a Python call for each lookup in a set

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
    POLICY_NAMES = "policy-names"
    INLINE_DOCUMENT = "inline-document"
    INLINE_SIZE = "inline-size"
    OPTIONAL_SET_DOCUMENTS = "optional-set-documents"
    SUMMARY = "account-summary"
    ORGANIZATION = "organization"
    CREDENTIAL_REPORT = "credential-report"
    ACCESS_KEYS = "access-keys"
    CONSOLE = "console-password"
    MFA = "mfa-devices"
    SERVICE_CREDENTIALS = "service-credentials"
    SIGNING_CERTIFICATES = "signing-certificates"
    PASSWORD_USED = "password-last-used"  # noqa: S105 - no password
    USERS_LISTED = "all-users"
    GROUPS_LISTED = "all-groups"
    ROLES_LISTED = "all-roles"


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that could not be read.

    fact: the kind of information.
    call: the API action, `iam:GetUser`.
    reason: AWS's error code, or a short text.
    subject: `user/NAME`, `group/NAME`, a policy's ARN, or "" for the account.
    permission: the permission to grant if that fixes it, or "".
    """

    fact: Fact
    call: str
    reason: str
    subject: str = ""
    permission: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """What an audit needs to read.

    users: the facts of each user, by exact name.
    groups: the facts of each group, by exact name.
    policies: the ARNs that must exist, each with the principals that should have it attached: if all of them do, the
        policy exists and is not looked up.
    account: facts of the account.
    listed: kinds of which all principals are needed (`closed`).
    facts_of_all: the facts of every principal and of every policy (the command `snapshot`).
    key_required: users for whom a missing access key is a finding, so that a credential report without keys is not
        enough.
    uses_report: whether the credential report may show that a user has no key or no password. It depends on the number
        of users with limits, not on the rules: more rules must not find less.
    effective: principals whose documents are all needed: of their policies, their boundary, and every group they are
        in.
    roles: the facts of each role, by exact name.
    versions: managed policies whose versions are needed, each with the version that it is pinned to, or "" if the
        document of its default version is needed.
    inline: the names of the inline policies whose documents are needed.
    inline_sizes: principals of which all other inline documents are needed too: together they count against one quota.
    optional: the policies of each optional set of a principal; their documents are needed if only some are attached.
    documents: managed policies whose default document is needed, regardless of attachments.
    document_versions: single documents, named as in Snapshot, each with its version, "" for the default one.
    own_policies: whether all policies of the account's own are needed, if one whose document is needed does not exist.
    """

    users: Mapping[str, frozenset[Fact]] = field(default_factory=dict)
    groups: Mapping[str, frozenset[Fact]] = field(default_factory=dict)
    policies: Mapping[str, frozenset[PrincipalKey]] = field(default_factory=dict)
    account: frozenset[Fact] = frozenset()
    listed: frozenset[PrincipalKind] = frozenset()
    facts_of_all: frozenset[Fact] = frozenset()
    key_required: frozenset[str] = frozenset()
    uses_report: bool = False
    effective: frozenset[PrincipalKey] = frozenset()
    roles: Mapping[str, frozenset[Fact]] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    inline: Mapping[PrincipalKey, frozenset[str]] = field(default_factory=dict)
    inline_sizes: frozenset[PrincipalKey] = frozenset()
    optional: Mapping[PrincipalKey, tuple[frozenset[str], ...]] = field(default_factory=dict)
    documents: frozenset[str] = frozenset()
    document_versions: Mapping[str, str] = field(default_factory=dict)
    own_policies: bool = False
