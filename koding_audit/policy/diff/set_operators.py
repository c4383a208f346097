"""Documents without the set operators that change nothing, because their key has at most one value."""

from __future__ import annotations

from collections.abc import Sequence

from koding_audit.model.frozen import replace
from koding_audit.policy.document import Condition, Document
from koding_audit.reference.single_valued_keys import load_single_valued_keys

# The negated ones are not among them: ForAnyValue is false if the key is missing, and they are true.
_OPERATORS = frozenset({"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"})


def drop_set_operators(documents: Sequence[Document]) -> tuple[Document, ...]:
    """The documents without `ForAnyValue:` where it changes nothing."""
    if not any(each.qualifier for document in documents for rule in document.statements for each in rule.conditions):
        return tuple(documents)
    keys = load_single_valued_keys()
    return tuple(
        replace(
            document,
            statements=tuple(
                replace(rule, conditions=tuple(_drop_set_operator(each, keys) for each in rule.conditions))
                for rule in document.statements
            ),
        )
        for document in documents
    )


def _drop_set_operator(condition: Condition, keys: frozenset[str]) -> Condition:
    is_plain = condition.qualifier == "ForAnyValue" and condition.operator.lower() in _OPERATORS
    # ForAnyValue does not count an empty text as a value, so no value may match it.
    if is_plain and condition.key.lower() in keys and all(map(_needs_letters, condition.values)):
        return replace(condition, qualifier="")
    return condition


def _needs_letters(value: str) -> bool:
    return bool(value.strip("*")) and "${" not in value
