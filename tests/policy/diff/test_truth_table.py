"""How far the comparison goes before it says that it has not decided."""

from __future__ import annotations

from koding_audit.policy.diff import PolicyChange
from tests.policy.diff.policies import OPEN, allow, between, when


def test_more_conditions_than_a_table_holds_are_undecided() -> None:
    many = [allow(**when("StringEquals", f"aws:PrincipalTag/{number}", "a")) for number in range(17)]
    assert between(many, many[:16]).why == "more than 16 conditions apply"
    assert between(many[:16], many[:15]).verdict == "different"


def test_a_difference_that_is_found_stands_beside_what_is_open() -> None:
    old, new = OPEN["networks"]
    found = between([old, allow("iam:PassRole")], new)
    assert found.verdict == "different"
    assert found.lost == (PolicyChange("iam:PassRole", "*"),)
    assert "aws:sourceip" in found.why
