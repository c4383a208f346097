"""Which resources AWS uses an action on, by the resource types of the service authorization reference."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from koding_audit.reference.action_resources import ResourceFit, check_action_resource
from koding_audit.reference.actions import ActionList, load_actions
from koding_audit.reference.managed_policies import load_managed_policies
from tests.shared import SHARED, needs

DENIALS, VECTORS = SHARED / "denials" / "sample.jsonl", SHARED / "vectors" / "sample.jsonl"
ACCOUNT = "123456789012"


@cache
def known() -> ActionList:
    return load_actions()


def fit(action: str, resource: str) -> ResourceFit:
    return check_action_resource(known(), action, resource).fit


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:GetObject", "arn:aws:s3:::logs/a/b:c"),
        ("s3:GetObject", f"arn:aws:s3:eu-west-1:{ACCOUNT}:accesspoint/mine/object/a/b"),
        ("s3:ListBucket", "arn:aws-cn:s3:::logs"),
        ("S3:listbucket", "arn:aws:s3:::logs"),
        ("iam:GetUser", f"arn:aws:iam::{ACCOUNT}:user/team/edge/ada"),
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/service-role/app"),
        ("iam:CreatePolicyVersion", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        ("iam:AttachRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_x"),
        ("kms:DeleteAlias", f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/aws/s3"),
        (
            "autoscaling:DeleteAutoScalingGroup",
            f"arn:aws:autoscaling:eu-west-1:{ACCOUNT}:autoScalingGroup:1-2:autoScalingGroupName/web",
        ),
        ("ssm:GetParameter", f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/app/database/host"),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:app/key-AbCdEf"),
        ("logs:PutLogEvents", f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/aws/lambda/f:log-stream:2026/[$LATEST]1"),
        ("dynamodb:Query", f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/orders/index/by-day"),
        ("ec2:RunInstances", "arn:aws:ec2:eu-west-1::image/ami-1"),
        ("ec2:RunInstances", f"arn:aws:ec2:eu-west-1:{ACCOUNT}:subnet/subnet-1"),
    ],
)
def test_an_action_fits_each_of_its_resource_types_with_any_name(action, resource):
    assert fit(action, resource) == "fits"


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("ssm:SendCommand", f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-1"),
        ("ssm:SendCommand", "arn:aws:ssm:eu-west-1::document/AWS-RunShellScript"),
        ("ssm:StartSession", f"arn:aws:ecs:eu-west-1:{ACCOUNT}:task/cluster/1"),
        ("sts:AssumeRole", "arn:aws:iam::999999999999:role/audit"),
        ("servicecatalog:DescribePortfolio", f"arn:aws:catalog:eu-west-1:{ACCOUNT}:portfolio/port-1"),
    ],
)
def test_an_action_fits_a_resource_of_another_service_that_its_reference_lists(action, resource):
    assert fit(action, resource) == "fits"


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:GetObject", "arn:aws:s3:::logs"),
        ("s3:ListBucket", "arn:aws:s3:::logs/a"),
        ("s3:PutBucketPolicy", "arn:aws:s3:::logs/a/b:c"),
        ("dynamodb:GetItem", f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/orders/index/by-day"),
        ("iam:GetUser", f"arn:aws:iam::{ACCOUNT}:role/app"),
        ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:user/ada"),
        ("kms:Decrypt", f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/app"),
        ("ec2:StopInstances", f"arn:aws:ec2:eu-west-1:{ACCOUNT}:volume/vol-1"),
        ("s3:GetObject", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:orders"),
        ("s3:GetObject", "arn:aws:apigateway:eu-west-1::/restapis/api"),
        ("s3:GetObject", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
    ],
)
def test_a_resource_with_the_form_of_another_type_is_a_mismatch(action, resource):
    assert fit(action, resource) == "mismatch"


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("sqs:ListQueues", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:orders"),
        ("ec2:DescribeInstances", f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-1"),
        ("s3:ListAllMyBuckets", "arn:aws:s3:::logs"),
    ],
)
def test_an_action_without_resource_types_is_used_on_no_single_resource(action, resource):
    assert fit(action, resource) == "no-resource-type"


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("sqs:ListQueues", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:"),
        ("iam:ListUsers", f"arn:aws:iam::{ACCOUNT}:user/"),
        ("sns:ListTopics", f"arn:aws:sns:eu-west-1:{ACCOUNT}:*"),
        ("logs:DescribeLogGroups", f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group::log-stream:"),
        ("logs:CreateLogGroup", f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/ecs/bot:log-stream:"),
        ("ce:GetCostAndUsage", f"arn:aws:ce:us-east-1:{ACCOUNT}:/GetCostAndUsage"),
        ("cloudformation:CreateChangeSet", "arn:aws:cloudformation:us-east-1:aws:transform/Serverless-2016-10-31"),
        ("lambda:InvokeFunction", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f:live"),
        ("states:StopExecution", f"arn:aws:states:eu-west-1:{ACCOUNT}:execution:flow/map:1"),
        ("cloudformation:DescribeStacks", f"arn:aws:cloudformation:eu-west-1:{ACCOUNT}:stack/app"),
        ("logs:CreateLogStream", f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/ecs/bot"),
        ("s3:GetObject", "arn:aws:s3:::logs/"),
    ],
)
def test_forms_that_aws_prints_but_the_reference_does_not_have_fit(action, resource):
    assert fit(action, resource) == "fits"


@pytest.mark.parametrize("resource", ["*", "arn:aws:s3:::logs*", "arn:aws:ec2:*:*:vol?me/*", "arn:aws:sqs", "a name"])
def test_patterns_and_texts_that_are_not_an_arn_fit_every_action(resource):
    assert {fit(action, resource) for action in ("s3:GetObject", "ec2:DescribeInstances")} == {"fits"}


def test_a_variable_at_the_place_of_partition_and_account_does_not_hide_the_type():
    assert fit("iam:GetUser", "arn:${partition}:iam::${account}:role/app") == "mismatch"
    assert fit("iam:GetUser", "arn:aws:iam::${account}:${aws:PrincipalTag/kind}") == "fits"


def test_the_problem_names_the_resource_types_of_the_action_at_most_six():
    assert check_action_resource(known(), "iam:GetUser", f"arn:aws:iam::{ACCOUNT}:role/app").problem == (
        f"is not used on arn:aws:iam::{ACCOUNT}:role/app: its resource type is user"
    )
    many = check_action_resource(known(), "ec2:RunInstances", f"arn:aws:ec2:eu-west-1:{ACCOUNT}:vpc/vpc-1")
    assert len(many.types) == 18
    assert many.problem.endswith("elastic-gpu, elastic-inference, group, image, instance and 12 more")


def test_a_year_later_an_action_and_a_service_that_the_data_lack_are_unknown_with_the_date_of_the_data():
    date = known().names_date
    for action in ("s3:GetObjectHologram", "quantumstore:GetObject"):
        found = check_action_resource(known(), action, "arn:aws:s3:::logs/a")
        assert found.fit == "unknown-action"
        assert f"is not among AWS's actions of {date}" in found.problem


def test_nothing_is_said_of_the_resource_of_an_action_of_which_only_the_name_is_known():
    for resource in (f"arn:aws:aoss:eu-west-1:{ACCOUNT}:collection/c", "*", "arn:aws:s3:::logs"):
        found = check_action_resource(known(), "aoss:CreateIngestionJob", resource)
        assert (found.fit, found.problem, found.types) == ("unknown-types", "", ())


def test_a_year_later_a_resource_type_that_the_data_lack_is_a_mismatch_and_never_a_yes():
    assert fit("ec2:StopInstances", f"arn:aws:ec2:eu-west-1:{ACCOUNT}:hologram/h-1") == "mismatch"


_PLACEHOLDER = re.compile(r"\$\{[^}]*\}|\*")
# Names that AWS allows to have a slash or a colon, by the variable of the format.
_WITH_SEPARATORS = re.compile(r"Path|ObjectName|Object|LogGroup|LogStream|Parameter|Secret|Key|Alias|Topic|Repository")


def fill(arn_format: str, name: str, separated: str) -> str:
    """An ARN of a format: `separated` where the variable may have separators, else `name`."""
    fields = arn_format.replace("${Vendor}", "ec2").split(":", 5)
    fields[1] = "aws"
    fields[3:5] = [_PLACEHOLDER.sub(ACCOUNT, each) for each in fields[3:5]]
    fields[5] = _PLACEHOLDER.sub(lambda found: separated if _WITH_SEPARATORS.search(found[0]) else name, fields[5])
    return ":".join(fields)


def own_resources() -> Iterator[tuple[str, str]]:
    """Each action's own ARN formats with names, once for actions of a service that have the same types."""
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for service, names in known().described.items():
        for action in (f"{service}:{name}" for name in names):
            formats = tuple(arn for each in known().resource_types(action) for arn in each.arns)
            if (service, formats) not in seen:
                seen.add((service, formats))
                for each in formats:
                    yield action, fill(each, "x1", "x1")
                    yield action, fill(each, "x.1-2_3", "a/b:c")


