"""Policy documents, parsed and normalised: documents with equal values here have the same meaning.

Grammar: IAM user guide, reference_policies_grammar. `parse_document` removes the variants that the grammar allows: one
statement or a list, a text or a list of one, the case of an action, a number or a text in a condition.
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
    """A policy document that IAM rejects; the message names the element: `Statement[2].Action`."""

    def __init__(self, message: str, element: str = "") -> None:
        super().__init__(message)
        self.element = element


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of one operator: `ForAnyValue:StringLikeIfExists` of `aws:TagKeys`.

    operator: in the reference's spelling, `StringLike`.
    key: in lower case, except what follows the first `/`: a tag's key keeps its case.
    values: sorted texts without duplicates. One of them must match; none, for a negated operator.
    qualifier: the set operator.
    if_exists: whether the operator ends with `IfExists`.
    """

    operator: str
    key: str
    values: tuple[str, ...]
    qualifier: Qualifier = ""
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class Patterns:
    """The values of an Action or Resource element.

    negated: whether this is the Not form, which matches everything that no value matches.
    written: for messages, each value in the document's own spelling; empty if the spelling is the same.
    """

    values: tuple[str, ...]
    negated: bool = False
    written: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Principals:
    """The principals of a statement in a resource-based or trust policy.

    values: sorted (type, value) pairs; ("AWS", "*") is everyone.
    negated: whether this is NotPrincipal.
    """

    values: tuple[tuple[str, str], ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement.

    actions: in lower case.
    resources: None for the policy's own resource (trust policies and some resource-based policies).
    principals: None in an identity-based policy.
    sid: "" if the statement has none.
    index: its position in the document, from 0.
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
    """A policy document."""

    version: Version
    statements: tuple[Statement, ...]


def parse_document(document: str | Mapping[str, Any], *, where: str = "") -> Document:
    """Parse a policy document. Raises DocumentError.

    document: text (plain or percent-encoded, as IAM's API returns it) or parsed JSON.
    where: a prefix for messages, such as the name of a file or policy.
    """
    value = _decode_json(document, where) if isinstance(document, str) else document
    found = _require_mapping(value, where, "the document", _DOCUMENT_KEYS)
    version = found.get("Version", "2008-10-17")
    if version not in _VERSIONS:
        _refuse(where, "Version", "must be 2012-10-17 or 2008-10-17, as text")
    statements = found.get("Statement")
    if statements is None:
        _refuse(where, "Statement", "missing")
    listed = statements if isinstance(statements, list) else [statements]
    return Document(version, tuple(_parse_statement(each, index, where) for index, each in enumerate(listed)))


def has_wildcard_service(action: str) -> bool:
    """Whether the service of an action element has a wildcard, as in `*:GetObject`; `*` and `*:*` are every action.

    IAM rejects such an element: the service prefix is required (reference_policies_elements_action).
    """
    return bool(set(action.partition(":")[0]) & set("*?") and action.strip("*:"))


def _decode_json(text: str, where: str) -> object:
    # IAM's API percent-encodes documents (RFC 3986), and some tools encode them a second time.
    for _ in range(2):
        if text.lstrip()[:1] == "%":
            text = unquote(text)
    try:
        return json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        _refuse(where, "the document", f"not JSON: {error}")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"duplicate key {name!r}")
        found[name] = value
    return found


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a JSON value")


def _parse_statement(value: object, index: int, where: str) -> Statement:
    place = f"Statement[{index}]"
    found = _require_mapping(value, where, place, _STATEMENT_KEYS)
    effect = found.get("Effect")
    if effect not in ("Allow", "Deny"):
        _refuse(where, f"{place}.Effect", "must be Allow or Deny")
    actions = _parse_patterns(found, "Action", place, where)
    if actions is None:
        _refuse(where, place, "has neither Action nor NotAction")
    sid = found.get("Sid", "")
    if not isinstance(sid, str):
        _refuse(where, f"{place}.Sid", "must be text")
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
        _refuse(where, place, f"has both {name} and Not{name}")
    if not both:
        return None
    values = _parse_texts(found[both[0]], f"{place}.{both[0]}", where)
    return Patterns(values, negated=both[0] != name)


def _lowercase_actions(actions: Patterns) -> Patterns:
    # Reversed, so that the first of two spellings that differ only in case is kept.
    written = {each.lower(): each for each in reversed(actions.values)}
    values = tuple(sorted(written))
    return Patterns(values, actions.negated, tuple(written[each] for each in values))


def _parse_principals(found: Mapping[str, Any], place: str, where: str) -> Principals | None:
    both = [each for each in ("Principal", "NotPrincipal") if each in found]
    if len(both) > 1:
        _refuse(where, place, "has both Principal and NotPrincipal")
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
    return _refuse(where, place, "must be text or a list of texts")


def _require_mapping(value: object, where: str, place: str, known: frozenset[str] | None) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        _refuse(where, place, "must be an object")
    unknown = sorted(set(value) - known) if known is not None else []
    if unknown:
        _refuse(where, place, f"unknown element {unknown[0]!r}")
    return value


def _refuse(where: str, place: str, problem: str) -> NoReturn:
    raise DocumentError(": ".join(part for part in (where, place, problem) if part), place)
