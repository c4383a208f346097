"""One condition against the keys of a request: three states of a key, set operators, IfExists and Null."""

from __future__ import annotations

from typing import Any

import pytest

from koding_audit.policy.document import Condition
from koding_audit.policy.evaluation.conditions import compile_condition
from koding_audit.policy.evaluation.context import Context
from koding_audit.policy.evaluation.operators import OPERATORS
from koding_audit.policy.evaluation.ternary import Truth, Unsure

ABSENT = Context.from_values({}, complete=True)
OPEN = Context.from_values({}, complete=False)


def given(*values: str) -> Context:
    return Context.from_values({"k": values}, complete=True)


def holds(context: Context, operator: str, *values: str, **more: Any) -> Truth:
    return compile_condition(Condition(operator, "k", values, **more), variables=True, allows=True).holds(context)


def test_any_of_its_values_is_enough_and_a_negated_operator_wants_none() -> None:
    assert holds(given("b"), "StringEquals", "a", "b") is True
    assert holds(given("c"), "StringEquals", "a", "b") is False
    assert holds(given("b"), "StringNotEquals", "a", "b") is False
    assert holds(given("c"), "StringNotEquals", "a", "b") is True


def test_without_the_key_only_a_negated_operator_or_if_exists_holds() -> None:
    assert holds(ABSENT, "StringEquals", "a") is False
    assert holds(ABSENT, "StringNotEquals", "a") is True
    assert holds(ABSENT, "StringEquals", "a", if_exists=True) is True


def test_a_key_that_may_have_any_value_leaves_it_open() -> None:
    assert holds(OPEN, "StringEquals", "a") == Unsure(keys=frozenset({"k"}))


def test_set_operators_ask_each_value_or_one() -> None:
    assert holds(given("a", "b"), "StringEquals", "a", qualifier="ForAllValues") is False
    assert holds(given("a"), "StringEquals", "a", qualifier="ForAllValues") is True
    assert holds(ABSENT, "StringEquals", "a", qualifier="ForAllValues") is True
    assert holds(given("a", "b"), "StringEquals", "a", qualifier="ForAnyValue") is True
    assert holds(ABSENT, "StringEquals", "a", qualifier="ForAnyValue") is False


def test_several_values_without_a_set_operator_are_not_guessed_at() -> None:
    assert isinstance(holds(given("a", "b"), "StringEquals", "a"), Unsure)


@pytest.mark.parametrize(("value", "absent"), [("true", True), ("false", False)])
def test_null_asks_whether_the_key_is_there(value: str, absent: bool) -> None:
    assert holds(ABSENT, "Null", value) is absent
    assert holds(given("a"), "Null", value) is not absent


@pytest.mark.parametrize(
    "condition",
    [
        Condition("Null", "k", ("maybe",)),
        Condition("Null", "k", ("true",), if_exists=True),
        Condition("StringSimilar", "k", ("a",)),
        Condition("NumericEquals", "k", ("one",)),
    ],
)
def test_what_cannot_be_read_is_unsure_and_says_why(condition: Condition) -> None:
    found = compile_condition(condition, variables=True, allows=True).holds(given("1"))
    assert isinstance(found, Unsure)
    assert found.problems


def test_a_variable_stands_for_the_value_of_its_key() -> None:
    own = Condition("StringEquals", "k", ("${aws:username}",))
    context = Context.from_values({"k": "ada", "aws:username": "ada"}, complete=True)
    assert compile_condition(own, variables=True, allows=True).holds(context) is True
    assert compile_condition(own, variables=False, allows=True).holds(context) is False
    assert compile_condition(own, variables=True, allows=True).holds(given("ada")) is False


@pytest.mark.parametrize("operator", [name for name, row in OPERATORS.items() if row[2] and row[4]])
@pytest.mark.parametrize("qualifier", ["", "ForAnyValue", "ForAllValues"])
def test_a_variable_without_a_value_keeps_a_deny_in_force_and_leaves_an_allow_unsure(
    operator: str, qualifier: Any
) -> None:
    text = "arn:aws:sns:::"
    condition = Condition(operator, "k", (text + "${aws:username}",), qualifier)
    assert compile_condition(condition, variables=True, allows=False).holds(given(text + "a")) is True
    found = compile_condition(condition, variables=True, allows=True).holds(given(text + "a"))
    assert isinstance(found, Unsure)
    assert "no value" in "".join(found.problems)


@pytest.mark.parametrize(
    "operator", [name for name, row in OPERATORS.items() if row[0] in ("number", "date", "boolean", "address", "ARN")]
)
@pytest.mark.parametrize("allows", [True, False])
def test_a_value_that_its_operator_cannot_read_is_unsure_for_every_operator(operator: str, allows: bool) -> None:
    wanted = {"number": "1", "date": "2026-01-01", "boolean": "true", "address": "192.0.2.1", "ARN": "arn:*:*:*:*:*"}
    condition = Condition(operator, "k", (wanted[OPERATORS[operator][0]],))
    found = compile_condition(condition, variables=True, allows=allows).holds(given("x"))
    assert isinstance(found, Unsure)
    assert "the value in the request" in "".join(found.problems)
