"""Writes JSON, and reads it with strict checks; errors name the place."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timezone
from typing import Any, NoReturn, TypeVar

from koding_audit.model.errors import InputError
from koding_audit.model.frozen import dataclass
from koding_audit.model.location import Location

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)
_OPENING, _CLOSING, _BETWEEN, _BEFORE_KEY = (frozenset(signs) for signs in ("[{", "]}", ",:", "{,"))
_SPACES = re.compile(r"[ \t\r\n]*")
_SIGN = re.compile(r"[ \t\r\n]*([\[\]{},:])")
_EMPTY = re.compile(r"[ \t\r\n]*\]")
_quote_json = json.encoder.encode_basestring_ascii
_PLAIN_TYPES = frozenset({str, int, float, bool, list, tuple})  # isinstance with Iterator is slow
_OBJECT = -1
_MAX_DEPTH = 500  # about Python's own limit
_MAX_DIGITS = 100
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?Z")

_T = TypeVar("_T")
_Choice = TypeVar("_Choice", bound=str)


def write_json(value: object, *, indent: int | None = None) -> str:
    """Write a value on one line, or indented. The text is ASCII, without control characters except newlines."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False) if indent is None else _indent_json(value, indent)
    return text.replace("\x7f", "\\u007f")  # the one control character that ensure_ascii leaves


def _indent_json(value: object, indent: int, margin: str = "\n") -> str:
    """Write a value as json.dumps does with an indent, in half the time: for that json has no encoder in C.

    margin: the text between two lines.
    """
    if type(value) is int:
        return repr(value)
    if value is None:
        return "null"
    if not value or not isinstance(value, (dict, list, tuple)):
        return "[]" if value == [] else json.dumps(value, allow_nan=False)
    inner, brackets = margin + " " * indent, "{}" if isinstance(value, dict) else "[]"
    # Most values are texts: a call for each would be a quarter of the time.
    if isinstance(value, dict):
        items = [
            f"{_quote_json(name)}: {_quote_json(each) if type(each) is str else _indent_json(each, indent, inner)}"
            for name, each in value.items()
        ]
    else:
        items = [_quote_json(each) if type(each) is str else _indent_json(each, indent, inner) for each in value]
    return f"{brackets[0]}{inner}{f',{inner}'.join(items)}{margin}{brackets[1]}"


def json_parts(value: object, margin: str = "\n") -> Iterator[str]:
    """Yield the parts of the text that write_json returns with an indent of 2.

    An iterator, at the top or in objects, is written as a list, item by item, without keeping the items.
    margin: the text between two lines.
    """
    if not _has_iterator(value):
        yield write_json(value, indent=2).replace("\n", margin)
        return
    named = isinstance(value, dict)
    brackets, before, inner = "{}" if named else "[]", "", f"{margin}  "
    for name, each in _prefixed_items(value):
        yield f"{before or brackets[0]}{inner}{name}"
        yield from json_parts(each, inner)
        before = ","
    yield f"{margin}{brackets[1]}" if before else brackets


def _has_iterator(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_has_iterator, value.values()))
    return value is not None and type(value) not in _PLAIN_TYPES and isinstance(value, Iterator)


def _prefixed_items(value: Any) -> Iterator[tuple[str, object]]:
    """The members of an object or list, each with the text before it."""
    if isinstance(value, dict):
        return ((f"{write_json(name)}: ", each) for name, each in value.items())
    return (("", each) for each in value)


EDITED_HINT = "the file was edited: this tool writes each key once; make it again"
"""What to do about a duplicate key in a file that this tool wrote."""


