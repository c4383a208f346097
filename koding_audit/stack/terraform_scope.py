"""The values of one Terraform module: variables, locals, outputs of the modules that it calls, and instance keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from koding_audit.io.yaml_nodes import MappingEntry, MappingNode, ScalarNode, SequenceNode, YamlNode
from koding_audit.stack.expressions import OPEN, OpenValue, evaluate_template, split_template, text_of_value

_NAMES = ("var", "local", "each", "count", "module")
# The rest are references to resources, which stay as they are in the root module.
_MAY_BE_KNOWN = re.compile(r"\b(?:var|local|each|count|module)\b|[?(\"]|[$]{\s*[0-9]")
_INSTANCE = re.compile(r"\b(?:each\.(?:key|value)|count\.index)\b")
_OWN_ADDRESS = re.compile(r"(?<![\w.-])((?:data\.)?aws_[a-z0-9_]+\.[A-Za-z0-9_-]+)")
_DEEPEST = 12  # levels of values that refer to values


@dataclass(frozen=True)
class Instance:
    """One instance of a resource with `count` or `for_each`.

    key: as in its address, `0` or `"a"`; "" if it is the only one
    values: of `each.key`, `each.value` and `count.index`
    """

    key: str = ""
    values: Mapping[tuple[str, ...], object] = field(default_factory=dict)


ONLY = Instance()


@dataclass
class ModuleScope:
    """Resolves the names of a module.

    prefix: of its addresses, `module.net.`, "" for the root module
    variables: the values of its variables, as the call gives them or by their defaults; in the caller's terms
    locals: the nodes of its locals
    outputs: the values of the modules that it calls, by `module.NAME.OUTPUT`
    """

    prefix: str
    variables: Mapping[str, object]
    locals: Mapping[str, YamlNode]
    outputs: dict[tuple[str, str], object] = field(default_factory=dict)
    _values: dict[str, object] = field(default_factory=dict)
    _depth: int = 0

    def look_up(self, names: tuple[str, ...], instance: Instance = ONLY) -> object:
        """Returns the value of a name; an OpenValue if it is not known."""
        kind, name = names
        if kind == "var":
            return self.variables.get(name, OPEN)
        if kind == "local":
            return self._local(name)
        if kind in ("each", "count"):
            return instance.values.get(names, OPEN)
        if kind == "module":
            found = {output: value for (module, output), value in self.outputs.items() if module == name}
            return found or OpenValue(f"{self.prefix}module.{name}")
        return OpenValue(f"{self.prefix}{kind}.{name}") if kind == "data" or kind.startswith("aws_") else OPEN

    def value_of(self, node: YamlNode | None, instance: Instance = ONLY) -> object:
        """Returns the value of a node: None, bool, number, str, list, dict, or an OpenValue."""
        if node is None:
            return OPEN
        if isinstance(node, MappingNode):
            return {key: self.value_of(entry.node, instance) for key, entry in node.entries.items()}
        if isinstance(node, SequenceNode):
            return [self.value_of(each, instance) for each in node.nodes]
        if "${" in node.value or "%{" in node.value:
            return evaluate_template(node.value, lambda names: self.look_up(names, instance))
        return _plain_value(node)

    def evaluate(self, node: YamlNode, instance: Instance = ONLY) -> YamlNode:
        """Returns a node with its interpolations replaced by their values, as far as these are known."""
        if isinstance(node, ScalarNode):
            return self._evaluate_scalar(node, instance) if "${" in node.value else node
        if isinstance(node, SequenceNode):
            nodes = tuple(self.evaluate(each, instance) for each in node.nodes)
            return node if all(map(_is, nodes, node.nodes)) else SequenceNode(nodes, node.location)
        return self.evaluate_body(node, instance)

    def evaluate_body(self, body: MappingNode, instance: Instance = ONLY) -> MappingNode:
        """Returns the same for a mapping; the same object if it has nothing to replace."""
        changed = {}
        for name, entry in body.entries.items():
            node = self.evaluate(entry.node, instance)
            if node is not entry.node:
                changed[name] = MappingEntry(entry.location, node)
        return MappingNode({**body.entries, **changed}, body.location) if changed else body

    def _evaluate_scalar(self, node: ScalarNode, instance: Instance) -> YamlNode:
        if not (self.prefix or _MAY_BE_KNOWN.search(node.value)):
            return node
        value = self.value_of(node, instance)
        if not isinstance(value, OpenValue):
            return scope_node(value, node)
        if value.text:
            return ScalarNode(f"${{{value.text}}}", False, node.location)
        return ScalarNode("".join(self._open_parts(node.value, instance)), False, node.location)

    def _open_parts(self, text: str, instance: Instance) -> list[str]:
        """Returns the parts of a text; what stays open has the addresses of the root module."""
        found = []
        for part, inside in split_template(text):
            value = evaluate_template(f"${{{part}}}", lambda names: self.look_up(names, instance)) if inside else part
            if not inside:
                found.append(part.replace("${", "$${"))
            elif isinstance(value, OpenValue):
                found.append(f"${{{value.text or self._rewrite(part, instance)}}}")
            elif isinstance(value, (list, dict)):
                found.append(f"${{{self._rewrite(part, instance)}}}")
            else:
                found.append(text_of_value(value))
        return found

    def _rewrite(self, expression: str, instance: Instance) -> str:
        keyed = _INSTANCE.sub(lambda each: _quoted_key(instance, each[0]), expression)
        return _OWN_ADDRESS.sub(rf"{self.prefix}\1", keyed) if self.prefix else keyed

    def _local(self, name: str) -> object:
        if name not in self._values:
            if name not in self.locals or self._depth > _DEEPEST:
                return OPEN
            self._depth += 1
            self._values[name] = self.value_of(self.locals[name])
            self._depth -= 1
        return self._values[name]


def scope_node(value: object, place: YamlNode) -> YamlNode:
    """Returns the node of a value, at the place of the node that it replaces."""
    if isinstance(value, dict):
        entries = {key: MappingEntry(place.location, scope_node(each, place)) for key, each in value.items()}
        return MappingNode(entries, place.location)
    if isinstance(value, list):
        return SequenceNode(tuple(scope_node(each, place) for each in value), place.location)
    if isinstance(value, OpenValue):
        return ScalarNode(f"${{{value.text or 'unknown'}}}", False, place.location)
    return ScalarNode(text_of_value(value), not isinstance(value, str), place.location)


def _plain_value(node: ScalarNode) -> object:
    """Returns the value of a scalar without interpolations."""
    if not node.is_plain:
        return node.value
    if node.value in ("true", "false"):
        return node.value == "true"
    if node.value in ("", "null", "~"):
        return None
    return int(node.value) if re.fullmatch(r"-?[0-9]{1,15}", node.value) else node.value


def _quoted_key(instance: Instance, name: str) -> str:
    value = instance.values.get(tuple(name.split(".")))
    return (
        name
        if value is None or isinstance(value, (list, dict))
        else f'"{value}"'
        if isinstance(value, str)
        else str(value)
    )


def _is(first: object, second: object) -> bool:
    return first is second
