"""A snapshot file: written by `snapshot --out` or by `aws iam get-account-authorization-details`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from functools import partial
from typing import Any

from koding_audit.aws import iam
from koding_audit.aws.detail_filters import IncompleteLists, find_incomplete_lists
from koding_audit.aws.queries import (
    EXISTENCE_FACTS,
    deciding_principals,
    has_policy,
    managed_policy_arns,
    missing_summary_keys,
    needs_reported_facts,
    partial_set_policies,
    requested_inline_documents,
    requested_principals,
)
from koding_audit.aws.settings import Settings
from koding_audit.aws.sources import AccountSource
from koding_audit.io import files, json_text
from koding_audit.io.codec.snapshot import SNAPSHOT, decode_snapshot
from koding_audit.io.memory import ACCOUNT_LIMIT, limit_memory
from koding_audit.model.account import NAME_PARAMETERS, Account, PrincipalKey, PrincipalKind, principal_key
from koding_audit.model.arn import arn_account, arn_partition
from koding_audit.model.errors import CallError, InputError
from koding_audit.model.fact_calls import FACTS_NOT_IN_DETAILS, LISTING_FACTS
from koding_audit.model.frozen import replace
from koding_audit.model.query import Fact, Gap, Query
from koding_audit.model.snapshot import ManagedPolicy, Principal, Snapshot, inline_document_key
from koding_audit.model.traits import SourceTraits

TRAITS = SourceTraits(is_writable=False, argument="FILE")
_LISTS: Mapping[PrincipalKind, str] = {"user": "UserDetailList", "group": "GroupDetailList", "role": "RoleDetailList"}

# The call that reads a fact, named in the gap when the file does not have the fact.
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
    Fact.POLICY_NAMES: "iam:ListPolicies",
    Fact.OPTIONAL_SET_DOCUMENTS: "iam:GetPolicyVersion",
    Fact.INLINE_DOCUMENT: "iam:GetAccountAuthorizationDetails",
    Fact.INLINE_SIZE: "iam:GetAccountAuthorizationDetails",
    Fact.SUMMARY: "iam:GetAccountSummary",
    Fact.ORGANIZATION: "organizations:DescribeOrganization",
    Fact.CREDENTIAL_REPORT: "iam:GetCredentialReport",
    Fact.ACCESS_KEYS: "iam:ListAccessKeys",
    Fact.CONSOLE: "iam:GetLoginProfile",
    Fact.MFA: "iam:ListMFADevices",
    Fact.SERVICE_CREDENTIALS: "iam:ListServiceSpecificCredentials",
    Fact.SIGNING_CERTIFICATES: "iam:ListSigningCertificates",
    Fact.PASSWORD_USED: "iam:GetUser",
    Fact.CALLER: "sts:GetCallerIdentity",
    Fact.USERS_LISTED: "iam:GetAccountAuthorizationDetails",
    Fact.GROUPS_LISTED: "iam:GetAccountAuthorizationDetails",
    Fact.ROLES_LISTED: "iam:GetAccountAuthorizationDetails",
}
# In megabytes; an account at IAM's highest quotas has about 100 MB of policies.
_SNAPSHOT_FILE = files.FileSpec("a snapshot", 256, "make one with `snapshot --out FILE`")
NOT_IN_FILE = "not in the file"
NOT_IN_DETAILS = f"{NOT_IN_FILE}; --skip-not-in-details skips the rules that need it"
_FILTERED = "the file names what it does not have, as one that was saved with --filter; save it without"
AUTHORIZATION_DETAILS = "get-account-authorization-details"


@contextlib.contextmanager
def open_source(argument: str, settings: Settings) -> Iterator[AccountSource]:  # noqa: ARG001 - the signature of every source
    """Opens a saved account; reads and checks the file at once. Raises InputError."""
    if not argument:
        raise InputError("--source snapshot names no file", "write --source snapshot:FILE")
    saved = read_snapshot(argument)
    yield AccountSource(lambda: (saved.account, saved.caller), partial(restrict_snapshot, saved), None)


def read_snapshot(path: str) -> Snapshot:
    """Returns the account in a file. Raises InputError with the place of the fault."""
    with limit_memory(path, ACCOUNT_LIMIT):
        return _decode_snapshot_file(path)


def _decode_snapshot_file(path: str) -> Snapshot:
    content = files.read_file(path, _SNAPSHOT_FILE)
    text = files.decode_utf8(content.data, path)
    value = json_text.parse_json(text, path, is_own=f'"{SNAPSHOT}"' in text[:100])  # its kind is its second key
    if isinstance(value, dict) and any(name in value for name in _LISTS.values()):
        return _decode_details(value, path, _modification_time(content.modified, path))
    return decode_snapshot(value, path)


def _modification_time(modified: float, path: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(modified), timezone.utc)
    except (OverflowError, ValueError, OSError) as error:  # file systems allow years that datetime does not
        hint = "set the modification time with `touch`"
        raise InputError(f"{path}: the file's modification time is not a valid date", hint) from error


def restrict_snapshot(saved: Snapshot, query: Query) -> Snapshot:
    """Returns the part of a saved snapshot that a query requires; a fact that the file lacks is a Gap.

    The gap is the one that was recorded when the snapshot was taken, or says that the fact is not in the file.
    """
    named = {principal_key(kind, name) for kind, name, _ in requested_principals(query)}
    deciding = _deciding_principals(saved, query)
    found = {
        key: each for key, each in saved.principals.items() if key in named or key in deciding or key[0] in query.listed
    }
    policies = _known_policies(saved, query)
    wanted = (*_requested_documents(saved, query, policies), *partial_set_policies(query, found))
    return replace(
        saved,
        source="snapshot",
        principals=found,
        absent=frozenset(key for key in named if _is_absent(saved, key)),
        listed=saved.listed & query.listed,
        policies=policies,
        documents={name: saved.documents[name] for name in wanted if name in saved.documents},
        policies_listed=False,  # `policies` has the requested ones only, those that do not exist as None
        gaps=_gaps_of_query(saved, query, policies),
        credential_cutoff=saved.credential_cutoff if needs_reported_facts(query) else None,
        own_policies=_own_policies(saved) if _lacks_declared_policy(query, policies) else None,
    )


def _gaps_of_query(saved: Snapshot, query: Query, policies: Mapping[str, ManagedPolicy | None]) -> tuple[Gap, ...]:
    """Returns a gap for each requested fact that the file lacks, sorted."""
    known = {(gap.fact, gap.subject): gap for gap in reversed(saved.gaps)}
    missing = sorted(set(_missing_facts(saved, query, policies)), key=lambda each: (each[0].value, each[1]))
    lacking = FACTS_NOT_IN_DETAILS if saved.source == AUTHORIZATION_DETAILS else frozenset()
    return tuple(
        _gap_of_fact(known, fact, subject, NOT_IN_DETAILS if fact in lacking else NOT_IN_FILE)
        for fact, subject in missing
    )


def _requested_documents(saved: Snapshot, query: Query, policies: Mapping[str, ManagedPolicy | None]) -> Iterator[str]:
    """Yields the names of the documents that a query requires, except those of optional sets."""
    yield from _deciding_documents(_deciding_principals(saved, query).values())
    yield from _documents_of_versions(policies, query)
    yield from (name for name, _ in _inline_documents(query, saved))
    yield from query.document_versions


def _deciding_documents(principals: Iterable[Principal]) -> Iterator[str]:
    """Yields the names of all documents of the principals' policies and boundaries."""
    principals = tuple(principals)
    yield from managed_policy_arns(principals)
    yield from (inline_document_key(each, policy) for each in principals for policy in each.inline or ())


