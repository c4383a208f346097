"""What the values of one key, and the tags of a request, make true together."""

from __future__ import annotations

import pytest

from koding_audit.policy.diff.conditions import Atom
from koding_audit.policy.diff.key_values import TextAtoms, are_texts, tag_rows
from tests.policy.diff.policies import Json, allow, between, deny, when

FLEET = "arn:aws:ec2:*:*:capacity-reservation-fleet/crf-*"
POLICY = "arn:aws:iam::aws:policy/service-role/AWSElasticBeanstalk*"


def texts(*patterns: str) -> TextAtoms:
    return TextAtoms({number: Atom("stringlike", "", "k", (each,)) for number, each in enumerate(patterns)})


def test_each_combination_that_some_text_makes_true_is_among_the_rows_and_no_other() -> None:
    rows = texts("a*", "*b").rows(can_be_absent=True)
    assert {tuple(row.values()) for row in rows} == {(True, True), (True, False), (False, True), (False, False)}
    assert {tuple(row.values()) for row in texts("a*", "ab*").rows(can_be_absent=False)} == {
        *((True, True), (True, False), (False, False))
    }


def test_a_pattern_implies_a_wider_one() -> None:
    assert list(texts("ab*", "a*", "c").implications()) == [(0, 1)]


def test_an_empty_text_is_tried_only_if_a_condition_names_it() -> None:
    assert {tuple(row.values()) for row in texts("?*").rows(can_be_absent=False)} == {(True,)}
    assert {tuple(row.values()) for row in texts("?*", "").rows(can_be_absent=False)} == {(True, False), (False, True)}


def test_what_a_pattern_that_is_no_arn_matches_as_an_arn_is_not_known() -> None:
    assert are_texts([Atom("arnlike", "", "k", (FLEET,))])
    assert not are_texts([Atom("arnlike", "", "k", ("*",))])


def test_the_names_of_a_requests_tags_are_those_of_the_tags_that_have_a_value() -> None:
    team, named = Atom("stringequals", "", "aws:requesttag/team", ("a",)), Atom("stringequals", "any", "k", ("team",))
    rows = tag_rows({"team": {0: team}}, {1: named})
    assert rows is not None
    assert {tuple(row[each] for each in (0, 1)) for row in rows} == {(True, True), (False, True), (False, False)}
    assert tag_rows({"team": {0: team}, "Team": {2: team}}, {1: named}) is None


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ({"StringLike": {"k": "a*"}}, {"StringLike": {"k": ["a*", "ab*"]}}, "equal"),
        ({"StringLike": {"iam:PolicyARN": POLICY}}, {"ArnLike": {"iam:PolicyARN": POLICY}}, "equal"),
        ({"StringEquals": {"iam:PolicyARN": POLICY}}, {"ArnEquals": {"iam:PolicyARN": POLICY}}, "different"),
        # A star of StringLike matches colons, one of ArnLike stays in its segment.
        ({"StringLike": {"ec2:Fleet": FLEET}}, {"ArnLike": {"ec2:Fleet": FLEET}}, "different"),
    ],
)
def test_two_conditions_on_one_key_are_compared_by_the_texts_that_they_match(
    old: Json, new: Json, verdict: str
) -> None:
    assert between(allow(Condition=old), allow(Condition=new)).verdict == verdict


def test_a_tag_more_that_a_request_must_have_is_a_loss_beside_the_names_of_all_tags() -> None:
    names = {
        "ForAllValues:StringEquals": {"aws:TagKeys": ["Made", "App"]},
        "StringEquals": {"aws:RequestTag/Made": "x"},
    }
    stricter = {**names, "ArnLike": {"aws:RequestTag/App": "arn:aws:resource-groups:*:*:group/*/*"}}
    assert between(allow(Condition=names), allow(Condition=stricter)).lost
    assert between(allow(Condition=stricter), allow(Condition=names)).gained
    assert not between(allow(Condition=stricter), allow(Condition=names)).lost


def test_another_account_can_be_in_the_same_organization() -> None:
    account = allow(**when("StringEquals", "aws:ResourceAccount", "111122223333"))
    organization = allow(**when("StringEquals", "aws:ResourceOrgID", "o-a"))
    found = between(account, [account, organization])
    assert found.gained
    assert not found.lost
    assert between([allow(), deny(**when("StringEquals", "aws:ResourceAccount", "111122223333"))], allow()).gained
