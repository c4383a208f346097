"""`permissions`: the smallest IAM policy for a run over a desired state, as JSON."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

from koding_audit.aws.credential_changes import LOOKUP_EVENTS
from koding_audit.aws.queries import REPORTED_FACTS, needs_reported_facts
from koding_audit.aws.sources.live import is_bulk_query
from koding_audit.cli.options import DEPLOY_MODE, MODES
from koding_audit.cli.output import emit
from koding_audit.io.terminal import Terminal
from koding_audit.model.account import NAME_PARAMETERS, PRINCIPAL_KINDS, Account, PrincipalKind
from koding_audit.model.arn import arn_account, policy_name
from koding_audit.model.desired import Desired, DesiredUser
from koding_audit.model.errors import InputError
from koding_audit.model.fact_calls import CREDENTIAL_FACTS, LISTING_FACTS, calls_for_facts, fact_call_pairs
from koding_audit.model.query import Fact, Query
from koding_audit.model.verb import VERBS, Part, Verb, WriteEffect, find_verb
from koding_audit.reference.managed_policies import load_policies_of_organizations
from koding_audit.scan.catalog import load_rules
from koding_audit.scan.comparison import Comparison, DesiredPrincipal
from koding_audit.scan.options import DesiredOptions
from koding_audit.scan.read_plan import empty_comparison, scan_query
from koding_audit.scan.session import resolve_desired_state

PLACEHOLDER_ACCOUNT = "123456789012"  # AWS's own example, for a file that names no account

StatementValue = dict[str, Any]

_ORGANIZATION_READS = (
    *("organizations:DescribeOrganization", "organizations:ListParents"),
    *("organizations:ListPoliciesForTarget", "organizations:DescribePolicy"),
)
_GROUP_READS = (
    *("GetGroup", "GetGroupPolicy", "GetPolicy", "GetPolicyVersion"),
    *("ListAttachedGroupPolicies", "ListGroupPolicies"),
)
_CALLER_READS = (
    *("GetUser", "GetUserPolicy", "ListAttachedUserPolicies", "ListGroupsForUser", "ListUserPolicies"),
    *("GetRole", "GetRolePolicy", "ListAttachedRolePolicies", "ListRolePolicies"),
)
_GUARD_READS: Mapping[tuple[WriteEffect, Part], tuple[str, ...]] = {
    ("add", "attachment"): ("GetPolicy", "GetPolicyVersion"),
    ("remove", "attachment"): ("GetPolicy", "GetPolicyVersion"),
    ("add", "member"): _GROUP_READS,
    ("remove", "member"): _GROUP_READS,
}


def run(namespace: argparse.Namespace, terminal: Terminal) -> int:
    """Print the policy; AWS is not called. Raises InputError."""
    if namespace.role or namespace.subject:
        raise InputError("--role and --subject are about the role that deploys a stack", "write `permissions deploy`")
    mode, files = _parse_mode(namespace.words)
    desired = resolve_desired_state(DesiredOptions(tuple(files), tuple(namespace.with_sets)))
    check_account_id(namespace.account, desired, terminal)
    account = default_account(namespace.account, desired)
    emit(json.dumps(policy_for_mode(mode, desired.bind(account), account), indent=2) + "\n")
    return 0


def policy_for_mode(mode: str, desired: Desired, account: Account) -> dict[str, Any]:
    """The document for a mode: for `audit` the reads, else what the mode needs in addition. desired is bound."""
    audit = _audit_statement(desired, account)
    statements = [audit]
    if mode != "audit":
        comparison = empty_comparison(desired, account)
        statements = [each for each in _WRITE_STATEMENTS[mode](comparison) if each["Resource"]]
        allowed = map(_verb_with_permission, {action for each in statements for action in each["Action"]})
        verbs = [verb for verb in allowed if verb is not None]
        reads = {name for verb in verbs for name in (*_verification_reads(verb), *_guard_reads(verb, mode))}
        reads |= {name for verb in verbs for name in _undo_reads(verb) if mode == "replace"}
        reads |= set(_place_reads(comparison)) if verbs else set()
        statements.append(_allow_statement("LookBeforeAndAfter", sorted(reads.difference(audit["Action"])), ["*"]))
    return {"Version": "2012-10-17", "Statement": [each for each in statements if each["Action"]]}


def _parse_mode(words: list[str]) -> tuple[str, list[str]]:
    """The mode and the files. A bare word that is neither is reported as an unknown mode. Raises InputError."""
    if not words or words[0] in MODES:
        return (words or ["audit"])[0], words[1:]
    if words[0].isalpha() and not os.path.lexists(words[0]):
        raise InputError(
            f"permissions {words[0]}: there is no such mode or file", f"use one of {', '.join((*MODES, DEPLOY_MODE))}"
        )
    return "audit", words


def check_account_id(account: str, desired: Desired, terminal: Terminal) -> None:
    """Check that the file names this account, if it names any. Raises InputError."""
    known = desired.account_ids
    if account and known and account not in known:
        raise InputError(
            f"--account {account}: the desired state is for {', '.join(known)}",
            "name one of these accounts, or another file",
            desired.account_source,
        )
    if not account and not known:
        terminal.note(f"The file names no account: replace {PLACEHOLDER_ACCOUNT}, or add --account.")
    if not account and len(known) > 1:
        terminal.note(f"The file is for {len(known)} accounts, and this is for {known[0]}: --account chooses another.")


def default_account(account: str, desired: Desired) -> Account:
    """The account of the policy: as in the option, or the first that the file names, or a placeholder."""
    return Account(account or next(iter(desired.account_ids), PLACEHOLDER_ACCOUNT), desired.partition or "aws")


def _audit_statement(desired: Desired, account: Account) -> StatementValue:
    return _allow_statement("Audit", sorted(required_permissions(scan_query(desired, account, load_rules()))), ["*"])


def required_permissions(query: Query, *, strict: bool = False) -> dict[str, frozenset[Fact]]:
    """Every permission that a query needs, with the facts that depend on it.

    The reads of an organization have no facts: AWS answers them in some accounts only, and no audit depends on them.
    Only a strict audit depends on the lookup of events: another one says until when keys and sign-in are known.
    """
    found: dict[str, frozenset[Fact]] = dict.fromkeys(_ORGANIZATION_READS, frozenset()) if query.effective else {}
    if query.uses_report and needs_reported_facts(query):
        found[LOOKUP_EVENTS] = REPORTED_FACTS if strict else frozenset()
    for fact, call in (*_principal_reads(query), *_document_reads(query)):
        found[call] = found.get(call, frozenset()) | {fact}
    return found


def _principal_reads(query: Query) -> Iterator[tuple[Fact, str]]:
    """The reads of principals, their credentials and the account. For many principals, one listing replaces them."""
    bulk = is_bulk_query(query)
    (listing,) = calls_for_facts({Fact.USERS_LISTED}, ())
    those: Mapping[PrincipalKind, Mapping[str, frozenset[Fact]]] = {
        "user": query.users,
        "group": query.groups,
        "role": query.roles,
    }
    for kind, wanted in those.items():
        facts = frozenset[Fact]().union(*wanted.values())
        yield from fact_call_pairs(facts & CREDENTIAL_FACTS if bulk else facts, [kind])
        yield from ((fact, listing) for fact in facts - CREDENTIAL_FACTS if bulk)
    uses_report = query.uses_report and needs_reported_facts(query)
    # Each caller may call sts:GetCallerIdentity.
    yield from fact_call_pairs(query.account - {Fact.CALLER}, ())
    yield from fact_call_pairs({Fact.CREDENTIAL_REPORT}, ()) if uses_report else ()
    yield from ((LISTING_FACTS[kind], listing) for kind in query.listed)


def _document_reads(query: Query) -> Iterator[tuple[Fact, str]]:
    """The reads of policies and of their documents."""
    yield from fact_call_pairs({Fact.POLICY}, ()) if query.policies else ()
    yield from fact_call_pairs({Fact.OPTIONAL_SET_DOCUMENTS}, ()) if query.optional else ()
    versions = fact_call_pairs({Fact.VERSIONS}, ()) if query.versions else ()
    # For a pinned version, the other versions are not read.
    listed = any(not pinned for pinned in query.versions.values())
    yield from (each for each in versions if listed or each[1] != "iam:ListPolicyVersions")
    yield from fact_call_pairs({Fact.POLICY_NAMES}, ()) if query.own_policies and listed else ()
    yield from fact_call_pairs({Fact.INLINE_DOCUMENT}, [kind for kind, _ in query.inline])
    yield from fact_call_pairs({Fact.INLINE_SIZE}, [kind for kind, _ in query.inline_sizes])
    if query.effective:
        yield from fact_call_pairs({Fact.DOCUMENT}, ["user", "group", *(kind for kind, _ in query.effective)])
        # The groups of a user are known only after the read, and may be undeclared.
        yield from fact_call_pairs({Fact.GROUP, Fact.ATTACHED, Fact.INLINE}, ["group"])


def _verb_with_permission(permission: str) -> Verb | None:
    """The write of a permission; None for one that IAM requires in addition to the write's own."""
    return next((verb for verb in Verb if verb.permission == permission), None)


