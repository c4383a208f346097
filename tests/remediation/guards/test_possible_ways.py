"""Which ways work in which account: those of an organization where it is managed, others by trust."""

from __future__ import annotations

import json
from typing import Any

import pytest

from koding_audit.model.finding import Action
from koding_audit.model.frozen import replace
from koding_audit.model.query import Fact, Gap
from koding_audit.model.snapshot import Organization, Snapshot
from koding_audit.model.verb import Verb
from koding_audit.reference import managed_policies
from koding_audit.reference.escalations import EscalationAction, load_escalation_actions
from koding_audit.remediation.guards import GuardLimits, Judgement, evaluate_guards
from koding_audit.remediation.guards.possible_ways import load_possible_ways
from tests.remediation.guards.plans import (
    ADMIN,
    DOCUMENTS,
    READ,
    Guards,
    account,
    guards_of,
    judged,
    plan,
    says,
    statement,
)
from tests.values import ACCOUNT, aws, live_group, live_role, live_user, own, snapshot

READ_IT = ("organization", "")
SSO = "sso.amazonaws.com"
ALONE = Organization("")
MANAGER = Organization("o-1", ACCOUNT.id, delegated=())
MEMBER = Organization("o-1", "999999999999", delegated=())
OF_SSO = Organization("o-1", "999999999999", delegated=(SSO,))
OF_IAM = Organization("o-1", "999999999999", delegated=("iam.amazonaws.com",))
UNREAD = {"nothing": Organization(), "the delegations": Organization("o-1", "999999999999")}
WAYS = load_escalation_actions()
OF_ORGANIZATION = [each for each in WAYS if each.in_organization]
BY_TRUST = [each for each in WAYS if each.trusted]
JOIN = Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": "Developers", "PolicyArn": own("it")})


def attach(name: str) -> tuple[Action, dict[str, str]]:
    """The step that attaches an AWS policy to a group with a member, and the document of that policy."""
    policy = managed_policies.load_managed_policies().find_by_name(name)
    assert policy is not None
    parameters = {"GroupName": "Developers", "PolicyArn": policy.arn}
    return Action(Verb.ATTACH_GROUP_POLICY, parameters), {policy.arn: json.dumps(policy.document)}


def live(documents: dict[str, str], **more: Any) -> Snapshot:
    return account(live_group(members=["ada"]), documents={**DOCUMENTS, **documents}, **more)


def granting(way: EscalationAction, **more: Any) -> Snapshot:
    return live({own("it"): says(statement("Allow", way.action))}, **more)


@pytest.mark.parametrize("way", OF_ORGANIZATION, ids=lambda way: way.action)
def test_a_way_of_an_organization_counts_only_where_the_organization_is_managed(way: EscalationAction) -> None:
    for organization in (MANAGER, *([OF_SSO] if way.delegates in ("", SSO) else [OF_IAM])):
        found = judged(granting(way, organization=organization), JOIN)
        assert guards_of(found) == ["administration"]
        assert found.grants_by_step == {0: f"grants administration: {way.action} by customer:it"}
    for organization in (ALONE, MEMBER, *([OF_IAM] if way.delegates == SSO else [])):
        assert guards_of(judged(granting(way, organization=organization), JOIN)) == []


@pytest.mark.parametrize("way", OF_ORGANIZATION, ids=lambda way: way.action)
def test_a_way_of_an_organization_may_be_limited_to_one_resource_or_denied(way: EscalationAction) -> None:
    prefix = way.arn_prefix(ACCOUNT)
    named = prefix if prefix == "*" else f"{prefix}*:root" if way.kind == "root-user" else f"{prefix}*one"
    one = says(statement("Allow", way.action, named))
    assert guards_of(judged(live({own("it"): one}, organization=MANAGER), JOIN)) == ["administration"]
    elsewhere = says(statement("Allow", way.action, "arn:aws:s3:::bucket"))
    assert guards_of(judged(live({own("it"): elsewhere}, organization=MANAGER), JOIN)) == []
    denied = says(statement("Allow", "*"), statement("Deny", "iam:*"), statement("Deny", way.action))
    assert way.action not in str(judged(live({own("it"): denied}, organization=MANAGER), JOIN).grants_by_step)


@pytest.mark.parametrize(
    "name", ["AWSSSOMasterAccountAdministrator", "AWSSSODirectoryAdministrator", "PowerUserAccess"]
)
def test_the_policies_of_identity_center_and_poweruseraccess_are_ways_in_a_managing_account_only(name: str) -> None:
    step, documents = attach(name)
    for organization in (MANAGER, OF_SSO):
        found = judged(live(documents, organization=organization), step)
        assert guards_of(found) == ["administration"]
        assert f" by {name}" in found.grants_by_step[0]
        assert guards_of(judged(live(documents, organization=organization), step, allow_admin=True)) == []
    for organization in (ALONE, MEMBER):
        assert judged(live(documents, organization=organization), step).grants_by_step == {}


