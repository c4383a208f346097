"""How far the comparison goes before it says that it has not decided."""

from __future__ import annotations

from koding_audit.policy.diff import PolicyChange
from tests.policy.diff.policies import OPEN, allow, between, when

TAGS = [allow(**when("StringEquals", f"aws:PrincipalTag/{number}", "a")) for number in range(17)]


def test_a_difference_under_more_conditions_than_a_table_holds_is_found_by_a_request_that_shows_it() -> None:
    (change,) = between(TAGS, TAGS[:16]).lost
    assert "aws:principaltag/16 StringEquals a" in change.condition.split(" and ")
    assert change.condition.count("not (") == 16
    assert between(TAGS[:16], TAGS).gained == (change,)
    assert between(TAGS[:16], TAGS[:15]).verdict == "different"


def test_what_is_the_same_under_more_conditions_than_a_table_holds_is_equal() -> None:
    narrower = allow(**when("StringEquals", "aws:PrincipalTag/1", "a"), resource="arn:aws:s3:::a")
    assert between(TAGS, [narrower, *TAGS]).verdict == "equal"


def test_conditions_that_depend_on_each_other_stay_undecided_beside_more_than_a_table_holds() -> None:
    old, new = OPEN["two keys of one principal"]
    assert between([*TAGS, old], [*TAGS, new]).why == "more than 16 conditions apply"


def test_a_difference_that_is_found_stands_beside_what_is_open() -> None:
    old, new = OPEN["networks"]
    found = between([old, allow("iam:PassRole")], new)
    assert found.verdict == "different"
    assert found.lost == (PolicyChange("iam:PassRole", "*"),)
    assert "aws:sourceip" in found.why
