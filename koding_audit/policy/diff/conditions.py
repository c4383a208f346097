"""Conditions as clauses over atoms: what cannot be told apart is one atom, and whatever else decides is one too.

A clause is "one of these" or "none of these"; a statement applies where all of its clauses hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from koding_audit.io.text import pluralize
from koding_audit.policy.diff.patterns import variable_names
from koding_audit.policy.document import Condition

# What is true of a condition without `Not` is false of the one with it, a missing key included (IAM user guide,
# reference_policies_elements_condition_operators: negated operators match where the key is missing).
_NEGATED_OPERATORS: Mapping[str, str] = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequalsignorecase",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnlike",
    "arnnotlike": "arnlike",
    "notipaddress": "ipaddress",
}
# ArnEquals and ArnLike behave identically, the same page says.
_SYNONYMS: Mapping[str, str] = {"arnequals": "arnlike"}

# Negated as well; whether they are the opposite of the others where a value is no number or date is not documented.
_TRUE_WHEN_ABSENT = frozenset({"numericnotequals", "datenotequals"})

NULL = "null"
MATCHES = "matches"  # whether a resource is what a pattern with a policy variable comes to
IS_AMONG = "is among"  # how IAM reads a list of principals where its documentation leaves that open

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
_MOST_VALUES = 3  # values of one condition that a message shows


@dataclass(frozen=True, slots=True, order=True)
class Atom:
    """Something that is true or false of one request.

    operator: in lower case and never a negated one, or NULL, MATCHES or IS_AMONG; qualifier: of a condition;
    key: the condition key; values: any of them; opaque: what it comes to is not known here: there is a policy
    variable in it, or it has a form that nobody writes.
    """

    operator: str
    qualifier: str
    key: str
    values: tuple[str, ...]
    is_opaque: bool = False

    @property
    def is_absence(self) -> bool:
        """Whether it says that its key is missing."""
        return self.operator == NULL and not self.is_opaque

    @property
    def truth_when_absent(self) -> bool | None:
        """What it is where its key is missing; None where that is not known."""
        if self.is_opaque or self.operator not in _SPELLINGS:
            return None
        return self.qualifier == "ForAllValues" or (not self.qualifier and self.operator in _TRUE_WHEN_ABSENT)

    @property
    def keys(self) -> frozenset[str]:
        """The condition keys that it depends on."""
        own = frozenset({self.key} if self.key else ())
        return own.union(*(variable_names(value) for value in self.values)) if self.is_opaque else own

    def describe(self, truth: bool, *, values: bool = True) -> str:
        """As a message says it: `aws:username StringEquals ann, bob`, or `not (...)`; without values, how many."""
        if self.is_absence:
            return f"{self.key} is {'absent' if truth else 'present'}"
        listed = ", ".join(self.values[:_MOST_VALUES]) + (
            f" and {more} more" if (more := len(self.values) - _MOST_VALUES) > 0 else ""
        )
        if self.operator == MATCHES:
            return f"the resource {'matches' if truth else 'does not match'} {listed}"
        if not values and self.operator != IS_AMONG:
            listed = f"({pluralize(len(self.values), 'value')})"
        operator = _SPELLINGS.get(self.operator, self.operator)
        text = f"{self.key} {self.qualifier}{':' if self.qualifier else ''}{operator} {listed}".strip()
        return text if truth else f"not ({text})"


@dataclass(frozen=True, slots=True)
class Clause:
    """Whether any of the atoms is true; negated: none of them."""

    atoms: frozenset[Atom]
    negated: bool = False


Term = frozenset[Clause]


def condition_term(conditions: Sequence[Condition], *, variables: bool) -> Term:
    """A statement's condition block. variables: whether its document's version has policy variables."""
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
    qualifier = condition.qualifier
    if qualifier and negated:
        # All are not A: not any is A. Any is not A: not all are A. Opposite on a missing key, too.
        qualifier = "ForAnyValue" if qualifier == "ForAllValues" else "ForAllValues"
    # Whether all are of a list cannot be taken apart by the list's values.
    taken = [condition.values] if qualifier == "ForAllValues" else [(value,) for value in condition.values]
    atoms = {_condition_atom(operator, qualifier, condition.key, values, variables) for values in taken}
    # A negated operator is true of a missing key as it is.
    if condition.if_exists and not negated:
        atoms.add(_absence_atom(condition.key))
    return Clause(frozenset(atoms), negated)


def _null_clause(condition: Condition) -> Clause:
    if len(condition.values) > 1:  # absent or present: always so
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
