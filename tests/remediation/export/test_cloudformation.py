"""A plan as a CloudFormation template: cfn-lint takes it, and what a stack of it makes is the plan."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from koding_audit.model.errors import InputError
from koding_audit.model.finding import Action
from koding_audit.model.plan import Plan
from koding_audit.model.verb import Verb
from koding_audit.remediation.export.cloudformation import export
from tests.remediation.export.plans import DOCUMENT, everything, plan, plans, told
from tests.values import ACCOUNT, aws, own


class Ref(str):
    """A logical id that is referred to."""


class Loader(yaml.SafeLoader):
    """YAML 1.1, as CloudFormation has it, with its `!Ref`; a key that is there twice is refused."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        found = super().construct_mapping(node, deep=deep)
        assert len(found) == len(node.value)
        return found


Loader.add_constructor("!Ref", lambda loader, node: Ref(loader.construct_scalar(node)))


def read(text: str) -> Any:
    return yaml.load(text, Loader)


def resources(text: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """The type and the properties of each resource, references to what they come to."""
    found = (read(text) or {}).get("Resources", {})
    names = {name: _name(each["Properties"]) for name, each in found.items()}
    return {
        name: (each["Type"].removeprefix("AWS::IAM::"), _resolved(each["Properties"], names))
        for name, each in found.items()
    }


def _name(properties: dict[str, Any]) -> str:
    """What `!Ref` gives of a user or a group: its name; of a policy: its ARN."""
    if "ManagedPolicyName" in properties:
        return ACCOUNT.policy_arn(properties["ManagedPolicyName"], properties.get("Path", "/"))
    return str(properties.get("UserName") or properties.get("GroupName"))


def _resolved(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, Ref):
        return names[value]
    if isinstance(value, list):
        return [_resolved(each, names) for each in value]
    return {name: _resolved(each, names) for name, each in value.items()} if isinstance(value, dict) else value


def calls(text: str) -> Iterator[tuple[str, Any]]:
    """What CloudFormation calls for each resource that it makes."""
    for type_, said in resources(text).values():
        if type_ == "UserToGroupAddition":
            yield from (
                ("AddUserToGroup", {"GroupName": said["GroupName"], "UserName": each}) for each in said["Users"]
            )
        elif type_ == "ManagedPolicy":
            yield from _policy(said)
        elif type_ in ("Group", "User"):
            name = {f"{type_}Name": said[f"{type_}Name"]}
            arns = said.pop("ManagedPolicyArns", [])
            yield f"Create{type_}", said
            yield from ((f"Attach{type_}Policy", {**name, "PolicyArn": arn}) for arn in arns)
        else:
            yield f"Put{type_}", said


def _policy(said: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    arn = ACCOUNT.policy_arn(said["ManagedPolicyName"], said.get("Path", "/"))
    for kind in ("Group", "User", "Role"):
        for name in said.pop(f"{kind}s", []):
            yield f"Attach{kind}Policy", {f"{kind}Name": name, "PolicyArn": arn}
    yield "CreatePolicy", {"PolicyName": said.pop("ManagedPolicyName"), **said}


def in_order(those: Any) -> list[str]:
    return sorted(json.dumps(each, sort_keys=True) for each in those)


@given(plans())
@settings(max_examples=30)
def test_a_plan_of_any_names_and_documents_is_told_or_left_out_step_by_step(made: Plan) -> None:
    found = export(made)
    left_out = [each.step.action for each in found.left_out_steps]
    assert in_order([*calls(found.text), *told(left_out)]) == in_order(told(step.action for step in made.steps))


@pytest.mark.slow
def test_cfn_lint_takes_the_template_and_would_notice_a_wrong_one() -> None:
    text = export(everything()).text
    assert lint(text) == set()
    wrong = text.replace("PolicyName: ", "PolicyNames: ").replace("!Ref Userada", "!Ref Useradam")
    assert lint(wrong) == {"E1020", "E3002", "E3003"}


def lint(text: str) -> set[str]:
    """The ids of errors and warnings."""
    import cfnlint.api

    return {each.rule.id for each in cfnlint.api.lint(text, None, ["us-east-1"])}


def test_what_the_plan_makes_is_referred_to_so_that_it_is_made_first() -> None:
    found = read(export(everything()).text)["Resources"]
    group = next(name for name, each in found.items() if each["Type"] == "AWS::IAM::Group")
    additions = [each["Properties"] for each in found.values() if each["Type"] == "AWS::IAM::UserToGroupAddition"]
    assert additions == [
        {"GroupName": group, "Users": ["Userada"]},
        {"GroupName": "Developers", "Users": ["koding-user"]},
    ]
    assert isinstance(additions[0]["GroupName"], Ref)
    assert isinstance(additions[0]["Users"][0], Ref)
    assert not isinstance(additions[1]["GroupName"], Ref)


def test_a_policy_is_attached_by_the_resource_that_the_template_makes() -> None:
    found = dict(resources(export(everything()).text).values())
    assert found["Group"]["ManagedPolicyArns"] == [aws("IAMReadOnlyAccess")]
    assert (found["ManagedPolicy"]["Groups"], found["ManagedPolicy"]["Users"]) == (["Dev+Ops"], ["koding-user"])


@pytest.mark.parametrize(
    ("action", "change", "reason"),
    [
        (
            Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": "Developers", "PolicyArn": aws("IAMReadOnlyAccess")}),
            "add",
            "only to a group that it creates: in the template that has group Developers, "
            "add arn:aws:iam::aws:policy/IAMReadOnlyAccess to its ManagedPolicyArns",
        ),
        (Action(Verb.ATTACH_ROLE_POLICY, {"RoleName": "app", "PolicyArn": own("mine")}), "add", "to its Managed"),
        (
            Action(Verb.PUT_USER_POLICY, {"UserName": "ada", "PolicyName": "note", "PolicyDocument": DOCUMENT}),
            "replace",
            "in the template that has it, change its PolicyDocument",
        ),
        (
            Action(Verb.CREATE_POLICY_VERSION, {"PolicyArn": own("mine"), "PolicyDocument": DOCUMENT}),
            "replace",
            "in the template that has it, change its PolicyDocument",
        ),
        (
            Action(Verb.SET_DEFAULT_POLICY_VERSION, {"PolicyArn": own("mine"), "VersionId": "v1"}),
            "replace",
            "in the template that has it, change its PolicyDocument",
        ),
        (
            Action(Verb.DETACH_USER_POLICY, {"UserName": "ada", "PolicyArn": aws("X")}),
            "replace",
            "in the template that has it, remove it",
        ),
    ],
)
def test_what_a_stack_cannot_do_is_told_in_comments_and_left_out(action: Action, change: Any, reason: str) -> None:
    found = export(plan(action, change=change))
    (left,) = found.left_out_steps
    assert (left.step.action, reason in left.reason) == (action, True)
    assert f"\n# Not here: rule/\\x0a{action.verb.value}\n# Why: {left.reason}.\n" in found.text
    assert read(found.text) is None, "a template without resources is none"


def test_a_user_and_its_boundary_that_is_attached_to_it_too_do_not_refer_to_each_other() -> None:
    found = read(export(everything()).text)["Resources"]
    policy = next(name for name, each in found.items() if each["Type"] == "AWS::IAM::ManagedPolicy")
    eve = found["Usereve"]["Properties"]
    assert eve == {"UserName": "eve", "PermissionsBoundary": policy, "ManagedPolicyArns": [policy]}
    assert isinstance(eve["PermissionsBoundary"], Ref)
    assert isinstance(eve["ManagedPolicyArns"][0], Ref)
    assert "Usereve" not in found[policy]["Properties"]["Users"]


def test_another_account_is_refused_before_anything_is_made() -> None:
    (rule,) = read(export(everything()).text)["Rules"].values()
    ((check),) = rule["Assertions"]
    assert check["Assert"] == {"Fn::Equals": ["AWS::AccountId", ACCOUNT.id]}
    assert isinstance(check["Assert"]["Fn::Equals"][0], Ref)


def test_logical_ids_depend_on_names_alone_and_tell_every_two_apart() -> None:
    names = ["ab", "a+b", "a.b", "a-b", "A.b", "Policyab", "ab12345678", "+", "1"]
    puts = [("a", "bc"), ("ab", "c"), ("a.b", "c")]
    actions = [Action(Verb.CREATE_GROUP, {"GroupName": name}) for name in names]
    actions += [
        Action(Verb.PUT_GROUP_POLICY, {"GroupName": group, "PolicyName": name, "PolicyDocument": DOCUMENT})
        for group, name in puts
    ]
    together = {*resources(export(plan(*actions)).text)}
    assert together == {name for each in actions for name in resources(export(plan(each)).text)}
    assert len(together) == len(actions)
    assert all(name.isascii() and name.isalnum() for name in together)
    assert "Groupab" in together


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ({"Resource": {"Ref": "Secret"}}, "'Ref' in a policy as a function"),
        ({"Condition": [{"Fn::ImportValue": "x"}]}, "'Fn::ImportValue' in a policy as a function"),
        ({"Sid": "{{resolve:secretsmanager:prod}}"}, "resolve '{{resolve:secretsmanager:prod}}' as a reference"),
        ({"{{resolve:ssm:x}}": "1"}, "would resolve"),
        ({"Sid": "\ud800"}, "half of a surrogate pair"),
    ],
)
def test_what_cloudformation_would_put_something_else_for_is_refused(statement: Any, why: str) -> None:
    given = {"UserName": "ada", "PolicyName": "note", "PolicyDocument": json.dumps({"Statement": [statement]})}
    with pytest.raises(InputError, match=why) as refused:
        export(plan(Action(Verb.PUT_USER_POLICY, given)))
    assert str(refused.value).isprintable()


def test_more_than_a_template_holds_is_refused() -> None:
    groups = [Action(Verb.CREATE_GROUP, {"GroupName": f"g{number}"}) for number in range(501)]
    assert export(plan(*groups[1:])).text.count("\n    Type: AWS::IAM::Group\n") == 500
    with pytest.raises(InputError, match="a template can have 500 resources, and this plan needs 501"):
        export(plan(*groups))