def _verification_reads(verb: Verb) -> Iterable[str]:
    """What a fix reads just before and after a write, of what the write changes (executor.read_action_state)."""
    kind, part = VERBS[verb].entity, VERBS[verb].part
    word = kind.title()
    if part == "member":
        reads: tuple[str, ...] = ("GetGroup", "GetUser", "ListGroupsForUser")
    elif part == "access-key":
        reads = ("GetUser", "ListAccessKeys")
    elif kind == "policy":
        reads = ("GetPolicy", "GetPolicyVersion", "ListPolicyVersions")
    elif part == "attachment":
        reads = (f"Get{word}", f"ListAttached{word}Policies")
    elif part == "inline":
        reads = (f"Get{word}", f"Get{word}Policy", f"List{word}Policies")
    else:
        reads = (f"Get{word}",)
    return (f"iam:{each}" for each in reads)


def _undo_reads(verb: Verb) -> Iterator[str]:
    """What `undo` reads of the principals of a write, to check that they are unchanged (plan.undo_query)."""
    for kind in PRINCIPAL_KINDS:
        if NAME_PARAMETERS[kind] in VERBS[verb].required:
            word = kind.title()
            yield from (f"iam:{name}" for name in (f"Get{word}", f"ListAttached{word}Policies", f"List{word}Policies"))
            yield from ("iam:ListGroupsForUser",) if kind == "user" else ()


