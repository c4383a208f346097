"""Exports a plan as a CloudFormation template of what it creates; a stack cannot change other resources."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from koding_audit.io.text import escape
from koding_audit.model.account import NAME_PARAMETERS, Account, EntityKey, principal_key
from koding_audit.model.arn import arn_account
from koding_audit.model.errors import InputError
from koding_audit.model.finding import Action
from koding_audit.model.plan import Plan, Step
from koding_audit.remediation.export import (
    ExportedPlan,
    LeftOutStep,
    account_comment,
    finding_comment,
    left_out_comments,
    names_digest,
    quote_ascii,
)
from koding_audit.remediation.plan import policy_key

_MAX_RESOURCES = 500  # resources of a template (aws: cloudformation-limits)

# CloudFormation reads YAML 1.1, where these words are not strings.
_YAML_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


class _RawYaml(str):
    """Text that is written into the template without quotes: a name of CloudFormation, or a reference."""

    __slots__ = ()


@dataclass
class _TemplateResource:
    """One resource that steps add to.

    type: its CloudFormation type.
    properties: JSON values or _RawYaml.
    steps: the steps that it is made from.
    """

    type: str
    properties: dict[str, Any]
    steps: list[Step] = field(default_factory=list)


@dataclass
class _Template:
    """A template that steps add to.

    resources: the resources by their logical ids.
    new_ids: the logical id of each entity that the plan creates.
    left_out: the steps that the template cannot have.
    """

    resources: dict[str, _TemplateResource] = field(default_factory=dict)
    new_ids: dict[EntityKey, str] = field(default_factory=dict)
    left_out: list[LeftOutStep] = field(default_factory=list)

    def add_resource(self, name: str, step: Step, type_: str, properties: Mapping[str, Any]) -> _TemplateResource:
        found = self.resources.setdefault(name, _TemplateResource(f"AWS::IAM::{type_}", dict(properties)))
        found.steps.append(step)
        return found

    def extend_list(self, name: str, step: Step, property_name: str, value: str) -> None:
        """Append to a list property of an existing resource."""
        found = self.resources[name]
        found.steps.append(step)
        found.properties.setdefault(property_name, []).append(value)

    def name_or_reference(self, key: EntityKey, name: str) -> str:
        """A reference to an entity that the template creates, so that it is created first; of others the name."""
        return _RawYaml(f"!Ref {self.new_ids[key]}") if key in self.new_ids else name

    def creates_policy(self, arn: str) -> bool:
        """Whether the template creates this policy."""
        return policy_key(arn) in self.new_ids and arn_account(arn) != "aws"

    def arn_or_reference(self, arn: str) -> str:
        """A reference to a policy that the template creates, so that it is created first; of others the ARN."""
        return _RawYaml(f"!Ref {self.new_ids[policy_key(arn)]}") if self.creates_policy(arn) else arn


def export(plan: Plan) -> ExportedPlan:
    """A template; only comments if it has no resources, because CloudFormation refuses a template without any.

    Raises InputError if there are too many resources, or if CloudFormation would change a value.
    """
    template = _Template()
    for step in plan.steps:
        reason = _add_step(step, template)
        if reason:
            template.left_out.append(LeftOutStep(step, reason))
    if len(template.resources) > _MAX_RESOURCES:
        raise InputError(
            f"a template can have {_MAX_RESOURCES} resources, and this plan needs {len(template.resources)}",
            _OTHER_EXPORT_HINT,
        )
    lines = _header_lines(plan.basis.account)
    if template.resources:
        lines += [*_account_rule(plan.basis.account), "", "Resources:"]
        lines += "\n\n".join("\n".join(_resource_lines(*each)) for each in template.resources.items()).split("\n")
    lines += [line for each in template.left_out for line in left_out_comments(each)]
    return ExportedPlan("\n".join(lines) + "\n", tuple(template.left_out))


_OTHER_EXPORT_HINT = "use --as aws-cli, or --out and `apply`"


# --- which resource a step is ---------------------------------------------------------------------


def _add_step(step: Step, template: _Template) -> str:
    """Add a step to the template; returns why it cannot be there, or ""."""
    spec = step.action.spec
    if spec.effect == "create":
        _add_new_entity(step, template)
    elif (spec.effect, spec.part) == ("add", "member"):
        _add_membership(step, template)
    elif spec.is_inline_put and step.change != "replace":
        _add_inline_policy(step, template)
    elif spec.is_attach:
        return _add_attachment(step, template)
    else:
        return _manual_change(step.action)
    return ""


def _add_new_entity(step: Step, template: _Template) -> None:
    parameters, key = step.action.parameters, step.action.entity
    type_ = "ManagedPolicy" if key[0] == "policy" else key[0].title()
    entity_name = parameters[NAME_PARAMETERS[key[0]]]
    template.new_ids[key] = name = _logical_id(type_, entity_name)
    optional = {each: parameters[each] for each in ("Path", "Tags") if each in parameters}
    document = {"PolicyDocument": _policy_document(parameters)} if key[0] == "policy" else {}
    arn = parameters.get("PermissionsBoundary")
    boundary = {"PermissionsBoundary": template.arn_or_reference(arn)} if arn else {}
    template.add_resource(name, step, type_, {f"{type_}Name": entity_name, **optional, **boundary, **document})


def _add_membership(step: Step, template: _Template) -> None:
    """Add a membership to the one resource of its group, which does not change the other members."""
    user, group = step.action.parameters["UserName"], step.action.parameters["GroupName"]
    name = _logical_id("Members", group)
    properties = {"GroupName": template.name_or_reference(principal_key("group", group), group), "Users": []}
    found = template.add_resource(name, step, "UserToGroupAddition", properties)
    found.properties["Users"].append(template.name_or_reference(principal_key("user", user), user))


def _add_inline_policy(step: Step, template: _Template) -> None:
    parameters, key = step.action.parameters, step.action.entity
    kind, name_parameter = key[0].title(), NAME_PARAMETERS[key[0]]
    holder = parameters[name_parameter]
    properties = {
        name_parameter: template.name_or_reference(key, holder),
        "PolicyName": parameters["PolicyName"],
        "PolicyDocument": _policy_document(parameters),
    }
    template.add_resource(
        _logical_id(f"{kind}Policy", holder, parameters["PolicyName"]), step, f"{kind}Policy", properties
    )


def _add_attachment(step: Step, template: _Template) -> str:
    """Add an attachment of a policy or to a principal that the stack creates; returns why it cannot, or ""."""
    parameters, key = step.action.parameters, step.action.entity
    kind, arn = key[0], parameters["PolicyArn"]
    holder, new_holder = parameters[NAME_PARAMETERS[kind]], template.new_ids.get(key, "")
    # A user with a boundary refers to policies, so no policy refers to it: CloudFormation refuses circles.
    refers = new_holder and "PermissionsBoundary" in template.resources[new_holder].properties
    if template.creates_policy(arn) and not refers:
        holder_name = template.name_or_reference(key, holder)
        template.extend_list(template.new_ids[policy_key(arn)], step, f"{kind.title()}s", holder_name)
    elif new_holder:
        template.extend_list(new_holder, step, "ManagedPolicyArns", template.arn_or_reference(arn))
    else:
        return (
            f"a stack attaches this policy only to a {kind} that it creates: in the template that has {kind} {holder}, "
            f"add {arn} to its ManagedPolicyArns"
        )
    return ""


def _manual_change(action: Action) -> str:
    """What to do about a step that changes or removes something that exists."""
    what = "change its PolicyDocument" if action.spec.effect in ("put", "set") else "remove it"
    return f"a stack changes only what it created: in the template that has it, {what}"


def _policy_document(parameters: Mapping[str, Any]) -> Any:
    document = json.loads(parameters["PolicyDocument"])
    for each in _nested_keys(document):
        if each == "Ref" or each.startswith("Fn::"):
            raise InputError(
                f"CloudFormation would read {escape(each)!r} in a policy as a function", _OTHER_EXPORT_HINT
            )
    return document


def _nested_keys(value: Any) -> Iterator[str]:
    """The keys of a value's objects, at any depth."""
    if isinstance(value, dict):
        yield from value
        value = [*value.values()]
    for each in value if isinstance(value, list) else ():
        yield from _nested_keys(each)


