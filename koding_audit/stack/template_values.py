"""Values of a template as nodes and as plain Python values, and the arguments of its functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from koding_audit.io.yaml_nodes import MappingEntry, MappingNode, ScalarNode, SequenceNode, YamlNode
from koding_audit.model.location import Location
from koding_audit.stack.open_text import escape_literal, open_text

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_FRACTION = re.compile(r"-?[0-9]{1,17}\.[0-9]{1,17}")
_PLAIN_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "": None, "null": None, "~": None}
_MOST_SUBNETS = 256  # docs.aws.amazon.com: the count of Fn::Cidr is from 1 to 256


def function_arguments(node: YamlNode, most: int) -> tuple[YamlNode | None, ...]:
    """Returns as many arguments of a function as it can have, None for those that are not given."""
    found = node.nodes[:most] if isinstance(node, SequenceNode) else (node,)
    return (*found, *(None for _ in range(most - len(found))))


def open_node(name: str, location: Location) -> ScalarNode:
    """Returns the node of a value that is not known."""
    return ScalarNode(open_text(name), False, location)


def text_list(texts: Iterable[str], location: Location) -> SequenceNode:
    """Returns a list of literal texts."""
    return SequenceNode(tuple(ScalarNode(escape_literal(each), False, location) for each in texts), location)


def python_value(node: YamlNode) -> object:
    """Returns a node as Python's JSON value: a scalar without quotes is a number, a boolean or null if it is one."""
    if isinstance(node, MappingNode):
        return {name: python_value(entry.node) for name, entry in node.entries.items()}
    if isinstance(node, SequenceNode):
        return [python_value(each) for each in node.nodes]
    if not node.is_plain:
        return node.value
    if node.value in _PLAIN_WORDS:
        return _PLAIN_WORDS[node.value]
    if _NUMBER.fullmatch(node.value):
        return int(node.value)
    return float(node.value) if _FRACTION.fullmatch(node.value) else node.value


def node_of_value(value: object, location: Location) -> YamlNode:
    """Returns the node of a JSON value, with one place for all of it."""
    if isinstance(value, Mapping):
        entries = {str(name): MappingEntry(location, node_of_value(each, location)) for name, each in value.items()}
        return MappingNode(entries, location)
    if isinstance(value, list | tuple):
        return SequenceNode(tuple(node_of_value(each, location) for each in value), location)
    if isinstance(value, str):
        return ScalarNode(value, False, location)
    plain = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return ScalarNode(plain, True, location)


def is_same_text(first: YamlNode, second: YamlNode) -> bool:
    """Whether two nodes are the same text."""
    return isinstance(first, ScalarNode) and isinstance(second, ScalarNode) and first.value == second.value


def is_same_value(first: YamlNode | None, second: YamlNode | None) -> bool:
    """Whether two nodes are the same text, or lists of the same texts."""
    if isinstance(first, SequenceNode) and isinstance(second, SequenceNode):
        pairs = zip(first.nodes, second.nodes, strict=False)
        return len(first.nodes) == len(second.nodes) and all(is_same_text(one, other) for one, other in pairs)
    return first is not None and second is not None and is_same_text(first, second)


def subnets(block: str, count: str, bits: str) -> list[str]:
    """Returns the blocks of `Fn::Cidr`, [] if its arguments are not valid."""
    import ipaddress  # noqa: PLC0415 - few templates use it

    if not (count.isdecimal() and bits.isdecimal() and 1 <= int(count[:4]) <= _MOST_SUBNETS):
        return []
    try:
        network = ipaddress.ip_network(block, strict=False)
        found = network.subnets(new_prefix=network.max_prefixlen - int(bits[:4]))
        return [str(each) for each, _ in zip(found, range(int(count)), strict=False)]
    except ValueError:
        return []
