"""The tree as JSON values: a plain scalar is text, and a number or a boolean only where the schema asks for one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from koding_audit.desired.nodes import MappingNode, Node, ScalarNode, SequenceNode

Schema = Mapping[str, Any]

# Neither 012 nor 1e3 nor 1_000; and short enough to be an age or a count.
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,8})", re.ASCII)
_BOOLEAN: Mapping[str, bool] = {"true": True, "false": False}


def value(node: Node, schema: Schema, root: Schema) -> Any:
    """What the node is to a JSON Schema validator: str, int, bool, list or dict."""
    schema = fitting(node, schema, root)
    if isinstance(node, ScalarNode):
        return _scalar(node, schema)
    if isinstance(node, SequenceNode):
        items = schema.get("items", {})
        return [value(each, items, root) for each in node.nodes]
    known, others = schema.get("properties", {}), schema.get("additionalProperties") or {}
    return {key: value(entry.node, known.get(key, others), root) for key, entry in node.entries.items()}


def fitting(node: Node, schema: Schema, root: Schema) -> Schema:
    """The schema with its reference followed and, of a union, the branch for this kind of node (if there is one)."""
    while "$ref" in schema:
        schema = root["definitions"][schema["$ref"].removeprefix("#/definitions/")]
    for branch in schema.get("anyOf", ()):
        fits = fitting(node, branch, root)
        if _fits(node, fits["type"]):
            return fits
    return schema


def _fits(node: Node, kind: str) -> bool:
    if isinstance(node, MappingNode):
        return kind == "object"
    return (kind == "array") == isinstance(node, SequenceNode) and kind != "object"


def _scalar(node: ScalarNode, schema: Schema) -> str | int | bool:
    kind = schema.get("type")
    if node.plain and kind == "integer" and _INTEGER.fullmatch(node.value):
        return int(node.value)
    if node.plain and kind == "boolean":
        return _BOOLEAN.get(node.value, node.value)
    return node.value
