"""Lockout: whether a plan takes something away from whoever runs it, by meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from koding_audit.difference import Change, compare, described
from koding_audit.document import Document, DocumentError, parse
from koding_audit.guards.administration import Text
from koding_audit.guards.holdings import Holdings, named
from koding_audit.model import Action, Kind, Plan, Snapshot, Verb, key_of
from koding_audit.plan import policy_arn

Texts = Callable[[Action], tuple[Text, ...]]


def caller_key(known: Snapshot) -> tuple[Kind, str] | None:
    """The user or role whose credentials are in use; None where there is none to look up, as for a federated user.

    Of an assumed role the ARN names the role behind its session (reference_policies_elements_principal).
    """
    resource = known.caller.arn.split(":", 5)[-1] if known.caller else ""
    kind, _, rest = resource.partition("/")
    if kind == "assumed-role":
        return "role", rest.partition("/")[0]
    return ("user", rest.rpartition("/")[2]) if kind == "user" else None


def taken_from_caller(plan: Plan, before: Holdings, after: Holdings, given: Texts, taken: Texts) -> Iterator[str]:
    """What the caller loses, or is newly denied, in words; nothing is read of it unless a step could do that."""
    caller = caller_key(before.snapshot)
    if caller is None or not any(_reaches(step.action, caller, before, given, taken) for step in plan.steps):
        return
    if any(each.action.verb is Verb.DELETE_USER and named(each.action) == caller for each in plan.steps):
        yield "it deletes it"
        return
    old, new = before.bearing(*caller), after.bearing(*caller)
    if old.identity != new.identity:
        yield from _lost(old.identity, new.identity, denied=True)
    if old.boundary != new.boundary:
        yield from _lost(_alone(old.boundary), _alone(new.boundary), denied=False)


def _alone(text: Text | None) -> tuple[Text, ...]:
    return (text,) if text else ()


def _reaches(action: Action, caller: tuple[Kind, str], before: Holdings, given: Texts, taken: Texts) -> bool:
    """Whether an action may take something from the caller: it takes or denies, and touches it or a group of it."""
    whom = named(action)
    if whom is not None and whom[0] != "group" and key_of(*whom) != key_of(*caller):
        return False
    takes = action.verb.value.startswith(("Detach", "Remove", "Delete")) or taken(action)
    if not takes and not any(map(_denies, given(action))):
        return False
    if whom is not None:
        return key_of(*whom) in before.holders_keys(*caller)
    return policy_arn(action, before.snapshot.account) in _policies(before, caller)


def _policies(before: Holdings, caller: tuple[Kind, str]) -> frozenset[str]:
    live = before.principal(*caller)
    holders: list[tuple[Kind, str]] = [caller, *(("group", each) for each in before.groups(*caller))]
    names = (each for holder in holders for each in before.names(*holder))
    return frozenset((*names, live.boundary if live else ""))


def _denies(text: Text) -> bool:
    try:
        return any(each.effect == "Deny" for each in parse(text.text).statements)
    except DocumentError:
        return True


def _lost(old: tuple[Text, ...], new: tuple[Text, ...], *, denied: bool) -> Iterator[str]:
    try:
        difference = compare(_documents(old), _documents(new))
    except DocumentError as error:
        yield f"whether it does is not known: {error.message}"
        return
    lost: tuple[Change, ...] = difference.lost
    if lost:
        yield _words(lost)
    elif denied and difference.forbidden:
        yield f"it is denied {_words(difference.forbidden)}"
    elif difference.why:
        yield f"whether it does is not decided: {difference.why}"


def _documents(texts: tuple[Text, ...]) -> list[Document]:
    return [parse(each.text, where=each.name) for each in texts]


def _words(changes: tuple[Change, ...]) -> str:
    more = len(changes) - 1
    return described(changes[0]) + (f" and {more} more" if more else "")
