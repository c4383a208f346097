"""A plan as a CloudFormation template of what it makes; a stack reaches no further than what is its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from koding_audit.arns import owner_of
from koding_audit.errors import InputError
from koding_audit.export import Exported, LeftOut, about, comments, digest, finding_of, quoted
from koding_audit.model import Account, Action, EntityKey, Plan, Step, Verb, key_of
from koding_audit.plan import policy_key
from koding_audit.text import inert

_MOST = 500  # resources of a template (aws: cloudformation-limits)
_CREATES = frozenset({Verb.CREATE_GROUP, Verb.CREATE_USER, Verb.CREATE_POLICY})
_PUTS = frozenset({Verb.PUT_GROUP_POLICY, Verb.PUT_USER_POLICY, Verb.PUT_ROLE_POLICY})
_ATTACHES = frozenset({Verb.ATTACH_GROUP_POLICY, Verb.ATTACH_USER_POLICY, Verb.ATTACH_ROLE_POLICY})

# What YAML 1.1, which CloudFormation reads, takes for something else than a string.
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


class _Code(str):
    """Text that stands in the template as it is: a name of CloudFormation's own, or a reference."""

    __slots__ = ()


@dataclass
class _Resource:
    """One resource as it grows; steps: those that it comes of, properties: values of JSON or _Code."""

    type: str
    properties: dict[str, Any]
    steps: list[Step] = field(default_factory=list)


@dataclass
class _Template:
    """The resources by their logical ids; made: under which of them the plan makes something new."""

    resources: dict[str, _Resource] = field(default_factory=dict)
    made: dict[EntityKey, str] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)

    def add(self, name: str, step: Step, type_: str, properties: Mapping[str, Any]) -> _Resource:
        found = self.resources.setdefault(name, _Resource(f"AWS::IAM::{type_}", dict(properties)))
        found.steps.append(step)
        return found

    def extend(self, name: str, step: Step, listed: str, value: str) -> None:
        """One more of a list of a resource that is there."""
        found = self.resources[name]
        found.steps.append(step)
        found.properties.setdefault(listed, []).append(value)

    def named(self, key: EntityKey, name: str) -> str:
        """Of what is made here a reference, so that it is made first."""
        return _Code(f"!Ref {self.made[key]}") if key in self.made else name


def exported(plan: Plan) -> Exported:
    """A template; only comments where it can tell nothing, since one without resources is none.

    Raises InputError: too many resources, or a value that CloudFormation would not take as it is.
    """
    template = _Template()
    for step in plan.steps:
        reason = _told(step, template)
        if reason:
            template.left_out.append(LeftOut(step, reason))
    if len(template.resources) > _MOST:
        raise InputError(f"a template holds {_MOST} resources, and this plan needs {len(template.resources)}", _ELSE)
    lines = _head(plan.basis.account)
    if template.resources:
        lines += [*_rule(plan.basis.account), "", "Resources:"]
        lines += "\n\n".join("\n".join(_resource(*each)) for each in template.resources.items()).split("\n")
    lines += [line for each in template.left_out for line in comments(each)]
    return Exported("\n".join(lines) + "\n", tuple(template.left_out))


_ELSE = "use --as aws-cli, or --out and `apply`"


# --- which resource a step is ---------------------------------------------------------------------


def _told(step: Step, template: _Template) -> str:
    """Puts a step into the template, or says why it cannot stand there."""
    action = step.action
    if action.verb in _CREATES:
        _create(step, template)
    elif action.verb is Verb.ADD_USER_TO_GROUP:
        _join(step, template)
    elif action.verb in _PUTS and step.change != "replace":
        _put(step, template)
    elif action.verb in _ATTACHES:
        return _attach(step, template)
    else:
        return _instead(action)
    return ""


def _create(step: Step, template: _Template) -> None:
    given, key = step.action.parameters, step.action.entity
    kind = key[0].title()
    type_ = "ManagedPolicy" if kind == "Policy" else kind
    template.made[key] = name = _logical(type_, given[f"{kind}Name"])
    kept = {each: given[each] for each in ("Path", "Tags") if each in given}
    document = {"PolicyDocument": _document(given)} if kind == "Policy" else {}
    template.add(name, step, type_, {f"{type_}Name": given[f"{kind}Name"], **kept, **document})


def _join(step: Step, template: _Template) -> None:
    """The additions to a group in one resource, which leaves its other members as they are."""
    user, group = step.action.parameters["UserName"], step.action.parameters["GroupName"]
    name = _logical("Members", group)
    properties = {"GroupName": template.named(key_of("group", group), group), "Users": []}
    found = template.add(name, step, "UserToGroupAddition", properties)
    found.properties["Users"].append(template.named(key_of("user", user), user))


def _put(step: Step, template: _Template) -> None:
    given, key = step.action.parameters, step.action.entity
    kind = key[0].title()
    holder = given[f"{kind}Name"]
    properties = {
        f"{kind}Name": template.named(key, holder),
        "PolicyName": given["PolicyName"],
        "PolicyDocument": _document(given),
    }
    template.add(_logical(f"{kind}Policy", holder, given["PolicyName"]), step, f"{kind}Policy", properties)


