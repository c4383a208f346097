"""The generated validator agrees with jsonschema on every value."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from koding_audit.desired import desired_schema
from koding_audit.desired.validator import Invalid, validate


def agree(value: Any) -> bool:
    """Whether the value is valid; fails where the two validators do not say the same."""
    try:
        validate(value)
        fast = True
    except Invalid:
        fast = False
    assert fast == Draft7Validator(desired_schema()).is_valid(value)
    return fast


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        ({"version": 1}, True),
        ({"version": True}, False),
        ({"version": 2}, False),
        ({"version": "1"}, False),
        ([], False),
        ("version", False),
        ({"version": 1, "users": {"a": {"access_keys": "forbidden"}}}, True),
        ({"version": 1, "users": {"a": {"access_keys": {"max_active": 0}}}}, True),
        ({"version": 1, "users": {"a": {"access_keys": {"max_active": True}}}}, False),
        ({"version": 1, "users": {"a": {"access_keys": "never"}}}, False),
        ({"version": 1, "users": {"a" * 64: {}}}, True),
        ({"version": 1, "users": {"a" * 65: {}}}, False),
        ({"version": 1, "account": {"id": ["123456789012"]}}, True),
        ({"version": 1, "account": {"id": []}}, False),
        ({"version": 1, "ignore": [{"role": "*", "reason": "x"}]}, True),
        ({"version": 1, "ignore": [{"reason": "x"}]}, False),
        (
            {"version": 1, "waivers": [{"rule": "user-missing", "reason": "r", "owner": "o", "expires": "2027-01-31"}]},
            True,
        ),
        ({"version": 1, "waivers": [{"rule": "no-rule", "reason": "r", "owner": "o", "expires": "2027-01-31"}]}, False),
        (
            {"version": 1, "waivers": [{"rule": "user-missing", "reason": "r", "owner": "o", "expires": "2027-1-31"}]},
            False,
        ),
        ({"version": 1, "users": {"a": {"tags": {"$": "x"}}}}, False),
    ],
)
def test_both_validators_say_the_same_of_known_values(value: Any, valid: bool) -> None:
    assert agree(value) is valid


# No line breaks: reading.py refuses them, and `$` means something else to each of the two.
TEXT = st.text(alphabet=string.ascii_letters + string.digits + "_+=,.@-/:*${} é", max_size=12)
WORDS = st.sampled_from(
    [
        *("forbidden", "mfa", "any", "aws", "none", "a", "/", "/a/"),
        *("123456789012", "customer:a/b", "terraform", "arn:aws:iam::aws:policy/a"),
    ]
)

WRONG = st.sampled_from(["", "a", 1, True, None, 1.5, [], {}, ["a"], {"a": "b"}])


def fitting(node: dict[str, Any], whole: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values of the shape that the schema asks for, with something else in one place of twenty."""
    if "$ref" in node:
        return fitting(whole["definitions"][node["$ref"].removeprefix("#/definitions/")], whole)
    if "anyOf" in node:
        return st.one_of(*(fitting(branch, whole) for branch in node["anyOf"]))
    right = _right_kind(node, whole)
    return st.integers(0, 19).flatmap(lambda number: right if number else WRONG)


def _right_kind(node: dict[str, Any], whole: dict[str, Any]) -> st.SearchStrategy[Any]:
    match node["type"]:
        case "object":
            known = {key: fitting(inner, whole) for key, inner in node.get("properties", {}).items()}
            others = node.get("additionalProperties")
            if others:
                return st.dictionaries(st.one_of(TEXT, WORDS), fitting(others, whole), max_size=2)
            required = {key: known.pop(key) for key in node.get("required", ())}
            return st.fixed_dictionaries(required, optional=known)
        case "array":
            return st.lists(fitting(node["items"], whole), max_size=2)
        case "boolean":
            return st.booleans()
        case "integer":
            return st.sampled_from([0, 1, 90, 36501, -1])
        case _:
            return st.one_of(TEXT, WORDS, st.sampled_from(node.get("enum", ["a"])))


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(fitting(desired_schema(), desired_schema()))
def test_both_validators_say_the_same_of_made_values(value: Any) -> None:
    agree(value)
