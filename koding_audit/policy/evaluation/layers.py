"""Evaluates one layer of policies for a request: whether a statement allows, whether one denies, and which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from koding_audit.policy.document import Principals
from koding_audit.policy.evaluation.context import Context
from koding_audit.policy.evaluation.principals import Grant, Requester, principal_grant
from koding_audit.policy.evaluation.request import Policy, PolicyType
from koding_audit.policy.evaluation.statements import CompiledStatement, is_without_service
from koding_audit.policy.evaluation.ternary import Truth, all_of, any_of, unsure_because


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """A request, parsed once for all layers.

    action: in lower case.
    written_action: the action as the request spells it.
    service: the prefix of the action, in lower case.
    has_gateways: whether the service has gateway endpoints, in whose policies Principal has another meaning.
    resource: an ARN, or `*`.
    context: the condition keys.
    requester: the parsed principal.
    has_boundary: whether the principal has a permissions boundary.
    """

    action: str
    written_action: str
    service: str
    has_gateways: bool
    resource: str
    context: Context
    requester: Requester
    has_boundary: bool


class StatementHit(NamedTuple):
    """A statement that is about the action.

    policy: the policy that contains it.
    statement: the statement.
    truth: whether it applies.
    missed: `action`, `resource` or `condition` if that prevents it from applying, else "".
    """

    policy: Policy
    statement: CompiledStatement
    truth: Truth
    missed: str = ""


@dataclass(slots=True)
class Layer:
    """The result of one layer.

    kind: its policy type.
    name: `identity policies`, `SCP level 1`.
    limiting_policies: the names of its policies, if the layer only limits what others grant; else "".
    allow: whether a statement allows.
    deny: whether a statement denies.
    hits: statements that apply or may apply.
    near_misses: statements about the action that do not apply.
    grants: whether a statement allows, by how it names the requester.
    """

    kind: PolicyType
    name: str
    limiting_policies: str = ""
    allow: Truth = False
    deny: Truth = False
    hits: list[StatementHit] = field(default_factory=list)
    near_misses: list[StatementHit] = field(default_factory=list)
    grants: dict[Grant, Truth] = field(default_factory=dict)


def consult_layer(kind: PolicyType, name: str, policies: Sequence[Policy], parsed: ParsedRequest) -> Layer:
    """Evaluate a layer: all of its statements that are about the request."""
    layer = Layer(kind, name, "" if kind in ("identity", "resource") else ", ".join(each.name for each in policies))
    for policy in policies:
        for statement in policy.compiled.statements_about(parsed.service):
            allows = statement.effect == "Allow"
            if allows and layer.allow is True and kind != "resource":
                continue  # one Allow is enough
            if statement.covers_action(parsed.action, parsed.service):
                _add_statement(layer, policy, statement, parsed)
    if kind == "rcp" and not any(rule.effect == "Allow" for each in policies for rule in each.compiled.statements):
        layer.allow = True  # RCPFullAWSAccess is always attached, and cannot be detached
    return layer


def doubt_refusals(layer: Layer, doubt: Truth) -> Layer:
    """A layer that may not apply: what it refuses is unsure. doubt: whether it applies."""
    return Layer(
        layer.kind,
        layer.name,
        layer.limiting_policies,
        allow=any_of((layer.allow, doubt)),
        deny=all_of((layer.deny, doubt)),
        hits=[hit._replace(truth=all_of((hit.truth, doubt))) for hit in layer.hits],
        near_misses=layer.near_misses,
    )


def _add_statement(layer: Layer, policy: Policy, statement: CompiledStatement, parsed: ParsedRequest) -> None:
    allows = statement.effect == "Allow"
    grant = _statement_grant(layer.kind, statement, parsed)
    if grant is Grant.NONE:
        return
    truth, missed = _match_statement(layer.kind, statement, grant, parsed)
    if truth is False:
        layer.near_misses.append(StatementHit(policy, statement, False, missed))
        return
    layer.hits.append(StatementHit(policy, statement, truth))
    if allows:
        layer.allow = any_of((layer.allow, truth))
        layer.grants[grant] = any_of((layer.grants.get(grant, False), truth))
    else:
        layer.deny = any_of((layer.deny, truth))


def _statement_grant(kind: PolicyType, statement: CompiledStatement, parsed: ParsedRequest) -> Grant:
    if statement.principals is None or kind not in ("resource", "rcp", "vpce"):
        return Grant.DIRECT
    allows = statement.effect == "Allow"
    if not allows and _unsupported_principal(kind, statement, parsed):
        return Grant.DIRECT  # whom it denies is not known
    if statement.principals.negated and not allows and parsed.has_boundary:
        # Denies every principal with a boundary, exempted or not (reference_policies_elements_notprincipal).
        return Grant.DIRECT
    grant = principal_grant(statement.principals, parsed.requester, allows=allows)
    if kind == "vpce" and parsed.has_gateways:
        return _gateway_grant(statement.principals, grant, parsed.requester)
    return grant


def _unsupported_principal(kind: PolicyType, statement: CompiledStatement, parsed: ParsedRequest) -> str:
    """Why AWS does not support the statement's Principal or NotPrincipal in this kind of policy, or "".

    Sources: reference_policies_elements_notprincipal; the Organizations guide on the syntax of RCPs.
    """
    principals = statement.principals
    if principals is None:
        return ""
    if kind == "rcp" and (principals.negated or ("AWS", "*") not in principals.values):
        return "the Principal of an RCP must be *"
    if kind in ("resource", "vpce") and principals.negated and statement.effect == "Allow":
        return "NotPrincipal is not supported with Allow"
    if kind == "resource" and principals.negated and parsed.service == "sts":
        return "NotPrincipal is not supported in a trust policy"
    return ""


def _gateway_grant(principals: Principals, grant: Grant, requester: Requester) -> Grant:
    """How an element names the requester in an endpoint's policy, if that may be a gateway or an interface endpoint."""
    is_sure = grant is Grant.NONE or requester.kind == "root" or ("AWS", "*") in principals.values
    return grant if is_sure and not principals.negated else Grant.MAYBE


