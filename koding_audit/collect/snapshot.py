"""A file: what `snapshot --out` saved, or the plain output of `aws iam get-account-authorization-details`."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from functools import partial
from typing import Any

from koding_audit import codec, iam, inputs, jsontext
from koding_audit.arns import owner_of, partition_of
from koding_audit.collect import Opened, deciders, halved, holds, managed_arns, missing_counts
from koding_audit.errors import CallError, InputError
from koding_audit.frozen import replace
from koding_audit.model import (
    Account,
    Fact,
    Gap,
    Kind,
    ManagedPolicy,
    Principal,
    PrincipalKey,
    Query,
    Settings,
    Snapshot,
    document_key,
    key_of,
)
from koding_audit.reads import EVERY

_LISTS: Mapping[Kind, str] = {"user": "UserDetailList", "group": "GroupDetailList", "role": "RoleDetailList"}
_SELF: Mapping[Kind, Fact] = {"user": Fact.USER, "group": Fact.GROUP, "role": Fact.ROLE}

# The call that would have told what a file does not hold.
_CALLS: Mapping[Fact, str] = {
    Fact.USER: "iam:GetUser",
    Fact.GROUP: "iam:GetGroup",
    Fact.ROLE: "iam:GetRole",
    Fact.ATTACHED: "iam:GetAccountAuthorizationDetails",
    Fact.INLINE: "iam:GetAccountAuthorizationDetails",
    Fact.GROUPS: "iam:ListGroupsForUser",
    Fact.MEMBERS: "iam:GetGroup",
    Fact.POLICY: "iam:GetPolicy",
    Fact.DOCUMENT: "iam:GetPolicyVersion",
    Fact.VERSIONS: "iam:ListPolicyVersions",
    Fact.HALVES: "iam:GetPolicyVersion",
    Fact.INLINE_DOCUMENT: "iam:GetAccountAuthorizationDetails",
    Fact.SUMMARY: "iam:GetAccountSummary",
    Fact.CREDENTIAL_REPORT: "iam:GetCredentialReport",
    Fact.ACCESS_KEYS: "iam:ListAccessKeys",
    Fact.CONSOLE: "iam:GetLoginProfile",
    Fact.MFA: "iam:ListMFADevices",
    Fact.SERVICE_CREDENTIALS: "iam:ListServiceSpecificCredentials",
    Fact.PASSWORD_USED: "iam:GetUser",
    Fact.CALLER: "sts:GetCallerIdentity",
    Fact.USERS_LISTED: "iam:GetAccountAuthorizationDetails",
    Fact.GROUPS_LISTED: "iam:GetAccountAuthorizationDetails",
    Fact.ROLES_LISTED: "iam:GetAccountAuthorizationDetails",
}
# An account at all of IAM's highest quotas has some 100 MB of policies.
_FILE = inputs.Wanted("a snapshot", 256, "make one with `snapshot --out FILE`")
NOT_IN_FILE = "not in the file"
DETAILS = "get-account-authorization-details"


@contextlib.contextmanager
def opened(argument: str, settings: Settings) -> Iterator[Opened]:  # noqa: ARG001 - the collectors' signature
    """The saved account; read and checked at once. Raises InputError."""
    if not argument:
        raise InputError("--source snapshot: which file?", "write --source snapshot:FILE")
    saved = read(argument)
    yield Opened(lambda: (saved.account, saved.caller), partial(restricted, saved), None)


def read(path: str) -> Snapshot:
    """The account in a file. Raises InputError with what is wrong and where."""
    content = inputs.read(path, _FILE)
    value = jsontext.read_json(inputs.decoded(content.data, path), path)
    if isinstance(value, dict) and any(name in value for name in _LISTS.values()):
        return _authorization_details(value, path, _saved_at(content.modified, path))
    return codec.decode_snapshot(value, path)


def _saved_at(modified: float, path: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(modified), timezone.utc)
    except (OverflowError, ValueError, OSError) as error:  # a file system takes years that a calendar does not
        raise InputError(f"{path}: the file's own time is no date", "set it with `touch`") from error


def restricted(saved: Snapshot, query: Query) -> Snapshot:
    """What a query asks for, out of a file. What the file does not hold is a Gap: the one it had when it was made."""
    wanted = {key_of(kind, name) for kind, name, _ in _wanted(query)}
    decide = _deciders(saved, query)
    found = {
        key: each for key, each in saved.principals.items() if key in wanted or key in decide or key[0] in query.listed
    }
    policies = _known_policies(saved, query)
    compared = (*_versions(policies, query), *_inline(query, saved), *halved(query, found), *query.texts)
    names = (*_documents(decide.values()), *compared)
    known = {(gap.fact, gap.subject): gap for gap in reversed(saved.gaps)}
    gaps = {(fact, subject): _gap(known, fact, subject) for fact, subject in _missing(saved, query, policies)}
    return replace(
        saved,
        source="snapshot",
        principals=found,
        absent=frozenset(key for key in wanted if _is_absent(saved, key)),
        listed=saved.listed & query.listed,
        policies=policies,
        documents={name: saved.documents[name] for name in names if name in saved.documents},
        policies_listed=False,  # of those that are asked for the list has told, and the others are left out
        gaps=tuple(gaps[each] for each in sorted(gaps, key=lambda each: (each[0].value, each[1]))),
    )


def _wanted(query: Query) -> Iterator[tuple[Kind, str, frozenset[Fact]]]:
    for name, facts in query.groups.items():
        yield "group", name, facts
    for name, facts in query.users.items():
        yield "user", name, facts
    for name, facts in query.roles.items():
        yield "role", name, facts


def _documents(holders: Iterable[Principal]) -> Iterator[str]:
    """The names of every document that decides for these."""
    holders = tuple(holders)
    yield from managed_arns(holders)
    yield from (document_key(each, policy) for each in holders for policy in each.inline or ())


def _deciders(saved: Snapshot, query: Query) -> dict[PrincipalKey, Principal]:
    """Whose policies decide: those of everybody, where they are asked for."""
    return deciders(saved.principals if Fact.DOCUMENT in query.everything else query.effective, saved.principals)


def _versions(policies: Mapping[str, ManagedPolicy | None], query: Query) -> Iterator[str]:
    """The names of the documents that tell whether a policy has changed, or what the move of a pinned one brought."""
    for arn, pinned in query.versions.items():
        policy = policies.get(arn)
        if policy is not None and pinned != policy.default_version:
            yield arn
            yield from (f"{arn}@{pinned}",) if pinned else ()


def _inline(query: Query, saved: Snapshot) -> Iterator[str]:
    """The names of the inline policies' documents that are asked for, of those policies that are there."""
    for each, names in (
        (saved.principals[key], names) for key, names in query.inline.items() if key in saved.principals
    ):
        yield from (document_key(each, policy) for policy in sorted(names & (each.inline or frozenset())))


