"""`permissions`: the smallest IAM policy for what a run over a desired state calls, as JSON to copy."""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from koding_audit.cli.sources import desired_state
from koding_audit.cli.terminal import Terminal, emit
from koding_audit.collect.live import is_bulk
from koding_audit.comparison import Comparison, Declared
from koding_audit.errors import InputError
from koding_audit.model import Account, Desired, DesiredUser, Fact, Kind, Query, Verb
from koding_audit.reads import EVERY, OF_CREDENTIALS, calls, told
from koding_audit.scan import query, rules, unseen

KINDS: tuple[Kind, ...] = ("group", "user", "role")
MODES = ("audit", "fix", "create", "replace", "setup")
PLACEHOLDER = "123456789012"  # AWS's own, for a file that names no account

Statement = dict[str, Any]

_OF_ORGANIZATIONS = (
    *("organizations:DescribeOrganization", "organizations:ListParents"),
    *("organizations:ListPoliciesForTarget", "organizations:DescribePolicy"),
)
_OF_GROUPS = (
    *("GetGroup", "GetGroupPolicy", "GetPolicy", "GetPolicyVersion"),
    *("ListAttachedGroupPolicies", "ListGroupPolicies"),
)
_OF_CALLERS = (
    *("GetUser", "GetUserPolicy", "ListAttachedUserPolicies", "ListGroupsForUser", "ListUserPolicies"),
    *("GetRole", "GetRolePolicy", "ListAttachedRolePolicies", "ListRolePolicies"),
)


def permissions(options: argparse.Namespace, terminal: Terminal) -> int:
    """Print the policy; nothing is asked of AWS. Raises InputError."""
    mode, files = _mode(options.words)
    named = argparse.Namespace(files=files, with_sets=options.with_sets, strict=False, source="live")
    desired = desired_state(named, writes=False)
    _check_account_id(options.account, desired, terminal)
    account = usual_account(options.account, desired)
    emit(json.dumps(policy(mode, desired.bind(account), account), indent=2) + "\n")
    return 0


def policy(mode: str, desired: Desired, account: Account) -> dict[str, Any]:
    """The document for a mode: for `audit` the reads, else what the mode needs on top. desired is bound."""
    audit = _audit(desired, account)
    statements = [audit]
    if mode != "audit":
        statements = [each for each in _WRITES[mode](unseen(desired, account)) if each["Resource"]]
        actions = {action for each in statements for action in each["Action"]}
        reads = {name for action in actions for name in (*_looks(action), *_judged(action, mode))}
        reads |= {name for action in actions for name in _looks_back(action) if mode == "replace"}
        statements.append(_statement("LookBeforeAndAfter", sorted(reads.difference(audit["Action"])), ["*"]))
    return {"Version": "2012-10-17", "Statement": [each for each in statements if each["Action"]]}


def _mode(words: list[str]) -> tuple[str, list[str]]:
    """The mode and the files. A bare word that is neither is a mode that there is none of."""
    if not words or words[0] in MODES:
        return (words or ["audit"])[0], words[1:]
    if words[0].isalpha() and not os.path.lexists(words[0]):
        raise InputError(f"permissions {words[0]}: there is no such mode or file", f"the modes are: {', '.join(MODES)}")
    return "audit", words


def _check_account_id(given: str, desired: Desired, terminal: Terminal) -> None:
    """The account that the ARNs are of is one of those that the file names, where it names any. Raises InputError."""
    known = desired.account_ids
    if given and known and given not in known:
        raise InputError(
            f"--account {given}: the desired state is for {', '.join(known)}",
            "give an account that it names, or another file",
            desired.account_source,
        )
    if not given and not known:
        terminal.note(f"The file names no account: replace {PLACEHOLDER}, or give --account.")
    if not given and len(known) > 1:
        terminal.note(f"The file is for {len(known)} accounts, and this is for {known[0]}: --account chooses another.")


