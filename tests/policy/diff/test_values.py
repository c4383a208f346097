"""One change of a policy in words."""

from __future__ import annotations

import pytest

from koding_audit.policy.diff.values import PolicyChange, describe_policy_change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (PolicyChange("s3:Get*", "*"), "s3:Get* on *"),
        (PolicyChange("s3:Get*", "arn:aws:s3:::a", "StringEquals k"), "s3:Get* on arn:aws:s3:::a, when StringEquals k"),
        (PolicyChange("sts:AssumeRole", "*", "", "AWS:*"), "sts:AssumeRole on *, for AWS:*"),
        (PolicyChange("a:b", "*", "Bool k", "Service:c"), "a:b on *, when Bool k, for Service:c"),
    ],
)
def test_a_change_names_the_action_the_resource_the_condition_and_for_whom(change: PolicyChange, words: str) -> None:
    assert describe_policy_change(change) == words


def test_changes_are_in_order_by_action_and_resource() -> None:
    later, first = PolicyChange("s3:PutObject", "*"), PolicyChange("s3:GetObject", "b")
    assert sorted([later, first, PolicyChange("s3:GetObject", "a")])[-2:] == [first, later]