def _is_absent(saved: Snapshot, key: PrincipalKey) -> bool:
    return key not in saved.principals and (key in saved.absent or key[0] in saved.listed)


def _known_policies(saved: Snapshot, query: Query) -> dict[str, ManagedPolicy | None]:
    """A complete list tells of each policy that is not in it that there is none.

    Authorization details list every policy of the account's own, and of AWS's only those that are attached.
    """
    own = any(owner_of(arn) == saved.account.id for arn in saved.policies) and saved.source == DETAILS
    return {
        arn: saved.policies.get(arn)
        for arn in (*query.policies, *query.versions)
        if arn in saved.policies or saved.policies_listed or (own and owner_of(arn) == saved.account.id)
    }


def _missing(saved: Snapshot, query: Query, policies: Mapping[str, ManagedPolicy | None]) -> Iterator[tuple[Fact, str]]:
    """Each fact that is asked for and not there, with its subject."""
    for kind, name, facts in _wanted(query):
        key, subject = key_of(kind, name), f"{kind}/{name}"
        live = saved.principals.get(key)
        if live is not None:
            yield from ((fact, subject) for fact in facts if not _has(saved, live, fact))
        elif not _is_absent(saved, key):
            yield _SELF[kind], subject
    for kind in query.listed - saved.listed:
        yield EVERY[kind], ""
    yield from (
        (Fact.POLICY, arn)
        for arn, keys in query.policies.items()
        if arn not in policies and not all(holds(saved.principals.get(key), arn) for key in keys)
    )
    yield from _missing_documents(saved, query, policies)
    absent = {key_of(kind, name) for kind, name, _ in _wanted(query) if _is_absent(saved, key_of(kind, name))}
    summary = saved.summary or {}
    complete = None if missing_counts(summary, query, saved.principals, absent) else summary
    held = {Fact.SUMMARY: complete, Fact.CREDENTIAL_REPORT: saved.root_use, Fact.CALLER: saved.caller}
    yield from ((fact, "") for fact in query.account if held.get(fact) is None)


def _missing_documents(
    saved: Snapshot, query: Query, policies: Mapping[str, ManagedPolicy | None]
) -> Iterator[tuple[Fact, str]]:
    decide = _deciders(saved, query).values()
    yield from ((Fact.DOCUMENT, name) for name in _documents(decide) if name not in saved.documents)
    for arn, pinned in query.versions.items():
        policy = policies.get(arn)
        unread = policy is not None and (not policy.default_version or (not pinned and arn not in saved.documents))
        if arn not in policies or unread:
            yield Fact.VERSIONS, arn
    yield from ((Fact.INLINE_DOCUMENT, name) for name in _inline(query, saved) if name not in saved.documents)
    yield from ((Fact.DOCUMENT, name) for name in query.texts if name not in saved.documents)


def _has(saved: Snapshot, live: Principal, fact: Fact) -> bool:
    credentials = saved.credentials.get(live.name.casefold())
    values: Mapping[Fact, Any] = {
        Fact.USER: live,
        Fact.GROUP: live,
        Fact.ROLE: live,
        Fact.ATTACHED: live.attached,
        Fact.INLINE: live.inline,
        Fact.GROUPS: live.groups,
        Fact.MEMBERS: live.members,
        Fact.ACCESS_KEYS: credentials and credentials.keys,
        Fact.CONSOLE: credentials and credentials.password,
        # Without a password nobody asks for MFA, and none was read.
        Fact.MFA: credentials and (credentials.mfa if credentials.password is not False else False),
        Fact.SERVICE_CREDENTIALS: credentials and credentials.services,
        Fact.PASSWORD_USED: credentials and credentials.password_used,
    }
    return values[fact] is not None