def usual_account(given: str, desired: Desired) -> Account:
    """The account that is meant, where none was asked: as given, or the first that the file names."""
    return Account(given or next(iter(desired.account_ids), PLACEHOLDER), desired.partition or "aws")


def _audit(desired: Desired, account: Account) -> Statement:
    return _statement("Audit", sorted(needed(query(desired, account, rules()))), ["*"])


def needed(asked: Query) -> dict[str, frozenset[Fact]]:
    """Every permission that a query needs, with the facts that cannot be told without it.

    With none, for what of an organization can be told only to some of its accounts: no audit hangs on that.
    """
    found: dict[str, frozenset[Fact]] = dict.fromkeys(_OF_ORGANIZATIONS, frozenset()) if asked.effective else {}
    for fact, call in (*_reads(asked), *_document_reads(asked)):
        found[call] = found.get(call, frozenset()) | {fact}
    return found


def _reads(asked: Query) -> Iterator[tuple[Fact, str]]:
    """The reads of principals, their credentials and the account. Of many the account is listed instead."""
    bulk = is_bulk(asked)
    (listing,) = calls({Fact.USERS_LISTED}, ())
    those: Mapping[Kind, Mapping[str, frozenset[Fact]]] = {
        "user": asked.users,
        "group": asked.groups,
        "role": asked.roles,
    }
    for kind, wanted in those.items():
        facts = frozenset[Fact]().union(*wanted.values())
        yield from told(facts & OF_CREDENTIALS if bulk else facts, [kind])
        yield from ((fact, listing) for fact in facts - OF_CREDENTIALS if bulk)
    screens = bulk and any(each & OF_CREDENTIALS for each in asked.users.values())
    # Who the caller is everybody may ask.
    yield from told(asked.account - {Fact.CALLER}, ())
    yield from told({Fact.CREDENTIAL_REPORT}, ()) if screens else ()
    yield from ((EVERY[kind], listing) for kind in asked.listed)


def _document_reads(asked: Query) -> Iterator[tuple[Fact, str]]:
    """The reads of policies and of what they say."""
    yield from told({Fact.POLICY}, ()) if asked.policies else ()
    yield from told({Fact.HALVES}, ()) if asked.optional else ()
    versions = told({Fact.VERSIONS}, ()) if asked.versions else ()
    # Of a version that is pinned the others are not asked for.
    listed = any(not pinned for pinned in asked.versions.values())
    yield from (each for each in versions if listed or each[1] != "iam:ListPolicyVersions")
    yield from told({Fact.INLINE_DOCUMENT}, [kind for kind, _ in asked.inline])
    if asked.effective:
        yield from told({Fact.DOCUMENT}, ["user", "group", *(kind for kind, _ in asked.effective)])
        # Whose groups they are is known only when they are read, and nobody need have declared them.
        yield from told({Fact.GROUP, Fact.ATTACHED, Fact.INLINE}, ["group"])


def _looks(action: str) -> Iterable[str]:
    """What a fix reads just before and after a write, of whatever the write touches (remediate.look)."""
    name = action.partition(":")[2]
    if name in (Verb.ADD_USER_TO_GROUP, Verb.REMOVE_USER_FROM_GROUP):
        reads: tuple[str, ...] = ("GetGroup", "GetUser", "ListGroupsForUser")
    elif name.endswith("AccessKey"):
        reads = ("ListAccessKeys",)
    elif name.endswith("PolicyVersion") or name in (Verb.CREATE_POLICY, Verb.DELETE_POLICY):
        reads = ("GetPolicy", "GetPolicyVersion", "ListPolicyVersions")
    else:
        kind = re.findall("Group|User|Role", name)[0]
        attached, inline = (f"ListAttached{kind}Policies",), (f"Get{kind}Policy", f"List{kind}Policies")
        of_policies = attached if name.startswith(("Attach", "Detach")) else inline
        reads = (f"Get{kind}", *(of_policies if name.endswith("Policy") else ()))
    return (f"iam:{each}" for each in reads)


