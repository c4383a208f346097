"""Why a stack cannot be built: a membership that is missing, a set that is not attached, a statement that denies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from koding_audit.io.text import pluralize
from koding_audit.model.frozen import dataclass
from koding_audit.model.stack import StackNeed
from koding_audit.policy.evaluation import IDENTITY_LAYER, Decision, Policies, Reason, find_layers_without_allow
from koding_audit.policy.evaluation.statements import CompiledStatement
from koding_audit.policy.permissions import policy_label
from koding_audit.reference.actions import ActionList, load_actions
from koding_audit.scan.stack_build import BuildDecision, chosen_offers, needs_of_offer

CauseKind = Literal[
    "principal-missing", "not-a-member", "set-not-attached", "denied", "not-allowed", "no-policy", "not-known"
]
"""What kind of cause it is.

principal-missing: the user or role, or the service role, does not exist
not-a-member: the user is not a member of a group of the desired state
set-not-attached: a policy set of the desired state is not attached
denied: a statement denies
not-allowed: a layer that limits all others, such as an SCP, does not allow
no-policy: no policy allows, and no set of the desired state would
not-known: whether it is allowed, or what it needs, is not known
"""


@dataclass(frozen=True, slots=True)
class StackCause:
    """One cause.

    kind: see CauseKind
    text: a sentence without its full stop, not escaped
    needs: the needs that it explains
    """

    kind: CauseKind
    text: str
    needs: tuple[StackNeed, ...]


def find_causes(answer: BuildDecision) -> tuple[StackCause, ...]:
    """Returns the causes, first those that the desired state already says how to remove; () if it can be built."""
    if answer.verdict == "yes":
        return ()
    found = [*_principal_causes(answer), *_membership_causes(answer), *_set_causes(answer), *_denial_causes(answer)]
    if answer.verdict == "unknown":
        return (*found, *_unknown_causes(answer))
    return tuple(found)


def _principal_causes(answer: BuildDecision) -> Iterator[StackCause]:
    if not answer.exists:
        text = f"there is no {answer.principal.kind} {answer.principal.name} in this account"
        yield StackCause("principal-missing", text, answer.missing_needs)
    if answer.lacks_service_role:
        text = f"there is no {answer.service_role} in this account, the service role"
        yield StackCause("principal-missing", text, answer.missing_needs)


def _membership_causes(answer: BuildDecision) -> Iterator[StackCause]:
    """A group without the user counts if its policies help, or if a set that helps should be attached to it."""
    offers = chosen_offers(answer)
    for each in answer.memberships:
        theirs = (offer for offer in offers if offer.holder == ("group", each.group))
        of_group = {need for offer in theirs for need in needs_of_offer(answer, offer)}
        needs = tuple(need for need in answer.missing_needs if need in each.needs or need in of_group)
        if needs:
            text = f"{answer.principal.name} is not a member of {each.group}"
            yield StackCause("not-a-member", text, needs)


def _set_causes(answer: BuildDecision) -> Iterator[StackCause]:
    for each in chosen_offers(answer):
        if not each.is_attached:
            text = f"set {each.candidate.name} of {' '.join(each.holder)} is not attached"
            yield StackCause("set-not-attached", text, needs_of_offer(answer, each))


def _denial_causes(answer: BuildDecision) -> Iterator[StackCause]:
    """The statements that deny, the layers that do not allow, and what no policy and no set allows."""
    by_statement: dict[Reason, list[StackNeed]] = {}
    by_layer: dict[str, list[StackNeed]] = {}
    without_policy: list[StackNeed] = []
    helped = answer.choice.helped_needs.union(*(each.needs for each in answer.memberships))
    for need in answer.denied_needs:
        decision = answer.decisions[need].decision
        for reason in _denying_reasons(decision):
            by_statement.setdefault(reason, []).append(need)
        layers = find_layers_without_allow(decision) if decision.verdict == "implicit-deny" else ()
        for layer in set(layers) - {IDENTITY_LAYER}:
            by_layer.setdefault(layer, []).append(need)
        if IDENTITY_LAYER in layers and need not in helped and answer.exists:
            without_policy.append(need)
    known = load_actions() if by_statement else None
    for reason, needs in by_statement.items():
        text = _denial_text(reason, needs, _find_statement(answer.policies, reason), known)
        yield StackCause("denied", text, tuple(needs))
    for layer, needs in sorted(by_layer.items()):
        yield StackCause("not-allowed", f"{layer} does not allow {_actions_text(needs)}", tuple(needs))
    if without_policy:
        text = f"no policy allows {_actions_text(without_policy)}, and no set of the desired state would"
        yield StackCause("no-policy", text, tuple(without_policy))


def _denying_reasons(decision: Decision) -> Iterator[Reason]:
    """The statements that deny; for a need with several examples their texts can differ, so they are left out."""
    if decision.verdict == "explicit-deny":
        for each in decision.reasons:
            if each.effect == "Deny":
                yield Reason(each.layer, each.policy, each.statement, each.sid, each.effect, "")


def _denial_text(
    reason: Reason, needs: Iterable[StackNeed], statement: CompiledStatement | None, known: ActionList | None
) -> str:
    what = _actions_text(needs, statement, known)
    if reason.statement is None:
        return f"{reason.layer} denies {what}"
    number = f"statement {reason.statement + 1}" + (f" ({reason.sid})" if reason.sid else "")
    if reason.layer.startswith(("user ", "group ", "role ")):
        return f"{policy_label(reason)} of {reason.layer} denies {what}: {number}"
    return f"{reason.layer} denies {what}: {number} of {policy_label(reason)}"


def _find_statement(policies: Policies, reason: Reason) -> CompiledStatement | None:
    """The statement of a reason; None if its policy is not among these, such as a resource's."""
    levels = (*policies.scps, *policies.rcps, policies.boundary or (), policies.session or (), policies.identity)
    for each in (policy for level in levels for policy in level):
        if (each.layer, each.name) == (reason.layer, reason.policy):
            found = [one for one in each.compiled.statements if one.index == reason.statement]
            return found[0] if found else None
    return None


