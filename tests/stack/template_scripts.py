"""Scripts of templates for tests of what they need: the resources as a reader gives them, evaluated."""

from __future__ import annotations

from typing import Any

from koding_audit.io.yaml_nodes import MappingEntry, MappingNode, ScalarNode, SequenceNode, YamlNode
from koding_audit.model.account import Account
from koding_audit.model.location import Location
from koding_audit.model.stack import Stack
from koding_audit.stack.deployment import CALLER_ALONE, Deployment
from koding_audit.stack.needs import collect_needs
from koding_audit.stack.script import Script, ScriptResource
from koding_audit.stack.template import StackTemplate

ACCOUNT = Account("123456789012", "aws")
PLACE = Location("template.yaml", 1, 1)


def node(value: Any) -> YamlNode:
    """A value as a reader gives it, with one place for all of it."""
    if isinstance(value, dict):
        return MappingNode({name: MappingEntry(PLACE, node(each)) for name, each in value.items()}, PLACE)
    if isinstance(value, list):
        return SequenceNode(tuple(map(node, value)), PLACE)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return ScalarNode(text, not isinstance(value, str), PLACE)


def resource(logical_id: str, type_: str, properties: dict[str, Any] | None = None, **more: Any) -> ScriptResource:
    """A resource of a template; its region is not known unless it is given."""
    body: Any = node(properties or {})
    return ScriptResource("type", type_, logical_id, PLACE, body, logical_id=logical_id, **more)


def script(*resources: ScriptResource, **template: Any) -> Script:
    """A script of one template, which says `template` beside its resources."""
    beside = StackTemplate(**{"location": PLACE, **template})
    return Script("template.yaml", (), resources, {}, (), (), (), {}, beside)


def stack(*resources: ScriptResource, deployment: Deployment = CALLER_ALONE, **template: Any) -> Stack:
    """What the template needs in the account."""
    return collect_needs(script(*resources, **template), ACCOUNT, deployment=deployment)


def one(type_: str, properties: dict[str, Any] | None = None, stack_name: str = "web", **more: Any) -> Stack:
    """What a template with one resource `R` needs."""
    return stack(resource("R", type_, properties, **more), deployment=Deployment(stack_name))


def certain(found: Stack) -> dict[str, set[str]]:
    """By action, the resources on which the resources of the stack certainly need it."""
    return _by_action(found, lambda need: need.certain and not need.caller)


def unsure(found: Stack) -> dict[str, set[str]]:
    """By action, the resources on which it may be needed, which decides."""
    return _by_action(found, lambda need: not need.certain and not need.perhaps and not need.caller)


def perhaps(found: Stack) -> dict[str, set[str]]:
    """By action, the resources on which it is perhaps needed, which never decides."""
    return _by_action(found, lambda need: need.perhaps and not need.caller)


def own(found: Stack) -> dict[str, set[str]]:
    """By action, the resources on which the caller needs it to deploy."""
    return _by_action(found, lambda need: need.caller and need.certain)


def _by_action(found: Stack, wanted: Any) -> dict[str, set[str]]:
    by_action: dict[str, set[str]] = {}
    for need in filter(wanted, found.needs):
        by_action.setdefault(need.action, set()).add(need.resource)
    return by_action
