"""Rows of the table where a model of the provider's calls showed that an action was missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from koding_audit.model.stack import Stack
from koding_audit.stack import needs
from koding_audit.stack.loader import read_script
from tests.stack.made import ACCOUNT, asked

# A call whose error stops the provider: without the action, the stack cannot be built.
FATAL = [
    ("aws_ec2_transit_gateway_connect", "ec2:DescribeTransitGatewayAttachments"),
    ("aws_ec2_transit_gateway_peering_attachment_accepter", "ec2:DescribeTransitGateways"),
    ("aws_eks_capability", "eks:DescribeUpdate"),
    ("aws_kms_key_policy", "kms:GetKeyRotationStatus"),
    ("aws_kms_key_policy", "kms:ListResourceTags"),
    ("aws_route53_cidr_location", "route53:ListCidrCollections"),
]
BY_ARGUMENT = [
    ("aws_ecs_express_gateway_service", "wait_for_steady_state", True, "ecs:ListServiceDeployments"),
    ("aws_ecs_express_gateway_service", "wait_for_steady_state", True, "ecs:DescribeServiceDeployments"),
    ("aws_ecs_express_gateway_service", "service_name", "web", "ecs:DescribeServices"),
    ("aws_kinesis_stream", "warm_throughput_mib_ps", 10, "kinesis:UpdateStreamWarmThroughput"),
    ("aws_rds_cluster_instance", "ca_cert_identifier", "rds-ca-rsa2048-g1", "rds:RebootDBInstance"),
    ("aws_subnet", "ipv4_ipam_pool_id", "ipam-pool-1", "ec2:GetIpamPoolAllocations"),
    ("aws_subnet", "ipv6_ipam_pool_id", "ipam-pool-1", "ec2:GetIpamPoolAllocations"),
    (
        "aws_vpc_endpoint_security_group_association",
        "replace_default_association",
        True,
        "ec2:DescribeSecurityGroups",
    ),
]


def needed(folder: Path, type_: str, **arguments: Any) -> Stack:
    """What one resource needs by the table that ships."""
    path = folder / "stack.tf.json"
    path.write_text(json.dumps({"resource": {type_: {"x": arguments}}}), encoding="utf-8")
    return needs.collect_needs(read_script(str(path)), ACCOUNT)


@pytest.mark.parametrize(("type_", "action"), FATAL)
def test_a_call_whose_error_stops_the_provider_is_certainly_needed(tmp_path: Path, type_: str, action: str) -> None:
    assert True in {certain for _, certain in asked(needed(tmp_path, type_))[action]}


@pytest.mark.parametrize(("type_", "argument", "value", "action"), BY_ARGUMENT)
def test_a_call_that_an_argument_causes_is_needed_with_that_argument_only(
    tmp_path: Path, type_: str, argument: str, value: object, action: str
) -> None:
    assert action not in asked(needed(tmp_path, type_))
    assert True in {certain for _, certain in asked(needed(tmp_path, type_, **{argument: value}))[action]}
