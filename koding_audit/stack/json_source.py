"""Reads a stack script in JSON into a tree of nodes with line and column, which the standard library does not keep."""

from __future__ import annotations

import re
from bisect import bisect_right
from json import JSONDecodeError, JSONDecoder
from typing import NoReturn

from koding_audit.io.text import place_text, quote_text
from koding_audit.io.yaml_nodes import MappingEntry, MappingNode, ScalarNode, SequenceNode, YamlNode
from koding_audit.io.yaml_reader import too_deep_error
from koding_audit.model.errors import InputError
from koding_audit.model.location import Location
from koding_audit.stack.limits import DEEPEST

_SPACE = re.compile(r"[ \t\n\r]*")
_PLAIN_VALUE = re.compile(r"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


# What most of a file is, each found by one match: a member or an item without escapes, and what follows it.
_PLAIN = r'"([^"\\\x00-\x1f]*)"|(true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)|([{\["])'
_MEMBER = re.compile(rf'[ \t\n\r]*"([^"\\\x00-\x1f]*)"[ \t\n\r]*:[ \t\n\r]*(?:{_PLAIN})')
_ITEM = re.compile(rf"[ \t\n\r]*(?:{_PLAIN})")
_AFTER = re.compile(r"[ \t\n\r]*([,}\]])")
_EMPTY = re.compile(r"[ \t\n\r]*[}\]]")

# A NamedTuple from its fields, in half the time of calling its class: a large template has 100,000 of them.
_make = tuple.__new__


def read_json_script(text: str, path: str) -> YamlNode:
    """Returns the node of the JSON value. Raises InputError with line and column, also for text after the value."""
    try:
        return _FastScanner(text, path).read_document()
    except _UnusualError:
        return _JsonScanner(text, path).read_document()


class _UnusualError(Exception):
    """The text has something that _JsonScanner reads, or refuses with its message."""


class _FastScanner:
    """Parses the usual text in less than half the time of _JsonScanner; its positions only move forward.

    _line, _start, _end: the line of the last place, where it starts less one, and where it ends
    """

    def __init__(self, text: str, path: str) -> None:
        self._text, self._path = text, path
        self._strings = JSONDecoder()
        self._line, self._start = 1, -1
        self._end = self._find_end(0)

    def read_document(self) -> YamlNode:
        found = _SPACE.match(self._text)
        at = found.end() if found else 0
        if self._text[at : at + 1] not in ("{", "["):
            raise _UnusualError
        root, end = self._read_container(at, 1)
        if self._text[end:].strip(" \t\n\r"):
            raise _UnusualError
        return root

    def _read_container(self, at: int, depth: int) -> tuple[YamlNode, int]:
        """Returns the object or list that starts at a position, and the position after it."""
        if depth > DEEPEST:
            raise _UnusualError
        source = self._place(at)
        if self._text[at] == "{":
            entries, end = self._read_members(at + 1, depth + 1)
            return _make(MappingNode, (entries, source)), end
        items, end = self._read_items(at + 1, depth + 1)
        return _make(SequenceNode, (tuple(items), source)), end

    def _read_members(self, at: int, depth: int) -> tuple[dict[str, MappingEntry], int]:
        text, path, entries = self._text, self._path, dict[str, MappingEntry]()
        empty = _EMPTY.match(text, at)
        if empty is not None:
            return entries, self._closed(empty, "}")
        match, after_value, make = _MEMBER.match, _AFTER.match, _make
        while True:
            found = match(text, at)
            if found is None or (name := found[1]) in entries:
                raise _UnusualError
            start = found.start(1) - 1
            if start >= self._end:
                self._move_to(start)
            source = make(Location, (path, self._line, start - self._start))
            if found.lastindex == 2 and (start := found.start(2) - 1) < self._end:
                place = make(Location, (path, self._line, start - self._start))
                node: YamlNode = make(ScalarNode, (found[2], False, place))
                at = found.end()
            else:
                node, at = self._read_value(found, 2, depth)
            entries[name] = make(MappingEntry, (source, node))
            after = after_value(text, at)
            if after is None or after[1] != ",":
                return entries, self._closed(after, "}")
            at = after.end()

    def _read_items(self, at: int, depth: int) -> tuple[list[YamlNode], int]:
        text, items = self._text, list[YamlNode]()
        empty = _EMPTY.match(text, at)
        if empty is not None:
            return items, self._closed(empty, "]")
        match, after_value = _ITEM.match, _AFTER.match
        while True:
            found = match(text, at)
            if found is None:
                raise _UnusualError
            node, at = self._read_value(found, 1, depth)
            items.append(node)
            after = after_value(text, at)
            if after is None or after[1] != ",":
                return items, self._closed(after, "]")
            at = after.end()

    def _read_value(self, found: re.Match[str], group: int, depth: int) -> tuple[YamlNode, int]:
        """Returns the value of a match, whose groups begin at `group`, and the position after it."""
        kind = found.lastindex or group
        if kind == group:
            return _make(ScalarNode, (found[group], False, self._place(found.start(group) - 1))), found.end()
        at = found.start(kind)
        if kind == group + 1:
            word = found[kind]
            return _make(ScalarNode, ("" if word == "null" else word, True, self._place(at))), found.end()
        if self._text[at] != '"':
            return self._read_container(at, depth)
        source = self._place(at)
        try:
            value, end = self._strings.raw_decode(self._text, at)
        except JSONDecodeError as error:
            raise _UnusualError from error
        return _make(ScalarNode, (value, False, source)), end

    def _closed(self, found: re.Match[str] | None, bracket: str) -> int:
        if found is None or not found[0].endswith(bracket):
            raise _UnusualError
        return found.end()

    def _place(self, at: int) -> Location:
        if at >= self._end:
            self._move_to(at)
        return _make(Location, (self._path, self._line, at - self._start))

    def _move_to(self, at: int) -> None:
        while at >= self._end:
            self._line, self._start = self._line + 1, self._end - 1
            self._end = self._find_end(self._end)

    def _find_end(self, at: int) -> int:
        """Returns the start of the line after that of a position."""
        found = self._text.find("\n", at)
        return found + 1 if found >= 0 else len(self._text) + 1


class _JsonScanner:
    """Parses a text in one pass; `_at` is the current position."""

    def __init__(self, text: str, path: str) -> None:
        self._text = text
        self._path = path
        self._at = 0
        self._strings = JSONDecoder()
        self._lines = [0, *(found.end() for found in re.finditer("\n", text))]

    def read_document(self) -> YamlNode:
        self._skip_space()
        root = self._read_node(1)
        if self._at < len(self._text):
            self._refuse("there is text after the end of the JSON", "remove it, or check the brackets before it")
        return root

    def _read_node(self, depth: int) -> YamlNode:
        """Returns the value at the current position, and skips the white space after it."""
        source = self._source(self._at)
        if depth > DEEPEST:
            raise too_deep_error(source, DEEPEST)
        letter = self._text[self._at : self._at + 1]
        if letter == "{":
            return MappingNode(self._read_entries(depth), source)
        if letter == "[":
            return SequenceNode(self._read_items(depth), source)
        if letter == '"':
            return ScalarNode(self._read_string(), False, source)
        found = _PLAIN_VALUE.match(self._text, self._at)
        if found is None:
            self._refuse("expected a value")
        self._move_to(found.end())
        return ScalarNode("" if found[0] == "null" else found[0], True, source)

    def _read_entries(self, depth: int) -> dict[str, MappingEntry]:
        entries: dict[str, MappingEntry] = {}
        self._move_to(self._at + 1)
        while not self._take_close("}", first=not entries):
            source = self._source(self._at)
            if self._text[self._at : self._at + 1] != '"':
                self._refuse("expected a key in double quotes")
            key = self._read_string()
            self._expect(":")
            if key in entries:
                first = place_text(entries[key].location)
                hint = "join the two; most JSON parsers silently keep only one"
                raise InputError(f"duplicate key {quote_text(key)}; the first is at {first}", hint, source)
            entries[key] = MappingEntry(source, self._read_node(depth + 1))
        return entries

    def _read_items(self, depth: int) -> tuple[YamlNode, ...]:
        items: list[YamlNode] = []
        self._move_to(self._at + 1)
        while not self._take_close("]", first=not items):
            items.append(self._read_node(depth + 1))
        return tuple(items)

    def _take_close(self, bracket: str, *, first: bool) -> bool:
        """Whether the list or object ends here; if not, skips the comma before the next element."""
        if self._text.startswith(bracket, self._at):
            self._move_to(self._at + 1)
            return True
        if not first:
            self._expect(",")
        return False

    def _read_string(self) -> str:
        try:
            found, end = self._strings.raw_decode(self._text, self._at)
        except JSONDecodeError as error:
            self._at = min(error.pos, len(self._text))
            self._refuse(f"this is not JSON: {error.msg[0].lower()}{error.msg[1:]}")
        self._move_to(end)
        return str(found)

    def _expect(self, letter: str) -> None:
        if not self._text.startswith(letter, self._at):
            self._refuse(f"expected `{letter}`")
        self._move_to(self._at + 1)

    def _move_to(self, at: int) -> None:
        self._at = at
        self._skip_space()

    def _skip_space(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _source(self, at: int) -> Location:
        line = bisect_right(self._lines, at)
        return Location(self._path, line, at - self._lines[line - 1] + 1)

    def _refuse(self, message: str, hint: str = "check that the file is complete") -> NoReturn:
        raise InputError(message, hint, self._source(self._at))
