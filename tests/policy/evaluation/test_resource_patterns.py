"""Resource patterns compared with each other: whether a text matches two of them."""

from __future__ import annotations

from fnmatch import fnmatchcase
from itertools import product

from koding_audit.policy.evaluation.resource_patterns import can_both_match


def test_patterns_overlap_if_and_only_if_a_text_matches_both() -> None:
    patterns = ["".join(each) for length in range(4) for each in product("ab*?", repeat=length)]
    # Of two patterns this short, the shortest common text has at most six characters.
    texts = ["".join(each) for length in range(7) for each in product("ab", repeat=length)]
    matched = {each: {text for text in texts if fnmatchcase(text, each)} for each in patterns}
    for one in patterns:
        for other in patterns:
            assert can_both_match(one, other) is bool(matched[one] & matched[other]), (one, other)


def test_patterns_with_many_wildcards_are_compared_in_a_moment() -> None:
    assert can_both_match("*a" * 200, "a*" * 200)
    assert not can_both_match("*a" * 200 + "b", "a*" * 200 + "c")
