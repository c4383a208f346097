"""The copy of AWS's managed policies: whole, readable, and dated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from koding_audit.policy import document
from koding_audit.reference import managed_policies
from koding_audit.reference.tables import read_json
from tools.policy_ways import policies_by_class

POLICIES = managed_policies.load_managed_policies()
NEW_WAYS = [
    "AWSBackupFullAccess",
    "AWSBackupOperatorAccess",
    "AWSEntityResolutionConsoleFullAccess",
    "AWSImageBuilderFullAccess",
    "AWSPCSServiceRolePolicy",
    "AWSSSOServiceRolePolicy",
    "AmazonBedrockFullAccess",
    "AmazonBedrockMarketplaceAccess",
    "AmazonLookoutMetricsFullAccess",
    "AmazonSageMakerEdgeDeviceFleetPolicy",
    "AmazonWorkMailFullAccess",
    "BedrockAgentCoreFullAccess",
    "ROSAInstallerPolicy",
    "ROSAKarpenterControllerPolicy",
    "ROSANodePoolManagementPolicy",
    "SystemAdministrator",
]
"""The policies that grant a way, and granted none by the ways of the build of 2026-11-30."""


def test_a_policy_is_found_by_its_arn() -> None:
    policy = POLICIES["arn:aws:iam::aws:policy/IAMReadOnlyAccess"]
    assert policy.arn == "arn:aws:iam::aws:policy/IAMReadOnlyAccess"
    assert "iam:Get*" in policy.document["Statement"][0]["Action"]


def test_a_policy_is_found_by_its_name_without_its_path() -> None:
    policy = POLICIES.find_by_name("AWSLambdaBasicExecutionRole")
    assert policy
    assert policy.arn == "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    assert POLICIES.find_by_name("service-role/AWSLambdaBasicExecutionRole") is None


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::123456789012:policy/IAMReadOnlyAccess",
        "arn:aws-cn:iam::aws:policy/IAMReadOnlyAccess",
        "IAMReadOnlyAccess",
    ],
)
def test_a_policy_of_an_account_or_of_another_partition_is_not_taken_for_awss(arn: str) -> None:
    assert arn not in POLICIES


def test_every_document_is_one_that_iam_takes() -> None:
    assert len(POLICIES) == POLICIES.origin.counts["policies"] > 1_500
    for arn, policy in POLICIES.items():
        assert arn == policy.arn
        assert re.fullmatch(r"arn:aws:iam::aws:policy/([\w.-]+/)*[\w+=,.@-]+", arn)
        assert re.fullmatch(r"v[1-9]\d*", policy.version)
        assert document.parse_document(policy.document).statements


def test_the_policies_are_sorted_and_no_name_is_there_twice() -> None:
    assert list(POLICIES) == sorted(POLICIES)
    assert len({arn.rpartition("/")[2] for arn in POLICIES}) == len(POLICIES)


def test_no_document_is_newer_than_the_copy_says() -> None:
    assert max(policy.updated for policy in POLICIES.values())[:10] == POLICIES.origin.date


def classes() -> dict[str, list[str]]:
    found = read_json("managed_policy_ways")
    assert found["origin"]["date"] == POLICIES.origin.date
    return {name: found[name] for name in ("way", "organization")}


@pytest.mark.slow
def test_the_classes_are_what_the_guards_decide_of_each_document() -> None:
    documents = {arn.rpartition("/")[2]: policy.document for arn, policy in POLICIES.items()}
    assert policies_by_class(documents) == classes()


def test_the_policies_that_grant_a_way_only_where_an_organization_is_managed_are_these() -> None:
    assert managed_policies.load_policies_of_organizations() == {
        *("AWSOrganizationsFullAccess", "PowerUserAccess"),
        *("AWSSSODirectoryAdministrator", "AWSSSOMasterAccountAdministrator", "AWSSSOMemberAccountAdministrator"),
        *("AIDevOpsAgentActionsPolicy", "AWSTransformLandingZoneAgentPolicy"),
        *("AWSManagedAccountUserEntitlementAccess", "AWSManagedBudgetsSpendLimitManagementAccess"),
        *("AWSManagedControlPolicyManagementAccess", "AWSManagedServiceAccessManagementAccess"),
        "AWSControlTowerServiceRolePolicy",
    }


@pytest.mark.parametrize(
    "name",
    [
        *("AmazonEC2FullAccess", "IAMReadOnlyAccess", "AmazonRoute53FullAccess", "AmazonRoute53DomainsFullAccess"),
        *("ReadOnlyAccess", "SecurityAudit", "ViewOnlyAccess", "AWSBackupOrganizationAdminAccess"),
    ],
)
def test_the_policies_of_the_guide_and_those_that_read_grant_no_way(name: str) -> None:
    assert POLICIES.find_by_name(name) is not None
    assert not any(name in those for those in classes().values())


def test_every_policy_whose_class_is_not_that_of_the_build_of_2026_11_30_is_named_in_the_changelog() -> None:
    changelog = (Path(__file__).parents[2] / "CHANGELOG.md").read_text(encoding="utf-8")
    assert [name for name in NEW_WAYS if name not in classes()["way"]] == []
    named = {*NEW_WAYS, *classes()["organization"]}
    assert [name for name in sorted(named) if not re.search(rf"\b{name}\b", changelog)] == []
