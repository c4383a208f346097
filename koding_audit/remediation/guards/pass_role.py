"""What a principal can do with a role that it passes: the services that it can let work with the role."""

from __future__ import annotations

from collections.abc import Iterator

from koding_audit.reference.escalations import EscalationAction, PassRoleUse, load_pass_role_uses
from koding_audit.remediation.guards.effective_policies import EffectivePolicies
from koding_audit.remediation.guards.escalation import EscalationAnalyzer
from koding_audit.remediation.guards.holders import PolicyHolder

_ANY_RESOURCE = ("resource", "arn:")
_ANY_ROLE = ("role", "arn:${Partition}:iam::${Account}:role/")


def pass_role_reason(analyzer: EscalationAnalyzer, holder: PolicyHolder, effective: EffectivePolicies) -> str:
    """What makes `iam:PassRole` a way for a holder, ` with lambda:CreateFunction and lambda:InvokeFunction`.

    "" if the holder may not use a known service itself. Passing any role is a way also then.
    """
    steps = next(_usable_steps(analyzer, holder, effective), [])
    return f" with {' and '.join(steps)}" if steps else ""


def _usable_steps(
    analyzer: EscalationAnalyzer, holder: PolicyHolder, effective: EffectivePolicies
) -> Iterator[list[str]]:
    """Yield the actions that a holder may use, for each service to which it may pass a role."""
    uses = load_pass_role_uses()
    needed = {action for use in uses for step in use.needs for action in step}
    every = tuple(EscalationAction(each, *_ANY_RESOURCE) for each in sorted(needed))
    usable = analyzer.with_actions(every).escalation_actions(holder, effective)
    for use in uses:
        steps = [next((action for action in step if action in usable), "") for step in use.needs]
        if all(steps) and _may_pass_to(use, analyzer, holder, effective):
            yield steps


def _may_pass_to(
    use: PassRoleUse, analyzer: EscalationAnalyzer, holder: PolicyHolder, effective: EffectivePolicies
) -> bool:
    passing = EscalationAction("iam:PassRole", *_ANY_ROLE, keys=use.keys)
    return bool(analyzer.with_actions((passing,)).escalation_actions(holder, effective))
