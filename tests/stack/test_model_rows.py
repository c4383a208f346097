"""AWS's model of what Terraform's provider calls: its rows, what they lack, and how the data are made."""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from koding_audit.io.yaml_nodes import MappingNode
from koding_audit.reference import actions
from koding_audit.stack import model_rows
from koding_audit.stack.loader import read_script
from koding_audit.stack.model_rows import ModelRows
from koding_audit.stack.type_table import OPERATIONS, load_type_table
from tools import bake, terraform_model

TOP = Path(__file__).parents[2]
KEYS = (*OPERATIONS, "list_tags", "tags", "left_out")


@pytest.fixture(scope="module")
def known() -> actions.ActionList:
    return actions.load_actions()


@pytest.fixture(scope="module")
def model() -> Mapping[str, str]:
    return model_rows.load_model()[1]


def body(folder: Path, **arguments: Any) -> MappingNode:
    path = folder / "stack.tf.json"
    path.write_text(json.dumps({"resource": {"aws_codebuild_project": {"x": arguments}}}), encoding="utf-8")
    return read_script(str(path)).resources[0].body


def limits(known: actions.ActionList, type_: str, arguments: MappingNode) -> str:
    rows = ModelRows(known)
    row = rows.row("type", type_)
    assert row is not None
    return rows.limits(row, arguments)


def test_a_row_of_the_model_has_the_known_keys_and_actions_that_aws_has(
    known: actions.ActionList, model: Mapping[str, str]
) -> None:
    assert list(model) == sorted(model)
    for name, text in model.items():
        row = json.loads(text)
        assert re.fullmatch(r"aws_[a-z0-9_]+", name)
        assert list(row) == [key for key in KEYS if key in row], name
        assert row.get("create") or row["left_out"], name
        for key in row.keys() - {"left_out"}:
            assert row[key] == sorted(set(row[key])), name
            assert all(known.canonical_name(each) == each for each in row[key]), name


def test_the_model_has_a_row_for_each_type_of_the_table_and_for_a_thousand_more(model: Mapping[str, str]) -> None:
    own = {name for kind, name in load_type_table().lines if kind == "type"}
    assert len(model.keys() - own) > 1000
    assert len(model.keys() | own) >= 1684


@pytest.mark.slow
def test_the_packed_model_is_what_the_files_of_the_checkout_give(known: actions.ActionList) -> None:
    names = {f"{service}:{each}" for service, those in known.described.items() for each in those}
    origin, rows = terraform_model.read_model({each.lower(): each for each in names})
    packed = (TOP / "koding_audit" / "stack" / "terraform_model.xz").read_bytes()
    assert packed == bake.pack(origin, terraform_model.model_lines(rows))


def test_notice_says_where_the_model_is_from() -> None:
    origin, rows = model_rows.load_model()
    notice = " ".join((TOP / "NOTICE").read_text(encoding="utf-8").split())
    assert f"{origin.source} (IAM Policy Autopilot) at {origin.version}, of {date.fromisoformat(origin.date)}" in notice
    assert f"Licence: {origin.licence}. {origin.copyright}" in notice
    assert origin.counts == {"types": len(rows)}


def test_a_row_of_the_model_says_that_it_is_the_models(known: actions.ActionList) -> None:
    row = ModelRows(known).row("type", "aws_docdb_cluster")
    assert row is not None
    assert row.origin == "model"
    assert "rds:CreateDBCluster" in row.operations["create"]
    assert row.may_read == ("rds:ListTagsForResource",)
    assert row.arguments == {"tags": ("rds:AddTagsToResource", "rds:RemoveTagsFromResource")}


def test_the_model_has_no_data_sources_and_no_type_of_tomorrow(known: actions.ActionList) -> None:
    assert ModelRows(known).row("data", "aws_docdb_cluster") is None
    assert ModelRows(known).row("type", "aws_of_tomorrow") is None


@pytest.mark.parametrize(
    ("arguments", "permissions"),
    [
        ({"service_role": "arn:aws:iam::123456789012:role/x"}, "iam:PassRole"),
        ({"a": [{"b": {"execution_role_arn": "${var.role}"}}]}, "iam:PassRole"),
        ({"iam_instance_profile": "web"}, "iam:PassRole"),
        ({"kms_key_id": "x"}, "kms actions"),
        ({"sink": {"kms_key_arn": "${aws_kms_key.k.arn}"}}, "kms actions"),
        ({"encryption_key": "x"}, "kms actions"),
        ({"tags": {"Team": "web"}}, "tags on creation"),
        ({"tags_all": {"Team": "web"}}, "tags on creation"),
        ({"manage_master_password": True}, "Secrets Manager"),
    ],
)
def test_an_argument_about_which_the_model_says_nothing_is_told_without_its_value(
    tmp_path: Path, known: actions.ActionList, arguments: dict[str, Any], permissions: str
) -> None:
    why = limits(known, "aws_codebuild_project", body(tmp_path, **arguments))
    assert permissions in why
    assert "web" not in why
    assert "123456789012" not in why


