"""Which users may take the actions that the desired state requires."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from koding_audit.model.desired import PolicySet, RequiredAction
from koding_audit.model.snapshot import Principal
from koding_audit.policy.evaluation import (
    Decision,
)
from koding_audit.policy.permissions import reason_text
from koding_audit.scan.comparison import Comparison, Pair


@dataclass(frozen=True)
class RequiredDecision:
    """The decision about one action of a set, for one principal that needs it."""

    principal: Principal
    policy_set: PolicySet
    action: RequiredAction
    decision: Decision

    @property
    def reasons(self) -> list[str]:
        """The first three reasons, as clauses of a message."""
        return [reason_text(because) for because in self.decision.reasons[:3]]


def decide_required_actions(comparison: Comparison) -> Iterator[RequiredDecision]:
    """Decide each action of a required set, for the user or group that requires it, and for a group's members.

    policy-missing reports a set with an unattached policy. If the group itself is not allowed, its members are not
    decided: the reason is the same. If that depends on the member, only the members are decided.
    """
    permissions = comparison.permissions
    user_keys = permissions.reference.condition_keys.principal.prefixes_of_one_user
    for pair in comparison.principals:
        if pair.kind == "role" or pair.live is None or pair.live.attached is None:
            continue
        for name in (use.name for use in pair.declared.required):
            policy_set = comparison.desired.policy_sets[name]
            if any(ref.arn not in pair.live.attached for ref in policy_set.policies):
                continue
            for action in policy_set.actions:
                own = permissions.decide(pair.live, action)
                for each in _principals_to_decide(comparison, pair, own, user_keys):
                    decision = permissions.decide(each, action)
                    if decision.verdict != "unknown" or not permissions.has_gaps(each):
                        yield RequiredDecision(each, policy_set, action, decision)


def _principals_to_decide(
    comparison: Comparison, pair: Pair, own: Decision, user_keys: tuple[str, ...]
) -> tuple[Principal, ...]:
    """The principals to decide an action for, by the decision for the user or group itself.

    user_keys: what the condition keys begin with that each member of a group can have with another value.
    """
    live = () if pair.live is None else (pair.live,)
    if own.verdict == "allowed":
        return (*live, *_group_members(comparison, pair))
    if own.open_keys and all(key.startswith(user_keys) for key in own.open_keys):
        return tuple(_group_members(comparison, pair)) or live
    return live


def _group_members(comparison: Comparison, pair: Pair) -> Iterator[Principal]:
    """The declared users who are in a group."""
    if pair.kind != "group":
        return
    for user, _ in comparison.users:
        if user.live is not None and pair.declared.name in (user.live.groups or ()):
            yield user.live
