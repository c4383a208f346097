"""The tree that a YAML file becomes: every node knows where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from itertools import chain
from typing import Any, NamedTuple

from koding_audit.model.frozen import dataclass
from koding_audit.model.location import Location, SourceFile


class ScalarNode(NamedTuple):
    """One text. plain: it stands without quotes."""

    value: str
    is_plain: bool
    location: Location

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was written, as after `members:`."""
        return self.is_plain and not self.value


class SequenceNode(NamedTuple):
    nodes: tuple[YamlNode, ...]
    location: Location


class MappingEntry(NamedTuple):
    """One entry of a mapping; source is its key's place."""

    location: Location
    node: YamlNode


class MappingNode(NamedTuple):
    """A mapping in the order of the file. The schema says what its values are; the methods below rely on it.

    Of thousands of users each is asked for a dozen keys: what the type checker cannot know is Any here, and not cast.
    """

    entries: Mapping[str, MappingEntry]
    location: Location

    def node(self, key: str) -> YamlNode | None:
        entry = self.entries.get(key)
        return entry.node if entry else None

    def scalar(self, key: str) -> ScalarNode | None:
        entry: Any = self.entries.get(key)
        return entry.node if entry else None

    def scalars(self, key: str) -> tuple[ScalarNode, ...]:
        """The texts of a list; none where there is no such key."""
        entry: Any = self.entries.get(key)
        return entry.node.nodes if entry else ()

    def mappings(self, key: str) -> Iterator[tuple[str, Location, MappingNode]]:
        """Name, place of the name, and value, of a mapping of mappings; none where there is no such key."""
        node: Any = self.node(key)
        return ((name, entry.location, entry.node) for name, entry in node.entries.items()) if node else iter(())

    def text(self, key: str) -> str:
        entry: Any = self.entries.get(key)
        return entry.node.value if entry else ""

    def is_true(self, key: str) -> bool:
        return self.text(key) == "true"


YamlNode = ScalarNode | SequenceNode | MappingNode


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A file that was read. identity: device and inode, so that two names of one file are found out.

    documents: those of the JSON files that it names, as JSON with sorted keys, by the name that it gives.
    """

    source_file: SourceFile
    identity: tuple[int, int]
    root: MappingNode
    documents: Mapping[str, str] = field(default_factory=dict)


def mappings_of_files(files: Sequence[YamlFile], key: str) -> Iterator[tuple[str, Location, MappingNode]]:
    """Name, place of the name, and value, of what stands under a top key of every file."""
    return chain.from_iterable(file.root.mappings(key) for file in files)
