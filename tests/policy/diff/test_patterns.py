"""The automaton of patterns: every combination that some text matches, and no other."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koding_audit.policy.diff.patterns import (
    PatternSpace,
    Tokens,
    TooManyStates,
    pattern_tokens,
    resource_tokens,
    variable_names,
)
from koding_audit.policy.evaluation import patterns as evaluated
from tests.policy.diff.oracle import glob

ELEMENTS = st.lists(
    st.lists(st.text(alphabet="ab*?", min_size=1, max_size=4), min_size=1, max_size=3), min_size=1, max_size=4
)
TEXTS = ["".join(letters) for length in range(1, 7) for letters in itertools.product("abx", repeat=length)]
ARN = st.lists(
    st.sampled_from(["arn", "aws", "a", "b", "*", "?", "a*", "*b", "a*b", "a:b", "*:*", "**", "a?"]),
    min_size=1,
    max_size=8,
).map(":".join)


def space(elements: list[list[str]]) -> PatternSpace:
    return PatternSpace([{pattern_tokens(pattern): pattern for pattern in element} for element in elements])


def matches(pattern: Tokens, text: str) -> bool:
    return bool(PatternSpace([{pattern: ""}]).mask_of(text))


@settings(deadline=None)
@given(ELEMENTS)
def test_the_regions_are_those_that_some_text_is_in(elements: list[list[str]]) -> None:
    found = space(elements).regions()
    masks = {sum(any(glob(p, text) for p in element) << n for n, element in enumerate(elements)) for text in TEXTS}
    assert masks <= set(found)
    for mask, region in found.items():
        assert sum(any(glob(p, region.example) for p in each) << n for n, each in enumerate(elements)) == mask


@settings(deadline=None)
@given(ELEMENTS, st.sampled_from(TEXTS))
def test_the_mask_of_a_text_has_the_elements_that_match(elements: list[list[str]], text: str) -> None:
    assert space(elements).mask_of(text) == sum(
        any(glob(pattern, text) for pattern in element) << number for number, element in enumerate(elements)
    )


@settings(deadline=None, max_examples=300)
@given(ARN, ARN.map(lambda arn: arn.replace("*", "c").replace("?", "d")))
def test_resources_match_as_the_evaluator_has_them(pattern: str, text: str) -> None:
    read = evaluated.parse_pattern(pattern, wildcards=True, variables=False)
    assert isinstance(read, str)
    assert matches(resource_tokens(pattern, variables=False), text) == evaluated.resource_matcher(read)(text)


def test_after_a_prefix_only_what_goes_on_is_told() -> None:
    regions = space([["s3:Get*"], ["*"]]).regions("s3:")
    assert sorted(regions) == [0b10, 0b11]
    assert all(region.example.startswith("s3:") for region in regions.values())


def test_a_label_is_the_longest_pattern_that_matches() -> None:
    regions = space([["*", "s3:*"], ["s3:Get*"]]).regions()
    assert regions[0b11].labels == {"s3:Get*"}
    assert regions[0b01].labels == {"*", "s3:*"} or regions[0b01].labels == {"*"}


def test_a_letter_that_no_pattern_has_is_always_found() -> None:
    every = "".join(map(chr, range(0x20, 0x250))).replace("*", "").replace("?", "")
    regions = space([list(every)]).regions()
    assert set(regions) == {0, 1}


def test_a_variable_is_a_star_and_an_escape_is_a_letter() -> None:
    assert matches(pattern_tokens("home/${aws:username}/*", variables=True), "home/ann/x")
    assert matches(pattern_tokens("a${*}", variables=True), "a*")
    assert not matches(pattern_tokens("a${*}", variables=True), "ab")
    assert not matches(pattern_tokens("home/${aws:username}"), "home/ann")
    assert variable_names("${aws:PrincipalTag/Team, 'none'}/${*}") == {"aws:principaltag/team"}


def test_what_has_too_many_states_is_refused_and_not_cut() -> None:
    with pytest.raises(TooManyStates):
        space([[f"*{number:02}*"] for number in range(20)]).regions()


def test_a_pattern_takes_no_longer_for_many_stars() -> None:
    assert not matches(pattern_tokens("*a" * 300 + "b"), "a" * 2_000)