def test_no_action_of_the_reference_is_a_mismatch_on_a_resource_of_its_own_types():
    wrong = [(action, resource) for action, resource in own_resources() if fit(action, resource) != "fits"]
    assert wrong == []


def literal_pairs(document: Any) -> Iterator[tuple[str, str]]:
    """The actions and resources of a document's statements that have no wildcard and no variable."""
    for statement in document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]:
        actions, resources = statement.get("Action", []), statement.get("Resource", [])
        for action in [actions] if isinstance(actions, str) else actions:
            for resource in [resources] if isinstance(resources, str) else resources:
                if not re.search(r"[*?]|\$\{", action + resource):
                    yield action, resource


def test_a_mismatch_in_a_managed_policy_is_always_a_pair_of_lists_of_several_types():
    """Its statements name buckets and objects together, or resources of several services, for a list of actions.

    Each of these pairs was checked by hand: no other is a mismatch.
    """
    policies = load_managed_policies()
    pairs = {pair for arn in policies for pair in literal_pairs(policies[arn].document)}
    wrong = {(action, resource) for action, resource in pairs if action in known() and fit(action, resource) != "fits"}
    assert len(pairs) > 100
    rest = {pair for pair in wrong if not re.match(r"arn:aws:execute-api:us-east-1:098862408343:", pair[1])}
    rest = {pair for pair in rest if pair[1] != "arn:aws:s3:::aws-sap-data-provider/config.properties"}
    assert all(re.fullmatch(r"arn:aws:s3:::[^/]+", resource) for _, resource in rest), rest
    assert all(re.search(r"Object|Multipart|ListAllMyBuckets", action) for action, _ in rest), rest


def denials() -> Iterator[tuple[str, str]]:
    for line in DENIALS.read_text().splitlines():
        for denial in json.loads(line)["expected"]["denials"]:
            for resource in (denial.get("resource"), denial.get("resource_text")):
                if denial["action"] and resource:
                    yield denial["action"], resource


def sample_requests() -> Iterator[tuple[str, str]]:
    for line in VECTORS.read_text().splitlines():
        request = json.loads(line)["request"]
        yield request["action"], request["resource"]


@needs(VECTORS)
def test_every_request_of_the_sample_fits_except_an_operation_that_is_no_action():
    assert {action for action, resource in sample_requests() if fit(action, resource) != "fits"} == {"s3:HeadBucket"}
    assert "s3:HeadBucket" not in known()


@needs(DENIALS)
def test_every_resource_of_a_real_denial_fits_its_action():
    found = list(denials())
    assert len(found) > 30
    assert [pair for pair in found if fit(*pair) != "fits"] == []
