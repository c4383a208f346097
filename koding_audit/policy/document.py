"""Policy documents, normalised where they enter: documents that are equal here say the same in other words at most.

Grammar: IAM user guide, reference_policies_grammar. What the grammar leaves to taste (one statement or a list, a text
or a list of one, the case of an action, a number or a text in a condition) is gone after `parse`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from operator import attrgetter
from typing import Any, Literal, NoReturn
from urllib.parse import unquote

from koding_audit.model.errors import InputError
from koding_audit.model.frozen import dataclass

Effect = Literal["Allow", "Deny"]
Version = Literal["2012-10-17", "2008-10-17"]
Qualifier = Literal["", "ForAllValues", "ForAnyValue"]

_VERSIONS: tuple[Version, ...] = ("2012-10-17", "2008-10-17")
_QUALIFIERS: tuple[Qualifier, ...] = ("ForAllValues", "ForAnyValue")
_DOCUMENT_KEYS = frozenset({"Version", "Id", "Statement"})
_STATEMENT_KEYS = frozenset(
    {
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Principal",
        "NotPrincipal",
        "Condition",
    }
)
_PRINCIPAL_TYPES = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})


class DocumentError(InputError):
    """A policy document that IAM would not take; the message names the element: `Statement[2].Action`."""

    def __init__(self, message: str, element: str = "") -> None:
        super().__init__(message)
        self.element = element


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of one operator: `ForAnyValue:StringLikeIfExists` of `aws:TagKeys`.

    operator: in the reference's spelling, `StringLike`; key: in lower case, but for what follows the first `/` (a tag's
    key keeps its case); values: texts, sorted, each once: any of them has to match, or none for a negated operator.
    """

    operator: str
    key: str
    values: tuple[str, ...]
    qualifier: Qualifier = ""
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class Patterns:
    """The values of an element and whether it is its Not form: then whatever matches none of them is meant.

    written: the values as they stood in the document, one for each, for messages; empty where they are the same.
    """

    values: tuple[str, ...]
    negated: bool = False
    written: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Principals:
    """Who a resource-based or trust policy is about: (type, value) pairs, sorted; everybody is ("AWS", "*")."""

    values: tuple[tuple[str, str], ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement.

    actions: in lower case; resources None: the policy's own resource (trust and some resource-based policies);
    principals None: an identity-based policy; index: from 0, as written.
    """

    effect: Effect
    actions: Patterns
    resources: Patterns | None
    principals: Principals | None
    conditions: tuple[Condition, ...]
    sid: str
    index: int


@dataclass(frozen=True, slots=True)
class Document:
    version: Version
    statements: tuple[Statement, ...]


def parse_document(document: str | Mapping[str, Any], *, where: str = "") -> Document:
    """A document as text (plain or percent-encoded, as IAM's API gives it) or as parsed JSON. Raises DocumentError.

    where: what messages begin with, such as a file's or policy's name.
    """
    value = _decode_json(document, where) if isinstance(document, str) else document
    found = _require_mapping(value, where, "the document", _DOCUMENT_KEYS)
    version = found.get("Version", "2008-10-17")
    if version not in _VERSIONS:
        _refuse(where, "Version", "2012-10-17 or 2008-10-17 is needed, as text")
    statements = found.get("Statement")
    if statements is None:
        _refuse(where, "Statement", "there is none")
    listed = statements if isinstance(statements, list) else [statements]
    return Document(version, tuple(_parse_statement(each, index, where) for index, each in enumerate(listed)))


def _decode_json(text: str, where: str) -> object:
    # IAM's API percent-encodes documents (RFC 3986), and some tools do it again.
    for _ in range(2):
        if text.lstrip()[:1] == "%":
            text = unquote(text)
    try:
        return json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        _refuse(where, "the document", f"this is not JSON: {error}")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"key {name!r} is there twice")
        found[name] = value
    return found


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON value")


def _parse_statement(value: object, index: int, where: str) -> Statement:
    place = f"Statement[{index}]"
    found = _require_mapping(value, where, place, _STATEMENT_KEYS)
    effect = found.get("Effect")
    if effect not in ("Allow", "Deny"):
        _refuse(where, f"{place}.Effect", "Allow or Deny is needed")
    actions = _parse_patterns(found, "Action", place, where)
    if actions is None:
        _refuse(where, place, "there is neither Action nor NotAction")
    sid = found.get("Sid", "")
    if not isinstance(sid, str):
        _refuse(where, f"{place}.Sid", "text is needed")
    return Statement(
        effect,
        _lowercase_actions(actions),
        _parse_patterns(found, "Resource", place, where),
        _parse_principals(found, place, where),
        _parse_conditions(found.get("Condition", {}), place, where),
        sid,
        index,
    )


def _parse_patterns(found: Mapping[str, Any], name: str, place: str, where: str) -> Patterns | None:
    both = [each for each in (name, f"Not{name}") if each in found]
    if len(both) > 1:
        _refuse(where, place, f"{name} and Not{name} exclude each other")
    if not both:
        return None
    values = _parse_texts(found[both[0]], f"{place}.{both[0]}", where)
    return Patterns(values, negated=both[0] != name)


def _lowercase_actions(actions: Patterns) -> Patterns:
    # Backwards, so that of two that differ in case only the first is kept.
    written = {each.lower(): each for each in reversed(actions.values)}
    values = tuple(sorted(written))
    return Patterns(values, actions.negated, tuple(written[each] for each in values))


def _parse_principals(found: Mapping[str, Any], place: str, where: str) -> Principals | None:
    both = [each for each in ("Principal", "NotPrincipal") if each in found]
    if len(both) > 1:
        _refuse(where, place, "Principal and NotPrincipal exclude each other")
    if not both:
        return None
    place = f"{place}.{both[0]}"
    value = {"AWS": "*"} if found[both[0]] == "*" else found[both[0]]
    types = _require_mapping(value, where, place, _PRINCIPAL_TYPES)
    pairs = {(kind, each) for kind in types for each in _parse_texts(types[kind], f"{place}.{kind}", where)}
    return Principals(tuple(sorted(pairs)), negated=both[0] == "NotPrincipal")


def _parse_conditions(value: object, place: str, where: str) -> tuple[Condition, ...]:
    found: list[Condition] = []
    for operator, keys in _require_mapping(value, where, f"{place}.Condition", None).items():
        for key, values in _require_mapping(keys, where, f"{place}.Condition.{operator}", None).items():
            texts = _parse_texts(values, f"{place}.Condition.{operator}.{key}", where)
            found.append(_parse_condition(operator, key, texts))
    return tuple(sorted(found, key=attrgetter(*Condition.__match_args__)))


def _parse_condition(operator: str, key: str, values: tuple[str, ...]) -> Condition:
    qualifier: Qualifier = ""
    for each in _QUALIFIERS:
        if operator.lower().startswith(f"{each.lower()}:"):
            qualifier, operator = each, operator[len(each) + 1 :]
    if_exists = operator.lower().endswith("ifexists")
    operator = operator[: -len("IfExists")] if if_exists else operator
    service, slash, rest = key.partition("/")
    return Condition(operator, service.lower() + slash + rest, values, qualifier, if_exists)


def _parse_texts(value: object, place: str, where: str) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(sorted({_parse_text(each, place, where) for each in listed}))


def _parse_text(value: object, place: str, where: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return json.dumps(value)
    return _refuse(where, place, "text or a list of texts is needed")


def _require_mapping(value: object, where: str, place: str, known: frozenset[str] | None) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        _refuse(where, place, "an object is needed")
    unknown = sorted(set(value) - known) if known is not None else []
    if unknown:
        _refuse(where, place, f"there is no element {unknown[0]!r}")
    return value


def _refuse(where: str, place: str, problem: str) -> NoReturn:
    raise DocumentError(": ".join(part for part in (where, place, problem) if part), place)
