"""The names and ARNs of a template's resources."""

from __future__ import annotations

from typing import Any

import pytest

from koding_audit.stack.cloudformation_arns import TemplateArns
from koding_audit.stack.cloudformation_types import CloudFormationTypes
from koding_audit.stack.script import ScriptResource
from tests.stack.template_scripts import ACCOUNT, resource, script

IAM = "arn:aws:iam::123456789012:"
LAMBDA = "arn:aws:lambda:*:123456789012:function:"


def arns(*resources: ScriptResource, name: str = "web") -> TemplateArns:
    return TemplateArns(script(*resources), ACCOUNT, CloudFormationTypes(), name)


@pytest.mark.parametrize(
    ("type_", "properties", "arn"),
    [
        ("AWS::S3::Bucket", {"BucketName": "acme"}, "arn:aws:s3:::acme"),
        ("AWS::S3::Bucket", {"BucketName": "${Name}-logs"}, "arn:aws:s3:::*-logs"),
        ("AWS::S3::Bucket", {}, "arn:aws:s3:::web-r-*"),
        ("AWS::SQS::Queue", {}, "arn:aws:sqs:*:123456789012:web-R-*"),
        ("AWS::IAM::Role", {}, f"{IAM}role/web-R-*"),
        ("AWS::IAM::Role", {"Path": "/app/team/", "RoleName": "r"}, f"{IAM}role/app/team/r"),
        ("AWS::IAM::Role", {"Path": "/", "RoleName": "r"}, f"{IAM}role/r"),
        ("AWS::IAM::Role", {"Path": "/${Team}/", "RoleName": "r"}, f"{IAM}role/*/r"),
        ("AWS::EC2::VPC", {}, "arn:aws:ec2:*:123456789012:vpc/*"),
        ("AWS::SSM::Parameter", {"Name": "/app/key"}, "arn:aws:ssm:*:123456789012:parameter/app/key"),
        ("AWS::Glue::Job", {"Name": "nightly"}, "arn:aws:glue:*:123456789012:job/nightly"),
        ("AWS::Lambda::Function", {"FunctionName": "${AWS::StackName}-f"}, f"{LAMBDA}web-f"),
        ("AWS::Lambda::Function", {"FunctionName": "f-${AWS::AccountId}"}, f"{LAMBDA}f-123456789012"),
        ("AWS::Lambda::Function", {"FunctionName": "$${x}"}, LAMBDA + "${x}"),
        ("AWS::No::Such", {}, "*"),
    ],
)
def test_an_arn_is_as_narrow_as_the_template_says(type_: str, properties: dict[str, Any], arn: str) -> None:
    found = resource("R", type_, properties)
    assert arns(found).resource_arn(found) == arn


def test_a_generated_name_is_not_known_where_it_would_be_cut_or_without_the_stack_s_name() -> None:
    role = resource("Role" * 12, "AWS::IAM::Role")
    assert arns(role, name="a-long-name-of-a-stack").resource_arn(role) == f"{IAM}role/*"
    short = resource("Role", "AWS::IAM::Role")
    assert arns(short, name="").resource_arn(short) == f"{IAM}role/*"


def test_the_name_in_a_nested_stack_has_the_name_of_the_nested_stack() -> None:
    queue = resource("Child.Queue", "AWS::SQS::Queue")
    assert arns(queue).resource_arn(queue) == "arn:aws:sqs:*:123456789012:web-Child-*-Queue-*"


@pytest.mark.parametrize("text", ["${F}", "${F.Arn}", "jobs", f"{LAMBDA}jobs"])
def test_a_reference_a_name_and_an_arn_are_the_same_resource(text: str) -> None:
    function = resource("F", "AWS::Lambda::Function", {"FunctionName": "jobs"})
    permission = resource("P", "AWS::Lambda::Permission", {"FunctionName": text})
    assert arns(function, permission).resource_arn(permission) == f"{LAMBDA}jobs"


def test_a_url_of_s3_is_a_bucket_and_a_key() -> None:
    found = arns()
    template = "arn:${partition}:s3:::{name}"
    for url in ("https://b.s3.eu-west-1.amazonaws.com/k/t.yml", "https://s3.amazonaws.com/b/k/t.yml"):
        assert found.fill_name(template, url, "") == "arn:aws:s3:::b/k/t.yml"


def test_names_that_are_made_of_each_other_end() -> None:
    first = resource("A", "AWS::SQS::Queue", {"QueueName": "${B.QueueName}-x"})
    second = resource("B", "AWS::SQS::Queue", {"QueueName": "${A.QueueName}-y"})
    assert arns(first, second).resource_arn(first).startswith("arn:aws:sqs:*:123456789012:*")
    chain = [resource(f"Q{n}", "AWS::SQS::Queue", {"QueueName": f"${{Q{n + 1}.QueueName}}"}) for n in range(3000)]
    assert arns(*chain).resource_arn(chain[0]) == "arn:aws:sqs:*:123456789012:*"


def test_a_list_is_an_arn_for_each_of_its_values_and_an_open_condition_is_not_certain() -> None:
    policy = resource("P", "AWS::IAM::Policy", {"Roles": ["a", {"Fn::If": ["b"]}, {"Fn::If": ["c", "d"]}]})
    found = arns(policy)
    row = found.row("AWS::IAM::Policy")
    assert row is not None
    assert list(found.fill(row.arn[0], policy, row)) == [
        (f"{IAM}role/a", True),
        (f"{IAM}role/b", False),
        (f"{IAM}role/c", False),
        (f"{IAM}role/d", False),
    ]