def _match_statement(
    kind: PolicyType, statement: CompiledStatement, grant: Grant, parsed: ParsedRequest
) -> tuple[Truth, str]:
    unclear = statement.unclear_action(parsed.action, parsed.service) if statement.unclear else ""
    is_allow = statement.effect == "Allow" and not statement.actions_negated
    if unclear and is_allow and is_without_service(unclear):
        return False, "action"  # an action needs a service prefix (reference_policies_elements_action)
    covers = statement.covers_resource(parsed.resource, parsed.context)
    if statement.completed is not None:
        covers = _covers_by_kind(kind, statement, covers, parsed)
    if covers is False:
        return False, "resource"
    conditions_met = statement.conditions_met(parsed.context)
    if conditions_met is False:
        return False, "condition"
    is_clear = unsure_because(f"{unclear} names no service") if unclear else True
    return all_of((covers, conditions_met, is_clear, *_statement_problems(kind, statement, grant, parsed))), ""


def _covers_by_kind(kind: PolicyType, statement: CompiledStatement, written: Truth, parsed: ParsedRequest) -> Truth:
    """Whether a statement with incomplete ARNs is about the resource, by how this kind of policy treats them.

    Source: reference-arns. It mentions no SCPs, RCPs and endpoint policies: an Allow of theirs is unsure if completion
    matters.
    written: whether it is about the resource with its ARNs as written.
    """
    if kind == "resource":
        return written
    completed, negated = statement.covers_when_completed(parsed.resource, parsed.context), statement.resources_negated
    if kind in ("identity", "boundary") or (kind != "session" and statement.effect == "Deny"):
        # A `*` that ends its segment can run over colons (reference_policies_elements_resource), so that the ARN may
        # match as written and not when completed. This must not weaken a Deny, nor widen an Allow with NotResource.
        is_weakened = written is not negated and completed is negated and (statement.effect == "Allow") == negated
        return unsure_because("a wildcard of an incomplete ARN may run over colons") if is_weakened else completed
    if kind == "session" and (written is not False or completed is not False):
        return unsure_because("a session policy with an incomplete ARN is malformed")
    if written == completed:
        return written
    return unsure_because("whether an incomplete ARN is completed here is not documented")


def _statement_problems(
    kind: PolicyType, statement: CompiledStatement, grant: Grant, parsed: ParsedRequest
) -> Iterable[Truth]:
    """Yield why the statement cannot be evaluated in this kind of policy: IAM would not have accepted it."""
    unsupported = _unsupported_principal(kind, statement, parsed)
    if statement.unreadable or unsupported:
        yield unsure_because(statement.unreadable or unsupported)
    elif kind in ("resource", "vpce"):
        if statement.principals is None:
            yield unsure_because("a resource-based policy needs a Principal")
        elif grant in (Grant.MAYBE, Grant.MAYBE_DIRECT):
            where = " at a gateway endpoint" if kind == "vpce" and parsed.has_gateways else ""
            yield unsure_because(f"its Principal may or may not include the requester{where}")
        if kind == "vpce" and statement.resources is None:
            yield unsure_because("the statement has no Resource")
    elif kind != "rcp":
        if statement.principals is not None:
            yield unsure_because("only a resource-based policy has a Principal")
        if statement.resources is None:
            yield unsure_because("the statement has no Resource")
