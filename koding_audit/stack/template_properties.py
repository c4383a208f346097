"""Whether a template sets a property, or gives it a value: the conditions of a row's actions."""

from __future__ import annotations

import re

from koding_audit.io.yaml_nodes import MappingNode, ScalarNode, SequenceNode, YamlNode
from koding_audit.stack.template import properties_at

_OPEN = re.compile(r"(?<!\$)\$\{")  # `$${` is a literal text


def holds(condition: str, body: YamlNode) -> bool | None:
    """Whether a row's condition holds for a resource: None if it does not, False if that is not known.

    condition: `Property`, `Property=value` or `!Property`, several with `&` between them; "" always holds
    """
    found: list[bool | None] = [_holds_part(each, body) for each in condition.split("&")] if condition else [True]
    return None if None in found else all(found)


def _holds_part(condition: str, body: YamlNode) -> bool | None:
    if condition.startswith("!"):
        state = _is_set(condition[1:], None, body)
        return {None: True, False: False, True: None}[state]
    path, equals, value = condition.partition("=")
    return _is_set(path, value if equals else None, body)


def _is_set(path: str, value: str | None, body: YamlNode) -> bool | None:
    found = [_is_value(node, value, certain=certain) for node, certain in properties_at(body, path)]
    return max((each for each in found if each is not None), default=None)


def _is_value(node: YamlNode, value: str | None, *, certain: bool) -> bool | None:
    if isinstance(node, MappingNode):
        return certain if value is None and node.entries else None
    if isinstance(node, SequenceNode):
        return certain if value is None and node.nodes else None
    return _is_text(node, value, certain=certain)


def _is_text(node: ScalarNode, value: str | None, *, certain: bool) -> bool | None:
    if value is None:
        return None if node.is_empty else certain
    if node.value.lower() == value.lower():
        return certain
    return False if _OPEN.search(node.value) else None
