"""What a live user or group may do, out of a snapshot, and what a condition compares."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from koding_audit.model.account import principal_key
from koding_audit.model.snapshot import Organization
from koding_audit.policy.evaluation import Decision
from koding_audit.policy.permissions import Permissions, reason_text
from tests.scan.effective import ALLOW_ALL, ALLOW_EC2, EC2, RUN, account, document, organization
from tests.values import ACCOUNT, live_group, live_role, live_user, snapshot


def test_an_rcp_that_denies_is_named_and_does_not_bind_another_accounts_resource() -> None:
    deny = {"Sid": "Sealed", "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
    live = account(inline=ALLOW_ALL, organization=organization([ALLOW_ALL], rcps=[[deny]]))
    permissions = Permissions(live)
    person = live.principals[principal_key("user", "koding-user")]

    def asked(owner: str) -> Decision:
        resource = f"arn:aws:sqs:eu-west-1:{owner}:queue"
        return permissions.decide(person, replace(RUN, action="sqs:SendMessage", resource=resource))

    own_queue, other = asked(ACCOUNT.id), asked("999999999999")
    assert own_queue.verdict == "explicit-deny"
    assert [reason_text(each) for each in own_queue.reasons] == [
        "statement 1 (Sealed) of rcp1.json, RCP level 1: denies"
    ]
    assert other.verdict == "unknown"
    assert other.not_seen == ("rcp", "resource")


@pytest.mark.parametrize(("known", "verdict"), [("o-1", "allowed"), ("o-2", "implicit-deny"), (None, "unknown")])
def test_the_organization_is_what_a_condition_compares(known: str | None, verdict: str) -> None:
    statement = {**ALLOW_EC2, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}
    live = replace(account(), documents={EC2: document(statement)}, organization=Organization(known))
    assert Permissions(live).decide(live.principals[principal_key("user", "koding-user")], RUN).verdict == verdict


@pytest.mark.parametrize(
    ("tags", "verdict"),
    [
        ({"Team": "web"}, "allowed"),
        ({"Team": "shop"}, "implicit-deny"),
        ({"other": "web"}, "implicit-deny"),
        ({}, "implicit-deny"),
        (None, "unknown"),
    ],
)
def test_a_users_tags_are_what_a_condition_compares_and_those_it_lacks_are_absent(
    tags: dict[str, str] | None, verdict: str
) -> None:
    statement = {**ALLOW_EC2, "Condition": {"StringEquals": {"aws:PrincipalTag/team": "web"}}}
    person = live_user(groups=["Developers"], tags=tags)
    live = snapshot(live_group(attached=[EC2]), person, documents={EC2: document(statement)})
    assert Permissions(live).decide(person, RUN).verdict == verdict
    # Of a group it is any member, whoever that is.
    assert Permissions(live).decide(live.principals[principal_key("group", "Developers")], RUN).verdict == "unknown"


@pytest.mark.parametrize(
    ("statement", "tags", "verdict"),
    [
        ({"Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}, {"Team": "web"}, "allowed"),
        ({"Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}, {"Team": "x"}, "implicit-deny"),
        ({"Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}, {}, "implicit-deny"),
        ({"Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}, None, "unknown"),
        ({"Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": "sts:*"}, {"Team": "web"}, "unknown"),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:user/a"}, "Action": "sts:AssumeRole"}, {}, "implicit-deny"),
        ({"Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}, {"Team": "web"}, "unknown"),
        (
            {"Principal": {"Federated": "arn:aws:iam::1:saml-provider/x"}, "Action": "sts:AssumeRoleWithSAML"},
            {},
            "unknown",
        ),
    ],
)
def test_a_roles_own_tags_decide_if_nobody_can_bring_session_tags(
    statement: dict[str, object], tags: dict[str, str] | None, verdict: str
) -> None:
    condition = {"StringEquals": {"aws:PrincipalTag/team": "web"}}
    trusted = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", **statement}})
    own_tags = None if tags is None else tuple(tags.items())
    role = replace(live_role("app", attached=[EC2], trusting=trusted), tags=own_tags)
    live = snapshot(role, documents={EC2: document({**ALLOW_EC2, "Condition": condition})})
    assert Permissions(live).decide(role, RUN).verdict == verdict
