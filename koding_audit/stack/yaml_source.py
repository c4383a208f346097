"""A script in YAML -> a tree of nodes; any text may stand in it, and nothing that expands or repeats."""

from __future__ import annotations

import re

import yaml

from koding_audit.io.yaml_nodes import ScalarNode, YamlNode
from koding_audit.io.yaml_reader import TreeBuilder, yaml_events, yaml_syntax_error
from koding_audit.model.errors import InputError
from koding_audit.model.location import Location
from koding_audit.stack.limits import DEEPEST

# All but YAML's c-printable (yaml.org/spec/1.1, 5.1).
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def read_yaml_script(text: str, path: str) -> YamlNode:
    """The only document's node; an empty text for an empty file. Raises InputError with line and column."""
    try:
        return _read_document(text, path)
    except yaml.reader.ReaderError as error:
        raise _unprintable_error(text, path) from error
    except yaml.YAMLError as error:
        raise yaml_syntax_error(error, text, path, DEEPEST) from error


class _ScriptTree(TreeBuilder):
    """The desired state's reader, but for what a text may hold: scripts of several lines stand in user_data."""

    max_depth = DEEPEST

    def check_text(self, event: yaml.ScalarEvent) -> None:
        """Every text is one: it is never shown."""


def _unprintable_error(text: str, path: str) -> InputError:
    """A character that YAML does not take; one parser counts it in bytes, the other in letters."""
    found = _UNPRINTABLE.search(text)
    at = found.start() if found else 0
    where = Location(path, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
    return InputError(
        f"the character U+{ord(text[at]):04X} cannot stand in YAML", "remove it, or write it as an escape", where
    )


def _read_document(text: str, path: str) -> YamlNode:
    events = yaml_events(text)
    next(events)  # the stream's own start
    tree = _ScriptTree(path, events)
    if isinstance(next(events), yaml.StreamEndEvent):
        return ScalarNode("", True, Location(path, 1, 1))
    root = tree.build_node(next(events), 1)
    next(events)  # the document's end
    after = next(events)
    if not isinstance(after, yaml.StreamEndEvent):
        raise InputError(
            "a second YAML document is not allowed", "write each into its own file", tree.event_source(after)
        )
    return root