@pytest.mark.parametrize("organization", UNREAD.values(), ids=UNREAD)
def test_a_place_in_the_organization_that_is_not_known_is_read_and_is_no_yes(organization: Organization) -> None:
    step, documents = attach("PowerUserAccess")
    gap = Gap(Fact.ORGANIZATION, "organizations:DescribeOrganization", "AccessDenied", "", "organizations:Describe")
    known = live(documents, organization=organization, gaps=(gap,))
    first = evaluate_guards(plan(step), known, frozenset(), Guards(), GuardLimits())
    assert first.required_reads == {READ_IT}
    after = evaluate_guards(plan(step), known, frozenset({READ_IT}), Guards(), GuardLimits())
    assert guards_of(after) == ["administration"]
    (refusal,) = after.refusals
    assert "if the account manages its organization, which is not known, by PowerUserAccess" in refusal.message
    assert "organizations:DescribeOrganization failed with AccessDenied: allow the caller" in refusal.hint
    allowed = evaluate_guards(plan(step), known, frozenset({READ_IT}), Guards(), GuardLimits(allow_admin=True))
    assert allowed.refusals == ()


def test_the_organization_is_not_read_where_another_way_decides_or_none_is_granted() -> None:
    admin = Action(Verb.ATTACH_GROUP_POLICY, {"GroupName": "Developers", "PolicyArn": aws("AdministratorAccess")})
    found = judged(live({}, organization=Organization()), admin)
    assert guards_of(found) == ["administration"]
    assert "sso:" not in found.grants_by_step[0]
    assert "not known" not in found.grants_by_step[0]
    for name in (
        "AmazonEC2FullAccess",
        "IAMReadOnlyAccess",
        "AmazonRoute53FullAccess",
        "AmazonRoute53DomainsFullAccess",
    ):
        step, documents = attach(name)
        assert judged(live(documents, organization=Organization()), step).refusals == ()


def test_a_role_that_may_be_passed_is_an_administrator_too_if_it_manages_the_organization() -> None:
    step, documents = attach("PowerUserAccess")
    passing = {own("it"): says(statement("Allow", "iam:PassRole", "arn:aws:iam::123456789012:role/app"))}
    role = live_role(attached=[step.parameters["PolicyArn"]])
    known = account(live_group(), role, documents={**DOCUMENTS, **documents, **passing}, organization=MANAGER)
    assert guards_of(judged(known, JOIN)) == ["administration"]
    assert guards_of(judged(account(live_group(), role, documents={**documents, **passing}), JOIN)) == []


def trusting(service: str, effect: str = "Allow", kind: str = "Principal") -> str:
    trust = {"Effect": effect, kind: {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [trust]})


@pytest.mark.parametrize("way", BY_TRUST, ids=lambda way: way.action)
def test_a_trust_anchor_is_a_way_if_a_role_that_was_read_trusts_roles_anywhere(way: EscalationAction) -> None:
    for trust, expected in {
        trusting(way.trusted): ["administration"],
        trusting(way.trusted, kind="NotPrincipal"): ["administration"],
        "{": ["administration"],
        trusting("ec2.amazonaws.com"): [],
        trusting(way.trusted, effect="Deny"): [],
        "": [],
    }.items():
        found = judged(granting(way) if not trust else _with_role(way, trust), JOIN)
        assert guards_of(found) == expected, trust


ROOT = f"arn:aws:iam::{ACCOUNT.id}:root"
ADMIN_ROLE = f"arn:aws:iam::{ACCOUNT.id}:role/app"


def trusting_principal(principal: str, **more: Any) -> str:
    trust = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [trust]})


def assuming(trust: str, resource: str = "*", *, role: str = ADMIN, **more: Any) -> Judgement:
    """The result for a group with a member that gets sts:AssumeRole, beside a role with this policy."""
    documents = {own("it"): says(statement("Allow", "sts:AssumeRole", resource)), **DOCUMENTS, **more}
    live_app = replace(live_role(attached=[role]), trust=trust)
    return judged(account(live_group(members=["ada"]), live_app, documents=documents), JOIN)