def _deciding_principals(saved: Snapshot, query: Query) -> dict[PrincipalKey, Principal]:
    """Returns the principals whose policies decide: all of them if the query requires all documents."""
    return deciding_principals(
        saved.principals if Fact.DOCUMENT in query.facts_of_all else query.effective, saved.principals
    )


def _documents_of_versions(policies: Mapping[str, ManagedPolicy | None], query: Query) -> Iterator[str]:
    """Yields the names of the documents that show whether a policy changed since its declaration or pinned version."""
    for arn, pinned in query.versions.items():
        policy = policies.get(arn)
        if policy is not None and pinned != policy.default_version:
            yield arn
            yield from (f"{arn}@{pinned}",) if pinned else ()


def _inline_documents(query: Query, saved: Snapshot) -> Iterator[tuple[str, Fact]]:
    """Yields the names of the documents of the requested inline policies that exist, with the fact that needs each."""
    requested = requested_inline_documents(query, saved.principals)
    return ((inline_document_key(each, policy), fact) for each, policy, fact in requested)


def _is_absent(saved: Snapshot, key: PrincipalKey) -> bool:
    return key not in saved.principals and (key in saved.absent or key[0] in saved.listed)


def _lacks_declared_policy(query: Query, policies: Mapping[str, ManagedPolicy | None]) -> bool:
    """Whether the query needs the names of all own policies, because one with a declared document does not exist."""
    missing = (arn for arn, pinned in query.versions.items() if not pinned and arn in policies and not policies[arn])
    return query.own_policies and any(missing)


