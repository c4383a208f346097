"""A tree of YAML as JSON values: which scalars are numbers and booleans, and which stay text."""

from __future__ import annotations

from typing import Any

import pytest

from koding_audit.desired.values import matching_schema, plain_value
from koding_audit.io.yaml_nodes import MappingEntry, MappingNode, ScalarNode, SequenceNode, YamlNode
from tests.values import line

PLACE = line(1)
ROOT = {"definitions": {"days": {"type": "integer"}}}


def plain(text: str) -> ScalarNode:
    return ScalarNode(text, True, PLACE)


def mapping(**entries: YamlNode) -> MappingNode:
    return MappingNode({key: MappingEntry(PLACE, node) for key, node in entries.items()}, PLACE)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("30", "integer", 30),
        ("-1", "integer", -1),
        ("012", "integer", "012"),
        ("1e3", "integer", "1e3"),
        ("1_000", "integer", "1_000"),
        ("123456789", "integer", 123_456_789),
        ("1234567890", "integer", "1234567890"),
        ("30", "string", "30"),
        ("true", "boolean", True),
        ("yes", "boolean", "yes"),
        ("true", "string", "true"),
        ("true", None, "true"),
    ],
)
def test_a_plain_scalar_is_what_its_schema_asks_for_or_text(text: str, kind: str | None, value: Any) -> None:
    found = plain_value(plain(text), {"type": kind} if kind else {}, ROOT)
    assert (found, type(found)) == (value, type(value))


def test_a_quoted_scalar_is_text() -> None:
    assert plain_value(ScalarNode("30", False, PLACE), {"type": "integer"}, ROOT) == "30"


def test_a_tree_follows_the_schema_of_each_of_its_parts() -> None:
    schema = {
        "type": "object",
        "properties": {"age": {"$ref": "#/definitions/days"}, "names": {"items": {"type": "string"}}},
        "additionalProperties": {"type": "boolean"},
    }
    tree = mapping(age=plain("7"), names=SequenceNode((plain("7"),), PLACE), closed=plain("true"))
    assert plain_value(tree, schema, ROOT) == {"age": 7, "names": ["7"], "closed": True}


def test_of_a_union_the_branch_for_the_kind_of_node_is_taken() -> None:
    union = {"anyOf": [{"type": "object"}, {"type": "array"}, {"$ref": "#/definitions/days"}]}
    assert matching_schema(mapping(), union, ROOT) == {"type": "object"}
    assert matching_schema(SequenceNode((), PLACE), union, ROOT) == {"type": "array"}
    assert plain_value(plain("7"), union, ROOT) == 7
    only_lists = {"anyOf": [{"type": "array"}]}
    assert matching_schema(plain("7"), only_lists, ROOT) is only_lists
