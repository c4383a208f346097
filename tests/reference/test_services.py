"""What is known of the services: RCPs, resource policies, actions with rules of their own."""

from __future__ import annotations

import pytest

from koding_audit.reference.actions import load_actions
from koding_audit.reference.services import load_services

SERVICES = load_services()


def test_the_services_are_those_of_the_list_of_actions_of_the_same_date() -> None:
    known = load_actions()
    assert SERVICES.names == known.described.keys()
    assert SERVICES.date == known.origin.date


def test_rcps_apply_to_62_services_of_the_data() -> None:
    assert len(SERVICES.rcp_services) == 62
    assert SERVICES.rcp_services < SERVICES.names


def test_the_actions_without_a_resource_type_are_those_of_the_list_of_actions() -> None:
    known = load_actions()
    for service in SERVICES.rcp_services:
        names = (f"{service}:{name}" for name in known.described[service])
        assert SERVICES.wildcard_only[service] == {each.lower() for each in names if known.is_wildcard_only(each)}


@pytest.mark.parametrize(
    ("action", "applies"),
    [
        ("autoscaling:deleteautoscalinggroup", True),
        ("codebuild:startbuild", True),
        ("events:putrule", True),
        ("sqs:sendmessage", True),
        ("sqs:listqueues", False),  # it has no resource type
        ("kms:retiregrant", False),  # the only permission that the guide exempts
        ("iam:createuser", False),
        ("ec2:runinstances", False),
        ("aoss:cancelingestionjob", None),  # only its name is known
        ("assurance:chat", None),  # a service of which only the names of actions are known
        ("quantumleap:jump", None),  # a service that the data do not have
    ],
)
def test_rcps_apply_to_actions_with_a_resource_type_of_the_listed_services(action: str, applies: bool | None) -> None:
    assert SERVICES.rcps_apply(action.partition(":")[0], action) is applies


def test_the_trust_policy_decides_every_action_of_sts_on_a_role() -> None:
    known = load_actions()
    on_roles = {
        f"sts:{name.lower()}"
        for name in known.described["sts"]
        if any(each.name == "role" for each in known.resource_types(f"sts:{name}"))
    }
    assert SERVICES.trust_policy_actions == on_roles


@pytest.mark.parametrize(
    ("service", "resource", "may"),
    [
        ("ec2", "arn:aws:ec2:eu-west-1:123456789012:instance/i-1", False),
        ("ec2", "arn:aws:ec2:eu-west-1:123456789012:ipam-pool/p-1", True),
        ("ec2", "*", False),
        ("route53", "*", False),
        ("s3", "arn:aws:s3:::b", True),
        ("quantumleap", "*", True),
    ],
)
def test_only_where_the_data_say_so_has_a_resource_no_policy(service: str, resource: str, may: bool) -> None:
    assert SERVICES.may_have_policy(service, resource) is may


def test_an_action_on_a_kms_key_is_one_with_a_resource_type() -> None:
    assert SERVICES.is_about_key("kms:decrypt")
    assert not SERVICES.is_about_key("kms:listretirablegrants")
    assert not SERVICES.is_about_key("s3:getobject")
