"""Every row of the stack table on disk: its shape, its order, and that AWS has each action that it names."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from koding_audit.reference import actions
from koding_audit.stack import type_table

PATHS = [Path(path) for path in type_table.type_table_paths()]
KEYS = (
    "type",
    "data",
    "create",
    "read",
    "update",
    "delete",
    "arguments",
    "arn",
    "service_role",
    "tolerated",
    "checked",
)
CHECKED = ("provider: ", "reference: ", "docs: ")
ARN = re.compile(r"arn:\$\{partition\}:[a-z0-9-]+:(\$\{region\}|\*)?:(\$\{account\}|aws|\*)?:[!-~]+")
HOLES = {"${partition}", "${region}", "${account}"}


def rows(path: Path) -> list[tuple[str, dict[str, Any]]]:
    return [(line, json.loads(line)) for line in path.read_text(encoding="ascii").splitlines()]


@pytest.fixture(scope="module")
def known() -> actions.ActionList:
    return actions.load_actions()


def named(row: dict[str, Any]) -> list[str]:
    """Every list of actions of a row, joined."""
    own = [each for name in type_table.OPERATIONS for each in row.get(name, ())]
    return own + [each for added in row.get("arguments", {}).values() for each in added]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_a_row_has_the_keys_of_its_kind_in_their_order(path: Path) -> None:
    for line, row in rows(path):
        assert line == json.dumps(row), f"not in one spelling: {line[:80]}"
        assert list(row) == [key for key in KEYS if key in row], row
        assert all(row.values()), f"an empty key is left out: {line[:80]}"
        assert ("type" in row) is not ("data" in row)
        assert "data" not in row or set(row) <= {"data", "read", "arguments", "arn", "checked"}
        assert row.get("type", row.get("data")).startswith("aws_")
        assert row["checked"]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_the_rows_of_a_file_are_in_order(path: Path) -> None:
    keys = [("data" in row, row.get("type") or row["data"]) for _, row in rows(path)]
    assert keys == sorted(set(keys))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_a_row_names_actions_that_aws_has_as_it_spells_them(path: Path, known: actions.ActionList) -> None:
    wrong = {
        f"{row.get('type') or row['data']}: {each}"
        for _, row in rows(path)
        for each in named(row)
        if known.canonical_name(each) != each
    }
    assert not wrong


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_a_row_says_each_action_once(path: Path) -> None:
    for line, row in rows(path):
        lists = [row.get(name, []) for name in type_table.OPERATIONS] + list(row.get("arguments", {}).values())
        for each in lists:
            assert len(each) == len(set(each)), line[:80]
        for argument, added in row.get("arguments", {}).items():
            assert not set(added) & set(row.get("create", ())), f"{line[:60]}: {argument} repeats create"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_an_argument_is_a_path_of_names_and_perhaps_a_value(path: Path) -> None:
    for _, row in rows(path):
        for argument in row.get("arguments", {}):
            assert re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)*(=[!-~]+)?", argument), argument


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_an_arn_is_a_template_of_what_is_known(path: Path) -> None:
    for line, row in rows(path):
        for arn in row.get("arn", ()):
            assert ARN.fullmatch(arn), arn
            assert set(re.findall(r"\$\{[^}]*\}", arn)) <= HOLES, arn
            for hole in re.findall(r"(?<!\$)\{([^}]*)\}", arn):
                assert re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)*", hole), line


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_a_row_says_what_it_was_checked_against(path: Path) -> None:
    for line, row in rows(path):
        assert all(each.startswith(CHECKED) for each in row["checked"]), line[:80]
        assert all(re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com", each) for each in row.get("service_role", ()))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_only_a_read_of_the_row_can_be_tolerated(path: Path, known: actions.ActionList) -> None:
    for line, row in rows(path):
        assert set(row.get("tolerated", ())) <= set(row.get("read", ())), line[:80]
        assert all(known.access_level(each) in ("Read", "List") for each in row.get("tolerated", ())), line[:80]


def test_no_type_has_two_rows() -> None:
    found = [key for path in PATHS for key, _ in type_table._keyed_lines(str(path))]
    assert len(found) == len(set(found))


def test_the_table_knows_its_rows_by_kind_and_type() -> None:
    loaded = type_table.load_type_table()
    for kind, name in loaded.lines:
        row = loaded.row(kind, name)
        assert row is not None
        assert (row.kind, row.type) == (kind, name)
    assert loaded.row("type", "aws_no_such_thing") is None
    assert loaded.row("data", "aws_no_such_thing") is None


def test_a_line_becomes_a_row() -> None:
    line = {"type": "aws_x", "create": ["ec2:A"], "arguments": {"tags": ["ec2:B"]}, "checked": ["docs: x"]}
    row = type_table.decode_type_row(line)
    assert (row.kind, row.type, row.operations["create"], row.operations["read"]) == ("type", "aws_x", ("ec2:A",), ())
    assert row.arguments == {"tags": ("ec2:B",)}
    assert type_table.decode_type_row({"data": "aws_x", "read": ["ec2:A"], "checked": ["docs: x"]}).kind == "data"


@pytest.mark.parametrize(
    "type_",
    [
        "aws_backup_selection",
        "aws_backup_vault",
        "aws_codebuild_project",
        "aws_codedeploy_deployment_group",
        "aws_codepipeline",
        "aws_docdb_cluster",
        "aws_docdb_cluster_instance",
        "aws_elasticsearch_domain",
        "aws_glue_job",
        "aws_inspector2_delegated_admin_account",
        "aws_inspector2_enabler",
        "aws_inspector2_filter",
        "aws_inspector2_member_association",
        "aws_inspector2_organization_configuration",
        "aws_opensearch_domain",
    ],
)
def test_a_type_that_is_often_used_has_a_row_with_the_role_that_it_passes(type_: str) -> None:
    row = type_table.load_type_table().row("type", type_)
    assert row is not None
    assert row.operations["create"]
    roles = [name for name in row.arguments if re.search(r"(^|[._])(role|role_arn)$", name)]
    assert all(row.arguments[name] == ("iam:PassRole",) for name in roles)
    assert bool(roles) is (
        type_.split("_")[1] in {"codebuild", "codepipeline", "elasticsearch", "glue", "opensearch"}
        or type_ in {"aws_backup_selection", "aws_codedeploy_deployment_group"}
    )
