"""What a script needs: operations and arguments, the resources that they are about, roles, and what is not known."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stack.made import asked
from tests.stack.resources import ROLE, bucket


def test_each_operation_is_needed_on_the_resource_that_the_script_names(needs: Any) -> None:
    stack = needs(bucket(bucket="acme-logs"))
    assert asked(stack) == {
        each: {("arn:aws:s3:::acme-logs", True)} for each in ("s3:CreateBucket", "s3:ListBucket", "s3:DeleteBucket")
    }
    (first, *_) = stack.needs
    assert [(use.resource, use.why, use.location.line) for use in first.uses] == [("aws_s3_bucket.logs", "create", 1)]


@pytest.mark.parametrize(
    ("arguments", "arn"),
    [
        ({}, "arn:aws:s3:::*"),
        ({"bucket": "${var.name}"}, "arn:aws:s3:::*"),
        ({"bucket": "acme-${var.name}-logs"}, "arn:aws:s3:::acme-*-logs"),
        ({"bucket_prefix": "acme-"}, "arn:aws:s3:::acme-*"),
        ({"bucket": "${local.prefix}-x"}, "arn:aws:s3:::acme-x"),
        ({"bucket": '${lookup(var.m, "${var.k}")}-x'}, "arn:aws:s3:::*-x"),
        ({"bucket": "%{ if true }a%{ endif }"}, "arn:aws:s3:::*a*"),
        ({"bucket": ["x"]}, "arn:aws:s3:::*"),
    ],
)
def test_what_the_script_does_not_say_of_a_name_is_a_star(needs: Any, arguments: dict[str, Any], arn: str) -> None:
    stack = needs(bucket(**arguments), locals={"prefix": "acme"})
    assert asked(stack)["s3:CreateBucket"] == {(arn, True)}


@pytest.mark.parametrize("value", [None, False, "", "false", [], {}])
def test_an_argument_that_is_empty_adds_nothing(needs: Any, value: object) -> None:
    assert "s3:PutBucketTagging" not in asked(needs(bucket(bucket="a", tags=value)))


def test_an_argument_adds_what_it_needs_on_the_resource_that_fits(needs: Any) -> None:
    found = asked(needs(bucket(bucket="a", tags={"x": "y"}, force_destroy=True, versioning=[{"enabled": True}])))
    assert found["s3:PutBucketTagging"] == {("arn:aws:s3:::a", True)}
    assert found["s3:DeleteObject"] == {("arn:aws:s3:::a/*", True)}
    assert found["s3:PutBucketVersioning"] == {("arn:aws:s3:::a", True)}


def test_an_argument_whose_value_is_not_known_perhaps_adds(needs: Any) -> None:
    found = asked(needs(bucket(bucket="a", tags="${var.tags}", acl="${var.acl}")))
    assert found["s3:PutBucketTagging"] == {("arn:aws:s3:::a", False)}
    assert found["s3:PutBucketAcl"] == {("arn:aws:s3:::a", False)}


def test_an_argument_with_a_value_adds_only_for_that_value(needs: Any) -> None:
    assert "s3:PutBucketAcl" in asked(needs(bucket(bucket="a", acl="private")))
    assert "s3:PutBucketAcl" not in asked(needs(bucket(bucket="a", acl="public-read")))


def test_an_action_is_surely_needed_on_the_types_own_resource_and_perhaps_on_others_that_aws_wants(needs: Any) -> None:
    found = asked(needs({"aws_instance": {"w": {}}}))
    assert ("arn:aws:ec2:*:123456789012:instance/*", True) in found["ec2:RunInstances"]
    assert ("arn:aws:ec2:*::image/*", False) in found["ec2:RunInstances"]
    assert found["ec2:DescribeInstances"] == {("*", True)}


@pytest.mark.parametrize(("type_", "arn"), [("aws_apigatewayv2_api", "apis"), ("aws_api_gateway_rest_api", "restapis")])
def test_of_a_resource_that_aws_ties_to_no_action_the_row_is_believed_where_it_says_no_other(
    needs: Any, type_: str, arn: str
) -> None:
    stack = needs({type_: {"a": {"name": "a"}}})
    assert asked(stack)["apigateway:POST"] == {(f"arn:aws:apigateway:*::/{arn}", True)}


def test_a_type_without_a_row_has_the_models_or_a_hint_or_is_unknown(needs: Any) -> None:
    types = ("aws_sqs_queue", "aws_simpledb_domain", "aws_no_such_thing")
    stack = needs({type_: {"x": {}} for type_ in types})
    assert stack.rows == {"aws_simpledb_domain": "hint", "aws_sqs_queue": "model"}
    assert stack.hinted == ("aws_simpledb_domain",)
    assert {each.hint for each in stack.needs if each.action.startswith("sdb:")} == {True}
    assert asked(stack)["sqs:CreateQueue"] == {("arn:aws:sqs:*:123456789012:*", True)}
    assert [(each.type, each.what) for each in stack.unknown] == [("aws_no_such_thing", "aws_no_such_thing.x")]


def test_a_read_of_tags_that_the_model_has_is_not_certain(needs: Any) -> None:
    assert asked(needs({"aws_docdb_cluster": {"d": {}}}))["rds:ListTagsForResource"] == {
        ("arn:*", False),
    }


def test_what_the_model_does_not_know_of_an_argument_makes_a_resource_unknown(needs: Any) -> None:
    stack = needs({"aws_inspector2_filter": {"x": {"tags": {"a": "hunter2"}}, "y": {}}})
    assert [each.what for each in stack.unknown] == ["aws_inspector2_filter.x"]
    assert "hunter2" not in repr(stack)
    assert "inspector2:TagResource" in asked(stack)


def test_a_role_that_the_provider_assumes_makes_the_calls_unless_it_is_asked_about(needs: Any) -> None:
    role = f"{ROLE}build"
    provider = {"aws": {"assume_role": {"role_arn": role}}}
    stack = needs({"aws_elb": {"e": {}}}, provider=provider)
    create = "elasticloadbalancing:CreateLoadBalancer"
    assert {each.action: each.role for each in stack.needs} == {"sts:AssumeRole": "", create: role}
    assert {
        each.action: each.role for each in needs({"aws_elb": {"e": {}}}, provider=provider, as_role=True).needs
    } == {create: ""}


def test_a_service_linked_role_is_a_note_and_no_need(needs: Any) -> None:
    stack = needs({"aws_elb": {"e": {}}})
    assert stack.service_roles == ("elasticloadbalancing.amazonaws.com",)
    assert "iam:CreateServiceLinkedRole" not in asked(stack)


def test_no_value_of_a_script_but_names_and_arns_is_in_what_it_needs(needs: Any) -> None:
    secret = "hunter2-and-more"
    arguments = {"user_data": f"#!/bin/sh\n{secret}", "password": secret, "tags": {"x": secret}, "private_key": secret}
    stack = needs({"aws_instance": {"w": arguments}, **bucket(bucket="acme", policy=secret)})
    assert secret not in repr(stack)
    assert "acme" in repr(stack)


def test_many_resources_of_one_kind_are_one_need_with_all_of_their_places(needs: Any) -> None:
    stack = needs({"aws_instance": {f"web{number}": {} for number in range(50)}})
    describe = next(each for each in stack.needs if each.action == "ec2:DescribeInstances")
    assert len(describe.uses) == 50
