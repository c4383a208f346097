"""Converts YAML nodes to JSON values: a plain scalar is text, unless the schema requires a number or a boolean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from koding_audit.io.yaml_nodes import MappingNode, ScalarNode, SequenceNode, YamlNode

Schema = Mapping[str, Any]

# Not 012, 1e3 or 1_000; and short enough for an age or a count.
INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,8})", re.ASCII)
_ANYTHING: Mapping[str, Any] = {}
BOOLEANS: Mapping[str, bool] = {"true": True, "false": False}


def plain_value(node: YamlNode, schema: Schema, root: Schema) -> Any:
    """The value of a node for a JSON Schema validator: str, int, bool, list or dict."""
    return _PlainValues(root).plain_value(node, schema)


class _PlainValues:
    """Converts nodes. Thousands of users have the same schema: the matching part is found once for each node type."""

    def __init__(self, root: Schema) -> None:
        self._root_schema = root
        self._matching: dict[tuple[int, type[YamlNode]], Schema] = {}  # by the schema's identity: it lives on in root

    def plain_value(self, node: YamlNode, schema: Schema) -> Any:
        key = id(schema), type(node)
        fits = self._matching.get(key)
        if fits is None:
            fits = self._matching[key] = matching_schema(node, schema, self._root_schema)
        if isinstance(node, ScalarNode):
            return _scalar_value(node, fits)
        if isinstance(node, SequenceNode):
            items = fits.get("items", _ANYTHING)
            return [self.plain_value(each, items) for each in node.nodes]
        known, others = fits.get("properties", _ANYTHING), fits.get("additionalProperties") or _ANYTHING
        return {key: self.plain_value(entry.node, known.get(key, others)) for key, entry in node.entries.items()}


def resolve_schema(schema: Schema, root: Schema) -> Schema:
    """The schema that a reference names; any other schema as it is."""
    while "$ref" in schema:
        schema = root["definitions"][schema["$ref"].removeprefix("#/definitions/")]
    return schema


def matching_schema(node: YamlNode, schema: Schema, root: Schema) -> Schema:
    """The schema with references resolved; for a union, the branch for this kind of node, if there is one."""
    schema = resolve_schema(schema, root)
    for branch in schema.get("anyOf", ()):
        fits = matching_schema(node, branch, root)
        if _is_of_type(node, fits["type"]):
            return fits
    return schema


def _is_of_type(node: YamlNode, kind: str) -> bool:
    if isinstance(node, MappingNode):
        return kind == "object"
    return (kind == "array") == isinstance(node, SequenceNode) and kind != "object"


def _scalar_value(node: ScalarNode, schema: Schema) -> str | int | bool:
    kind = schema.get("type")
    if kind == "string" or not node.is_plain:
        return node.value
    if kind == "integer" and INTEGER.fullmatch(node.value):
        return int(node.value)
    return BOOLEANS.get(node.value, node.value) if kind == "boolean" else node.value
