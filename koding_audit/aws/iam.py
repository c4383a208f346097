"""Typed reads of IAM: each sends one read and returns a checked value, and raises CallError for an invalid reply."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import unquote

from koding_audit.aws.call import MALFORMED, NO_SUCH_ENTITY, take_field, take_past_time
from koding_audit.aws.connection import Connection
from koding_audit.aws.credential_report import CredentialRow, ReportFormatError, parse_credential_report
from koding_audit.model.account import NAME_PARAMETERS, PrincipalKind
from koding_audit.model.errors import CallError
from koding_audit.model.frozen import dataclass, replace
from koding_audit.model.snapshot import AccessKey, ManagedPolicy, Principal, inline_document_key

REPORT_DEADLINE = 60.0  # seconds; AWS takes a few seconds, more for a large account
_SIMULATION_BATCH = 100  # actions a call, which bounds the size of request and reply
_KEY_STATUSES = frozenset({"Active", "Inactive", "Expired"})
_REPORT_AGE = timedelta(hours=4)  # AWS makes no new report before that
_REPORT_PENDING = frozenset({"ReportInProgress", "ReportNotPresent", "ReportExpired"})
_DETAILS = "iam:GetAccountAuthorizationDetails"
_NO_LISTS: Mapping[str, Any] = {}  # GetUser, GetGroup and GetRole return no policies and no groups
# The members of a detail that have a principal's name, its id and its inline policies.
_DETAIL_MEMBERS: Mapping[PrincipalKind, tuple[str, str, str]] = {
    "user": ("UserName", "UserId", "UserPolicyList"),
    "group": ("GroupName", "GroupId", "GroupPolicyList"),
    "role": ("RoleName", "RoleId", "RolePolicyList"),
}
_DETAIL_FILTERS: Mapping[PrincipalKind, tuple[str, str]] = {
    "user": ("User", "UserDetailList"),
    "group": ("Group", "GroupDetailList"),
    "role": ("Role", "RoleDetailList"),
}


def read_principal(connection: Connection, kind: PrincipalKind, name: str, *, members: bool = False) -> Principal:
    """Returns a user, group or role: ARN, id, path, boundary, a role's trust policy. Raises CallError.

    members: also read the users of a group
    """
    if kind == "user":
        call = "iam:GetUser"
        return _decode_user(take_field(connection.call("GetUser", UserName=name), "User", dict, call), name, call)
    if kind == "role":
        call = "iam:GetRole"
        return _decode_role(take_field(connection.call("GetRole", RoleName=name), "Role", dict, call), name, call)
    call = "iam:GetGroup"
    if members:
        return _read_group_with_members(connection, name)
    return _decode_group(
        take_field(connection.call("GetGroup", GroupName=name, MaxItems=1), "Group", dict, call), name, call
    )


def list_attached_policies(connection: Connection, kind: PrincipalKind, name: str) -> frozenset[str]:
    """Returns the ARNs of the managed policies attached to a user, group or role. Raises CallError."""
    operation = f"ListAttached{kind.title()}Policies"
    found = connection.pages(operation, "AttachedPolicies", **{NAME_PARAMETERS[kind]: name})
    return frozenset(take_field(each, "PolicyArn", str, f"iam:{operation}") for each in found)


def list_inline_policies(connection: Connection, kind: PrincipalKind, name: str) -> frozenset[str]:
    """Returns the names of the inline policies of a user, group or role. Raises CallError."""
    operation = f"List{kind.title()}Policies"
    return _string_set(connection.pages(operation, "PolicyNames", **{NAME_PARAMETERS[kind]: name}), f"iam:{operation}")


def read_inline_document(connection: Connection, kind: PrincipalKind, name: str, policy: str) -> str:
    """Returns the document of an inline policy, as JSON with sorted keys. Raises CallError."""
    operation = f"Get{kind.title()}Policy"
    reply = connection.call(operation, PolicyName=policy, **{NAME_PARAMETERS[kind]: name})
    return take_document(reply, "PolicyDocument", f"iam:{operation}")


def list_groups_of_user(connection: Connection, name: str) -> frozenset[str]:
    """Returns the names of the groups that a user is in. Raises CallError."""
    found = connection.pages("ListGroupsForUser", "Groups", UserName=name)
    return frozenset(take_field(each, "GroupName", str, "iam:ListGroupsForUser") for each in found)


def list_access_keys(connection: Connection, name: str) -> tuple[AccessKey, ...]:
    """Returns a user's access keys, oldest first. Raises CallError.

    The call always names the user: without a name, IAM returns the keys of the caller.
    """
    found = connection.pages("ListAccessKeys", "AccessKeyMetadata", UserName=name)
    return tuple(
        sorted((_read_access_key(connection, each) for each in found), key=lambda key: (key.created, key.suffix))
    )


def has_password(connection: Connection, name: str) -> bool:
    """Whether a user has a console password. Raises CallError."""
    try:
        take_field(connection.call("GetLoginProfile", UserName=name), "LoginProfile", dict, "iam:GetLoginProfile")
    except CallError as error:
        if error.code == NO_SUCH_ENTITY:
            return False
        raise
    return True


def read_password_last_used(connection: Connection, name: str) -> tuple[datetime, ...]:
    """Returns the time of a user's last sign-in with a password, () if never (API_User). Raises CallError."""
    call = "iam:GetUser"
    return _take_password_use(take_field(connection.call("GetUser", UserName=name), "User", dict, call), call)


