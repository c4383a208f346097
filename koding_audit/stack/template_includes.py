"""Puts the files that `AWS::Include` names into a template, where they lie beside it."""

from __future__ import annotations

import os
from collections.abc import Callable

from koding_audit.io.yaml_nodes import MappingEntry, MappingNode, ScalarNode, SequenceNode, YamlNode

INCLUDE = "AWS::Include"
_TRANSFORM = "Fn::Transform"


def include_files(root: MappingNode, read_local: Callable[[str], YamlNode | None]) -> MappingNode:
    """Returns a template with its included files; an include that cannot be read stays as it is.

    read_local: the node of a local file that a template names, None if there is no such file
    """
    found = _include(root, read_local)
    top = root.node("Transform")
    for each in top.nodes if isinstance(top, SequenceNode) else (top,):
        included = _included_node(each, read_local)
        if included is not None and isinstance(found, MappingNode):
            found = _merge(found, included)
    return found if isinstance(found, MappingNode) else root


def local_path(text: str, beside: str) -> str | None:
    """Returns the path of a file that a template names, relative to the template; None for a URL or no file."""
    if not text or "://" in text or os.path.isabs(text):  # noqa: PTH117 - a text, perhaps not a path
        return None
    path = os.path.normpath(os.path.join(os.path.dirname(beside), text))  # noqa: PTH118, PTH120 - as above
    try:
        return path if os.path.isfile(path) else None  # noqa: PTH113 - as above
    except ValueError:  # a null character
        return None


def _include(node: YamlNode, read_local: Callable[[str], YamlNode | None]) -> YamlNode:
    if isinstance(node, SequenceNode):
        return SequenceNode(tuple(_include(each, read_local) for each in node.nodes), node.location)
    if isinstance(node, ScalarNode):
        return node
    entries: dict[str, MappingEntry] = {}
    included = None
    for name, entry in node.entries.items():
        found = _included_node(entry.node, read_local) if name == _TRANSFORM else None
        if found is None:
            entries[name] = MappingEntry(entry.location, _include(entry.node, read_local))
        else:
            included = found
    made = MappingNode(entries, node.location)
    if included is None:
        return made
    return _merge(made, included) if entries or isinstance(included, MappingNode) else included


def _included_node(node: YamlNode | None, read_local: Callable[[str], YamlNode | None]) -> YamlNode | None:
    if not isinstance(node, MappingNode) or not _is_text(node.node("Name"), INCLUDE):
        return None
    parameters = node.node("Parameters")
    location = parameters.node("Location") if isinstance(parameters, MappingNode) else None
    return read_local(location.value) if isinstance(location, ScalarNode) else None


def _is_text(node: YamlNode | None, text: str) -> bool:
    return isinstance(node, ScalarNode) and node.value == text


def _merge(node: MappingNode, included: YamlNode) -> MappingNode:
    """Returns a mapping with the entries of another one, and those of its sections."""
    if not isinstance(included, MappingNode):
        return node
    entries = dict(node.entries)
    for name, entry in included.entries.items():
        own = entries[name].node if name in entries else None
        entries[name] = MappingEntry(entry.location, _merge(own, entry.node)) if isinstance(own, MappingNode) else entry
    return MappingNode(entries, node.location)
