"""One cheap call for each permission that an audit needs, and what its answer says of the permission."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from koding_audit.aws.call import ACCESS_DENIED, NO_SUCH_ENTITY
from koding_audit.aws.connection import Connection
from koding_audit.model.account import Account
from koding_audit.model.errors import CallError
from koding_audit.model.query import Query

ProbeAnswer = Literal["permitted", "denied", "unknown", "untried"]

KEY_LAST_USED = "iam:GetAccessKeyLastUsed"
LIST_KEYS = "iam:ListAccessKeys"
# A name that nobody has: IAM says whether a caller may ask before it says whether there is one.
UNUSED_NAME = "koding-audit-doctor"

# What only somebody who may ask is told.
_AUTHORIZED_CODES = frozenset(
    {
        *(NO_SUCH_ENTITY, "ReportNotPresent", "ReportInProgress", "ReportExpired", "LimitExceeded"),
        *("AWSOrganizationsNotInUseException", "ChildNotFoundException"),
        *("PolicyNotFoundException", "TargetNotFoundException"),
    }
)
# How AWS ends a denial, since 2021 (reference: Troubleshoot access denied error messages).
_DENIAL_REASON = re.compile(
    "(with an explicit deny in|because no) (?:an? )?"
    "((?:identity-based|resource-based|session|service control|resource control|VPC endpoint) policy"
    "|permissions boundary)"
)


class ProbeVerdict(NamedTuple):
    """An answer and what else is known of it: AWS's error code, or why nothing was asked; "" where it is permitted."""

    answer: ProbeAnswer
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One permission. on: whom the call was about, `user/NAME` or an ARN, "" for the account; rules: those that cannot
    answer without it; optional: no audit hangs on it.
    """

    permission: str
    subject: str
    verdict: ProbeVerdict
    rules: tuple[str, ...] = ()
    optional: bool = False


class Probe(NamedTuple):
    """The parameter that says whom a call is about, who that is (a name in names_of), and what else it takes."""

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
    "iam:GetAccountSummary": Probe(),
    "iam:GenerateCredentialReport": Probe(),
    "iam:GetCredentialReport": Probe(),
    "iam:GetAccountAuthorizationDetails": Probe(extra_parameters={"Filter": ["Group"], **_ONE_ITEM}),
    "organizations:DescribeOrganization": Probe(),
    "organizations:ListParents": Probe("ChildId", "account"),
    "organizations:ListPoliciesForTarget": Probe("TargetId", "account", {"Filter": "SERVICE_CONTROL_POLICY"}),
    "organizations:DescribePolicy": Probe(extra_parameters={"PolicyId": "p-FullAWSAccess"}),
}


def probe_names(asked: Query, account: Account) -> dict[str, str]:
    """Whom the calls are about: the first of each kind that a query names, or else a name that nobody has."""
    policies = (*asked.policies, *asked.versions)
    return {
        "user": next(iter(asked.users), UNUSED_NAME),
        "group": next(iter(asked.groups), UNUSED_NAME),
        "role": next(iter(asked.roles), UNUSED_NAME),
        "policy": next(iter(policies), f"arn:{account.partition}:iam::aws:policy/IAMReadOnlyAccess"),
        "account": account.id,
    }


def probe_subject(permission: str, names: Mapping[str, str]) -> str:
    """Whom the call is about, in words."""
    about = PROBES[permission].subject_kind
    if about == "key":
        return f"a key of user/{names['user']}"
    return f"{about}/{names[about]}" if about in ("user", "group", "role") else names.get(about, "")


def probe_permission(connection: Connection, permission: str, names: Mapping[str, str]) -> ProbeVerdict:
    """Make the call of a permission, once, of its first page. Never raises: a failure is an answer."""
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
    wanted = PROBES[permission]
    given = {wanted.parameter: names[wanted.subject_kind]} if wanted.parameter else {}
    if service == "organizations":
        return connection.call_organizations(operation, **given, **wanted.extra_parameters)
    return connection.call(operation, **given, **wanted.extra_parameters)


def probe_verdict(error: CallError) -> ProbeVerdict:
    """What the failure of a call says of its permission."""
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