def _guard_reads(verb: Verb, mode: str) -> Iterable[str]:
    """What the guards and the second look read of what a write adds or removes, and of a caller that may lose it."""
    spec = VERBS[verb]
    reads = _GUARD_READS.get((spec.effect, spec.part), ())
    may_affect_the_caller = spec.part == "version" or (spec.entity == "group" and spec.part in ("attachment", "inline"))
    if mode == "replace" and may_affect_the_caller:
        reads = (*reads, *_GROUP_READS, *_CALLER_READS)
    return (f"iam:{each}" for each in reads)


def _place_reads(comparison: Comparison) -> Iterator[str]:
    """What the guards read of the organization, if a required AWS policy has no other ways than those of one."""
    required = {ref.arn for _, each in comparison.declared_principals for _, ref in comparison.required_policies(each)}
    of_aws = {policy_name(arn) for arn in required if arn_account(arn) == "aws"}
    if of_aws & load_policies_of_organizations():
        yield from calls_for_facts({Fact.ORGANIZATION}, ())


def _fix_statements(comparison: Comparison) -> Iterator[StatementValue]:
    yield from _attach_statements(comparison)
    yield _allow_statement("Join", [Verb.ADD_USER_TO_GROUP.permission], _joined_group_arns(comparison))
    yield from _put_statements(comparison)
    yield _allow_statement("CreatePolicies", [Verb.CREATE_POLICY.permission], _customer_policy_arns(comparison))


