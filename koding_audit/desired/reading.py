"""YAML text -> a tree of nodes; whatever YAML can do beyond plain data is refused, at its place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, cast

import yaml
from yaml import MappingEndEvent, ScalarEvent

from koding_audit import inputs
from koding_audit.desired.nodes import Entry, File, MappingNode, Node, ScalarNode, SequenceNode
from koding_audit.desired.wording import place, shown
from koding_audit.errors import InputError
from koding_audit.model import Source, SourceFile
from koding_audit.text import inert

DEEPEST = 20


def read(path: str) -> File:
    """The file as a tree. Raises InputError with the place of the first thing that is wrong."""
    wanted = inputs.Wanted("the desired-state file", 1, too_large="divide it: several files are one desired state")
    content = inputs.read(path, wanted)
    text = _text(content.data, path)
    try:
        root = _root(text, path)
    except yaml.YAMLError as error:
        raise not_yaml(error, text, path) from error
    return File(SourceFile(path, hashlib.sha256(content.data).hexdigest()), content.identity, root)


def _text(content: bytes, path: str) -> str:
    """The text of UTF-8 bytes, in which every character is one that can be seen."""
    text = inputs.decoded(content, path)
    if text.replace("\n", "").isprintable():
        return text
    for number, line in enumerate(inputs.LINE_BREAK.split(text), 1):
        if not line.replace("\t", " ").isprintable():
            _check_line(line, path, number)
    return text


def _check_line(line: str, path: str, number: int) -> None:
    for column, char in enumerate(line, 1):
        if char != "\t" and inert(char) != char:
            hint = "save the file as UTF-8" if char == "\0" else "remove it: it can hide or reorder what is read here"
            raise InputError(
                f"the character U+{ord(char):04X} does not belong in this file", hint, Source(path, number, column)
            )


def events_of(text: str) -> Iterator[yaml.Event]:
    """The parser's events, by libyaml where it is there. StreamEndEvent is the last to be asked for."""
    return iter(getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text).get_event, None)


def _root(text: str, path: str) -> MappingNode:
    """The only document's mapping. Raises yaml.YAMLError, too."""
    events = events_of(text)
    next(events)  # the stream's own start
    opening = next(events)
    tree = Tree(path, events)
    if isinstance(opening, yaml.StreamEndEvent):
        raise InputError("the file is empty", "begin with `version: 1`", Source(path, 1, 1))
    if text.startswith("%", _mark(opening).index):
        raise InputError("a YAML directive (`%`) is not allowed", "remove the line", tree.source(opening))
    root = tree.node(next(events), 1)
    next(events)  # the document's end
    after = next(events)
    if not isinstance(after, yaml.StreamEndEvent):
        hint = "write each into its own file: several files are one desired state"
        raise InputError("a second YAML document is not allowed", hint, tree.source(after))
    if not isinstance(root, MappingNode):
        empty = isinstance(root, ScalarNode) and root.empty
        kind = "empty" if empty else "a list" if isinstance(root, SequenceNode) else "a text"
        raise InputError(f"the file is {kind}, not a mapping", "begin with `version: 1`", Source(path, 1, 1))
    return root


