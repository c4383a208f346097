"""Unfolds `Fn::ForEach` of AWS::LanguageExtensions: one copy of its body for each item of its collection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from koding_audit.io.yaml_nodes import MappingEntry, MappingNode, ScalarNode, SequenceNode, YamlNode
from koding_audit.model.errors import InputError
from koding_audit.stack.intrinsics import Evaluator, known_text
from koding_audit.stack.script import UnreadPart
from koding_audit.stack.template import open_choice
from koding_audit.stack.template_values import function_arguments

MOST_NODES = 200_000
"""The most values that the loops of a template may make."""

_TEXT_COST = 100  # characters that count as one more value
_LOOP = "Fn::ForEach"
_WITHOUT_RESOURCES = frozenset({"Outputs", "Metadata", "Rules"})
_HOLE = re.compile(r"(\$|&)\{([A-Za-z0-9]+)\}")
_NOT_ALPHANUMERIC = re.compile(r"[^A-Za-z0-9]")


@dataclass
class LoopUnfolder:
    """Unfolds the loops of a template.

    evaluator: evaluates the collections
    unread: loops whose collection is open
    """

    evaluator: Evaluator
    unread: list[UnreadPart] = field(default_factory=list)
    _made: int = 0

    def unfold_template(self, root: MappingNode) -> MappingNode:
        """Returns a template without loops; only loops that can make resources are reported. Raises InputError."""
        entries: dict[str, MappingEntry] = {}
        for name, entry in root.entries.items():
            count = len(self.unread)
            section = self.unfold(MappingNode({name: entry}, root.location))
            entries.update(section.entries if isinstance(section, MappingNode) else {})
            if name in _WITHOUT_RESOURCES:
                del self.unread[count:]
        return MappingNode(entries, root.location)

    def unfold(self, node: YamlNode, items: Mapping[str, str] | None = None) -> YamlNode:
        """Returns a node without loops. Raises InputError if they make too many values.

        items: the current item of each loop around the node, by the loop's identifier
        """
        bound = items or {}
        if bound:
            self._count(node)
        if isinstance(node, ScalarNode):
            return ScalarNode(_insert_items(node.value, bound), node.is_plain, node.location) if bound else node
        if isinstance(node, SequenceNode):
            return SequenceNode(tuple(self.unfold(each, bound) for each in node.nodes), node.location)
        name = node.entries["Ref"].node if len(node.entries) == 1 and "Ref" in node.entries else None
        if isinstance(name, ScalarNode) and name.value in bound:
            return ScalarNode(bound[name.value], False, node.location)
        entries: dict[str, MappingEntry] = {}
        for key, entry in node.entries.items():
            if key == _LOOP or key.startswith(f"{_LOOP}::"):
                entries.update(self._copies(_insert_items(key, bound), entry, bound))
            else:
                value = self.unfold(entry.node, bound)
                entries[_insert_items(key, bound)] = MappingEntry(entry.location, value)
        return MappingNode(entries, node.location)

    def _copies(self, key: str, loop: MappingEntry, bound: Mapping[str, str]) -> dict[str, MappingEntry]:
        identifiers, collection, body = function_arguments(loop.node, 3)
        names = _row_texts(self._evaluated(identifiers, bound))
        rows = self._rows(collection, bound)
        is_known = names and rows is not None and all(len(each) == len(names) for each in rows)
        if not is_known or not isinstance(body, MappingNode):
            self.unread.append(UnreadPart(key, "the items of its collection are not known", loop.location))
            return {}
        entries: dict[str, MappingEntry] = {}
        for row in rows or ():
            copy = self.unfold(body, {**bound, **dict(zip(names, row, strict=True))})
            entries.update(copy.entries if isinstance(copy, MappingNode) else {})
        return entries

    def _rows(self, node: YamlNode | None, bound: Mapping[str, str]) -> list[tuple[str, ...]] | None:
        """Returns the items of a collection, each with a text for each identifier; None if one of them is open.

        A collection is a list of texts, a list of lists, or a mapping whose keys and values are the items.
        """
        found = self._evaluated(node, bound)
        if isinstance(found, MappingNode) and open_choice(found) is None:
            pairs = [(name, known_text(entry.node)) for name, entry in found.entries.items()]
            known: list[tuple[str, ...]] = [(name, text) for name, text in pairs if text is not None]
            return known if len(known) == len(pairs) else None
        if not isinstance(found, SequenceNode):
            return None
        rows = [_row_texts(each) for each in found.nodes]
        return rows if all(rows) else None

    def _evaluated(self, node: YamlNode | None, bound: Mapping[str, str]) -> YamlNode | None:
        return self.evaluator.value(self.unfold(node, bound)) if node is not None else None

    def _count(self, node: YamlNode) -> None:
        self._made += 1 + (len(node.value) // _TEXT_COST if isinstance(node, ScalarNode) else 0)
        if self._made > MOST_NODES:
            hint = "CloudFormation allows 500 resources in a template"
            raise InputError(f"the loops make more than {MOST_NODES:,} values", hint, node.location)


def _insert_items(text: str, items: Mapping[str, str]) -> str:
    """Returns a text with `${Identifier}` replaced by the item, and `&{Identifier}` by its letters and digits."""
    if not items or "{" not in text:
        return text
    return _HOLE.sub(lambda hole: _item(hole, items), text)


def _item(hole: re.Match[str], items: Mapping[str, str]) -> str:
    if hole[2] not in items:
        return hole[0]
    return items[hole[2]] if hole[1] == "$" else _NOT_ALPHANUMERIC.sub("", items[hole[2]])


def _row_texts(node: YamlNode | None) -> tuple[str, ...]:
    """Returns a text, or the texts of a list; () if one of them is open."""
    texts = [known_text(each) for each in (node.nodes if isinstance(node, SequenceNode) else (node,))]
    known = tuple(each for each in texts if each is not None)
    return known if len(known) == len(texts) else ()
