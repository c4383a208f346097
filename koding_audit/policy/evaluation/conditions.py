"""Tests one condition against the keys of a request: three states of a key, set operators, IfExists and Null."""

from __future__ import annotations

from collections.abc import Callable

from koding_audit.model.frozen import dataclass
from koding_audit.policy.document import Condition, Qualifier
from koding_audit.policy.evaluation.context import ConditionState, Context
from koding_audit.policy.evaluation.operators import Operator, build_value_test, find_operator, parse_boolean
from koding_audit.policy.evaluation.patterns import Template, parse_pattern
from koding_audit.policy.evaluation.ternary import Truth, Unsure, all_of, any_of, negate_truth, unsure_because

# Tests one value of the request against one of the policy.
_ConditionTest = Callable[[str, Context], Truth]


@dataclass(frozen=True, slots=True)
class CompiledCondition:
    """A condition, ready to be tested.

    label: operator and key as the policy spells them.
    key: the condition key in lower case.
    negated: whether the operator is a negated one.
    qualifier: the set operator.
    if_exists: whether the operator ends with `IfExists`.
    values: one test for each value.
    null_values: the values of a Null condition; () for others.
    unreadable: why it cannot be tested, or "".
    templates: the values with variables, if one without a value leaves the condition unsure; else ().
    """

    label: str
    key: str
    negated: bool
    qualifier: Qualifier
    if_exists: bool
    values: tuple[_ConditionTest, ...]
    null_values: tuple[bool, ...] = ()
    unreadable: str = ""
    templates: tuple[Template, ...] = ()

    def holds(self, context: Context) -> Truth:
        """Whether the condition is met."""
        if self.unreadable:
            return unsure_because(self.unreadable)
        found = context.get(self.key)
        if found is not ConditionState.OPEN:
            return self._holds_for(found, context)
        if self.key in context.possible:  # absent, or this value
            absent = self._holds_for(ConditionState.ABSENT, context)
            if absent == self._holds_for((context.possible[self.key],), context):
                return absent
        return Unsure(keys=frozenset((self.key,)))

    def _holds_for(self, found: tuple[str, ...] | ConditionState, context: Context) -> Truth:
        """Whether the condition is met if the key has these values, or is absent."""
        if self.null_values:
            return (found is ConditionState.ABSENT) in self.null_values
        if not isinstance(found, tuple):
            return self.if_exists or self._result_without_key(context)
        if self.qualifier and not any(found):  # empty texts: a null data set
            return self._result_without_values()
        return self._test_values(found, context)

    def _result_without_key(self, context: Context) -> Truth:
        """The result if the request does not have the key: a negated operator matches, but see compile_condition."""
        if not self.qualifier and any(isinstance(each.fill(context), ConditionState) for each in self.templates):
            return _unset_variable(self.label)
        return self._result_without_values()

    def _result_without_values(self) -> bool:
        if self.qualifier:
            return self.qualifier == "ForAllValues"
        return self.negated

    def _test_values(self, values: tuple[str, ...], context: Context) -> Truth:
        results = [self._test_value(value, context) for value in values]
        if self.qualifier == "ForAllValues":
            return all_of(results)
        if self.qualifier == "ForAnyValue":
            return any_of(results)
        if all(result is results[0] for result in results):
            return results[0]
        return unsure_because(f"{self.label} has several values, but the condition has no set operator")

    def _test_value(self, value: str, context: Context) -> Truth:
        matches = any_of(test(value, context) for test in self.values)
        return negate_truth(matches) if self.negated else matches


def compile_condition(condition: Condition, *, variables: bool, allows: bool) -> CompiledCondition:
    """Compile a condition.

    variables: whether the document's version has policy variables.
    allows: whether the statement's effect is Allow.
    """
    set_operator = f"{condition.qualifier}:" if condition.qualifier else ""
    label = f"{set_operator}{condition.operator}{'IfExists' if condition.if_exists else ''} {condition.key}"
    row = find_operator(condition.operator)
    if row is None:
        return _unreadable_condition(condition, label, f"unknown condition operator {condition.operator}")
    if row.compares == "presence":
        return _compile_null(condition, label)
    # A negated operator matches a variable without a value, so a Deny applies. An Allow with it may be invalid, so it
    # is unsure (reference_policies_variables, policy variables with no value).
    is_unsure = allows and row.negated
    unset = _unset_variable(label) if is_unsure else False
    has_variables = variables and row.variables
    patterns = [parse_pattern(each, wildcards=row.wildcards, variables=has_variables) for each in condition.values]
    return CompiledCondition(
        label=label,
        key=condition.key.lower(),
        negated=row.negated,
        qualifier=condition.qualifier,
        if_exists=condition.if_exists,
        values=tuple(_compile_value(row, each, label, unset) for each in patterns),
        templates=tuple(each for each in patterns if isinstance(each, Template)) if is_unsure else (),
    )


def _unset_variable(label: str) -> Unsure:
    return unsure_because(f"{label}: a policy variable has no value")


def _unreadable_condition(condition: Condition, label: str, why: str) -> CompiledCondition:
    return CompiledCondition(label, condition.key.lower(), False, "", False, (), unreadable=why)


def _compile_null(condition: Condition, label: str) -> CompiledCondition:
    wanted = [parse_boolean(each) for each in condition.values]
    known = tuple(each for each in wanted if each is not None)
    if condition.qualifier or condition.if_exists or not wanted or len(known) < len(wanted):
        return _unreadable_condition(condition, label, f"{label}: Null takes only true or false, and no set operator")
    return CompiledCondition(label, condition.key.lower(), False, "", False, (), null_values=known)


def _compile_value(row: Operator, pattern: str | Template, label: str, unset: Truth) -> _ConditionTest:
    """Compile one value. unset: the result if one of its variables has no value."""
    if isinstance(pattern, Template):
        return _compile_template(row, pattern, label, unset)
    test = build_value_test(row, pattern)
    wrong = unsure_because(f"{label}: one of its values is not a valid {row.compares}")
    if test is None:
        return lambda _value, _context: wrong
    invalid = _invalid_request_value(row, label)

    def fixed(value: str, _context: Context) -> Truth:
        found = test(value)
        return invalid if found is None else found

    return fixed


def _invalid_request_value(row: Operator, label: str) -> Unsure:
    """The result for a value of the request that is not of the operator's type: AWS does not document it."""
    return unsure_because(f"{label}: the value in the request is not a valid {row.compares}")


def _compile_template(row: Operator, template: Template, label: str, unset: Truth) -> _ConditionTest:
    """A value with variables. One without a value gives `unset`; an open one may make the result unsure."""
    invalid = _invalid_request_value(row, label)

    def varying(value: str, context: Context) -> Truth:
        pattern = template.fill(context)
        if isinstance(pattern, Unsure):
            return pattern
        if isinstance(pattern, ConditionState):
            return unset
        open_keys = template.open_keys(context)
        like = row._replace(relation="like") if open_keys and row.relation == "==" and row.compares == "text" else row
        test = build_value_test(like, pattern)
        if open_keys:
            possible = test is None or row.compares != "text" or test(value)
            return Unsure(keys=open_keys) if possible else False
        if test is None:
            return unsure_because(f"{label}: with the variable, it is not a valid {row.compares}")
        found = test(value)
        return invalid if found is None else found

    return varying
