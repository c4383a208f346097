"""YAML text -> a tree of nodes; whatever YAML can do beyond plain data is refused, at its place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, cast

import yaml
from yaml import MappingEndEvent, ScalarEvent

from koding_audit.io import files
from koding_audit.io.text import escape, place_text, quote_text
from koding_audit.io.yaml_nodes import MappingEntry, MappingNode, ScalarNode, SequenceNode, YamlFile, YamlNode
from koding_audit.model.errors import InputError
from koding_audit.model.location import Location, SourceFile

MAX_DEPTH = 20


def read_yaml_file(path: str) -> YamlFile:
    """The file as a tree. Raises InputError with the place of the first thing that is wrong."""
    wanted = files.FileSpec("the desired-state file", 1, too_large="divide it: several files are one desired state")
    content = files.read_file(path, wanted)
    text = _decode_visible(content.data, path)
    try:
        root = _parse_root(text, path)
    except yaml.YAMLError as error:
        raise yaml_syntax_error(error, text, path) from error
    return YamlFile(SourceFile(path, hashlib.sha256(content.data).hexdigest()), content.identity, root)


def _decode_visible(content: bytes, path: str) -> str:
    """The text of UTF-8 bytes, in which every character is one that can be seen."""
    text = files.decode_utf8(content, path)
    if text.replace("\n", "").isprintable():
        return text
    for number, line in enumerate(files.LINE_BREAK.split(text), 1):
        if not line.replace("\t", " ").isprintable():
            _check_line(line, path, number)
    return text


def _check_line(line: str, path: str, number: int) -> None:
    for column, char in enumerate(line, 1):
        if char != "\t" and escape(char) != char:
            hint = "save the file as UTF-8" if char == "\0" else "remove it: it can hide or reorder what is read here"
            raise InputError(
                f"the character U+{ord(char):04X} does not belong in this file", hint, Location(path, number, column)
            )


def yaml_events(text: str) -> Iterator[yaml.Event]:
    """The parser's events, by libyaml where it is there. StreamEndEvent is the last to be asked for."""
    return iter(getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text).get_event, None)


def _parse_root(text: str, path: str) -> MappingNode:
    """The only document's mapping. Raises yaml.YAMLError, too."""
    events = yaml_events(text)
    next(events)  # the stream's own start
    opening = next(events)
    tree = TreeBuilder(path, events)
    if isinstance(opening, yaml.StreamEndEvent):
        raise InputError("the file is empty", "begin with `version: 1`", Location(path, 1, 1))
    if text.startswith("%", _start_mark(opening).index):
        raise InputError("a YAML directive (`%`) is not allowed", "remove the line", tree.event_source(opening))
    root = tree.build_node(next(events), 1)
    next(events)  # the document's end
    after = next(events)
    if not isinstance(after, yaml.StreamEndEvent):
        hint = "write each into its own file: several files are one desired state"
        raise InputError("a second YAML document is not allowed", hint, tree.event_source(after))
    if not isinstance(root, MappingNode):
        empty = isinstance(root, ScalarNode) and root.is_empty
        kind = "empty" if empty else "a list" if isinstance(root, SequenceNode) else "a text"
        raise InputError(f"the file is {kind}, not a mapping", "begin with `version: 1`", Location(path, 1, 1))
    return root


