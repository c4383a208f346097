"""Decides what the policies of an account allow a principal: resolves the question, reads, decides each action."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

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
from koding_audit.policy.evaluation import Decision
from koding_audit.policy.permissions import Permissions
from koding_audit.reference.actions import ActionList, load_actions
from koding_audit.scan.options import AccessQuestion
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
    account, _ = identify_account(source, pinned, terminal)
    kind, name = _parse_principal(question.principal, account)
    terminal.show_progress(f"reading account {account.id} ...")
    snapshot = source.collect(_principal_query(kind, name))
    principal = _find_principal(snapshot, kind, name)
    permissions, place = Permissions(snapshot, strict=question.strict), Location("", 1, 1)
    decisions = {
        each: permissions.decide(principal, RequiredAction(each, place, question.resource, question.context))
        for each in question.actions
    }
    return AccessAnswer(principal, decisions, snapshot.gaps)


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


def _parse_principal(text: str, account: Account) -> tuple[PrincipalKind, str]:
    """`user/NAME`, `group/NAME`, `role/NAME`, or an ARN of this account."""
    if text.startswith("arn:"):
        if not text.startswith(f"arn:{account.partition}:iam::{account.id}:"):
            raise InputError(f"{text} is not of account {account.id}", "use the credentials of its account")
        text = text.split(":", 5)[5]
    kind, _, path = text.partition("/")
    name = path.rpartition("/")[2]
    if kind == "user" and name:
        return "user", name
    if kind == "group" and name:
        return "group", name
    if kind == "role" and name:
        return "role", name
    raise InputError(f"{text} is not a user, group or role", "write user/NAME, group/NAME, role/NAME, or its ARN")


def _principal_query(kind: PrincipalKind, name: str) -> Query:
    own = frozenset({Fact.ATTACHED, Fact.INLINE})
    effective = frozenset({principal_key(kind, name)})
    if kind == "user":
        return Query(users={name: own | {Fact.USER, Fact.GROUPS}}, effective=effective)
    if kind == "role":
        return Query(roles={name: own | {Fact.ROLE}}, effective=effective)
    return Query(groups={name: own | {Fact.GROUP}}, effective=effective)


def _find_principal(snapshot: Snapshot, kind: PrincipalKind, name: str) -> Principal:
    found = snapshot.principals.get(principal_key(kind, name))
    if found is not None:
        return found
    for gap in snapshot.gaps:
        if gap.subject == f"{kind}/{name}" and gap.fact in (Fact.USER, Fact.GROUP, Fact.ROLE):
            raise AuditError(f"{kind} {name} could not be read: {gap.call}: {gap.reason}")
    raise InputError(f"there is no {kind} {name} in account {snapshot.account.id}")
