"""Typed reads of IAM: one reply in, one value out; whatever is wrong with a reply is a CallError that says so."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from koding_audit.aws import MALFORMED, NOT_THERE, Connection, take, take_time
from koding_audit.credential_report import ReportFormatError, Row, rows
from koding_audit.errors import CallError
from koding_audit.model import AccessKey, Kind, ManagedPolicy, Principal

REPORT_DEADLINE = 60.0  # seconds; AWS takes a few, for a large account more
_REPORT_PENDING = frozenset({"ReportInProgress", "ReportNotPresent", "ReportExpired"})
_DETAIL_FILTERS: Mapping[Kind, tuple[str, str]] = {
    "user": ("User", "UserDetailList"),
    "group": ("Group", "GroupDetailList"),
}


def principal(connection: Connection, kind: Kind, name: str, *, members: bool = False) -> Principal:
    """A user or group by itself: its ARN, id, path and boundary; with members, a group's users too."""
    if kind == "user":
        call = "iam:GetUser"
        return _user(take(connection.call("GetUser", UserName=name), "User", dict, call), name, call)
    call = "iam:GetGroup"
    if members:
        return _group_with_members(connection, name)
    return _group(take(connection.call("GetGroup", GroupName=name, MaxItems=1), "Group", dict, call), name, call)


def attached_policies(connection: Connection, kind: Kind, name: str) -> frozenset[str]:
    """ARNs of the managed policies attached to a user or group."""
    operation = f"ListAttached{kind.title()}Policies"
    found = connection.pages(operation, "AttachedPolicies", **{f"{kind.title()}Name": name})
    return frozenset(take(each, "PolicyArn", str, f"iam:{operation}") for each in found)


def inline_policies(connection: Connection, kind: Kind, name: str) -> frozenset[str]:
    """Names of the inline policies of a user or group."""
    operation = f"List{kind.title()}Policies"
    return _texts(connection.pages(operation, "PolicyNames", **{f"{kind.title()}Name": name}), f"iam:{operation}")


def inline_document(connection: Connection, kind: Kind, name: str, policy: str) -> Any:
    """The document of one inline policy, as botocore decodes it: a dict."""
    operation = f"Get{kind.title()}Policy"
    reply = connection.call(operation, PolicyName=policy, **{f"{kind.title()}Name": name})
    return take(reply, "PolicyDocument", dict, f"iam:{operation}")


def groups_of_user(connection: Connection, name: str) -> frozenset[str]:
    """Names of the groups that a user is in."""
    found = connection.pages("ListGroupsForUser", "Groups", UserName=name)
    return frozenset(take(each, "GroupName", str, "iam:ListGroupsForUser") for each in found)


def access_keys(connection: Connection, name: str) -> tuple[AccessKey, ...]:
    """A user's access keys, oldest first. The user is always named: without, IAM answers about the caller."""
    found = connection.pages("ListAccessKeys", "AccessKeyMetadata", UserName=name)
    return tuple(sorted((_access_key(connection, each) for each in found), key=lambda key: (key.created, key.suffix)))


def has_password(connection: Connection, name: str) -> bool:
    """Whether a user can sign in to the console."""
    try:
        take(connection.call("GetLoginProfile", UserName=name), "LoginProfile", dict, "iam:GetLoginProfile")
    except CallError as error:
        if error.code == NOT_THERE:
            return False
        raise
    return True


def has_mfa(connection: Connection, name: str) -> bool:
    return bool(connection.pages("ListMFADevices", "MFADevices", UserName=name))


def service_credentials(connection: Connection, name: str) -> tuple[str, ...]:
    """The kinds of credentials that the credential report never shows: one word each, sorted, `ssh` for SSH keys."""
    call = "iam:ListServiceSpecificCredentials"
    # Without a list of all users the answer is one page, whose IsTruncated older endpoints leave out.
    reply = connection.call("ListServiceSpecificCredentials", UserName=name)
    kinds = {take(each, "ServiceName", str, call) for each in take(reply, "ServiceSpecificCredentials", list, call)}
    if reply.get("IsTruncated"):
        raise CallError(call, MALFORMED, "one user's list does not fit a page")
    if connection.pages("ListSSHPublicKeys", "SSHPublicKeys", UserName=name):
        kinds.add("ssh")
    return tuple(sorted(kinds))


def managed_policy(connection: Connection, arn: str) -> ManagedPolicy | None:
    """A managed policy, None where there is none of that ARN."""
    try:
        reply = connection.call("GetPolicy", PolicyArn=arn)
    except CallError as error:
        if error.code == NOT_THERE:
            return None
        raise
    policy = take(reply, "Policy", dict, "iam:GetPolicy")
    return ManagedPolicy(take(policy, "Arn", str, "iam:GetPolicy"), _attachable(policy))


def managed_document(connection: Connection, arn: str, version: str = "") -> str:
    """A version of a managed policy, "" for its default one, as JSON with sorted keys."""
    call = "iam:GetPolicyVersion"
    if not version:
        policy = take(connection.call("GetPolicy", PolicyArn=arn), "Policy", dict, "iam:GetPolicy")
        version = take(policy, "DefaultVersionId", str, "iam:GetPolicy")
    reply = connection.call("GetPolicyVersion", PolicyArn=arn, VersionId=version)
    return json.dumps(take(take(reply, "PolicyVersion", dict, call), "Document", dict, call), sort_keys=True)


def managed_policies(connection: Connection) -> dict[str, ManagedPolicy]:
    """Every managed policy there is, AWS's and the account's own."""
    found = connection.pages("ListPolicies", "Policies", Scope="All")
    arns = {take(policy, "Arn", str, "iam:ListPolicies"): policy for policy in found}
    return {arn: ManagedPolicy(arn, _attachable(policy)) for arn, policy in arns.items()}


