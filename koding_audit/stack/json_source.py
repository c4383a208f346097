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


def read_json_script(text: str, path: str) -> YamlNode:
    """Returns the node of the JSON value. Raises InputError with line and column, also for text after the value."""
    return _JsonScanner(text, path).read_document()


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
