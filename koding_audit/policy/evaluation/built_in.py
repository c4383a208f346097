"""Decides the requests that AWS answers the same for every policy: permissions that no principal needs or can have."""

from __future__ import annotations

from koding_audit.policy.evaluation.layers import Layer, ParsedRequest, consult_layer
from koding_audit.policy.evaluation.request import VPCE_LAYER, Decision, Policy, Reason
from koding_audit.reference.aws_reference import AwsReference


def decide_without_policies(parsed: ParsedRequest, vpce: Policy | None, reference: AwsReference) -> Decision | None:
    """The decision that AWS makes regardless of policies; None if the policies decide.

    vpce: the policy of the VPC endpoint.
    """
    kind, action, services = parsed.requester.kind, parsed.written_action, reference.services
    if kind in services.exempt_callers.get(parsed.action, ()):
        return _decide_without_permission(parsed, vpce)
    if kind in services.refused_callers.get(parsed.action, ()):
        return _refuse("AWS", f"{action} cannot be called as {'root' if kind == 'root' else 'a session'}")
    owned = None if kind == "outside" else reference.owned.find_refusal(parsed.action, parsed.resource)
    if owned is not None:
        return _refuse("aws-owned", f"{parsed.resource} is {owned.what}: AWS refuses {action} on it to every account")
    return None


def consult_endpoint(policy: Policy, parsed: ParsedRequest) -> Layer:
    """The result of a VPC endpoint's policy."""
    return consult_layer("vpce", VPCE_LAYER, (policy,), parsed)


def _refuse(layer: str, why: str) -> Decision:
    return Decision("implicit-deny", (Reason(layer, "", None, "", "", why),))


def _decide_without_permission(parsed: ParsedRequest, vpce: Policy | None) -> Decision:
    """Decide an action that needs no permission: no page says whether an endpoint's policy can deny it."""
    if vpce is not None:
        layer = consult_endpoint(vpce, parsed)
        if layer.allow is not True or layer.deny is not False:
            why = f"whether it can deny {parsed.written_action} is not documented"
            return Decision("unknown", (Reason(layer.name, vpce.name, None, "", "", why),))
    return Decision("allowed", (Reason("AWS", "", None, "", "", f"{parsed.written_action} needs no permission"),))
