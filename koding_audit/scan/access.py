"""Decides what the policies of an account allow a principal: resolves the question, reads, decides each action."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field

from koding_audit.aws.sources import AccountSource
from koding_audit.io.terminal import Terminal
from koding_audit.io.text import clip_text, escape
from koding_audit.model.account import Account, PrincipalKind, principal_key
from koding_audit.model.desired import RequiredAction
from koding_audit.model.errors import AuditError, InputError
from koding_audit.model.frozen import dataclass
from koding_audit.model.location import Location
from koding_audit.model.query import Fact, Gap, Query
from koding_audit.model.snapshot import Principal, Snapshot
from koding_audit.policy.allowed_patterns import AllowedPatterns, find_allowed_patterns
from koding_audit.policy.evaluation import Decision
from koding_audit.policy.permissions import Permissions, assumed_role_name
from koding_audit.reference.actions import ActionList, load_actions
from koding_audit.scan.options import AccessQuestion
from koding_audit.scan.principal_argument import PrincipalName, resolve_principal
from koding_audit.scan.resource_argument import check_resource
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
    """For each action that is not allowed on `*`, if the question names no other resource: where it is allowed."""


def resolve_question(question: AccessQuestion, terminal: Terminal) -> ResolvedQuestion:
    """The question with its wildcards expanded to actions, and its resource checked. Raises InputError."""
    context, known = parse_context(question.context), load_actions()
    names = resolve_actions(question.actions, known, terminal)
    check_resource(question.resource, names, known)
    return ResolvedQuestion(question.principal, names, question.resource, context, question.strict)


def decide_access(source: AccountSource, question: ResolvedQuestion, pinned: str, terminal: Terminal) -> AccessAnswer:
    """Read the principal and every policy that decides, and decide each action. Raises AuditError.

    pinned: the id of the only account that is accepted; "" accepts any.
    """
    account, caller = identify_account(source, pinned, terminal)
    named = resolve_principal(question.principal, account, caller)
    terminal.show_progress(f"reading account {account.id} ...")
    role = _assumed_role(question, account)
    snapshot = source.collect(_access_query(named, role))
    principal = _find_principal(snapshot, named.kind, named.name)
    _check_assumed_role(snapshot, role, question.resource)
    permissions, place = Permissions(snapshot, strict=question.strict), Location("", 1, 1)
    required = [RequiredAction(each, place, question.resource, question.context) for each in question.actions]
    decisions = {each.action: permissions.decide(principal, each, named.session) for each in required}
    refused = [each for each in required if each.resource == "*" and decisions[each.action].verdict != "allowed"]
    allowed_on = (
        find_allowed_patterns(permissions, principal, refused, load_actions(), named.session) if refused else {}
    )
    return AccessAnswer(principal, decisions, snapshot.gaps, named.session, allowed_on)


def parse_context(pairs: Iterable[str]) -> RequestContext:
    """The context keys of `KEY=VALUE` pairs; a repeated key gets all its values. Raises InputError."""
    values: dict[str, list[str]] = {}
    for each in pairs:
        key, equals, value = each.partition("=")
        if not key or not equals:
            raise InputError(f"--context {each} is not KEY=VALUE", "write --context aws:RequestedRegion=eu-west-1")
        values.setdefault(key, []).append(value)
    return tuple((key, tuple(texts)) for key, texts in values.items())


def resolve_actions(patterns: Iterable[str], known: ActionList, terminal: Terminal) -> tuple[str, ...]:
    """The actions that patterns match, each once, by the list that ships with the tool.

    Raises InputError if a text is not an action, or if a pattern matches nothing.
    """
    names = [name for pattern in patterns for name in _matching_actions(pattern, known, terminal)]
    first = {name.casefold(): name for name in reversed(names)}
    return tuple(first[each] for each in dict.fromkeys(map(str.casefold, names)))


def _matching_actions(pattern: str, known: ActionList, terminal: Terminal) -> tuple[str, ...]:
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
            raise InputError(f"no AWS action matches {pattern} (list of {known.origin.date})")
        return found
    if pattern not in known:
        near = known.nearest_action(pattern)
        suggestion = f"; did you mean {near}?" if near else ""
        terminal.note(f"{escape(pattern)} is not among AWS's actions of {known.origin.date}{suggestion}")
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
        raise InputError(f"the ARN of role {role.name} is {role.arn}, not {arn}", f"write {role.arn}")
    if name and key in snapshot.absent:
        raise InputError(f"there is no role {name} in account {snapshot.account.id}")


def _find_principal(snapshot: Snapshot, kind: PrincipalKind, name: str) -> Principal:
    found = snapshot.principals.get(principal_key(kind, name))
    if found is not None:
        return found
    for gap in snapshot.gaps:
        if gap.subject == f"{kind}/{name}" and gap.fact in (Fact.USER, Fact.GROUP, Fact.ROLE):
            raise AuditError(f"{kind} {name} could not be read: {gap.call}: {gap.reason}")
    raise InputError(f"there is no {kind} {name} in account {snapshot.account.id}")
