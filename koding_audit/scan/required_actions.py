"""Which users may take the actions that the desired state requires."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from koding_audit.model.desired import PolicySet, RequiredAction
from koding_audit.model.snapshot import Principal
from koding_audit.policy.evaluation import (
    Decision,
)
from koding_audit.policy.permissions import Permissions, reason_text
from koding_audit.scan.comparison import Comparison, Pair

# Condition keys that a user determines, and that any member of a group may have otherwise.
_PRINCIPAL_KEYS = ("aws:principalarn", "aws:principaltag/", "aws:userid", "aws:username")


@dataclass(frozen=True)
class RequiredDecision:
    """One action that a set is for, decided for one who is to have it."""

    principal: Principal
    policy_set: PolicySet
    action: RequiredAction
    decision: Decision

    @property
    def reasons(self) -> list[str]:
        """The first few, as a message says them."""
        return [reason_text(because) for because in self.decision.reasons[:3]]


def decide_required_actions(comparison: Comparison) -> Iterator[RequiredDecision]:
    """Each action of a required set, for the user or group that requires it, and for a group's members.

    A set of which a policy is not attached is left to policy-missing. Where a group as such may not do it, its members
    are not asked about: the reason is the same. Where that hangs on who the member is, only they are.
    """
    permissions = Permissions(comparison.snapshot, strict=comparison.desired.strict)
    for pair in comparison.principals:
        if pair.kind == "role" or pair.live is None or pair.live.attached is None:
            continue
        for name in (use.name for use in pair.declared.required):
            policy_set = comparison.desired.policy_sets[name]
            if any(ref.arn not in pair.live.attached for ref in policy_set.policies):
                continue
            for action in policy_set.actions:
                for each in _principals_to_decide(comparison, pair, permissions.decide(pair.live, action)):
                    decision = permissions.decide(each, action)
                    if decision.verdict != "unknown" or not permissions.has_gaps(each):
                        yield RequiredDecision(each, policy_set, action, decision)


def _principals_to_decide(comparison: Comparison, pair: Pair, own: Decision) -> tuple[Principal, ...]:
    """Whom an action is decided for, by what the user or group as such may do."""
    live = () if pair.live is None else (pair.live,)
    if own.verdict == "allowed":
        return (*live, *_group_members(comparison, pair))
    if own.open_keys and all(key.startswith(_PRINCIPAL_KEYS) for key in own.open_keys):
        return tuple(_group_members(comparison, pair)) or live
    return live


def _group_members(comparison: Comparison, pair: Pair) -> Iterator[Principal]:
    """The declared users who are in a group."""
    if pair.kind != "group":
        return
    for user, _ in comparison.users:
        if user.live is not None and pair.declared.name in (user.live.groups or ()):
            yield user.live
