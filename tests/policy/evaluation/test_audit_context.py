"""What an audit knows of a direct call with an access key, key by key."""

from __future__ import annotations

import pytest

from koding_audit.policy.evaluation import (
    AccessRequest,
    ConditionState,
    Context,
    Policies,
    Policy,
    compile_document,
    decide,
    user_context,
)
from koding_audit.policy.evaluation.ternary import Unsure
from tests.values import REFERENCE

KNOWN = {
    "arn": "arn:aws:iam::123456789012:user/team/alice",
    "name": "alice",
    "unique_id": "AIDAEXAMPLE",
    "account": "123456789012",
}


def context(tags: dict[str, str] | None = None, organization: str | None = None) -> Context:
    return user_context(REFERENCE.condition_keys, **KNOWN, tags={} if tags is None else tags, organization=organization)


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
    unread = user_context(REFERENCE.condition_keys, **KNOWN, tags=None, organization=None)
    assert unread.get("aws:principaltag/team") is ConditionState.OPEN


@pytest.mark.parametrize("key", ["aws:CalledViaAWSMCP", "aws:OriginIdentity/Subject", "aws:TransactionContext/x"])
def test_the_keys_of_2026_that_an_access_key_cannot_carry_are_absent(key: str) -> None:
    assert context().get(key.lower()) is ConditionState.ABSENT


@pytest.mark.parametrize(
    ("operator", "value", "met"),
    [
        ("Bool", "true", False),  # AWS's own example: Deny where a call is by way of the MCP service
        ("BoolIfExists", "false", True),
        ("Bool", "false", None),
        ("BoolIfExists", "true", None),
        ("Null", "true", None),
        ("Null", "false", None),
        ("StringNotEquals", "true", True),
    ],
)
def test_a_direct_call_has_the_mcp_key_as_false_or_not_at_all(operator: str, value: str, met: bool | None) -> None:
    """The guide says both: what is the same for both is decided, and the rest is not known."""
    block = {operator: {"aws:ViaAWSMCPService": value}}
    statement = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": block}
    (compiled,) = compile_document({"Version": "2012-10-17", "Statement": statement}).statements
    found = compiled.conditions_met(context())
    assert (None if isinstance(found, Unsure) else found) is met


def test_a_deny_on_a_key_that_the_data_do_not_have_is_unknown_with_the_key_and_the_date() -> None:
    """A year later: a new global condition key."""
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:QuantumLeap": "true"}}}
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    own = Policy("user alice", "p", compile_document({"Version": "2012-10-17", "Statement": [allow, deny]}))
    request = AccessRequest("s3:GetObject", "arn:aws:s3:::b/k", KNOWN["arn"], context())
    found = decide(request, Policies(identity=(own,)), REFERENCE)
    assert (found.verdict, found.open_keys) == ("unknown", ("aws:quantumleap",))
    why = f"aws:quantumleap is not a known condition key: this tool's data are of {REFERENCE.date}"
    assert why in [each.why for each in found.reasons]