def list_password_uses(connection: Connection) -> dict[str, tuple[datetime, ...]]:
    """Returns when each user last signed in with a password, by name; () if never (API_User). Raises CallError."""
    call = "iam:ListUsers"
    users = connection.pages("ListUsers", "Users")
    return {take_field(user, "UserName", str, call): _take_password_use(user, call) for user in users}


def _take_password_use(user: Any, call: str) -> tuple[datetime, ...]:
    return (take_past_time(user, "PasswordLastUsed", call),) if "PasswordLastUsed" in user else ()


def has_mfa(connection: Connection, name: str) -> bool:
    """Whether a user has an MFA device. Raises CallError."""
    devices = connection.pages("ListMFADevices", "MFADevices", UserName=name)
    return bool([take_field(each, "SerialNumber", str, "iam:ListMFADevices") for each in devices])


def list_service_credentials(connection: Connection, name: str) -> tuple[str, ...]:
    """Returns the kinds of active credentials that the credential report omits: service names and `ssh`, sorted.

    Inactive and expired credentials are left out: they cannot be used to sign in. Raises CallError.
    """
    call, ssh_call = "iam:ListServiceSpecificCredentials", "iam:ListSSHPublicKeys"
    # With a UserName the reply is one page; older endpoints omit its IsTruncated.
    reply = connection.call("ListServiceSpecificCredentials", UserName=name)
    listed = take_field(reply, "ServiceSpecificCredentials", list, call)
    kinds = {take_field(each, "ServiceName", str, call) for each in listed if _is_active(each, call)}
    if reply.get("IsTruncated"):
        raise CallError(call, MALFORMED, "one user's list does not fit a page")
    ssh_keys = connection.pages("ListSSHPublicKeys", "SSHPublicKeys", UserName=name)
    active_ssh_keys = [each for each in ssh_keys if _is_active(each, ssh_call)]
    if active_ssh_keys:
        kinds.add("ssh")
    return tuple(sorted(kinds))


def count_signing_certificates(connection: Connection, name: str) -> int:
    """Returns the number of a user's active X.509 signing certificates. Raises CallError."""
    found = connection.pages("ListSigningCertificates", "Certificates", UserName=name)
    return sum(_is_active(each, "iam:ListSigningCertificates") for each in found)


def read_managed_policy(connection: Connection, arn: str) -> ManagedPolicy | None:
    """Returns a managed policy, None if no policy has this ARN. Raises CallError."""
    try:
        reply = connection.call("GetPolicy", PolicyArn=arn)
    except CallError as error:
        if error.code == NO_SUCH_ENTITY:
            return None
        raise
    return _decode_managed_policy(take_field(reply, "Policy", dict, "iam:GetPolicy"), "iam:GetPolicy")


def list_policy_versions(connection: Connection, arn: str) -> tuple[str, ...]:
    """Returns the ids of a managed policy's versions, oldest first; AWS keeps five at most. Raises CallError."""
    call = "iam:ListPolicyVersions"
    found = connection.pages("ListPolicyVersions", "Versions", PolicyArn=arn)
    return _sort_versions(take_field(each, "VersionId", str, call) for each in found)


