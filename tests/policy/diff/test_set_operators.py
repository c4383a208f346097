"""Set operators on keys with at most one value."""

from __future__ import annotations

import pytest

from koding_audit.policy.diff import covers_documents
from koding_audit.policy.document import parse_document
from tests.policy.diff.policies import allow, between, policy, when

ONE = "ec2:CreateAction"


@pytest.mark.parametrize("operator", ["StringEquals", "StringLike", "StringEqualsIfExists"])
def test_for_any_value_changes_nothing_if_the_key_has_at_most_one_value(operator: str) -> None:
    one, other = (allow(**when(f"{each}{operator}", ONE, "RunInstances")) for each in ("ForAnyValue:", ""))
    assert between(one, other).verdict == "equal"
    assert covers_documents(*(parse_document(policy(each)) for each in (one, other))) is True


@pytest.mark.parametrize(
    ("operator", "key", "value"),
    [
        ("ForAnyValue:StringEquals", "events:detail-type", "a"),
        ("ForAnyValue:StringEquals", "quantumleap:Speed", "a"),
        ("ForAnyValue:StringLike", ONE, "*"),
        ("ForAllValues:StringEquals", ONE, "a"),
        ("ForAnyValue:StringNotEquals", ONE, "a"),
    ],
    ids=["an array", "a key that the data do not have", "an empty text", "all values", "a negated operator"],
)
def test_where_a_set_operator_may_change_something_the_documents_are_not_equal(
    operator: str, key: str, value: str
) -> None:
    plain = operator.partition(":")[2]
    assert between(allow(**when(operator, key, value)), allow(**when(plain, key, value))).verdict != "equal"