def _looks_back(action: str) -> Iterator[str]:
    """What `undo` reads of whomever a write touches, to see whether it is still as it was left (plan.undo_query)."""
    for kind in re.findall("Group|User|Role", action):
        yield from (f"iam:{name}" for name in (f"Get{kind}", f"ListAttached{kind}Policies", f"List{kind}Policies"))
        yield from ("iam:ListGroupsForUser",) if kind == "User" else ()


def _judged(action: str, mode: str) -> Iterable[str]:
    """What the guards read of what an action gives or takes away, and of the caller where it could lose something."""
    verb = action.partition(":")[2]
    reads: tuple[str, ...] = ()
    if verb.startswith("Attach"):
        reads = ("GetPolicyVersion",)  # which one is in force the audit has read
    elif verb.startswith("Detach"):
        reads = ("GetPolicy", "GetPolicyVersion")
    elif verb == Verb.ADD_USER_TO_GROUP:
        reads = ("GetPolicy", "GetPolicyVersion", "GetGroupPolicy")
    elif verb == Verb.REMOVE_USER_FROM_GROUP:
        reads = _OF_GROUPS
    if mode == "replace" and verb.endswith(("GroupPolicy", "PolicyVersion")):
        reads = (*reads, *_OF_GROUPS, *_OF_CALLERS)
    return (f"iam:{each}" for each in reads)


def _fix(comparison: Comparison) -> Iterator[Statement]:
    yield from _attach(comparison)
    yield _statement("Join", ["iam:AddUserToGroup"], _joined(comparison))
    yield from _put(comparison)
    yield _statement("CreatePolicies", ["iam:CreatePolicy"], _own_policies(comparison))


def _joined(comparison: Comparison) -> list[str]:
    joined = {use.name for user in _users(comparison) for use in user.groups}
    return _arns(comparison, "group", (each for each in _ours(comparison, "group") if each.name in joined))


def _own_policies(comparison: Comparison) -> frozenset[str]:
    """The account's own policies that somebody is to hold and whose documents the file gives."""
    required = {ref.arn for _, each in comparison.declared() for _, ref in comparison.required(each)}
    return frozenset(required.intersection(comparison.documents))


def _attach(comparison: Comparison, verb: str = "Attach") -> Iterator[Statement]:
    """Only those who are to hold the same policies share a statement: nobody can be given what another is to hold."""
    for kind in KINDS:
        holders: dict[frozenset[str], list[Declared]] = {}
        for each in _ours(comparison, kind):
            wanted = frozenset(ref.arn for _, ref in comparison.required(each) if not comparison.obstacle(ref.arn))
            holders.setdefault(wanted, []).append(each)
        named = ((policies, those) for policies, those in holders.items() if policies)
        for number, (policies, those) in enumerate(named, 1):
            sid = f"{verb}{kind.title()}{number if number > 1 else ''}"
            moves = _statement(sid, [f"iam:{verb}{kind.title()}Policy"], _arns(comparison, kind, those))
            yield moves | {"Condition": {"ArnEquals": {"iam:PolicyARN": sorted(policies)}}}


def _create(comparison: Comparison) -> Iterator[Statement]:
    users = _new_users(comparison)
    yield _statement("CreateGroups", ["iam:CreateGroup"], _new_groups(comparison))
    yield _statement("CreateUsers", ["iam:CreateUser"], users)
    yield _statement("TagUsers", ["iam:TagUser"], (arn for arn, tagged in users.items() if tagged))


def _new_groups(comparison: Comparison) -> list[str]:
    return [_new_arn(comparison, "group", each) for each in _ours(comparison, "group")]


def _new_users(comparison: Comparison) -> dict[str, bool]:
    """Whether each is tagged, by ARN. Not who is to have a boundary, which only a person may set."""
    made = [each for each in _users(comparison) if not (each.boundary and each.boundary.policy)]
    return {_new_arn(comparison, "user", each): bool(each.tags) for each in made}