def _actions_text(
    needs: Iterable[StackNeed], statement: CompiledStatement | None = None, known: ActionList | None = None
) -> str:
    """`ec2:*` if a statement is about the whole service; else the first action, and how many more there are."""
    actions = list(dict.fromkeys(need.action for need in needs))
    services = list(dict.fromkeys(action.partition(":")[0] for action in actions))
    if statement and known and all(_covers_service(statement, each, known) for each in services):
        return " and ".join(f"{each}:*" for each in services[:2]) + (" and others" if len(services) > 2 else "")
    more = len(actions) - 1
    return actions[0] + (f" and {pluralize(more, 'more action')}" if more else "")


def _covers_service(statement: CompiledStatement, service: str, known: ActionList) -> bool:
    names = known.expand(f"{service}:*")
    return bool(names) and all(statement.covers_action(name.lower(), service) for name in names)


def _unknown_causes(answer: BuildDecision) -> Iterator[StackCause]:
    unknown = answer.stack.unknown
    if unknown:
        more = f" (and of {pluralize(len(unknown) - 1, 'more part')})" if len(unknown) > 1 else ""
        yield StackCause("not-known", f"the needs of {unknown[0].what}{more} are not known: {unknown[0].why}", ())
    unsure = [need for need in answer.missing_needs if answer.decisions[need].verdict == "unknown"]
    if unsure:
        keys = sorted({key for need in unsure for key in answer.decisions[need].decision.open_keys})
        text = f"whether {_actions_text(unsure)} may be called is not known"
        yield StackCause("not-known", text + (f": it depends on {', '.join(keys)}" if keys else ""), tuple(unsure))
    perhaps = [need for need in answer.missing_needs if answer.decisions[need].verdict != "unknown"]
    if perhaps:
        text = f"{_actions_text(perhaps)} may be needed, and is not allowed"
        yield StackCause("not-known", text, tuple(perhaps))
    if not (unknown or unsure or perhaps):
        yield StackCause("not-known", f"of {', '.join(answer.stack.hinted)} only hints are known", ())
