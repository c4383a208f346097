"""Patterns: the same answers as trying every way, and none of its time."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from koding_audit.policy.evaluation import Context
from koding_audit.policy.evaluation.patterns import Template, glob_matcher, parse_pattern, resource_matcher

texts = st.text(alphabet="ab:/", max_size=10)
patterns = st.text(alphabet="ab:/*?", max_size=8)


def plain(text: str) -> str:
    found = parse_pattern(text, wildcards=True, variables=False)
    assert isinstance(found, str)
    return found


def tried(pattern: str, text: str) -> bool:
    """Every way, by a regular expression."""
    wild = {"*": ".*", "?": "."}
    return re.fullmatch("".join(wild.get(each, re.escape(each)) for each in pattern), text, re.DOTALL) is not None


@given(patterns, texts)
def test_a_pattern_matches_what_trying_every_way_finds(pattern: str, text: str) -> None:
    assert glob_matcher(plain(pattern))(text) is tried(pattern, text)


@given(patterns, texts)
def test_a_pattern_matches_every_text_that_it_was_made_from(pattern: str, text: str) -> None:
    assert glob_matcher(plain(pattern))(pattern.replace("*", text).replace("?", "a"))


@given(patterns, texts)
def test_a_resource_is_never_wider_than_its_pattern(pattern: str, text: str) -> None:
    if resource_matcher(plain(pattern))(text):
        assert tried(pattern, text)


def test_hostile_patterns_take_no_longer_than_plain_ones() -> None:
    assert not glob_matcher(plain("*a" * 500 + "b"))("a" * 4000)
    assert not glob_matcher(plain("*?a" * 500 + "b"))("a" * 4000)


def test_hostile_variables_take_no_longer_than_plain_ones() -> None:
    for text in (
        "${a" + " " * 100_000,
        "${" + " " * 100_000,
        "${a " * 25_000,
        "${a, '" * 20_000,
        "${a, 'b'" + " " * 100_000,
    ):
        assert parse_pattern(text, wildcards=True, variables=True) == text


@given(st.text(max_size=12))
def test_a_text_with_private_characters_is_no_wildcard(text: str) -> None:
    pattern = "\ue000" + text
    assert not glob_matcher(plain(pattern.replace("*", "").replace("?", "")))("anything" + text)


@given(st.text(max_size=12))
def test_a_value_of_a_variable_is_only_itself(value: str) -> None:
    pattern = parse_pattern("a/${aws:username}/b", wildcards=True, variables=True)
    assert isinstance(pattern, Template)
    filled = pattern.fill(Context.from_values({"aws:username": value}, complete=True))
    assert isinstance(filled, str)
    assert glob_matcher(filled)(f"a/{value}/b") is not any(each in value for each in "\ue000\ue001")
    assert not glob_matcher(filled)(f"a/{value}x/b")


def test_what_looks_like_a_variable_and_is_none_stays_text() -> None:
    for text in ("${", "${}", "$aws:username", "${aws:username", "{aws:username}"):
        assert parse_pattern(text, wildcards=True, variables=True) == text
