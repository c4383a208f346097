"""AWS managed policies that are known to be deprecated."""

from __future__ import annotations

import pytest

from koding_audit.reference import deprecated
from koding_audit.reference.deprecated import load_deprecated_policies
from koding_audit.reference.managed_policies import load_managed_policies

POLICIES = load_deprecated_policies()


@pytest.mark.parametrize(
    ("arn", "is_deprecated"),
    [
        ("arn:aws:iam::aws:policy/AWSLambdaFullAccess", True),
        ("arn:${partition}:iam::aws:policy/AWSLambdaFullAccess", True),
        ("arn:aws-cn:iam::aws:policy/AWSLambdaFullAccess", False),  # the data are of the partition aws
        ("arn:aws:iam::123456789012:policy/AWSLambdaFullAccess", False),
        ("arn:aws:iam::aws:policy/AWSLambda_FullAccess", False),
        ("AWSLambdaFullAccess", False),
    ],
)
def test_only_a_policy_of_aws_in_the_partition_of_the_data_is_deprecated(arn: str, is_deprecated: bool) -> None:
    assert (arn in POLICIES) is is_deprecated


def test_no_policy_that_aws_still_lists_is_deprecated() -> None:
    assert [arn for arn in load_managed_policies() if arn in POLICIES] == []


def test_what_is_only_inferred_is_not_deprecated(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "arn:aws:iam::aws:policy/AWSOpsWorks_FullAccess" not in POLICIES
    rows = ({"policy": "A", "date": "2026-01-02"}, {"policy": "B", "date": "2026-02-02", "inferred": True})
    monkeypatch.setattr(deprecated, "read_rows", lambda _name: rows)
    assert load_deprecated_policies().names == {"A"}
