"""Evaluates Terraform's expressions as far as literals, variables and locals decide them; the rest stays open."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from koding_audit.model.frozen import dataclass
from koding_audit.stack.expression_functions import FUNCTIONS

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_-]*)|(?P<quote>\")"
    r"|(?P<operator>\|\||&&|==|!=|<=|>=|=>|\.\.\.|[-+*/%!<>?:.,()\[\]{}=]))"
)


def _or(a: object, b: object) -> bool:
    return _boolean(a) or _boolean(b)


def _and(a: object, b: object) -> bool:
    return _boolean(a) and _boolean(b)


def _less(a: object, b: object) -> bool:
    return _number(a) < _number(b)


def _greater(a: object, b: object) -> bool:
    return _number(a) > _number(b)


def _less_or_equal(a: object, b: object) -> bool:
    return _number(a) <= _number(b)


def _greater_or_equal(a: object, b: object) -> bool:
    return _number(a) >= _number(b)


def _sum(a: object, b: object) -> float:
    return _number(a) + _number(b)


def _difference(a: object, b: object) -> float:
    return _number(a) - _number(b)


def _product(a: object, b: object) -> float:
    return _number(a) * _number(b)


def _quotient(a: object, b: object) -> float:
    return _number(a) / _number(b)


def _remainder(a: object, b: object) -> float:
    return _number(a) % _number(b)


def _number(value: object) -> float:
    """Returns a number; Terraform has no arithmetic for texts, whose product and remainder Python would make."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError
    return value


_LEVELS: Sequence[Mapping[str, Callable[[Any, Any], object]]] = (
    {"||": _or},
    {"&&": _and},
    {"==": operator.eq, "!=": operator.ne},
    {"<": _less, ">": _greater, "<=": _less_or_equal, ">=": _greater_or_equal},
    {"+": _sum, "-": _difference},
    {"*": _product, "/": _quotient, "%": _remainder},
)
_DEEPEST = 40  # levels of parentheses and calls


@dataclass(frozen=True, slots=True)
class OpenValue:
    """A value that the script does not say.

    text: the reference whose value it is, `aws_s3_bucket.logs.id`, "" if it is more than one reference
    """

    text: str = ""


OPEN = OpenValue()

LookUp = Callable[[tuple[str, ...]], object]
"""Returns the value of a name and its first attribute, `("var", "name")`; OPEN if it is not known."""


class _UnreadableError(Exception):
    """The text is not an expression of the kind that is evaluated here."""


def evaluate_expression(text: str, look_up: LookUp) -> object:
    """Returns the value of an expression: None, bool, number, str, list, dict, or an OpenValue."""
    try:
        parser = _Parser(text, look_up)
        value = parser.conditional()
        return value if parser.is_at_end() else OPEN
    except (_UnreadableError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError, StopIteration):
        return OPEN


def evaluate_template(text: str, look_up: LookUp) -> object:
    """Returns the value of a text with `${...}`: of one interpolation its own value, otherwise a text."""
    parts = split_template(text)
    if len(parts) == 1 and parts[0][1]:
        return evaluate_expression(parts[0][0], look_up)
    found = [evaluate_expression(part, look_up) if inside else part for part, inside in parts]
    if any(not isinstance(each, (str, int, float, bool)) for each in found):
        return OPEN
    return "".join(map(text_of_value, found))


