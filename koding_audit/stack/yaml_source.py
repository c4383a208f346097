"""Reads a stack script in YAML into a tree of nodes, without aliases or merge keys; any text is allowed."""

from __future__ import annotations

import re

import yaml

from koding_audit.io.yaml_nodes import ScalarNode, YamlNode
from koding_audit.io.yaml_reader import TreeBuilder, yaml_events, yaml_syntax_error
from koding_audit.model.errors import InputError
from koding_audit.model.location import Location
from koding_audit.stack.limits import DEEPEST

# Every character that is not c-printable in YAML (yaml.org/spec/1.1, 5.1).
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def read_yaml_script(text: str, path: str) -> YamlNode:
    """Returns the node of the only document, an empty scalar for an empty file. Raises InputError with the place."""
    try:
        return _read_document(text, path)
    except yaml.reader.ReaderError as error:
        raise _unprintable_error(text, path) from error
    except yaml.YAMLError as error:
        raise yaml_syntax_error(error, text, path, DEEPEST) from error


class _ScriptTree(TreeBuilder):
    """Builds the tree as for a desired state, but allows any text: `user_data` can contain a whole program."""

    max_depth = DEEPEST

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
    next_event()  # the end of the document
    after = next_event()
    if not isinstance(after, yaml.StreamEndEvent):
        raise InputError(
            "a second YAML document is not allowed", "write each document to its own file", tree.event_source(after)
        )
    return root
