"""One cheap call for each permission that an audit needs, and what its answer says of the permission."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from koding_audit.aws import ACCESS_DENIED, NOT_THERE, Connection
from koding_audit.errors import CallError
from koding_audit.model import Account, Query

Answer = Literal["permitted", "denied", "unknown", "untried"]

KEY_USED = "iam:GetAccessKeyLastUsed"
LISTS_KEYS = "iam:ListAccessKeys"
# A name that nobody has: IAM says whether a caller may ask before it says whether there is one.
NOBODY = "koding-audit-doctor"

# What only somebody who may ask is told.
_PAST_THE_DOOR = frozenset(
    {
        *(NOT_THERE, "ReportNotPresent", "ReportInProgress", "ReportExpired", "LimitExceeded"),
        *("AWSOrganizationsNotInUseException", "ChildNotFoundException"),
        *("PolicyNotFoundException", "TargetNotFoundException"),
    }
)
# How AWS ends a denial, since 2021 (reference: Troubleshoot access denied error messages).
_WHY = re.compile(
    "(with an explicit deny in|because no) (?:an? )?"
    "((?:identity-based|resource-based|session|service control|resource control|VPC endpoint) policy"
    "|permissions boundary)"
)


class Told(NamedTuple):
    """An answer and what else is known of it: AWS's error code, or why nothing was asked; "" where it is permitted."""

    answer: Answer
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """One permission. on: whom the call was about, `user/NAME` or an ARN, "" for the account; rules: those that cannot
    answer without it; optional: no audit hangs on it.
    """

    permission: str
    on: str
    told: Told
    rules: tuple[str, ...] = ()
    optional: bool = False


class Probe(NamedTuple):
    """The parameter that says whom a call is about, who that is (a name in names_of), and what else it takes."""

    parameter: str = ""
    about: str = ""
    also: Mapping[str, Any] = MappingProxyType({})


_ONE: Mapping[str, Any] = {"MaxItems": 1}
_INLINE: Mapping[str, Any] = {"PolicyName": NOBODY}
_USER, _FIRST_OF_USER = Probe("UserName", "user"), Probe("UserName", "user", _ONE)
_FIRST_OF_GROUP = Probe("GroupName", "group", _ONE)
_ROLE, _FIRST_OF_ROLE = Probe("RoleName", "role"), Probe("RoleName", "role", _ONE)
CALLS: Mapping[str, Probe] = {
    "iam:GetUser": _USER,
    "iam:GetUserPolicy": Probe("UserName", "user", _INLINE),
    "iam:ListUserPolicies": _FIRST_OF_USER,
    "iam:ListAttachedUserPolicies": _FIRST_OF_USER,
    "iam:ListGroupsForUser": _FIRST_OF_USER,
    "iam:GetLoginProfile": _USER,
    LISTS_KEYS: _FIRST_OF_USER,
    KEY_USED: Probe("AccessKeyId", "key"),
    "iam:ListMFADevices": _FIRST_OF_USER,
    "iam:ListSSHPublicKeys": _FIRST_OF_USER,
    "iam:ListServiceSpecificCredentials": _USER,
    "iam:GetGroup": _FIRST_OF_GROUP,
    "iam:GetGroupPolicy": Probe("GroupName", "group", _INLINE),
    "iam:ListGroupPolicies": _FIRST_OF_GROUP,
    "iam:ListAttachedGroupPolicies": _FIRST_OF_GROUP,
    "iam:GetRole": _ROLE,
    "iam:GetRolePolicy": Probe("RoleName", "role", _INLINE),
    "iam:ListRolePolicies": _FIRST_OF_ROLE,
    "iam:ListAttachedRolePolicies": _FIRST_OF_ROLE,
    "iam:GetPolicy": Probe("PolicyArn", "policy"),
    "iam:GetPolicyVersion": Probe("PolicyArn", "policy", {"VersionId": "v1"}),
    "iam:ListPolicyVersions": Probe("PolicyArn", "policy", _ONE),
    "iam:GetAccountSummary": Probe(),
    "iam:GenerateCredentialReport": Probe(),
    "iam:GetCredentialReport": Probe(),
    "iam:GetAccountAuthorizationDetails": Probe(also={"Filter": ["Group"], **_ONE}),
    "organizations:DescribeOrganization": Probe(),
    "organizations:ListParents": Probe("ChildId", "account"),
    "organizations:ListPoliciesForTarget": Probe("TargetId", "account", {"Filter": "SERVICE_CONTROL_POLICY"}),
    "organizations:DescribePolicy": Probe(also={"PolicyId": "p-FullAWSAccess"}),
}


def names_of(asked: Query, account: Account) -> dict[str, str]:
    """Whom the calls are about: the first of each kind that a query names, or else a name that nobody has."""
    policies = (*asked.policies, *asked.versions)
    return {
        "user": next(iter(asked.users), NOBODY),
        "group": next(iter(asked.groups), NOBODY),
        "role": next(iter(asked.roles), NOBODY),
        "policy": next(iter(policies), f"arn:{account.partition}:iam::aws:policy/IAMReadOnlyAccess"),
        "account": account.id,
    }


def subject(permission: str, names: Mapping[str, str]) -> str:
    """Whom the call is about, in words."""
    about = CALLS[permission].about
    if about == "key":
        return f"a key of user/{names['user']}"
    return f"{about}/{names[about]}" if about in ("user", "group", "role") else names.get(about, "")


def ask(connection: Connection, permission: str, names: Mapping[str, str]) -> Told:
    """Make the call of a permission, once, of its first page. Never raises: a failure is an answer."""
    try:
        if permission == KEY_USED:
            keys = _call(connection, LISTS_KEYS, names).get("AccessKeyMetadata") or [{}]
            names = {**names, "key": str(keys[0].get("AccessKeyId", ""))}
            if not names["key"]:
                return Told("untried", "there is no key to ask about")
        _call(connection, permission, names)
    except CallError as error:
        if permission == KEY_USED and error.call == LISTS_KEYS:
            return Told("untried", "no key to ask about was told")
        return judged(error)
    return Told("permitted")


def _call(connection: Connection, permission: str, names: Mapping[str, str]) -> dict[str, Any]:
    service, _, operation = permission.partition(":")
    wanted = CALLS[permission]
    given = {wanted.parameter: names[wanted.about]} if wanted.parameter else {}
    if service == "organizations":
        return connection.ask_organizations(operation, **given, **wanted.also)
    return connection.call(operation, **given, **wanted.also)


def judged(error: CallError) -> Told:
    """What the failure of a call says of its permission."""
    if error.code in ACCESS_DENIED:
        why = _WHY.search(error.detail)
        if why is None:
            return Told("denied", error.code)
        denies = why[1].startswith("with")
        return Told("denied", f"{error.code}: {f'the {why[2]} denies it' if denies else f'no {why[2]} allows it'}")
    if error.code in _PAST_THE_DOOR:
        return Told("permitted")
    return Told("unknown", f"{error.code}: {error.cause}" if error.cause else error.code)