def _joined_group_arns(comparison: Comparison) -> list[str]:
    joined = {use.name for user in _writable_users(comparison) for use in user.groups}
    return _principal_arns(
        comparison, "group", (each for each in _writable_principals(comparison, "group") if each.name in joined)
    )


def _customer_policy_arns(comparison: Comparison) -> frozenset[str]:
    """The customer managed policies that a principal requires and whose documents the file declares."""
    required = {ref.arn for _, each in comparison.declared_principals for _, ref in comparison.required_policies(each)}
    return frozenset(required.intersection(comparison.policies_with_documents))


def _attach_statements(comparison: Comparison, effect: Literal["add", "remove"] = "add") -> Iterator[StatementValue]:
    """One statement for each group of principals with the same policies: none can get the policies of another."""
    for kind in PRINCIPAL_KINDS:
        holders: dict[frozenset[str], list[DesiredPrincipal]] = {}
        for each in _writable_principals(comparison, kind):
            wanted = frozenset(
                ref.arn for _, ref in comparison.required_policies(each) if not comparison.attach_obstacle(ref.arn)
            )
            holders.setdefault(wanted, []).append(each)
        verb = find_verb(effect, "attachment", kind)
        named = ((policies, those) for policies, those in holders.items() if policies)
        for number, (policies, those) in enumerate(named, 1):
            sid = f"{'Attach' if effect == 'add' else 'Detach'}{kind.title()}{number if number > 1 else ''}"
            moves = _allow_statement(sid, [verb.permission], _principal_arns(comparison, kind, those))
            yield moves | {"Condition": {"ArnEquals": {"iam:PolicyARN": sorted(policies)}}}


def _create_statements(comparison: Comparison) -> Iterator[StatementValue]:
    users = _new_users(comparison)
    yield _allow_statement("CreateGroups", [Verb.CREATE_GROUP.permission], _new_group_arns(comparison))
    yield _allow_statement("CreateUsers", [Verb.CREATE_USER.permission], users)
    yield _allow_statement("TagUsers", ["iam:TagUser"], (arn for arn, tagged in users.items() if tagged))


def _new_group_arns(comparison: Comparison) -> list[str]:
    return [_new_arn(comparison, "group", each) for each in _writable_principals(comparison, "group")]


def _new_users(comparison: Comparison) -> dict[str, bool]:
    """Whether each new user has tags, by ARN; without users that need a boundary, which only a person may set."""
    made = [each for each in _writable_users(comparison) if not (each.boundary and each.boundary.policy)]
    return {_new_arn(comparison, "user", each): bool(each.tags) for each in made}


def _replace_statements(comparison: Comparison) -> Iterator[StatementValue]:
    for kind in PRINCIPAL_KINDS:
        taken = [find_verb("remove", part, kind).permission for part in ("inline", "attachment")]
        exclusive = _principal_arns(
            comparison, kind, (each for each in _writable_principals(comparison, kind) if each.exclusive)
        )
        yield _allow_statement(f"TakeFrom{kind.title()}", taken, exclusive)
    left = _principal_arns(
        comparison, "group", (each for each in _writable_principals(comparison, "group") if each.exclusive)
    )
    # An exclusive user is removed from groups that may be undeclared.
    anywhere = any(each.exclusive for each in _writable_users(comparison))
    yield _allow_statement(
        "Leave", [Verb.REMOVE_USER_FROM_GROUP.permission], [comparison.account.arn("group", "*")] if anywhere else left
    )
    yield from _put_statements(comparison)
    versions = [Verb.CREATE_POLICY_VERSION.permission, Verb.SET_DEFAULT_POLICY_VERSION.permission]
    yield _allow_statement("ReplacePolicies", versions, comparison.policies_with_documents)
    yield from _undo_statements(comparison)


