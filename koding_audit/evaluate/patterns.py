"""Patterns of policies: `*`, `?` and variables, read once, and matched without ever trying the same text twice over."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from koding_audit.evaluate.model import Context, State
from koding_audit.evaluate.truth import Unsure, problem
from koding_audit.frozen import dataclass

Match = Callable[[str], bool]

# A pattern that was read has these for its wildcards, so that `${*}` can give a plain `*`.
STAR = "\ue000"
ONE = "\ue001"
_PLAIN: Mapping[int, str] = {0xE000: "\ufffd", 0xE001: "\ufffd"}
_WILDCARDS: Mapping[int, str] = {0x2A: STAR, 0x3F: ONE, **_PLAIN}
_VARIABLE = re.compile(r"\$\{\s*([*?$]|[^{},'\s*?$][^{},']*?)\s*(?:,\s*'([^'}]*)'\s*)?\}")


@dataclass(frozen=True, slots=True)
class Variable:
    """`${aws:username, 'nobody'}`: key in lower case; default None where none is given."""

    key: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Template:
    """A pattern with variables: what stands between them, already read."""

    parts: tuple[str | Variable, ...]

    @property
    def misplaced(self) -> bool:
        """A variable stands before the fifth colon of an ARN, where none can (reference_policies_variables)."""
        before = ""
        for part in self.parts:
            if isinstance(part, Variable):
                return before.count(":") < 5
            before += part
        return False

    def filled(self, context: Context) -> str | State | Unsure:
        """The pattern with the values of this request, wildcards for open ones; ABSENT where one has no value."""
        found: list[str] = []
        for part in self.parts:
            value = part if isinstance(part, str) else _value(part, context)
            if isinstance(value, State | Unsure):
                return value
            found.append(value)
        return "".join(found)

    def open_keys(self, context: Context) -> frozenset[str]:
        variables = (part.key for part in self.parts if isinstance(part, Variable))
        return frozenset(key for key in variables if context.get(key) is State.OPEN)


def _value(variable: Variable, context: Context) -> str | State | Unsure:
    found = context.get(variable.key)
    if found is State.OPEN:
        return STAR
    if found is State.ABSENT:
        return State.ABSENT if variable.default is None else variable.default
    if len(found) > 1:  # a multivalued key is no variable (reference_policies_condition-single-vs-multi-...)
        return problem(f"{variable.key} has several values and is no policy variable")
    return found[0].translate(_PLAIN)


def read(text: str, *, wildcards: bool, variables: bool) -> str | Template:
    """A pattern as a policy has it. wildcards: `*` and `?` are such; variables: the document's version knows them."""
    table = _WILDCARDS if wildcards else _PLAIN
    if not variables or "${" not in text:
        return text.translate(table)
    parts: list[str | Variable] = [""]
    at = 0
    for found in _VARIABLE.finditer(text):
        name, default = found.group(1), found.group(2)
        _append(parts, text[at : found.start()].translate(table))
        if name in ("*", "?", "$"):
            _append(parts, name)
        else:
            parts += [Variable(name.lower(), None if default is None else default.translate(_PLAIN)), ""]
        at = found.end()
    _append(parts, text[at:].translate(table))
    return Template(tuple(parts)) if len(parts) > 1 else str(parts[0])


def _append(parts: list[str | Variable], text: str) -> None:
    parts[-1] = f"{parts[-1]}{text}"


def glob(pattern: str) -> Match:
    """Whether a text is all of a pattern that was read; wildcards cross everything."""
    if ONE in pattern:
        first, *rest = pattern.split(STAR)
        if not rest:
            return _Holed(_regex(first), (), None, len(first)).matches
        *middle, last = rest
        parts = tuple(_regex(each) for each in middle if each)
        return _Holed(_regex(first), parts, _regex(last), len(last)).matches
    if STAR not in pattern:
        return pattern.__eq__
    first, *middle, last = pattern.split(STAR)
    if not (last or any(middle)):
        return _Beginning(first).matches if first else _anything
    return _Parts(first, tuple(each for each in middle if each), last).matches


def _anything(_: str) -> bool:
    return True


def _regex(part: str) -> re.Pattern[str]:
    return re.compile("".join("." if each == ONE else re.escape(each) for each in part), re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Beginning:
    first: str

    def matches(self, text: str) -> bool:
        return text.startswith(self.first)


@dataclass(frozen=True, slots=True)
class _Parts:
    """Texts that follow one another with anything between: each is looked for once, from the left."""

    first: str
    middle: tuple[str, ...]
    last: str

    def matches(self, text: str) -> bool:
        if not (text.startswith(self.first) and text.endswith(self.last)):
            return False
        at, end = len(self.first), len(text) - len(self.last)
        for part in self.middle:
            found = text.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return at <= end


@dataclass(frozen=True, slots=True)
class _Holed:
    """The same with `?`: each part has a fixed length, so that the leftmost place is the best one here too."""

    first: re.Pattern[str]
    middle: tuple[re.Pattern[str], ...]
    last: re.Pattern[str] | None  # None: there is no `*`, and first is all
    width: int  # of what comes last

    def matches(self, text: str) -> bool:
        if self.last is None:
            return self.first.fullmatch(text) is not None
        end = len(text) - self.width
        begun = self.first.match(text)
        if begun is None or end < begun.end() or not self.last.match(text, end):
            return False
        at = begun.end()
        for part in self.middle:
            found = part.search(text, at, end)
            if found is None:
                return False
            at = found.end()
        return True


def resource(pattern: str) -> Match:
    """A pattern of Resource: a wildcard stays inside its segment, unless it is a `*` that ends it.

    Source: reference_policies_elements_resource. What follows the fifth colon is one segment here: object
    keys and log groups hold colons of their own.
    """
    *head, rest = pattern.split(":", 5)
    if len(head) < 5 or all(ONE not in each and STAR not in each[:-1] for each in head):
        return glob(pattern)
    return segments((*head, rest))


def segments(parts: tuple[str, ...]) -> Match:
    """Segment by segment, as the ARN operators compare (reference_policies_elements_condition_operators)."""
    tests = tuple(glob(each) for each in parts)

    def matches(text: str) -> bool:
        found = text.split(":", 5)
        return len(found) == len(tests) and all(test(each) for test, each in zip(tests, found, strict=True))

    return matches
