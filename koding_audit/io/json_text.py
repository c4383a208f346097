"""JSON as text, and JSON values that are checked while they are read: nothing is guessed, a refusal says where."""

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
_OBJECT = -1
_MAX_DEPTH = 500  # about where Python gives up
_MAX_DIGITS = 100
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?Z")

_T = TypeVar("_T")
_Choice = TypeVar("_Choice", bound=str)


def write_json(value: object, *, indent: int | None = None) -> str:
    """One line, or with indent many; ASCII without any control character but the newlines of indent."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False) if indent is None else _indent_json(value, indent)
    return text.replace("\x7f", "\\u007f")  # the one control character that ensure_ascii leaves


def _indent_json(value: object, indent: int, margin: str = "\n") -> str:
    """As json.dumps lays it out with an indent, in half of its time: for that it has no encoder in C.

    margin: what comes between two lines.
    """
    if type(value) is int:
        return repr(value)
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
    """What write_json makes with an indent of 2, in parts.

    An iterator, at the top or in objects, stands for a list: its items are written as they come, and never held at
    once. margin: what comes between two lines.
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
    return isinstance(value, Iterator) or (isinstance(value, dict) and any(map(_has_iterator, value.values())))


def _prefixed_items(value: Any) -> Iterator[tuple[str, object]]:
    """The members of an object or list, each with what is written before it."""
    if isinstance(value, dict):
        return ((f"{write_json(name)}: ", each) for name, each in value.items())
    return (("", each) for each in value)


def parse_json(text: str, path: str) -> object:
    """The value of a JSON text; path is only for messages. Raises InputError with line and column."""
    try:
        return _strict_decoder().decode(text)
    except json.JSONDecodeError as error:
        location = Location(path, error.lineno, error.colno)
        raise InputError(f"not JSON: {error.msg}", "is the file whole? make it again", location) from error
    except RecursionError as error:
        deep = next((offset for depth, _, offset in _walk_members(text) if depth > _MAX_DEPTH), 0)
        raise InputError(
            "this is nested too deeply", "no file of this kind is", _location_at(text, path, deep)
        ) from error
    except _DuplicateKeyError as error:
        raise InputError(
            str(error), "JSON readers keep one of the two without a word", locate_duplicate_key(text, path)
        ) from error
    except _InvalidTokenError as error:
        words = (token for token in _TOKEN.finditer(text) if token[0] == error.word)
        offset = next((token.start() for token in words), 0)
        raise InputError(str(error), "write another value", _location_at(text, path, offset)) from error


def parse_json_lazily(text: str, path: str, name: str) -> tuple[object, Iterable[object]]:
    """The value of a JSON text without the items of one list of the top object, and these, read as they are asked for.

    What is not laid out so is in the value whole. Raises InputError, as read_json does, and before any item is given.
    """
    try:
        members, start = _Cursor(text).members(name)
        value = _reject_duplicates(members)
    except (json.JSONDecodeError, RecursionError, _DuplicateKeyError, _InvalidTokenError, _UnexpectedLayoutError):
        return parse_json(text, path), ()
    return value, _Cursor(text, start).items()


class _UnexpectedLayoutError(Exception):
    """The text is no object with such a list."""


class _Cursor:
    """Goes through a JSON text, a value at a time."""

    def __init__(self, text: str, at: int = 0) -> None:
        self._text, self._at, self._decoder = text, at, _strict_decoder()

    def members(self, name: str) -> tuple[list[tuple[str, object]], int]:
        """The members of an object, and where the list of this name begins, whose items are left out of them."""
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
            for _ in self.items():
                pass
            found.append((name, []))
        if start < 0 or _SPACES.fullmatch(self._text, self._at) is None:
            raise _UnexpectedLayoutError
        return found, start

    def items(self) -> Iterator[object]:
        """The items of a list, one at a time."""
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
    """A key that is there twice in its object."""


class _InvalidTokenError(Exception):
    """A word that is no value here."""

    def __init__(self, word: str, problem: str) -> None:
        super().__init__(problem)
        self.word = word


def _reject_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _DuplicateKeyError(f"key {json.dumps(name)} is there twice")
        found[name] = value
    return found


def _reject_constant(word: str) -> NoReturn:
    raise _InvalidTokenError(word, f"{word} is no JSON value")


def _parse_int(word: str) -> int:
    if len(word) > _MAX_DIGITS:  # Python itself takes thousands, in time that grows with their square
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
    """The place in a JSON text of what `where` names, `[1].Statement[2].Action`, or of the nearest around it.

    A member stands where its key does.
    """
    first = _TOKEN.search(text)
    nearest, place = "", first.start() if first else 0
    names: list[str | None] = [""]  # of what is open, by depth; None: it is not around what is looked for
    for depth, step, offset in _walk_members(text):
        name = _member_path(names[depth - 1], step)
        if name is not None and not _is_within(where, name):
            name = None
        if name is not None and len(name) >= len(nearest):
            nearest, place = name, offset
        names[depth:] = [name]
    return _location_at(text, path, place)