@pytest.mark.parametrize(
    ("trust", "resource", "expected"),
    [
        (trusting_principal(ROOT), "*", True),
        (trusting_principal(ROOT), ADMIN_ROLE, True),
        (trusting_principal(ACCOUNT.id), "*", True),
        (trusting_principal(ROOT, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}), "*", True),
        (trusting_principal(f"arn:aws:iam::{ACCOUNT.id}:user/ada"), "*", True),
        (trusting_principal("arn:aws:iam::210987654321:root"), "*", False),
        (trusting("ec2.amazonaws.com"), "*", False),
        (trusting_principal(ROOT), f"arn:aws:iam::{ACCOUNT.id}:role/other", False),
        ("", "*", False),
    ],
)
def test_to_assume_a_role_that_was_read_is_a_way_if_it_trusts_the_principal_and_has_one_itself(
    trust: str, resource: str, *, expected: bool
) -> None:
    found = assuming(trust, resource)
    assert guards_of(found) == (["administration"] if expected else [])
    if expected:
        assert found.grants_by_step == {0: "grants administration: sts:AssumeRole by customer:it"}
    assert guards_of(assuming(trust, resource, role=READ)) == []


def test_a_role_that_may_already_be_assumed_is_no_new_way() -> None:
    documents = {own("it"): says(statement("Allow", "sts:AssumeRole", ADMIN_ROLE)), **DOCUMENTS}
    role = live_role(attached=[ADMIN], trusting=trusting_principal(ROOT))
    narrow = {own("was"): says(statement("Allow", "sts:*")), **documents}
    assert guards_of(judged(account(live_group(attached=[own("was")]), role, documents=narrow), JOIN)) == []
    unread = live_role(attached=None, inline=None, trusting=trusting_principal(ROOT))
    assert guards_of(judged(account(live_group(), unread, documents=documents), JOIN)) == []


def test_a_chain_of_roles_leads_to_administration() -> None:
    step = says(statement("Allow", "sts:AssumeRole", ADMIN_ROLE))
    middle = live_role("middle", attached=[own("step")], trusting=trusting_principal(ROOT))
    last = live_role(attached=[ADMIN], trusting=trusting_principal(f"arn:aws:iam::{ACCOUNT.id}:role/middle"))
    first = says(statement("Allow", "sts:AssumeRole", f"arn:aws:iam::{ACCOUNT.id}:role/middle"))
    documents = {own("it"): first, own("step"): step, **DOCUMENTS}
    assert guards_of(judged(account(live_group(), middle, last, documents=documents), JOIN)) == ["administration"]
    harmless = live_role(attached=[READ], trusting=trusting_principal(ROOT))
    assert guards_of(judged(account(live_group(), middle, harmless, documents=documents), JOIN)) == []


# --- a Deny that goes, and a trust policy that names the principal -------------------------------------

USER_ADA, ROLE_W = (f"arn:aws:iam::{ACCOUNT.id}:{each}" for each in ("user/ada", "role/w"))
NO_ROLES = says(statement("Deny", "sts:*"))
WITH_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
NO_ROLES_AWAY = says({**statement("Deny", "sts:AssumeRole"), "Condition": {"Bool": {"aws:ViaAWSService": "true"}}})


def boss(trust: str, *principals: Any, **documents: str) -> Snapshot:
    """An account with a role of an administrator, and the Deny of sts:* as a policy."""
    texts = {**DOCUMENTS, own("no"): NO_ROLES, **{key.replace("__", "/"): text for key, text in documents.items()}}
    return account(replace(live_role(attached=[ADMIN]), trust=trust), *principals, documents=texts)


def detach_no(kind: str, name: str) -> Action:
    return Action(Verb(f"Detach{kind}Policy"), {f"{kind}Name": name, "PolicyArn": own("no")})


IN_DEVELOPERS = live_group(attached=[own("no")], members=["ada"])
FREED = {
    "its own policy goes": (USER_ADA, [live_user("ada", attached=[own("no")])], detach_no("User", "ada")),
    "its group loses it": (
        USER_ADA,
        [live_user("ada", groups=["Developers"]), IN_DEVELOPERS],
        detach_no("Group", "Developers"),
    ),
    "it leaves the group": (
        USER_ADA,
        [live_user("ada", groups=["Developers"]), IN_DEVELOPERS],
        Action(Verb.REMOVE_USER_FROM_GROUP, {"GroupName": "Developers", "UserName": "ada"}),
    ),
    "a role": (ROLE_W, [live_role("w", attached=[own("no")])], detach_no("Role", "w")),
    "a new version, of whomever": (
        USER_ADA,
        [],
        Action(
            Verb.CREATE_POLICY_VERSION,
            {"PolicyArn": own("no"), "PolicyDocument": DOCUMENTS[READ], "SetAsDefault": True},
        ),
    ),
    "a new version, of whichever role": (
        ROLE_W,
        [],
        Action(
            Verb.CREATE_POLICY_VERSION,
            {"PolicyArn": own("no"), "PolicyDocument": DOCUMENTS[READ], "SetAsDefault": True},
        ),
    ),
}


