"""ARNs taken apart."""

from __future__ import annotations

import pytest

from koding_audit.model.arn import arn_account, arn_partition, policy_name, subject_label


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        ("arn:aws:iam::aws:policy/IAMReadOnlyAccess", "IAMReadOnlyAccess"),
        ("arn:aws-cn:iam::aws:policy/job-function/Billing", "job-function/Billing"),
        ("arn:aws:iam::123456789012:policy/team/edge", "customer:team/edge"),
        ("IAMReadOnlyAccess", "IAMReadOnlyAccess"),
    ],
)
def test_a_policy_is_called_what_a_desired_state_file_calls_it(arn: str, name: str) -> None:
    assert policy_name(arn) == name


def test_partition_and_owner_are_parts_of_the_arn_and_empty_for_what_is_none() -> None:
    arn = "arn:aws-us-gov:iam::123456789012:policy/edge"
    assert (arn_partition(arn), arn_account(arn)) == ("aws-us-gov", "123456789012")
    assert (arn_partition("edge"), arn_account("edge")) == ("", "")


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        ("arn:aws:iam::123456789012:group/team/Developers", "group Developers"),
        ("arn:aws:iam::123456789012:root", "account and root user"),
        ("arn:aws:iam::aws:policy/job-function/Billing", "policy job-function/Billing"),
        ("arn:aws:sts::123456789012:other", "other"),
        ("no arn", "no arn"),
    ],
)
def test_a_subject_is_called_what_people_call_it(arn: str, name: str) -> None:
    assert subject_label(arn) == name
