"""A script in JSON -> a tree of nodes, each with its line and column, which the standard library does not keep."""

from __future__ import annotations

import re
from bisect import bisect_right
from json import JSONDecodeError, JSONDecoder
from typing import NoReturn

from koding_audit.desired.nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode
from koding_audit.desired.reading import too_deep
from koding_audit.desired.wording import place, shown
from koding_audit.errors import InputError
from koding_audit.model import Source
from koding_audit.stack.limits import DEEPEST

_SPACE = re.compile(r"[ \t\n\r]*")
_PLAIN = re.compile(r"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def read_json(text: str, path: str) -> Node:
    """The value's node. Raises InputError with line and column: also for what follows after it."""
    return _Scan(text, path).document()


class _Scan:
    """One pass over a text, from `at` on."""

    def __init__(self, text: str, path: str) -> None:
        self._text = text
        self._path = path
        self._at = 0
        self._strings = JSONDecoder()
        self._lines = [0, *(found.end() for found in re.finditer("\n", text))]

    def document(self) -> Node:
        self._skip()
        root = self._node(1)
        if self._at < len(self._text):
            self._refuse("there is text after the end of the JSON", "remove it, or close what is left open before it")
        return root

    def _node(self, depth: int) -> Node:
        """The value that begins here; the space after it is skipped."""
        source = self._source(self._at)
        if depth > DEEPEST:
            raise too_deep(source, DEEPEST)
        letter = self._text[self._at : self._at + 1]
        if letter == "{":
            return MappingNode(self._entries(depth), source)
        if letter == "[":
            return SequenceNode(self._items(depth), source)
        if letter == '"':
            return ScalarNode(self._string(), False, source)
        found = _PLAIN.match(self._text, self._at)
        if found is None:
            self._refuse("a value is needed here")
        self._to(found.end())
        return ScalarNode("" if found[0] == "null" else found[0], True, source)

    def _entries(self, depth: int) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        self._to(self._at + 1)
        while not self._closes("}", first=not entries):
            source = self._source(self._at)
            if self._text[self._at : self._at + 1] != '"':
                self._refuse("a key in double quotes is needed here")
            key = self._string()
            self._expect(":")
            if key in entries:
                first = place(entries[key].source)
                hint = "JSON readers keep one of the two without a word: join them"
                raise InputError(f"the key {shown(key)} stands here twice, first at {first}", hint, source)
            entries[key] = Entry(source, self._node(depth + 1))
        return entries

    def _items(self, depth: int) -> tuple[Node, ...]:
        items: list[Node] = []
        self._to(self._at + 1)
        while not self._closes("]", first=not items):
            items.append(self._node(depth + 1))
        return tuple(items)

    def _closes(self, bracket: str, *, first: bool) -> bool:
        """Whether the list or object ends here; between two of its elements stands a comma."""
        if self._text.startswith(bracket, self._at):
            self._to(self._at + 1)
            return True
        if not first:
            self._expect(",")
        return False

    def _string(self) -> str:
        try:
            found, end = self._strings.raw_decode(self._text, self._at)
        except JSONDecodeError as error:
            self._at = min(error.pos, len(self._text))
            self._refuse(f"this is not JSON: {error.msg[0].lower()}{error.msg[1:]}")
        self._to(end)
        return str(found)

    def _expect(self, letter: str) -> None:
        if not self._text.startswith(letter, self._at):
            self._refuse(f"`{letter}` is needed here")
        self._to(self._at + 1)

    def _to(self, at: int) -> None:
        self._at = at
        self._skip()

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _source(self, at: int) -> Source:
        line = bisect_right(self._lines, at)
        return Source(self._path, line, at - self._lines[line - 1] + 1)

    def _refuse(self, message: str, hint: str = "is the file whole?") -> NoReturn:
        raise InputError(message, hint, self._source(self._at))
