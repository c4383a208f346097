"""Incomplete ARNs of Resource elements: the missing fields are `*`, and nothing else changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koding_audit.policy.arn_patterns import complete_arn
from tests.fuzz.mutations import few

pytestmark = pytest.mark.usefixtures("unmeasured")


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("arn:aws:sqs", "arn:aws:sqs:*:*:*"),
        ("arn:aws:sqs:", "arn:aws:sqs::*:*"),
        ("arn:aws:sqs:*", "arn:aws:sqs:*:*:*"),
        ("arn:aws:iam::123456789012", "arn:aws:iam::123456789012:*"),
        ("arn:aws", "arn:aws:*:*:*:*"),
        ("arn:aws:s3:::b", "arn:aws:s3:::b"),
        ("arn:aws:logs:eu-west-1:123456789012:log-group:a:*", "arn:aws:logs:eu-west-1:123456789012:log-group:a:*"),
        ("*", "*"),
        ("sqs:queue", "sqs:queue"),
        ("", ""),
    ],
)
def test_missing_fields_are_completed_and_present_ones_stay(text: str, complete: str) -> None:
    assert complete_arn(text, variables=True) == complete


def test_the_colons_of_a_variable_separate_no_fields() -> None:
    assert complete_arn("arn:aws:${a:b}", variables=True) == "arn:aws:${a:b}:*:*:*"
    assert complete_arn("arn:aws:${a:b}", variables=False) == "arn:aws:${a:b}:*:*"


def test_a_hostile_text_takes_no_longer_than_a_plain_one() -> None:
    assert complete_arn("arn:" + "${" * 100_000, variables=True).endswith("${:*:*:*:*")


@few(60)
@given(st.text("arn:*?s${}", max_size=12), st.booleans())
def test_completing_twice_is_completing_once_and_keeps_the_beginning(rest: str, variables: bool) -> None:
    text = f"arn:{rest}"
    found = complete_arn(text, variables=variables)
    assert found.startswith(text)
    assert complete_arn(found, variables=variables) == found
