"""Probes each permission that an audit needs with one cheap call, and derives a verdict from the reply."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from koding_audit.aws.call import ACCESS_DENIED, NO_SUCH_ENTITY
from koding_audit.aws.connection import Connection
from koding_audit.aws.credential_changes import LOOKUP_EVENTS, event_region
from koding_audit.model.account import Account
from koding_audit.model.errors import CallError
from koding_audit.model.query import Query

ProbeAnswer = Literal["permitted", "denied", "unknown", "untried"]

KEY_LAST_USED = "iam:GetAccessKeyLastUsed"
LIST_KEYS = "iam:ListAccessKeys"
# A name that does not exist: IAM checks the caller's permission before it looks up the name.
UNUSED_NAME = "koding-audit-doctor"

# Error codes that only a caller with the permission gets.
_AUTHORIZED_CODES = frozenset(
    {
        *(NO_SUCH_ENTITY, "ReportNotPresent", "ReportInProgress", "ReportExpired", "LimitExceeded"),
        *("AWSOrganizationsNotInUseException", "ChildNotFoundException"),
        *("PolicyNotFoundException", "TargetNotFoundException"),
    }
)
# The end of AWS's message of a denial, since 2021 (reference: Troubleshoot access denied error messages).
_DENIAL_REASON = re.compile(
    "(with an explicit deny in|because no) (?:an? )?"
    "((?:identity-based|resource-based|session|service control|resource control|VPC endpoint) policy"
    "|permissions boundary)"
)


class ProbeVerdict(NamedTuple):
    """Whether a permission is granted, as far as one call can show.

    answer: `permitted`, `denied`, `unknown` (another error) or `untried`
    reason: AWS's error code and cause, or why no call was made; "" if permitted
    """

    answer: ProbeAnswer
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The result of one probe.

    permission: for example `iam:GetUser`
    subject: what the call was about: `user/NAME`, a policy's ARN, an account id, or ""
    verdict: whether the permission is granted
    rules: ids of the rules that cannot be checked without the permission
    optional: whether every audit works without it
    """

    permission: str
    subject: str
    verdict: ProbeVerdict
    rules: tuple[str, ...] = ()
    optional: bool = False


class Probe(NamedTuple):
    """The parameters of a probe's call.

    parameter: the parameter that names the subject, "" if the call has none
    subject_kind: the key of the subject's name in `probe_names`
    extra_parameters: fixed parameters
    """

    parameter: str = ""
    subject_kind: str = ""
    extra_parameters: Mapping[str, Any] = MappingProxyType({})


_ONE_ITEM: Mapping[str, Any] = {"MaxItems": 1}
_INLINE_POLICY: Mapping[str, Any] = {"PolicyName": UNUSED_NAME}
_USER, _FIRST_OF_USER = Probe("UserName", "user"), Probe("UserName", "user", _ONE_ITEM)
_FIRST_OF_GROUP = Probe("GroupName", "group", _ONE_ITEM)
_ROLE, _FIRST_OF_ROLE = Probe("RoleName", "role"), Probe("RoleName", "role", _ONE_ITEM)
PROBES: Mapping[str, Probe] = {
    "iam:GetUser": _USER,
    "iam:GetUserPolicy": Probe("UserName", "user", _INLINE_POLICY),
    "iam:ListUserPolicies": _FIRST_OF_USER,
    "iam:ListAttachedUserPolicies": _FIRST_OF_USER,
    "iam:ListGroupsForUser": _FIRST_OF_USER,
    "iam:GetLoginProfile": _USER,
    LIST_KEYS: _FIRST_OF_USER,
    KEY_LAST_USED: Probe("AccessKeyId", "key"),
    "iam:ListMFADevices": _FIRST_OF_USER,
    "iam:ListSSHPublicKeys": _FIRST_OF_USER,
    "iam:ListServiceSpecificCredentials": _USER,
    "iam:ListSigningCertificates": _FIRST_OF_USER,
    "iam:GetGroup": _FIRST_OF_GROUP,
    "iam:GetGroupPolicy": Probe("GroupName", "group", _INLINE_POLICY),
    "iam:ListGroupPolicies": _FIRST_OF_GROUP,
    "iam:ListAttachedGroupPolicies": _FIRST_OF_GROUP,
    "iam:GetRole": _ROLE,
    "iam:GetRolePolicy": Probe("RoleName", "role", _INLINE_POLICY),
    "iam:ListRolePolicies": _FIRST_OF_ROLE,
    "iam:ListAttachedRolePolicies": _FIRST_OF_ROLE,
    "iam:GetPolicy": Probe("PolicyArn", "policy"),
    "iam:GetPolicyVersion": Probe("PolicyArn", "policy", {"VersionId": "v1"}),
    "iam:ListPolicyVersions": Probe("PolicyArn", "policy", _ONE_ITEM),
    "iam:ListPolicies": Probe(extra_parameters={"Scope": "Local", **_ONE_ITEM}),
    "iam:GetAccountSummary": Probe(),
    "iam:GenerateCredentialReport": Probe(),
    "iam:GetCredentialReport": Probe(),
    "iam:GetAccountAuthorizationDetails": Probe(extra_parameters={"Filter": ["Group"], **_ONE_ITEM}),
    LOOKUP_EVENTS: Probe(extra_parameters={"MaxResults": 1}),
    "organizations:DescribeOrganization": Probe(),
    "organizations:ListDelegatedServicesForAccount": Probe("AccountId", "account"),
    "organizations:ListParents": Probe("ChildId", "account"),
    "organizations:ListPoliciesForTarget": Probe("TargetId", "account", {"Filter": "SERVICE_CONTROL_POLICY"}),
    "organizations:DescribePolicy": Probe(extra_parameters={"PolicyId": "p-FullAWSAccess"}),
}


