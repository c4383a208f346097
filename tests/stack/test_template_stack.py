"""A template's stack: what its resources need, and what the caller needs."""

from __future__ import annotations

from koding_audit.stack.needs import collect_needs
from koding_audit.stack.template_stack import role_arn
from tests.stack.template_scripts import ACCOUNT, resource, script, stack


def test_a_stack_counts_its_resources_and_has_both_kinds_of_needs() -> None:
    found = stack(resource("Q", "AWS::SQS::Queue"), resource("B", "AWS::S3::Bucket"))
    assert found.resources == 2
    assert {each.caller for each in found.needs} == {True, False}


def test_resources_of_terraform_beside_a_template_are_read_by_their_own_table() -> None:
    found = collect_needs(script(resource("B", "AWS::S3::Bucket"), resource("x", "aws_vpc")), ACCOUNT)
    assert found.resources == 2
    assert {"ec2:CreateVpc", "s3:CreateBucket"} <= {each.action for each in found.needs}


def test_a_service_role_can_have_any_path() -> None:
    assert role_arn(ACCOUNT, "role/cfn") == f"arn:aws:iam::{ACCOUNT.id}:role/*cfn"
    assert role_arn(ACCOUNT, "") == ""
