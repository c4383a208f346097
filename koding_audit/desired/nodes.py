"""The tree that a YAML file becomes: every node knows where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import NamedTuple, cast

from koding_audit.frozen import dataclass
from koding_audit.model import Source, SourceFile


class ScalarNode(NamedTuple):
    """One text. plain: it stands without quotes."""

    value: str
    plain: bool
    source: Source

    @property
    def empty(self) -> bool:
        """Whether nothing at all was written, as after `members:`."""
        return self.plain and not self.value


class SequenceNode(NamedTuple):
    nodes: tuple[Node, ...]
    source: Source


class Entry(NamedTuple):
    """One entry of a mapping; source is its key's place."""

    source: Source
    node: Node


class MappingNode(NamedTuple):
    """A mapping in the order of the file. The schema says what its values are; the methods below rely on it."""

    entries: Mapping[str, Entry]
    source: Source

    def node(self, key: str) -> Node | None:
        entry = self.entries.get(key)
        return entry.node if entry else None

    def scalar(self, key: str) -> ScalarNode | None:
        return cast("ScalarNode | None", self.node(key))

    def scalars(self, key: str) -> tuple[ScalarNode, ...]:
        """The texts of a list; none where there is no such key."""
        node = cast("SequenceNode | None", self.node(key))
        return cast("tuple[ScalarNode, ...]", node.nodes) if node else ()

    def mappings(self, key: str) -> Iterator[tuple[str, Source, MappingNode]]:
        """Name, place of the name, and value, of a mapping of mappings; none where there is no such key."""
        node = cast("MappingNode | None", self.node(key))
        for name, entry in node.entries.items() if node else ():
            yield name, entry.source, cast("MappingNode", entry.node)

    def text(self, key: str) -> str:
        scalar = self.scalar(key)
        return scalar.value if scalar else ""

    def flag(self, key: str) -> bool:
        return self.text(key) == "true"


Node = ScalarNode | SequenceNode | MappingNode


@dataclass(frozen=True, slots=True)
class File:
    """A file that was read. identity: device and inode, so that two names of one file are found out.

    documents: those of the JSON files that it names, as JSON with sorted keys, by the name that it gives.
    """

    read: SourceFile
    identity: tuple[int, int]
    root: MappingNode
    documents: Mapping[str, str] = field(default_factory=dict)


def mappings(files: Sequence[File], key: str) -> Iterator[tuple[str, Source, MappingNode]]:
    """Name, place of the name, and value, of what stands under a top key of every file."""
    for file in files:
        yield from file.root.mappings(key)
