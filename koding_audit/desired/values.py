"""The tree as JSON values: a plain scalar is text, and a number or a boolean only where the schema asks for one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from koding_audit.desired.nodes import MappingNode, Node, ScalarNode, SequenceNode

Schema = Mapping[str, Any]

# Neither 012 nor 1e3 nor 1_000; and short enough to be an age or a count.
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,8})", re.ASCII)
_ANYTHING: Mapping[str, Any] = {}
_BOOLEAN: Mapping[str, bool] = {"true": True, "false": False}


def value(node: Node, schema: Schema, root: Schema) -> Any:
    """What the node is to a JSON Schema validator: str, int, bool, list or dict."""
    return _Plain(root).value(node, schema)


class _Plain:
    """Trees as JSON values. Thousands of users have one schema: which of it fits a kind of node is found once."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._fitting: dict[tuple[int, type[Node]], Schema] = {}  # by the schema's identity: it lives on in root

    def value(self, node: Node, schema: Schema) -> Any:
        key = id(schema), type(node)
        fits = self._fitting.get(key)
        if fits is None:
            fits = self._fitting[key] = fitting(node, schema, self._root)
        if isinstance(node, ScalarNode):
            return _scalar(node, fits)
        if isinstance(node, SequenceNode):
            items = fits.get("items", _ANYTHING)
            return [self.value(each, items) for each in node.nodes]
        known, others = fits.get("properties", _ANYTHING), fits.get("additionalProperties") or _ANYTHING
        return {key: self.value(entry.node, known.get(key, others)) for key, entry in node.entries.items()}


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
    if kind == "string" or not node.plain:
        return node.value
    if kind == "integer" and _INTEGER.fullmatch(node.value):
        return int(node.value)
    return _BOOLEAN.get(node.value, node.value) if kind == "boolean" else node.value