def read_managed_document(connection: Connection, arn: str, version: str = "") -> str:
    """Returns the document of a version of a managed policy, as JSON with sorted keys. Raises CallError.

    version: "" for the default version
    """
    call = "iam:GetPolicyVersion"
    if not version:
        policy = take_field(connection.call("GetPolicy", PolicyArn=arn), "Policy", dict, "iam:GetPolicy")
        version = take_field(policy, "DefaultVersionId", str, "iam:GetPolicy")
    reply = connection.call("GetPolicyVersion", PolicyArn=arn, VersionId=version)
    return take_document(take_field(reply, "PolicyVersion", dict, call), "Document", call)


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """The result of AWS's policy simulator for one action.

    decision: `allowed`, `explicitDeny` or `implicitDeny`
    allowed_by_organizations: whether the organization's SCPs allow the action, None if the reply does not say
    missing: the condition keys that the policies use and the request did not give, for any resource, sorted
    """

    decision: str
    allowed_by_organizations: bool | None
    missing: tuple[str, ...]


def simulate_principal(
    connection: Connection,
    arn: str,
    actions: Iterable[str],
    resource: str,
    context: Iterable[tuple[str, tuple[str, ...]]],
) -> dict[str, SimulationResult]:
    """Returns the policy simulator's result for each action of a user, group or role. Raises CallError.

    arn: of the user, group or role
    context: condition keys and their values
    """
    entries = [
        {
            "ContextKeyName": key,
            "ContextKeyValues": list(values),
            "ContextKeyType": "string" if len(values) == 1 else "stringList",
        }
        for key, values in context
    ]
    names = list(actions)
    found: dict[str, SimulationResult] = {}
    for start in range(0, len(names), _SIMULATION_BATCH):
        batch = {"PolicySourceArn": arn, "ActionNames": names[start : start + _SIMULATION_BATCH]}
        results = connection.pages(
            "SimulatePrincipalPolicy", "EvaluationResults", **batch, ResourceArns=[resource], ContextEntries=entries
        )
        found |= dict(_decode_simulation(each) for each in results)
    return found


def _decode_simulation(result: Any) -> tuple[str, SimulationResult]:
    call = "iam:SimulatePrincipalPolicy"
    decision = take_field(result, "EvalDecision", str, call)
    if decision not in ("allowed", "explicitDeny", "implicitDeny"):
        raise CallError(call, MALFORMED, f"the reply has a decision that IAM does not know: {decision!r}")
    detail = take_field({"OrganizationsDecisionDetail": {}, **result}, "OrganizationsDecisionDetail", dict, call)
    allowed = take_field(detail, "AllowedByOrganizations", bool, call) if "AllowedByOrganizations" in detail else None
    details = _take_optional_list(result, "ResourceSpecificResults", call)
    keys = [key for each in (result, *details) for key in _take_optional_list(each, "MissingContextValues", call)]
    missing = tuple(sorted(_string_set(keys, call)))
    return take_field(result, "EvalActionName", str, call), SimulationResult(decision, allowed, missing)


def list_managed_policies(connection: Connection) -> dict[str, ManagedPolicy]:
    """Returns every managed policy by ARN, AWS's and the account's own. Raises CallError."""
    found = connection.pages("ListPolicies", "Policies", Scope="All")
    policies = (_decode_managed_policy(policy, "iam:ListPolicies") for policy in found)
    return {policy.arn: policy for policy in policies}


def list_own_policy_arns(connection: Connection) -> frozenset[str]:
    """Returns the ARNs of the account's own managed policies. Raises CallError."""
    found = connection.pages("ListPolicies", "Policies", Scope="Local")
    return frozenset(_decode_managed_policy(policy, "iam:ListPolicies").arn for policy in found)


def list_own_policies(connection: Connection) -> tuple[dict[str, ManagedPolicy], dict[str, str]]:
    """Returns the account's own managed policies by ARN, and the documents of all their versions. Raises CallError.

    The documents' names are those of `documents_from_detail`.
    """
    details = connection.pages("GetAccountAuthorizationDetails", "Policies", Filter=["LocalManagedPolicy"])
    policies: dict[str, ManagedPolicy] = {}
    documents: dict[str, str] = {}
    for each in details:
        policy = policy_from_detail(each)
        policies[policy.arn] = policy
        documents |= documents_from_detail(each)
    return policies, documents


