"""The hand-kept tables: each row has its source and its date, and what is inferred never decides."""

from __future__ import annotations

import json
from typing import Any

import pytest

from koding_audit.reference.tables import read_json, read_rows
from tools import hand_kept

ROW = {"service": "s3", "source": "https://docs.aws.amazon.com/x", "date": "2026-11-30"}


def test_every_row_of_every_table_has_its_columns_with_source_and_date() -> None:
    assert list(hand_kept.problems()) == []


def test_every_global_condition_key_of_the_source_of_the_actions_has_a_row() -> None:
    rows = {row["key"].lower().removesuffix("/*") for row in read_rows("condition_keys")}
    assert [key for key in read_json("services")["condition_keys"] if key.lower().removesuffix("/*") not in rows] == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"source": ""}, "source cannot be ''"),
        ({"source": "everybody knows"}, "source cannot be 'everybody knows'"),
        ({"date": "2026-13-01"}, "date cannot be '2026-13-01'"),
        ({"date": "2999-01-01"}, "date cannot be '2999-01-01'"),
        ({"inferred": "perhaps"}, "inferred cannot be 'perhaps'"),
        ({"colour": "red"}, "unknown column colour"),
    ],
)
def test_a_row_that_is_not_of_the_form_is_a_problem_with_its_line(change: dict[str, Any], problem: str) -> None:
    found = list(hand_kept.table_problems("gateway_endpoints", [json.dumps(ROW | change)]))
    assert found == [f"gateway_endpoints.jsonl:1: {problem}"]


@pytest.mark.parametrize("column", ["service", "source", "date"])
def test_a_row_that_lacks_a_column_is_a_problem(column: str) -> None:
    row = {key: value for key, value in ROW.items() if key != column}
    assert list(hand_kept.table_problems("gateway_endpoints", [json.dumps(row)])) == [
        f"gateway_endpoints.jsonl:1: no {column}"
    ]


def test_two_rows_about_the_same_thing_are_a_problem() -> None:
    (problem,) = hand_kept.table_problems("gateway_endpoints", [json.dumps(ROW)] * 2)
    assert problem == "gateway_endpoints.jsonl:2: s3 is there already"


def test_a_source_may_be_a_package_at_a_version() -> None:
    assert not list(hand_kept.table_problems("gateway_endpoints", [json.dumps(ROW | {"source": "botocore@1.44.8 s3"})]))
