"""What the comparison says of policies as people write them."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from koding_audit.policy.diff import Difference, PolicyChange, covers_documents, patterns
from koding_audit.policy.document import parse_document
from tests.policy.diff.policies import OPEN, allow, allow_all_but, between, deny, policy, when

NOW = "aws:CurrentTime"
OUTSIDE = {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}


def test_what_no_pattern_names_is_told_as_a_star() -> None:
    found = between(allow_all_but("iam:*"), allow("ec2:*"))
    assert PolicyChange("*", "*") in found.lost


def test_a_resource_is_one_for_which_it_is_so() -> None:
    found = between(allow(resource=["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"]), allow(resource="arn:aws:s3:::a/*"))
    assert found.lost == (PolicyChange("s3:GetObject", "arn:aws:s3:::b/*"),)
    found = between(
        allow(resource="arn:aws:s3:::a/*"), [allow(resource="arn:aws:s3:::a/*"), deny(resource="arn:aws:s3:::a/b")]
    )
    assert found.lost == (PolicyChange("s3:GetObject", "arn:aws:s3:::a/b"),)


def test_a_narrower_pattern_loses_what_is_outside_of_it() -> None:
    (change,) = between(allow(resource="arn:aws:s3:::a*"), allow(resource="arn:aws:s3:::ab*")).lost
    assert change.resource == "arn:aws:s3:::a*"


def test_a_denial_that_takes_nothing_away_here_is_told_apart() -> None:
    """Beside other policies of the same principal it does."""
    found = between(allow("s3:*"), [allow("s3:*"), deny("iam:*")])
    assert found == Difference("different", forbidden=(PolicyChange("iam:*", "*"),))
    found = between([allow("s3:*"), deny("iam:*")], allow("s3:*"))
    assert found == Difference("different", released=(PolicyChange("iam:*", "*"),))


def test_the_order_of_changes_does_not_depend_on_the_order_of_statements() -> None:
    one, other = allow(["s3:GetObject", "s3:PutObject"]), allow(["ec2:RunInstances"], "arn:aws:ec2:*:*:instance/*")
    assert between([], [one, other]) == between([], [other, one])


def test_the_answer_is_the_same_in_every_process() -> None:
    script = (
        "from tests.policy.diff.policies import *\n"
        "print(between([allow(['s3:*', 'ec2:Run*', '*:Get*'], ['arn:aws:s3:::a*', 'arn:aws:s3:::*b'])],"
        "[allow('s3:?et*', 'arn:aws:s3:::a*b', **when('StringLike', 'k', 'a*', '*b')), deny('s3:P*', 'arn:*:a?')]))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(said) == 1


# --- what says the same -------------------------------------------------------------------------


SAME = {
    "the case of an action": (allow("S3:getobject"), allow("s3:GetObject")),
    "a list or a text": (allow(["s3:GetObject"], ["*"]), allow("s3:GetObject", "*")),
    "the order of statements": ([allow("s3:*"), deny("s3:Put*")], [deny("s3:Put*"), allow("s3:*")]),
    "one statement or two": (allow(["s3:Get*", "s3:Put*"]), [allow("s3:Get*"), allow("s3:Put*")]),
    "an action that a pattern holds": (allow(["s3:Get*", "s3:GetObject"]), allow("s3:Get*")),
    "a resource that a pattern holds": (allow(resource=["*", "arn:aws:s3:::a"]), allow()),
    "a service's star and everybody's": (allow(["*", "s3:*"]), allow("*:*")),
    "an empty middle": (allow("s3:**Object"), allow("s3:*Object")),
    "question marks and a star": (allow("s3:?*"), allow("s3:*")),
    "a pattern in two halves": ([allow("s3:G*"), allow_all_but("s3:G*")], allow("*")),
    "an allow that is all denied": ([allow("s3:*"), deny("*")], deny("*")),
    "an exception said twice": ([allow("*"), deny("iam:*")], [allow_all_but("iam:*"), deny("iam:*")]),
    "values of a condition": (
        allow(**when("StringEquals", "aws:SourceVpc", "vpc-1", "vpc-2")),
        [allow(**when("StringEquals", "aws:SourceVpc", each)) for each in ("vpc-1", "vpc-2")],
    ),
    "the case of a condition's key": (
        allow(**when("StringEquals", "aws:SourceVpc", "vpc-1")),
        allow(**when("StringEquals", "AWS:sourcevpc", "vpc-1")),
    ),
    "a StringLike without a wildcard": (
        allow(**when("StringLike", "s3:prefix", "home")),
        allow(**when("StringEquals", "s3:prefix", "home")),
    ),
    "ArnEquals and ArnLike": (
        allow(**when("ArnLike", "aws:SourceArn", "arn:aws:s3:::*")),
        allow(**when("ArnEquals", "aws:SourceArn", "arn:aws:s3:::*")),
    ),
    "a value of a key that is absent": (
        [],
        allow(Condition={"StringEquals": {"s3:prefix": "home"}, "Null": {"s3:prefix": "true"}}),
    ),
    "absent or present": (allow(**when("Null", "s3:prefix", "true", "false")), allow()),
    "an IfExists and a Null": (
        allow(**when("StringEqualsIfExists", "s3:prefix", "home")),
        [allow(**when("StringEquals", "s3:prefix", "home")), allow(**when("Null", "s3:prefix", "true"))],
    ),
    "a deny and its opposite": (
        [allow(), deny(**when("StringNotEquals", "s3:prefix", "home"))],
        [allow(**when("StringEquals", "s3:prefix", "home")), deny(**when("StringNotEquals", "s3:prefix", "home"))],
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_other_words_for_the_same_are_equal(name: str) -> None:
    old, new = SAME[name]
    assert between(old, new) == between(new, old) == Difference("equal")


DIFFERENT = {
    "the case of a resource": (allow(resource="arn:aws:s3:::A"), allow(resource="arn:aws:s3:::a")),
    "a colon that a wildcard may not cross": (
        allow(resource="arn:aws:s*3:::a"),
        allow(resource=["arn:aws:s*3:::a", "arn:aws:sx:3:::a"]),
    ),
    "a question mark": (allow("s3:Get?bject"), allow("s3:GetObject")),
    "the letter a pattern ends with": (allow(resource="arn:aws:s3:::a/*"), allow(resource="arn:aws:s3:::a*")),
    "a negated operator": (
        allow(**when("StringEquals", "s3:prefix", "a")),
        allow(**when("StringNotEquals", "s3:prefix", "a")),
    ),
    "an IfExists": (
        allow(**when("StringEquals", "s3:prefix", "a")),
        allow(**when("StringEqualsIfExists", "s3:prefix", "a")),
    ),
    "a value more": (
        allow(**when("StringEquals", "s3:prefix", "a")),
        allow(**when("StringEquals", "s3:prefix", "a", "b")),
    ),
    "a qualifier": (
        allow(**when("ForAllValues:StringEquals", "aws:TagKeys", "a")),
        allow(**when("ForAnyValue:StringEquals", "aws:TagKeys", "a")),
    ),
    "the tag of a key": (
        allow(**when("StringEquals", "aws:PrincipalTag/team", "a")),
        allow(**when("StringEquals", "aws:PrincipalTag/unit", "a")),
    ),
    "an effect": (allow(), deny()),
    "one of two ways in": (
        [allow(), deny(Condition=OUTSIDE)],
        [allow(), deny(Condition={**OUTSIDE, "StringNotEquals": {"aws:SourceVpce": "vpce-1"}})],
    ),
    "a time window": (
        allow(),
        allow(Condition={"DateGreaterThan": {NOW: "2026-01-01"}, "DateLessThan": {NOW: "2026-02-01"}}),
    ),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_differs_is_never_equal(name: str) -> None:
    old, new = DIFFERENT[name]
    assert between(old, new).verdict == between(new, old).verdict == "different"


MANY = [
    allow(resource=f"arn:aws:s3:::*{number:02}*", **when("StringEquals", f"k{number}", "a")) for number in range(20)
]


def test_patterns_that_combine_in_too_many_ways_are_compared_by_statement() -> None:
    found = between(MANY, [allow(resource="arn:aws:s3:::*")])
    assert (found.verdict, found.why, found.lost) == ("different", "", ())
    assert covers_documents(parse_document(policy(allow())), parse_document(policy(*MANY))) is True


def test_patterns_that_combine_in_too_many_ways_by_statement_are_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "MOST_STATES", 0)
    found = between(MANY, [allow(resource="arn:aws:s3:::*")])
    assert found.verdict == "undecided"
    assert found.why == "the patterns combine in too many ways"
    assert covers_documents(parse_document(policy(allow())), parse_document(policy(*MANY))) is None


# --- variables ----------------------------------------------------------------------------------


def test_a_variable_is_one_only_in_the_language_that_has_them() -> None:
    home = allow(resource="arn:aws:s3:::home/${aws:username}")
    assert between(policy(home), policy(home)).verdict == "equal"
    assert between(policy(home, version="2008-10-17"), policy(home, version="2008-10-17")).verdict == "equal"
    assert between(policy(home), policy(home, version="2008-10-17")).verdict == "different"


def test_whatever_a_variable_comes_to_is_within_the_pattern_around_it() -> None:
    home, all_homes = (allow(resource=f"arn:aws:s3:::home/{each}") for each in ("${aws:username}", "*"))
    assert between([home, all_homes], all_homes).verdict == "equal"
    (change,) = between([], home).gained
    assert change == PolicyChange(
        "s3:GetObject", "arn:aws:s3:::home/${aws:username}", f"the resource matches {change.resource}"
    )
    assert covers_documents(parse_document(policy(home)), parse_document(policy(all_homes))) is False


def test_an_escaped_wildcard_is_a_letter() -> None:
    assert between(allow(resource="arn:aws:s3:::a${*}"), allow(resource="arn:aws:s3:::a*")).verdict == "different"
    star = policy(allow(resource="arn:aws:s3:::a${?}"))
    assert between(star, policy(allow(resource=["arn:aws:s3:::a${?}", "arn:aws:s3:::a${?}"]))).verdict == "equal"


# --- covering -----------------------------------------------------------------------------------


def test_covers_sees_several_documents_as_one() -> None:
    parts = [parse_document(policy(allow("s3:Get*"))), parse_document(policy(allow("s3:Put*")))]
    both = parse_document(policy(allow(["s3:GetObject", "s3:PutObject"])))
    assert covers_documents(parts, both) is True
    assert covers_documents(parts[:1], both) is False
    assert covers_documents([*parts, parse_document(policy(deny("s3:GetObject")))], both) is False


def test_covers_asks_for_what_is_allowed_and_not_for_what_is_denied() -> None:
    assert (
        covers_documents(parse_document(policy(allow("*"))), parse_document(policy(allow("s3:*"), deny("iam:*"))))
        is True
    )


def test_covers_nothing_is_always_covered() -> None:
    assert covers_documents([], []) is True
    assert covers_documents([], parse_document(policy(deny()))) is True
    assert covers_documents([], parse_document(policy(allow()))) is False


def test_covers_does_not_guess() -> None:
    small, big = (parse_document(policy(each)) for each in OPEN["networks"])
    assert covers_documents(big, small) is None


# --- size ---------------------------------------------------------------------------------------


def test_five_hundred_arns_that_have_nothing_in_common_are_fast() -> None:
    arns = [f"arn:aws:s3:::bucket-{number * 7919 % 100_003}/*" for number in range(500)]
    begun = time.perf_counter()
    found = between(allow(resource=arns), allow(resource=arns[1:]))
    assert time.perf_counter() - begun < 2
    assert found.lost == (PolicyChange("s3:GetObject", arns[0]),)


def test_many_stars_in_one_list_are_one_pattern() -> None:
    many = [f"s3:*{letter}{other}*" for letter in "abcdef" for other in "uvwxyz"]
    assert between(allow(many), allow(many[:-1])).lost == (PolicyChange(many[-1], "*"),)


def test_documents_with_an_action_without_a_service_are_equal_only_if_they_are_the_same() -> None:
    for old, new in ((["*:Get*", "s3:GetObject"], "*:Get*"), ("*:GetObject", "?*:GetObject"), ("*", ["*", "s?:Get*"])):
        found = between(allow(old), allow(new))
        assert (found.verdict, "names no service" in found.why) == ("undecided", True)
    assert between(allow("*:Get*"), allow("*:Get*")).verdict == "equal"
    assert between(allow("*:*"), allow("*")).verdict == "equal"
