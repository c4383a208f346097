"""A script in YAML -> a tree of nodes; any text may stand in it, and nothing that expands or repeats."""

from __future__ import annotations

import re

import yaml

from koding_audit.desired.nodes import Node, ScalarNode
from koding_audit.desired.reading import Tree, events_of, not_yaml
from koding_audit.errors import InputError
from koding_audit.model import Source
from koding_audit.stack.limits import DEEPEST

# All but YAML's c-printable (yaml.org/spec/1.1, 5.1).
_NO_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def read_yaml(text: str, path: str) -> Node:
    """The only document's node; an empty text for an empty file. Raises InputError with line and column."""
    try:
        return _document(text, path)
    except yaml.reader.ReaderError as error:
        raise _unprintable(text, path) from error
    except yaml.YAMLError as error:
        raise not_yaml(error, text, path, DEEPEST) from error


class _Script(Tree):
    """The desired state's reader, but for what a text may hold: scripts of several lines stand in user_data."""

    deepest = DEEPEST

    def check_text(self, event: yaml.ScalarEvent) -> None:
        """Every text is one: it is never shown."""


def _unprintable(text: str, path: str) -> InputError:
    """A character that YAML does not take; one parser counts it in bytes, the other in letters."""
    found = _NO_YAML.search(text)
    at = found.start() if found else 0
    where = Source(path, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
    return InputError(
        f"the character U+{ord(text[at]):04X} cannot stand in YAML", "remove it, or write it as an escape", where
    )


def _document(text: str, path: str) -> Node:
    events = events_of(text)
    next(events)  # the stream's own start
    tree = _Script(path, events)
    if isinstance(next(events), yaml.StreamEndEvent):
        return ScalarNode("", True, Source(path, 1, 1))
    root = tree.node(next(events), 1)
    next(events)  # the document's end
    after = next(events)
    if not isinstance(after, yaml.StreamEndEvent):
        raise InputError("a second YAML document is not allowed", "write each into its own file", tree.source(after))
    return root
