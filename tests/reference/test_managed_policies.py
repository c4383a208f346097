"""The copy of AWS's managed policies: whole, readable, and dated."""

from __future__ import annotations

import re

import pytest

from koding_audit.policy import document
from koding_audit.reference import managed_policies

POLICIES = managed_policies.load_managed_policies()


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