def locate_duplicate_key(text: str, path: str) -> Location:
    """The place of the first key that is there twice in its object; the text's beginning where there is none."""
    seen: list[set[str | int]] = [set()]  # the keys of what is open, by depth
    before = 0
    for depth, step, offset in _walk_members(text):
        if depth > before:
            seen[depth:] = [set()]
        if step in seen[depth]:
            return _location_at(text, path, offset)
        seen[depth].add(step)
        before = depth
    return _location_at(text, path, 0)


def _member_path(around: str | None, step: str | int) -> str | None:
    if around is None:
        return None
    if isinstance(step, int):
        return f"{around}[{step}]"
    return f"{around}.{step}" if around else step


def _is_within(where: str, name: str) -> bool:
    return where == name or where.startswith((f"{name}.", f"{name}[")) or not name


def _location_at(text: str, path: str, offset: int) -> Location:
    return Location(path, text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def _walk_members(text: str) -> Iterator[tuple[int, str | int, int]]:
    """Each member and item of a JSON text, in its order: how deep it is, from 1, its key or index, where it begins."""
    counts: list[int] = []  # of the arrays that are open: their items so far; _OBJECT: it is an object
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
    """A value that is being read, and where it stands: `principals[3].arn` in the file `path`."""

    value: object
    path: str
    json_path: str = ""

    def refuse(self, problem: str, hint: str = "") -> NoReturn:
        raise InputError(": ".join(part for part in (self.path, self.json_path, problem) if part), hint)

    def text(self) -> str:
        return self.value if isinstance(self.value, str) else self.refuse("text is needed")

    def integer(self) -> int:
        number = self.value
        return number if isinstance(number, int) and not isinstance(number, bool) else self.refuse("a number is needed")

    def boolean(self) -> bool:
        return self.value if isinstance(self.value, bool) else self.refuse("true or false is needed")

    def time(self) -> datetime:
        text = self.value if isinstance(self.value, str) else ""
        try:
            if _TIME.fullmatch(text):
                return datetime.fromisoformat(text.removesuffix("Z") + "+00:00")
        except ValueError:
            pass  # a month 13 is refused like any other text
        return self.refuse("a UTC time like 2026-11-23T20:00:00Z is needed")

    def choice(self, known: Iterable[_Choice]) -> _Choice:
        words = {str(each): each for each in known}
        word = self.value
        if isinstance(word, str) and word in words:
            return words[word]
        return self.refuse(f"one of {', '.join(words)} is needed")

    def optional(self, read: Callable[[Item], _T]) -> _T | None:
        return None if self.value is None else read(self)

    def items(self) -> list[Item]:
        if not isinstance(self.value, list):
            self.refuse("a list is needed")
        return [Item(each, self.path, f"{self.json_path}[{index}]") for index, each in enumerate(self.value)]

    def tuple_of(self, read: Callable[[Item], _T]) -> tuple[_T, ...]:
        return tuple(read(item) for item in self.items())

    def set_of(self, read: Callable[[Item], _T]) -> frozenset[_T]:
        return frozenset(self.tuple_of(read))

    def mapping(self) -> dict[str, Item]:
        """An object whose keys are names from the account, not ours."""
        return {
            name: Item(each, self.path, f"{self.json_path}[{json.dumps(name)}]") for name, each in self._object_items()
        }

    def fields(self, *names: str, added: Sequence[str] = ()) -> dict[str, Item]:
        """An object with exactly these keys. An unknown one is refused: what it means would be lost in silence.

        added: keys that came later, and are null in a file that was written before.
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
                self.refuse(f"unknown key {json.dumps(name)}", "was it written by a newer koding-audit, or by hand?")
        return found

    def file_fields(self, kind: str, known: int, *names: str) -> dict[str, Item]:
        """The fields of a whole file, after its kind and its version, which is to be the known one."""
        self.check_kind(kind, known)
        return self.fields("version", "kind", *names)

    def check_kind(self, kind: str, known: int) -> None:
        """Refuse what is another kind of file, or another version of it."""
        head = dict(self._object_items())
        if head.get("kind") != kind:
            self.refuse(f"it is no {kind}")
        self.check_version(known)

    def check_version(self, known: int) -> None:
        """Refuse an object of another version than the known one."""
        version = dict(self._object_items()).get("version")
        if isinstance(version, int) and version > known:
            self.refuse(
                f"version {version} is newer than this koding-audit knows ({known})",
                "upgrade koding-audit to read it",
            )
        if version != known or type(version) is not int:
            self.refuse(f"version: {known} is needed")

    def _object_items(self) -> Iterable[tuple[str, object]]:
        return self.value.items() if isinstance(self.value, dict) else self.refuse("an object is needed")


def format_time(time: datetime) -> str:
    return time.astimezone(timezone.utc).isoformat().removesuffix("+00:00") + "Z"
