"""Condition operators as data, and how each kind of value is compared."""

from __future__ import annotations

import pytest

from koding_audit.policy.evaluation.operators import (
    OPERATORS,
    build_value_test,
    find_operator,
    parse_address,
    parse_binary,
    parse_boolean,
    parse_date,
    parse_network,
    parse_number,
)
from koding_audit.policy.evaluation.patterns import parse_pattern


def matches(operator: str, wanted: str, given: str) -> bool | None:
    """Whether a request's value fits a policy's, before any negation; None: it is none of that kind."""
    row = find_operator(operator)
    assert row is not None
    test = build_value_test(row, str(parse_pattern(wanted, wildcards=row.wildcards, variables=False)))
    assert test is not None
    return test(given)


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_is_found_in_any_case(name: str) -> None:
    assert find_operator(name.upper()) == find_operator(name)
    assert find_operator(f"{name}s") is None


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "expected"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", "a", "A", False),
        ("StringEqualsIgnoreCase", "a", "A", True),
        ("StringLike", "a*c", "abc", True),
        ("StringLike", "a*c", "abcd", False),
        ("NumericEquals", "1.0", "1", True),
        ("NumericLessThan", "10", "9", True),
        ("NumericLessThan", "10", "10", False),
        ("NumericGreaterThanEquals", "10", "10", True),
        ("NumericEquals", "1", "one", None),
        ("DateLessThan", "2026-11-23T20:00:00Z", "2026-11-23T21:00:00+02:00", True),
        ("DateEquals", "2026-01-01", "1767225600", True),
        ("Bool", "true", "TRUE", True),
        ("Bool", "true", "yes", None),
        ("BinaryEquals", "YQ==", "a", True),
        ("BinaryEquals", "YQ==", "YQ==", True),
        ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
        ("IpAddress", "10.0.0.1", "10.0.0.2", False),
        ("IpAddress", "2001:db8::/32", "2001:db8::1", True),
        ("IpAddress", "10.0.0.0/8", "nowhere", None),
        ("ArnLike", "arn:aws:s3:::a*", "arn:aws:s3:::ab", True),
        ("ArnEquals", "arn:aws:iam::*:role/x", "arn:aws:iam::123456789012:role/x", True),
        ("ArnLike", "arn:aws:s3:::a*", "a", None),
        ("ArnNotLike", "arn:aws:s3:::a*", "arn:aws:s3", None),
    ],
)
def test_a_value_is_compared_as_its_kind(operator: str, wanted: str, given: str, expected: bool | None) -> None:
    assert matches(operator, wanted, given) is expected


@pytest.mark.parametrize(
    ("operator", "wanted"),
    [
        ("NumericEquals", "one"),
        ("DateEquals", "soon"),
        ("Bool", "yes"),
        ("BinaryEquals", "%"),
        ("IpAddress", "10.0.0"),
        ("ArnLike", "arn:*:x"),
    ],
)
def test_a_value_of_a_policy_that_is_none_of_its_kind_gives_no_test(operator: str, wanted: str) -> None:
    row = find_operator(operator)
    assert row is not None
    assert build_value_test(row, wanted) is None


def test_texts_that_are_none_of_a_kind_are_none() -> None:
    for parse in (parse_number, parse_date, parse_boolean, parse_binary, parse_address, parse_network):
        assert parse("?") is None
    assert parse_date("2026-13-01") is None
    assert parse_number("1e9999") is None
