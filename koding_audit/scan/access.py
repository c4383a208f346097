"""Decides what the policies of an account allow a principal: resolves the question, reads, decides each action."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from functools import partial

from koding_audit.aws.sources import AccountSource
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import clip_text
from koding_audit.model.account import Account, PrincipalKind, principal_key
from koding_audit.model.desired import RequiredAction
from koding_audit.model.errors import AuditError, InputError
from koding_audit.model.frozen import dataclass
from koding_audit.model.location import Location
from koding_audit.model.query import Fact, Gap, Query
from koding_audit.model.snapshot import Principal, Snapshot
from koding_audit.policy.allowed_patterns import AllowedPatterns, find_allowed_patterns, find_partly_allowed
from koding_audit.policy.evaluation import Decision
from koding_audit.policy.permissions import Permissions, assumed_role_name
from koding_audit.reference.actions import ActionList, load_actions
from koding_audit.scan.action_check import (
    ActionProblem,
    decide_despite_problem,
    find_action_problems,
    leave_out_unused,
)
from koding_audit.scan.options import AccessQuestion
from koding_audit.scan.principal_argument import PrincipalName, resolve_principal
from koding_audit.scan.resource_argument import check_partition, check_resource
from koding_audit.scan.session import identify_account

RequestContext = tuple[tuple[str, tuple[str, ...]], ...]
"""The condition keys of a request, each with its values."""


@dataclass(frozen=True, slots=True)
class ResolvedQuestion:
    """A question with its wildcards and context resolved, before anything is read."""

    principal: str
    actions: tuple[str, ...]
    resource: str
    context: RequestContext
    strict: bool
    problems: Mapping[str, ActionProblem]
    """The actions that AWS does not have, or does not use on the resource."""


@dataclass(frozen=True, slots=True)
class AccessAnswer:
    """The decisions about one principal."""

    principal: Principal
    decisions: Mapping[str, Decision]
    """The decision about each action, with the statements that decide."""
    gaps: tuple[Gap, ...]
    """The facts that could not be read."""
    session: str = ""
    """The name of the role's session if the question is about one."""
    allowed_on: Mapping[str, AllowedPatterns] = field(default_factory=dict)
    """Where each action is allowed that is not allowed on all of `*`, if the question names no other resource."""
    problems: Mapping[str, ActionProblem] = field(default_factory=dict)
    """The problems of the question, by action: the decision is then unknown."""
    by_policies: Mapping[str, Decision] = field(default_factory=dict)
    """For a problem, what the policies decide on `ActionProblem.resource_to_decide`, by action."""


def resolve_question(question: AccessQuestion, terminal: Terminal) -> ResolvedQuestion:
    """The question with its wildcards expanded to actions, and its resource checked. Raises InputError."""
    context, known = parse_context(question.context), load_actions()
    names = resolve_actions(question.actions, known)
    check_resource(question.resource, names, known)
    problems = find_action_problems(names, question.resource, known)
    used = leave_out_unused(names, question, problems, terminal)
    problems = {each: problem for each, problem in problems.items() if each in used}
    return ResolvedQuestion(question.principal, used, question.resource, context, question.strict, problems)


def decide_access(source: AccountSource, question: ResolvedQuestion, pinned: str, terminal: Terminal) -> AccessAnswer:
    """Read the principal and every policy that decides, and decide each action. Raises AuditError.

    pinned: the id of the only account that is accepted; "" accepts any.
    """
    account, caller = identify_account(source, pinned, terminal)
    check_partition(question.resource, account)
    named = resolve_principal(question.principal, account, caller)
    terminal.show_progress(f"reading account {account.id} ...")
    role = _assumed_role(question, account)
    snapshot = source.collect(_access_query(named, role))
    principal = _find_principal(snapshot, named.kind, named.name, question.principal)
    _check_assumed_role(snapshot, role, question.resource)
    permissions, place = Permissions(snapshot, strict=question.strict), Location("", 1, 1)

    def decide(action: str, resource: str) -> Decision:
        required = RequiredAction(action, place, resource, question.context)
        return permissions.decide(principal, required, named.session)

    decisions, by_policies = _decide_actions(question, decide)
    decided = [] if question.resource != "*" else [each for each in question.actions if each not in question.problems]
    required = [RequiredAction(each, place, "*", question.context) for each in decided]
    allowed = [each for each in required if decisions[each.action].verdict == "allowed"]
    refused = [each for each in required if decisions[each.action].verdict != "allowed"]
    known = load_actions()
    allowed_on = {
        **find_allowed_patterns(permissions, principal, refused, known, named.session),
        **find_partly_allowed(permissions, principal, allowed, known, named.session),
    }
    return AccessAnswer(principal, decisions, snapshot.gaps, named.session, allowed_on, question.problems, by_policies)


