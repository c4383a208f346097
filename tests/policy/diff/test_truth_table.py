"""How far the comparison goes before it says that it has not decided, and which keys depend on each other."""

from __future__ import annotations

from typing import Any

import pytest

from koding_audit.policy.diff import PolicyChange
from tests.policy.diff.policies import OPEN, allow, between, deny, when

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


# --- keys that depend on each other: no difference that no request can have -----------------------

ORG = "o-exampleorg"


def both(*conditions: tuple[str, str, str], principal: Any = None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for operator, key, value in conditions:
        found.setdefault(operator, {})[key] = value
    more = {"Principal": principal} if principal else {}
    return allow(Condition=found, **more)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("StringEquals", "aws:SourceAccount", "111122223333"), ("Bool", "aws:PrincipalIsAWSService", "false")),
        (("StringEquals", "aws:CalledViaAWSMCP", "a.amazonaws.com"), ("Bool", "aws:ViaAWSMCPService", "false")),
        (("StringEquals", "aws:RequestTag/x", "1"), ("ForAllValues:StringEquals", "aws:TagKeys", "y")),
        (("StringEquals", "aws:username", "ada"), ("StringLike", "lambda:SourceFunctionArn", "*")),
        (("StringEquals", "ec2:RoleDelivery", "2.0"), ("Null", "ec2:SourceInstanceArn", "true")),
        (("StringEquals", "codebuild:BuildArn", "b"), ("StringEquals", "codebuild:ProjectArn", "p")),
        (("StringEquals", "aws:ResourceOrgID", ORG), ("Null", "aws:ResourceOrgPaths", "true")),
    ],
)
def test_a_difference_under_two_conditions_that_exclude_each_other_is_not_reported(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    found = between(both(one), [both(one), deny(Condition={other[0]: {other[1]: other[2]}})])
    assert (found.verdict != "equal", found.lost) == (True, ())


def test_under_two_conditions_that_do_not_it_is() -> None:
    one = both(("StringEquals", "aws:SourceAccount", "111122223333"))
    found = between(one, [one, deny(Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})])
    assert (found.verdict, bool(found.lost)) == ("different", True)


def test_the_vpc_of_an_arn_is_the_vpc_of_the_request() -> None:
    by_arn = both(("StringEquals", "aws:SourceVpcArn", "arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-1"))
    by_id = both(("StringEquals", "aws:SourceVpc", "vpc-1"))
    found = between(by_id, [by_id, by_arn])
    assert (found.verdict, found.gained) == ("undecided", ())


def test_a_request_from_a_network_or_through_a_vpc_is_decided() -> None:
    ip, vpc = ("IpAddress", "aws:SourceIp", "10.0.0.0/8"), ("StringEquals", "aws:SourceVpc", "vpc-1")
    found = between(both(ip), [both(ip), both(vpc)])
    assert found.verdict == "different"
    assert found.gained


def test_an_arn_of_the_principal_is_always_there_where_no_anonymous_caller_can_come() -> None:
    has, lacks = ("Null", "aws:PrincipalArn", "false"), ("Null", "aws:PrincipalArn", "true")
    nothing = allow("s3:PutObject")
    assert between(nothing, [nothing, both(lacks)]).verdict != "different"
    named = {"AWS": "*"}
    found = between([both(has, principal=named)], [both(has, principal=named), both(lacks, principal=named)])
    assert (found.verdict, bool(found.gained)) == ("different", True)
