"""Patterns in which only a star is special."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from koding_audit.wildcard import matches

TEXT = st.text(alphabet="ab*?.[]\n", max_size=12)


@given(TEXT, TEXT)
def test_a_pattern_means_what_its_regular_expression_means(pattern: str, text: str) -> None:
    expression = ".*".join(map(re.escape, pattern.split("*")))
    assert matches(pattern, text) == bool(re.fullmatch(expression, text, re.DOTALL))


def test_a_start_and_an_end_do_not_share_letters() -> None:
    assert not matches("aba*aba", "ababa")
    assert matches("aba*aba", "abaaba")


def test_every_part_has_to_be_there() -> None:
    assert not matches("a*b*c", "a-c")
    assert matches("a*b*c", "a-b-c")


def test_many_stars_cost_no_more_than_few() -> None:
    assert not matches("*a" * 500 + "b", "a" * 10_000)
