"""Desired and live state side by side: who is there, who is not known, what cannot be attached."""

from __future__ import annotations

import pytest

from koding_audit.model.snapshot import Credentials
from koding_audit.model.wildcard import matches_wildcard
from tests.values import access_key, aws, compare, desired, group, live_group, live_user, own, snapshot, user


def test_a_principal_that_is_neither_found_nor_known_to_be_absent_is_left_out() -> None:
    compared = compare(desired(group("A"), group("B"), group("C")), snapshot(live_group("A"), absent=[("group", "B")]))
    assert [(pair.label, pair.live is not None) for pair in compared.principals] == [
        ("group A", True),
        ("group B", False),
    ]


def test_a_live_principal_of_another_case_is_near_and_not_the_declared_one() -> None:
    [pair] = compare(desired(user("Bob")), snapshot(live_user("BOB"))).principals
    assert pair.live is None
    assert pair.case_variant is not None
    assert pair.case_variant.name == "BOB"
    assert pair.subject == "arn:aws:iam::123456789012:user/Bob"
    assert not pair.is_fixable


def test_a_subject_is_the_live_arn_else_the_one_it_would_have() -> None:
    compared = compare(desired(user("a", path="/x/"), user("b", path="/x/")), snapshot(live_user("a", path="/y/")))
    assert compared.principal_arn("user", "a") == "arn:aws:iam::123456789012:user/y/a"
    assert compared.principal_arn("user", "b") == "arn:aws:iam::123456789012:user/x/b"
    assert compared.principal_arn("group", "b") == "arn:aws:iam::123456789012:group/b"


@pytest.mark.parametrize("arn", [aws("Any"), own("team/any")])
def test_nothing_speaks_against_a_policy_that_was_not_looked_up(arn: str) -> None:
    assert compare(desired(), snapshot()).attach_obstacle(arn) == ""


def test_what_is_no_arn_cannot_be_attached() -> None:
    assert compare(desired(), snapshot()).attach_obstacle("AmazonEC2FullAccess")


def test_a_second_key_that_ends_alike_is_numbered_by_age_and_inactive_ones_keep_their_number() -> None:
    keys = access_key("ABCD", age=1), access_key("ABCD", age=3, active=False), access_key("ABCD", age=2)
    compared = compare(desired(user()), snapshot(live_user(), credentials=Credentials(keys=keys)))
    [(pair, _)] = compared.users
    named = compared.active_keys(pair)
    assert named is not None
    assert [name for name, _ in named] == ["ABCD-2", "ABCD-3"]


@pytest.mark.parametrize(
    ("pattern", "text", "answer"),
    [
        ("ci-*", "ci-1", True),
        ("ci-*", "ci-", True),
        ("*", "a/b", True),
        ("a*c", "abbc", True),
        ("ci-*", "my-ci-1", False),
        ("ci", "ci-1", False),
        ("a.c", "abc", False),
        ("a?c", "abc", False),
        ("[a]", "a", False),
        ("CI", "ci", False),
    ],
)
def test_only_a_star_is_special_in_a_pattern(pattern: str, text: str, answer: bool) -> None:
    assert matches_wildcard(pattern, text) is answer
