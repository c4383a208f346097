"""Parses YAML into nodes with their places; rejects anchors, aliases, tags, merge keys and directives."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, NoReturn, cast

import yaml
from yaml import MappingEndEvent, ScalarEvent, SequenceEndEvent, SequenceStartEvent

from koding_audit.io import files
from koding_audit.io.text import escape, place_text, quote_text
from koding_audit.io.yaml_nodes import MappingEntry, MappingNode, ScalarNode, SequenceNode, YamlFile, YamlNode
from koding_audit.model.errors import InputError
from koding_audit.model.location import Location, SourceFile

MAX_DEPTH = 20

# A NamedTuple from its fields, in half the time of calling its class: a large file has 100,000 of them.
_make = tuple.__new__


def read_yaml_file(path: str) -> YamlFile:
    """Read a file. Raises InputError with the place of the first error."""
    wanted = files.FileSpec("the desired-state file", 1, too_large="split it: several files form one desired state")
    content = files.read_file(path, wanted)
    text = _decode_visible(content.data, path)
    try:
        root = _parse_root(text, path)
    except yaml.YAMLError as error:
        raise yaml_syntax_error(error, text, path) from error
    return YamlFile(SourceFile(path, hashlib.sha256(content.data).hexdigest()), content.identity, root)


def _decode_visible(content: bytes, path: str) -> str:
    """Decode UTF-8, and reject invisible characters."""
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
            hint = "save the file as UTF-8" if char == "\0" else "remove it: it can hide or reorder other text"
            raise InputError(f"the character U+{ord(char):04X} is not allowed", hint, Location(path, number, column))


def yaml_events(text: str) -> Callable[[], Any]:
    """What returns the parser's next event, by libyaml if it is installed. Do not read past StreamEndEvent."""
    next_event: Callable[[], Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text).get_event
    return next_event


def _parse_root(text: str, path: str) -> MappingNode:
    """Parse the mapping of the only document. Raises InputError and yaml.YAMLError."""
    next_event = yaml_events(text)
    next_event()  # the stream's own start
    opening = next_event()
    tree = TreeBuilder(path, next_event)
    if isinstance(opening, yaml.StreamEndEvent):
        raise InputError("the file is empty", "start it with `version: 1`", Location(path, 1, 1))
    if text.startswith("%", _start_mark(opening).index):
        raise InputError("a YAML directive (`%`) is not allowed", "remove the line", tree.event_source(opening))
    root = tree.build_node(next_event(), 1)
    next_event()  # the document's end
    after = next_event()
    if not isinstance(after, yaml.StreamEndEvent):
        hint = "write each in a file of its own: several files form one desired state"
        raise InputError("a second YAML document is not allowed", hint, tree.event_source(after))
    if not isinstance(root, MappingNode):
        empty = isinstance(root, ScalarNode) and root.is_empty
        kind = "empty" if empty else "a list" if isinstance(root, SequenceNode) else "a text"
        raise InputError(f"the file is {kind}, not a mapping", "start it with `version: 1`", Location(path, 1, 1))
    return root