def read_account_summary(connection: Connection) -> dict[str, int]:
    """Returns the account's counts and quotas, without the keys that AWS omits. Raises CallError."""
    call = "iam:GetAccountSummary"
    summary = take_field(connection.call("GetAccountSummary"), "SummaryMap", dict, call)
    counts = {name: take_field(summary, name, int, call) for name in summary}
    negative = sorted(name for name, count in counts.items() if count < 0 or isinstance(count, bool))
    if negative:
        raise CallError(call, MALFORMED, f"the reply has no usable {negative[0]}")
    return counts


def read_credential_report(
    connection: Connection, sleep: Callable[[float], None] = time.sleep
) -> tuple[Mapping[str, CredentialRow], datetime]:
    """Returns the credential report's rows and the time when AWS made it. Raises CallError.

    If AWS has no report of the last four hours, requests one and waits for it for REPORT_DEADLINE seconds at most.
    """
    pause, waited, is_requested = 0.5, 0.0, False
    while True:
        try:
            rows, generated = _get_report(connection)
            if is_requested or datetime.now(timezone.utc) - generated <= _REPORT_AGE:
                return rows, generated
            is_in_progress = False
        except CallError as error:
            if error.code not in _REPORT_PENDING or waited >= REPORT_DEADLINE:
                raise
            is_in_progress = error.code == "ReportInProgress"
        is_complete = not is_in_progress and _request_report(connection)
        if is_requested or not is_complete:
            sleep(pause)
            waited += pause
            pause = 1.0
        is_requested = True


def _get_report(connection: Connection) -> tuple[Mapping[str, CredentialRow], datetime]:
    call = "iam:GetCredentialReport"
    reply = connection.call("GetCredentialReport")
    generated = take_past_time(reply, "GeneratedTime", call)
    try:
        return parse_credential_report(take_field(reply, "Content", bytes, call)), generated
    except ReportFormatError as error:
        raise CallError(call, MALFORMED, str(error)) from error


def _request_report(connection: Connection) -> bool:
    """Requests a new report. Returns whether AWS says that it can be read at once.

    LimitExceeded is not an error: a recent report exists.
    """
    try:
        return connection.call("GenerateCredentialReport").get("State") == "COMPLETE"
    except CallError as error:
        if error.code != "LimitExceeded":
            raise
        return True


@dataclass(frozen=True, slots=True)
class AuthorizationDetails:
    """What GetAccountAuthorizationDetails returns for one kind of principal.

    principals: every user, group or role of the account
    documents: details of inline policies by `inline_document_key`; `document_from_detail` decodes one
    """

    principals: tuple[Principal, ...]
    documents: Mapping[str, Any]


def list_authorization_details(
    connection: Connection, kinds: Sequence[PrincipalKind]
) -> dict[PrincipalKind, AuthorizationDetails]:
    """Returns every principal of the given kinds by GetAccountAuthorizationDetails, 1,000 a page. Raises CallError."""
    filters, members = zip(*(_DETAIL_FILTERS[kind] for kind in kinds), strict=True)
    found = connection.lists("GetAccountAuthorizationDetails", members, Filter=list(filters))
    return {kind: _decode_details(kind, each) for kind, each in zip(kinds, found, strict=True)}


def _decode_details(kind: PrincipalKind, found: Sequence[Any]) -> AuthorizationDetails:
    principals = tuple([principal_from_detail(kind, each) for each in found])
    _refuse_namesakes(principals)
    documents = {
        inline_document_key(principal, take_field(each, "PolicyName", str, _DETAILS)): _check_inline_document(each)
        for principal, detail in zip(principals, found, strict=True)
        for each in _inline_details(kind, detail)
    }
    return AuthorizationDetails(principals, documents)


def _check_inline_document(policy: Any) -> Any:
    """Returns an inline policy's detail after a quick check of its document. Raises CallError.

    A URL-encoded JSON object is decoded only when it is needed; any other form is decoded, and refused, now.
    """
    document = policy.get("PolicyDocument")
    if not (isinstance(document, str) and document.startswith("%7B") and document.endswith("%7D")):
        document_from_detail(policy)
    return policy


def _refuse_namesakes(principals: Iterable[Principal]) -> None:
    """Raises CallError if two principals have one name and differ; otherwise one would be lost silently.

    Two equal rows are allowed: a list that changes while it is read can repeat a row on the next page.
    """
    known: dict[str, Principal] = {}
    for each in principals:
        other = known.setdefault(each.name.casefold(), each)
        if other is not each and other != each:
            message = f"two {each.kind}s are called {other.name} and {each.name}"
            raise CallError(_DETAILS, MALFORMED, message)


