"""Lockout: whether a plan takes permissions away from the caller who runs it, by the meaning of the documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from koding_audit.model.account import PrincipalKind, principal_key
from koding_audit.model.finding import Action
from koding_audit.model.snapshot import Snapshot
from koding_audit.model.verb import Verb
from koding_audit.policy.diff import PolicyChange, compare_documents, describe_policy_change
from koding_audit.policy.document import Document, DocumentError, parse_document
from koding_audit.reference.aws_reference import load_reference
from koding_audit.remediation.guards.effective_policies import NamedDocument
from koding_audit.remediation.guards.effects import PlanEffects
from koding_audit.remediation.guards.entitlements import Entitlements, target_principal
from koding_audit.remediation.guards.holders import PolicyHolder, apply_known_values, known_context
from koding_audit.remediation.plan import action_policy_arn

_Texts = tuple[NamedDocument, ...]


def caller_key(known: Snapshot) -> tuple[PrincipalKind, str] | None:
    """The user or role whose credentials are in use; None if it cannot be read, as for a federated user.

    The ARN of an assumed role names the role and then the session (reference_policies_elements_principal).
    """
    resource = known.caller.arn.split(":", 5)[-1] if known.caller else ""
    kind, _, rest = resource.partition("/")
    if kind == "assumed-role":
        return "role", rest.partition("/")[0]
    return ("user", rest.rpartition("/")[2]) if kind == "user" else None


def caller_losses(effects: PlanEffects) -> Iterator[str]:
    """What the caller loses or is newly denied by the plan as a whole, as text.

    The caller's policies are read only if a step could affect it.
    """
    caller = caller_key(effects.known)
    if caller is None or not any(_can_affect_caller(effects, each, caller) for each in effects.actions):
        return
    if any(each.verb is Verb.DELETE_USER and target_principal(each) == caller for each in effects.actions):
        yield "it deletes this user"
        return
    old, new = effects.before.effective_policies(*caller), effects.after.effective_policies(*caller)
    parse = partial(_parse_documents, effects.known, effects.before.holder(*caller))
    if old.identity != new.identity:
        yield from _loss_sentences(parse, old.identity, new.identity, denied=True)
    if old.boundary != new.boundary:
        yield from _loss_sentences(parse, _optional_tuple(old.boundary), _optional_tuple(new.boundary), denied=False)


def _optional_tuple(text: NamedDocument | None) -> tuple[NamedDocument, ...]:
    return (text,) if text else ()


def _can_affect_caller(effects: PlanEffects, action: Action, caller: tuple[PrincipalKind, str]) -> bool:
    """Whether an action may take permissions from the caller: it removes or denies, for the caller or a group of it.

    A policy that the plan creates is given by other steps.
    """
    target = target_principal(action)
    if target is not None and target[0] != "group" and principal_key(*target) != principal_key(*caller):
        return False
    removes = action.spec.is_removal or effects.removed_documents(action)
    if not removes and not any(map(_has_deny, effects.granted_documents(action))):
        return False
    states = (effects.before, effects.after)
    if target is not None:
        return any(principal_key(*target) in each.holder_keys(*caller) for each in states)
    if action.verb is Verb.CREATE_POLICY:
        return False
    arn = action_policy_arn(action, effects.known.account)
    return any(arn in _caller_policies(each, caller) for each in states)


def _caller_policies(state: Entitlements, caller: tuple[PrincipalKind, str]) -> frozenset[str]:
    live = state.principal(*caller)
    holders: list[tuple[PrincipalKind, str]] = [caller, *(("group", each) for each in state.group_names(*caller))]
    names = (each for holder in holders for each in state.document_names(*holder))
    return frozenset((*names, live.boundary if live else ""))


def _has_deny(text: NamedDocument) -> bool:
    try:
        return any(each.effect == "Deny" for each in parse_document(text.text).statements)
    except DocumentError:
        return True


def _loss_sentences(
    parse: Callable[[_Texts], list[Document]], old: _Texts, new: _Texts, *, denied: bool
) -> Iterator[str]:
    try:
        difference = compare_documents(parse(old), parse(new))
    except DocumentError as error:
        yield f"this could not be decided: {error.message}"
        return
    lost: tuple[PolicyChange, ...] = difference.lost
    if lost:
        yield _changes_text(lost)
    elif denied and difference.forbidden:
        yield f"it newly denies {_changes_text(difference.forbidden)}"
    elif difference.why:
        yield f"this could not be decided: {difference.why}"


def _parse_documents(known: Snapshot, caller: PolicyHolder, texts: _Texts) -> list[Document]:
    """The documents as they are for the caller."""
    context = known_context(caller, known.account, load_reference().condition_keys)
    return [apply_known_values(parse_document(each.text, where=each.name), caller, context) for each in texts]


def _changes_text(changes: tuple[PolicyChange, ...]) -> str:
    more = len(changes) - 1
    return describe_policy_change(changes[0]) + (f" and {more} more" if more else "")