def _attach(step: Step, template: _Template) -> str:
    """A stack attaches what it makes itself, and to whom it makes itself."""
    given, key = step.action.parameters, step.action.entity
    kind, arn = key[0], given["PolicyArn"]
    holder, policy = given[f"{kind.title()}Name"], policy_key(arn)
    if policy in template.made and owner_of(arn) != "aws":
        template.extend(template.made[policy], step, f"{kind.title()}s", template.named(key, holder))
    elif key in template.made:
        template.extend(template.made[key], step, "ManagedPolicyArns", arn)
    else:
        return (
            f"a stack attaches a policy only to a {kind} that it makes: where a template of yours has {kind} {holder}, "
            f"add {arn} to its ManagedPolicyArns"
        )
    return ""


def _instead(action: Action) -> str:
    """What a person does about a step that changes what is there already, or takes it away."""
    changes = action.verb is Verb.CREATE_POLICY_VERSION or action.verb in _PUTS
    what = "change its PolicyDocument" if changes else "take it out"
    return f"a stack changes only what it made itself: where a template of yours has it, {what} there"


def _document(given: Mapping[str, Any]) -> Any:
    document = json.loads(given["PolicyDocument"])
    for each in _keys(document):
        if each == "Ref" or each.startswith("Fn::"):
            raise InputError(f"CloudFormation would take {inert(each)!r} in a policy for a function", _ELSE)
    return document


def _keys(value: Any) -> Iterator[str]:
    """The keys of a value's objects, at any depth."""
    if isinstance(value, dict):
        yield from value
        value = [*value.values()]
    for each in value if isinstance(value, list) else ():
        yield from _keys(each)


def _logical(type_: str, *names: str) -> str:
    """A logical id: ASCII letters and digits, depending on these names only."""
    words = type_ + "".join(re.sub("[^A-Za-z0-9]", "", each) for each in names)
    simple = len(names) == 1 and names[0].isalnum() and not re.search("[0-9a-f]{8}$", words)
    return words if simple else f"{words}{digest(type_, *names)}"


# --- how it is written ----------------------------------------------------------------------------


def _head(account: Account) -> list[str]:
    return [
        about(account),
        "# A template of CloudFormation for a stack of its own, deployed with --capabilities CAPABILITY_NAMED_IAM.",
        "# Read its change set first. What the stack makes is deleted with it.",
    ]


def _rule(account: Account) -> list[str]:
    """No other account: CloudFormation looks at the rules before it makes anything."""
    said = {"Fn::Equals": [_Code("!Ref AWS::AccountId"), account.id]}
    why = f"This template is for account {account.id}."
    rule = {"Account": {"Assertions": [{"Assert": said, "AssertDescription": why}]}}
    return ['AWSTemplateFormatVersion: "2010-09-09"', "", "Rules:", *_mapping(rule, 1)]


def _resource(name: str, each: _Resource) -> Iterator[str]:
    yield from (f"  {finding_of(step)}" for step in each.steps)
    yield f"  {name}:"
    yield from _mapping({"Type": _Code(each.type), "Properties": each.properties}, 2)


def _mapping(value: Mapping[str, Any], depth: int) -> Iterator[str]:
    for name, inner in value.items():
        yield from _item(f"{'  ' * depth}{_key(name)}:", inner, depth)


def _item(start: str, value: Any, depth: int) -> Iterator[str]:
    """A value behind what it begins with: on its line, or beneath it."""
    if isinstance(value, dict) and value:
        yield start
        yield from _mapping(value, depth + 1)
    elif isinstance(value, list) and value:
        yield start
        for each in value:
            yield from _listed(each, depth + 1)
    else:
        yield f"{start} {_scalar(value)}"


def _listed(value: Any, depth: int) -> Iterator[str]:
    """An element: what it holds stands where its own text would."""
    dash = f"{'  ' * depth}- "
    if isinstance(value, dict) and value:
        first, *others = _mapping(value, depth + 1)
        yield from (dash + first.lstrip(" "), *others)
    elif isinstance(value, list) and value:
        inner = [line for each in value for line in _listed(each, depth + 1)]
        yield from (dash + inner[0].lstrip(" "), *inner[1:])
    else:
        yield f"{dash}{_scalar(value)}"


def _scalar(value: Any) -> str:
    if isinstance(value, _Code):
        return value
    return _string(value) if isinstance(value, str) else json.dumps(value)


def _string(text: str) -> str:
    """Raises InputError: CloudFormation would put something else in its place."""
    if "{{resolve:" in text:
        raise InputError(f"CloudFormation would look up {inert(text)!r} elsewhere", _ELSE)
    return quoted(text)


def _key(name: str) -> str:
    bare = re.fullmatch("[A-Z][A-Za-z]*|Fn::[A-Z][a-z]+", name) and name.lower() not in _WORDS
    return name if bare else _string(name)
