"""The schema itself: valid, closed, and with words for every key and pattern."""
# ruff: noqa: E501 - a row of a table is one line

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from koding_audit.desired import desired_schema, load_desired
from tests.desired.files import write

HEAD = "version: 1\n"
SET = HEAD + "policy_sets:\n  a: {policies: ['%s']}\ngroups: {G: {}}\n"


def test_names_and_paths_that_iam_takes_are_taken(tmp_path: Path) -> None:
    content = HEAD + "users:\n  =cmd: {}\n  '-x@+,._': {path: '/<script>$(x)//|a|/'}\n"
    assert list(load_desired([write(tmp_path, content)]).users) == ["=cmd", "-x@+,._"]


@pytest.mark.parametrize(
    "policy",
    ["IAMReadOnlyAccess", "job-function/Billing", "customer:edge", "customer:a/b|c/edge", "arn:aws-eusc:iam::aws:policy/X",
     "arn:${partition}:iam::${account}:policy/team/edge", "arn:aws:iam::123456789012:policy/edge"],
)  # fmt: skip
def test_each_way_to_write_a_policy_is_taken(tmp_path: Path, policy: str) -> None:
    assert len(load_desired([write(tmp_path, SET % policy)]).policy_sets["a"].policies) == 1


# --- the schema itself


def parts(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each schema within a schema, itself included."""
    yield node
    for key in ("properties", "definitions"):
        for inner in node.get(key, {}).values():
            yield from parts(inner)
    for key in ("items", "additionalProperties", "propertyNames"):
        if isinstance(node.get(key), dict):
            yield from parts(node[key])
    for inner in node.get("anyOf", ()):
        yield from parts(inner)


def test_the_schema_is_valid_draft_7() -> None:
    Draft7Validator.check_schema(desired_schema())


def test_every_mapping_is_closed_every_key_described_and_every_pattern_has_words() -> None:
    for part in parts(desired_schema()):
        assert "$ref" in part or part["title"]
        assert part.get("type") != "object" or "additionalProperties" in part
        assert part.get("additionalProperties") is not True
        for name, inner in part.get("properties", {}).items():
            assert inner.get("description"), name
        assert ("pattern" in part) == ("patternErrorMessage" in part)
        assert "maxLength" not in part or "pattern" in part


def test_patterns_are_ascii_and_hold_from_start_to_end() -> None:
    for part in parts(desired_schema()):
        pattern = part.get("pattern", "^$")
        assert pattern.isascii()
        assert pattern == "[^ ]" or (pattern.startswith("^") and pattern.endswith("$"))