class TreeBuilder:
    """Takes nodes from a stream of parser events, depth first; never deeper than `deepest`."""

    max_depth = MAX_DEPTH

    def __init__(self, path: str, events: Iterator[yaml.Event]) -> None:
        self.path = path
        self.events = events

    def event_source(self, event: yaml.Event) -> Location:
        mark = _start_mark(event)
        return Location(self.path, mark.line + 1, mark.column + 1)

    def build_node(self, event: yaml.Event, depth: int) -> YamlNode:
        """The node that begins with this event; the rest of it is taken from the stream."""
        if isinstance(event, ScalarEvent):
            return self.build_scalar(event)
        self.refuse_anchor_or_tag(event)
        source = self.event_source(event)
        if depth > self.max_depth:
            raise too_deep_error(source, self.max_depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return SequenceNode(tuple(self.build_items(depth + 1)), source)
        return MappingNode(self.build_entries(depth + 1), source)

    def build_scalar(self, event: yaml.ScalarEvent) -> ScalarNode:
        if event.anchor is not None or event.tag is not None:
            self.refuse_anchor_or_tag(event)
        value: str = event.value
        mark: Any = event.start_mark
        if not value.isprintable():
            self.check_text(event)
        return ScalarNode(value, event.implicit[0], Location(self.path, mark.line + 1, mark.column + 1))

    def check_text(self, event: yaml.ScalarEvent) -> None:
        """Refuses a text of several lines, and one that cannot be seen."""
        value = event.value
        if escape(value) != value:
            message = f"the text {quote_text(value)} holds a line break or a character that cannot be seen"
            raise InputError(message, "write it in one line; `>-` folds several into one", self.event_source(event))

    def build_items(self, depth: int) -> Iterator[YamlNode]:
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            yield self.build_node(event, depth)

    def build_entries(self, depth: int) -> dict[str, MappingEntry]:
        found: dict[str, MappingEntry] = {}
        events = self.events
        while not isinstance(event := next(events), MappingEndEvent):
            name, _, source = self.build_key(event, depth)
            if name in found:
                first = place_text(found[name].location)
                hint = "YAML readers keep one of the two without a word: join them"
                raise InputError(f"the key {quote_text(name)} stands here twice, first at {first}", hint, source)
            begun = next(events)
            node = self.build_scalar(begun) if isinstance(begun, ScalarEvent) else self.build_node(begun, depth)
            found[name] = MappingEntry(source, node)
        return found

    def build_key(self, event: yaml.Event, depth: int) -> ScalarNode:
        if isinstance(event, ScalarEvent):
            key = self.build_scalar(event)
            if key.value == "<<" and key.is_plain:
                raise InputError("the merge key `<<` is not allowed", "write out what it stands for", key.location)
            return key
        source = self.build_node(event, depth).location
        raise InputError("a list or a mapping cannot be a key", "a key is a text", source)

    def refuse_anchor_or_tag(self, event: yaml.Event) -> None:
        """Refuses an alias, an anchor and a tag; the types of PyYAML do not know which events have them."""
        anchor: str | None = getattr(event, "anchor", None)
        tag: str | None = getattr(event, "tag", None)
        if isinstance(event, yaml.AliasEvent):
            message, hint = f"the alias {quote_text(f'*{anchor}')} is not allowed", "write out what it stands for"
        elif anchor is not None:
            message, hint = (
                f"the anchor {quote_text(f'&{anchor}')} is not allowed",
                "remove it, and write out its aliases",
            )
        elif tag is not None:
            message, hint = f"the tag {quote_text(tag)} is not allowed", "remove it: a text is what it looks like"
        else:
            return
        raise InputError(message, hint, self.event_source(event))


def _start_mark(event: yaml.Event) -> yaml.Mark:
    return cast("yaml.Mark", event.start_mark)


def too_deep_error(source: Location, deepest: int = MAX_DEPTH) -> InputError:
    return InputError(f"this is nested more than {deepest} deep", "nothing in this format is", source)


def yaml_syntax_error(error: yaml.YAMLError, text: str, path: str, deepest: int = MAX_DEPTH) -> InputError:
    """The parser's own complaint. It may point behind the last line; the place told is always within the file."""
    mark = getattr(error, "problem_mark", None)
    problem = escape(str(getattr(error, "problem", None) or error))
    lines = files.LINE_BREAK.split(text)
    line, column = (mark.line, mark.column) if mark else (0, 0)
    if line >= len(lines):
        line, column = len(lines) - 1, len(lines[-1])
    if "nesting depth" in problem:  # libyaml 0.2.6 has a limit of its own, and meets it before it gives any event
        return too_deep_error(Location(path, line + 1, column + 1), deepest)
    if lines[line][column : column + 1] == "\t":
        hint = "indent with spaces, not with tabs"
    else:
        hint = "look at the indentation, the quotes and the brackets of this line and the one before"
    return InputError(f"this is not YAML: {problem}", hint, Location(path, line + 1, column + 1))
