"""What an audit knows of a direct call with an access key, key by key."""

from __future__ import annotations

import pytest

from koding_audit.policy.evaluation import ConditionState, Context, user_context

KNOWN = {
    "arn": "arn:aws:iam::123456789012:user/team/alice",
    "name": "alice",
    "unique_id": "AIDAEXAMPLE",
    "account": "123456789012",
}


def context(tags: dict[str, str] | None = None, organization: str | None = None) -> Context:
    return user_context(**KNOWN, tags={} if tags is None else tags, organization=organization)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("aws:PrincipalArn", "arn:aws:iam::123456789012:user/team/alice"),
        ("aws:PrincipalAccount", "123456789012"),
        ("aws:PrincipalType", "User"),
        ("aws:userid", "AIDAEXAMPLE"),
        ("aws:username", "alice"),
        ("aws:PrincipalTag/Team", "web"),
        ("aws:PrincipalIsAWSService", "false"),
        ("aws:ViaAWSService", "false"),
        ("aws:PrincipalOrgID", "o-1"),
    ],
)
def test_what_the_user_determines_is_known(key: str, value: str) -> None:
    assert context({"Team": "web"}, "o-1").get(key.lower()) == (value,)


@pytest.mark.parametrize(
    "key",
    [
        "aws:MultiFactorAuthPresent",
        "aws:MultiFactorAuthAge",
        "aws:TokenIssueTime",
        "aws:SourceIdentity",
        "aws:FederatedProvider",
        "aws:PrincipalServiceName",
        "aws:PrincipalServiceNamesList",
        "aws:CalledVia",
        "aws:CalledViaFirst",
        "aws:CalledViaLast",
        "aws:SourceArn",
        "aws:SourceAccount",
        "aws:PrincipalTag/other",
    ],
)
def test_what_only_other_calls_carry_is_absent(key: str) -> None:
    assert context({"Team": "web"}).get(key.lower()) is ConditionState.ABSENT


@pytest.mark.parametrize(
    "key",
    [
        "aws:SourceIp",
        "aws:SourceVpc",
        "aws:SourceVpce",
        "aws:VpcSourceIp",
        "aws:CurrentTime",
        "aws:EpochTime",
        "aws:UserAgent",
        "aws:Referer",
        "aws:SecureTransport",
        "aws:RequestedRegion",
        "aws:ResourceTag/team",
        "aws:RequestTag/team",
        "aws:TagKeys",
        "ec2:InstanceType",
    ],
)
def test_what_each_call_decides_anew_is_open(key: str) -> None:
    assert context().get(key.lower()) is ConditionState.OPEN


def test_an_organization_that_is_not_known_is_open_and_none_is_absent() -> None:
    assert context(organization=None).get("aws:principalorgid") is ConditionState.OPEN
    assert context(organization="").get("aws:principalorgid") is ConditionState.ABSENT


def test_tags_that_were_not_read_are_open() -> None:
    unread = user_context(**KNOWN, tags=None, organization=None)
    assert unread.get("aws:principaltag/team") is ConditionState.OPEN
