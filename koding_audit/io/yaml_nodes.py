"""The nodes of a YAML file; every node has its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from itertools import chain
from typing import Any, NamedTuple

from koding_audit.model.frozen import dataclass
from koding_audit.model.location import Location, SourceFile


class ScalarNode(NamedTuple):
    """One text.

    value: the text.
    is_plain: whether it has no quotes.
    location: its place.
    """

    value: str
    is_plain: bool
    location: Location

    @property
    def is_empty(self) -> bool:
        """Whether there is no text at all, as after `members:`."""
        return self.is_plain and not self.value


class SequenceNode(NamedTuple):
    """A list."""

    nodes: tuple[YamlNode, ...]
    location: Location


class MappingEntry(NamedTuple):
    """One entry of a mapping.

    location: the place of its key.
    node: its value.
    """

    location: Location
    node: YamlNode


class MappingNode(NamedTuple):
    """A mapping in the order of the file. The methods rely on the schema for the types of the values.

    They use Any instead of cast, which costs time: a dozen keys of each of thousands of users are read.
    """

    entries: Mapping[str, MappingEntry]
    location: Location

    def node(self, key: str) -> YamlNode | None:
        """The value of a key; None if there is no such key."""
        entry = self.entries.get(key)
        return entry.node if entry else None

    def scalar(self, key: str) -> ScalarNode | None:
        """The same for a value that is a text."""
        entry: Any = self.entries.get(key)
        return entry.node if entry else None

    def scalars(self, key: str) -> tuple[ScalarNode, ...]:
        """The texts of a list; () if there is no such key."""
        entry: Any = self.entries.get(key)
        return entry.node.nodes if entry else ()

    def mappings(self, key: str) -> Iterator[tuple[str, Location, MappingNode]]:
        """Name, place of the name, and value of each entry of a mapping of mappings; none without the key."""
        node: Any = self.node(key)
        return ((name, entry.location, entry.node) for name, entry in node.entries.items()) if node else iter(())

    def text(self, key: str) -> str:
        """The text of a key; "" if there is no such key."""
        entry: Any = self.entries.get(key)
        return entry.node.value if entry else ""

    def is_true(self, key: str) -> bool:
        """Whether the value of a key is `true`."""
        return self.text(key) == "true"


YamlNode = ScalarNode | SequenceNode | MappingNode


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A YAML file.

    source_file: its path and hash.
    identity: device and inode, to detect two names of one file.
    root: its mapping.
    documents: the JSON files that it names, as JSON with sorted keys, by the name in the file.
    """

    source_file: SourceFile
    identity: tuple[int, int]
    root: MappingNode
    documents: Mapping[str, str] = field(default_factory=dict)


def mappings_of_files(files: Sequence[YamlFile], key: str) -> Iterator[tuple[str, Location, MappingNode]]:
    """The name, the place of the name, and the value of each entry under a top-level key, in all files."""
    return chain.from_iterable(file.root.mappings(key) for file in files)
