"""The rows of CloudFormation's types: those that are written by hand, and those that are derived."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from koding_audit.reference.actions import ActionList, load_actions
from koding_audit.stack.cloudformation_types import CloudFormationTypes

PATH = Path(__file__).parents[2] / "koding_audit" / "stack" / "cloudformation_types.jsonl"
KEYS = (
    *("type", "create", "delete", "properties", "removal", "maybe", "arn", "arn_if"),
    *("name", "longest", "lower", "passes_to", "checked"),
)
ARN = re.compile(r"arn:\$\{partition\}:[a-z0-9-]+:(\$\{region\})?:(\$\{account\})?:[!-~]+")


@pytest.fixture(scope="module")
def known() -> ActionList:
    return load_actions()


@pytest.fixture(scope="module")
def types() -> CloudFormationTypes:
    return CloudFormationTypes()


def rows() -> list[tuple[str, dict[str, Any]]]:
    return [(line, json.loads(line)) for line in PATH.read_text(encoding="ascii").splitlines()]


def named(row: dict[str, Any]) -> list[str]:
    by_property = [each for key in ("properties", "removal", "maybe") for each in row.get(key, {}).values()]
    return [action for each in (row["create"], row.get("delete", []), *by_property) for action in each]


def test_a_row_of_a_hand_has_the_keys_of_its_form_in_their_order() -> None:
    for line, row in rows():
        assert line == json.dumps(row), f"not in one spelling: {line[:80]}"
        assert list(row) == [key for key in KEYS if key in row], row
        assert all(value for key, value in row.items() if key != "create"), f"an empty key is left out: {line[:80]}"
        assert row["checked"]
        assert all(ARN.fullmatch(each) for each in row.get("arn", ())), row["arn"]
        assert not row.get("name") or any(f"{{{row['name']}}}" in each for each in row["arn"]), row["type"]
        assert set(row.get("passes_to", {})) <= {*row.get("properties", {}), *row.get("maybe", {})}, row["type"]


def test_the_rows_of_a_hand_are_in_order() -> None:
    names = [row["type"] for _, row in rows()]
    assert names == sorted(set(names))


def test_a_row_of_a_hand_names_actions_that_aws_has_as_it_spells_them(known: ActionList) -> None:
    wrong = {f"{row['type']}: {each}" for _, row in rows() for each in named(row) if known.canonical_name(each) != each}
    assert not wrong


def test_a_derived_row_names_only_actions_that_aws_has(types: CloudFormationTypes, known: ActionList) -> None:
    for name in ("AWS::Glue::Job", "AWS::S3::StorageLens", "AWS::Batch::JobQueue", "AWS::Neptune::DBCluster"):
        row = types.row(name)
        assert row is not None
        assert row.origin == "rules"
        every = {*row.decided_actions(), *(each for actions in row.perhaps.values() for each in actions)}
        assert not {each for each in every if known.canonical_name(each) != each}


@pytest.mark.parametrize(
    ("type_", "create", "delete"),
    [
        ("AWS::Glue::Job", ("glue:CreateJob",), ("glue:DeleteJob",)),
        ("AWS::AppConfig::Deployment", ("appconfig:StartDeployment",), ()),
        ("AWS::Batch::JobDefinition", ("batch:RegisterJobDefinition",), ("batch:DeregisterJobDefinition",)),
    ],
)
def test_the_api_s_own_call_is_certain_in_a_derived_row(
    types: CloudFormationTypes, type_: str, create: tuple[str, ...], delete: tuple[str, ...]
) -> None:
    row = types.row(type_)
    assert row is not None
    assert (row.create, row.delete) == (create, delete)


def test_tags_and_roles_belong_to_their_properties_in_a_derived_row(types: CloudFormationTypes) -> None:
    row = types.row("AWS::Glue::Job")
    assert row is not None
    assert row.properties == {"Role": ("iam:PassRole",), "Tags": ("glue:TagResource",)}


def test_what_else_the_handlers_list_is_perhaps_needed_also_beside_a_row_of_a_hand(types: CloudFormationTypes) -> None:
    row = types.row("AWS::S3::Bucket")
    assert row is not None
    assert row.origin == "hand"
    assert "s3:GetBucketVersioning" in row.perhaps["read"]
    assert not row.decided_actions() & {each for actions in row.perhaps.values() for each in actions}


def test_names_in_handlers_that_are_no_actions_are_mapped_or_kept(types: CloudFormationTypes) -> None:
    bucket, function = types.row("AWS::S3::Bucket"), types.row("AWS::Lambda::Function")
    assert bucket is not None
    assert function is not None
    assert bucket.unlisted == ()  # `s3:PutBucketReplication` and others are names of the API
    assert function.unlisted == ("lambda:AssociateRuntimeAlias",)


@pytest.mark.parametrize("name", ["AWS::No::Such", "Custom::Thing", "AWS::Serverless::Function"])
def test_a_type_of_which_nothing_is_known_has_no_row(types: CloudFormationTypes, name: str) -> None:
    assert types.row(name) is None


def test_the_table_says_where_it_is_from(types: CloudFormationTypes) -> None:
    assert types.origin.source == "cfn-lint"
    assert types.origin.counts["types"] <= len(list(types))