def text_of_value(value: object) -> str:
    """Returns a value as Terraform writes it into a text."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def split_template(text: str) -> list[tuple[str, bool]]:
    """Returns the parts of a text, each with whether it is inside `${...}` or `%{...}`.

    `$${` and `%%{` are `${` and `%{`. Braces and texts inside are skipped; `~` beside the braces is left out.
    """
    found: list[tuple[str, bool]] = []
    literal, at = "", 0
    while at < len(text):
        if text[at : at + 3] in ("$${", "%%{"):
            literal, at = literal + text[at + 1 : at + 3], at + 3
        elif text[at : at + 2] in ("${", "%{"):
            end = interpolation_end(text, at + 2)
            found += [(literal, False)] if literal else []
            found.append((text[at + 2 : end].removeprefix("~").removesuffix("~"), True))
            literal, at = "", end + 1
        else:
            literal, at = literal + text[at], at + 1
    return [*found, (literal, False)] if literal or not found else found


def interpolation_end(text: str, at: int) -> int:
    """Returns where the interpolation ends whose content begins at a place: the index of its last brace."""
    depth = 1
    while at < len(text):
        if text[at] == '"':
            at = string_end(text, at + 1)
        depth += {"{": 1, "}": -1}.get(text[at : at + 1], 0)
        if not depth:
            return at
        at += 1
    return len(text)


def text_of_escapes(quoted: str) -> str:
    """Returns the text of what is between quotes; inside `${...}` nothing is an escape."""
    if "\\" not in quoted:
        return quoted
    found, at = [], 0
    while at < len(quoted):
        if quoted[at : at + 2] in ("${", "%{") and quoted[at - 1 : at] != quoted[at]:
            end = interpolation_end(quoted, at + 2) + 1
            found.append(quoted[at:end])
        else:
            escape = _ESCAPE.match(quoted, at)
            end = escape.end() if escape else at + 1
            found.append(_escaped(escape) if escape else quoted[at])
        at = end
    return "".join(found)


def _escaped(escape: re.Match[str]) -> str:
    letter = escape[1]
    return chr(int(letter[1:], 16)) if len(letter) > 1 else _ESCAPED.get(letter, escape[0])


def string_end(text: str, at: int) -> int:
    """Returns the index of the quote that ends a quoted text, in which `${...}` can have quotes of its own."""
    while at < len(text) and text[at] != '"':
        if text[at : at + 2] in ("${", "%{") and text[at - 1 : at] != text[at]:
            at = interpolation_end(text, at + 2)
        at += 2 if text[at : at + 1] == "\\" else 1
    return min(at, len(text))


def _boolean(value: object) -> bool:
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise _UnreadableError


class _Parser:
    """Evaluates while it parses: both sides of each operator, which have no effects."""

    def __init__(self, text: str, look_up: LookUp) -> None:
        self._text = text
        self._look_up = look_up
        self._at = 0
        self._depth = 0

    def is_at_end(self) -> bool:
        return not self._text[self._at :].strip()

    def conditional(self) -> object:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _UnreadableError
        value = self._binary(0)
        if self._take("?"):
            first = self.conditional()
            self._expect(":")
            second = self.conditional()
            value = OPEN if isinstance(value, OpenValue) else first if _boolean(value) else second
        self._depth -= 1
        return value

    def _binary(self, level: int) -> object:
        if level == len(_LEVELS):
            return self._unary()
        value = self._binary(level + 1)
        while (name := self._take(*_LEVELS[level])) is not None:
            other = self._binary(level + 1)
            value = self._apply(name, _LEVELS[level][name], value, other)
        return value

    def _apply(self, name: str, function: Callable[[Any, Any], object], first: object, second: object) -> object:
        known = [each for each in (first, second) if not isinstance(each, OpenValue)]
        if len(known) == 2:
            return function(first, second)
        decides = {"&&": False, "||": True}.get(name)  # false && x is false, for any x
        return decides if decides is not None and decides in known else OPEN

    def _unary(self) -> object:
        name = self._take("!", "-")
        if name is None:
            return self._postfix()
        value: Any = self._unary()
        return OPEN if isinstance(value, OpenValue) else not _boolean(value) if name == "!" else -value

    def _postfix(self) -> object:
        value = self._primary()
        while (name := self._take(".", "[")) is not None:
            start = self._at - 1
            key: object = self._attribute() if name == "." else self._index()
            if isinstance(value, OpenValue):
                value = OpenValue(f"{value.text}{self._text[start : self._at]}" if value.text else "")
            else:
                value = _member(value, key)
        return value

    def _attribute(self) -> object:
        found = _TOKEN.match(self._text, self._at)
        if found is None or found["name"] is None:
            raise _UnreadableError
        self._at = found.end()
        return found["name"]

    def _index(self) -> object:
        if self._take("*"):
            self._expect("]")
            return OPEN
        key = self.conditional()
        self._expect("]")
        return key

    def _primary(self) -> object:
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            raise _UnreadableError
        self._at = found.end()
        if found["number"] is not None:
            return float(found["number"]) if "." in found["number"] else int(found["number"])
        if found["quote"] is not None:
            return self._quoted()
        return self._named(found["name"]) if found["name"] is not None else self._bracket(found["operator"])

    def _bracket(self, name: str) -> object:
        if name == "(":
            value = self.conditional()
            self._expect(")")
            return value
        if name == "[":
            return self._list("]")
        if name == "{":
            return self._object()
        raise _UnreadableError

    def _list(self, end: str) -> list[object]:
        found: list[object] = []
        while not self._take(end):
            found.append(self.conditional())
            if not self._take(","):
                self._expect(end)
                break
        return found

    def _object(self) -> dict[str, object]:
        found: dict[str, object] = {}
        while not self._take("}"):
            key = self._object_key()
            if not self._take("=", ":"):
                raise _UnreadableError
            found[key] = self.conditional()
            self._take(",")
        return found

    def _object_key(self) -> str:
        token = _TOKEN.match(self._text, self._at)
        if token is not None and token["name"] is not None:
            self._at = token.end()
            return token["name"]
        key = self._primary()
        if isinstance(key, (OpenValue, list, dict)):
            raise _UnreadableError
        return text_of_value(key)

    def _quoted(self) -> object:
        end = string_end(self._text, self._at)
        text = self._text[self._at : end]
        self._at = end + 1
        return evaluate_template(text_of_escapes(text), self._look_up)

    def _named(self, name: str) -> object:
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        if self._take("("):
            arguments = self._list(")")
            function = FUNCTIONS.get(name)
            return OPEN if function is None or any(map(_has_open_part, arguments)) else function(*arguments)
        if name == "for":
            raise _UnreadableError
        self._expect(".")
        attribute = self._attribute()
        return self._look_up((name, str(attribute)))

    def _take(self, *names: str) -> str | None:
        found = _TOKEN.match(self._text, self._at)
        if found is None or found["operator"] not in names:
            return None
        self._at = found.end()
        return found["operator"]

    def _expect(self, name: str) -> None:
        if not self._take(name):
            raise _UnreadableError


_CONSTANTS: Mapping[str, object] = {"true": True, "false": False, "null": None}
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)")
_ESCAPED: Mapping[str, str] = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


def _has_open_part(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_has_open_part, value.values()))
    return any(map(_has_open_part, value)) if isinstance(value, list) else isinstance(value, OpenValue)


def _member(value: object, key: object) -> object:
    if isinstance(key, OpenValue):
        return OPEN
    if isinstance(value, dict):
        return value[text_of_value(key)]
    if isinstance(value, list) and isinstance(key, int) and key >= 0:
        return value[key]
    raise _UnreadableError
