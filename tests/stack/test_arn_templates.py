"""ARNs of what a script names: paths, regions and what is not known of them."""

from __future__ import annotations

from typing import Any

import pytest

from koding_audit.reference.actions import load_actions
from koding_audit.stack.arn_templates import ANY_ARN, TemplateMatcher
from tests.stack.made import ACCOUNT, asked
from tests.stack.resources import ROLE


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


def test_an_action_that_no_template_fits_is_needed_on_any_resource_of_its_one_type(needs: Any) -> None:
    found = asked(needs({"aws_lambda_function": {"f": {}}}))
    assert found["lambda:CreateFunction"] == {("arn:aws:lambda:*:123456789012:function:*", True)}


@pytest.mark.parametrize("name", ["app/key", "/app/key"])
def test_a_name_may_begin_with_the_slash_that_stands_before_it_in_the_arn(needs: Any, name: str) -> None:
    stack = needs({"aws_ssm_parameter": {"p": {"name": name}}})
    assert asked(stack)["ssm:PutParameter"] == {("arn:aws:ssm:*:123456789012:parameter/app/key", True)}


def test_the_resource_of_an_action_of_which_only_the_name_is_known_is_not_certain() -> None:
    matcher = TemplateMatcher(load_actions(), ACCOUNT)
    template = "arn:${partition}:aoss:${region}:${account}:collection/{id}"
    assert matcher.templates_for("aoss:CreateIngestionJob", (template,)) == ((ANY_ARN, False),)