def probe_names(query: Query, account: Account) -> dict[str, str]:
    """Returns the subject of the calls by kind: the first of each kind that a query names, else an unused name."""
    policies = (*query.policies, *query.versions)
    return {
        "user": next(iter(query.users), UNUSED_NAME),
        "group": next(iter(query.groups), UNUSED_NAME),
        "role": next(iter(query.roles), UNUSED_NAME),
        "policy": next(iter(policies), f"arn:{account.partition}:iam::aws:policy/IAMReadOnlyAccess"),
        "account": account.id,
    }


def probe_subject(permission: str, names: Mapping[str, str]) -> str:
    """Returns the subject of a permission's call, as a report shows it."""
    kind = PROBES[permission].subject_kind
    if kind == "key":
        return f"a key of user/{names['user']}"
    return f"{kind}/{names[kind]}" if kind in ("user", "group", "role") else names.get(kind, "")


def probe_permission(connection: Connection, permission: str, names: Mapping[str, str]) -> ProbeVerdict:
    """Sends a permission's call once, for its first page, and returns the verdict. Never raises."""
    try:
        if permission == KEY_LAST_USED:
            keys = _call_probe(connection, LIST_KEYS, names).get("AccessKeyMetadata") or [{}]
            names = {**names, "key": str(keys[0].get("AccessKeyId", ""))}
            if not names["key"]:
                return ProbeVerdict("untried", "there is no key to ask about")
        _call_probe(connection, permission, names)
    except CallError as error:
        if permission == KEY_LAST_USED and error.call == LIST_KEYS:
            return ProbeVerdict("untried", "no key to ask about was told")
        return probe_verdict(error)
    return ProbeVerdict("permitted")


def _call_probe(connection: Connection, permission: str, names: Mapping[str, str]) -> dict[str, Any]:
    service, _, operation = permission.partition(":")
    probe = PROBES[permission]
    subject = {probe.parameter: names[probe.subject_kind]} if probe.parameter else {}
    if service == "organizations":
        return connection.call_organizations(operation, **subject, **probe.extra_parameters)
    if service == "cloudtrail":
        return connection.call_cloudtrail(event_region(connection), operation, **probe.extra_parameters)
    return connection.call(operation, **subject, **probe.extra_parameters)


def probe_verdict(error: CallError) -> ProbeVerdict:
    """Returns what a failed call shows about its permission."""
    if error.code in ACCESS_DENIED:
        why = _DENIAL_REASON.search(error.detail)
        if why is None:
            return ProbeVerdict("denied", error.code)
        denies = why[1].startswith("with")
        return ProbeVerdict(
            "denied", f"{error.code}: {f'the {why[2]} denies it' if denies else f'no {why[2]} allows it'}"
        )
    if error.code in _AUTHORIZED_CODES:
        return ProbeVerdict("permitted")
    return ProbeVerdict("unknown", f"{error.code}: {error.cause}" if error.cause else error.code)