def _logical_id(type_: str, *names: str) -> str:
    """A logical id: ASCII letters and digits, depending on these names only."""
    words = type_ + "".join(re.sub("[^A-Za-z0-9]", "", each) for each in names)
    simple = len(names) == 1 and names[0].isalnum() and not re.search("[0-9a-f]{8}$", words)
    return words if simple else f"{words}{names_digest(type_, *names)}"


# --- how it is written ----------------------------------------------------------------------------


def _header_lines(account: Account) -> list[str]:
    return [
        account_comment(account),
        "# A CloudFormation template for a separate stack; deploy it with --capabilities CAPABILITY_NAMED_IAM.",
        "# Read its change set first. If you delete the stack, its resources are deleted too.",
    ]


def _account_rule(account: Account) -> list[str]:
    """A rule that allows this account only: CloudFormation checks rules before it creates anything."""
    condition = {"Fn::Equals": [_RawYaml("!Ref AWS::AccountId"), account.id]}
    why = f"This template is for account {account.id}."
    rule = {"Account": {"Assertions": [{"Assert": condition, "AssertDescription": why}]}}
    return ['AWSTemplateFormatVersion: "2010-09-09"', "", "Rules:", *_mapping_lines(rule, 1)]


def _resource_lines(name: str, each: _TemplateResource) -> Iterator[str]:
    yield from (f"  {finding_comment(step)}" for step in each.steps)
    yield f"  {name}:"
    yield from _mapping_lines({"Type": _RawYaml(each.type), "Properties": each.properties}, 2)


