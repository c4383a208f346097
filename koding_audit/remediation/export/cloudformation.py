"""A plan as a CloudFormation template of what it makes; a stack reaches no further than what is its own."""

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

# What YAML 1.1, which CloudFormation reads, takes for something else than a string.
_YAML_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


class _RawYaml(str):
    """Text that stands in the template as it is: a name of CloudFormation's own, or a reference."""

    __slots__ = ()


@dataclass
class _TemplateResource:
    """One resource as it grows; steps: those that it comes of, properties: values of JSON or _Code."""

    type: str
    properties: dict[str, Any]
    steps: list[Step] = field(default_factory=list)


@dataclass
class _Template:
    """The resources by their logical ids; made: under which of them the plan makes something new."""

    resources: dict[str, _TemplateResource] = field(default_factory=dict)
    new_ids: dict[EntityKey, str] = field(default_factory=dict)
    left_out: list[LeftOutStep] = field(default_factory=list)

    def add_resource(self, name: str, step: Step, type_: str, properties: Mapping[str, Any]) -> _TemplateResource:
        found = self.resources.setdefault(name, _TemplateResource(f"AWS::IAM::{type_}", dict(properties)))
        found.steps.append(step)
        return found

    def extend_list(self, name: str, step: Step, listed: str, value: str) -> None:
        """One more of a list of a resource that is there."""
        found = self.resources[name]
        found.steps.append(step)
        found.properties.setdefault(listed, []).append(value)

    def name_or_reference(self, key: EntityKey, name: str) -> str:
        """Of what is made here a reference, so that it is made first."""
        return _RawYaml(f"!Ref {self.new_ids[key]}") if key in self.new_ids else name


def export(plan: Plan) -> ExportedPlan:
    """A template; only comments where it can tell nothing, since one without resources is none.

    Raises InputError: too many resources, or a value that CloudFormation would not take as it is.
    """
    template = _Template()
    for step in plan.steps:
        reason = _add_step(step, template)
        if reason:
            template.left_out.append(LeftOutStep(step, reason))
    if len(template.resources) > _MAX_RESOURCES:
        raise InputError(
            f"a template holds {_MAX_RESOURCES} resources, and this plan needs {len(template.resources)}",
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
    """Puts a step into the template, or says why it cannot stand there."""
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
    given, key = step.action.parameters, step.action.entity
    type_ = "ManagedPolicy" if key[0] == "policy" else key[0].title()
    given_name = given[NAME_PARAMETERS[key[0]]]
    template.new_ids[key] = name = _logical_id(type_, given_name)
    kept = {each: given[each] for each in ("Path", "Tags") if each in given}
    document = {"PolicyDocument": _policy_document(given)} if key[0] == "policy" else {}
    template.add_resource(name, step, type_, {f"{type_}Name": given_name, **kept, **document})


def _add_membership(step: Step, template: _Template) -> None:
    """The additions to a group in one resource, which leaves its other members as they are."""
    user, group = step.action.parameters["UserName"], step.action.parameters["GroupName"]
    name = _logical_id("Members", group)
    properties = {"GroupName": template.name_or_reference(principal_key("group", group), group), "Users": []}
    found = template.add_resource(name, step, "UserToGroupAddition", properties)
    found.properties["Users"].append(template.name_or_reference(principal_key("user", user), user))


def _add_inline_policy(step: Step, template: _Template) -> None:
    given, key = step.action.parameters, step.action.entity
    kind, named = key[0].title(), NAME_PARAMETERS[key[0]]
    holder = given[named]
    properties = {
        named: template.name_or_reference(key, holder),
        "PolicyName": given["PolicyName"],
        "PolicyDocument": _policy_document(given),
    }
    template.add_resource(_logical_id(f"{kind}Policy", holder, given["PolicyName"]), step, f"{kind}Policy", properties)


def _add_attachment(step: Step, template: _Template) -> str:
    """A stack attaches what it makes itself, and to whom it makes itself."""
    given, key = step.action.parameters, step.action.entity
    kind, arn = key[0], given["PolicyArn"]
    holder, policy = given[NAME_PARAMETERS[kind]], policy_key(arn)
    if policy in template.new_ids and arn_account(arn) != "aws":
        template.extend_list(
            template.new_ids[policy], step, f"{kind.title()}s", template.name_or_reference(key, holder)
        )
    elif key in template.new_ids:
        template.extend_list(template.new_ids[key], step, "ManagedPolicyArns", arn)
    else:
        return (
            f"a stack attaches a policy only to a {kind} that it makes: where a template of yours has {kind} {holder}, "
            f"add {arn} to its ManagedPolicyArns"
        )
    return ""


def _manual_change(action: Action) -> str:
    """What a person does about a step that changes what is there already, or takes it away."""
    what = "change its PolicyDocument" if action.spec.effect == "put" else "take it out"
    return f"a stack changes only what it made itself: where a template of yours has it, {what} there"


def _policy_document(given: Mapping[str, Any]) -> Any:
    document = json.loads(given["PolicyDocument"])
    for each in _nested_keys(document):
        if each == "Ref" or each.startswith("Fn::"):
            raise InputError(
                f"CloudFormation would take {escape(each)!r} in a policy for a function", _OTHER_EXPORT_HINT
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
        "# A template of CloudFormation for a stack of its own, deployed with --capabilities CAPABILITY_NAMED_IAM.",
        "# Read its change set first. What the stack makes is deleted with it.",
    ]


def _account_rule(account: Account) -> list[str]:
    """No other account: CloudFormation looks at the rules before it makes anything."""
    said = {"Fn::Equals": [_RawYaml("!Ref AWS::AccountId"), account.id]}
    why = f"This template is for account {account.id}."
    rule = {"Account": {"Assertions": [{"Assert": said, "AssertDescription": why}]}}
    return ['AWSTemplateFormatVersion: "2010-09-09"', "", "Rules:", *_mapping_lines(rule, 1)]


def _resource_lines(name: str, each: _TemplateResource) -> Iterator[str]:
    yield from (f"  {finding_comment(step)}" for step in each.steps)
    yield f"  {name}:"
    yield from _mapping_lines({"Type": _RawYaml(each.type), "Properties": each.properties}, 2)


def _mapping_lines(value: Mapping[str, Any], depth: int) -> Iterator[str]:
    for name, inner in value.items():
        yield from _item_lines(f"{'  ' * depth}{_yaml_key(name)}:", inner, depth)


def _item_lines(start: str, value: Any, depth: int) -> Iterator[str]:
    """A value behind what it begins with: on its line, or beneath it."""
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
    """An element: what it holds stands where its own text would."""
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
    """Raises InputError: CloudFormation would put something else in its place."""
    if "{{resolve:" in text:
        raise InputError(f"CloudFormation would look up {escape(text)!r} elsewhere", _OTHER_EXPORT_HINT)
    return quote_ascii(text)


def _yaml_key(name: str) -> str:
    bare = re.fullmatch("[A-Z][A-Za-z]*|Fn::[A-Z][a-z]+", name) and name.lower() not in _YAML_WORDS
    return name if bare else _yaml_string(name)