def _undo_statements(comparison: Comparison) -> Iterator[StatementValue]:
    """The inverse of each write that adds, and of a new version; `_put_statements` restores an inline policy.

    It cannot restore what was removed: a caller that may attach any policy can make any principal an administrator.
    """
    yield from _attach_statements(comparison, "remove")
    yield _allow_statement("UndoJoin", [Verb.REMOVE_USER_FROM_GROUP.permission], _joined_group_arns(comparison))
    for kind in PRINCIPAL_KINDS:
        written = _principal_arns(
            comparison, kind, (each for each in _writable_principals(comparison, kind) if each.inline)
        )
        inverse = find_verb("remove", "inline", kind)
        yield _allow_statement(f"UndoPut{kind.title()}", [inverse.permission], written)
    yield _allow_statement(
        "UndoReplacePolicies", [Verb.DELETE_POLICY_VERSION.permission], comparison.policies_with_documents
    )
    yield _allow_statement("UndoCreatePolicies", [Verb.DELETE_POLICY.permission], _customer_policy_arns(comparison))
    yield _allow_statement("UndoCreateGroups", [Verb.DELETE_GROUP.permission], _new_group_arns(comparison))
    yield _allow_statement("UndoCreateUsers", [Verb.DELETE_USER.permission], _new_users(comparison))


def _setup_statements(comparison: Comparison) -> Iterator[StatementValue]:
    """The statements of `--fix --create`, and of the key of a user that may have one."""
    yield from _fix_statements(comparison)
    yield from _create_statements(comparison)
    users = (
        each for each in _writable_users(comparison) if each.access_keys is None or each.access_keys.max_active != 0
    )
    key = [Verb.CREATE_ACCESS_KEY.permission, "iam:DeleteAccessKey"]
    yield _allow_statement("MakeKey", key, _principal_arns(comparison, "user", users))


def _put_statements(comparison: Comparison) -> Iterator[StatementValue]:
    for kind in PRINCIPAL_KINDS:
        written = _principal_arns(
            comparison, kind, (each for each in _writable_principals(comparison, kind) if each.inline)
        )
        verb = find_verb("put", "inline", kind)
        yield _allow_statement(f"Put{kind.title()}", [verb.permission], written)


def _writable_principals(comparison: Comparison, kind: PrincipalKind) -> list[DesiredPrincipal]:
    """The principals of a kind that may be changed: not the ignored, and not those that another tool manages."""
    return [each for other, each in comparison.declared_principals if other == kind and not each.managed_by]


def _writable_users(comparison: Comparison) -> list[DesiredUser]:
    return [each for each in _writable_principals(comparison, "user") if isinstance(each, DesiredUser)]


def _principal_arns(comparison: Comparison, kind: PrincipalKind, those: Iterable[DesiredPrincipal]) -> list[str]:
    """The ARNs that principals can have: at their path, or at any path if the file declares none."""
    account = comparison.account
    paths = ((each.name, ("/", "/*/") if each.path is None else (each.path,)) for each in those)
    return [account.arn(kind, name, path) for name, those_paths in paths for path in those_paths]


def _new_arn(comparison: Comparison, kind: PrincipalKind, declared: DesiredPrincipal) -> str:
    return comparison.account.arn(kind, declared.name, declared.path or "/")


def _allow_statement(sid: str, actions: list[str], resources: Iterable[str]) -> StatementValue:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": sorted(resources)}


_WRITE_STATEMENTS: Mapping[str, Callable[[Comparison], Iterator[StatementValue]]] = {
    "fix": _fix_statements,
    "create": _create_statements,
    "replace": _replace_statements,
    "setup": _setup_statements,
}
