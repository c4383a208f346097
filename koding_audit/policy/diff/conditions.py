"""Conditions as clauses over atoms; an atom is one comparison that is true or false of a request.

A clause is "one of these atoms" or "none of these atoms"; a statement applies if all of its clauses are true.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from koding_audit.io.text import pluralize
from koding_audit.policy.diff.patterns import variable_names
from koding_audit.policy.document import Condition

# A negated operator is true exactly when the plain one is false, also if the key is missing (IAM user guide,
# reference_policies_elements_condition_operators: negated operators match if the key is missing).
_NEGATED_OPERATORS: Mapping[str, str] = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnlike",
    "arnnotlike": "arnlike",
    "notipaddress": "ipaddress",
}
# ArnEquals and ArnLike behave identically, according to the same page.
_SYNONYMS: Mapping[str, str] = {"arnequals": "arnlike"}

# Also negated. Whether they are the opposite of the plain ones if a value is not a number or date is not documented.
_TRUE_WHEN_ABSENT = frozenset({"numericnotequals", "datenotequals"})

_TEXT_OPERATORS = frozenset({"stringequals", "stringequalsignorecase", "stringlike"})

NULL = "null"
MATCHES = "matches"  # whether a resource matches a pattern with a policy variable
IS_AMONG = "is among"  # whether a list of principals includes one, where IAM's documentation leaves that open

_SPELLINGS: Mapping[str, str] = {
    "stringequals": "StringEquals",
    "stringequalsignorecase": "StringEqualsIgnoreCase",
    "stringlike": "StringLike",
    "arnlike": "ArnLike",
    "ipaddress": "IpAddress",
    "numericequals": "NumericEquals",
    "numericnotequals": "NumericNotEquals",
    "numericlessthan": "NumericLessThan",
    "numericlessthanequals": "NumericLessThanEquals",
    "numericgreaterthan": "NumericGreaterThan",
    "numericgreaterthanequals": "NumericGreaterThanEquals",
    "dateequals": "DateEquals",
    "datenotequals": "DateNotEquals",
    "datelessthan": "DateLessThan",
    "datelessthanequals": "DateLessThanEquals",
    "dategreaterthan": "DateGreaterThan",
    "dategreaterthanequals": "DateGreaterThanEquals",
    "bool": "Bool",
    "binaryequals": "BinaryEquals",
}
_MOST_VALUES = 3  # values of one condition in a message

# A partner proves with it that a role is meant for it. AWS does not treat it as a secret (IAM user guide,
# confused-deputy), but people do, and who knows it needs only the partner's account: its values are never shown.
_CONFIDENTIAL_KEYS = frozenset({"sts:externalid"})


@dataclass(frozen=True, slots=True, order=True)
class Atom:
    """One comparison that is true or false of a request.

    operator: in lower case, never a negated one; or NULL, MATCHES or IS_AMONG.
    qualifier: the set operator of the condition.
    key: the condition key.
    values: the comparison is true if any of them matches.
    is_opaque: whether its result is not modelled: it contains a policy variable, or has an unusual form.
    """

    operator: str
    qualifier: str
    key: str
    values: tuple[str, ...]
    is_opaque: bool = False

    @property
    def is_absence(self) -> bool:
        """Whether it is true if its key is missing, and false otherwise."""
        return self.operator == NULL and not self.is_opaque

    @property
    def truth_when_absent(self) -> bool | None:
        """Its truth if its key is missing; None if that is not known."""
        if self.is_opaque or self.operator not in _SPELLINGS:
            return None
        return self.qualifier == "ForAllValues" or (not self.qualifier and self.operator in _TRUE_WHEN_ABSENT)

    @property
    def keys(self) -> frozenset[str]:
        """The condition keys that it depends on."""
        own = frozenset({self.key} if self.key else ())
        return own.union(*(variable_names(value) for value in self.values)) if self.is_opaque else own

    def describe(self, truth: bool, *, values: bool = True) -> str:
        """The atom as text: `aws:username StringEquals ann, bob`, or `not (...)`.

        values: whether to show the values; otherwise, and of a confidential key, their number.
        """
        if self.is_absence:
            return f"{self.key} is {'absent' if truth else 'present'}"
        listed = ", ".join(self.values[:_MOST_VALUES]) + (
            f" and {more} more" if (more := len(self.values) - _MOST_VALUES) > 0 else ""
        )
        if self.operator == MATCHES:
            return f"the resource {'matches' if truth else 'does not match'} {listed}"
        is_hidden = not values or self.key in _CONFIDENTIAL_KEYS
        if is_hidden and self.operator != IS_AMONG:
            listed = f"({pluralize(len(self.values), 'value')})"
        operator = _SPELLINGS.get(self.operator, self.operator)
        text = f"{self.key} {self.qualifier}{':' if self.qualifier else ''}{operator} {listed}".strip()
        return text if truth else f"not ({text})"


@dataclass(frozen=True, slots=True)
class Clause:
    """True if any of the atoms is true; if negated, true if none is."""

    atoms: frozenset[Atom]
    negated: bool = False


Term = frozenset[Clause]


def condition_term(conditions: Sequence[Condition], *, variables: bool) -> Term:
    """The term of a statement's condition block. variables: whether the document's version has policy variables."""
    return frozenset(_condition_clause(each, variables) for each in conditions)


def _condition_clause(condition: Condition, variables: bool) -> Clause:
    operator = condition.operator.lower()
    if (
        operator == NULL
        and not condition.qualifier
        and set(condition.values) in ({"true"}, {"false"}, {"true", "false"})
    ):
        return _null_clause(condition)
    if not condition.values or operator == NULL or (condition.qualifier and condition.if_exists):
        return _opaque_clause(condition)
    negated = operator in _NEGATED_OPERATORS
    operator = _NEGATED_OPERATORS.get(operator, _SYNONYMS.get(operator, operator))
    if variables and operator in _TEXT_OPERATORS and not condition.qualifier and _names_itself(condition):
        return _self_clause(condition.key, negated=negated, if_exists=condition.if_exists)
    qualifier = condition.qualifier
    if qualifier and negated:
        # "All are not A" is "not any is A"; "any is not A" is "not all are A". This also fits a missing key.
        qualifier = "ForAnyValue" if qualifier == "ForAllValues" else "ForAllValues"
    # ForAllValues tests membership in the whole list: it cannot be split by value.
    groups = [condition.values] if qualifier == "ForAllValues" else [(value,) for value in condition.values]
    atoms = {_condition_atom(operator, qualifier, condition.key, values, variables) for values in groups}
    # A negated operator is true of a missing key without IfExists, too.
    if condition.if_exists and not negated:
        atoms.add(_absence_atom(condition.key))
    return Clause(frozenset(atoms), negated)


def _names_itself(condition: Condition) -> bool:
    """Whether one of the values is the variable of the condition's own key: a key is equal to its own value."""
    variables = (each for each in condition.values if re.fullmatch(r"\$\{[^{}]*\}", each))
    return any(variable_names(each) == {condition.key.lower()} for each in variables)


def _self_clause(key: str, *, negated: bool, if_exists: bool) -> Clause:
    """The clause of a comparison of a key with itself: true if the key is there, or not there if it is negated."""
    if if_exists and not negated:
        return Clause(frozenset(), negated=True)
    return Clause(frozenset({_absence_atom(key)}), negated=not negated)


def _null_clause(condition: Condition) -> Clause:
    if len(condition.values) > 1:  # absent or present: always true
        return Clause(frozenset(), negated=True)
    return Clause(frozenset({_absence_atom(condition.key)}), negated=condition.values == ("false",))


def _opaque_clause(condition: Condition) -> Clause:
    operator = condition.operator.lower() + ("ifexists" if condition.if_exists else "")
    return Clause(frozenset({Atom(operator, condition.qualifier, condition.key, condition.values, is_opaque=True)}))


def _absence_atom(key: str) -> Atom:
    return Atom(NULL, "", key, ())


def _condition_atom(operator: str, qualifier: str, key: str, values: tuple[str, ...], variables: bool) -> Atom:
    opaque = variables and any("${" in value for value in values)
    if operator == "stringlike" and not opaque and not any(set(value) & set("*?") for value in values):
        operator = "stringequals"
    return Atom(operator, qualifier, key, values, opaque)
