"""Actions in the comparison: by the patterns that name them, and not by today's list."""

from __future__ import annotations

from koding_audit.policy.diff import Difference, PolicyChange
from tests.policy.diff.policies import allow, allow_all_but, between, deny, when


def test_an_action_is_told_as_it_was_written() -> None:
    found = between(allow(["s3:GetObject", "s3:PutObject"]), allow("s3:GetObject"))
    assert found == Difference("different", lost=(PolicyChange("s3:PutObject", "*"),))


def test_a_wildcard_is_not_todays_list_of_actions() -> None:
    """Whatever s3:* would come to today, a service's tomorrow belongs to it."""
    found = between(allow("s3:*"), allow(["s3:Get*", "s3:List*", "s3:Put*", "s3:Delete*"]))
    assert found.lost == (PolicyChange("s3:*", "*"),)


def test_what_an_exception_takes_away_is_told_by_the_exception() -> None:
    assert between(allow("*"), allow_all_but("iam:*")).lost == (PolicyChange("iam:*", "*"),)
    assert between(allow("s3:*"), [allow("s3:*"), deny("s3:Delete*")]).lost == (PolicyChange("s3:Delete*", "*"),)


def test_actions_that_combine_in_too_many_ways_are_compared_by_statement() -> None:
    many = [allow(f"s3:*{number:02}*", **when("StringEquals", f"k{number}", "a")) for number in range(20)]
    found = between(many, allow("s3:*"))
    assert (found.verdict, found.why, found.lost) == ("different", "", ())
    assert "s3:*" in {each.action for each in found.gained}
    assert between(allow("s3:*"), [allow("s3:*"), *many]).verdict == "equal"
