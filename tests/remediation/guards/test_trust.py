"""Whom a trust policy can name, and of whom it can say something of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from koding_audit.remediation.guards.holders import PolicyHolder
from koding_audit.remediation.guards.trust import TrustPolicy
from tests.values import ACCOUNT

ADA = PolicyHolder("user", "ada", f"arn:aws:iam::{ACCOUNT.id}:user/team/ada", "AIDAADA")
ANYBODY = PolicyHolder("user")


def trust(value: Any, kind: str = "Principal", **more: Any) -> TrustPolicy:
    rule = {"Effect": "Allow", kind: value, "Action": "sts:AssumeRole", **more}
    return TrustPolicy.of(json.dumps({"Version": "2012-10-17", "Statement": [rule]}), {"aws:username"})


@pytest.mark.parametrize(
    ("policy", "can_name", "can_single_out"),
    [
        (trust({"AWS": ADA.arn}), True, True),
        (trust({"AWS": ADA.unique_id}), True, True),
        (trust({"AWS": f"arn:aws:iam::{ACCOUNT.id}:user/x-ada"}), False, False),
        (trust({"AWS": ACCOUNT.id}), False, False),
        (trust({"Service": "ec2.amazonaws.com"}), False, False),
        (trust("*"), True, False),
        (trust({"AWS": ACCOUNT.id}, "NotPrincipal"), True, False),
        (trust({"AWS": ADA.arn}, "NotPrincipal"), True, True),
        (trust({"AWS": ACCOUNT.id}, Condition={"StringEquals": {"aws:username": "x"}}), False, True),
        (
            trust({"AWS": ACCOUNT.id}, Condition={"StringEquals": {"aws:PrincipalTag/a": "${aws:username}"}}),
            False,
            True,
        ),
        (trust({"AWS": ACCOUNT.id}, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}), False, False),
        (trust({"AWS": f"arn:aws:iam::{ACCOUNT.id}:user/a*"}), False, True),
        (TrustPolicy.of("{", ()), True, True),
    ],
)
def test_a_trust_policy_names_by_its_principals_and_tells_apart_by_its_conditions(
    policy: TrustPolicy, *, can_name: bool, can_single_out: bool
) -> None:
    assert (policy.can_name(ADA), policy.can_single_out(ADA)) == (can_name, can_single_out)
    assert not policy.can_name(ANYBODY)