def _replace(comparison: Comparison) -> Iterator[Statement]:
    for kind in KINDS:
        word = kind.title()
        exclusive = _arns(comparison, kind, (each for each in _ours(comparison, kind) if each.exclusive))
        yield _statement(f"TakeFrom{word}", [f"iam:Delete{word}Policy", f"iam:Detach{word}Policy"], exclusive)
    left = _arns(comparison, "group", (each for each in _ours(comparison, "group") if each.exclusive))
    # A user that is exclusive leaves groups that nobody need have declared.
    anywhere = any(each.exclusive for each in _users(comparison))
    yield _statement("Leave", ["iam:RemoveUserFromGroup"], [comparison.account.arn("group", "*")] if anywhere else left)
    yield from _put(comparison)
    yield _statement("ReplacePolicies", ["iam:CreatePolicyVersion"], comparison.documents)
    yield from _undo(comparison)


def _undo(comparison: Comparison) -> Iterator[Statement]:
    """The inverse of each write that adds, and of a new version; an inline policy is put back by `_put`.

    To give back what was taken away is not in it: whoever may attach any policy to somebody may make anybody an
    administrator.
    """
    yield from _attach(comparison, "Detach")
    yield _statement("UndoJoin", ["iam:RemoveUserFromGroup"], _joined(comparison))
    for kind in KINDS:
        written = _arns(comparison, kind, (each for each in _ours(comparison, kind) if each.inline))
        yield _statement(f"UndoPut{kind.title()}", [f"iam:Delete{kind.title()}Policy"], written)
    versions = ["iam:DeletePolicyVersion", "iam:SetDefaultPolicyVersion"]
    yield _statement("UndoReplacePolicies", versions, comparison.documents)
    yield _statement("UndoCreatePolicies", ["iam:DeletePolicy"], _own_policies(comparison))
    yield _statement("UndoCreateGroups", ["iam:DeleteGroup"], _new_groups(comparison))
    yield _statement("UndoCreateUsers", ["iam:DeleteUser"], _new_users(comparison))


def _setup(comparison: Comparison) -> Iterator[Statement]:
    """All of `--fix --create`, and the key of a user that may have one."""
    yield from _fix(comparison)
    yield from _create(comparison)
    users = (each for each in _users(comparison) if each.access_keys is None or each.access_keys.max_active != 0)
    key = ["iam:CreateAccessKey", "iam:DeleteAccessKey"]
    yield _statement("MakeKey", key, _arns(comparison, "user", users))


def _put(comparison: Comparison) -> Iterator[Statement]:
    for kind in KINDS:
        written = _arns(comparison, kind, (each for each in _ours(comparison, kind) if each.inline))
        yield _statement(f"Put{kind.title()}", [f"iam:Put{kind.title()}Policy"], written)


def _ours(comparison: Comparison, kind: Kind) -> list[Declared]:
    """Who of a kind may be written to: not the ignored, and not whom another tool manages."""
    return [each for other, each in comparison.declared() if other == kind and not each.managed_by]


def _users(comparison: Comparison) -> list[DesiredUser]:
    return [each for each in _ours(comparison, "user") if isinstance(each, DesiredUser)]


def _arns(comparison: Comparison, kind: Kind, those: Iterable[Declared]) -> list[str]:
    """The ARNs that principals can have: at their path, or at any where the file does not say one."""
    account = comparison.account
    paths = ((each.name, ("/", "/*/") if each.path is None else (each.path,)) for each in those)
    return [account.arn(kind, name, path) for name, those_paths in paths for path in those_paths]


def _new_arn(comparison: Comparison, kind: Kind, declared: Declared) -> str:
    return comparison.account.arn(kind, declared.name, declared.path or "/")


def _statement(sid: str, actions: list[str], resources: Iterable[str]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": sorted(resources)}


_WRITES: Mapping[str, Callable[[Comparison], Iterator[Statement]]] = {
    "fix": _fix,
    "create": _create,
    "replace": _replace,
    "setup": _setup,
}
