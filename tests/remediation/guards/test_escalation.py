"""Which documents are a way to administration, for whom, and what takes one away."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koding_audit.reference import managed_policies
from koding_audit.reference.escalations import load_escalation_actions
from koding_audit.remediation.guards.effective_policies import EffectivePolicies, NamedDocument
from koding_audit.remediation.guards.escalation import EscalationAnalyzer
from koding_audit.remediation.guards.holders import PolicyHolder
from tests.values import ACCOUNT

IAM = "arn:aws:iam::123456789012"
ADA = PolicyHolder("user", "ada", f"{IAM}:user/team/ada", "AIDAADA")
APP = PolicyHolder("role", "app", f"{IAM}:role/app")
ANYBODY = PolicyHolder()
WAYS = tuple(way for way in load_escalation_actions() if not way.is_conditional)
EVERY = frozenset(way.action for way in WAYS)


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def text(*statements: dict[str, Any], name: str = "it") -> NamedDocument:
    return NamedDocument(name, json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))


def ways(*statements: dict[str, Any], holder: PolicyHolder = ANYBODY, **more: Any) -> frozenset[str]:
    return EscalationAnalyzer.of(ACCOUNT, WAYS).escalation_actions(
        holder, EffectivePolicies((text(*statements),), **more)
    )


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.action)
def test_each_way_by_itself_is_one(way: Any) -> None:
    assert ways(allow(way.action)) == {way.action}
    assert ways(allow(way.action.upper())) == {way.action}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.action)
def test_a_way_to_one_named_resource_is_one_too_but_for_passing_a_role(way: Any) -> None:
    assert ways(allow(way.action, f"{IAM}:{way.kind}/team/one")) == (set() if way.unrestricted_only else {way.action})
    assert ways(allow(way.action, f"{IAM}:{way.kind}/*")) == {way.action}
    assert ways(allow(way.action, "arn:aws:iam")) == {way.action}
    assert ways(allow(way.action, "arn:aws:iam::123456789012")) == {way.action}
    assert ways(allow(way.action, "arn:aws:s3")) == set()
    assert ways(allow(way.action, "arn:aws:s3:::bucket/*")) == set()
    assert ways(allow(way.action, f"arn:aws:iam::210987654321:{way.kind}/*")) == set()


@pytest.mark.parametrize(
    "statement",
    [
        allow("*"),
        allow("iam:*"),
        allow("i?m:*"),
        allow(["s3:GetObject", "*:*"]),
        {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::bucket"},
        allow("*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        allow("*", Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
        allow("*", Condition={"StringEquals": {"aws:PrincipalTag/admin": "yes"}}),
    ],
    ids=str,
)
def test_everything_under_whatever_condition_is_every_way(statement: dict[str, Any]) -> None:
    assert ways(statement) == EVERY
    assert ways(statement, holder=ADA) == EVERY


@pytest.mark.parametrize(
    "statement",
    [
        allow(["ec2:*", "s3:*"]),
        allow(["iam:Get*", "iam:List*", "iam:Generate*", "iam:Simulate*"]),
        {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"},
        allow("*", "arn:aws:s3:::bucket/*"),
        allow("iam:CreateServiceLinkedRole"),
        allow("iam:PassRole", [f"{IAM}:role/app", f"{IAM}:role/team/worker"]),
        allow("*", Condition={"StringEquals": {"aws:PrincipalAccount": "210987654321"}}),
        deny("*"),
    ],
    ids=str,
)
def test_what_is_no_way_is_none(statement: dict[str, Any]) -> None:
    assert ways(statement) == set()


def test_passing_any_role_is_a_way_whatever_service_it_goes_to() -> None:
    to_ec2 = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    for resource in ("*", f"{IAM}:role/*", "arn:aws:iam::*:role/*"):
        assert ways(allow("iam:PassRole", resource, Condition=to_ec2)) == {"iam:PassRole"}
    assert ways(allow("iam:PassRole"), deny("iam:PassRole", f"{IAM}:role/admin")) == {"iam:PassRole"}


OWN = f"{IAM}:user/${{aws:username}}"
SELF_SERVICE = ["iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile", "iam:ChangePassword"]


@pytest.mark.parametrize("holder", [ANYBODY, ADA, APP], ids=["group", "user", "role"])
@pytest.mark.parametrize("own", [OWN, f"{IAM}:user/*/${{aws:username}}", f"{IAM}:user/${{ AWS:UserName }}"])
def test_ones_own_keys_and_password_are_no_way_and_those_of_others_are(holder: PolicyHolder, own: str) -> None:
    assert ways(allow(SELF_SERVICE, own), holder=holder) == set()
    assert ways(allow(SELF_SERVICE, f"{IAM}:user/bots/*"), holder=holder) == set(SELF_SERVICE[:3])
    assert ways(allow(SELF_SERVICE, [own, f"{IAM}:user/bob"]), holder=holder) == set(SELF_SERVICE[:3])
    assert ways(allow(SELF_SERVICE), deny(SELF_SERVICE, f"{IAM}:user/bob"), holder=holder) == set(SELF_SERVICE[:3])


def test_ones_own_name_written_out_is_oneself_for_that_user_only() -> None:
    statement = allow("iam:CreateAccessKey", f"{IAM}:user/team/ada")
    assert ways(statement, holder=ADA) == set()
    assert ways(statement) == {"iam:CreateAccessKey"}
    # Whoever is called adam is somebody else.
    assert ways(allow("iam:CreateAccessKey", f"{IAM}:user/team/ada*"), holder=ADA) == {"iam:CreateAccessKey"}


def test_to_attach_to_oneself_is_a_way() -> None:
    assert ways(allow(["iam:AttachUserPolicy", "iam:PutUserPolicy"], OWN), holder=ADA) == {
        "iam:AttachUserPolicy",
        "iam:PutUserPolicy",
    }


def test_a_variable_in_the_old_language_is_the_name_of_nobody() -> None:
    def old(resource: str, holder: PolicyHolder) -> frozenset[str]:
        document = {
            "Version": "2008-10-17",
            "Statement": [allow(["iam:CreateAccessKey", "iam:PutUserPolicy"], resource)],
        }
        effective = EffectivePolicies((NamedDocument("it", json.dumps(document)),))
        return EscalationAnalyzer.of(ACCOUNT, WAYS).escalation_actions(holder, effective)

    for holder in (ANYBODY, ADA, APP):
        assert old(OWN, holder) == set()
        assert old(f"{IAM}:user/*/${{aws:username}}", holder) == set()
        assert old(f"{IAM}:user/${{aws:username}}/*", holder) == {"iam:CreateAccessKey", "iam:PutUserPolicy"}


MEMBER = PolicyHolder("user")


@pytest.mark.parametrize("holder", [ANYBODY, MEMBER], ids=["policy", "group"])
@pytest.mark.parametrize("name", ["${aws:username}*", "${aws:username}-*", "x${ aws:UserName, 'app-long' }*"])
def test_the_name_of_an_unknown_user_is_any_name_and_spells_nothing(holder: PolicyHolder, name: str) -> None:
    assert ways(allow("iam:PassRole", f"{IAM}:role/{name}"), holder=holder) == {"iam:PassRole"}
    others_denied = {"Effect": "Deny", "Action": "iam:PassRole", "NotResource": f"{IAM}:role/{name}"}
    assert ways(allow("iam:PassRole"), others_denied, holder=holder) == {"iam:PassRole"}
    assert ways(allow("iam:PassRole", f"{IAM}:role/{name}"), holder=ADA) == set()
    for kept in ("${aws:username}", "app-${aws:username}-*", "team/${aws:username}/*"):
        assert ways(allow("iam:PassRole", f"{IAM}:role/{kept}"), holder=holder) == set()


@pytest.mark.parametrize("holder", [ANYBODY, MEMBER], ids=["policy", "group"])
def test_a_deny_by_name_counts_for_an_unknown_user_only_where_it_denies_for_every_name(holder: PolicyHolder) -> None:
    keys = "iam:CreateAccessKey"
    but_own = {"Effect": "Deny", "Action": "*", "NotResource": OWN}
    assert ways(allow(keys), but_own, holder=MEMBER) == set()
    but_similar = {"Effect": "Deny", "Action": "*", "NotResource": f"{OWN}*"}
    assert ways(allow(keys), but_similar, holder=MEMBER) == {keys}
    assert ways(allow(keys, f"{OWN}-admin"), deny(keys, f"{IAM}:user/q*"), holder=holder) == {keys}
    assert ways(allow("iam:PutUserPolicy", f"{IAM}:user/app"), deny("*", OWN), holder=holder) == {"iam:PutUserPolicy"}


@pytest.mark.parametrize(
    "statement",
    [deny("iam:*"), deny("*"), deny("*", f"{IAM}:*"), {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}],
    ids=str,
)
def test_what_a_deny_takes_away_for_certain_is_no_way(statement: dict[str, Any]) -> None:
    assert ways(allow("*"), statement) == set()


@pytest.mark.parametrize(
    "statement",
    [
        deny("iam:*", Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}),
        deny("iam:*", Condition={"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}),
        deny("iam:*", f"{IAM}:user/ada"),
        deny("iam:*", f"{IAM}:*/team/*"),
        {"Effect": "Deny", "Action": "iam:*", "NotResource": f"{IAM}:*/a*"},
    ],
    ids=str,
)
def test_what_a_deny_leaves_somewhere_or_sometimes_is_a_way(statement: dict[str, Any]) -> None:
    assert ways(allow("*"), statement, holder=ADA) >= {"iam:AttachUserPolicy", "iam:PutUserPolicy"}


def test_a_boundary_and_an_scp_take_away_what_they_do_not_allow() -> None:
    small, wide = text(allow(["ec2:*", "iam:Get*"])), text(allow("*"))
    assert ways(allow("*"), holder=ADA, boundary=small) == set()
    assert ways(allow("*"), holder=ADA, boundary=wide) == EVERY
    assert ways(allow("*"), holder=ADA, scps=((wide,), (small,))) == set()
    assert ways(allow("*"), holder=ADA, scps=((wide,), (wide, text(deny("iam:*"))))) == set()
    assert ways(allow("*"), holder=ADA, scps=((wide,),)) == EVERY
    # The management account is bound by none.
    assert ways(allow("*"), holder=ADA, scps=((small,),), management_account=ACCOUNT.id) == EVERY


def test_a_document_that_cannot_be_read_is_every_way_that_it_could_be() -> None:
    assert (
        EscalationAnalyzer.of(ACCOUNT, WAYS).escalation_actions(
            ANYBODY, EffectivePolicies((NamedDocument("it", '{"Statement": "all"}'),))
        )
        == EVERY
    )


def test_patterns_that_combine_in_too_many_ways_are_not_given_the_benefit_of_the_doubt() -> None:
    hostile = [f"{IAM}:user/{'*a' * (n % 13)}?{'*b' * (n % 7)}*{n}*" for n in range(40)]
    assert ways(allow("iam:PutUserPolicy"), deny("iam:PutUserPolicy", hostile)) == {"iam:PutUserPolicy"}


HARMLESS = [
    *("AmazonEC2FullAccess", "IAMReadOnlyAccess", "ReadOnlyAccess", "AmazonRoute53FullAccess"),
    *("AmazonRoute53DomainsFullAccess", "AmazonRoute53ReadOnlyAccess", "AmazonS3FullAccess", "SecurityAudit"),
    *("IAMUserChangePassword", "IAMSelfManageServiceSpecificCredentials", "PowerUserAccess", "ViewOnlyAccess"),
]


def of_aws(name: str) -> frozenset[str]:
    policy = managed_policies.load_managed_policies().find_by_name(name)
    assert policy is not None
    return EscalationAnalyzer.of(ACCOUNT, WAYS).escalation_actions(
        ANYBODY, EffectivePolicies((NamedDocument(policy.arn, json.dumps(policy.document)),))
    )


@pytest.mark.parametrize("name", HARMLESS)
def test_aws_policies_for_daily_work_are_no_way(name: str) -> None:
    assert of_aws(name) == set()


@pytest.mark.parametrize(
    ("name", "expected"),
    [("AdministratorAccess", EVERY), ("IAMFullAccess", EVERY), ("AWSLambda_FullAccess", {"iam:PassRole"})],
)
def test_aws_policies_for_administrators_are(name: str, expected: frozenset[str]) -> None:
    assert of_aws(name) == expected


ACTIONS = [*sorted(EVERY)[::3], "iam:*", "*", "s3:GetObject", "iam:PassRole", "iam:CreateAccessKey"]
RESOURCES = ["*", f"{IAM}:user/*", OWN, f"{IAM}:role/a?", f"{IAM}:*/team/*", f"{IAM}:user/team/ada"]
CONDITIONS: list[dict[str, Any]] = [
    {},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"StringLike": {"aws:username": "a*"}},
]
statements = st.builds(
    lambda effect, action, resource, condition: {
        "Effect": effect,
        "Action": action,
        "Resource": resource,
        **({"Condition": condition} if condition else {}),
    },
    st.sampled_from(["Allow", "Deny"]),
    st.sampled_from(ACTIONS),
    st.sampled_from(RESOURCES),
    st.sampled_from(CONDITIONS),
)
holders = st.sampled_from([ANYBODY, ADA, APP])


@settings(max_examples=40)
@given(st.lists(statements, max_size=4), statements, holders)
def test_allowing_more_never_takes_a_way_and_denying_more_never_gives_one(
    held: list[dict[str, Any]], more: dict[str, Any], holder: PolicyHolder
) -> None:
    before, later = ways(*held, holder=holder), ways(*held, more, holder=holder)
    assert before <= later if more["Effect"] == "Allow" else later <= before


@settings(max_examples=25)
@given(st.lists(statements, min_size=1, max_size=4), holders)
def test_a_boundary_never_gives_a_way(held: list[dict[str, Any]], holder: PolicyHolder) -> None:
    assert ways(allow("*"), holder=holder, boundary=text(*held)) <= EVERY
    assert ways(*held, holder=holder, boundary=text(allow("*"))) == ways(*held, holder=holder)
    assert ways(*held, holder=holder, boundary=text(allow("s3:*"))) == set()
