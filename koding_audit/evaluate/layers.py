"""What one layer of policies says of a request: whether a statement of it allows, whether one denies, and which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from koding_audit.evaluate.model import Context, Kind, Policy
from koding_audit.evaluate.principals import Grant, Requester, granted
from koding_audit.evaluate.statements import Rule
from koding_audit.evaluate.truth import Truth, all_of, any_of, problem


@dataclass(frozen=True, slots=True)
class Question:
    """A request, taken apart once for all layers.

    action, service: in lower case; said: the action as it was asked; bounded: who asks has a boundary.
    """

    action: str
    said: str
    service: str
    resource: str
    context: Context
    who: Requester
    bounded: bool


class Hit(NamedTuple):
    """A statement that is about the action. missed: `resource` or `condition` where that keeps it from applying."""

    policy: Policy
    rule: Rule
    truth: Truth
    missed: str = ""


@dataclass(slots=True)
class Layer:
    """What was found. hits: statements that apply or may; near: that do not; grants: Allow by how it names who asks.

    limits: the names of its policies, where all that a layer does is to limit what others grant.
    """

    kind: Kind
    name: str
    limits: str = ""
    allow: Truth = False
    deny: Truth = False
    hits: list[Hit] = field(default_factory=list)
    near: list[Hit] = field(default_factory=list)
    grants: dict[Grant, Truth] = field(default_factory=dict)


def consulted(kind: Kind, name: str, policies: Sequence[Policy], asked: Question) -> Layer:
    """The layer's statements that are about the request, put together."""
    layer = Layer(kind, name, "" if kind in ("identity", "resource") else ", ".join(each.name for each in policies))
    for policy in policies:
        for rule in policy.compiled.about(asked.service):
            allows = rule.effect == "Allow"
            if allows and layer.allow is True and kind != "resource":
                continue  # one is enough
            if rule.acts(asked.action, asked.service):
                _add(layer, policy, rule, asked)
    if kind == "rcp" and not any(rule.effect == "Allow" for each in policies for rule in each.compiled.rules):
        layer.allow = True  # RCPFullAWSAccess is always attached, and cannot be detached
    return layer


def _add(layer: Layer, policy: Policy, rule: Rule, asked: Question) -> None:
    allows = rule.effect == "Allow"
    grant = _grant(layer.kind, rule, asked)
    if grant is Grant.NONE:
        return
    truth, missed = _applies(layer.kind, rule, grant, asked)
    if truth is False:
        layer.near.append(Hit(policy, rule, False, missed))
        return
    layer.hits.append(Hit(policy, rule, truth))
    if allows:
        layer.allow = any_of((layer.allow, truth))
        layer.grants[grant] = any_of((layer.grants.get(grant, False), truth))
    else:
        layer.deny = any_of((layer.deny, truth))


def _grant(kind: Kind, rule: Rule, asked: Question) -> Grant:
    if rule.principals is None or kind not in ("resource", "rcp"):
        return Grant.DIRECT
    allows = rule.effect == "Allow"
    if rule.principals.negated and not allows and asked.bounded:
        return Grant.DIRECT  # denies whoever has a boundary, named or not (reference_policies_elements_notprincipal)
    return granted(rule.principals, asked.who, allows=allows)


def _applies(kind: Kind, rule: Rule, grant: Grant, asked: Question) -> tuple[Truth, str]:
    covers = rule.covers(asked.resource, asked.context)
    if covers is False:
        return False, "resource"
    holds = rule.holds(asked.context)
    if holds is False:
        return False, "condition"
    return all_of((covers, holds, *_doubts(kind, rule, grant))), ""


def _doubts(kind: Kind, rule: Rule, grant: Grant) -> Iterable[Truth]:
    """What of the statement cannot be read where it stands: IAM would not have taken it."""
    if rule.unreadable:
        yield problem(rule.unreadable)
    elif kind == "resource":
        if rule.principals is None:
            yield problem("a resource-based policy needs a Principal")
        elif grant is Grant.MAYBE:
            yield problem("it cannot be told whether its Principal is the one who asks")
    elif kind != "rcp":
        if rule.principals is not None:
            yield problem("only a resource-based policy has a Principal")
        if rule.resources is None:
            yield problem("the statement has no Resource")