def members_by_group(users: Iterable[Principal]) -> dict[str, frozenset[str]]:
    """Returns the names of each group's members by group name, from the groups of every user."""
    members: dict[str, set[str]] = {}
    for user in users:
        for group in user.groups or ():
            members.setdefault(group, set()).add(user.name)
    return {group: frozenset(names) for group, names in members.items()}


def principal_from_detail(kind: PrincipalKind, detail: Any) -> Principal:
    """Returns the principal of a detail of GetAccountAuthorizationDetails. Raises CallError.

    AWS omits a user's list of inline policies when it is empty.
    """
    call = _DETAILS
    attached = take_field(detail, "AttachedManagedPolicies", list, call)
    inline = _inline_details(kind, detail)
    name = take_field(detail, _DETAIL_MEMBERS[kind][0], str, call)
    listed = {
        "attached": frozenset([take_field(each, "PolicyArn", str, call) for each in attached]),
        "inline": frozenset([take_field(each, "PolicyName", str, call) for each in inline]),
        "groups": _string_set(take_field(detail, "GroupList", list, call), call) if kind == "user" else None,
    }
    return _DECODERS[kind](detail, name, call, listed)


def document_from_detail(policy: Any) -> str:
    """Returns the document of an inline policy's detail, as JSON with sorted keys. Raises CallError."""
    return take_document(policy, "PolicyDocument", _DETAILS)


def policy_from_detail(detail: Any) -> ManagedPolicy:
    """Returns the managed policy of a detail, with the ids of all its versions. Raises CallError."""
    call = _DETAILS
    versions = take_field(detail, "PolicyVersionList", list, call)
    ids = _sort_versions(take_field(each, "VersionId", str, call) for each in versions)
    policy = _decode_managed_policy(detail, call)
    if policy.default_version and {each["VersionId"] for each in versions if _is_default(each)} - {
        policy.default_version
    }:
        raise CallError(call, MALFORMED, "another version than the default one is marked as it")
    return replace(policy, versions=ids)


def _is_default(version: Any) -> bool:
    return take_field({"IsDefaultVersion": False, **version}, "IsDefaultVersion", bool, _DETAILS)


def documents_from_detail(detail: Any) -> dict[str, str]:
    """Returns the documents of a managed policy's detail: every version by `ARN@v2`, the default one also by ARN.

    Raises CallError.
    """
    call = _DETAILS
    arn = take_field(detail, "Arn", str, call)
    found: dict[str, str] = {}
    for each in take_field(detail, "PolicyVersionList", list, call):
        text = take_document(each, "Document", call)
        found[f"{arn}@{take_field(each, 'VersionId', str, call)}"] = text
        if _is_default(each):
            found[arn] = text
    return found


def take_document(reply: Any, name: str, call: str) -> str:
    """Returns a policy document of a reply, as JSON with sorted keys. Raises CallError.

    The member is an object, decoded by botocore, or IAM's own form: URL-encoded JSON.
    """
    document = reply.get(name) if isinstance(reply, dict) else None
    try:
        decoded = json.loads(unquote(document)) if isinstance(document, str) else document
        return json.dumps(take_field({name: decoded}, name, dict, call), sort_keys=True)
    except (ValueError, RecursionError):
        raise CallError(call, MALFORMED, f"the reply has no usable {name}") from None


def _inline_details(kind: PrincipalKind, detail: Any) -> list[Any]:
    return _take_optional_list(detail, _DETAIL_MEMBERS[kind][2], _DETAILS)


def _take_optional_list(detail: dict[str, Any], name: str, call: str) -> list[Any]:
    """Returns a list that AWS omits when it is empty. Raises CallError."""
    return take_field(detail, name, list, call) if name in detail else []


def _decode_user(detail: dict[str, Any], requested: str, call: str, listed: Mapping[str, Any] = _NO_LISTS) -> Principal:
    return _decode_principal(
        "user", detail, requested, call, boundary=_boundary_arn(detail, call), tags=_sorted_tags(detail, call), **listed
    )


