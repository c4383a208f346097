"""What AWS owns."""

from __future__ import annotations

import pytest

from koding_audit.reference import owned
from koding_audit.reference.owned import load_owned_resources

OWNED = load_owned_resources()
POLICY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
LINKED = "arn:aws:iam::123456789012:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
IDENTITY_CENTER = "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_x"


@pytest.mark.parametrize(
    ("action", "resource", "what"),
    [
        ("iam:createpolicyversion", POLICY, "an AWS managed policy"),
        ("iam:setdefaultpolicyversion", "arn:aws-us-gov:iam::aws:policy/job-function/Billing", "an AWS managed policy"),
        ("iam:putrolepolicy", LINKED, "a service-linked role"),
        ("iam:attachrolepolicy", IDENTITY_CENTER, "a role of IAM Identity Center"),
        ("kms:deletealias", "arn:aws:kms:eu-west-1:123456789012:alias/aws/s3", "an alias of an AWS managed key"),
        ("iam:deletepolicy", "arn:aws:iam::aws:policy/*", "an AWS managed policy"),  # all that the pattern matches
    ],
)
def test_aws_refuses_to_change_what_it_owns(action: str, resource: str, what: str) -> None:
    found = OWNED.find_refusal(action, resource)
    assert found is not None
    assert found.what == what


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:getpolicyversion", POLICY),
        ("iam:updateroledescription", LINKED),  # documented as allowed: the description of a service-linked role
        ("iam:updaterole", LINKED),
        ("iam:createpolicyversion", "arn:aws:iam::123456789012:policy/ReadOnlyAccess"),
        ("iam:createpolicyversion", "arn:aws:iam::*:policy/*"),  # also the account's own
        ("iam:createpolicyversion", "*"),
        ("iam:attachrolepolicy", "arn:aws:iam::123456789012:role/aws-service-rolex"),
        ("kms:deletealias", "arn:aws:kms:eu-west-1:123456789012:alias/awsome"),
    ],
)
def test_aws_does_not_refuse_the_rest(action: str, resource: str) -> None:
    assert OWNED.find_refusal(action, resource) is None


def test_no_rcp_applies_to_an_alias_of_aws_or_to_a_service_linked_role() -> None:
    assert OWNED.is_exempt_from_rcps("arn:aws:kms:eu-west-1:123456789012:alias/aws/s3")
    assert OWNED.is_exempt_from_rcps(LINKED)
    assert not OWNED.is_exempt_from_rcps("arn:aws:kms:eu-west-1:123456789012:key/k")


def test_an_inferred_row_refuses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"what": "a guess", "resource": "arn:*:iam::*:role/*", "refused": ["iam:GetRole"], "date": "2026-11-30"}
    monkeypatch.setattr(owned, "read_rows", lambda _name: (row | {"inferred": True},))
    assert load_owned_resources().find_refusal("iam:getrole", LINKED) is None
    monkeypatch.setattr(owned, "read_rows", lambda _name: (row,))
    assert load_owned_resources().find_refusal("iam:getrole", LINKED) is not None
