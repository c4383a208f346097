"""The validator agrees with jsonschema on every value, of both schemas, and knows each keyword that they use."""

from __future__ import annotations

import string
from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from koding_audit.desired import desired_schema
from koding_audit.desired.resources import guards_schema
from koding_audit.desired.validator import fits_schema
from koding_audit.desired.values import plain_value, resolve_schema
from koding_audit.io.yaml_nodes import MappingEntry, MappingNode, ScalarNode, SequenceNode, YamlNode
from tests.values import line

PLACE = line(1)


def node_of(value: Any) -> YamlNode:
    """The node of a value: text in quotes, everything else without."""
    if isinstance(value, dict):
        return MappingNode({key: MappingEntry(PLACE, node_of(inner)) for key, inner in value.items()}, PLACE)
    if isinstance(value, list):
        return SequenceNode(tuple(map(node_of, value)), PLACE)
    if isinstance(value, str):
        return ScalarNode(value, False, PLACE)
    return ScalarNode("" if value is None else str(value).lower(), True, PLACE)


def agree(value: Any, schema: dict[str, Any]) -> bool:
    """Whether the value is valid; fails where the two validators do not say the same."""
    node = node_of(value)
    fast = fits_schema(node, schema)
    assert fast == Draft7Validator(schema).is_valid(plain_value(node, schema, schema))
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
    assert agree(value, desired_schema()) is valid


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        ({"version": 1}, True),
        ({"protected": []}, False),
        ({"version": 1, "protected": ["user/a", "role/b"]}, True),
        ({"version": 1, "protected": ["policy/a"]}, False),
        ({"version": 1, "forbidden": ["a" * 128]}, True),
        ({"version": 1, "forbidden": ["a/" * 1000 + "a" * 49]}, False),
        ({"version": 1, "max_changes": 0}, True),
        ({"version": 1, "max_changes": -1}, False),
        ({"version": 1, "max_changes": 999_999}, True),
        ({"version": 1, "max_changes": 1_000_000}, False),
        ({"version": 1, "groups": {}}, False),
    ],
)
def test_both_validators_say_the_same_of_known_guards(value: Any, valid: bool) -> None:
    assert agree(value, guards_schema()) is valid


KEYWORDS = {
    *("$schema", "$ref", "definitions", "title", "description", "patternErrorMessage", "type", "anyOf", "enum"),
    *("properties", "required", "additionalProperties", "propertyNames", "minProperties", "maxProperties"),
    *("items", "minItems", "pattern", "minLength", "maxLength", "minimum", "maximum"),
}


def parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a schema and every schema within it."""
    yield schema
    named = (schema.get(key, {}).values() for key in ("definitions", "properties"))
    inner = [*chain.from_iterable(named), *schema.get("anyOf", ())]
    inner += [schema[key] for key in ("items", "additionalProperties", "propertyNames") if schema.get(key)]
    for each in inner:
        yield from parts(each)


def kind(schema: dict[str, Any], whole: dict[str, Any]) -> str:
    found = resolve_schema(schema, whole)["type"]
    return found if found in {"object", "array"} else "text"


@pytest.mark.parametrize("schema", [desired_schema(), guards_schema()], ids=["desired", "guards"])
def test_the_validator_knows_the_schema_s_keywords_and_each_branch_of_a_union_is_of_another_kind(
    schema: dict[str, Any],
) -> None:
    for part in parts(schema):
        assert part.keys() <= KEYWORDS
        assert len({"type", "anyOf", "$ref"} & part.keys()) == 1
        assert part.get("type") != "object" or "additionalProperties" in part
        assert part.get("type") != "array" or "items" in part
        branches = [kind(each, schema) for each in part.get("anyOf", ())]
        assert len(set(branches)) == len(branches)


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
    agree(value, desired_schema())


@settings(max_examples=100, deadline=None)
@given(fitting(guards_schema(), guards_schema()))
def test_both_validators_say_the_same_of_made_guards(value: Any) -> None:
    agree(value, guards_schema())
