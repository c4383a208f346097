"""The RESOURCE of a question: `*`, an ARN or a pattern of ARNs; other texts are refused with the ARN that was meant."""

from __future__ import annotations

import pytest

from koding_audit.model.account import Account
from koding_audit.model.errors import InputError
from koding_audit.reference.actions import ActionList, load_actions
from koding_audit.scan.resource_argument import check_partition, check_resource


@pytest.fixture(scope="module")
def known() -> ActionList:
    return load_actions()


def refusal(resource: str, action: str, known: ActionList) -> InputError:
    with pytest.raises(InputError) as found:
        check_resource(resource, [action], known)
    return found.value


@pytest.mark.parametrize(
    "resource",
    [
        "*",
        "arn:aws:s3:::logs",
        "arn:aws:s3:::logs/*",
        "arn:aws:s3:::*",
        "arn:aws-cn:iam::123456789012:role/app",
        "arn:aws:sqs:eu-west-1:123456789012:",  # as AWS prints it where an action has no resource
        "arn:*:s3:::lo?s",
    ],
)
def test_an_arn_a_pattern_of_arns_and_any_resource_are_accepted(resource: str, known: ActionList) -> None:
    check_resource(resource, ["s3:GetObject"], known)


@pytest.mark.parametrize(
    ("action", "resource", "meant"),
    [
        ("s3:GetObject", "acme-logs", "arn:aws:s3:::acme-logs/*"),
        ("s3:GetObject", "acme-logs/a/b", "arn:aws:s3:::acme-logs/a/b"),
        ("s3:ListBucket", "acme-logs", "arn:aws:s3:::acme-logs"),
        ("s3:GetObject", "s3://acme-logs", "arn:aws:s3:::acme-logs/*"),
        ("s3:GetObject", "s3://acme-logs/", "arn:aws:s3:::acme-logs/*"),
        ("s3:GetObject", "s3://acme-logs/dir/", "arn:aws:s3:::acme-logs/dir/"),
        ("s3:ListBucket", "s3://acme-logs/", "arn:aws:s3:::acme-logs"),
        ("ec2:StartInstances", "s3://acme-logs", "arn:aws:s3:::acme-logs"),
        ("iam:PassRole", "app", "arn:aws:iam::ACCOUNT:role/app"),
        ("iam:PassRole", "role/team/app", "arn:aws:iam::ACCOUNT:role/team/app"),
        ("sqs:SendMessage", "jobs", "arn:aws:sqs:REGION:ACCOUNT:jobs"),
        ("ec2:TerminateInstances", "i-1", "arn:aws:ec2:REGION:ACCOUNT:instance/i-1"),
    ],
)
def test_the_name_of_a_resource_is_refused_with_the_arn_of_the_actions_resource_type(
    action: str, resource: str, meant: str, known: ActionList
) -> None:
    error = refusal(resource, action, known)
    assert (error.message, error.hint) == (f"{resource} is not an ARN", f"write '{meant}'")


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("ec2:RunInstances", "i-1"),  # several types
        ("sqs:ListQueues", "jobs"),  # no type
        ("ec2:Nothing", "i-1"),  # not an action
        ("s3:GetObject", "https://acme-logs.s3.amazonaws.com/key"),
        ("s3:GetObject", "**"),
        ("s3:GetObject", "ARN:aws:s3:::acme-logs"),
        ("s3:GetObject", "a b"),
    ],
)
def test_no_arn_is_suggested_where_several_could_be_meant_or_none(
    action: str, resource: str, known: ActionList
) -> None:
    error = refusal(resource, action, known)
    assert error.message == f"{resource} is not an ARN"
    assert error.hint.startswith("write an ARN, for example ")


def test_an_action_in_place_of_an_arn_is_refused_with_the_option_for_several(known: ActionList) -> None:
    assert refusal("iam:Pass*", "ec2:RunInstances", known).hint == (
        "to ask about several actions, write --action ec2:RunInstances --action iam:Pass*"
    )


def test_an_incomplete_arn_is_refused_with_its_completed_form(known: ActionList) -> None:
    error = refusal("arn:aws:sqs", "sqs:SendMessage", known)
    assert "fewer than six fields" in error.message
    assert error.hint == "write 'arn:aws:sqs:*:*:*'"


@pytest.mark.parametrize("resource", ["*", "arn:*:s3:::logs/x", "arn:aws-us-gov:s3:::logs/x"])
def test_a_resource_of_the_accounts_partition_can_be_asked_about(resource: str) -> None:
    check_partition(resource, Account("123456789012", "aws-us-gov"))


def test_a_resource_of_another_partition_is_refused() -> None:
    with pytest.raises(InputError, match="arn:aws:s3:::logs/x is not of partition aws-us-gov"):
        check_partition("arn:aws:s3:::logs/x", Account("123456789012", "aws-us-gov"))