def account_summary(connection: Connection) -> dict[str, int]:
    """The account's counts and quotas; a key that AWS leaves out is left out."""
    call = "iam:GetAccountSummary"
    summary = take(connection.call("GetAccountSummary"), "SummaryMap", dict, call)
    return {name: take(summary, name, int, call) for name in summary}


def credential_report(
    connection: Connection, sleep: Callable[[float], None] = time.sleep
) -> tuple[Mapping[str, Row], datetime]:
    """The credential report's rows, and when AWS made it: up to four hours ago, when there was one.

    Waits for a new one to be made, REPORT_DEADLINE seconds at most.
    """
    _order_report(connection)
    pause, waited = 0.25, 0.0
    while True:
        try:
            reply = connection.call("GetCredentialReport")
            break
        except CallError as error:
            if error.code not in _REPORT_PENDING or waited >= REPORT_DEADLINE:
                raise
        sleep(pause)
        waited += pause
        pause = min(pause * 2, 5.0)
        _order_report(connection)
    call = "iam:GetCredentialReport"
    generated = take_time(reply, "GeneratedTime", call)
    try:
        return rows(take(reply, "Content", bytes, call)), generated
    except ReportFormatError as error:
        raise CallError(call, MALFORMED, str(error)) from error


def _order_report(connection: Connection) -> None:
    """Where AWS makes no new report for now, one that is there is still good: reading it will tell."""
    try:
        connection.call("GenerateCredentialReport")
    except CallError as error:
        if error.code != "LimitExceeded":
            raise


def details(connection: Connection, kind: Kind) -> tuple[Principal, ...]:
    """Every user or group of the account, by GetAccountAuthorizationDetails: a thousand to a page."""
    name, member = _DETAIL_FILTERS[kind]
    found = connection.pages("GetAccountAuthorizationDetails", member, Filter=[name])
    return tuple(principal_of_detail(kind, each) for each in found)


def members_by_group(users: Iterable[Principal]) -> dict[str, frozenset[str]]:
    """Who is in each group, by the groups' names, from what every user says."""
    members: dict[str, set[str]] = {}
    for user in users:
        for group in user.groups or ():
            members.setdefault(group, set()).add(user.name)
    return {group: frozenset(names) for group, names in members.items()}


def principal_of_detail(kind: Kind, detail: Any) -> Principal:
    """A UserDetail or GroupDetail as a Principal; AWS leaves out a user's list of inline policies when it is empty."""
    call = "iam:GetAccountAuthorizationDetails"
    attached = frozenset(
        take(each, "PolicyArn", str, call) for each in take(detail, "AttachedManagedPolicies", list, call)
    )
    member = "UserPolicyList" if kind == "user" else "GroupPolicyList"
    inline = take({member: [], **detail}, member, list, call)
    name = take(detail, f"{kind.title()}Name", str, call)
    alone = _user(detail, name, call) if kind == "user" else _group(detail, name, call)
    groups = _texts(take(detail, "GroupList", list, call), call) if kind == "user" else None
    return Principal(
        alone.kind,
        alone.name,
        alone.arn,
        alone.unique_id,
        alone.path,
        attached,
        frozenset(take(each, "PolicyName", str, call) for each in inline),
        groups,
        None,
        alone.boundary,
    )


def _user(detail: dict[str, Any], asked: str, call: str) -> Principal:
    boundary = detail.get("PermissionsBoundary")
    arn = "" if boundary is None else take(boundary, "PermissionsBoundaryArn", str, call)
    return _principal("user", detail, asked, call, arn)


def _group(detail: dict[str, Any], asked: str, call: str) -> Principal:
    return _principal("group", detail, asked, call)


def _principal(kind: Kind, detail: dict[str, Any], asked: str, call: str, boundary: str = "") -> Principal:
    word = kind.title()
    name = take(detail, f"{word}Name", str, call)
    if name.casefold() != asked.casefold():
        raise CallError(call, MALFORMED, f"the reply is about another {kind} than was asked for")
    arn = take(detail, "Arn", str, call)
    unique_id = take(detail, f"{word}Id", str, call)
    return Principal(kind, name, arn, unique_id, take(detail, "Path", str, call), boundary=boundary)


def _group_with_members(connection: Connection, name: str) -> Principal:
    """GetGroup pages through a group's users and repeats the group on each page."""
    call = "iam:GetGroup"
    first = principal(connection, "group", name)
    users = connection.pages("GetGroup", "Users", GroupName=name)
    members = frozenset(take(user, "UserName", str, call) for user in users)
    return Principal(first.kind, first.name, first.arn, first.unique_id, first.path, members=members)


def _access_key(connection: Connection, metadata: Any) -> AccessKey:
    call = "iam:ListAccessKeys"
    key_id = take(metadata, "AccessKeyId", str, call)
    reply = connection.call("GetAccessKeyLastUsed", AccessKeyId=key_id)
    used = take(reply, "AccessKeyLastUsed", dict, "iam:GetAccessKeyLastUsed")
    last_used = take_time(used, "LastUsedDate", "iam:GetAccessKeyLastUsed") if "LastUsedDate" in used else None
    active = take(metadata, "Status", str, call) == "Active"
    return AccessKey(key_id[-4:], active, take_time(metadata, "CreateDate", call), last_used)


def _attachable(policy: dict[str, Any]) -> bool:
    # Left out, it says nothing against attaching; IAM itself will refuse what cannot be.
    return policy.get("IsAttachable") is not False


def _texts(values: list[Any], call: str) -> frozenset[str]:
    return frozenset(take({"name": value}, "name", str, call) for value in values)
