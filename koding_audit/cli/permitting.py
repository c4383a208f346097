"""`permissions`: the smallest IAM policy for what a run over a desired state calls, as JSON to copy."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from koding_audit.cli.sources import desired_state
from koding_audit.cli.terminal import Terminal, emit
from koding_audit.collect.live import is_bulk
from koding_audit.model import Account, Desired, DesiredGroup, DesiredRole, DesiredUser, Fact, Kind, PolicyRef, Query
from koding_audit.scan import query, rules

MODES = ("audit", "fix", "create", "replace")
PLACEHOLDER = "123456789012"  # AWS's own, for a file that names no account

Statement = dict[str, Any]
Declared = DesiredGroup | DesiredUser | DesiredRole

_OF_PRINCIPALS: Mapping[Fact, tuple[str, ...]] = {
    Fact.USER: ("GetUser",),
    Fact.GROUP: ("GetGroup",),
    Fact.ROLE: ("GetRole",),
    Fact.MEMBERS: ("GetGroup",),
    Fact.ATTACHED: ("ListAttached{}Policies",),
    Fact.INLINE: ("List{}Policies",),
    Fact.GROUPS: ("ListGroupsForUser",),
}
_OF_CREDENTIALS: Mapping[Fact, tuple[str, ...]] = {
    Fact.ACCESS_KEYS: ("ListAccessKeys", "GetAccessKeyLastUsed"),
    Fact.CONSOLE: ("GetLoginProfile",),
    Fact.MFA: ("ListMFADevices",),
    Fact.SERVICE_CREDENTIALS: ("ListServiceSpecificCredentials", "ListSSHPublicKeys"),
}
_OF_ACCOUNT: Mapping[Fact, tuple[str, ...]] = {
    Fact.SUMMARY: ("GetAccountSummary",),
    Fact.CREDENTIAL_REPORT: ("GenerateCredentialReport", "GetCredentialReport"),
}


def permissions(options: argparse.Namespace, terminal: Terminal) -> int:
    """Print the policy; nothing is asked of AWS."""
    words: list[str] = options.words
    said = words[:1] and words[0] in MODES
    mode, files = (words[0], words[1:]) if said else ("audit", words)
    named = argparse.Namespace(files=files, with_sets=options.with_sets, strict=False, source="live")
    desired = desired_state(named, writes=False)
    account = Account(options.account or next(iter(desired.account_ids), PLACEHOLDER), desired.partition or "aws")
    if account.id == PLACEHOLDER:
        terminal.note(f"The file names no account: replace {PLACEHOLDER}, or give --account.")
    emit(json.dumps(policy(mode, desired.bind(account), account), indent=2) + "\n")
    return 0


def policy(mode: str, desired: Desired, account: Account) -> dict[str, Any]:
    """The document for a mode: what it needs on top of `audit`, and for `audit` the reads. desired is bound."""
    statements = _STATEMENTS[mode](desired, account)
    return {"Version": "2012-10-17", "Statement": [each for each in statements if each["Action"]]}


def _audit(desired: Desired, account: Account) -> Iterator[Statement]:
    asked = query(desired, account, rules())
    iam = {f"iam:{name}" for name in (*_reads(asked), *_document_reads(asked))}
    organizations = {
        f"organizations:{name}"
        for name in ("DescribeOrganization", "ListParents", "ListPoliciesForTarget", "DescribePolicy")
        if asked.effective
    }
    yield {"Sid": "Audit", "Effect": "Allow", "Action": sorted(iam | organizations), "Resource": "*"}


def _reads(asked: Query) -> Iterator[str]:
    """The reads of principals, their credentials and the account. Of many the account is listed instead."""
    bulk = is_bulk(asked)
    kinds = {"User": asked.users, "Group": asked.groups, "Role": asked.roles}
    for kind, facts in ((kind, frozenset[Fact]().union(*those.values())) for kind, those in kinds.items()):
        for fact in facts:
            if not bulk:
                yield from (name.format(kind) for name in _OF_PRINCIPALS.get(fact, ()))
            yield from _OF_CREDENTIALS.get(fact, ())
    screens = bulk and any(each & set(_OF_CREDENTIALS) for each in asked.users.values())
    account = asked.account | ({Fact.CREDENTIAL_REPORT} if screens else frozenset())
    yield from (name for fact in account for name in _OF_ACCOUNT.get(fact, ()))
    yield from ("GetAccountAuthorizationDetails",) if bulk else ()


def _document_reads(asked: Query) -> Iterator[str]:
    """The reads of policies and of what they say."""
    if asked.policies or asked.versions or asked.optional or asked.effective:
        yield "GetPolicy"
    if asked.versions or asked.optional or asked.effective:
        yield "GetPolicyVersion"
    if any(not pinned for pinned in asked.versions.values()):
        yield "ListPolicyVersions"
    yield from (f"Get{kind.title()}Policy" for kind, _ in asked.inline)
    if asked.effective:
        # Whose groups they are is known only when they are read, and nobody need have declared them.
        yield from ("GetUserPolicy", "GetGroupPolicy", "GetGroup", "ListAttachedGroupPolicies", "ListGroupPolicies")


def _fix(desired: Desired, account: Account) -> Iterator[Statement]:
    for kind, holders in _by_kind(desired).items():
        attached = {ref.arn for each in holders for ref in _policies(desired, each)}
        condition = {"Condition": {"ArnEquals": {"iam:PolicyARN": sorted(attached)}}}
        yield (
            _statement(
                f"Attach{kind.title()}",
                [f"iam:Attach{kind.title()}Policy"] if attached else [],
                [arn for each in holders if each.required for arn in _arns(account, kind, each)],
            )
            | condition
        )
    joined = {use.name for user in desired.users.values() for use in user.groups}
    groups = [arn for name in joined for arn in _arns(account, "group", desired.groups[name])]
    yield _statement("Join", ["iam:AddUserToGroup"] if groups else [], groups)
    yield from _puts(desired, account)
    made = sorted(ref.arn for ref in _own(desired, account))
    yield _statement("CreatePolicies", ["iam:CreatePolicy"] if made else [], made)


def _create(desired: Desired, account: Account) -> Iterator[Statement]:
    groups = [account.arn("group", each.name, each.path or "/") for each in desired.groups.values()]
    users = [account.arn("user", each.name, each.path or "/") for each in desired.users.values()]
    tags = ["iam:TagUser"] if any(each.tags for each in desired.users.values()) else []
    yield _statement("CreateGroups", ["iam:CreateGroup"] if groups else [], groups)
    yield _statement("CreateUsers", ["iam:CreateUser", *tags] if users else [], users)


def _replace(desired: Desired, account: Account) -> Iterator[Statement]:
    for kind, holders in _by_kind(desired).items():
        exclusive = [arn for each in holders if each.exclusive for arn in _arns(account, kind, each)]
        word = kind.title()
        taken = [f"iam:Detach{word}Policy", f"iam:Delete{word}Policy"] if exclusive else []
        yield _statement(f"TakeFrom{word}", taken, exclusive)
    left = [arn for each in desired.groups.values() for arn in _arns(account, "group", each)]
    # A user that is exclusive leaves groups that nobody need have declared.
    anywhere = any(each.exclusive for each in desired.users.values())
    leaves = anywhere or any(each.exclusive for each in desired.groups.values())
    yield _statement("Leave", ["iam:RemoveUserFromGroup"] if leaves else [], ["*"] if anywhere else left)
    yield from _puts(desired, account)
    own = sorted(ref.arn for ref in _own(desired, account))
    yield _statement("ReplacePolicies", ["iam:CreatePolicyVersion"] if own else [], own)


def _puts(desired: Desired, account: Account) -> Iterator[Statement]:
    for kind, holders in _by_kind(desired).items():
        written = [arn for each in holders if each.inline for arn in _arns(account, kind, each)]
        yield _statement(f"Put{kind.title()}", [f"iam:Put{kind.title()}Policy"] if written else [], written)


def _by_kind(desired: Desired) -> Mapping[Kind, tuple[Declared, ...]]:
    return {
        "group": tuple(desired.groups.values()),
        "user": tuple(desired.users.values()),
        "role": tuple(desired.roles.values()),
    }


def _policies(desired: Desired, declared: Declared) -> Iterator[PolicyRef]:
    return (ref for use in declared.required for ref in desired.policy_sets[use.name].policies)


def _own(desired: Desired, account: Account) -> Iterator[PolicyRef]:
    """The account's own policies whose documents the file gives."""
    every = {ref.arn: ref for each in desired.policy_sets.values() for ref in each.policies if ref.document}
    return (ref for arn, ref in every.items() if f"::{account.id}:" in arn)


def _arns(account: Account, kind: Kind, declared: Declared) -> list[str]:
    """The ARNs that a principal can have: at its path, or at any where the file does not say one."""
    if declared.path is not None:
        return [account.arn(kind, declared.name, declared.path)]
    return [account.arn(kind, declared.name), account.arn(kind, declared.name, "/*/")]


def _statement(sid: str, actions: list[str], resources: list[str]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": sorted(resources)}


_STATEMENTS: Mapping[str, Callable[[Desired, Account], Iterator[Statement]]] = {
    "audit": _audit,
    "fix": _fix,
    "create": _create,
    "replace": _replace,
}