def _own_policies(saved: Snapshot) -> frozenset[str] | None:
    """Returns the ARNs of all policies of the account's own; None if the file does not have all of them."""
    if not (saved.policies_listed or _lists_own_policies(saved)):
        return None
    return frozenset(arn for arn, each in saved.policies.items() if each and arn_account(arn) == saved.account.id)


def _lists_own_policies(saved: Snapshot) -> bool:
    """Whether the file is authorization details with every policy of the account's own."""
    return saved.source == AUTHORIZATION_DETAILS and all(gap.fact is not Fact.POLICY for gap in saved.gaps)


def _known_policies(saved: Snapshot, query: Query) -> dict[str, ManagedPolicy | None]:
    """Returns the requested policies that the file has, and None for each that does not exist by a complete list.

    Authorization details list every policy of the account's own, but only the attached ones of AWS's policies.
    """
    own = _lists_own_policies(saved)
    return {
        arn: saved.policies.get(arn)
        for arn in (*query.policies, *query.versions)
        if arn in saved.policies or saved.policies_listed or (own and arn_account(arn) == saved.account.id)
    }


def _missing_facts(
    saved: Snapshot, query: Query, policies: Mapping[str, ManagedPolicy | None]
) -> Iterator[tuple[Fact, str]]:
    """Yields each requested fact that the file lacks, with its subject."""
    for kind, name, facts in requested_principals(query):
        key, subject = principal_key(kind, name), f"{kind}/{name}"
        live = saved.principals.get(key)
        if live is not None:
            yield from ((fact, subject) for fact in facts if not _has_fact(saved, live, fact))
        elif not _is_absent(saved, key):
            yield EXISTENCE_FACTS[kind], subject
    for kind in query.listed - saved.listed:
        yield LISTING_FACTS[kind], ""
    yield from (
        (Fact.POLICY, arn)
        for arn, keys in query.policies.items()
        if arn not in policies and not all(has_policy(saved.principals.get(key), arn) for key in keys)
    )
    yield from _missing_documents(saved, query, policies)
    values = _account_values(saved, query)
    yield from ((fact, "") for fact in query.account if values.get(fact) is None)


def _account_values(saved: Snapshot, query: Query) -> Mapping[Fact, Any]:
    """Returns the facts of the account; None for one that the file lacks."""
    absent = {
        principal_key(kind, name)
        for kind, name, _ in requested_principals(query)
        if _is_absent(saved, principal_key(kind, name))
    }
    summary = saved.summary or {}
    return {
        Fact.SUMMARY: None if missing_summary_keys(summary, query, saved.principals, absent) else summary,
        Fact.CREDENTIAL_REPORT: saved.root_use,
        Fact.CALLER: saved.caller,
        Fact.ORGANIZATION: saved.organization.is_managed_from(saved.account.id),
    }


