"""Patterns in which only a star is special."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from koding_audit.model.wildcard import matches_wildcard

TEXT = st.text(alphabet="ab*?.[]\n", max_size=12)


@given(TEXT, TEXT)
def test_a_pattern_means_what_its_regular_expression_means(pattern: str, text: str) -> None:
    expression = ".*".join(map(re.escape, pattern.split("*")))
    assert matches_wildcard(pattern, text) == bool(re.fullmatch(expression, text, re.DOTALL))


def test_a_start_and_an_end_do_not_share_letters() -> None:
    assert not matches_wildcard("aba*aba", "ababa")
    assert matches_wildcard("aba*aba", "abaaba")


def test_every_part_has_to_be_there() -> None:
    assert not matches_wildcard("a*b*c", "a-c")
    assert matches_wildcard("a*b*c", "a-b-c")


def test_many_stars_cost_no_more_than_few() -> None:
    assert not matches_wildcard("*a" * 500 + "b", "a" * 10_000)
