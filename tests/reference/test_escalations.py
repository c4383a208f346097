"""The ways to administration, what is not judged, and the services that do work with a role."""

from __future__ import annotations

from pathlib import Path

from koding_audit.reference.actions import load_actions
from koding_audit.reference.escalations import load_escalation_actions
from koding_audit.reference.tables import read_rows
from tests.values import ACCOUNT

GUIDE = (Path(__file__).parents[2] / "docs" / "guards.md").read_text(encoding="utf-8")
ALL_WAYS = load_escalation_actions()
WAYS = [way for way in ALL_WAYS if not way.is_conditional]
UNJUDGED = {action for row in read_rows("unjudged_escalations") for action in row["actions"]}
USES = read_rows("pass_role_uses")


def test_each_is_an_action_on_a_resource_of_its_kind() -> None:
    known = load_actions()
    for way in ALL_WAYS:
        assert known.canonical_name(way.action) == way.action
        types = {each.name: each.arns for each in known.resource_types(way.action)}
        if way.kind:
            assert any(arn.startswith(way.arn) for arn in types[way.kind]), way
        else:
            assert not types
            assert way.arn == "*"


def test_the_ways_of_every_account_are_actions_of_iam_in_the_account_itself() -> None:
    for way in WAYS:
        assert way.action.startswith("iam:")
        assert way.arn_prefix(ACCOUNT) == ACCOUNT.arn("role", "").replace("role/", f"{way.kind}/")  # type: ignore[arg-type]


def test_credentials_count_only_on_others_and_passing_a_role_only_if_it_is_not_limited() -> None:
    assert {way.action for way in ALL_WAYS if way.others_only} == {
        "iam:CreateAccessKey",
        "iam:CreateLoginProfile",
        "iam:CreateServiceSpecificCredential",
        "iam:ResetServiceSpecificCredential",
        "iam:UpdateLoginProfile",
        "iam:UploadSSHPublicKey",
        "iam:UploadSigningCertificate",
    }
    assert [way.action for way in ALL_WAYS if way.unrestricted_only] == ["iam:PassRole"]


def test_the_resources_of_an_organization_and_of_root_users_may_have_the_id_of_another_account() -> None:
    those = {way.action for way in ALL_WAYS if way.any_account}
    of_organizations = {way.action for way in ALL_WAYS if way.action.startswith("organizations:")}
    assert those == {*of_organizations, "sts:AssumeRoot", "account-access:CreateEntitlement"}
    assert all(way.in_organization for way in ALL_WAYS if way.any_account)


def test_every_action_that_manages_permissions_of_iam_or_identity_center_is_a_way_or_stands_under_not_judged() -> None:
    known, ways = load_actions(), {way.action for way in ALL_WAYS}
    harmless = {
        *("iam:DeletePolicy", "iam:DeleteAccountPasswordPolicy", "organizations:DeleteResourcePolicy"),
        # They take permissions away from a permission set.
        "sso:DetachCustomerManagedPolicyReferenceFromPermissionSet",
        "sso:DetachManagedPolicyFromPermissionSet",
    }
    managing = {
        action
        for service in ("iam", "organizations", "sso")
        for action in known.expand(f"{service}:*")
        if known.is_described(action) and known.access_level(action) == "Permissions management"
    }
    assert managing - ways - UNJUDGED == harmless


def test_no_action_is_both_a_way_and_not_judged_and_each_exists() -> None:
    known = load_actions()
    assert UNJUDGED.isdisjoint(way.action for way in ALL_WAYS)
    assert [action for action in sorted(UNJUDGED) if known.canonical_name(action) != action] == []


def test_every_service_that_does_work_with_a_role_names_actions_that_exist() -> None:
    known = load_actions()
    for row in USES:
        assert [each for step in row["needs"] for each in step if known.canonical_name(each) != each] == [], row


def test_the_guide_names_every_way_and_every_action_that_is_not_judged() -> None:
    named = {way.action for way in ALL_WAYS} | UNJUDGED
    assert [action for action in sorted(named) if f"`{action}`" not in GUIDE] == []


def test_the_guide_shows_as_many_as_there_are() -> None:
    assert f"{', '.join(way.action for way in WAYS[:3])} and {len(WAYS) - 3} more" in GUIDE
