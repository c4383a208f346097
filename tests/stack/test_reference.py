"""The stack table against another project's: of each service family here, every type that it knows has a row.

Only the names are compared: what the other table says of a type's actions has mistakes in both directions.
"""

from __future__ import annotations

import json

import pytest

from koding_audit.stack import type_table
from tests.shared import SHARED, needs

REFERENCE = SHARED / "data" / "terraform-actions-reference.json"
pytestmark = needs(REFERENCE)

# `sns` stands for aws_sns and aws_sns_*.
FAMILIES = (
    *("api_gateway", "apigatewayv2", "appautoscaling", "canonical_user_id", "cloudfront", "cloudfrontkeyvaluestore"),
    *("cloudwatch", "cognito", "dax", "db", "dynamodb", "ecr", "ecrpublic", "ecs", "eks", "elasticache", "kinesis"),
    *("kinesisanalyticsv2", "lambda", "pipes", "rds", "s3", "s3control", "s3files", "s3outposts", "s3tables"),
    *("scheduler", "secretsmanager", "sfn", "sns", "sqs", "ssm", "ssmcontacts", "ssmincidents", "ssmquicksetup"),
    *("acm", "alb", "ami", "app_cookie_stickiness_policy", "arn", "autoscaling", "availability_zone"),
    *("availability_zones", "billing_service_account", "caller_identity", "customer_gateway", "default", "ebs", "ec2"),
    *("efs", "egress_only_internet_gateway", "eip", "eips", "elb", "flow_log", "iam", "instance", "instances"),
    *("internet_gateway", "ip_ranges", "key_pair", "kms", "launch_configuration", "launch_template", "lb", "lbs"),
    *("load_balancer", "main_route_table_association", "nat_gateway", "nat_gateways", "network_acl", "network_acls"),
    *("network_interface", "network_interfaces", "partition", "placement_group", "prefix_list"),
    *("proxy_protocol_policy", "region", "regions", "route", "route53", "route53domains", "route53profiles"),
    *("route53recoverycontrolconfig", "route53recoveryreadiness", "security_group", "security_groups"),
    *("service_principal", "snapshot_create_volume_permission", "spot", "subnet", "subnets", "verifiedaccess"),
    *("volume_attachment", "vpc", "vpcs", "vpn"),
)
# Names in the other table that Terraform's provider does not have.
NO_TYPES = {
    ("data", "aws_api_gateway"),
    ("type", "aws_ec2_instance"),
    ("type", "aws_vpc_route_server_association"),
}


@pytest.fixture(scope="module")
def theirs() -> set[tuple[str, str]]:
    reference = json.loads(REFERENCE.read_text())
    return {("type", name) for name in reference["resource"]} | {("data", name) for name in reference["data"]}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_type_of_a_family_has_a_row(family: str, theirs: set[tuple[str, str]]) -> None:
    wanted = {key for key in theirs if key[1] == f"aws_{family}" or key[1].startswith(f"aws_{family}_")} - NO_TYPES
    assert wanted, f"the other table knows no {family}"
    missing: set[tuple[str, str]] = wanted - set(type_table.load_type_table().lines)
    assert not missing