def _decode_role(detail: dict[str, Any], requested: str, call: str, listed: Mapping[str, Any] = _NO_LISTS) -> Principal:
    trust = take_document(detail, "AssumeRolePolicyDocument", call)
    boundary, tags = _boundary_arn(detail, call), _sorted_tags(detail, call)
    return _decode_principal("role", detail, requested, call, trust=trust, boundary=boundary, tags=tags, **listed)


def _boundary_arn(detail: dict[str, Any], call: str) -> str:
    boundary = detail.get("PermissionsBoundary")
    return "" if boundary is None else take_field(boundary, "PermissionsBoundaryArn", str, call)


def _sorted_tags(detail: dict[str, Any], call: str) -> tuple[tuple[str, str], ...]:
    tags = _take_optional_list(detail, "Tags", call)
    if not tags:
        return ()
    return tuple(sorted((take_field(each, "Key", str, call), take_field(each, "Value", str, call)) for each in tags))


def _decode_group(
    detail: dict[str, Any], requested: str, call: str, listed: Mapping[str, Any] = _NO_LISTS
) -> Principal:
    return _decode_principal("group", detail, requested, call, **listed)


def _decode_principal(kind: PrincipalKind, detail: dict[str, Any], requested: str, call: str, **more: Any) -> Principal:
    of_name, of_id, _ = _DETAIL_MEMBERS[kind]
    name = take_field(detail, of_name, str, call)
    if name != requested and name.casefold() != requested.casefold():
        raise CallError(call, MALFORMED, f"the reply is about another {kind} than was asked for")
    arn, path = take_field(detail, "Arn", str, call), take_field(detail, "Path", str, call)
    if not arn.endswith(f":{kind}{path or '/'}{name}"):
        raise CallError(call, MALFORMED, f"the ARN of {kind} {name} is that of another one")
    unique_id = take_field(detail, of_id, str, call)
    if not unique_id:
        raise CallError(call, MALFORMED, f"the reply has no usable {of_id}")
    return Principal(kind, name, arn, unique_id, path, **more)


def _read_group_with_members(connection: Connection, name: str) -> Principal:
    """Returns a group with its members; GetGroup lists them in pages and repeats the group on each page."""
    call = "iam:GetGroup"
    first = read_principal(connection, "group", name)
    users = connection.pages("GetGroup", "Users", GroupName=name)
    members = frozenset(take_field(user, "UserName", str, call) for user in users)
    return Principal(first.kind, first.name, first.arn, first.unique_id, first.path, members=members)


def _read_access_key(connection: Connection, metadata: Any) -> AccessKey:
    call = "iam:ListAccessKeys"
    key_id = take_field(metadata, "AccessKeyId", str, call)
    reply = connection.call("GetAccessKeyLastUsed", AccessKeyId=key_id)
    used = take_field(reply, "AccessKeyLastUsed", dict, "iam:GetAccessKeyLastUsed")
    last_used = take_past_time(used, "LastUsedDate", "iam:GetAccessKeyLastUsed") if "LastUsedDate" in used else None
    active = _is_active(metadata, call)
    return AccessKey(key_id[-4:], active, take_past_time(metadata, "CreateDate", call), last_used)


def _is_active(credential: Any, call: str) -> bool:
    """Whether a credential of a reply can be used. Raises CallError for a status that IAM does not know."""
    status = take_field(credential, "Status", str, call)
    if status not in _KEY_STATUSES:
        raise CallError(call, MALFORMED, f"the reply has a status of a key that IAM does not know: {status!r}")
    return status == "Active"


def _decode_managed_policy(policy: dict[str, Any], call: str) -> ManagedPolicy:
    # Without IsAttachable the policy counts as attachable; IAM refuses to attach it if it is not.
    return ManagedPolicy(
        arn=take_field(policy, "Arn", str, call),
        attachable=policy.get("IsAttachable") is not False,
        unique_id=take_field({"PolicyId": "", **policy}, "PolicyId", str, call),
        default_version=take_field({"DefaultVersionId": "", **policy}, "DefaultVersionId", str, call),
    )


def _sort_versions(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(ids, key=lambda each: (len(each), each)))


_DECODERS: Mapping[PrincipalKind, Callable[[dict[str, Any], str, str, Mapping[str, Any]], Principal]] = {
    "user": _decode_user,
    "group": _decode_group,
    "role": _decode_role,
}


def _string_set(values: list[Any], call: str) -> frozenset[str]:
    return frozenset(take_field({"name": value}, "name", str, call) for value in values)