@pytest.mark.parametrize(("named", "principals", "action"), FREED.values(), ids=FREED)
def test_without_the_deny_a_principal_assumes_the_administrator_that_names_it_and_needs_no_allow(
    named: str, principals: list[Any], action: Action
) -> None:
    for more in ({}, {"Condition": WITH_MFA}):
        found = judged(boss(trusting_principal(named, **more), *principals), action)
        assert guards_of(found) == ["administration"]
        assert "sts:AssumeRole to " in found.grants_by_step[0]
        assert ", by removing the Deny of customer:no" in found.grants_by_step[0]
    assert guards_of(judged(boss(trusting_principal("arn:aws:iam::210987654321:user/ada"), *principals), action)) == []
    if action.verb is not Verb.CREATE_POLICY_VERSION:
        assert guards_of(judged(boss(trusting_principal(ROOT), *principals), action)) == []
        assert guards_of(judged(boss(trusting_principal(f"{named}-2"), *principals), action)) == []


def test_a_deny_under_a_condition_that_goes_counts_beside_a_trust_policy_with_another() -> None:
    taken = Action(Verb.DELETE_USER_POLICY, {"UserName": "ada", "PolicyName": "no"})
    held = live_user("ada", inline=["no"])
    trust = trusting_principal(USER_ADA, Condition=WITH_MFA)
    assert guards_of(judged(boss(trust, held, user__ada__no=NO_ROLES_AWAY), taken)) == ["administration"]
    assert guards_of(judged(boss(trust, held, user__ada__no=DOCUMENTS[READ]), taken)) == []


@pytest.mark.parametrize("name", ["ada", "deploy", "ci", "w", "aws"])
def test_whom_a_trust_policy_names_is_decided_by_its_arn_and_not_by_its_text(name: str) -> None:
    put = Action(
        Verb.PUT_USER_POLICY,
        {"UserName": name, "PolicyName": "p", "PolicyDocument": says(statement("Allow", "sts:AssumeRole"))},
    )
    for other in ("user/bob", "user/x-ada", f"role/{name}"):
        trust = trusting_principal(f"arn:aws:iam::{ACCOUNT.id}:{other}")
        assert guards_of(judged(boss(trust, live_user(name)), put)) == []
    assert guards_of(judged(boss(trusting_principal(ROOT), live_user(name)), put)) == ["administration"]


# --- resources whose ARN names another account ---------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "resource", "organization"),
    [
        ("sts:AssumeRoot", "arn:aws:iam::222222222222:root", MANAGER),
        ("sts:AssumeRoot", "arn:aws:iam::2*:root", MANAGER),
        ("sts:AssumeRoot", "arn:aws:iam::222222222222:root", OF_IAM),
        ("organizations:UpdatePolicy", "arn:aws:organizations::999999999999:policy/o-1/*", OF_SSO),
        ("organizations:AttachPolicy", "arn:aws:organizations::999999999999:policy/o-1/*", OF_SSO),
        ("organizations:MoveAccount", "arn:aws:organizations::999999999999:account/o-1/210987654321", OF_SSO),
    ],
)
def test_a_way_on_what_belongs_to_another_account_of_the_organization_counts(
    action: str, resource: str, organization: Organization
) -> None:
    document = says(statement("Allow", action, resource))
    assert guards_of(judged(live({own("it"): document}, organization=organization), JOIN)) == ["administration"]
    denied = says(statement("Allow", action, resource), statement("Deny", action, resource))
    assert guards_of(judged(live({own("it"): denied}, organization=organization), JOIN)) == []
    assert guards_of(judged(live({own("it"): document}, organization=MEMBER), JOIN)) == []


def _with_role(way: EscalationAction, trust: str) -> Snapshot:
    documents = {own("it"): says(statement("Allow", way.action))}
    return account(live_group(), live_role(trusting=trust), documents=documents)


def test_the_ways_of_every_account_are_always_possible() -> None:
    always = {each.action for each in WAYS if not each.is_conditional} | {"sts:AssumeRole"}
    assert {each.action for each in load_possible_ways(account())} == always
    without = snapshot(organization=Organization(""))
    assert {each.action for each in load_possible_ways(without)} == always - {"sts:AssumeRole"}
    assert {each.action for each in load_possible_ways(account(organization=MANAGER))} == {
        *always,
        *(each.action for each in OF_ORGANIZATION),
    }


def test_only_scps_matter_of_the_policies_of_an_organization() -> None:
    def limited(kind: str, operator: str = "StringEquals") -> list[str]:
        allow = statement("Allow", "organizations:DetachPolicy")
        document = says({**allow, "Condition": {operator: {"organizations:PolicyType": kind}}})
        return guards_of(judged(live({own("it"): document}, organization=MANAGER), JOIN))

    for operator in ("StringEquals", "StringLikeIfExists"):
        assert limited("BACKUP_POLICY", operator) == []
        assert limited("SERVICE_CONTROL_POLICY", operator) == ["administration"]
