"""Conditions in the comparison: what they lose, what hangs together, and what is left open."""

from __future__ import annotations

from typing import Any

import pytest

from koding_audit.policy.diff.conditions import Atom
from tests.policy.diff.policies import OPEN, allow, between, deny, policy, when


def test_a_condition_that_was_added_loses_where_it_does_not_hold() -> None:
    condition = when("StringEquals", "aws:SourceVpc", "vpc-1")
    (change,) = between(allow(), allow(**condition)).lost
    assert change.condition == "not (aws:sourcevpc StringEquals vpc-1)"
    (change,) = between([], allow(**condition)).gained
    assert change.condition == "aws:sourcevpc StringEquals vpc-1"


def test_a_condition_is_told_without_what_does_not_matter() -> None:
    one, other = (allow(**when(f"StringEquals{each}", "s3:prefix", "home")) for each in ("", "IfExists"))
    (change,) = between(one, other).gained
    assert change.condition == "s3:prefix is absent"


def test_all_are_not_is_the_opposite_of_any_is() -> None:
    """And a denial of the one leaves the other."""
    none_is = allow(**when("ForAllValues:StringNotEquals", "aws:TagKeys", "a"))
    found = between(none_is, [allow(), deny(**when("ForAnyValue:StringEquals", "aws:TagKeys", "a"))])
    assert not found.gained
    assert not found.lost
    assert not found.why


@pytest.mark.parametrize("name", OPEN)
def test_conditions_that_hang_together_are_undecided_and_not_guessed(name: str) -> None:
    old, new = OPEN[name]
    found = between(old, new)
    assert found.verdict == "undecided"
    assert found.why


def test_a_variable_in_a_condition_is_no_literal() -> None:
    tag = allow(**when("StringEquals", "aws:ResourceTag/owner", "${aws:username}"))
    assert between(policy(tag), policy(tag)).verdict == "equal"
    assert between(policy(tag), policy(tag, version="2008-10-17")).verdict != "equal"


def test_the_values_of_an_external_id_are_never_shown() -> None:
    atom = Atom("stringequals", "", "sts:externalid", ("PLANTED-1", "PLANTED-2"))
    assert atom.describe(True) == "sts:externalid StringEquals (2 values)"
    assert Atom("stringlike", "", "sts:externalid", ("${aws:x}",), is_opaque=True).describe(False) == (
        "not (sts:externalid StringLike (1 value))"
    )


@pytest.mark.parametrize(
    ("operator", "plain"),
    [
        ("StringEquals", when("Null", "aws:username", "false")),
        ("StringLike", when("Null", "aws:username", "false")),
        ("StringEqualsIfExists", {}),
        ("StringNotEquals", when("Null", "aws:username", "true")),
        ("StringNotEqualsIfExists", when("Null", "aws:username", "true")),
    ],
)
def test_a_key_is_equal_to_its_own_variable_where_it_is_there(operator: str, plain: dict[str, Any]) -> None:
    with_itself = when(operator, "aws:username", "${aws:username}")
    assert between(allow(**with_itself), allow(**plain)).verdict == "equal"
    assert between(allow(**with_itself), allow(**when(operator, "aws:username", "${aws:userid}"))).verdict != "equal"
