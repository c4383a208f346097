"""Reads of a resource: those that do not decide, and those of its tags."""

from __future__ import annotations

from pathlib import Path

from tests.stack.built import lacking, stack_of, verdict
from tests.stack.made import allow


def test_a_read_that_the_provider_tolerates_does_not_decide(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, "s.tf.json", {"resource": {"aws_vpc": {"a": {"cidr_block": "10.0.0.0/16"}}}})
    allowed = allow(["ec2:*Vpc*"])
    assert verdict(stack, allowed) == "yes"
    assert {each.action for each in stack.needs if not each.decides} == {
        "ec2:DescribeNetworkAcls",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroups",
    }
    assert lacking(stack, allow(["ec2:CreateVpc", "ec2:DeleteVpc", "ec2:ModifyVpcAttribute"])) == {
        ("ec2:DescribeVpcs", "*"),
        ("ec2:DescribeVpcAttribute", "arn:aws:ec2:*:123456789012:vpc/*"),
    }


def test_the_tags_of_a_table_are_read_of_the_table_itself(tmp_path: Path) -> None:
    table = {"name": "orders", "hash_key": "id", "attribute": [{"name": "id", "type": "S"}]}
    stack = stack_of(tmp_path, "s.tf.json", {"resource": {"aws_dynamodb_table": {"t": table}}})
    assert verdict(stack, allow("dynamodb:*", "arn:aws:dynamodb:*:123456789012:table/orders")) == "yes"
