"""What one layer of policies says of a request: whether a statement of it allows, whether one denies, and which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from koding_audit.policy.evaluation.context import Context
from koding_audit.policy.evaluation.principals import Grant, Requester, principal_grant
from koding_audit.policy.evaluation.request import Policy, PolicyType
from koding_audit.policy.evaluation.statements import CompiledStatement
from koding_audit.policy.evaluation.ternary import Truth, all_of, any_of, unsure_because


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """A request, taken apart once for all layers.

    action, service: in lower case; said: the action as it was asked; bounded: who asks has a boundary.
    """

    action: str
    written_action: str
    service: str
    resource: str
    context: Context
    requester: Requester
    has_boundary: bool


class StatementHit(NamedTuple):
    """A statement that is about the action. missed: `resource` or `condition` where that keeps it from applying."""

    policy: Policy
    statement: CompiledStatement
    truth: Truth
    missed: str = ""


@dataclass(slots=True)
class Layer:
    """What was found. hits: statements that apply or may; near: that do not; grants: Allow by how it names who asks.

    limits: the names of its policies, where all that a layer does is to limit what others grant.
    """

    kind: PolicyType
    name: str
    limiting_policies: str = ""
    allow: Truth = False
    deny: Truth = False
    hits: list[StatementHit] = field(default_factory=list)
    near_misses: list[StatementHit] = field(default_factory=list)
    grants: dict[Grant, Truth] = field(default_factory=dict)


def consult_layer(kind: PolicyType, name: str, policies: Sequence[Policy], asked: ParsedRequest) -> Layer:
    """The layer's statements that are about the request, put together."""
    layer = Layer(kind, name, "" if kind in ("identity", "resource") else ", ".join(each.name for each in policies))
    for policy in policies:
        for rule in policy.compiled.statements_about(asked.service):
            allows = rule.effect == "Allow"
            if allows and layer.allow is True and kind != "resource":
                continue  # one is enough
            if rule.covers_action(asked.action, asked.service):
                _add_statement(layer, policy, rule, asked)
    if kind == "rcp" and not any(rule.effect == "Allow" for each in policies for rule in each.compiled.statements):
        layer.allow = True  # RCPFullAWSAccess is always attached, and cannot be detached
    return layer


def _add_statement(layer: Layer, policy: Policy, rule: CompiledStatement, asked: ParsedRequest) -> None:
    allows = rule.effect == "Allow"
    grant = _statement_grant(layer.kind, rule, asked)
    if grant is Grant.NONE:
        return
    truth, missed = _match_statement(layer.kind, rule, grant, asked)
    if truth is False:
        layer.near_misses.append(StatementHit(policy, rule, False, missed))
        return
    layer.hits.append(StatementHit(policy, rule, truth))
    if allows:
        layer.allow = any_of((layer.allow, truth))
        layer.grants[grant] = any_of((layer.grants.get(grant, False), truth))
    else:
        layer.deny = any_of((layer.deny, truth))


def _statement_grant(kind: PolicyType, rule: CompiledStatement, asked: ParsedRequest) -> Grant:
    if rule.principals is None or kind not in ("resource", "rcp"):
        return Grant.DIRECT
    allows = rule.effect == "Allow"
    if rule.principals.negated and not allows and asked.has_boundary:
        return Grant.DIRECT  # denies whoever has a boundary, named or not (reference_policies_elements_notprincipal)
    return principal_grant(rule.principals, asked.requester, allows=allows)


def _match_statement(
    kind: PolicyType, rule: CompiledStatement, grant: Grant, asked: ParsedRequest
) -> tuple[Truth, str]:
    covers = rule.covers_resource(asked.resource, asked.context)
    if covers is False:
        return False, "resource"
    holds = rule.conditions_met(asked.context)
    if holds is False:
        return False, "condition"
    return all_of((covers, holds, *_statement_problems(kind, rule, grant))), ""


def _statement_problems(kind: PolicyType, rule: CompiledStatement, grant: Grant) -> Iterable[Truth]:
    """What of the statement cannot be read where it stands: IAM would not have taken it."""
    if rule.unreadable:
        yield unsure_because(rule.unreadable)
    elif kind == "resource":
        if rule.principals is None:
            yield unsure_because("a resource-based policy needs a Principal")
        elif grant is Grant.MAYBE:
            yield unsure_because("it cannot be told whether its Principal is the one who asks")
    elif kind != "rcp":
        if rule.principals is not None:
            yield unsure_because("only a resource-based policy has a Principal")
        if rule.resources is None:
            yield unsure_because("the statement has no Resource")