def _gap(known: Mapping[tuple[Fact, str], Gap], fact: Fact, subject: str) -> Gap:
    """The gap that the file had, of this subject or of all, or that the file is one."""
    gap = known.get((fact, subject)) or known.get((fact, "")) or Gap(fact, _CALLS[fact], NOT_IN_FILE)
    return replace(gap, subject=subject)


def _authorization_details(value: Mapping[str, Any], path: str, saved_at: datetime) -> Snapshot:
    """The CLI's output. A list with anything in it is whole; an empty one may have been filtered out, and is unread."""
    if value.get("IsTruncated") or "NextToken" in value or "Marker" in value:
        raise InputError(f"{path}: this is one page of several", "save the output of the command without --max-items")
    details: dict[Kind, list[Principal]] = {
        kind: [
            _detail(kind, each, f"{path}: {name}[{position}]") for position, each in enumerate(_list(value, name, path))
        ]
        for kind, name in _LISTS.items()
        if name in value
    }
    members = iam.members_by_group(details.get("user", []))
    if details.get("user"):
        groups = details.get("group", [])
        details["group"] = [replace(each, members=members.get(each.name, frozenset())) for each in groups]
    account = _account_of(value, path)
    return Snapshot(
        account=account,
        caller=None,
        taken_at=saved_at,
        source=DETAILS,
        principals=_by_key(details, path),
        listed=frozenset(kind for kind in _LISTS if details.get(kind)),
        policies=_policies(value, path),
        documents=_details_documents(value, path),
    )


def _details_documents(value: Mapping[str, Any], path: str) -> dict[str, str]:
    """The documents in authorization details: default versions of managed policies, and inline ones."""
    versions: dict[str, Any] = {}
    for each in _list(value, "Policies", path):
        for version in _list(each, "PolicyVersionList", path):
            document = version.get("Document")
            versions[f"{each.get('Arn')}@{version.get('VersionId')}"] = document
            if version.get("IsDefaultVersion"):
                versions[str(each.get("Arn"))] = document
    inline = {
        f"{kind}/{each.get(f'{kind.title()}Name')}/{policy.get('PolicyName')}": policy.get("PolicyDocument")
        for kind, name in _LISTS.items()
        for each in _list(value, name, path)
        for policy in _list(each, f"{kind.title()}PolicyList", path)
    }
    found = {**versions, **inline}
    return {str(name): json.dumps(text, sort_keys=True) for name, text in found.items() if isinstance(text, dict)}


def _list(value: Mapping[str, Any], name: str, path: str) -> list[Any]:
    found = value.get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise InputError(f"{path}: {name}: a list of objects is needed")
    return found


def _detail(kind: Kind, detail: dict[str, Any], where: str) -> Principal:
    try:
        return iam.principal_of_detail(kind, detail)
    except CallError as error:
        raise InputError(f"{where}: {error.detail}") from error


def _by_key(details: Mapping[Kind, list[Principal]], path: str) -> dict[PrincipalKey, Principal]:
    found: dict[PrincipalKey, Principal] = {}
    for each in (each for principals in details.values() for each in principals):
        key = key_of(each.kind, each.name)
        if key in found:
            raise InputError(f"{path}: {each.kind} {each.name} is there twice (case does not tell them apart)")
        found[key] = each
    return found


def _account_of(value: Mapping[str, Any], path: str) -> Account:
    """The account that the ARNs of its users, groups, roles and own policies name: one and the same.

    What is AWS's own has `aws` for an account, which tells nothing.
    """
    names = (*_LISTS.values(), "Policies")
    arns = [each.get("Arn") for name in names for each in _list(value, name, path)]
    named = {(partition_of(arn), owner_of(arn)) for arn in arns if isinstance(arn, str)}
    own = {each for each in named if each[1] not in ("", "aws")}
    if len(own) != 1:
        found = "no account" if not own else f"{len(own)} accounts"
        raise InputError(f"{path}: the ARNs in it name {found}", "save one account's details to a file of its own")
    partition, account_id = own.pop()
    return Account(account_id, partition)


def _policies(value: Mapping[str, Any], path: str) -> dict[str, ManagedPolicy | None]:
    arns: dict[str, ManagedPolicy | None] = {}
    for position, each in enumerate(_list(value, "Policies", path)):
        if not isinstance(each.get("Arn"), str):
            raise InputError(f"{path}: Policies[{position}]: it has no usable Arn")
        try:
            arns[each["Arn"]] = iam.policy_of_detail({"PolicyVersionList": [], **each})
        except CallError as error:
            raise InputError(f"{path}: Policies[{position}]: {error.detail}") from error
    return arns
