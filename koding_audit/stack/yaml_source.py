"""Reads a stack script in YAML into a tree of nodes, without aliases or merge keys; any text is allowed.

A short tag of a template, `!Sub text`, becomes the function that it stands for: `Fn::Sub: text`.
"""

from __future__ import annotations

import copy
import re
from typing import Any

import yaml

from koding_audit.io.yaml_nodes import MappingEntry, MappingNode, ScalarNode, YamlNode
from koding_audit.io.yaml_reader import TreeBuilder, yaml_events, yaml_syntax_error
from koding_audit.model.errors import InputError
from koding_audit.model.location import Location
from koding_audit.stack.limits import DEEPEST
from koding_audit.stack.template import is_template

# Every character that is not c-printable in YAML (yaml.org/spec/1.1, 5.1).
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


_SHORT_TAG = re.compile(r"!([A-Za-z][A-Za-z0-9:]*)")
_WHOLE_NAMES = frozenset({"Ref", "Condition"})  # all other functions have names with `Fn::`


def read_yaml_script(text: str, path: str) -> YamlNode:
    """Returns the node of the only document, an empty scalar for an empty file. Raises InputError with the place."""
    try:
        return _read_document(text, path)
    except yaml.reader.ReaderError as error:
        raise _unprintable_error(text, path) from error
    except yaml.YAMLError as error:
        raise yaml_syntax_error(error, text, path, DEEPEST) from error


class _ScriptTree(TreeBuilder):
    """Builds the tree as for a desired state, but allows any text: `user_data` can contain a whole program.

    first_tagged: the first event that had a short tag
    """

    max_depth = DEEPEST
    first_tagged: yaml.Event | None = None

    def build_marked_node(self, event: Any, depth: int) -> YamlNode:
        """Builds the function that a short tag stands for. Raises InputError for other tags, anchors and aliases."""
        found = _SHORT_TAG.fullmatch(getattr(event, "tag", None) or "")
        if found is None or event.anchor is not None:
            self.refuse_anchor_or_tag(event)
        if self.first_tagged is None:
            self.first_tagged = copy.copy(event)
        event.tag = None
        inner = self.build_node(event, depth)
        name = found[1] if found[1] in _WHOLE_NAMES else f"Fn::{found[1]}"
        return MappingNode({name: MappingEntry(inner.location, inner)}, inner.location)

    def check_text(self, event: yaml.ScalarEvent) -> None:
        """Accepts every text, because no message shows it."""


def _unprintable_error(text: str, path: str) -> InputError:
    """Returns the error for a character that YAML does not allow; the parsers disagree on its position."""
    found = _UNPRINTABLE.search(text)
    at = found.start() if found else 0
    where = Location(path, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
    return InputError(
        f"YAML does not allow the character U+{ord(text[at]):04X}", "remove it, or write it as an escape", where
    )


def _read_document(text: str, path: str) -> YamlNode:
    next_event = yaml_events(text)
    next_event()  # the start of the stream
    tree = _ScriptTree(path, next_event)
    if isinstance(next_event(), yaml.StreamEndEvent):
        return ScalarNode("", True, Location(path, 1, 1))
    root = tree.build_node(next_event(), 1)
    if tree.first_tagged is not None and not is_template(root):
        tree.refuse_anchor_or_tag(tree.first_tagged)
    next_event()  # the end of the document
    after = next_event()
    if not isinstance(after, yaml.StreamEndEvent):
        raise InputError(
            "a second YAML document is not allowed", "write each document to its own file", tree.event_source(after)
        )
    return root
