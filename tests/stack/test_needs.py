"""What a script needs: operations and arguments, the resources that they are about, roles, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.stack.made import allow, asked, judge, needed

ROLE = "arn:aws:iam::123456789012:role/"


@pytest.fixture
def needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def found(resources: dict[str, Any], **more: Any) -> Any:
        return needed(tmp_path, monkeypatch, resources, **more)

    return found


def bucket(**arguments: Any) -> dict[str, Any]:
    return {"aws_s3_bucket": {"logs": arguments}}


def test_each_operation_is_needed_on_the_resource_that_the_script_names(needs: Any) -> None:
    stack = needs(bucket(bucket="acme-logs"))
    assert asked(stack) == {
        each: {("arn:aws:s3:::acme-logs", True)} for each in ("s3:CreateBucket", "s3:ListBucket", "s3:DeleteBucket")
    }
    (first, *_) = stack.needs
    assert [(use.resource, use.why, use.source.line) for use in first.uses] == [("aws_s3_bucket.logs", "create", 1)]


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


@pytest.mark.parametrize("attribute", ["bucket", "id"])
def test_a_reference_to_a_resource_whose_name_is_written_out_is_followed(needs: Any, attribute: str) -> None:
    reference = f"${{aws_s3_bucket.logs.{attribute}}}"
    stack = needs({**bucket(bucket="acme"), "aws_s3_bucket_policy": {"p": {"bucket": reference}}})
    assert asked(stack)["s3:PutBucketPolicy"] == {("arn:aws:s3:::acme", True)}


@pytest.mark.parametrize(
    "reference",
    [
        "${aws_s3_bucket.logs.arn}",
        "${aws_s3_bucket.other.id}",
        "${aws_s3_bucket.logs.tags}",
        "${aws_s3_bucket.loop.id}",
    ],
)
def test_a_reference_that_the_script_does_not_answer_is_a_star(needs: Any, reference: str) -> None:
    buckets = {"logs": {"bucket": "acme", "tags": {"a": "b"}}, "loop": {"bucket": "${aws_s3_bucket.loop.bucket}"}}
    stack = needs({"aws_s3_bucket": buckets, "aws_s3_bucket_policy": {"p": {"bucket": reference}}})
    assert asked(stack)["s3:PutBucketPolicy"] == {("arn:aws:s3:::*", True)}


@pytest.mark.parametrize("value", [None, False, "", "false", [], {}])
def test_an_argument_that_is_empty_adds_nothing(needs: Any, value: object) -> None:
    assert "s3:PutBucketTagging" not in asked(needs(bucket(bucket="a", tags=value)))


def test_an_argument_adds_what_it_needs_on_the_resource_that_fits(needs: Any) -> None:
    found = asked(needs(bucket(bucket="a", tags={"x": "y"}, force_destroy=True, versioning=[{"enabled": True}])))
    assert found["s3:PutBucketTagging"] == {("arn:aws:s3:::a", True)}
    assert found["s3:DeleteObject"] == {("arn:aws:s3:::a/*", True)}
    assert found["s3:PutBucketVersioning"] == {("arn:aws:s3:::a", True)}


def test_a_dynamic_block_gives_its_arguments_too(needs: Any) -> None:
    dynamic = {"versioning": {"for_each": "${var.x}", "content": {"enabled": True}}}
    assert "s3:PutBucketVersioning" in asked(needs(bucket(bucket="a", dynamic=dynamic)))


def test_an_argument_whose_value_is_not_known_perhaps_adds(needs: Any) -> None:
    found = asked(needs(bucket(bucket="a", tags="${var.tags}", acl="${var.acl}")))
    assert found["s3:PutBucketTagging"] == {("arn:aws:s3:::a", False)}
    assert found["s3:PutBucketAcl"] == {("arn:aws:s3:::a", False)}


def test_an_argument_with_a_value_adds_only_for_that_value(needs: Any) -> None:
    assert "s3:PutBucketAcl" in asked(needs(bucket(bucket="a", acl="private")))
    assert "s3:PutBucketAcl" not in asked(needs(bucket(bucket="a", acl="public-read")))


def test_a_reference_to_a_resource_is_given_for_sure(needs: Any) -> None:
    resources = {"aws_instance": {"web": {"iam_instance_profile": "${aws_iam_instance_profile.p.name}"}}}
    assert {sure for _, sure in asked(needs(resources))["iam:PassRole"]} == {True}


@pytest.mark.parametrize(
    ("value", "role"),
    [
        ("arn:aws:iam::123456789012:role/x/web", f"{ROLE}x/web"),
        ("${aws_iam_role.web.arn}", f"{ROLE}app/web"),
        ("${aws_iam_role.plain.arn}", f"{ROLE}plain"),
        ("${aws_iam_role.prefixed.arn}", f"{ROLE}web-*"),
        ("${data.aws_iam_role.there.arn}", f"{ROLE}*there"),
        ("${var.role}", f"{ROLE}*"),
        ("arn:aws:iam::${var.account}:role/web", "arn:aws:iam::*:role/web"),
        ("web", f"{ROLE}*web"),
    ],
)
def test_the_role_that_is_passed_is_the_one_that_the_argument_leads_to(needs: Any, value: str, role: str) -> None:
    roles = {"web": {"name": "web", "path": "/app/"}, "plain": {"name": "plain"}, "prefixed": {"name_prefix": "web-"}}
    resources = {"aws_iam_role": roles, "aws_lambda_function": {"f": {"role": value}}}
    stack = needs(resources, data={"aws_iam_role": {"there": {"name": "there"}}})
    assert {each for each, _ in asked(stack)["iam:PassRole"]} == {role}


@pytest.mark.parametrize(
    ("value", "role"),
    [
        ("${aws_iam_instance_profile.p.name}", f"{ROLE}web"),
        ("web", f"{ROLE}*"),
        ("${aws_iam_role.r.name}", f"{ROLE}web"),
    ],
)
def test_of_an_instance_profile_the_role_is_passed_that_it_holds(needs: Any, value: str, role: str) -> None:
    resources = {
        "aws_iam_role": {"r": {"name": "web"}},
        "aws_iam_instance_profile": {"p": {"role": "${aws_iam_role.r.name}"}},
        "aws_instance": {"web": {"iam_instance_profile": value}},
    }
    assert {each for each, _ in asked(needs(resources))["iam:PassRole"]} == {role}


def test_to_whom_a_role_is_passed_is_known_where_the_type_tells(needs: Any) -> None:
    stack = needs({"aws_lambda_function": {"f": {"role": "arn:aws:iam::123456789012:role/web"}}})
    (role,) = [each for each in stack.needs if each.action == "iam:PassRole"]
    only = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    assert judge(allow("iam:PassRole", Condition=only)).decide(role).verdict == "allowed"
    other = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    assert judge(allow("iam:PassRole", Condition=other)).decide(role).verdict == "implicit-deny"
    assert judge(allow("iam:PassRole", Condition=only)).decide(replace(role, context=())).verdict == "unknown"


def test_a_path_stands_between_the_kind_and_the_name(needs: Any) -> None:
    roles = {"a": {"name": "web", "path": "/app/"}, "b": {"name": "web", "path": "${var.path}"}, "c": {"name": "web"}}
    found = asked(needs({"aws_iam_role": roles}))["iam:CreateRole"]
    assert {arn for arn, _ in found} == {f"{ROLE}app/web", f"{ROLE[:-1]}*web", f"{ROLE}web"}


def test_the_region_is_that_of_the_provider_or_unknown(needs: Any) -> None:
    known = needs({"aws_instance": {"w": {}}}, provider={"aws": {"region": "eu-west-1"}})
    assert ("arn:aws:ec2:eu-west-1:123456789012:instance/*", True) in asked(known)["ec2:RunInstances"]
    assert {each.region for each in known.needs} == {"eu-west-1"}
    unknown = needs({"aws_instance": {"w": {}}}, provider={"aws": {"region": "${var.r}"}})
    assert ("arn:aws:ec2:*:123456789012:instance/*", True) in asked(unknown)["ec2:RunInstances"]


def test_an_action_is_surely_needed_on_the_types_own_resource_and_perhaps_on_others_that_aws_wants(needs: Any) -> None:
    found = asked(needs({"aws_instance": {"w": {}}}))
    assert ("arn:aws:ec2:*:123456789012:instance/*", True) in found["ec2:RunInstances"]
    assert ("arn:aws:ec2:*::image/*", False) in found["ec2:RunInstances"]
    assert found["ec2:DescribeInstances"] == {("*", True)}


def test_an_action_that_no_template_fits_is_needed_on_any_resource_of_its_one_type(needs: Any) -> None:
    found = asked(needs({"aws_lambda_function": {"f": {}}}))
    assert found["lambda:CreateFunction"] == {("arn:aws:lambda:*:123456789012:function:*", True)}


@pytest.mark.parametrize("name", ["app/key", "/app/key"])
def test_a_name_may_begin_with_the_slash_that_stands_before_it_in_the_arn(needs: Any, name: str) -> None:
    stack = needs({"aws_ssm_parameter": {"p": {"name": name}}})
    assert asked(stack)["ssm:PutParameter"] == {("arn:aws:ssm:*:123456789012:parameter/app/key", True)}


@pytest.mark.parametrize(("type_", "arn"), [("aws_apigatewayv2_api", "apis"), ("aws_api_gateway_rest_api", "restapis")])
def test_of_a_resource_that_aws_ties_to_no_action_the_row_is_believed_where_it_says_no_other(
    needs: Any, type_: str, arn: str
) -> None:
    stack = needs({type_: {"a": {"name": "a"}}})
    assert asked(stack)["apigateway:POST"] == {(f"arn:aws:apigateway:*::/{arn}", True)}


def test_a_type_without_a_row_is_hinted_at_or_unknown(needs: Any) -> None:
    stack = needs({"aws_sqs_queue": {"q": {}}, "aws_no_such_thing": {"n": {}}})
    assert stack.hinted == ("aws_sqs_queue",)
    assert {(each.hint, each.certain) for each in stack.needs} == {(True, False)}
    assert "sqs:CreateQueue" in asked(stack)
    assert [(each.type, each.what) for each in stack.unknown] == [("aws_no_such_thing", "aws_no_such_thing.n")]


def test_a_role_that_the_provider_assumes_is_unknown_unless_it_is_asked_about(needs: Any) -> None:
    provider = {"aws": {"assume_role": {"role_arn": "arn:aws:iam::123456789012:role/build"}}}
    assert [each.what for each in needs({"aws_elb": {"e": {}}}, provider=provider).unknown] == ["provider.aws"]
    assert needs({"aws_elb": {"e": {}}}, provider=provider, as_role=True).unknown == ()


def test_a_service_linked_role_is_a_note_and_no_need(needs: Any) -> None:
    stack = needs({"aws_elb": {"e": {}}})
    assert stack.service_roles == ("elasticloadbalancing.amazonaws.com",)
    assert "iam:CreateServiceLinkedRole" not in asked(stack)


def test_no_value_of_a_script_but_names_and_arns_is_in_what_it_needs(needs: Any) -> None:
    secret = "hunter2-and-more"
    arguments = {"user_data": f"#!/bin/sh\n{secret}", "password": secret, "tags": {"x": secret}, "key_name": secret}
    stack = needs({"aws_instance": {"w": arguments}, **bucket(bucket="acme", policy=secret)})
    assert secret not in repr(stack)
    assert "acme" in repr(stack)


def test_many_resources_of_one_kind_are_one_need_with_all_of_their_places(needs: Any) -> None:
    stack = needs({"aws_instance": {f"web{number}": {} for number in range(50)}})
    describe = next(each for each in stack.needs if each.action == "ec2:DescribeInstances")
    assert len(describe.uses) == 50
