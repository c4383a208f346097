"""Explains why a file does not fit the schema; loaded only on such an error, because jsonschema is slow to import."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, cast

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from koding_audit.desired.messages import nearest_hint
from koding_audit.desired.values import Schema, matching_schema, plain_value
from koding_audit.io.text import quote_text, shorten_text
from koding_audit.io.yaml_nodes import MappingNode, ScalarNode, SequenceNode, YamlNode
from koding_audit.model.errors import InputError
from koding_audit.model.location import Location

_MAX_ERRORS = 1000  # a hostile file can have an error in every byte

_MAX_WORDS_NAMED = 12  # the most words that a message lists

_EMPTY_VALUES: Mapping[str, str] = {"array": "[]", "object": "{}"}
_TYPE_HINTS: Mapping[str, str] = {
    "array": "write it as a list: [{}]",
    "boolean": "write true or false, without quotes",
    "integer": "write it in digits, without quotes",
}


def explain_schema_error(root: MappingNode, schema: Schema) -> InputError:
    """Return the first error by its place in the file, but a wrong version first, and missing keys last."""
    ordered: Any = extend(Draft7Validator, {"additionalProperties": _additional_properties})  # type: ignore[no-untyped-call]
    errors = islice(ordered(schema).iter_errors(plain_value(root, schema, schema)), _MAX_ERRORS)
    located = [_LocatedError(leaf, root) for error in errors for leaf in _leaf_errors(error, root, schema)]
    return min(located, key=lambda each: each.rank).input_error()


def _additional_properties(validator: Any, others: Any, instance: Any, schema: Schema) -> Iterator[ValidationError]:
    """Check additional properties in order; jsonschema's own check goes through a set, in random order."""
    if not isinstance(instance, dict):
        return
    additional = [key for key in instance if key not in schema.get("properties", {})]
    if others:
        for key in additional:
            yield from validator.descend(instance[key], others, path=key)
    elif additional:
        yield ValidationError("unknown keys")


def _leaf_errors(error: ValidationError, root: MappingNode, schema: Schema) -> Iterator[ValidationError]:
    """Yield the error itself; for a union, the errors of the branch for this kind of node, if there is one."""
    if error.validator != "anyOf":
        yield error
        return
    node = _node_at(root, error.absolute_path)
    branches = [matching_schema(node, branch, schema) for branch in cast("list[Schema]", error.validator_value)]
    chosen = matching_schema(node, cast("Schema", error.schema), schema)
    inner = [each for each in error.context or () if branches[cast("int", each.schema_path[0])] is chosen]
    yield from inner or [error]


def _node_at(node: YamlNode, path: Iterable[str | int]) -> YamlNode:
    for step in path:
        if isinstance(step, str):
            node = cast("MappingNode", node).entries[step].node
        else:
            node = cast("SequenceNode", node).nodes[step]
    return node


class _LocatedError:
    """An error of the schema with its node; for an invalid name, that is the key."""

    def __init__(self, error: ValidationError, root: MappingNode) -> None:
        self.error = error
        self.schema = cast("Schema", error.schema)
        self.node = _node_at(root, error.absolute_path)
        path = [shorten_text(step) for step in error.absolute_path if isinstance(step, str)]
        if isinstance(self.node, MappingNode) and isinstance(error.instance, str):
            self.node = ScalarNode(error.instance, False, self.node.entries[error.instance].location)
        self.prefix = ".".join(path) + ": " if path else ""

    @property
    def source(self) -> Location:
        """The place of the error."""
        return self.node.location if self.unknown_key is None else self.unknown_key[1]

    @property
    def rank(self) -> tuple[bool, bool, Location]:
        """The sort key: a wrong version first, missing keys last, else by place."""
        version = list(self.error.absolute_path) == ["version"]
        return not version, self.error.validator == "required", self.source

    @property
    def unknown_key(self) -> tuple[str, Location] | None:
        """The first key that the schema does not know, if that is the error; else None."""
        if self.error.validator != "additionalProperties" or not isinstance(self.node, MappingNode):
            return None
        known = self.schema["properties"]
        return next((key, entry.location) for key, entry in self.node.entries.items() if key not in known)

    def input_error(self) -> InputError:
        """The error with a message and a hint."""
        message, hint = self._message_and_hint()
        return InputError(self.prefix + message, hint, self.source)

    def _message_and_hint(self) -> tuple[str, str]:
        limit: Any = self.error.validator_value
        instance: Any = self.error.instance
        match self.error.validator:
            case "additionalProperties":
                key = self.unknown_key[0] if self.unknown_key else ""
                return f"unknown key {quote_text(key)}", nearest_hint(key, self.schema["properties"], "keys here")
            case "required":
                key = next(each for each in limit if each not in instance)
                return f"the key `{key}` is missing", _hint_text(self.schema["properties"][key]["description"])
            case "enum" if not self._is_empty() and len(limit) > 1:
                known = self.schema["title"] if len(limit) > _MAX_WORDS_NAMED else f"one of {', '.join(limit)}"
                return f"{self._quoted_instance()} is not {known}", nearest_hint(str(instance), limit, "words here")
            case "enum" if not self._is_empty():
                return (
                    f"expected {self.schema['title']}, found {self._quoted_instance()}",
                    self._description_hint(),
                )
            case "pattern" | "maxLength" if not self._is_empty():
                return f"{self._quoted_instance()} is not {self.schema['title']}", self.schema["patternErrorMessage"]
            case "minimum" | "maximum":
                return f"{self._quoted_instance()} is not {self.schema['title']}", self._description_hint()
            case _:
                return self._wrong_kind_message()

    def _wrong_kind_message(self) -> tuple[str, str]:
        node, wanted = self.node, self.schema.get("type", "")
        title = f"one of {', '.join(self._allowed_words())}" if self._allowed_words() else self.schema["title"]
        message = f"expected {title}, found {_describe_node(node)}"
        if self._is_empty():
            return message, f"write {_EMPTY_VALUES.get(wanted, 'a value')}, or remove the key"
        if isinstance(node, ScalarNode) and wanted in _TYPE_HINTS:
            return message, _TYPE_HINTS[wanted].format(shorten_text(node.value))
        return message, self._description_hint()

    def _allowed_words(self) -> list[str]:
        words = self.schema.get("enum", [])
        return words if 1 < len(words) <= _MAX_WORDS_NAMED else []

    def _description_hint(self) -> str:
        about = self.schema.get("description") or self.schema.get("patternErrorMessage")
        return _hint_text(about or "run `koding-audit schema` to see the complete format")

    def _is_empty(self) -> bool:
        return isinstance(self.node, ScalarNode) and self.node.is_empty

    def _quoted_instance(self) -> str:
        return quote_text(str(self.error.instance))


def _describe_node(node: YamlNode) -> str:
    if isinstance(node, ScalarNode):
        return "an empty value" if node.is_empty else "text"
    if isinstance(node, SequenceNode):
        return "a list" if node.nodes else "an empty list"
    return f"a mapping of {len(node.entries)}" if node.entries else "an empty mapping"


def _hint_text(description: str) -> str:
    return description.removesuffix(".")