def parse_json(text: str, path: str, *, is_own: bool = False) -> object:
    """Parse a JSON text. Raises InputError with line and column.

    path: for messages only.
    is_own: whether this tool wrote the file, which then has no duplicate key unless it was edited.
    """
    try:
        return _strict_decoder().decode(text)
    except json.JSONDecodeError as error:
        location = Location(path, error.lineno, error.colno)
        raise InputError(f"not JSON: {error.msg}", "check that the file is complete", location) from error
    except RecursionError as error:
        deep = next((offset for depth, _, offset in _walk_members(text) if depth > _MAX_DEPTH), 0)
        raise InputError(
            f"the JSON is nested too deeply (more than {_MAX_DEPTH} levels)",
            "check that this is the right file",
            _location_at(text, path, deep),
        ) from error
    except _DuplicateKeyError as error:
        hint = EDITED_HINT if is_own else "remove one of them: JSON readers silently keep only one"
        raise InputError(str(error), hint, locate_duplicate_key(text, path)) from error
    except _InvalidTokenError as error:
        words = (token for token in _TOKEN.finditer(text) if token[0] == error.word)
        offset = next((token.start() for token in words), 0)
        raise InputError(str(error), "write another value", _location_at(text, path, offset)) from error


def parse_json_lazily(text: str, path: str, name: str) -> tuple[object, Iterable[object]]:
    """Parse a JSON text without the items of one list of the top object; these are parsed one by one, on demand.

    If the text has another structure, the value is complete and there are no items. Raises InputError as parse_json
    does for a file that this tool wrote, before the first item. A list of one item is parsed once.
    name: the key of the list.
    """
    cursor = _Cursor(text)
    try:
        members, start = cursor.members(name)
        value = _reject_duplicates(members)
    except (json.JSONDecodeError, RecursionError, _DuplicateKeyError, _InvalidTokenError, _UnexpectedLayoutError):
        return parse_json(text, path, is_own=True), ()
    return value, iter(cursor.only_item) if cursor.only_item else _Cursor(text, start).items()


class _UnexpectedLayoutError(Exception):
    """The text is not an object with such a list."""


class _Cursor:
    """Reads a JSON text value by value.

    only_item: the item of the list that `members` leaves out, if it has one item; else empty.
    """

    def __init__(self, text: str, at: int = 0) -> None:
        self._text, self._at, self._decoder = text, at, _strict_decoder()
        self.only_item: list[object] = []

    def members(self, name: str) -> tuple[list[tuple[str, object]], int]:
        """Read the members of an object without the items of the list of this name; return where that list starts."""
        found: list[tuple[str, object]] = []
        start = -1
        self._read_sign("{")
        while not found or self._read_sign(",}") == ",":
            key = self._read_value()
            self._read_sign(":")
            if key != name:
                found.append((str(key), self._read_value()))
                continue
            start = self._at
            for number, item in enumerate(self.items()):
                self.only_item = [] if number else [item]
            found.append((name, []))
        if start < 0 or _SPACES.fullmatch(self._text, self._at) is None:
            raise _UnexpectedLayoutError
        return found, start

    def items(self) -> Iterator[object]:
        """Yield the items of a list, one at a time."""
        self._read_sign("[")
        if _EMPTY.match(self._text, self._at):
            self._read_sign("]")
            return
        yield self._read_value()
        while self._read_sign(",]") == ",":
            yield self._read_value()

    def _read_sign(self, signs: str) -> str:
        found = _SIGN.match(self._text, self._at)
        if found is None or found[1] not in signs:
            raise _UnexpectedLayoutError
        self._at = found.end()
        return found[1]

    def _read_value(self) -> object:
        start = _SPACES.match(self._text, self._at)
        value, self._at = self._decoder.raw_decode(self._text, start.end() if start else self._at)
        return value


class _DuplicateKeyError(Exception):
    """A key occurs twice in its object."""


class _InvalidTokenError(Exception):
    """A word is not a JSON value, or a number is too large."""

    def __init__(self, word: str, problem: str) -> None:
        super().__init__(problem)
        self.word = word


def _reject_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _DuplicateKeyError(f"duplicate key {json.dumps(name)}")
        found[name] = value
    return found


def _reject_constant(word: str) -> NoReturn:
    raise _InvalidTokenError(word, f"{word} is not a JSON value")


