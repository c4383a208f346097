"""Whether the nodes of a file fit a JSON Schema, for the keywords that our schemas use.

It says the same as jsonschema of the plain values, in a thirtieth of its time, because each part of the schema becomes
a function when a node is first compared with it. schema_errors.py explains what does not fit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import inf
from typing import Any

from koding_audit.desired.values import BOOLEANS, INTEGER, Schema, resolve_schema
from koding_audit.io.yaml_nodes import MappingNode, ScalarNode, SequenceNode, YamlNode

_Fits = Callable[[Any], object]
"""Whether a node, or a text, fits; its truth counts."""


def fits_schema(node: YamlNode, schema: Schema) -> bool:
    """Whether a node fits a schema. Each branch of a union must be for another kind of node."""
    return bool(_Parts(schema).part(schema)(node))


class _Parts:
    """The functions of the parts of a schema, each made once."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._made: dict[int, _Fits] = {}  # by the identity of the part, which lives on in root

    def part(self, schema: Schema) -> _Fits:
        schema = resolve_schema(schema, self._root)
        fits = self._made.get(id(schema))
        if fits is None:
            fits = self._made[id(schema)] = self._union(schema["anyOf"]) if "anyOf" in schema else self._kind(schema)
        return fits

    def _union(self, branches: Sequence[Schema]) -> _Fits:
        parts = [self.part(each) for each in branches]
        return lambda node: any(fits(node) for fits in parts)

    def _kind(self, schema: Schema) -> _Fits:
        match schema["type"]:
            case "object":
                return self._mapping(schema)
            case "array":
                return self._sequence(schema)
            case "integer":
                return _number(schema)
            case "boolean":
                return lambda node: type(node) is ScalarNode and node.is_plain and node.value in BOOLEANS
            case _:
                text = _text(schema)
                return lambda node: type(node) is ScalarNode and text(node.value)

    def _sequence(self, schema: Schema) -> _Fits:
        item, least = self.part(schema["items"]), schema.get("minItems", 0)

        def fits(node: YamlNode) -> bool:
            return type(node) is SequenceNode and len(node.nodes) >= least and all(map(item, node.nodes))

        return fits

    def _mapping(self, schema: Schema) -> _Fits:
        known, required = schema.get("properties", {}), frozenset(schema.get("required", ()))
        others = self.part(schema["additionalProperties"]) if schema["additionalProperties"] else _fits_nothing
        name = _text(resolve_schema(schema["propertyNames"], self._root)) if "propertyNames" in schema else None
        least, most = schema.get("minProperties", 0), schema.get("maxProperties", inf)
        made: dict[str, _Fits] = {}  # by key: a file uses few of them

        def fits(node: YamlNode) -> bool:
            if type(node) is not MappingNode:
                return False
            entries = node.entries
            if not least <= len(entries) <= most or not required <= entries.keys():
                return False
            for key, entry in entries.items():
                value = made.get(key)
                if value is None:
                    value = made.setdefault(key, self.part(known[key])) if key in known else others
                if not value(entry.node):
                    return False
            return name is None or all(map(name, entries))

        return fits


def _fits_nothing(_: YamlNode) -> bool:
    return False


def _number(schema: Schema) -> _Fits:
    least, most = schema.get("minimum", -inf), schema.get("maximum", inf)
    words = schema.get("enum")

    def fits(node: YamlNode) -> bool:
        if type(node) is not ScalarNode or not node.is_plain or not INTEGER.fullmatch(node.value):
            return False
        number = int(node.value)
        return least <= number <= most and (words is None or number in words)

    return fits


def _text(schema: Schema) -> _Fits:
    """Whether a text fits: most parts have one test, and the few others all of theirs."""
    tests: list[_Fits] = []
    if "enum" in schema:
        tests.append(frozenset(schema["enum"]).__contains__)
    if "minLength" in schema or "maxLength" in schema:
        least, most = schema.get("minLength", 0), schema.get("maxLength", inf)
        tests.append(lambda text: least <= len(text) <= most)
    if "pattern" in schema:
        tests.append(re.compile(schema["pattern"]).search)
    return tests[0] if len(tests) == 1 else lambda text: all(test(text) for test in tests)
