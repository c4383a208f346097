"""What can be known of an account's organization: read over HTTP, and unknown where it cannot be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from koding_audit.aws import connection as connection_module
from koding_audit.aws.connection import Connection, connect
from koding_audit.aws.organizations import read_delegation, read_organization
from koding_audit.aws.settings import Settings
from koding_audit.model.errors import CallError
from koding_audit.model.snapshot import Organization, OrganizationPolicy
from tests.servers.moto_account import MotoAccount
from tests.servers.replay import Replay, recorded
from tests.servers.wire import Call, Fault

ACCOUNT, MANAGER = "123456789012", "999999999999"
UNKNOWN = Organization()
ALONE = Organization("", "", (), ())
ORGANIZATION = {"Id": "o-exampleorgid", "MasterAccountId": MANAGER, "FeatureSet": "ALL"}
KNOWN = Organization("o-exampleorgid", MANAGER)
PARENTS = {ACCOUNT: ("ou-1", "ORGANIZATIONAL_UNIT"), "ou-1": ("r-1", "ROOT")}
FULL, GUARD = OrganizationPolicy("FullAWSAccess (p-full)", '{"full": 1}'), OrganizationPolicy("Guard (p-1)", '{"g": 1}')
POLICIES = {"p-full": '{"full": 1}', "p-1": '{"g": 1}', "p-rcp": '{"r": 1}'}
ATTACHED = {
    ("r-1", "SERVICE_CONTROL_POLICY"): [("p-full", "FullAWSAccess")],
    ("ou-1", "SERVICE_CONTROL_POLICY"): [("p-full", "FullAWSAccess"), ("p-1", "Guard")],
    (ACCOUNT, "SERVICE_CONTROL_POLICY"): [("p-full", "FullAWSAccess")],
}


def answering(replay: Replay, *, attached: Any = ATTACHED, **more: Any) -> None:
    """A member's organization, its unit's policies one to a page."""

    def parents(call: Call) -> dict[str, Any]:
        parent, kind = PARENTS[call.parameters["ChildId"]]
        return recorded({"Parents": [{"Id": parent, "Type": kind}]})

    def policies(call: Call) -> dict[str, Any]:
        found = attached.get((call.parameters["TargetId"], call.parameters["Filter"]), [])
        at = int(call.parameters.get("NextToken", "0"))
        page = {"Policies": [{"Id": each, "Name": name} for each, name in found[at : at + 1]]}
        return recorded(page | ({"NextToken": str(at + 1)} if at + 1 < len(found) else {}))

    def policy(call: Call) -> dict[str, Any]:
        return recorded({"Policy": {"Content": POLICIES[call.parameters["PolicyId"]]}})

    replay.answer("DescribeOrganization", recorded({"Organization": ORGANIZATION | more}))
    replay.answer("ListParents", parents)
    replay.answer("ListPoliciesForTarget", policies)
    replay.answer("DescribePolicy", policy)


def test_who_may_list_sees_each_level_from_the_root_down(connection: Connection, replay: Replay) -> None:
    answering(replay)
    found = read_organization(connection, ACCOUNT)
    assert found == Organization(KNOWN.id, MANAGER, ((FULL,), (FULL, GUARD), (FULL,)), ())
    # One call for the organization, two for the way up, one for each page, one for each policy.
    assert [call.action for call in replay.calls] == [
        *("DescribeOrganization", "ListParents", "ListParents"),
        *["ListPoliciesForTarget"] * 4,
        *["DescribePolicy"] * 2,
        *["ListPoliciesForTarget"] * 3,
    ]


def test_of_an_organization_with_unknown_features_no_policy_is_known(connection: Connection, replay: Replay) -> None:
    answering(replay, FeatureSet="SOME")
    assert read_organization(connection, ACCOUNT) == KNOWN


def test_a_list_whose_token_comes_twice_is_unknown(connection: Connection, replay: Replay) -> None:
    answering(replay)
    replay.answer("ListPoliciesForTarget", recorded({"Policies": [], "NextToken": "same"}))
    assert read_organization(connection, ACCOUNT) == KNOWN
    assert sum(call.action == "ListPoliciesForTarget" for call in replay.calls) == 4


def test_rcps_are_read_like_scps(connection: Connection, replay: Replay) -> None:
    answering(replay, attached={("ou-1", "RESOURCE_CONTROL_POLICY"): [("p-rcp", "Sealed")]})
    found = read_organization(connection, ACCOUNT)
    assert found.scps == ()
    assert found.rcps == ((), (OrganizationPolicy("Sealed (p-rcp)", '{"r": 1}'),), ())


def test_a_member_that_may_not_list_knows_its_organization_only(connection: Connection, replay: Replay) -> None:
    replay.answer("DescribeOrganization", recorded({"Organization": ORGANIZATION}))
    assert read_organization(connection, ACCOUNT) == KNOWN


def test_an_account_in_no_organization_is_bound_by_none(connection: Connection, replay: Replay) -> None:
    error = {"Error": {"Code": "AWSOrganizationsNotInUseException", "Message": "no"}}
    replay.answer("DescribeOrganization", {"status_code": 400, "data": error})
    assert read_organization(connection, ACCOUNT) == ALONE


@pytest.mark.parametrize("more", [{"MasterAccountId": ACCOUNT}, {"FeatureSet": "CONSOLIDATED_BILLING"}])
def test_the_management_account_and_one_that_shares_a_bill_only_are_bound_by_none(
    connection: Connection, replay: Replay, more: dict[str, str]
) -> None:
    answering(replay, **more)
    found = read_organization(connection, ACCOUNT)
    assert (found.id, found.scps, found.rcps) == ("o-exampleorgid", (), ())
    assert len(replay.calls) == 1


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("DescribeOrganization", UNKNOWN),
        ("ListParents", KNOWN),
        ("ListPoliciesForTarget", KNOWN),
        ("DescribePolicy", Organization(KNOWN.id, MANAGER, None, ())),
    ],
)
@pytest.mark.parametrize("kind", ["deny", "html", "error"])
def test_what_cannot_be_read_is_unknown(
    connection: Connection, replay: Replay, action: str, expected: Organization, kind: str
) -> None:
    answering(replay)
    replay.faults.add(Fault(action, kind, code="InvalidInputException"))
    assert read_organization(connection, ACCOUNT) == expected


@pytest.mark.parametrize("parents", [[], [{"Id": ACCOUNT, "Type": "ORGANIZATIONAL_UNIT"}], [{"Id": "r-1"}]])
def test_parents_that_lead_to_no_root_are_unknown(connection: Connection, replay: Replay, parents: Any) -> None:
    answering(replay)
    replay.answer("ListParents", recorded({"Parents": parents}))
    assert read_organization(connection, ACCOUNT) == KNOWN
    assert len(replay.calls) < 10


def test_a_list_without_an_end_is_unknown(
    connection: Connection, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "PAGE_CAP", 5)
    answering(replay)
    replay.answer("ListPoliciesForTarget", recorded({"Policies": [], "NextToken": "again"}))
    assert read_organization(connection, ACCOUNT) == KNOWN
    assert len([call for call in replay.calls if call.action == "ListPoliciesForTarget"]) <= 20


def refusal(code: str, message: str) -> dict[str, Any]:
    return {"status_code": 400, "data": {"Error": {"Code": code, "Message": message}}}


def test_a_member_account_knows_the_services_for_which_it_is_a_delegated_administrator(
    connection: Connection, replay: Replay
) -> None:
    answering(replay)
    services = [{"ServicePrincipal": each} for each in ("sso.amazonaws.com", "guardduty.amazonaws.com")]
    replay.answer("ListDelegatedServicesForAccount", recorded({"DelegatedServices": services}))
    found = read_delegation(connection, ACCOUNT)
    assert found == Organization(KNOWN.id, MANAGER, delegated=("guardduty.amazonaws.com", "sso.amazonaws.com"))
    assert [found.is_managed_from(ACCOUNT, each) for each in ("", "sso.amazonaws.com", "iam.amazonaws.com")] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("AccessDeniedException", "You don't have permissions to access this resource."),
        ("AccountNotRegisteredException", "The account is not a delegated administrator."),
    ],
)
def test_a_plain_member_account_is_refused_by_organizations_itself_and_manages_nothing(
    connection: Connection, replay: Replay, code: str, message: str
) -> None:
    answering(replay)
    replay.answer("ListDelegatedServicesForAccount", refusal(code, message))
    found = read_delegation(connection, ACCOUNT)
    assert found == Organization(KNOWN.id, MANAGER, delegated=())
    assert found.is_managed_from(ACCOUNT) is False


@pytest.mark.parametrize(
    "message",
    [
        "",
        "User: arn:aws:iam::123456789012:user/me is not authorized to perform: "
        "organizations:ListDelegatedServicesForAccount on resource: * because no identity-based policy allows it",
    ],
)
def test_a_caller_that_a_policy_denies_does_not_know_whether_its_account_is_a_delegated_administrator(
    connection: Connection, replay: Replay, message: str
) -> None:
    answering(replay)
    replay.answer("ListDelegatedServicesForAccount", refusal("AccessDeniedException", message))
    with pytest.raises(CallError, match="ListDelegatedServicesForAccount"):
        read_delegation(connection, ACCOUNT)


def test_the_management_account_and_an_account_alone_need_one_call(connection: Connection, replay: Replay) -> None:
    answering(replay, MasterAccountId=ACCOUNT)
    manager = read_delegation(connection, ACCOUNT)
    replay.answer("DescribeOrganization", refusal("AWSOrganizationsNotInUseException", "no"))
    alone = read_delegation(connection, ACCOUNT)
    assert (manager.is_managed_from(ACCOUNT, "sso.amazonaws.com"), alone.is_managed_from(ACCOUNT)) == (True, False)
    assert [call.action for call in replay.calls] == ["DescribeOrganization"] * 2


@pytest.mark.parametrize("action", ["DescribeOrganization", "ListDelegatedServicesForAccount"])
@pytest.mark.parametrize("kind", ["html", "error"])
def test_a_delegation_that_cannot_be_read_is_an_error(
    connection: Connection, replay: Replay, action: str, kind: str
) -> None:
    answering(replay)
    replay.answer("ListDelegatedServicesForAccount", recorded({"DelegatedServices": []}))
    replay.faults.add(Fault(action, kind, code="InvalidInputException"))
    with pytest.raises(CallError, match=action):
        read_delegation(connection, ACCOUNT)
    assert UNKNOWN.is_managed_from(ACCOUNT) is KNOWN.is_managed_from(ACCOUNT) is None


@pytest.fixture
def line(account: MotoAccount, aws_environment: pytest.MonkeyPatch) -> Iterator[Connection]:
    with connect(Settings(endpoint_url=account.url)) as made:
        yield made


@pytest.mark.slow
def test_a_real_organization_is_read_as_it_was_made(account: MotoAccount, line: Connection) -> None:
    """moto's: the reading account manages it, so that it may list what binds a member."""
    assert read_organization(line, ACCOUNT) == ALONE
    maker: Any = account.client("organizations")
    made = maker.create_organization(FeatureSet="ALL")["Organization"]
    (root,) = maker.list_roots()["Roots"]
    maker.enable_policy_type(RootId=root["Id"], PolicyType="RESOURCE_CONTROL_POLICY")
    unit = maker.create_organizational_unit(ParentId=root["Id"], Name="workloads")["OrganizationalUnit"]["Id"]
    member = maker.create_account(Email="a@example.com", AccountName="a")["CreateAccountStatus"]["AccountId"]
    maker.move_account(AccountId=member, SourceParentId=root["Id"], DestinationParentId=unit)
    content = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
    for kind, name in (("SERVICE_CONTROL_POLICY", "Guard"), ("RESOURCE_CONTROL_POLICY", "Sealed")):
        policy = maker.create_policy(Content=content, Description="d", Name=name, Type=kind)["Policy"]
        maker.attach_policy(PolicyId=policy["PolicySummary"]["Id"], TargetId=unit)
    assert read_organization(line, ACCOUNT) == Organization(made["Id"], ACCOUNT, (), ())
    assert read_delegation(line, ACCOUNT).is_managed_from(ACCOUNT) is True
    assert read_delegation(line, member).delegated == ()
    maker.register_delegated_administrator(AccountId=member, ServicePrincipal="ssm.amazonaws.com")
    assert read_delegation(line, member).delegated == ("ssm.amazonaws.com",)
    found = read_organization(line, member)
    assert (found.id, found.management_account) == (made["Id"], ACCOUNT)
    names = [[each.name.partition(" (")[0] for each in level] for level in found.scps or ()]
    assert names == [["FullAWSAccess"], ["FullAWSAccess", "Guard"], ["FullAWSAccess"]]
    assert [each.document for level in found.rcps or () for each in level if "Sealed" in each.name] == [content]