def _parse_int(word: str) -> int:
    if len(word) > _MAX_DIGITS:  # Python accepts thousands of digits, in quadratic time
        raise _InvalidTokenError(word, f"a number has more than {_MAX_DIGITS} digits")
    return int(word)


def _parse_float(word: str) -> float:
    number = float(word)
    if math.isinf(number):
        raise _InvalidTokenError(word, "a number is too large")
    return number


def _strict_decoder() -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=_reject_duplicates,
        parse_constant=_reject_constant,
        parse_int=_parse_int,
        parse_float=_parse_float,
    )


def locate_in_json(text: str, path: str, where: str) -> Location:
    """The place in a JSON text of the element that `where` names, `[1].Statement[2].Action`, or of its nearest parent.

    The place of a member is that of its key.
    """
    first = _TOKEN.search(text)
    nearest, place = "", first.start() if first else 0
    names: list[str | None] = [""]  # of the open containers, by depth; None: it does not contain `where`
    for depth, step, offset in _walk_members(text):
        name = _member_path(names[depth - 1], step)
        if name is not None and not _is_within(where, name):
            name = None
        if name is not None and len(name) >= len(nearest):
            nearest, place = name, offset
        names[depth:] = [name]
    return _location_at(text, path, place)


def locate_duplicate_key(text: str, path: str) -> Location:
    """The place of the first duplicate key in an object; the start of the text if there is none."""
    seen: list[set[str | int]] = [set()]  # the keys of the open containers, by depth
    before = 0
    for depth, step, offset in _walk_members(text):
        if depth > before:
            seen[depth:] = [set()]
        if step in seen[depth]:
            return _location_at(text, path, offset)
        seen[depth].add(step)
        before = depth
    return _location_at(text, path, 0)


def _member_path(parent: str | None, step: str | int) -> str | None:
    if parent is None:
        return None
    if isinstance(step, int):
        return f"{parent}[{step}]"
    return f"{parent}.{step}" if parent else step


def _is_within(where: str, name: str) -> bool:
    return where == name or where.startswith((f"{name}.", f"{name}[")) or not name


