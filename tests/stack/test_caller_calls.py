"""The caller's own calls to deploy a template."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from koding_audit.reference.actions import load_actions
from koding_audit.stack.deployment import Deployment
from koding_audit.stack.template import CdkManifest, CustomResource, DynamicReference, NestedStack, TemplateParameter
from tests.stack.template_scripts import ACCOUNT, PLACE, certain, own, resource, stack, unsure

TABLE = Path(__file__).parents[2] / "koding_audit" / "stack" / "caller_calls.jsonl"
CFN = f"arn:aws:cloudformation:*:{ACCOUNT.id}:"
DEPLOY = ("DescribeStacks", "CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet")
WEB = Deployment("web")


def parameter(type_: str, value: str = "") -> TemplateParameter:
    return TemplateParameter("P", type_, value, PLACE)


def test_each_call_has_a_source_a_date_and_an_action_of_aws() -> None:
    known = load_actions()
    for row in map(json.loads, TABLE.read_text(encoding="ascii").splitlines()):
        assert row["source"], row
        assert row["date"], row
        assert "action" not in row or known.canonical_name(row["action"]) == row["action"]


def test_a_deployment_is_the_change_set_of_its_stack() -> None:
    assert own(stack(deployment=WEB)) == {f"cloudformation:{each}": {f"{CFN}stack/web/*"} for each in DEPLOY}
    assert own(stack())["cloudformation:CreateChangeSet"] == {f"{CFN}stack/*/*"}
    assert own(stack(stack_names=("a", "b")))["cloudformation:CreateChangeSet"] == {f"{CFN}stack/{n}/*" for n in "ab"}


def test_the_calls_of_the_caller_are_apart_and_have_their_source() -> None:
    calls = [each for each in stack(deployment=WEB).needs if each.caller]
    assert {each.action for each in calls if each.perhaps} == {"cloudformation:GetTemplateSummary"}
    assert all(each.source for each in calls)


@pytest.mark.parametrize(
    ("name", "arn"),
    [
        ("AWS::Serverless-2016-10-31", "arn:aws:cloudformation:*:aws:transform/Serverless-2016-10-31"),
        ("AWS::LanguageExtensions", "arn:aws:cloudformation:*:aws:transform/LanguageExtensions"),
        ("Macro", f"{CFN}transform/Macro"),
    ],
)
def test_a_change_set_is_also_made_on_the_transform(name: str, arn: str) -> None:
    found = own(stack(deployment=WEB, transforms=(name,)))
    assert found["cloudformation:CreateChangeSet"] == {f"{CFN}stack/web/*", arn}


@pytest.mark.parametrize(
    ("given", "action", "arn"),
    [
        (
            parameter("AWS::SSM::Parameter::Value<String>", "/app/key"),
            "ssm:GetParameters",
            f"arn:aws:ssm:*:{ACCOUNT.id}:parameter/app/key",
        ),
        (
            parameter("AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "/aws/service/ami/x"),
            "ssm:GetParameters",
            "arn:aws:ssm:*::parameter/aws/service/ami/x",
        ),
        (parameter("AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "/aws/service/ami/x"), "ec2:DescribeImages", "*"),
        (parameter("AWS::EC2::KeyPair::KeyName"), "ec2:DescribeKeyPairs", "*"),
        (parameter("List<AWS::EC2::Image::Id>"), "ec2:DescribeImages", "*"),
    ],
)
def test_a_parameter_is_looked_up_with_the_caller_s_credentials(given: Any, action: str, arn: str) -> None:
    assert own(stack(parameters=(given,)))[action] == {arn}


def test_a_plain_parameter_and_one_that_is_only_thought_to_be_looked_up_ask_for_nothing() -> None:
    found = stack(parameters=(parameter("String"), parameter("AWS::EC2::VPC::Id")))
    assert set(own(found)) == {f"cloudformation:{each}" for each in DEPLOY}
    assert {each.action for each in found.needs if each.perhaps} >= {"ec2:DescribeVpcs"}


def test_a_large_template_goes_by_a_bucket_that_is_not_known() -> None:
    found = {each.action: each for each in stack(size=51_201).needs if each.action.startswith("s3:")}
    assert set(found) == {"s3:PutObject", "s3:GetObject"}
    assert not any(each.certain for each in found.values())
    assert not any(each.action.startswith("s3:") for each in stack(size=51_200).needs)


def test_dynamic_references_and_nested_templates_are_read() -> None:
    found = own(
        stack(
            dynamic_references=(
                DynamicReference("secretsmanager", "db", PLACE),
                DynamicReference("ssm", "/app/x", PLACE),
            ),
            nested=(
                NestedStack("N", "https://b.s3.amazonaws.com/k.yml", False, PLACE),
                NestedStack("L", "./child.yml", True, PLACE),
            ),
        )
    )
    assert found["secretsmanager:GetSecretValue"] == {f"arn:aws:secretsmanager:*:{ACCOUNT.id}:secret:db-*"}
    assert found["ssm:GetParameters"] == {f"arn:aws:ssm:*:{ACCOUNT.id}:parameter/app/x"}
    assert found["s3:GetObject"] == {"arn:aws:s3:::b/k.yml"}


def test_what_makes_a_custom_resource_is_called_with_the_stack_s_credentials() -> None:
    function = resource("F", "AWS::Lambda::Function", {"FunctionName": "maker", "Role": "r"})
    topic = f"arn:aws:sns:eu-west-1:{ACCOUNT.id}:t"
    custom = (CustomResource("C", "Custom::X", "${F.Arn}", PLACE), CustomResource("D", "Custom::Y", topic, PLACE))
    found = stack(function, custom=custom, deployment=WEB)
    assert certain(found)["lambda:InvokeFunction"] == {f"arn:aws:lambda:*:{ACCOUNT.id}:function:maker"}
    assert certain(found)["sns:Publish"] == {topic}


def test_a_service_role_is_passed_to_cloudformation_and_makes_the_rest() -> None:
    found = stack(resource("Q", "AWS::SQS::Queue"), deployment=Deployment("web", "role/cfn"))
    (passed,) = [each for each in found.needs if each.action == "iam:PassRole"]
    assert (passed.resource, passed.caller) == (f"arn:aws:iam::{ACCOUNT.id}:role/*cfn", True)
    assert passed.context == (("iam:PassedToService", ("cloudformation.amazonaws.com",)),)
    assert found.service_role == "role/cfn"
    assert not any(each.caller for each in found.needs if each.action.startswith("sqs:"))


def test_with_a_service_role_it_is_not_known_who_reads_a_dynamic_reference() -> None:
    reference = (DynamicReference("ssm", "x", PLACE),)
    found = stack(dynamic_references=reference, deployment=Deployment("web", "role/cfn"))
    (need,) = [each for each in found.needs if each.action == "ssm:GetParameters"]
    assert not need.certain


def test_the_cdk_assumes_the_roles_of_its_bootstrap() -> None:
    deploy = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/cdk-hnb659fds-deploy-role-${AWS::AccountId}-eu-west-1"
    lookup = deploy.replace("deploy", "lookup")
    found = stack(cdk=CdkManifest(assume_role_arns=((deploy, PLACE),), lookup_role_arns=((lookup, PLACE),)))
    name = f"arn:aws:iam::{ACCOUNT.id}:role/cdk-hnb659fds-deploy-role-{ACCOUNT.id}-eu-west-1"
    assert [(each.action, each.resource, each.perhaps) for each in found.assumed] == [
        ("sts:AssumeRole", name, False),
        ("sts:AssumeRole", name.replace("deploy", "lookup"), True),
    ]
    assert not found.is_assumed_elsewhere
    other = deploy.replace("${AWS::AccountId}:", "222222222222:")
    assert stack(cdk=CdkManifest(assume_role_arns=((other, PLACE),))).is_assumed_elsewhere


@pytest.mark.parametrize(
    ("properties", "capability"), [({}, "CAPABILITY_IAM,"), ({"RoleName": "r"}, "CAPABILITY_NAMED_IAM,")]
)
def test_a_capability_is_a_note_and_no_permission(properties: dict[str, Any], capability: str) -> None:
    (note,) = stack(resource("R", "AWS::IAM::Role", properties)).notes
    assert capability in note
    assert stack(resource("Q", "AWS::SQS::Queue")).notes == ()


def test_sam_s_own_bucket_is_perhaps_made() -> None:
    found = stack(transforms=("AWS::Serverless-2016-10-31",))
    made = [each for each in found.needs if "aws-sam-cli-managed-default" in each.resource]
    assert made
    assert all(each.perhaps for each in made)
    assert unsure(found) == {}