class TreeBuilder:
    """Builds nodes from a stream of parser events, depth first, up to `max_depth`."""

    max_depth = MAX_DEPTH

    def __init__(self, path: str, next_event: Callable[[], Any]) -> None:
        self.path = path
        self.next_event = next_event

    def event_source(self, event: yaml.Event) -> Location:
        """The place of an event."""
        mark = _start_mark(event)
        return Location(self.path, mark.line + 1, mark.column + 1)

    def build_node(self, event: Any, depth: int) -> YamlNode:
        """Build the node that starts with this event; its other events are taken from the stream."""
        if event.anchor is not None or event.tag is not None:
            return self.build_marked_node(event, depth)
        mark = event.start_mark
        source = _make(Location, (self.path, mark.line + 1, mark.column + 1))
        kind = type(event)
        if kind is ScalarEvent:
            value = event.value
            if not value.isprintable():
                self.check_text(event)
            return _make(ScalarNode, (value, event.implicit[0], source))
        if depth > self.max_depth:
            raise too_deep_error(source, self.max_depth)
        if kind is SequenceStartEvent:
            return _make(SequenceNode, (tuple(self.build_items(depth + 1)), source))
        return _make(MappingNode, (self.build_entries(depth + 1), source))

    def build_marked_node(self, event: Any, _: int) -> YamlNode:
        """Reject a node with an anchor or a tag, or an alias."""
        self.refuse_anchor_or_tag(event)

    def check_text(self, event: yaml.ScalarEvent) -> None:
        """Reject a text of several lines or with invisible characters."""
        value = event.value
        if escape(value) != value:
            message = f"the text {quote_text(value)} contains a line break or an invisible character"
            raise InputError(message, "write it on one line; `>-` joins several lines", self.event_source(event))

    def build_items(self, depth: int) -> list[YamlNode]:
        """Build the items of a list."""
        found, next_event = [], self.next_event
        while type(event := next_event()) is not SequenceEndEvent:
            found.append(self.build_node(event, depth))
        return found

    def build_entries(self, depth: int) -> dict[str, MappingEntry]:
        """Build the entries of a mapping."""
        found: dict[str, MappingEntry] = {}
        path, next_event = self.path, self.next_event
        while (kind := type(event := next_event())) is not MappingEndEvent:
            if kind is not ScalarEvent or event.anchor is not None or event.tag is not None:
                self.refuse_key(event, depth)
            name = event.value
            if not name.isprintable():
                self.check_text(event)
            mark = event.start_mark
            source = _make(Location, (path, mark.line + 1, mark.column + 1))
            if name == "<<" and event.implicit[0]:
                raise InputError("the merge key `<<` is not allowed", "write out its content", source)
            if name in found:
                first = place_text(found[name].location)
                hint = "merge the two: YAML readers silently keep only one"
                raise InputError(f"duplicate key {quote_text(name)}; the first is at {first}", hint, source)
            found[name] = _make(MappingEntry, (source, self.build_node(next_event(), depth)))
        return found

    def refuse_key(self, event: yaml.Event, depth: int) -> NoReturn:
        """Reject a key that is not a text, or has an anchor or a tag; an error inside it comes first."""
        source = self.build_node(event, depth).location
        raise InputError("a list or a mapping cannot be a key", "write the key as text", source)

    def refuse_anchor_or_tag(self, event: yaml.Event) -> NoReturn:
        """Reject an alias, an anchor or a tag; PyYAML's types do not say which events have them."""
        anchor: str | None = getattr(event, "anchor", None)
        tag: str | None = getattr(event, "tag", None)
        if isinstance(event, yaml.AliasEvent):
            message, hint = f"the alias {quote_text(f'*{anchor}')} is not allowed", "write out its content"
        elif anchor is not None:
            message, hint = (
                f"the anchor {quote_text(f'&{anchor}')} is not allowed",
                "remove it, and write out the content of its aliases",
            )
        else:
            message, hint = f"the tag {quote_text(str(tag))} is not allowed", "remove it"
        raise InputError(message, hint, self.event_source(event))


def _start_mark(event: yaml.Event) -> yaml.Mark:
    return cast("yaml.Mark", event.start_mark)


def too_deep_error(source: Location, max_depth: int = MAX_DEPTH) -> InputError:
    """The error for a node that is nested too deeply."""
    return InputError(f"this is nested more than {max_depth} levels deep", "reduce the nesting", source)


def yaml_syntax_error(error: yaml.YAMLError, text: str, path: str, max_depth: int = MAX_DEPTH) -> InputError:
    """The parser's error as InputError; its place is always within the file."""
    mark = getattr(error, "problem_mark", None)
    problem = escape(str(getattr(error, "problem", None) or error))
    lines = files.LINE_BREAK.split(text)
    line, column = (mark.line, mark.column) if mark else (0, 0)
    if line >= len(lines):
        line, column = len(lines) - 1, len(lines[-1])
    if "nesting depth" in problem:  # libyaml 0.2.6 has a limit of its own, which it checks before the first event
        return too_deep_error(Location(path, line + 1, column + 1), max_depth)
    if lines[line][column : column + 1] == "\t":
        hint = "indent with spaces, not with tabs"
    else:
        hint = "check the indentation, the quotes and the brackets of this line and the one before"
    return InputError(f"not YAML: {problem}", hint, Location(path, line + 1, column + 1))