def _mapping_lines(value: Mapping[str, Any], depth: int) -> Iterator[str]:
    for name, inner in value.items():
        yield from _item_lines(f"{'  ' * depth}{_yaml_key(name)}:", inner, depth)


def _item_lines(start: str, value: Any, depth: int) -> Iterator[str]:
    """A value after its key: on the same line, or on the lines below."""
    if isinstance(value, dict) and value:
        yield start
        yield from _mapping_lines(value, depth + 1)
    elif isinstance(value, list) and value:
        yield start
        for each in value:
            yield from _element_lines(each, depth + 1)
    else:
        yield f"{start} {_scalar_text(value)}"


def _element_lines(value: Any, depth: int) -> Iterator[str]:
    """A list element; a mapping or a list in it begins on the line of the dash."""
    dash = f"{'  ' * depth}- "
    if isinstance(value, dict) and value:
        first, *others = _mapping_lines(value, depth + 1)
        yield from (dash + first.lstrip(" "), *others)
    elif isinstance(value, list) and value:
        inner = [line for each in value for line in _element_lines(each, depth + 1)]
        yield from (dash + inner[0].lstrip(" "), *inner[1:])
    else:
        yield f"{dash}{_scalar_text(value)}"


def _scalar_text(value: Any) -> str:
    if isinstance(value, _RawYaml):
        return value
    return _yaml_string(value) if isinstance(value, str) else json.dumps(value)


def _yaml_string(text: str) -> str:
    """A quoted string. Raises InputError if CloudFormation would replace a part of it."""
    if "{{resolve:" in text:
        raise InputError(f"CloudFormation would resolve {escape(text)!r} as a reference", _OTHER_EXPORT_HINT)
    return quote_ascii(text)


def _yaml_key(name: str) -> str:
    bare = re.fullmatch("[A-Z][A-Za-z]*|Fn::[A-Z][a-z]+", name) and name.lower() not in _YAML_WORDS
    return name if bare else _yaml_string(name)
