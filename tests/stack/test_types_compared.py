"""Our rows against AWS's model of the provider's calls: each difference is fixed or explained."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from koding_audit.model.stack import Stack
from koding_audit.stack import model_rows, needs
from koding_audit.stack.loader import read_script
from koding_audit.stack.type_table import OPERATIONS, TypeRow, TypeTable, load_type_table
from tests.stack.made import ACCOUNT, asked

COMPARED = Path(needs.__file__).parent / "types_compared.jsonl"
KEYS = ["type", "action", "operations", "decision", "why", "source"]
EXPLAINED = {"not needed", "perhaps", "mapping", "uncertain"}  # why our row does not have the action
SOURCE = re.compile(
    r"provider: internal/service/[a-z0-9_]+/[a-z0-9_]+\.go(@[0-9a-f]{8})?|reference: service authorization"
)

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
    ("aws_cloudtrail", "event_selector", [{"read_write_type": "All"}], "cloudtrail:PutEventSelectors"),
    ("aws_cloudtrail", "insight_selector", [{"insight_type": "ApiCallRateInsight"}], "cloudtrail:PutInsightSelectors"),
    ("aws_docdb_cluster", "snapshot_identifier", "daily", "rds:RestoreDBClusterFromSnapshot"),
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


@pytest.fixture(scope="module")
def table() -> TypeTable:
    return load_type_table()


def compared() -> list[dict[str, Any]]:
    return [json.loads(line) for line in COMPARED.read_text(encoding="ascii").splitlines()]


def named(row: TypeRow) -> set[str]:
    """Every action of a row."""
    return {action for those in (*row.operations.values(), *row.arguments.values()) for action in those}


def differences(table: TypeTable) -> Iterator[tuple[str, str]]:
    """Type and action of each call that the model names and our row does not have."""
    for name, text in model_rows.load_model()[1].items():
        row, calls = table.row("type", name), json.loads(text)
        if row is not None:
            yield from ((name, action) for each in OPERATIONS for action in set(calls.get(each, ())) - named(row))


def test_a_comparison_has_a_decision_a_reason_and_its_source() -> None:
    lines = COMPARED.read_text(encoding="ascii").splitlines()
    keys = [(row["type"], row["action"]) for row in compared()]
    assert keys == sorted(set(keys))
    for line, row in zip(lines, compared(), strict=True):
        assert line == json.dumps(row)
        assert list(row) == KEYS[: len(row)], line
        assert row["why"].endswith(".")
        assert set(row["operations"]) <= set(OPERATIONS)
        assert row["decision"] == "uncertain" if "source" not in row else SOURCE.fullmatch(row["source"]), line


def test_each_difference_between_our_rows_and_the_model_is_explained(table: TypeTable) -> None:
    explained = {(row["type"], row["action"]) for row in compared() if row["decision"] in EXPLAINED}
    assert set(differences(table)) <= explained


def test_no_explanation_is_left_of_a_difference_that_is_gone(table: TypeTable) -> None:
    for each in compared():
        row = table.row("type", each["type"])
        assert row is not None
        if each["decision"] in EXPLAINED:
            assert each["action"] not in named(row), each


def test_an_action_that_is_needed_is_in_our_row_and_one_of_an_argument_below_it(table: TypeTable) -> None:
    for each in compared():
        row = table.row("type", each["type"])
        assert row is not None
        decision, _, argument = each["decision"].partition(" ")
        if decision == "needed":
            assert each["action"] in {action for those in row.operations.values() for action in those}, each
        elif decision == "argument":
            assert each["action"] in row.arguments[argument], each
        else:
            assert each["decision"] in EXPLAINED, each
