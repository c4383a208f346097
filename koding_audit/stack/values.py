"""Whether an argument's value is set, as far as the script says it."""

from __future__ import annotations

from koding_audit.io.yaml_nodes import MappingNode, ScalarNode, SequenceNode, YamlNode
from koding_audit.stack.references import can_be_null, is_interpolated

_NULL_TEXTS = frozenset({"", "false", "null", "~"})


def is_value_set(node: YamlNode, value: str | None = None) -> bool | None:
    """Returns whether a value is set: None if not, False if it depends on a value that the script does not say.

    value: a text; then whether the value is that text, or a list that has it.
    """
    if isinstance(node, SequenceNode) and value is not None:
        return max((each for one in node.nodes if (each := is_value_set(one, value)) is not None), default=None)
    if not isinstance(node, ScalarNode):
        return True if value is None and _has_content(node) else None
    text = node.value.strip()
    if value is not None:
        return text == value or (False if is_interpolated(text) else None)
    if text in _NULL_TEXTS:
        return None
    return not can_be_null(text)


def _has_content(node: MappingNode | SequenceNode) -> bool:
    return bool(node.entries if isinstance(node, MappingNode) else node.nodes)
