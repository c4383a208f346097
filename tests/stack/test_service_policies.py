"""The stack table against AWS's own policies: the full-access policy of a service gives what its types always call.

Whatever a type needs beyond it stands in BEYOND, so that no row asks for more by mistake.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from koding_audit.reference import actions, managed_policies
from koding_audit.stack import type_table

POLICIES = {
    "apigateway": "AmazonAPIGatewayAdministrator",
    "cloudfront": "CloudFrontFullAccess",
    "cloudwatch": "CloudWatchFullAccessV2",
    "cognito": "AmazonCognitoPowerUser",
    "dynamodb": "AmazonDynamoDBFullAccess",
    "ecs": "AmazonECS_FullAccess",
    "elasticache": "AmazonElastiCacheFullAccess",
    "events": "AmazonEventBridgeFullAccess",
    "lambda": "AWSLambda_FullAccess",
    "logs": "CloudWatchLogsFullAccess",
    "rds": "AmazonRDSFullAccess",
    "secretsmanager": "SecretsManagerReadWrite",
    "sfn": "AWSStepFunctionsFullAccess",
    "sns": "AmazonSNSFullAccess",
    "sqs": "AmazonSQSFullAccess",
}
BEYOND = {
    "aws_api_gateway_vpc_link": {  # makes the endpoint service of the load balancer
        "ec2:CreateVpcEndpointServiceConfiguration",
        "ec2:DeleteVpcEndpointServiceConfigurations",
        "ec2:DescribeVpcEndpointServiceConfigurations",
        "ec2:ModifyVpcEndpointServicePermissions",
        "elasticloadbalancing:DescribeLoadBalancers",
    },
    "aws_dynamodb_table_export": {"s3:AbortMultipartUpload", "s3:PutObject"},  # written by the caller's own right
    "aws_rds_integration": {"redshift:CreateInboundIntegration"},
}


@pytest.fixture(scope="module")
def known() -> actions.ActionList:
    return actions.load_actions()


@pytest.fixture(scope="module")
def policies() -> managed_policies.AwsManagedPolicies:
    return managed_policies.load_managed_policies()


def types(family: str) -> list[type_table.TypeRow]:
    path = next(path for path in map(Path, type_table.type_table_paths()) if path.stem == family)
    return [
        type_table.decode_type_row(json.loads(line))
        for line in path.read_text(encoding="ascii").splitlines()
        if line.startswith('{"type"')
    ]


@pytest.mark.parametrize("family", POLICIES)
def test_a_services_own_policy_gives_what_its_types_always_call(
    family: str, known: actions.ActionList, policies: managed_policies.AwsManagedPolicies
) -> None:
    policy = policies.find_by_name(POLICIES[family])
    assert policy is not None
    allowed = [each["Action"] for each in policy.document["Statement"] if each["Effect"] == "Allow"]
    patterns = [each for found in allowed for each in ([found] if isinstance(found, str) else found)]
    given = {action for pattern in patterns for action in known.expand(pattern)}
    beyond = {row.type: {each for calls in row.operations.values() for each in calls} - given for row in types(family)}
    assert beyond
    assert {name: those for name, those in beyond.items() if those} == {
        name: those for name, those in BEYOND.items() if name in beyond
    }