class Tree:
    """Takes nodes from a stream of parser events, depth first; never deeper than `deepest`."""

    deepest = DEEPEST

    def __init__(self, path: str, events: Iterator[yaml.Event]) -> None:
        self.path = path
        self.events = events

    def source(self, event: yaml.Event) -> Source:
        mark = _mark(event)
        return Source(self.path, mark.line + 1, mark.column + 1)

    def node(self, event: yaml.Event, depth: int) -> Node:
        """The node that begins with this event; the rest of it is taken from the stream."""
        if isinstance(event, ScalarEvent):
            return self.scalar(event)
        self.check_bare(event)
        source = self.source(event)
        if depth > self.deepest:
            raise too_deep(source, self.deepest)
        if isinstance(event, yaml.SequenceStartEvent):
            return SequenceNode(tuple(self.items(depth + 1)), source)
        return MappingNode(self.entries(depth + 1), source)

    def scalar(self, event: yaml.ScalarEvent) -> ScalarNode:
        if event.anchor is not None or event.tag is not None:
            self.check_bare(event)
        value: str = event.value
        mark: Any = event.start_mark
        if not value.isprintable():
            self.check_text(event)
        return ScalarNode(value, event.implicit[0], Source(self.path, mark.line + 1, mark.column + 1))

    def check_text(self, event: yaml.ScalarEvent) -> None:
        """Refuses a text of several lines, and one that cannot be seen."""
        value = event.value
        if inert(value) != value:
            message = f"the text {shown(value)} holds a line break or a character that cannot be seen"
            raise InputError(message, "write it in one line; `>-` folds several into one", self.source(event))

    def items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            yield self.node(event, depth)

    def entries(self, depth: int) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        events = self.events
        while not isinstance(event := next(events), MappingEndEvent):
            name, _, source = self.key(event, depth)
            if name in found:
                first = place(found[name].source)
                hint = "YAML readers keep one of the two without a word: join them"
                raise InputError(f"the key {shown(name)} stands here twice, first at {first}", hint, source)
            begun = next(events)
            node = self.scalar(begun) if isinstance(begun, ScalarEvent) else self.node(begun, depth)
            found[name] = Entry(source, node)
        return found

    def key(self, event: yaml.Event, depth: int) -> ScalarNode:
        if isinstance(event, ScalarEvent):
            key = self.scalar(event)
            if key.value == "<<" and key.plain:
                raise InputError("the merge key `<<` is not allowed", "write out what it stands for", key.source)
            return key
        source = self.node(event, depth).source
        raise InputError("a list or a mapping cannot be a key", "a key is a text", source)

    def check_bare(self, event: yaml.Event) -> None:
        """Refuses an alias, an anchor and a tag; the types of PyYAML do not know which events have them."""
        anchor: str | None = getattr(event, "anchor", None)
        tag: str | None = getattr(event, "tag", None)
        if isinstance(event, yaml.AliasEvent):
            message, hint = f"the alias {shown(f'*{anchor}')} is not allowed", "write out what it stands for"
        elif anchor is not None:
            message, hint = f"the anchor {shown(f'&{anchor}')} is not allowed", "remove it, and write out its aliases"
        elif tag is not None:
            message, hint = f"the tag {shown(tag)} is not allowed", "remove it: a text is what it looks like"
        else:
            return
        raise InputError(message, hint, self.source(event))


def _mark(event: yaml.Event) -> yaml.Mark:
    return cast("yaml.Mark", event.start_mark)


def too_deep(source: Source, deepest: int = DEEPEST) -> InputError:
    return InputError(f"this is nested more than {deepest} deep", "nothing in this format is", source)


def not_yaml(error: yaml.YAMLError, text: str, path: str, deepest: int = DEEPEST) -> InputError:
    """The parser's own complaint. It may point behind the last line; the place told is always within the file."""
    mark = getattr(error, "problem_mark", None)
    problem = inert(str(getattr(error, "problem", None) or error))
    lines = inputs.LINE_BREAK.split(text)
    line, column = (mark.line, mark.column) if mark else (0, 0)
    if line >= len(lines):
        line, column = len(lines) - 1, len(lines[-1])
    if "nesting depth" in problem:  # libyaml 0.2.6 has a limit of its own, and meets it before it gives any event
        return too_deep(Source(path, line + 1, column + 1), deepest)
    if lines[line][column : column + 1] == "\t":
        hint = "indent with spaces, not with tabs"
    else:
        hint = "look at the indentation, the quotes and the brackets of this line and the one before"
    return InputError(f"this is not YAML: {problem}", hint, Source(path, line + 1, column + 1))
