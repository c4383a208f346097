"""What is known of each condition key of a request."""

from __future__ import annotations

from koding_audit.policy.evaluation.context import ConditionState, Context


def test_a_key_is_found_in_any_case_with_one_value_or_several() -> None:
    context = Context.from_values({"aws:SourceIp": "10.0.0.1", "aws:TagKeys": ["a", "b"]}, complete=False)
    assert context.get("aws:sourceip") == ("10.0.0.1",)
    assert context.get("aws:tagkeys") == ("a", "b")


def test_a_key_that_is_not_said_is_open_unless_all_are_said() -> None:
    assert Context.from_values({}, complete=False).get("aws:sourceip") is ConditionState.OPEN
    assert Context.from_values({}, complete=True).get("aws:sourceip") is ConditionState.ABSENT


def test_a_key_without_any_value_is_absent() -> None:
    assert Context.from_values({"aws:TagKeys": []}, complete=False).get("aws:tagkeys") is ConditionState.ABSENT


def test_what_is_absent_may_be_all_keys_of_one_beginning() -> None:
    context = Context.from_values({}, absent=["aws:PrincipalTag/*", "aws:VpcId"], complete=False)
    assert context.get("aws:principaltag/team") is ConditionState.ABSENT
    assert context.get("aws:vpcid") is ConditionState.ABSENT
    assert context.get("aws:vpcid/more") is ConditionState.OPEN
    assert context.get("aws:requesttag/team") is ConditionState.OPEN


def test_a_value_outweighs_what_is_said_to_be_absent() -> None:
    context = Context.from_values({"aws:PrincipalTag/team": "web"}, absent=["aws:PrincipalTag/*"], complete=False)
    assert context.get("aws:principaltag/team") == ("web",)
