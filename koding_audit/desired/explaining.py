"""Why a file does not fit the schema, in words: loaded only when it does not, for jsonschema is slow to import."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, cast

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from koding_audit.desired.nodes import MappingNode, Node, ScalarNode, SequenceNode
from koding_audit.desired.values import Schema, fitting
from koding_audit.desired.wording import nearest, short, shown
from koding_audit.errors import InputError
from koding_audit.model import Source

_MOST = 1000  # a hostile file can have an error in every byte

_MANY_WORDS = 12  # more than a message names

_TO_WRITE: Mapping[str, str] = {"array": "[]", "object": "{}"}
_IN_ITS_PLACE: Mapping[str, str] = {
    "array": "write it as a list: [{}]",
    "boolean": "write true or false, without quotes",
    "integer": "write it in digits, without quotes",
}


def explain(root: MappingNode, value: Any, schema: Schema) -> InputError:
    """The first error by its place in the file; but the version goes first, and a missing key last."""
    ordered: Any = extend(Draft7Validator, {"additionalProperties": _additional_properties})  # type: ignore[no-untyped-call]
    errors = islice(ordered(schema).iter_errors(value), _MOST)
    located = [_Located(leaf, root) for error in errors for leaf in _leaves(error, root, schema)]
    return min(located, key=lambda each: each.rank).worded()


def _additional_properties(validator: Any, others: Any, instance: Any, schema: Schema) -> Iterator[ValidationError]:
    """Jsonschema's own goes through a set, and so in another order in each run."""
    if not isinstance(instance, dict):
        return
    additional = [key for key in instance if key not in schema.get("properties", {})]
    if others:
        for key in additional:
            yield from validator.descend(instance[key], others, path=key)
    elif additional:
        yield ValidationError("unknown keys")


def _leaves(error: ValidationError, root: MappingNode, schema: Schema) -> Iterator[ValidationError]:
    """The error itself; of a union, those of the branch that is meant for this kind of node, if there is one."""
    if error.validator != "anyOf":
        yield error
        return
    node = _at(root, error.absolute_path)
    branches = [fitting(node, branch, schema) for branch in cast("list[Schema]", error.validator_value)]
    meant = fitting(node, cast("Schema", error.schema), schema)
    inner = [each for each in error.context or () if branches[cast("int", each.schema_path[0])] is meant]
    yield from inner or [error]


def _at(node: Node, path: Iterable[str | int]) -> Node:
    for step in path:
        if isinstance(step, str):
            node = cast("MappingNode", node).entries[step].node
        else:
            node = cast("SequenceNode", node).nodes[step]
    return node


class _Located:
    """An error of the schema with the node that it is about. A name that is wrong as a key is about the key."""

    def __init__(self, error: ValidationError, root: MappingNode) -> None:
        self.error = error
        self.schema = cast("Schema", error.schema)
        self.node = _at(root, error.absolute_path)
        path = [short(step) for step in error.absolute_path if isinstance(step, str)]
        if isinstance(self.node, MappingNode) and isinstance(error.instance, str):
            self.node = ScalarNode(error.instance, False, self.node.entries[error.instance].source)
        self.where = ".".join(path) + ": " if path else ""

    @property
    def source(self) -> Source:
        return self.node.source if self.unknown is None else self.unknown[1]

    @property
    def rank(self) -> tuple[bool, bool, Source]:
        version = list(self.error.absolute_path) == ["version"]
        return not version, self.error.validator == "required", self.source

    @property
    def unknown(self) -> tuple[str, Source] | None:
        """The first key that the schema does not know, where that is the error."""
        if self.error.validator != "additionalProperties" or not isinstance(self.node, MappingNode):
            return None
        known = self.schema["properties"]
        return next((key, entry.source) for key, entry in self.node.entries.items() if key not in known)

    def worded(self) -> InputError:
        message, hint = self._words()
        return InputError(self.where + message, hint, self.source)

    def _words(self) -> tuple[str, str]:
        limit: Any = self.error.validator_value
        instance: Any = self.error.instance
        match self.error.validator:
            case "additionalProperties":
                key = self.unknown[0] if self.unknown else ""
                return f"unknown key {shown(key)}", nearest(key, self.schema["properties"], "keys here")
            case "required":
                key = next(each for each in limit if each not in instance)
                return f"the key `{key}` is missing", _as_hint(self.schema["properties"][key]["description"])
            case "enum" if not self._is_empty() and len(limit) > _MANY_WORDS:
                return f"{self._shown()} is not {self.schema['title']}", nearest(str(instance), limit, "words here")
            case "enum" if not self._is_empty() and len(limit) > 1:
                return f"{self._shown()} is none of {', '.join(limit)}", nearest(str(instance), limit, "words here")
            case "enum" if not self._is_empty():
                return f"{self.schema['title']} is needed here, this is {self._shown()}", self._about()
            case "pattern" | "maxLength" if not self._is_empty():
                return f"{self._shown()} is not {self.schema['title']}", self.schema["patternErrorMessage"]
            case "minimum" | "maximum":
                return f"{self._shown()} is not {self.schema['title']}", self._about()
            case _:
                return self._another_kind()

    def _another_kind(self) -> tuple[str, str]:
        node, wanted = self.node, self.schema.get("type", "")
        title = f"one of {', '.join(self._words_allowed())}" if self._words_allowed() else self.schema["title"]
        message = f"{title} is needed here, this is {_kind(node)}"
        if self._is_empty():
            return message, f"write {_TO_WRITE.get(wanted, 'a value')}, or remove the key"
        if isinstance(node, ScalarNode) and wanted in _IN_ITS_PLACE:
            return message, _IN_ITS_PLACE[wanted].format(short(node.value))
        return message, self._about()

    def _words_allowed(self) -> list[str]:
        words = self.schema.get("enum", [])
        return words if 1 < len(words) <= _MANY_WORDS else []

    def _about(self) -> str:
        about = self.schema.get("description") or self.schema.get("patternErrorMessage")
        return _as_hint(about or "`koding-audit schema` prints the whole format")

    def _is_empty(self) -> bool:
        return isinstance(self.node, ScalarNode) and self.node.empty

    def _shown(self) -> str:
        return shown(str(self.error.instance))


def _kind(node: Node) -> str:
    if isinstance(node, ScalarNode):
        return "empty" if node.empty else "text"
    if isinstance(node, SequenceNode):
        return "a list" if node.nodes else "an empty list"
    return f"a mapping of {len(node.entries)}" if node.entries else "an empty mapping"


def _as_hint(description: str) -> str:
    return description.removesuffix(".")
