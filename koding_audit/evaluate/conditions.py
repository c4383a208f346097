"""One condition against the keys of a request: three states of a key, set operators, IfExists and Null."""

from __future__ import annotations

from collections.abc import Callable

from koding_audit.document import Condition, Qualifier
from koding_audit.evaluate.model import Context, State
from koding_audit.evaluate.operators import Operator, boolean, operator_of, test_of
from koding_audit.evaluate.patterns import Template, read
from koding_audit.evaluate.truth import Truth, Unsure, all_of, any_of, opposite, problem
from koding_audit.frozen import dataclass

# One value of the policy against one of the request.
_Value = Callable[[str, Context], Truth]


@dataclass(frozen=True, slots=True)
class Check:
    """A condition that was read. key: in lower case; label: as the policy has it; unreadable: why, or ""."""

    label: str
    key: str
    negated: bool
    qualifier: Qualifier
    if_exists: bool
    values: tuple[_Value, ...]
    null: tuple[bool, ...] = ()
    unreadable: str = ""

    def holds(self, context: Context) -> Truth:
        if self.unreadable:
            return problem(self.unreadable)
        found = context.get(self.key)
        if found is State.OPEN:
            return Unsure(keys=frozenset((self.key,)))
        if self.null:
            return (found is State.ABSENT) in self.null
        if found is State.ABSENT:
            return self.if_exists or self._without_values()
        if self.qualifier and not any(found):  # empty texts: a null data set
            return self._without_values()
        return self._over(found, context)

    def _without_values(self) -> bool:
        if self.qualifier:
            return self.qualifier == "ForAllValues"
        return self.negated

    def _over(self, given: tuple[str, ...], context: Context) -> Truth:
        each = [self._one(value, context) for value in given]
        if self.qualifier == "ForAllValues":
            return all_of(each)
        if self.qualifier == "ForAnyValue":
            return any_of(each)
        if all(result is each[0] for result in each):
            return each[0]
        return problem(f"{self.label} has several values, and the condition no set operator")

    def _one(self, given: str, context: Context) -> Truth:
        matches = any_of(value(given, context) for value in self.values)
        return opposite(matches) if self.negated else matches


def check(condition: Condition, *, variables: bool) -> Check:
    """variables: the document's version knows them."""
    set_operator = f"{condition.qualifier}:" if condition.qualifier else ""
    label = f"{set_operator}{condition.operator}{'IfExists' if condition.if_exists else ''} {condition.key}"
    row = operator_of(condition.operator)
    if row is None:
        return _unreadable(condition, label, f"there is no condition operator {condition.operator}")
    if row.compares == "presence":
        return _null(condition, label)
    values = tuple(_value(row, each, label, variables=variables) for each in condition.values)
    return Check(label, condition.key.lower(), row.negated, condition.qualifier, condition.if_exists, values)


def _unreadable(condition: Condition, label: str, why: str) -> Check:
    return Check(label, condition.key.lower(), False, "", False, (), unreadable=why)


def _null(condition: Condition, label: str) -> Check:
    wanted = [boolean(each) for each in condition.values]
    known = tuple(each for each in wanted if each is not None)
    if condition.qualifier or condition.if_exists or not wanted or len(known) < len(wanted):
        return _unreadable(condition, label, f"{label}: Null stands alone, with true or false")
    return Check(label, condition.key.lower(), False, "", False, (), null=known)


def _value(row: Operator, text: str, label: str, *, variables: bool) -> _Value:
    pattern = read(text, wildcards=row.wildcards, variables=variables and row.variables)
    if isinstance(pattern, Template):
        return _varying(row, pattern, label)
    test = test_of(row, pattern)
    wrong = problem(f"{label}: one of its values is no {row.compares}")
    if test is None:
        return lambda _given, _context: wrong
    # A value of the request that is none of its kind equals nothing; whether it differs, nobody says.
    other: Truth = wrong if row.negated else False

    def fixed(given: str, _context: Context) -> Truth:
        found = test(given)
        return other if found is None else found

    return fixed


def _varying(row: Operator, template: Template, label: str) -> _Value:
    """A value with variables. One that has no value matches nothing; what an open one leaves open is unsure."""

    def varying(given: str, context: Context) -> Truth:
        pattern = template.filled(context)
        if isinstance(pattern, Unsure):
            return pattern
        if isinstance(pattern, State):
            return False
        open_keys = template.open_keys(context)
        like = row._replace(relation="like") if open_keys and row.relation == "==" and row.compares == "text" else row
        test = test_of(like, pattern)
        if open_keys:
            possible = test is None or row.compares != "text" or test(given)
            return Unsure(keys=open_keys) if possible else False
        if test is None:
            return problem(f"{label}: the variable makes it no {row.compares}")
        return test(given) is True

    return varying