def _decide_actions(
    question: ResolvedQuestion, decide: Callable[[str, str], Decision]
) -> tuple[dict[str, Decision], dict[str, Decision]]:
    """The decision about each action, and what the policies decide about those with a problem."""
    answers = {
        each: decide_despite_problem(question.problems.get(each), question.resource, partial(decide, each))
        for each in question.actions
    }
    decisions = {action: decision for action, (decision, _) in answers.items()}
    return decisions, {action: other for action, (_, other) in answers.items() if other is not None}


def parse_context(pairs: Iterable[str]) -> RequestContext:
    """The context keys of `KEY=VALUE` pairs; a repeated key gets all its values. Raises InputError."""
    values: dict[str, list[str]] = {}
    for each in pairs:
        key, equals, value = each.partition("=")
        if not key or not equals:
            raise InputError(f"--context {each} is not KEY=VALUE", "write --context aws:RequestedRegion=eu-west-1")
        values.setdefault(key, []).append(value)
    return tuple((key, tuple(texts)) for key, texts in values.items())


def resolve_actions(patterns: Iterable[str], known: ActionList) -> tuple[str, ...]:
    """The actions that patterns match, each once, by the list that ships with the tool.

    Raises InputError if a text is not an action, or if a pattern matches nothing.
    """
    names = [name for pattern in patterns for name in _matching_actions(pattern, known)]
    first = {name.casefold(): name for name in reversed(names)}
    return tuple(first[each] for each in dict.fromkeys(map(str.casefold, names)))


def _matching_actions(pattern: str, known: ActionList) -> tuple[str, ...]:
    service, colon, name = pattern.partition(":")
    several = [each for each in re.split(r"[,;\s]+", pattern) if each]
    if len(several) > 1:
        options = " ".join(f"--action {each}" for each in several)
        raise InputError(f"{clip_text(pattern, 100)} is more than one action", f"write {clip_text(options, 200)}")
    if pattern != "*" and not (service and colon and name):
        raise InputError(f"{pattern} is not an action", "write SERVICE:Action, for example ec2:RunInstances")
    if "*" in pattern or "?" in pattern:
        found = known.expand(pattern)
        if not found:
            raise InputError(f"no AWS action matches {pattern} (list of {known.names_date})")
        return found
    return (pattern,)


def _assumed_role(question: ResolvedQuestion, account: Account) -> str:
    """The name of the role whose trust policy decides about an action of the question; "" for none."""
    names = (assumed_role_name(each, question.resource, account) for each in question.actions)
    return next(filter(None, names), "")


def _access_query(named: PrincipalName, assumed_role: str) -> Query:
    own = frozenset({Fact.ATTACHED, Fact.INLINE})
    effective = frozenset({principal_key(named.kind, named.name)})
    roles = {assumed_role: frozenset({Fact.ROLE})} if assumed_role else {}
    if named.kind == "user":
        return Query(users={named.name: own | {Fact.USER, Fact.GROUPS}}, roles=roles, effective=effective)
    if named.kind == "group":
        return Query(groups={named.name: own | {Fact.GROUP}}, roles=roles, effective=effective)
    if principal_key("role", assumed_role) in effective:
        roles = {}  # the same role, whose name may be spelled in another case
    return Query(roles={**roles, named.name: own | {Fact.ROLE}}, effective=effective)


def _check_assumed_role(snapshot: Snapshot, name: str, arn: str) -> None:
    """Refuse a role of the account that does not exist, or exists with another ARN. Raises InputError."""
    key = principal_key("role", name)
    role = snapshot.principals.get(key)
    if role is not None and role.arn != arn:
        raise _other_arn_error(role, arn)
    if name and key in snapshot.absent:
        raise InputError(f"there is no role {name} in account {snapshot.account.id}")


def _other_arn_error(principal: Principal, arn: str) -> InputError:
    return InputError(
        f"the ARN of {principal.kind} {principal.name} is {principal.arn}, not {arn}", f"write {principal.arn}"
    )


def _find_principal(snapshot: Snapshot, kind: PrincipalKind, name: str, written: str) -> Principal:
    """The principal of that name. Raises InputError if it does not exist, or if its ARN is not the one written."""
    found = snapshot.principals.get(principal_key(kind, name))
    if found is not None:
        if ":iam:" in written and written.casefold() != found.arn.casefold():
            raise _other_arn_error(found, written)
        return found
    for gap in snapshot.gaps:
        if gap.subject == f"{kind}/{name}" and gap.fact in (Fact.USER, Fact.GROUP, Fact.ROLE):
            raise AuditError(f"{kind} {name} could not be read: {gap.call}: {gap.reason}")
    raise InputError(f"there is no {kind} {name} in account {snapshot.account.id}")