def _missing_documents(
    saved: Snapshot, query: Query, policies: Mapping[str, ManagedPolicy | None]
) -> Iterator[tuple[Fact, str]]:
    deciding = _deciding_principals(saved, query).values()
    yield from ((Fact.DOCUMENT, name) for name in _deciding_documents(deciding) if name not in saved.documents)
    for arn, pinned in query.versions.items():
        policy = policies.get(arn)
        unread = policy is not None and (not policy.default_version or (not pinned and arn not in saved.documents))
        if arn not in policies or unread:
            yield Fact.VERSIONS, arn
    yield from ((fact, name) for name, fact in _inline_documents(query, saved) if name not in saved.documents)
    yield from ((Fact.DOCUMENT, name) for name in query.document_versions if name not in saved.documents)
    if _lacks_declared_policy(query, policies) and _own_policies(saved) is None:
        yield Fact.POLICY_NAMES, ""


def _has_fact(saved: Snapshot, live: Principal, fact: Fact) -> bool:
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
        # Without a password there is no sign-in that MFA protects, and it was not read.
        Fact.MFA: credentials and (credentials.mfa if credentials.password is not False else False),
        Fact.SERVICE_CREDENTIALS: credentials and credentials.services,
        Fact.SIGNING_CERTIFICATES: credentials and credentials.certificates,
        Fact.PASSWORD_USED: credentials and credentials.password_used,
    }
    return values[fact] is not None


def _gap_of_fact(known: Mapping[tuple[Fact, str], Gap], fact: Fact, subject: str, reason: str) -> Gap:
    """Returns the gap that the snapshot recorded for the subject or for all, else one with this reason."""
    gap = known.get((fact, subject)) or known.get((fact, "")) or Gap(fact, _CALLS[fact], reason)
    return replace(gap, subject=subject)


def _decode_details(value: Mapping[str, Any], path: str, saved_at: datetime) -> Snapshot:
    """Returns the snapshot of the AWS CLI's output. Each list that it has is complete, also an empty one.

    A list that it lacks, or that something else in it contradicts, was not read. Raises InputError.
    """
    if value.get("IsTruncated") or "NextToken" in value or "Marker" in value:
        hint = "run the command without --max-items and save its output"
        raise InputError(f"{path}: the file is one page of several", hint)
    details, account = _decode_lists(value, path), _find_account(value, path)
    incomplete = find_incomplete_lists(details, _take_objects(value, "Policies", path), account.id)
    if "user" in details and "user" not in incomplete.kinds and "group" in details:
        details = {**details, "group": _with_members(details["group"], details["user"])}
    return Snapshot(
        account=account,
        caller=None,
        taken_at=saved_at,
        source=AUTHORIZATION_DETAILS,
        principals=_principals_by_key(details, path),
        listed=frozenset(details) - incomplete.kinds,
        policies=_decode_policies(value, path),
        documents=_decode_documents(value, path),
        gaps=tuple(_gaps_of_details(value, incomplete)),
    )


def _gaps_of_details(value: Mapping[str, Any], incomplete: IncompleteLists) -> Iterator[Gap]:
    """Yields gaps for what is not in the file, and for the lists that may be incomplete."""
    facts = [fact for kind in incomplete.kinds for fact in (EXISTENCE_FACTS[kind], LISTING_FACTS[kind])]
    facts += [Fact.MEMBERS] if "user" in incomplete.kinds else []
    facts += [Fact.POLICY, Fact.VERSIONS] if incomplete.policies and "Policies" in value else []
    yield from (Gap(fact, _CALLS[fact], _FILTERED) for fact in sorted(facts))
    if "Policies" not in value:
        yield Gap(Fact.POLICY, _CALLS[Fact.POLICY], NOT_IN_DETAILS)


def _decode_lists(value: Mapping[str, Any], path: str) -> dict[PrincipalKind, list[Principal]]:
    """Returns the principals of each list in authorization details."""
    return {
        kind: [
            _decode_principal(kind, each, f"{path}: {name}[{position}]")
            for position, each in enumerate(_take_objects(value, name, path))
        ]
        for kind, name in _LISTS.items()
        if name in value
    }