@pytest.mark.parametrize(
    "arguments",
    [{}, {"name": "role"}, {"tags": {}}, {"kms_key_id": None}, {"service_role": ""}, {"manage_master_password": False}],
)
def test_other_arguments_and_empty_ones_are_no_limit(
    tmp_path: Path, known: actions.ActionList, arguments: dict[str, Any]
) -> None:
    assert limits(known, "aws_codebuild_project", body(tmp_path, **arguments)) == ""


def test_calls_without_an_action_are_told_with_the_reason(tmp_path: Path, known: actions.ActionList) -> None:
    assert "CodeCatalyst" in limits(known, "aws_codecatalyst_project", body(tmp_path))
    assert "service authorization reference" in limits(known, "aws_quicksight_dashboard", body(tmp_path))


def test_a_limit_has_patterns_and_a_reason() -> None:
    lines = (TOP / "koding_audit" / "stack" / "model_limits.jsonl").read_text(encoding="ascii").splitlines()
    for line in lines:
        row = json.loads(line)
        assert line == json.dumps(row)
        assert list(row) == ["permissions", "arguments", "why"]
        assert all(re.fullmatch(r"[a-z_*]+", each) for each in row["arguments"])
        assert row["why"]


def write_model(folder: Path, operation: str, **names: Any) -> None:
    """A model with one type, whose creation calls one operation."""
    call = {"service": "sdk", "operation": operation}
    pattern = {"module_path": "m", "class_name": None, "function_name": "create", "sdk_operations": [call]}
    symbol = "github.com/hashicorp/terraform-provider-aws/internal/service/m.create"
    contents = {
        "terraform-model.json": json.dumps({"call_patterns": [pattern]}).encode(),
        "terraform-crud-map.json": json.dumps([{"resource_type": "aws_x", "create": symbol}]).encode(),
    }
    for name, content in contents.items():
        (folder / f"{name}.xz").write_bytes(lzma.compress(content))
    origin = dict.fromkeys(("source", "version", "date", "licence", "copyright"), "x")
    hashes = {name: terraform_model.sha256(content) for name, content in contents.items()}
    (folder / "origin.json").write_text(json.dumps({**origin, "sha256": hashes}), encoding="ascii")
    found = {"services": {"sdk": "a"}, "operations": [], "left_out": [], **names}
    (folder / "names.json").write_text(json.dumps(found), encoding="ascii")


def test_an_operation_becomes_the_action_of_its_service(tmp_path: Path) -> None:
    write_model(tmp_path, "MakeThing")
    assert terraform_model.read_model({"a:makething": "a:MakeThing"}, tmp_path)[1] == {
        "aws_x": {"create": ["a:MakeThing"]}
    }


def test_a_line_gives_an_operation_another_action(tmp_path: Path) -> None:
    write_model(tmp_path, "MakeThing", operations=[{"operation": "sdk:Make*", "action": "a:POST", "why": "verbs"}])
    assert terraform_model.read_model({"a:post": "a:POST"}, tmp_path)[1] == {"aws_x": {"create": ["a:POST"]}}


def test_an_operation_without_an_action_is_refused_unless_a_line_says_why(tmp_path: Path) -> None:
    write_model(tmp_path, "MakeThing")
    with pytest.raises(SystemExit, match="sdk:MakeThing"):
        terraform_model.read_model({}, tmp_path)
    write_model(tmp_path, "MakeThing", left_out=[{"operation": "sdk:*", "why": "no action of IAM"}])
    assert terraform_model.read_model({}, tmp_path)[1] == {"aws_x": {"left_out": "no action of IAM"}}


def test_a_file_with_another_hash_is_refused(tmp_path: Path) -> None:
    write_model(tmp_path, "MakeThing")
    (tmp_path / "terraform-model.json.xz").write_bytes(lzma.compress(b"{}"))
    with pytest.raises(SystemExit, match="SHA-256"):
        terraform_model.read_model({"a:makething": "a:MakeThing"}, tmp_path)
