"""The rows of what Koding's own guide builds, against the two policies that it asks for."""

from __future__ import annotations

import pytest

from koding_audit.reference import actions, managed_policies
from koding_audit.stack import type_table

POLICIES = ("AmazonEC2FullAccess", "IAMReadOnlyAccess")
BUILT = ("instance", "eip", "vpc", "subnet", "internet_gateway", "route_table", "route_table_association")
MORE = ("security_group", "key_pair", "ebs_volume", "volume_attachment", "elb", "lb", "launch_configuration")


@pytest.fixture(scope="module")
def given() -> frozenset[str]:
    """Every action that the two policies allow on every resource without a condition."""
    known, policies = actions.load_actions(), managed_policies.load_managed_policies()
    found = (policies.find_by_name(name) for name in POLICIES)
    statements = [each for policy in found if policy is not None for each in policy.document["Statement"]]
    plain = [each for each in statements if each["Effect"] == "Allow" and not each.get("Condition")]
    listed = [each["Action"] for each in plain if each["Resource"] == "*"]
    patterns = [each for entry in listed for each in ([entry] if isinstance(entry, str) else entry)]
    return frozenset(action for pattern in patterns for action in known.expand(pattern))


def row(name: str) -> type_table.TypeRow:
    found = type_table.load_type_table().row("type", f"aws_{name}")
    assert found is not None
    return found


def always(name: str) -> set[str]:
    return {action for calls in row(name).operations.values() for action in calls}


@pytest.mark.parametrize("name", [*BUILT, *MORE])
def test_the_guides_policies_give_what_the_guide_builds(name: str, given: frozenset[str]) -> None:
    assert always(name)
    assert always(name) <= given
    added = {action for calls in row(name).arguments.values() for action in calls} - given
    assert all(each == "iam:PassRole" or each.startswith("kms:") for each in added)


@pytest.mark.parametrize("name", ["instance", "launch_configuration"])
def test_an_instance_profile_needs_pass_role_which_neither_policy_gives(name: str, given: frozenset[str]) -> None:
    assert set(row(name).arguments["iam_instance_profile"]) - given == {"iam:PassRole"}


@pytest.mark.parametrize("name", ["route53_zone", "route53_record", "iam_instance_profile", "iam_role", "kms_key"])
def test_the_guides_policies_do_not_give_names_in_dns_roles_and_keys(name: str, given: frozenset[str]) -> None:
    assert always(name) - given