def _with_members(groups: Iterable[Principal], users: Iterable[Principal]) -> list[Principal]:
    """Returns the groups with their members, which only the users have."""
    members = iam.members_by_group(users)
    return [replace(each, members=members.get(each.name, frozenset())) for each in groups]


def _decode_documents(value: Mapping[str, Any], path: str) -> dict[str, str]:
    """Returns the documents in authorization details: all versions of managed policies, and inline policies."""
    versions: dict[str, Any] = {}
    for each in _take_objects(value, "Policies", path):
        for version in _take_objects(each, "PolicyVersionList", path):
            document = version.get("Document")
            versions[f"{each.get('Arn')}@{version.get('VersionId')}"] = document
            if version.get("IsDefaultVersion") is True:
                versions[str(each.get("Arn"))] = document
    inline = {
        f"{kind}/{each.get(NAME_PARAMETERS[kind])}/{policy.get('PolicyName')}": policy.get("PolicyDocument")
        for kind, name in _LISTS.items()
        for each in _take_objects(value, name, path)
        for policy in _take_objects(each, f"{kind.title()}PolicyList", path)
    }
    texts = ((name, _document_text(document)) for name, document in {**versions, **inline}.items())
    return {name: text for name, text in texts if text is not None}


def _document_text(document: Any) -> str | None:
    """Returns a document as JSON with sorted keys; None if it is neither an object nor URL-encoded JSON of one."""
    try:
        return iam.take_document({"Document": document}, "Document", _CALLS[Fact.INLINE_DOCUMENT])
    except CallError:
        return None


def _take_objects(value: Mapping[str, Any], name: str, path: str) -> list[Any]:
    found = value.get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise InputError(f"{path}: {name} is not a list of objects")
    return found


def _decode_principal(kind: PrincipalKind, detail: dict[str, Any], where: str) -> Principal:
    try:
        return iam.principal_from_detail(kind, detail)
    except CallError as error:
        raise InputError(f"{where}: {error.detail}") from error


def _principals_by_key(details: Mapping[PrincipalKind, list[Principal]], path: str) -> dict[PrincipalKey, Principal]:
    found: dict[PrincipalKey, Principal] = {}
    for each in (each for principals in details.values() for each in principals):
        key = principal_key(each.kind, each.name)
        if key in found:
            raise InputError(f"{path}: {each.kind} {each.name} occurs twice (IAM ignores the case of names)")
        found[key] = each
    return found


def _find_account(value: Mapping[str, Any], path: str) -> Account:
    """Returns the account in the ARNs of the users, groups, roles and own policies. Raises InputError if not one.

    AWS's own policies have `aws` in place of an account id, and are ignored.
    """
    names = (*_LISTS.values(), "Policies")
    arns = [each.get("Arn") for name in names for each in _take_objects(value, name, path)]
    accounts = {(arn_partition(arn), arn_account(arn)) for arn in arns if isinstance(arn, str)}
    own = {each for each in accounts if each[1] not in ("", "aws")}
    if len(own) != 1:
        found = "no account" if not own else f"{len(own)} accounts"
        raise InputError(
            f"{path}: its ARNs name {found}; one is needed", "save the details of one account to each file"
        )
    partition, account_id = own.pop()
    return Account(account_id, partition)


def _decode_policies(value: Mapping[str, Any], path: str) -> dict[str, ManagedPolicy | None]:
    arns: dict[str, ManagedPolicy | None] = {}
    for position, each in enumerate(_take_objects(value, "Policies", path)):
        if not isinstance(each.get("Arn"), str):
            raise InputError(f"{path}: Policies[{position}] has no usable Arn")
        if each["Arn"] in arns:
            raise InputError(f"{path}: policy {each['Arn']} occurs twice")
        try:
            arns[each["Arn"]] = iam.policy_from_detail({"PolicyVersionList": [], **each})
        except CallError as error:
            raise InputError(f"{path}: Policies[{position}]: {error.detail}") from error
    return arns
