"""Each intrinsic function: its value where it is known, and an open text where it is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from koding_audit.io.yaml_nodes import SequenceNode
from koding_audit.stack.intrinsics import MOST_PRODUCED
from koding_audit.stack.template_values import python_value
from tests.stack.template_files import node, scope, short

SECTIONS: dict[str, Any] = {
    "Parameters": {
        "Name": {"Type": "String", "Default": "web"},
        "Zones": {"Type": "CommaDelimitedList", "Default": "a, b"},
        "Open": {"Type": "String"},
        "Secret": {"Type": "String", "NoEcho": True, "Default": "hunter2"},
    },
    "Mappings": {
        "Sizes": {
            "eu-west-1": {"Size": "small", "List": ["x", "y"]},
            "eu-west-2": {"Size": "large", "List": ["x", "y"]},
        }
    },
    "Conditions": {
        "Yes": {"Fn::Equals": ["a", "a"]},
        "No": {"Fn::Equals": ["a", "b"]},
        "Maybe": {"Fn::Equals": [{"Ref": "Open"}, "a"]},
        "HasSecret": {"Fn::Equals": [{"Ref": "Secret"}, "hunter2"]},
    },
    "Resources": {
        "Named": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "app", "Path": "/x/"}},
        "Unnamed": {"Type": "AWS::IAM::Role"},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Sub": "${Name}-${AWS::Region}"}}},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "jobs"}},
        "Loop": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Ref": "Loop"}}},
        "Other": {"Type": "Acme::Own::Thing", "Properties": {"Name": "x"}},
    },
}
ACCOUNT = "${AWS::AccountId}"
PARTITION = "${AWS::Partition}"


def value(text: str) -> Any:
    found = scope(**SECTIONS).evaluator.value(short(text))
    return None if found is None else python_value(found)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("plain", "plain"),
        ("!Ref Name", "web"),
        ("!Ref Zones", ["a", "b"]),
        ("!Ref AWS::Region", "eu-west-1"),
        ("!Ref Named", "app"),
        ("!Ref Bucket", "web-eu-west-1"),
        ("!GetAtt Named.Arn", f"arn:{PARTITION}:iam::{ACCOUNT}:role/x/app"),
        ("!GetAtt [Named, Arn]", f"arn:{PARTITION}:iam::{ACCOUNT}:role/x/app"),
        ("!GetAtt Queue.Arn", f"arn:{PARTITION}:sqs:eu-west-1:{ACCOUNT}:jobs"),
        ("!GetAtt Bucket.Arn", f"arn:{PARTITION}:s3:::web-eu-west-1"),
        ("!Sub 'a-${Name}'", "a-web"),
        ("!Sub ['${A}-${Name}', {A: !Ref Name}]", "web-web"),
        ("!Sub '${Named.Arn}/*'", f"arn:{PARTITION}:iam::{ACCOUNT}:role/x/app/*"),
        ("!Sub '${!Name}'", "$${Name}"),
        ("!Join ['-', [a, !Ref Name]]", "a-web"),
        ("!Join [',', !Ref Zones]", "a,b"),
        ("!Join ['', [a, !Ref AWS::NoValue, b]]", "ab"),
        ("!Select [1, !Ref Zones]", "b"),
        ("!Select ['0', !Split ['/', a/b]]", "a"),
        ("!Split [',', 'a,b']", ["a", "b"]),
        ("!FindInMap [Sizes, !Ref AWS::Region, Size]", "small"),
        ("!FindInMap [Sizes, eu-west-1, List]", ["x", "y"]),
        ("!FindInMap [Sizes, us-east-1, Size, {DefaultValue: !Ref Name}]", "web"),
        ("!FindInMap [Sizes, !Ref Open, List]", ["x", "y"]),
        ("!Base64 abc", "YWJj"),
        ("!Cidr [10.0.0.0/16, 2, 8]", ["10.0.0.0/24", "10.0.1.0/24"]),
        ("!Length {Ref: Zones}", 2),
        ("!Length [a, b, c]", 3),
        ("!ToJsonString {a: [1, true], b: !Ref Name}", '{"a":[1,true],"b":"web"}'),
        ("!If [Yes, a, b]", "a"),
        ("!If [No, a, b]", "b"),
        ("!If [No, a, !Ref AWS::NoValue]", None),
        ("!If [Maybe, a, a]", "a"),
        ("!If [HasSecret, a, b]", "a"),
        ("{a: !If [No, b, !Ref AWS::NoValue], c: d}", {"c": "d"}),
        ("[a, !Ref AWS::NoValue]", ["a"]),
    ],
)
def test_a_value_that_the_template_says_is_known(text: str, known: Any) -> None:
    assert value(text) == known


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("!Ref Open", "${Open}"),
        ("!Ref Secret", "${Secret}"),
        ("!Ref AWS::AccountId", ACCOUNT),
        ("!Ref Unnamed", "${Unnamed}"),
        ("!Ref Loop", "${Loop}"),
        ("!Ref Nobody", "${Nobody}"),
        ("!GetAtt Unnamed.Arn", "${Unnamed.Arn}"),
        ("!GetAtt Named.RoleId", "${Named.RoleId}"),
        ("!GetAtt Other.Name", "${Other.Name}"),
        ("!Sub 'a-${Open}-${Zones}'", "a-${Open}-${Zones}"),
        ("!Sub 'a$${Open}'", "a${Open}"),
        ("!Join ['-', [a, !Ref Open]]", "a-${Open}"),
        ("!Join ['-', !GetAZs '']", "${Fn::Join}"),
        ("!Join [!Ref Open, [a]]", "${Fn::Join}"),
        ("!Select [0, !GetAZs '']", "${Fn::Select}"),
        ("!Select [9, [a]]", "${Fn::Select}"),
        ("!Select [0, [!If [Maybe, a, !Ref AWS::NoValue], b]]", "${Fn::Select}"),
        ("!Split ['/', !Ref Open]", "${Fn::Split}"),
        ("!FindInMap [Sizes, !Ref Open, Size]", "${Fn::FindInMap}"),
        ("!FindInMap [Sizes, us-east-1, Size]", "${Fn::FindInMap}"),
        ("!FindInMap [Sizes, !Ref Open, List, {DefaultValue: x}]", "${Fn::FindInMap}"),
        ("!GetAZs ''", "${Fn::GetAZs}"),
        ("!ImportValue net-vpc", "${Fn::ImportValue}"),
        ("!Base64 {Ref: Open}", "${Fn::Base64}"),
        ("!Cidr [!Ref Open, 2, 8]", "${Fn::Cidr}"),
        ("!Cidr [text, 2, 8]", "${Fn::Cidr}"),
        ("!Length {Ref: Open}", "${Fn::Length}"),
        ("!ToJsonString {a: !Ref Open}", "${Fn::ToJsonString}"),
        ("!If [Maybe, a, b]", {"Fn::If": ["a", "b"]}),
        ("!If [Nobody, a, !Ref AWS::NoValue]", {"Fn::If": ["a"]}),
        ("'{{resolve:ssm:/app/name:1}}-x'", "${resolve:ssm}-x"),
        ("!Sub '{{resolve:secretsmanager:${Name}/db:SecretString:password}}'", "${resolve:secretsmanager}"),
    ],
)
def test_a_value_that_only_aws_knows_is_open(text: str, left: Any) -> None:
    assert value(text) == left


@pytest.mark.parametrize(
    "text",
    ["!Sub []", "!Sub {a: b}", "!Join a", "!Select []", "!Split", "!FindInMap []", "!Cidr", "!GetAtt []", "!Ref [a]"],
)
def test_a_function_with_wrong_arguments_is_open(text: str) -> None:
    assert "${" in str(value(text))


def test_a_function_that_aws_does_not_have_is_told_at_its_place() -> None:
    evaluator = scope(**SECTIONS).evaluator
    evaluator.value(short("!Rain::Module a"))
    ((place, part),) = evaluator.unknown.items()
    assert (part.what, part.why) == ("Fn::Rain::Module", "AWS has no such intrinsic function")
    assert (place.line, place.column) == (2, 8)


@pytest.mark.parametrize("text", ["!Transform {Name: Acme}", "{Fn::Transform: {Name: Acme}, a: b}"])
def test_a_macro_is_told_as_not_known(text: str) -> None:
    evaluator = scope(**SECTIONS).evaluator
    evaluator.value(short(text))
    assert [each.what for each in evaluator.unknown.values()] == ["macro Acme"]


def test_dynamic_references_are_kept_once_with_their_name() -> None:
    evaluator = scope(**SECTIONS).evaluator
    evaluator.value(
        short(
            "['{{resolve:ssm:/a:1}}', '{{resolve:ssm:/a:1}}', !Sub '{{resolve:ssm-secure:/${Open}/b:2}}', "
            "'{{resolve:secretsmanager:arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-x:SecretString:p}}']"
        )
    )
    assert list(evaluator.dynamic) == [
        ("ssm", "/a"),
        ("ssm-secure", "/${Open}/b"),
        ("secretsmanager", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-x"),
    ]


def test_resources_named_after_each_other_stay_short() -> None:
    doubled = {
        f"B{number}": {
            "Type": "AWS::S3::Bucket",
            "Properties": {"BucketName": {"Fn::Sub": f"${{B{number + 1}}}${{B{number + 1}}}"}},
        }
        for number in range(40)
    }
    last = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "x"}}
    found = scope(Resources={**doubled, "B40": last}).evaluator.value(node({"Ref": "B0"}))
    assert found is not None
    assert len(json.dumps(python_value(found))) < 5000


def test_a_list_that_many_functions_join_is_bounded() -> None:
    texts = ["x" * 1000] * 1000
    evaluator = scope(Mappings={"M": {"a": {"b": texts}}}).evaluator
    join = {"Fn::Join": [",", {"Fn::FindInMap": ["M", "a", "b"]}]}
    found = evaluator.value(node([join] * (MOST_PRODUCED // 1_000_000 + 10)))
    assert isinstance(found, SequenceNode)
    assert python_value(found.nodes[-1]) in ("${unknown}", "${Fn::Join}")
