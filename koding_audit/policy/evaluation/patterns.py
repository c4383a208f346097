"""Patterns of policies with `*`, `?` and variables: parsed once, and matched without backtracking."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from koding_audit.model.frozen import dataclass
from koding_audit.policy.evaluation.context import ConditionState, Context
from koding_audit.policy.evaluation.ternary import Unsure, unsure_because

TextMatcher = Callable[[str], bool]

# The wildcards of a parsed pattern, so that `${*}` can give a literal `*`.
STAR = "\ue000"
QUESTION_MARK = "\ue001"
_LITERAL_TABLE: Mapping[int, str] = {0xE000: "\ufffd", 0xE001: "\ufffd"}
_WILDCARD_TABLE: Mapping[int, str] = {0x2A: STAR, 0x3F: QUESTION_MARK, **_LITERAL_TABLE}
# No two parts of it in a row match the same characters: a hostile text takes linear time.
_VARIABLE = re.compile(r"\$\{([^{},']+)(?:,\s*'([^'}]*)'\s*)?\}")


@dataclass(frozen=True, slots=True)
class Variable:
    """A policy variable: `${aws:username, 'nobody'}`.

    key: the condition key in lower case.
    default: None if there is none.
    """

    key: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Template:
    """A pattern with variables.

    parts: the variables, and the parsed texts between them.
    """

    parts: tuple[str | Variable, ...]

    @property
    def has_misplaced_variable(self) -> bool:
        """Whether a variable is before the fifth colon of an ARN, which is invalid (reference_policies_variables)."""
        before = ""
        for part in self.parts:
            if isinstance(part, Variable):
                return before.count(":") < 5
            before += part
        return False

    def fill(self, context: Context) -> str | ConditionState | Unsure:
        """The pattern with the values of this request, wildcards for open ones; ABSENT if a variable has no value."""
        found: list[str] = []
        for part in self.parts:
            value = part if isinstance(part, str) else _variable_value(part, context)
            if isinstance(value, ConditionState | Unsure):
                return value
            found.append(value)
        return "".join(found)

    def open_keys(self, context: Context) -> frozenset[str]:
        """The keys of its variables that are open in the context."""
        variables = (part.key for part in self.parts if isinstance(part, Variable))
        return frozenset(key for key in variables if context.get(key) is ConditionState.OPEN)


def _variable_value(variable: Variable, context: Context) -> str | ConditionState | Unsure:
    found = context.get(variable.key)
    if found is ConditionState.OPEN:
        return STAR
    if found is ConditionState.ABSENT:
        return ConditionState.ABSENT if variable.default is None else variable.default
    if len(found) > 1:  # a multivalued key cannot be a variable (reference_policies_condition-single-vs-multi-...)
        return unsure_because(f"{variable.key} has several values, so it cannot be a policy variable")
    return found[0].translate(_LITERAL_TABLE)


def parse_pattern(text: str, *, wildcards: bool, variables: bool) -> str | Template:
    """Parse a pattern of a policy: text with the wildcards above, or a Template if it has variables.

    wildcards: whether `*` and `?` are wildcards.
    variables: whether the document's version has policy variables.
    """
    table = _WILDCARD_TABLE if wildcards else _LITERAL_TABLE
    if not variables or "${" not in text:
        return text.translate(table)
    parts: list[str | Variable] = [""]
    at = 0
    for found in _VARIABLE.finditer(text):
        name, default = found.group(1).strip(), found.group(2)
        if not name or (name[0] in "*?$" and len(name) > 1):
            continue  # text, not a variable
        _append_text(parts, text[at : found.start()].translate(table))
        if name in ("*", "?", "$"):
            _append_text(parts, name)
        else:
            parts += [Variable(name.lower(), None if default is None else default.translate(_LITERAL_TABLE)), ""]
        at = found.end()
    _append_text(parts, text[at:].translate(table))
    return Template(tuple(parts)) if len(parts) > 1 else str(parts[0])


def _append_text(parts: list[str | Variable], text: str) -> None:
    parts[-1] = f"{parts[-1]}{text}"


def glob_matcher(pattern: str) -> TextMatcher:
    """Return a test whether a whole text matches a parsed pattern; wildcards match any character."""
    if QUESTION_MARK in pattern:
        first, *rest = pattern.split(STAR)
        if not rest:
            return _RegexParts(_part_regex(first), (), None, len(first)).matches
        *middle, last = rest
        parts = tuple(_part_regex(each) for each in middle if each)
        return _RegexParts(_part_regex(first), parts, _part_regex(last), len(last)).matches
    if STAR not in pattern:
        return pattern.__eq__
    first, *middle, last = pattern.split(STAR)
    if not (last or any(middle)):
        return _Prefix(first).matches if first else _match_anything
    return _LiteralParts(first, tuple(each for each in middle if each), last).matches


def _match_anything(_: str) -> bool:
    return True


def _part_regex(part: str) -> re.Pattern[str]:
    return re.compile("".join("." if each == QUESTION_MARK else re.escape(each) for each in part), re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Prefix:
    first: str

    def matches(self, text: str) -> bool:
        return text.startswith(self.first)


@dataclass(frozen=True, slots=True)
class _LiteralParts:
    """Texts in sequence with anything between them; each is searched for once, from the left.

    first: the text at the beginning.
    middle: the texts between.
    last: the text at the end.
    """

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
class _RegexParts:
    """The same with `?`: each part has a fixed length, so the leftmost match is always the right one.

    first: the part at the beginning.
    middle: the parts between.
    last: the part at the end; None if there is no `*`, and `first` is the whole pattern.
    width: the length of the last part.
    """

    first: re.Pattern[str]
    middle: tuple[re.Pattern[str], ...]
    last: re.Pattern[str] | None
    width: int

    def matches(self, text: str) -> bool:
        if self.last is None:
            return self.first.fullmatch(text) is not None
        end = len(text) - self.width
        start = self.first.match(text)
        if start is None or end < start.end() or not self.last.match(text, end):
            return False
        at = start.end()
        for part in self.middle:
            found = part.search(text, at, end)
            if found is None:
                return False
            at = found.end()
        return True


def resource_matcher(pattern: str) -> TextMatcher:
    """Return a test for a Resource pattern: a wildcard matches within its segment, except a `*` at its end.

    Source: reference_policies_elements_resource. What follows the fifth colon is one segment here: object
    keys and log groups contain colons.
    """
    *head, rest = pattern.split(":", 5)
    if len(head) < 5 or all(QUESTION_MARK not in each and STAR not in each[:-1] for each in head):
        return glob_matcher(pattern)
    return segment_matcher((*head, rest))


def segment_matcher(parts: tuple[str, ...]) -> TextMatcher:
    """Return a test that compares segment by segment, as the ARN operators do.

    Source: reference_policies_elements_condition_operators.
    """
    tests = tuple(glob_matcher(each) for each in parts)

    def matches(text: str) -> bool:
        found = text.split(":", 5)
        return len(found) == len(tests) and all(test(each) for test, each in zip(tests, found, strict=True))

    return matches