def _location_at(text: str, path: str, offset: int) -> Location:
    return Location(path, text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def _walk_members(text: str) -> Iterator[tuple[int, str | int, int]]:
    """Yield each member and item of a JSON text, in order: its depth from 1, its key or index, and its offset."""
    counts: list[int] = []  # for each open array, its items so far; _OBJECT for an object
    before = ""
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in _CLOSING and counts:
            counts.pop()
        elif sign not in _BETWEEN:
            if counts and counts[-1] != _OBJECT:
                yield len(counts), counts[-1], token.start()
                counts[-1] += 1
            elif counts and before in _BEFORE_KEY:
                yield len(counts), json.loads(sign), token.start()
            if sign in _OPENING:
                counts.append(_OBJECT if sign == "{" else 0)
        before = sign


@dataclass(frozen=True, slots=True)
class Item:
    """A JSON value with its place; its methods raise InputError if it has another type.

    value: the parsed value.
    path: the file.
    json_path: the place in the file, `principals[3].arn`.
    """

    value: object
    path: str
    json_path: str = ""

    def refuse(self, problem: str, hint: str = "") -> NoReturn:
        """Raise InputError with the place."""
        raise InputError(": ".join(part for part in (self.path, self.json_path, problem) if part), hint)

    def text(self) -> str:
        """The value as text."""
        return self.value if isinstance(self.value, str) else self.refuse("must be text")

    def integer(self) -> int:
        """The value as an integer."""
        number = self.value
        return number if isinstance(number, int) and not isinstance(number, bool) else self.refuse("must be a number")

    def count(self) -> int:
        """The value as a number of things, 0 or more."""
        number = self.integer()
        return number if number >= 0 else self.refuse("must be 0 or more")

    def boolean(self) -> bool:
        """The value as a boolean."""
        return self.value if isinstance(self.value, bool) else self.refuse("must be true or false")

    def time(self) -> datetime:
        """The value as a UTC time."""
        text = self.value if isinstance(self.value, str) else ""
        try:
            if _TIME.fullmatch(text):
                return datetime.fromisoformat(text.removesuffix("Z") + "+00:00")
        except ValueError:
            pass  # such as month 13
        return self.refuse("must be a UTC time such as 2026-11-23T20:00:00Z")

    def choice(self, known: Iterable[_Choice]) -> _Choice:
        """The value as one of these words."""
        words = tuple(known)
        if self.value in words and isinstance(self.value, str):
            return words[words.index(self.value)]
        return self.refuse(f"must be one of {', '.join(words)}")

    def optional(self, read: Callable[[Item], _T]) -> _T | None:
        """None for null, else what `read` returns."""
        return None if self.value is None else read(self)

    def items(self) -> list[Item]:
        """The items of a list."""
        if not isinstance(self.value, list):
            self.refuse("must be a list")
        return [Item(each, self.path, f"{self.json_path}[{index}]") for index, each in enumerate(self.value)]

    def tuple_of(
        self, read: Callable[[Item], _T], usual: Callable[[object], _T | None] | None = None
    ) -> tuple[_T, ...]:
        """What `read` returns for each item of a list.

        usual: a faster reader of values in their usual form, which returns None for others; `read` then decides.
        """
        if usual is None or not isinstance(self.value, list):
            return tuple(read(item) for item in self.items())
        found = ((usual(each), index, each) for index, each in enumerate(self.value))
        return tuple(fast or read(Item(each, self.path, f"{self.json_path}[{index}]")) for fast, index, each in found)

    def set_of(self, read: Callable[[Item], _T]) -> frozenset[_T]:
        """The same without duplicates."""
        return frozenset(self.tuple_of(read))

    def mapping(self) -> dict[str, Item]:
        """The members of an object whose keys are not fixed, such as names in the account."""
        return {
            name: Item(each, self.path, f"{self.json_path}[{json.dumps(name)}]") for name, each in self._object_items()
        }

    def fields(self, *names: str, added: Sequence[str] = ()) -> dict[str, Item]:
        """The members of an object with exactly these keys. An unknown key is an error: its meaning would be lost.

        added: newer keys, which are null in files of older versions.
        """
        start = f"{self.json_path}." if self.json_path else ""
        found = {name: Item(each, self.path, f"{start}{name}") for name, each in self._object_items()}
        for name in names:
            if name not in found:
                Item(None, self.path, f"{start}{name}").refuse("missing")
        for name in added:
            found.setdefault(name, Item(None, self.path, f"{start}{name}"))
        for name in found:
            if name not in names and name not in added:
                self.refuse(f"unknown key {json.dumps(name)}", "check whether a newer koding-audit wrote the file")
        return found

    def file_fields(self, kind: str, known: int, *names: str, added: Sequence[str] = ()) -> dict[str, Item]:
        """The fields of a whole file, after a check of its kind and version."""
        self.check_kind(kind, known)
        return self.fields("version", "kind", *names, added=added)

    def check_kind(self, kind: str, known: int) -> None:
        """Raise InputError for another kind of file, or for another version of it."""
        head = dict(self._object_items())
        if head.get("kind") != kind:
            self.refuse(f"this is not a {kind}")
        self.check_version(known)

    def check_version(self, known: int) -> None:
        """Raise InputError for an object of another version than the known one."""
        version = dict(self._object_items()).get("version")
        if isinstance(version, int) and version > known:
            self.refuse(
                f"version {version} is newer than this koding-audit supports ({known})",
                "upgrade koding-audit to read it",
            )
        if version != known or type(version) is not int:
            self.refuse(f"version: must be {known}")

    def _object_items(self) -> Iterable[tuple[str, object]]:
        return self.value.items() if isinstance(self.value, dict) else self.refuse("must be an object")


def format_time(time: datetime) -> str:
    """A time in UTC as ISO 8601: `2026-11-23T20:00:00Z`."""
    return time.astimezone(timezone.utc).isoformat().removesuffix("+00:00") + "Z"
